"""Learning-rate schedules over a run of 600 updates, by the settings of the schedule widget.

The formulas are those of :mod:`utils.reference.schedules` and
:mod:`utils.reference.cyclic_schedules`; ``kit/math/schedules.js`` computes the same.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from utils.errors import ParameterError
from utils.figures.style import axes_or_new
from utils.reference.cyclic_schedules import cosine_restarts, cyclic
from utils.reference.schedules import (
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    reduce_on_plateau,
    step_decay,
)

__all__ = [
    "CHECK",
    "KINDS",
    "KNOTS",
    "PATIENCE",
    "UPDATES",
    "draw_rates",
    "draw_run_losses",
    "plateau_rate",
    "rate_at",
]

UPDATES = 600
CHECK = 10
"""Updates between two looks at the validation loss."""

PATIENCE = 4
"""Of the plateau schedule, in looks."""

KNOTS = 21
LOWEST = 0.05
"""Lowest rate of the cycle, as a part of the highest."""

KINDS = {
    "constant": "constant",
    "step": "stairs (step)",
    "exponential": "exponential",
    "inverse": "1/t",
    "plateau": "on plateau",
    "cyclic": "cyclic",
    "cosine": "cosine",
    "restarts": "cosine with warm restarts",
    "hand": "drawn by hand",
}


def rate_at(state: Mapping[str, Any], step: int) -> float:
    """Return the rate of an update.

    Parameters
    ----------
    state : mapping
        `kind` of KINDS, `lr`, `every`, `factor`, `rate`, `hand`.
    step : int
        From 0.

    Returns
    -------
    float
        For "plateau", which depends on the losses, the rate before any.

    Raises
    ------
    ParameterError
        If the kind is unknown.
    """
    lr, every = state["lr"], state["every"]
    match state["kind"]:
        case "constant" | "plateau":
            return lr
        case "step":
            return step_decay(step, lr=lr, every=every, factor=state["factor"])
        case "exponential":
            return exponential_decay(step, lr=lr, rate=state["rate"])
        case "inverse":
            return inverse_time_decay(step, lr=lr, rate=state["rate"])
        case "cyclic":
            return cyclic(step, lr=LOWEST * lr, max_lr=lr, up=max(1, every // 2))
        case "cosine":
            return cosine_decay(step, lr=lr, period=UPDATES)
        case "restarts":
            return cosine_restarts(step, lr=lr, period=every)
        case "hand":
            return _drawn(state["hand"], step)
    raise ParameterError(f"expected a kind of {', '.join(KINDS)}, got {state['kind']!r}")


def _drawn(knots: Sequence[float], step: int) -> float:
    """Return the rate between two knots, on a straight line of logarithms."""
    at = step / UPDATES * (len(knots) - 1)
    left = min(int(at), len(knots) - 2)
    low, high = math.log(knots[left]), math.log(knots[left + 1])
    return math.exp(low + (at - left) * (high - low))


def plateau_rate(state: Mapping[str, Any], losses: Sequence[float]) -> float:
    """Return the rate after these validation losses, one a look.

    Parameters
    ----------
    state : mapping
        `lr` and `factor`.
    losses : sequence of float
    """
    return reduce_on_plateau(losses, lr=state["lr"], factor=state["factor"], patience=PATIENCE)[-1]


def draw_rates(rates: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """Draw the rates of runs on a logarithmic axis.

    Parameters
    ----------
    rates : mapping of str to sequence of float
        One rate a look, by the name of the run.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax)
    for (name, values), dash in zip(rates.items(), ["-", "--", ":"] * len(rates), strict=False):
        ax.plot(_updates(values), np.maximum(values, 1e-6), dash, linewidth=2, label=name)
    ax.set(yscale="log", xlabel="update", ylabel="learning rate η", ylim=(1e-5, 2))
    ax.legend(frameon=False, fontsize="small")
    return ax


def draw_run_losses(losses: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """Draw the losses of runs.

    Parameters
    ----------
    losses : mapping of str to sequence of float
        One a look, by the name of the run.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.
    """
    ax = axes_or_new(ax)
    for (name, values), dash in zip(losses.items(), ["-", "--", ":"] * len(losses), strict=False):
        ax.plot(_updates(values), values, dash, linewidth=2, label=name)
    ax.set(xlabel="update", ylabel="validation loss", ylim=(1.3, 2.6))
    ax.legend(frameon=False, fontsize="small")
    return ax


def _updates(values: Sequence[float]) -> list[int]:
    return [CHECK * (k + 1) for k in range(len(values))]
