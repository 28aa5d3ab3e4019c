"""What the landscape widget looks at: two networks that it trains, or the reader's own.

Both networks start from the same weights and see the same notes in the same order; whatever
differs afterwards, the skips did it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.models.residual import ResidualCNN
from utils.notes.embedded import load_notes
from utils.training.landscape_directions import Weights, snapshot

__all__ = ["Network", "Pair", "given_networks", "note_pair", "raw_notes", "train_network"]

NAMES = {"with skips": True, "without skips": False}
WIDTH = 8
BATCH = 32
NOTES = 640
SNAPSHOTS = 25

Pair = tuple[torch.Tensor, torch.Tensor]
"""Inputs and class labels."""


@dataclass
class Network:
    """A network to look at.

    Attributes
    ----------
    name : str
    model : torch.nn.Module
    snapshots : list of dict
        Its weights on the way, the last ones where it ended; empty if not known.
    losses : list of float
        Mean loss of the batches between two snapshots.
    """

    name: str
    model: nn.Module
    snapshots: Sequence[Weights] = ()
    losses: list[float] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self.model.parameters())


@lru_cache(maxsize=1)
def note_pair() -> Pair:
    """Return 640 training notes, pooled to 32 × 32 and standardized."""
    inputs, targets = raw_notes(NOTES)
    inputs = F.avg_pool2d(inputs, 2)
    return (inputs - inputs.mean()) / inputs.std(), targets


def raw_notes(count: int) -> Pair:
    """Return training notes as log-mels, (count, 1, 64, 64) with levels from 0 to 1.

    Parameters
    ----------
    count : int
        How many, in random order, the same every time.
    """
    notes = load_notes().split("train")
    rows = np.random.default_rng(0).permutation(len(notes))[:count]
    return torch.from_numpy(notes.inputs(rows)), torch.from_numpy(notes.families[rows]).long()


def train_network(
    name: str,
    *,
    blocks: int,
    seed: int,
    epochs: int,
    report: Callable[[int, int, float], Any] = lambda done, total, loss: None,
) -> Network:
    """Return a residual network, trained on notes by Adam with a rate of 0.003.

    Parameters
    ----------
    name : {"with skips", "without skips"}
    blocks : int
        Residual blocks of two convolutions each.
    seed : int
        Of the first weights and of the order of the notes.
    epochs : int
        Passes through the notes.
    report : callable
        Called after each snapshot with steps done, steps in all and the loss; an exception that
        it raises ends the training.
    """
    weights = torch.Generator().manual_seed(seed)
    model = ResidualCNN(blocks, WIDTH, skip=NAMES[name], generator=weights)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    inputs, targets = note_pair()
    order = torch.Generator().manual_seed(seed + 1)
    batches = [
        rows
        for _ in range(epochs)
        for rows in torch.randperm(len(targets), generator=order).split(BATCH)
    ]
    marks = set(np.linspace(0, len(batches), SNAPSHOTS).round().astype(int).tolist())
    snapshots, losses, recent = [snapshot(model)], list[float](), list[float]()
    for step, rows in enumerate(batches, start=1):
        recent.append(_update(model, optimizer, inputs[rows], targets[rows]))
        if step in marks:
            snapshots.append(snapshot(model))
            losses.append(float(np.mean(recent)))
            recent.clear()
            report(step, len(batches), losses[-1])
    return Network(name, model.eval(), snapshots, losses)


def _update(
    model: nn.Module, optimizer: torch.optim.Optimizer, inputs: torch.Tensor, targets: torch.Tensor
) -> float:
    loss = F.cross_entropy(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    # The first steps of a deep network with skips are steep.
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def given_networks(
    models: nn.Module | Mapping[str, nn.Module],
    snapshots: Mapping[str, Sequence[Weights]] | Sequence[Weights] | None,
) -> list[Network]:
    """Return the reader's own networks.

    Parameters
    ----------
    models : torch.nn.Module or mapping of str to torch.nn.Module
        One, or up to three by name.
    snapshots : mapping or sequence, optional
        Of each by name, or of the only one.

    Raises
    ------
    ParameterError
        If they are no models, more than three, or the snapshots belong to none of them.
    """
    named = {"your network": models} if isinstance(models, nn.Module) else dict(models)
    if not 1 <= len(named) <= 3 or not all(isinstance(m, nn.Module) for m in named.values()):
        raise ParameterError(f"expected one to three torch.nn.Module, got {models!r}")
    if snapshots is None:
        paths: dict[str, Sequence[Weights]] = {}
    elif isinstance(snapshots, Mapping):
        paths = dict(snapshots)
    else:
        paths = {next(iter(named)): snapshots}
    if unknown := sorted(set(paths) - set(named)):
        raise ParameterError(
            f"expected snapshots of {', '.join(named)}, got those of {', '.join(unknown)}"
        )
    return [Network(name, model, list(paths.get(name, ()))) for name, model in named.items()]
