"""One epoch of training, step by step: the heart of :mod:`utils.training.fit`."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from utils.errors import ParameterError, TrainingError
from utils.training.batches import Batch
from utils.training.evaluate import Evaluation, Loss, count_correct

__all__ = ["Augment", "Trainer", "check_finite"]

Augment = Callable[[torch.Tensor], torch.Tensor]
"""Changes the inputs of a training batch."""


@dataclass
class Trainer:
    """All that a training step needs.

    Attributes
    ----------
    model : torch.nn.Module
    optimizer : torch.optim.Optimizer
    loss : callable
    device : torch.device
    schedule : LRScheduler or None
    schedule_every : str
        "epoch" or "batch".
    clip_norm : float or None
    augment : callable or None
    channels_last : bool
    """

    model: nn.Module
    optimizer: Optimizer
    loss: Loss
    device: torch.device
    schedule: LRScheduler | None = None
    schedule_every: str = "epoch"
    clip_norm: float | None = None
    augment: Augment | None = None
    channels_last: bool = False

    def move_in(self) -> None:
        """Move the model (and a loss with weights of its own) to the device."""
        self.model.to(self.device)
        if isinstance(self.loss, nn.Module):
            self.loss.to(self.device)
        if self.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def move_out(self, home: torch.device) -> None:
        """Move the model back to the device it came from, in eval mode."""
        if self.channels_last:
            self.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.model.eval().to(home)

    @property
    def lr(self) -> float:
        """Learning rate of the next step (of the first parameter group)."""
        return float(self.optimizer.param_groups[0]["lr"])

    def train_epoch(self, batches: Iterable[Batch], *, number: int = 1) -> Evaluation:
        """Take one step for each batch; return mean loss and accuracy over the notes.

        Raises
        ------
        TrainingError
            If a loss is not finite; the message names the epoch's ``number`` and the lr.
        """
        self.model.train()
        loss_sum, n_correct, n_notes = 0.0, 0, 0
        for inputs, labels in batches:
            inputs, labels = self._prepare(inputs), labels.to(self.device)

            self.optimizer.zero_grad()
            logits = self.model(inputs)
            value = self.loss(logits, labels)
            self._check(value, number)  # before a NaN spoils the weights
            value.backward()
            if self.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
            self.optimizer.step()

            # Times the size: a short last batch must not weigh as much as a full one.
            loss_sum += value.item() * len(labels)
            n_correct += count_correct(logits, labels)
            n_notes += len(labels)
            if self.schedule is not None and self.schedule_every == "batch":
                self.schedule.step()
        return Evaluation(loss_sum / n_notes, n_correct / n_notes)

    def end_epoch(self, validated: Evaluation) -> None:
        """Let a schedule that steps per epoch change the learning rate."""
        if self.schedule is None or self.schedule_every == "batch":
            return
        if isinstance(self.schedule, ReduceLROnPlateau):
            by_accuracy = self.schedule.mode == "max"
            self.schedule.step(validated.accuracy if by_accuracy else validated.loss)
        else:
            self.schedule.step()

    def _prepare(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the batch as the model is to see it."""
        inputs = inputs.to(self.device)
        if self.augment is not None:
            inputs = self.augment(inputs)
        if self.channels_last and inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return inputs

    def _check(self, value: torch.Tensor, number: int) -> None:
        """Raise unless the loss is one finite number."""
        if value.ndim != 0:
            raise ParameterError(
                "expected loss to return one number, the mean over the batch, "
                f"got shape {tuple(value.shape)}"
            )
        check_finite("training", value.item(), epoch=number, lr=self.lr)


def check_finite(which: str, loss: float, *, epoch: int, lr: float) -> None:
    """Raise TrainingError, with what to do about it, unless the loss is finite."""
    if not math.isfinite(loss):
        raise TrainingError(
            f"expected a finite {which} loss, got {loss} in epoch {epoch} (lr = {lr:g}); "
            "try a smaller lr or clip_norm=1.0, and look for NaN in the inputs"
        )
