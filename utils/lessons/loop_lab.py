"""Break a training loop: leave one line out and measure what that does.

The loop is the student's own, given as functions; a line of their source is left out and both
versions train on the same small notes from the same weights.
"""

import inspect
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.figures.style import axes_or_new
from utils.models.initialize import initialize
from utils.notes.embedded import load_notes
from utils.notes.vocabulary import N_FAMILIES
from utils.training.evaluate import evaluate

__all__ = ["Broken", "Run", "break_loop", "draw_broken", "leave_out", "loop_model", "loop_notes"]

EPOCHS = 20
TRAIN_NOTES, VALIDATION_NOTES = 960, 300
SIDE = 16


@dataclass(frozen=True)
class Run:
    """What one training did.

    Attributes
    ----------
    losses : list of float
        Validation loss after each epoch, as the loop itself measured it.
    loss, accuracy : float
        Of the model that came out, measured in evaluation mode on all validation notes.
    seconds : float
    kept : float
        Megabytes an epoch that were kept for a backward pass that never came.
    """

    losses: list[float]
    loss: float
    accuracy: float
    seconds: float
    kept: float


@dataclass(frozen=True)
class Broken:
    """The whole loop and the broken one.

    Attributes
    ----------
    line : str
        What was left out.
    whole, broken : Run
    """

    line: str
    whole: Run
    broken: Run

    def __str__(self) -> str:
        """Return what was measured."""
        rows = [f"left out: {self.line}", f"{'':30}{'whole':>9}{'broken':>9}"]
        for words, one, other in (
            ("lowest validation loss seen", min(self.whole.losses), _lowest(self.broken.losses)),
            ("loss of the model you get", self.whole.loss, self.broken.loss),
            ("accuracy of that model (%)", 100 * self.whole.accuracy, 100 * self.broken.accuracy),
            ("kept for no backward (MB)", self.whole.kept, self.broken.kept),
        ):
            rows.append(f"{words:30}{one:9.2f}{other:9.2f}")
        return "\n".join(rows)


def _lowest(losses: Sequence[float]) -> float:
    finite = [loss for loss in losses if np.isfinite(loss)]
    return min(finite, default=float("nan"))


@lru_cache(maxsize=1)
def loop_notes() -> tuple[TensorDataset, TensorDataset]:
    """Return 960 training and 300 validation notes, pooled to 16 × 16, ordered by family."""
    store = load_notes()
    train, validation = store.split("train"), store.split("validation")
    return _pooled(train, TRAIN_NOTES), _pooled(validation, VALIDATION_NOTES)


def _pooled(notes: Any, count: int) -> TensorDataset:
    rows = np.random.default_rng(0).permutation(len(notes))[:count]
    rows = rows[np.argsort(notes.families[rows], kind="stable")]
    inputs = F.avg_pool2d(torch.from_numpy(notes.inputs(rows)), notes.inputs([0]).shape[-1] // SIDE)
    return TensorDataset(inputs, torch.from_numpy(notes.families[rows]).long())


def loop_model(generator: torch.Generator) -> nn.Sequential:
    """Return a small CNN with batch normalization and dropout, for notes of 16 × 16.

    Parameters
    ----------
    generator : torch.Generator
        For the first weights.
    """
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(32 * (SIDE // 4) ** 2, N_FAMILIES),
    )
    initialize(model, generator)
    return model


def leave_out(functions: Sequence[Callable[..., Any]], line: str) -> Callable[..., Any]:
    """Return the last function as it is without one line; it calls the others so changed.

    Parameters
    ----------
    functions : sequence of function
        Defined in a notebook or a module, so that their source is known.
    line : str
        A piece of exactly one line of their source. A ``with …:`` loses its ``with``, its
        block stays; "" leaves all as it is.

    Raises
    ------
    ParameterError
        If the piece is in no line or in several, or that line opens another block.
    """
    sources = [textwrap.dedent(inspect.getsource(function)) for function in functions]
    found = [
        (k, number)
        for k, source in enumerate(sources)
        for number, text in enumerate(source.splitlines())
        if line and line in text
    ]
    if line and len(found) != 1:
        raise ParameterError(
            f"expected a piece of one line of the loop, got {line!r} ({len(found)})"
        )
    for k, number in found:
        sources[k] = _without(sources[k].splitlines(), number)
    last = functions[-1]
    names = dict(last.__globals__) if isinstance(last, FunctionType) else {}
    for source in sources:
        exec(compile(source, "<loop>", "exec"), names)
    changed: Callable[..., Any] = names[last.__name__]
    return changed


def _without(lines: list[str], number: int) -> str:
    text = lines[number]
    code = text.split("#")[0].rstrip()
    indent = text[: len(text) - len(text.lstrip())]
    if not code.endswith(":"):
        replacement = "pass"
    elif code.lstrip().startswith("with "):
        replacement = "if True:"
    else:
        raise ParameterError(f"expected a line that can be left out, got {code.strip()!r}")
    return "\n".join([*lines[:number], indent + replacement, *lines[number + 1 :]]) + "\n"


def break_loop(
    functions: Sequence[Callable[..., Any]], line: str, *, epochs: int = EPOCHS
) -> Broken:
    """Return what a loop does with and without one line, on the same notes.

    Parameters
    ----------
    functions : sequence of function
        The last one is the loop: it takes a model, training and validation notes, the number
        of epochs and a generator, trains the model in place and returns validation losses.
    line : str
        A piece of exactly one line.
    epochs : int

    Raises
    ------
    ParameterError
        See :func:`leave_out`.
    """
    broken = leave_out(functions, line)
    return Broken(line, _run(leave_out(functions, ""), epochs), _run(broken, epochs))


def _run(loop: Callable[..., Any], epochs: int) -> Run:
    train, validation = loop_notes()
    model = loop_model(torch.Generator().manual_seed(0))
    started = time.perf_counter()
    with torch.random.fork_rng(devices=[]), _count_kept() as kept:
        torch.manual_seed(0)  # dropout, in a copy of the global generator
        losses = loop(model, train, validation, epochs, torch.Generator().manual_seed(0))
    seconds = time.perf_counter() - started
    loss, accuracy = evaluate(model, validation, batch_size=len(validation))
    return Run([float(v) for v in losses], loss, accuracy, seconds, kept[0] / epochs / 1e6)


@contextmanager
def _count_kept() -> Iterator[list[int]]:
    """Count the bytes that are kept for a backward pass and never used by one."""
    kept = [0]

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[0] += tensor.numel() * tensor.element_size()
        return tensor

    def unpack(tensor: torch.Tensor) -> torch.Tensor:
        kept[0] -= tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        yield kept


def draw_broken(result: Broken, *, ax: Axes | None = None) -> Axes:
    """Draw the validation losses of both loops; stars stand where the model is that you get.

    Parameters
    ----------
    result : Broken
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax, height=2.8)
    looks = (
        ("whole", result.whole, "#0072B2", "-", 1.5),
        ("broken", result.broken, "#D55E00", "--", 3),
    )
    top = 1.6 * result.whole.losses[0]
    for name, run, color, style, width in looks:
        epochs = np.arange(1, len(run.losses) + 1)
        shown = np.minimum(np.nan_to_num(run.losses, nan=top, posinf=top), top)
        ax.plot(epochs, shown, color=color, linestyle=style, linewidth=width, label=name)
        ax.plot(len(epochs) + 0.4, min(run.loss, top), "*", color=color, markersize=12)
    seen = [*result.whole.losses, *result.broken.losses]
    cut = "" if np.nanmax(seen) <= top else f" (cut at {top:.1f})"
    ax.set(xlabel="epoch (star: the model you get)", ylim=(0, 1.05 * top))
    ax.set_ylabel(f"validation loss{cut}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax
