"""Read batches of any data set: notes, tensors, or a PyTorch ``Dataset``.

Notes and tensors are indexed as a whole, which is quicker than asking for one
note after the other; of notes only the batch is ever in memory.
"""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch.utils.data import Dataset, TensorDataset, default_collate

from utils.errors import ParameterError
from utils.notes.store import NoteSet

__all__ = ["Batch", "Batches", "Data"]

Batch = tuple[torch.Tensor, torch.Tensor]
"""Inputs of shape (batch, …) and class labels of shape (batch,)."""

Data = NoteSet | Dataset[Any]
"""What can be trained on: notes, or a map-style data set of (input, label)."""


class Batches:
    """The batches of a data set, in order or shuffled.

    Parameters
    ----------
    data : NoteSet or torch.utils.data.Dataset
        Items are (input, label).
    batch_size : int

    Raises
    ------
    ParameterError
        If the data set is empty or of another kind, or ``batch_size`` is below 1.
    """

    def __init__(self, data: Data, batch_size: int) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ParameterError(f"expected batch_size to be an int >= 1, got {batch_size!r}")
        if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
            raise ParameterError(
                "expected a data set such as store.split('train') or a TensorDataset, "
                f"got {type(data).__name__}"
            )
        if isinstance(data, TensorDataset) and len(data.tensors) != 2:
            raise ParameterError(
                f"expected a TensorDataset of inputs and labels, got {len(data.tensors)} tensors"
            )
        if len(data) == 0:
            raise ParameterError("expected a data set with at least 1 note, got an empty one")
        self.data = data
        self.batch_size = batch_size
        self._families = torch.from_numpy(data.families) if isinstance(data, NoteSet) else None

    @property
    def n_notes(self) -> int:
        """Number of notes."""
        return len(self.data)

    def __len__(self) -> int:
        """Return the number of batches; the last may be short."""
        return -(-self.n_notes // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the data set in its own order."""
        return self._read(torch.arange(self.n_notes))

    def shuffled(self, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Go through the data set once in random order: ``torch.randperm``."""
        return self._read(torch.randperm(self.n_notes, generator=generator))

    def _read(self, order: torch.Tensor) -> Iterator[Batch]:
        for index in order.split(self.batch_size):
            inputs, labels = self._take(index)
            if labels.dtype != torch.int64 or labels.ndim != 1:
                raise ParameterError(
                    "expected labels to be whole numbers (int64), one a note, "
                    f"got {labels.dtype} of shape {tuple(labels.shape)} in a batch"
                )
            yield inputs, labels

    def _take(self, index: torch.Tensor) -> Batch:
        if isinstance(self.data, NoteSet):
            inputs = torch.from_numpy(self.data.inputs(index.numpy()))
            return inputs, cast(torch.Tensor, self._families)[index]
        if isinstance(self.data, TensorDataset):
            inputs, labels = self.data.tensors
            return inputs[index], labels[index]
        # One by one, because an item may be made anew (augmented) each time.
        inputs, labels = default_collate([self.data[i] for i in index.tolist()])
        return inputs, labels
