"""What happened during training, epoch by epoch, in memory and in ``history.json``.

The file is plain JSON::

    {"format": 1, "status": "finished", "monitor": "validation_loss", "best_epoch": 7,
     "settings": {"model": "LectureCNN", "batch_size": 64, ...},
     "epochs": [{"epoch": 1, "train_loss": 2.1, ...}, ...]}

It is written after every epoch, by way of a temporary file: whoever reads it finds
the old or the new version, never half of one.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from utils.errors import ParameterError
from utils.files import write_atomically

__all__ = ["Epoch", "History", "Monitor", "Status"]

FORMAT = 1
MAX_BYTES = 4_000_000
"""A history of 10 000 epochs is smaller than this."""

Monitor = Literal["validation_loss", "validation_accuracy"]
"""What decides which epoch is the best: the smallest loss or the highest accuracy."""

Status = Literal["running", "finished", "early_stopping", "stopped", "interrupted", "failed"]
"""How training ended.

``finished``: all epochs; ``early_stopping``: patience ran out; ``stopped``: by
``on_epoch_end``; ``interrupted``: by Ctrl-C; ``failed``: a loss was not finite.
"""


@dataclass(frozen=True)
class Epoch:
    """The measurements of one epoch.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    train_loss, train_accuracy : float
        Means over the training notes, in train mode and while the weights change:
        dropout and augmentation make them look worse than the model is.
    validation_loss, validation_accuracy : float
        Means over the validation notes after the epoch, in eval mode.
    lr : float
        Learning rate of the epoch's first step.
    seconds : float
        Duration, validation included.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    lr: float
    seconds: float


@dataclass
class History:
    """The epochs of one training run, and the settings it ran with.

    Attributes
    ----------
    epochs : list of Epoch
    settings : dict
        What JSON can hold: strings, numbers, booleans, None, lists and dicts.
    monitor : str
        What decides which epoch is the best.
    status : str
        How training ended; see :data:`Status`.
    """

    epochs: list[Epoch] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    monitor: Monitor = "validation_loss"
    status: Status = "running"

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        """Go through the epochs."""
        return iter(self.epochs)

    @property
    def best(self) -> Epoch | None:
        """The best epoch by ``monitor``, the earliest of equal ones; None before the first."""
        if not self.epochs:
            return None
        sign = 1 if self.monitor == "validation_loss" else -1
        return min(self.epochs, key=lambda epoch: sign * getattr(epoch, self.monitor))

    @property
    def best_epoch(self) -> int | None:
        """Number of the best epoch, counted from 1."""
        return None if self.best is None else self.best.epoch

    @property
    def seconds(self) -> float:
        """Duration of all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)

    def column(self, name: str) -> list[float]:
        """Return one measurement of every epoch, such as ``column("train_loss")``.

        Raises
        ------
        ParameterError
            If no measurement has this name.
        """
        names = [f.name for f in fields(Epoch)]
        if name not in names:
            raise ParameterError(f"expected one of {', '.join(names)}, got {name!r}")
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_rows(self) -> list[dict[str, float]]:
        """Return one dict an epoch, for a table: ``pandas.DataFrame(history.to_rows())``."""
        return [asdict(epoch) for epoch in self.epochs]

    def save(self, path: str | Path) -> None:
        """Write the history as JSON, atomically.

        Raises
        ------
        StoreError
            The file can't be written.
        """
        document = {
            "format": FORMAT,
            "status": self.status,
            "monitor": self.monitor,
            "best_epoch": self.best_epoch,
            "settings": self.settings,
            "epochs": self.to_rows(),
        }
        write_atomically(path, json.dumps(document, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read a history that :meth:`save` wrote.

        Everything is checked, because the grader reads files that students send.

        Raises
        ------
        ParameterError
            If the file is not such a history; the message says what is wrong.
        FileNotFoundError
            If there is no such file.
        """
        path = Path(path)
        if path.stat().st_size > MAX_BYTES:
            raise ParameterError(f"expected {path.name} of at most {MAX_BYTES:,} bytes")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls._from_document(document)
        except (ValueError, OverflowError, RecursionError) as error:
            raise ParameterError(f"{path.name} is not a training history: {error}") from error

    @classmethod
    def _from_document(cls, document: Any) -> "History":
        keys = {"format", "status", "monitor", "best_epoch", "settings", "epochs"}
        if not isinstance(document, dict) or set(document) != keys:
            raise ParameterError(f"expected an object with the keys {', '.join(sorted(keys))}")
        if document["format"] != FORMAT:
            raise ParameterError(f"expected format {FORMAT}, got {document['format']!r}")
        for key, allowed in (("status", get_args(Status)), ("monitor", get_args(Monitor))):
            if document[key] not in allowed:
                raise ParameterError(f"expected {key} to be one of {', '.join(allowed)}")
        if not isinstance(document["settings"], dict) or not isinstance(document["epochs"], list):
            raise ParameterError("expected settings to be an object and epochs to be a list")
        epochs = [_epoch_from(row, number) for number, row in enumerate(document["epochs"], 1)]
        history = cls(epochs, document["settings"], document["monitor"], document["status"])
        if document["best_epoch"] != history.best_epoch:
            raise ParameterError(
                f"expected best_epoch {history.best_epoch}, got {document['best_epoch']!r}"
            )
        return history


def _epoch_from(row: Any, number: int) -> Epoch:
    """Return the checked ``Epoch`` of a row."""
    names = [f.name for f in fields(Epoch)]
    if not isinstance(row, dict) or set(row) != set(names):
        raise ParameterError(f"expected epoch {number} to have the keys {', '.join(names)}")
    for name, value in row.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise ParameterError(f"expected {name} of epoch {number} to be a number, got {value!r}")
    if row["epoch"] != number:
        raise ParameterError(f"expected epochs counted 1, 2, 3 …, got {row['epoch']!r}")
    return Epoch(**row)
