"""The lab's network and its training, with settings that may change while it trains.

Every run with the same seed has the same first weights and the same order of notes; masks and
augmentation draw from a generator of their own. So only the settings differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.models.initialize import initialize
from utils.notes.augment import augment, mel_operations
from utils.notes.vocabulary import N_FAMILIES
from utils.reference.regularizers import dropout
from utils.training.early_stopping import EarlyStopping
from utils.widgets.overfitting_lab.notes import PARTS, Pair, lab_notes, prepare

__all__ = ["EPOCHS", "LIVE", "LabNet", "LabRun", "best_epoch", "train_lab"]

EPOCHS, BATCH, LR = 30, 32, 0.002

LIVE = ("dropout", "decay", "augment", "instruments", "early_stop", "patience", "exam")
"""Settings that may change while the network trains."""

MARKED = ("dropout", "decay", "augment", "instruments", "early_stop")
"""Those of them that change what comes next."""

ONE_CHANGE = 2.0
"""A slider that moves on within so many epochs makes one change."""

Settings = Mapping[str, Any]


class LabNet(nn.Module):
    """Convolutions with ReLU and pooling down to 4 × 4, dropout, one linear layer.

    For pictures of 64 × 64 and width 16 it has the layers of the lecture's CNN.

    Parameters
    ----------
    width : int
        Channels of the first convolution; each further one has twice as many.
    size : {16, 32, 64}
        Of the pictures.
    noise : torch.Generator, optional
        For the masks of dropout.

    Attributes
    ----------
    p : float
        Dropout rate; may change at any time.
    """

    def __init__(self, width: int, *, size: int = 16, noise: torch.Generator | None = None) -> None:
        super().__init__()
        layers, channels, side = list[nn.Module](), 1, size
        while side > 4:
            wider = width if channels == 1 else 2 * channels
            layers += [nn.Conv2d(channels, wider, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            channels, side = wider, side // 2
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.out = nn.Linear(16 * channels, N_FAMILIES)
        self.p = 0.0
        self.noise = noise

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 11) of pictures (n, 1, size, size)."""
        h = self.features(x)
        if self.p:
            h = dropout(h, p=self.p, training=self.training, generator=self.noise)
        return self.out(h)


@dataclass
class LabRun:
    """What a run did.

    Attributes
    ----------
    settings : dict
        Those at the start.
    loss, accuracy : dict of str to list of float
        By part, after each epoch, in eval mode and without augmentation.
    events : list of dict
        Changes on the way: `at` (epochs so far), `key`, `value`.
    notes : int
        In training, at the start.
    parameters : int
    stopped : bool
        Whether patience ran out.
    """

    settings: dict[str, Any]
    notes: int
    parameters: int
    loss: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})
    accuracy: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})
    events: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False

    @property
    def epochs(self) -> int:
        """How many there are."""
        return len(self.loss["train"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, rounded to four digits."""
        curves = {
            name: {part: [float(f"{x:.4g}") for x in values] for part, values in found.items()}
            for name, found in (("loss", self.loss), ("accuracy", self.accuracy))
        }
        return {**vars(self), **curves}


def best_epoch(run: LabRun, exam: str, *, patience: int | None = None) -> tuple[int, int | None]:
    """Return the epoch with the lowest loss of an exam, and where patience runs out.

    Parameters
    ----------
    run : LabRun
        With at least one epoch.
    exam : str
        Of ``EXAMS``.
    patience : int, optional
        None: no early stopping; the second result is None then.
    """
    stopping = EarlyStopping(patience or run.epochs + 1)
    stop = next((i for i, loss in enumerate(run.loss[exam], 1) if stopping.step(loss)), None)
    return stopping.best_step or 1, stop


def train_lab(
    settings: Callable[[], Settings],
    *,
    epochs: int = EPOCHS,
    size: int = 16,
    report: Callable[[LabRun], Any] = lambda run: None,
    check: Callable[[], Any] = lambda: None,
) -> LabRun:
    """Train a network while the settings may change.

    Parameters
    ----------
    settings : callable
        Returns the present settings, those of the widget's state; asked before each batch.
        Width and seed are those at the start.
    epochs : int
    size : {16, 32, 64}
        Of the pictures.
    report : callable
        Gets the run after each epoch.
    check : callable
        Called before each batch; an exception that it raises ends the run.

    Returns
    -------
    LabRun
    """
    return _Training(settings, size).run(epochs, report, check)


class _Training:
    """One run on its way."""

    def __init__(self, settings: Callable[[], Settings], size: int) -> None:
        self.ask, self.size = settings, size
        self.now = dict(settings())
        self.marked = 0.0
        seed = self.now["seed"]
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = torch.Generator().manual_seed(seed + 1000)
        self.model = LabNet(self.now["width"], size=size, noise=self.noise)
        initialize(self.model, self.generator)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LR, weight_decay=0)
        self._choose_notes()
        parameters = sum(p.numel() for p in self.model.parameters())
        self.result = LabRun(dict(self.now), len(self.pictures[1]), parameters)

    def run(self, epochs: int, report: Callable[[LabRun], Any], check: Callable[[], Any]) -> LabRun:
        for epoch in range(epochs):
            if self.instruments != self.now["instruments"]:
                self._choose_notes()
            self._train_epoch(epoch, check)
            self._examine()
            self.result.stopped = self._out_of_patience()
            report(self.result)
            if self.result.stopped:
                break
        return self.result

    def _choose_notes(self) -> None:
        self.instruments = self.now["instruments"]
        notes = lab_notes(self.instruments)
        self.pictures = notes["train"]
        self.parts: dict[str, Pair] = {
            name: (prepare(inputs, self.size), targets) for name, (inputs, targets) in notes.items()
        }

    def _train_epoch(self, epoch: int, check: Callable[[], Any]) -> None:
        batches = torch.randperm(len(self.pictures[1]), generator=self.generator).split(BATCH)
        self.model.train()
        for i, rows in enumerate(batches):
            check()
            self._follow(epoch + i / len(batches))
            loss = F.cross_entropy(self.model(self._inputs(rows)), self.pictures[1][rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def _follow(self, at: float) -> None:
        """Take up the present settings, and note what has changed."""
        asked = self.ask()
        for key in LIVE:
            if asked[key] != self.now[key]:
                self.now[key] = asked[key]
                if key in MARKED:
                    self._mark(key, at)
        self.model.p = self.now["dropout"]
        self.optimizer.param_groups[0]["weight_decay"] = self.now["decay"]

    def _mark(self, key: str, at: float) -> None:
        events = self.result.events
        if events and events[-1]["key"] == key and at - self.marked < ONE_CHANGE:
            events[-1]["value"] = self.now[key]
        else:
            events.append({"at": round(at, 2), "key": key, "value": self.now[key]})
        self.marked = at

    def _inputs(self, rows: torch.Tensor) -> torch.Tensor:
        share = self.now["augment"]
        if not share:
            return self.parts["train"][0][rows]
        changes = mel_operations(probability=share)
        return prepare(augment(self.pictures[0][rows], changes, generator=self.noise), self.size)

    @torch.no_grad()
    def _examine(self) -> None:
        """Measure every part: forward pass only, in eval mode."""
        self.model.eval()
        for part, (inputs, targets) in self.parts.items():
            logits = torch.cat([self.model(some) for some in inputs.split(256)])
            self.result.loss[part].append(F.cross_entropy(logits, targets).item())
            right = (logits.argmax(1) == targets).float().mean().item()
            self.result.accuracy[part].append(right)

    def _out_of_patience(self) -> bool:
        if not self.now["early_stop"]:
            return False
        found = best_epoch(self.result, self.now["exam"], patience=self.now["patience"])
        return found[1] is not None
