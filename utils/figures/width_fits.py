"""Small nets through points, one for each width: the numbers of ``kit/math/widthFit.js``.

As :func:`utils.reference.mlp_fit.mlp_fit` (one hidden tanh layer, Adam, all points in each
step), but written out for one input and one output, so that a figure need not wait.
"""

from collections.abc import Callable
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from utils.figures.seeded_noise import normal_numbers, uniform_numbers

__all__ = ["INIT", "LR", "STEPS", "WIDTHS", "fit_net", "net_start"]

WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
STEPS = 3000
LR = 0.02
INIT = 0
GAIN = 4.0
Vector = NDArray[np.float64]


def net_start(width: int, *, seed: int = INIT) -> Vector:
    """Return the first parameters: w and b of all units, their output weights v, and c.

    Parameters
    ----------
    width : int
        Hidden units ≥ 1.
    seed : int
        ≥ 0.

    Notes
    -----
    The units bend at random places between -1 and 1, so b = -w · place.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    weights = np.array(list(islice(normal_numbers(seed), 2 * width))) * GAIN
    places = 2 * np.array(list(islice(uniform_numbers(seed + 1000), width))) - 1
    w, v = weights[:width], weights[width:] / width**0.5
    return np.r_[w, -w * places, v, 0.0]


def fit_net(
    u: Vector, y: Vector, width: int, *, strength: float = 0.0, steps: int = STEPS
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the curve of a net that was trained on points.

    Parameters
    ----------
    u, y : ndarray of shape (n,)
        Times, not all equal, and pitches.
    width : int
        Hidden units ≥ 1.
    strength : float
        λ ≥ 0 of the L2 penalty on the weights (not on the biases).
    steps : int
        Of Adam.

    Returns
    -------
    callable
        From times to pitches, both tensors.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    low, high = u.min(), u.max()
    x = (2 * u - low - high) / (high - low)
    theta = _adam(net_start(width), x, y, strength, steps)

    def curve(at: torch.Tensor) -> torch.Tensor:
        scaled = (2 * at.numpy() - low - high) / (high - low)
        return torch.from_numpy(_forward(theta, scaled)[1])

    return curve


def _adam(theta: Vector, x: Vector, y: Vector, strength: float, steps: int) -> Vector:
    m, h = np.zeros_like(theta), np.zeros_like(theta)
    for t in range(1, steps + 1):
        g = _gradient(theta, x, y, strength)
        m = 0.9 * m + 0.1 * g
        h = 0.999 * h + 0.001 * g * g
        theta = theta - LR * (m / (1 - 0.9**t)) / (np.sqrt(h / (1 - 0.999**t)) + 1e-8)
    return theta


def _forward(theta: Vector, x: Vector) -> tuple[Vector, Vector]:
    """Return the hidden units (width, n) and the output (n,)."""
    width = len(theta) // 3
    w, b, v = theta[:-1].reshape(3, width)
    hidden = np.tanh(w[:, None] * x + b[:, None])
    return hidden, v @ hidden + theta[-1]


def _gradient(theta: Vector, x: Vector, y: Vector, strength: float) -> Vector:
    hidden, out = _forward(theta, x)
    w, _, v = theta[:-1].reshape(3, len(hidden))
    delta = 2 * (out - y) / len(x)
    down = delta * v[:, None] * (1 - hidden**2)
    g_w, g_v = down @ x + 2 * strength * w, hidden @ delta + 2 * strength * v
    return np.r_[g_w, down.sum(1), g_v, delta.sum()]
