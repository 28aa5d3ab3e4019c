"""The run that every schedule has to stand: a small CNN, the same notes in the same order.

The notes are pooled to 16 × 16, so that 600 updates take seconds on one core.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from utils.figures.schedules import CHECK, UPDATES, plateau_rate, rate_at
from utils.models.initialize import initialize
from utils.notes.embedded import load_notes
from utils.notes.store import NoteSet
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["ScheduleRun", "small_cnn", "train_with"]

BATCH = 16
TRAIN_NOTES, VALIDATION_NOTES = 960, 300

Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass
class ScheduleRun:
    """What a run did, one number a look (every 10 updates).

    Attributes
    ----------
    rates : list of float
        The rate of the update before the look.
    train : list of float
        Mean loss of the batches since the last look.
    validation : list of float
    accuracy : float
        Of the validation notes, in the end.
    """

    rates: list[float] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    accuracy: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, rounded to four digits."""
        return {
            key: [float(f"{x:.4g}") for x in value] if isinstance(value, list) else round(value, 4)
            for key, value in asdict(self).items()
        }


def small_cnn(generator: torch.Generator) -> nn.Sequential:
    """Return two convolutions and a linear layer, for notes of 16 × 16: 6 219 parameters.

    Parameters
    ----------
    generator : torch.Generator
        For the first weights.
    """
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d((4, 1)),
        nn.Flatten(),
        nn.Linear(128, N_FAMILIES),
    )
    initialize(model, generator)
    return model


def train_with(
    settings: Mapping[str, Any],
    *,
    updates: int = UPDATES,
    report: Callable[[ScheduleRun], Any] = lambda run: None,
) -> ScheduleRun:
    """Return the run of a small CNN by gradient descent with momentum 0.9.

    Parameters
    ----------
    settings : mapping
        See :func:`utils.figures.schedules.rate_at`.
    updates : int
        How many.
    report : callable
        Called at each look; an exception that it raises ends the run.
    """
    (inputs, targets), validation = _pairs()
    model = small_cnn(torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=settings["lr"], momentum=0.9)
    order = torch.Generator().manual_seed(1)
    run, losses, waiting = ScheduleRun(), list[float](), list[torch.Tensor]()
    for step in range(updates):
        waiting = waiting or list(torch.randperm(len(targets), generator=order).split(BATCH))
        rows = waiting.pop()
        plateau = settings["kind"] == "plateau"
        rate = plateau_rate(settings, run.validation) if plateau else rate_at(settings, step)
        optimizer.param_groups[0]["lr"] = rate
        loss = F.cross_entropy(model(inputs[rows]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(_finite(loss.item()))
        if (step + 1) % CHECK == 0:
            _look(run, model, validation, rate=rate, train=float(np.mean(losses)))
            losses.clear()
            report(run)
    return run


@torch.no_grad()
def _look(run: ScheduleRun, model: nn.Module, pair: Pair, *, rate: float, train: float) -> None:
    logits = model(pair[0])
    run.rates.append(rate)
    run.train.append(train)
    run.validation.append(_finite(F.cross_entropy(logits, pair[1]).item()))
    run.accuracy = float((logits.argmax(1) == pair[1]).float().mean())


def _finite(loss: float) -> float:
    """Return the loss, at most 1000: JSON has no infinity."""
    return loss if loss < 1000 else 1000.0


@lru_cache(maxsize=1)
def _pairs() -> tuple[Pair, Pair]:
    """Return training and validation notes, standardized by the training notes."""
    store = load_notes()
    train = _pooled(store.split("train"), TRAIN_NOTES)
    unseen = _pooled(store.split("validation"), VALIDATION_NOTES)
    mean, std = train[0].mean(), train[0].std()
    (x, y), (u, v) = train, unseen
    return ((x - mean) / std, y), ((u - mean) / std, v)


def _pooled(notes: NoteSet, count: int) -> Pair:
    rows = np.sort(np.random.default_rng(0).permutation(len(notes))[:count])
    inputs = F.avg_pool2d(torch.from_numpy(notes.inputs(rows)), 4)
    return inputs, torch.from_numpy(notes.families[rows]).long()
