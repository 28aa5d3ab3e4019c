"""Grow the picture that a class likes best, and keep it at some steps on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.training.activation_maximization import activation_maximization
from utils.training.evaluate import device_of, evaluating
from utils.widgets.network_notes import HeardNotes

__all__ = ["PARTS", "Growth", "Scale", "grow", "scale_of"]

PARTS = (0.0, 0.05, 0.2, 0.5, 1.0)
"""At which parts of the steps the picture is kept."""

QUIET_START = 0.2
PIECE = 10
"""Steps at a time: so soon a growth can be stopped."""


@dataclass(frozen=True)
class Scale:
    """What the logits of a network do on real notes.

    Attributes
    ----------
    spread : float
        Standard deviation of a logit over the notes, mean of the classes: penalties are
        measured by it, so that a network with small logits is not smoothed more.
    best : list of float
        The highest logit of each class in any note.
    """

    spread: float
    best: list[float]


@dataclass
class Growth:
    """Pictures of one class on the way, oldest first.

    Attributes
    ----------
    steps : list of int
    pictures : list of array of uint8, shape (64, 64)
        Level / 255, bands from low to high.
    logits, probabilities : list of float
        Of the class, for the picture as it is (not rolled).
    """

    steps: list[int] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    logits: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return all but the pictures, as JSON."""
        return {
            "steps": list(self.steps),
            "logits": [float(f"{v:.4g}") for v in self.logits],
            "probabilities": [round(v, 4) for v in self.probabilities],
        }


def scale_of(model: nn.Module, notes: HeardNotes) -> Scale:
    """Return what the logits of a network do on the notes that can be heard.

    Parameters
    ----------
    model : torch.nn.Module
    notes : HeardNotes
    """
    with evaluating(model):
        parts = notes.inputs().split(64)
        logits = torch.cat([model(part.to(device_of(model))).cpu() for part in parts])
    best = [float(f"{v:.4g}") for v in logits.amax(dim=0).tolist()]
    return Scale(float(logits.std(dim=0).mean()), best)


def grow(
    model: nn.Module,
    family: int,
    *,
    scale: Scale,
    steps: int,
    smooth: float,
    quiet: float,
    jitter: int,
    seed: int = 0,
    report: Callable[[Growth], Any] = lambda growth: None,
    tick: Callable[[int], Any] = lambda done: None,
) -> Growth:
    """Return the picture of a class, grown by gradient ascent on its logit.

    Parameters
    ----------
    model : torch.nn.Module
        Takes log-mels of shape (n, 1, 64, 64); it is only read.
    family : int
        The class.
    scale : Scale
        Of this model.
    steps : int
        Of gradient ascent, at least 20.
    smooth, quiet : float
        Weights of the total variation and of the mean square, in spreads of a logit.
    jitter : int
        Cells by which the picture is rolled in each step, at most.
    seed : int
        Of the quiet noise at the beginning and of the jitter.
    report : callable
        Called after each kept picture; an exception that it raises ends the growth.
    tick : callable
        Called with the steps done, every ten steps at least; so may an exception of its own.
    """
    generator = torch.Generator().manual_seed(seed)
    picture = QUIET_START * torch.rand((1, 1, 64, 64), generator=generator)
    growth, done = Growth(), 0
    for mark in (round(part * steps) for part in PARTS):
        while done < mark:
            piece = min(PIECE, mark - done)
            picture = activation_maximization(
                model,
                family,
                steps=piece,
                tv=smooth * scale.spread,
                l2=quiet * scale.spread,
                jitter=jitter,
                start=picture,
                generator=generator,
            ).picture
            done += piece
            tick(done)
        _keep(growth, model, family, done, picture)
        report(growth)
    return growth


def _keep(growth: Growth, model: nn.Module, family: int, step: int, picture: torch.Tensor) -> None:
    with evaluating(model):
        logits = model(picture.to(device_of(model)))[0].cpu()
    growth.steps.append(step)
    growth.pictures.append((picture[0, 0] * 255).round().byte().numpy())
    growth.logits.append(float(logits[family]))
    growth.probabilities.append(float(logits.softmax(dim=0)[family]))
