"""Mini-batch descent on real notes: the problem, its runs and their picture.

The problem is the smallest one that has a landscape: logistic regression with two weights tells
struck notes (keyboard) from bowed ones (string) by their brightness and their decay, both
standardized. ``kit/math/minibatch.js`` computes the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes

from utils.errors import ParameterError
from utils.figures.seeded_noise import uniform_numbers
from utils.figures.style import axes_or_new
from utils.notes.embedded import load_notes
from utils.notes.vocabulary import FAMILIES
from utils.reference.minibatch import (
    CountedGradient,
    batch_gradient,
    example_gradients,
    steps_per_epoch,
)

__all__ = [
    "EPOCHS",
    "N_NOTES",
    "Problem",
    "Run",
    "draw_batch_losses",
    "draw_batch_path",
    "length",
    "note_problem",
    "run_batches",
    "shuffled",
]

N_NOTES = 128
EPOCHS = 5
SHOWN_STEPS = 40
REACH = 3.0


@dataclass(frozen=True)
class Problem:
    """Notes as two numbers each, and what they are.

    Attributes
    ----------
    inputs : torch.Tensor
        Shape (n, 2), float64: brightness and decay, mean 0 and deviation 1.
    targets : torch.Tensor
        Shape (n,): 1 for keyboard, 0 for string.
    """

    inputs: torch.Tensor
    targets: torch.Tensor

    def loss(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of all notes at points (..., 2)."""
        scores = theta @ self.inputs.T
        targets = self.targets.expand_as(scores)
        losses = F.binary_cross_entropy_with_logits(scores, targets, reduction="none")
        return losses.mean(-1)

    def lowest(self) -> torch.Tensor:
        """Return the weights with the lowest loss, by Newton's method."""
        theta = torch.zeros(2, dtype=torch.float64)
        for _ in range(30):
            p = torch.sigmoid(self.inputs @ theta)
            slope = self.inputs.T @ (p - self.targets) / len(p)
            bend = (self.inputs.T * (p * (1 - p))) @ self.inputs / len(p)
            theta = theta - torch.linalg.solve(bend, slope)
        return theta


@dataclass(frozen=True)
class Run:
    """What descent by batches did.

    Attributes
    ----------
    path : torch.Tensor
        Shape (steps + 1, 2), the start first.
    costs : list of int
        Gradients of single notes computed up to each point of the path.
    """

    path: torch.Tensor
    costs: list[int]


@lru_cache(maxsize=1)
def note_problem() -> Problem:
    """Return the problem: 64 keyboard notes and 64 string notes of the training split."""
    notes = load_notes().split("train")
    chosen = []
    for name in ("keyboard", "string"):
        of_family = np.flatnonzero(notes.families == FAMILIES.index(name))
        order = np.random.default_rng(0).permutation(len(of_family))
        chosen.append(of_family[order[: N_NOTES // 2]])
    rows = np.concatenate(chosen)
    levels = torch.from_numpy(notes.inputs(rows))[:, 0].double()
    features = torch.stack([_brightness(levels), _decay(levels)], dim=1)
    inputs = (features - features.mean(0)) / features.std(0, correction=0)
    targets = torch.cat([torch.ones(N_NOTES // 2), torch.zeros(N_NOTES // 2)]).double()
    # Rounded to what the browser is given, so that both compute with the same numbers.
    return Problem(inputs.float().double(), targets)


def _brightness(levels: torch.Tensor) -> torch.Tensor:
    """Return the mel band around which the level lies, of log-mels (n, bands, frames)."""
    mean = levels.mean(2)
    bands = torch.arange(mean.shape[1], dtype=mean.dtype)
    return (mean * bands).sum(1) / mean.sum(1)


def _decay(levels: torch.Tensor) -> torch.Tensor:
    """Return how much lower the level is after two and a half seconds."""
    level = levels.mean(1)
    return level[:, 2:10].mean(1) - level[:, 40:48].mean(1)


def shuffled(n: int, numbers: Sequence[float]) -> list[int]:
    """Return 0 … n − 1 in random order (Fisher and Yates), as the browser does.

    Parameters
    ----------
    n : int
    numbers : sequence of float
        n − 1 of them, in [0, 1).
    """
    order = list(range(n))
    for at, u in zip(range(n - 1, 0, -1), numbers, strict=True):
        other = int(u * (at + 1))
        order[at], order[other] = order[other], order[at]
    return order


def length(n: int, batch: int) -> int:
    """Return the steps of a run: five epochs, or 40 steps where that is more."""
    return max(SHOWN_STEPS, EPOCHS * steps_per_epoch(n, batch))


def run_batches(
    problem: Problem, *, start: Sequence[float], lr: float, batch: int, seed: int, steps: int
) -> Run:
    r"""Return the run of descent by mini-batches.

    Parameters
    ----------
    problem : Problem
    start : sequence of float
        Two numbers.
    lr : float
    batch : int
        From 1 to n.
    seed : int
        Of the order of the notes, a new one in every epoch.
    steps : int

    Raises
    ------
    ParameterError
        If the batch is larger than the data, or empty.

    Notes
    -----
    .. math:: \theta \leftarrow \theta - \eta \,
              \frac{1}{B} \sum_{k \in \mathcal B} \nabla_\theta L(\hat y^{(k)}, y^{(k)})

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    n = len(problem.targets)
    if not 1 <= batch <= n:
        raise ParameterError(f"expected batch from 1 to {n}, got {batch}")
    numbers = uniform_numbers(seed)
    gradient = CountedGradient(example_gradients(_one_loss))
    theta = torch.tensor(start, dtype=torch.float64)
    path, costs, waiting = [theta], [0], list[list[int]]()
    for _ in range(steps):
        if not waiting:
            order = shuffled(n, [next(numbers) for _ in range(n - 1)])
            waiting = [order[at : at + batch] for at in range(0, n, batch)]
        rows = waiting.pop(0)
        inputs, targets = problem.inputs[rows], problem.targets[rows]
        theta = theta - lr * batch_gradient(gradient, theta, inputs, targets)
        path.append(theta)
        costs.append(gradient.count)
    return Run(torch.stack(path), costs)


def _one_loss(theta: torch.Tensor, inputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(inputs @ theta, target)


def draw_batch_path(problem: Problem, run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw a run on the contour of the loss.

    Parameters
    ----------
    problem : Problem
    run : Run
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax, width=4.0, height=4.0)
    line = torch.linspace(-REACH, REACH, 61, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    ax.contourf(line, line, problem.loss(grid).numpy(), levels=14, cmap="viridis")
    x, y = run.path.T.numpy()
    ax.plot(x, y, color="white", linewidth=3)
    ax.plot(x, y, color="#0072B2", linewidth=1.5, marker="o", markersize=2)
    ax.plot(x[0], y[0], color="white", marker="s", markeredgecolor="black")
    ax.plot(*problem.lowest().tolist(), color="white", marker="*", markeredgecolor="black")
    names = {"xlabel": "θ₁ (brightness)", "ylabel": "θ₂ (decay)"}
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", **names)
    return ax


def draw_batch_losses(problem: Problem, runs: dict[str, Run], *, ax: Axes | None = None) -> Axes:
    """Draw the loss of all notes over the epochs, a curve a run.

    Parameters
    ----------
    problem : Problem
    runs : dict of str to Run
        By the name in the legend.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax)
    for (name, run), dash in zip(runs.items(), ["-", "--", ":", "-."] * len(runs), strict=False):
        epochs = np.array(run.costs) / len(problem.targets)
        ax.plot(epochs, problem.loss(run.path), dash, linewidth=2, label=name)
    ax.set(xlim=(0, EPOCHS), xlabel=f"epoch (1 = {len(problem.targets)} gradients)", ylabel="loss")
    ax.legend(frameon=False, fontsize="small")
    return ax
