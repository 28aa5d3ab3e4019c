"""Use a trained model: its loss and accuracy on a data set, its logits for notes.

Both use the forward pass only, in eval mode and without gradients, and leave the
model in the mode in which they found it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.models.modes import eval_mode
from utils.training.batches import Batches, Data

__all__ = ["Evaluation", "Loss", "evaluate", "evaluate_batches", "evaluating", "predict"]

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes logits (batch, classes) and labels (batch,); returns the mean over the batch."""


class Evaluation(NamedTuple):
    """Loss and accuracy of a model, means over the notes."""

    loss: float
    accuracy: float


def evaluate(
    model: nn.Module, data: Data, *, loss: Loss = F.cross_entropy, batch_size: int = 64
) -> Evaluation:
    """Return the model's mean loss and accuracy on a data set.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device.
    data : NoteSet or torch.utils.data.Dataset
        Items are (input, label).
    loss : callable
        Takes logits and labels, returns the mean over a batch.
    batch_size : int
        Changes speed and memory, not the result.

    Raises
    ------
    ParameterError
        If the data set is empty or of another kind.
    """
    return evaluate_batches(model, Batches(data, batch_size), loss)


def evaluate_batches(model: nn.Module, batches: Batches, loss: Loss) -> Evaluation:
    """Return the model's mean loss and accuracy over batches."""
    device = device_of(model)
    loss_sum, n_correct = 0.0, 0
    with evaluating(model):
        for inputs, labels in batches:
            logits, labels = model(inputs.to(device)), labels.to(device)
            # Times the size: a short last batch must not weigh as much as a full one.
            loss_sum += loss(logits, labels).item() * len(labels)
            n_correct += count_correct(logits, labels)
    return Evaluation(loss_sum / batches.n_notes, n_correct / batches.n_notes)


def predict(
    model: nn.Module, inputs: torch.Tensor | NDArray[np.float32] | Data, *, batch_size: int = 64
) -> torch.Tensor:
    """Return the model's logits.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device.
    inputs : torch.Tensor or numpy.ndarray, shape (n, 1, 64, 64); NoteSet or Dataset
        Labels of a data set are not looked at.
    batch_size : int
        Changes speed and memory, not the result.

    Returns
    -------
    torch.Tensor, shape (n, n_classes)
        On the CPU; ``.argmax(1)`` gives the predicted classes.

    Raises
    ------
    ParameterError
        If there are no inputs.
    """
    device = device_of(model)
    with evaluating(model):
        logits = [model(x.to(device)).cpu() for x in _input_batches(inputs, batch_size)]
    return torch.cat(logits)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch to eval mode without gradients, and give every module its own mode back."""
    with eval_mode(model), torch.no_grad():
        yield


def device_of(model: nn.Module) -> torch.device:
    """Return where the model's first parameter lies; the CPU if it has none."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def count_correct(logits: torch.Tensor, labels: torch.Tensor) -> int:
    """Return how many notes have their highest logit at the right class."""
    return int((logits.argmax(dim=1) == labels).sum())


def _input_batches(
    inputs: torch.Tensor | NDArray[np.float32] | Data, batch_size: int
) -> Iterator[torch.Tensor]:
    """Yield inputs in order."""
    if not isinstance(inputs, torch.Tensor | np.ndarray):
        yield from (x for x, _ in Batches(inputs, batch_size))
        return
    if len(inputs) == 0:
        raise ParameterError(f"expected at least 1 input, got shape {tuple(inputs.shape)}")
    yield from torch.as_tensor(inputs).split(batch_size)
