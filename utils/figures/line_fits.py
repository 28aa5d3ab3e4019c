"""Ten note onsets, one of them written down wrongly, and the straight lines that fit them.

A line is a pair (slope, start): ŷ = slope · x + start, x in beats from 0, y in seconds. Each
fit minimizes one loss over all notes. ``utils/widgets/kit/math/lineFits.js`` computes the
same by other algorithms.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog, minimize

from utils.errors import ParameterError
from utils.reference.robust_losses import huber_loss, huber_loss_grad

__all__ = ["BEATS", "ONSETS", "Loss", "fit_line", "onset_times", "tempo"]

Loss = Literal["L1", "L2", "Huber"]
Line = NDArray[np.float64]

BEATS = tuple(range(10))
ONSETS = (0.52, 0.97, 1.54, 2.0, 2.46, 3.03, 3.51, 3.95, 4.53, 4.99)
"""Seconds: a scale played by hand at about 120 beats a minute."""


def onset_times(which: int, off: float) -> NDArray[np.float64]:
    """Return the onsets, one of them written down too late or too early.

    Parameters
    ----------
    which : int
        The beat of the wrong note, from 0 to 9.
    off : float
        Seconds too late; below zero: too early. No onset comes before 0 s.

    Returns
    -------
    ndarray of shape (10,)
        Seconds.

    Raises
    ------
    ParameterError
        If there is no such beat.
    """
    if which not in BEATS:
        raise ParameterError(f"expected which from 0 to {BEATS[-1]}, got {which}")
    times = np.array(ONSETS)
    times[which] = max(0.0, times[which] + off)
    return times


def fit_line(x: ArrayLike, y: ArrayLike, *, loss: Loss, delta: float = 0.3) -> Line:
    r"""Return the line with the least mean loss.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        n ≥ 2, not all x the same.
    loss : {"L1", "L2", "Huber"}
        Absolute error, squared error, or Huber's.
    delta : float
        Of the Huber loss, > 0, in the unit of y.

    Returns
    -------
    ndarray of shape (2,)
        Slope and start.

    Raises
    ------
    ParameterError
        If there is no such loss, or the points have no line.

    Notes
    -----
    .. math:: \min_{w, b} \frac1n \sum_{i=1}^n L(w x_i + b,\, y_i)

    Lecture: ``lectures/01_losses.ipynb``
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.shape != y.shape or x.ndim != 1 or len(np.unique(x)) < 2:
        raise ParameterError(f"expected points at two places or more, got x={x}, y={y}")
    if loss == "L2":
        return np.polyfit(x, y, 1)
    if loss == "L1":
        return _least_absolute(x, y)
    if loss == "Huber":
        return _least_huber(x, y, delta)
    raise ParameterError(f'expected loss to be "L1", "L2" or "Huber", got {loss!r}')


def _least_absolute(x: Line, y: Line) -> Line:
    """Solve a linear program: the errors are split into what is above and what is below."""
    n = len(x)
    cost = np.r_[0.0, 0.0, np.ones(2 * n)]
    equal = np.c_[x, np.ones(n), np.eye(n), -np.eye(n)]
    bounds = [(None, None)] * 2 + [(0.0, None)] * (2 * n)
    return np.asarray(linprog(cost, A_eq=equal, b_eq=y, bounds=bounds).x[:2])


def _least_huber(x: Line, y: Line, delta: float) -> Line:
    target = torch.from_numpy(y)

    def mean_loss(line: Line) -> float:
        prediction = torch.from_numpy(line[0] * x + line[1])
        return huber_loss(prediction, target, delta=delta).mean().item()

    def slope(line: Line) -> Line:
        prediction = torch.from_numpy(line[0] * x + line[1])
        pulls = huber_loss_grad(prediction, target, delta=delta).numpy() / len(x)
        return np.array([pulls @ x, pulls.sum()])

    start = _least_absolute(x, y)
    found = minimize(mean_loss, start, jac=slope, method="BFGS", options={"gtol": 1e-11})
    return np.asarray(found.x)


def tempo(slope: float) -> str:
    """Return the tempo of a line in words.

    Parameters
    ----------
    slope : float
        Seconds a beat.
    """
    if slope <= 0.02:
        return "no tempo (time runs backward)" if slope < 0 else "no tempo (all at once)"
    return f"{60 / slope:.0f} bpm"
