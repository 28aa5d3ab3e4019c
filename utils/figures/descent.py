"""Draw a run of gradient descent: the landscape from above or along its line, and the losses.

``LANDSCAPES`` has all landscapes of the descent widget by name: those of
:mod:`utils.reference.surfaces`, a round bowl, and four lines through them on which the
gradient never leaves the line. They are the same as in ``kit/math/surfaces.js``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes

from utils.errors import ParameterError
from utils.figures.seeded_noise import normal_numbers
from utils.figures.style import axes_or_new
from utils.reference.optimizers import Optimizer
from utils.reference.surfaces import SURFACES, Surface, quadratic

__all__ = [
    "LANDSCAPES",
    "RATES",
    "Descended",
    "descend",
    "draw_losses",
    "draw_path",
    "noise_deviation",
]

PATH_COLOR = "#0072B2"


@dataclass(frozen=True)
class Descended:
    """What a run did.

    Attributes
    ----------
    path : torch.Tensor
        Shape (steps + 1, n), the start first.
    losses : torch.Tensor
        Shape (steps + 1), without noise.
    left : int
        First step that is outside the landscape (and not in the path), or -1.
    """

    path: torch.Tensor
    losses: torch.Tensor
    left: int


def descend(
    surface: Surface,
    optimizer: Optimizer,
    start: Sequence[float],
    *,
    steps: int,
    noise: float = 0.0,
    seed: int = 0,
) -> Descended:
    """Return the run of an optimizer; it ends early where it leaves the landscape.

    Parameters
    ----------
    surface : Surface
    optimizer : Optimizer
        A new one.
    start : sequence of float
        n numbers.
    steps : int
        At most.
    noise : float
        Deviation of the noise on every slope.
    seed : int
        Of the noise; the browser draws the same.
    """
    random = normal_numbers(seed)
    theta = torch.tensor(start, dtype=torch.float64)
    path, left = [theta], -1
    for k in range(1, steps + 1):
        gradient = surface.gradient(theta)
        if noise:
            xi = torch.tensor([next(random) for _ in start], dtype=theta.dtype)
            gradient = gradient + noise * xi
        theta = optimizer.step(theta, gradient)
        if _outside(surface, theta):
            left = k
            break
        path.append(theta)
    points = torch.stack(path)
    return Descended(points, surface(points), left)


def _outside(surface: Surface, theta: torch.Tensor) -> bool:
    """Return whether a point is ten times as far from the middle as the rim."""
    bounds = torch.tensor(surface.bounds, dtype=torch.float64)
    far = (theta - bounds.mean(1)).abs() <= 5 * (bounds[:, 1] - bounds[:, 0])
    return not bool(far.all())


def draw_path(surface: Surface, run: Descended, *, ax: Axes | None = None) -> Axes:
    """Draw a run on its landscape: contours in two dimensions, a curve in one.

    Parameters
    ----------
    surface : Surface
        Of one or two dimensions.
    run : Descended
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the surface has more than two dimensions.
    """
    if len(surface.bounds) > 2:
        raise ParameterError(f"expected 1 or 2 dimensions, got {len(surface.bounds)}")
    ax = axes_or_new(ax, width=4.0, height=4.0)
    if len(surface.bounds) == 1:
        return _draw_line(surface, run, ax)
    _draw_ground(surface, ax)
    x, y = run.path.T.numpy()
    ax.plot(x, y, color="white", linewidth=4)
    ax.plot(x, y, color=PATH_COLOR, linewidth=2, marker="o", markersize=4)
    ax.plot(x[0], y[0], color="white", marker="s", markeredgecolor="black")
    ax.set(xlim=surface.bounds[0], ylim=surface.bounds[1], xlabel="θ₁", ylabel="θ₂", aspect="equal")
    return ax


def _draw_line(surface: Surface, run: Descended, ax: Axes) -> Axes:
    x = torch.linspace(*surface.bounds[0], 300, dtype=torch.float64)
    ax.plot(x, surface(x[:, None]), color="gray")
    ax.plot(run.path[:, 0], run.losses, color=PATH_COLOR, marker="o", markersize=4)
    ax.plot(run.path[0, 0], run.losses[0], color="white", marker="s", markeredgecolor="black")
    ax.set(xlim=surface.bounds[0], xlabel="θ", ylabel="loss")
    return ax


def _draw_ground(surface: Surface, ax: Axes) -> None:
    axes = [torch.linspace(low, high, 121, dtype=torch.float64) for low, high in surface.bounds]
    grid = torch.stack(torch.meshgrid(*axes, indexing="xy"), -1)
    height = surface(grid).numpy()
    if surface.name in COMPRESSED:
        # As in the widget: walls can be a million times as high as the valley.
        low = height.min()
        height = np.log1p((height - low) / (np.quantile(height, 0.05) - low))
    ax.contourf(axes[0], axes[1], height, levels=14, cmap="viridis")
    for minimum in surface.minima:
        ax.plot(*minimum, marker="*", color="white", markeredgecolor="black", markersize=10)


def draw_losses(runs: dict[str, Descended], *, ax: Axes | None = None) -> Axes:
    """Draw the loss of every step, a curve a run.

    Parameters
    ----------
    runs : dict of str to Descended
        By the name in the legend; "" has none.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    for name, run in runs.items():
        ax.plot(run.losses, marker="o", markersize=3, linewidth=2, label=name or None)
    ax.set(xlabel="step", ylabel="loss")
    if any(runs):
        ax.legend(frameon=False, fontsize="small")
    return ax


def _on_line(
    name: str, surface: Surface, *, axis: int, start: float, minima: list[float]
) -> Surface:
    """Return a surface on one of its axes, where the gradient across is zero."""
    both = partial(_embed, axis=axis)
    slope: Callable[[torch.Tensor], torch.Tensor] = lambda t: surface.slope(both(t))[..., [axis]]  # noqa: E731
    return Surface(
        name=name,
        formula=surface.formula,
        value=lambda t: surface.value(both(t)),
        slope=slope,
        minima=tuple((x,) for x in minima),
        bounds=(surface.bounds[axis],),
        start=(start,),
    )


def _embed(theta: torch.Tensor, *, axis: int) -> torch.Tensor:
    zero = torch.zeros_like(theta)
    return torch.cat((zero, theta) if axis else (theta, zero), -1)


_BOWL = replace(quadratic((1.0, 1.0), name="bowl"), start=(2.8, 2.2))
# Square, unlike in the reference: with equal units the gradient looks perpendicular.
_RAVINE = replace(SURFACES["ravine"], bounds=((-4.0, 4.0), (-4.0, 4.0)))

LANDSCAPES = {
    surface.name: surface
    for surface in (
        _on_line("parabola", _BOWL, axis=0, start=3.0, minima=[0.0]),
        _on_line("two valleys", SURFACES["saddle"], axis=1, start=0.1, minima=[-1.0, 1.0]),
        _on_line("flat line", SURFACES["plateau"], axis=0, start=2.5, minima=[0.0]),
        _on_line("many pits", SURFACES["many minima"], axis=0, start=3.2, minima=[0.0]),
        _BOWL,
        *({**SURFACES, "ravine": _RAVINE}).values(),
    )
}
"""All landscapes of the widget by name, those of one dimension first."""

RATES = {
    "parabola": 0.3,
    "two valleys": 0.2,
    "flat line": 0.5,
    "many pits": 0.002,
    "bowl": 0.1,
    "ravine": 0.05,
    "saddle": 0.2,
    "plateau": 0.5,
    "rosenbrock": 0.001,
    "beale": 0.01,
    "himmelblau": 0.01,
    "many minima": 0.002,
}
"""A learning rate that suits each landscape."""

COMPRESSED = ("ravine", "rosenbrock", "beale", "himmelblau", "notes")


def noise_deviation(surface: Surface, share: float) -> float:
    """Return the deviation on each slope: a share of the slope at the landscape's own start.

    So one slider fits landscapes whose slopes differ a thousand times.

    Parameters
    ----------
    surface : Surface
    share : float
        ≥ 0.
    """
    start = torch.tensor(surface.start, dtype=torch.float64)
    return share * math.sqrt(float((surface.gradient(start) ** 2).sum()))
