"""The training loop of the course.

An epoch is one pass over the training notes in random order: for each batch
*zero_grad → forward → loss → backward → step*; then the validation notes, forward
pass only. After the last epoch the model has the weights of its *best* epoch.

Losses are means over notes: a short last batch counts by its size. Taught in
``lectures/06_nsynth.ipynb`` (row H4) and used in homework 3.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from utils.errors import ParameterError
from utils.training.batches import Batch, Batches, Data
from utils.training.early_stopping import EarlyStopping
from utils.training.evaluate import (
    Evaluation,
    Loss,
    device_of,
    evaluate,
    evaluate_batches,
    predict,
)
from utils.training.history import Epoch, History, Monitor, Status
from utils.training.setup import (
    OptimizerChoice,
    ScheduleChoice,
    check_generator,
    choose_device,
    describe_run,
    make_optimizer,
    make_schedule,
    seeded_by,
)
from utils.training.steps import Augment, Trainer, check_finite

__all__ = ["Evaluation", "evaluate", "fit", "predict"]


def fit(
    model: nn.Module,
    train: Data,
    validation: Data,
    *,
    epochs: int,
    optimizer: OptimizerChoice = None,
    schedule: ScheduleChoice = None,
    schedule_every: Literal["epoch", "batch"] = "epoch",
    batch_size: int = 64,
    loss: Loss = F.cross_entropy,
    clip_norm: float | None = None,
    augment: Augment | None = None,
    monitor: Monitor = "validation_loss",
    patience: int | None = None,
    min_delta: float = 0.0,
    generator: torch.Generator | None = None,
    device: str | torch.device | None = None,
    channels_last: bool = False,
    history_path: str | Path | None = "history.json",
    on_epoch_end: Callable[[History], Any] | None = None,
    progress: bool = True,
) -> History:
    """Train a model, leave it with the weights of its best epoch, return the history.

    Parameters
    ----------
    model : torch.nn.Module
        Takes a batch of inputs, returns logits of shape (batch, n_classes). It is
        trained in place, and comes back in eval mode on the device it came from.
    train, validation : NoteSet or torch.utils.data.Dataset
        Such as ``store.split("train")``. Items are (input, class label).
    epochs : int
        At most so many passes over the training notes.
    optimizer : torch.optim.Optimizer or callable, optional
        Or a function that makes one: ``lambda params: torch.optim.SGD(params, lr=0.1)``.
        Default: Adam with lr 0.001.
    schedule : LRScheduler or callable, optional
        From ``torch.optim.lr_scheduler``, or a function of the optimizer that makes
        one. ``ReduceLROnPlateau`` is given the validation loss, or the validation
        accuracy if its mode is "max".
    schedule_every : {"epoch", "batch"}
        When the schedule steps.
    batch_size : int
        Notes in a step.
    loss : callable
        Takes logits and labels, returns the mean over the batch. Default: cross entropy.
    clip_norm : float, optional
        Shortens a gradient whose norm over all parameters is larger.
    augment : callable, optional
        Changes the inputs of each training batch, never those of validation.
    monitor : {"validation_loss", "validation_accuracy"}
        Decides which epoch is the best; of equal ones, the earliest.
    patience : int, optional
        Stop after so many epochs in a row without improvement of ``monitor``.
    min_delta : float
        For patience only a larger improvement counts.
    generator : torch.Generator, optional
        Orders the batches by ``torch.randperm`` once an epoch, and seeds dropout
        without touching the global seed. Equal generators give equal weights on one
        CPU with as many threads. Default: PyTorch's global generator.
    device : str or torch.device, optional
        Default: a GPU if there is one, else the CPU.
    channels_last : bool
        Store images as N×H×W×C, about a quarter faster for CNNs on a CPU. The model
        must then say ``.reshape`` or ``flatten``, not ``.view``.
    history_path : str or Path, optional
        Written after every epoch; None writes nothing.
    on_epoch_end : callable, optional
        Gets the history after every epoch; returning True ends training.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History
        Its ``status`` says how training ended. Ctrl-C ends it too: the model has the
        best weights so far.

    Raises
    ------
    ParameterError
        If an argument cannot be used.
    TrainingError
        If a loss is not finite; the model then has the best weights so far.
    """
    _check(epochs, clip_norm, monitor, history_path)
    check_generator(generator)
    stopping = EarlyStopping(
        epochs if patience is None else patience,  # so many epochs never run out of patience
        min_delta=min_delta,
        mode="min" if monitor == "validation_loss" else "max",
    )
    batches, unseen = Batches(train, batch_size), Batches(validation, batch_size)
    home, device = device_of(model), choose_device(device)
    optimizer = make_optimizer(optimizer, model)
    trainer = Trainer(
        model,
        optimizer,
        loss,
        device,
        schedule=make_schedule(schedule, optimizer, every=schedule_every),
        schedule_every=schedule_every,
        clip_norm=clip_norm,
        augment=augment,
        channels_last=channels_last,
    )
    settings = {"epochs": epochs, "patience": patience, "min_delta": min_delta}
    history = History(settings=settings | describe_run(trainer, batches, unseen), monitor=monitor)
    run = _Run(trainer, batches, unseen, history, stopping, history_path, on_epoch_end, progress)
    trainer.move_in()
    try:
        with seeded_by(generator, device):
            history.status = run.train(epochs, generator)
    except KeyboardInterrupt:
        history.status = "interrupted"
        kept = f"of epoch {history.best_epoch}" if history.epochs else "it had just now"
        print(f"Stopped by hand: the model has the weights {kept}.")
    except BaseException:
        history.status = "failed"
        raise
    finally:
        run.restore_best()
        trainer.move_out(home)
        run.save()
    return history


@dataclass
class _Run:
    """The state of one call of :func:`fit`."""

    trainer: Trainer
    batches: Batches
    unseen: Batches
    history: History
    stopping: EarlyStopping
    history_path: str | Path | None
    on_epoch_end: Callable[[History], Any] | None
    progress: bool
    best_state: dict[str, torch.Tensor] | None = None

    def train(self, epochs: int, generator: torch.Generator | None) -> Status:
        """Train epoch by epoch; return why it ended."""
        history = self.history
        total = epochs * len(self.batches)
        with tqdm(total=total, unit="batch", disable=not self.progress) as bar:
            for number in range(1, epochs + 1):
                bar.set_description(f"epoch {number}/{epochs}")
                epoch = self.epoch(number, _ticking(bar, self.batches.shuffled(generator)))
                history.epochs.append(epoch)
                self.keep_best()
                self.save()
                bar.set_postfix_str(_in_words(history))
                if self.on_epoch_end is not None and self.on_epoch_end(history) is True:
                    return "stopped"
                if self.stopping.step(getattr(epoch, history.monitor)):
                    return "early_stopping"
        return "finished"

    def epoch(self, number: int, batches: Iterable[Batch]) -> Epoch:
        """Train for one epoch, then validate."""
        trainer, start, lr = self.trainer, time.perf_counter(), self.trainer.lr
        trained = trainer.train_epoch(batches, number=number)
        validated = evaluate_batches(trainer.model, self.unseen, trainer.loss)
        check_finite("validation", validated.loss, epoch=number, lr=lr)
        trainer.end_epoch(validated)
        return Epoch(number, *trained, *validated, lr, time.perf_counter() - start)

    def keep_best(self) -> None:
        """Copy the weights if the last epoch is the best one so far."""
        if self.history.best_epoch == len(self.history):
            state = self.trainer.model.state_dict()
            self.best_state = {name: tensor.clone() for name, tensor in state.items()}

    def restore_best(self) -> None:
        """Give the model the best weights; before the end of an epoch, it keeps its own."""
        if self.best_state is not None:
            self.trainer.model.load_state_dict(self.best_state)

    def save(self) -> None:
        """Write the history, if wanted."""
        if self.history_path is not None:
            self.history.save(self.history_path)


def _ticking(bar: Any, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the batches, and move the bar when one is done."""
    for batch in batches:
        yield batch
        bar.update()


def _in_words(history: History) -> str:
    """Return the last epoch's figures for the progress bar."""
    last = history.epochs[-1]
    return (
        f"loss {last.train_loss:.3f}, validation {last.validation_loss:.3f} "
        f"({last.validation_accuracy:.1%}), best epoch {history.best_epoch}"
    )


def _check(
    epochs: int, clip_norm: float | None, monitor: str, history_path: str | Path | None
) -> None:
    """Refuse arguments that cannot be used, before anything is changed."""
    if not isinstance(epochs, int) or epochs < 1:
        raise ParameterError(f"expected epochs to be an int >= 1, got {epochs!r}")
    if clip_norm is not None and not clip_norm > 0:
        raise ParameterError(f"expected clip_norm to be a number > 0, got {clip_norm!r}")
    if monitor not in get_args(Monitor):
        raise ParameterError(f"expected monitor as one of {get_args(Monitor)}, got {monitor!r}")
    if history_path is not None and not Path(history_path).absolute().parent.is_dir():
        raise ParameterError(
            f"expected history_path in a folder that exists, got {str(history_path)!r}"
        )
