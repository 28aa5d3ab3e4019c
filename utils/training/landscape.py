"""The loss of a network along a line and on a plane through its weights.

====================================  =================================================
``landscape``                         :func:`loss_surface` and :func:`loss_line`
``landscape_directions``              random, filter-normalized directions; planes
``landscape_trajectory``              the plane of a training run, and its way over it
``landscape_loss``                    the loss at a point; what becomes of batch norm
``landscape_refine``                  grids from coarse to fine; the result
``landscape_classifier``              logits of the last layer on a plane
``landscape_plane``                   exact loss and gradient there
``landscape_last_layer``              the plane on which the last layer learned
====================================  =================================================

Conventions: θ* is the point in the middle, δ and η are the two directions, a and b the
coordinates along them. In ``values[row, column]`` rows are the second direction.

References
----------
Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
NeurIPS 2018, arXiv:1712.09913 (the plane).
Goodfellow, Vinyals and Saxe, "Qualitatively characterizing neural network optimization
problems", ICLR 2015, arXiv:1412.6544 (the line).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from utils.training.evaluate import Loss
from utils.training.landscape_directions import (
    Plane,
    Weights,
    filter_normalize,
    random_direction,
    snapshot,
)
from utils.training.landscape_loss import BatchNorm, LossAt, Pairs
from utils.training.landscape_refine import (
    Landscape,
    Progress,
    Span,
    axis,
    refine_surface,
    ticking,
)

__all__ = ["loss_line", "loss_surface"]


def loss_surface(
    model: nn.Module,
    data: Pairs,
    plane: Plane | None = None,
    *,
    span: Span = 1.0,
    resolution: int = 17,
    loss: Loss = F.cross_entropy,
    batch_norm: BatchNorm = "recompute",
    batch_size: int = 256,
    budget_seconds: float | None = None,
    progress: Progress = True,
    generator: torch.Generator | None = None,
) -> Landscape:
    r"""Return the loss on a plane through the weights of a model.

    Parameters
    ----------
    model, data, plane : as for LossAt
        What to look at.
    span, resolution : as for refine_surface
        Where, and how closely.
    loss, batch_norm, batch_size : as for LossAt
        How to measure.
    budget_seconds, progress : as for refine_surface
        How long, and how to show it.
    generator : torch.Generator, optional
        Draws the random plane. Equal generators give equal landscapes.

    Returns
    -------
    Landscape
        Not ``complete`` if time ran out. Ctrl-C ends it too, with the last finished level, if
        there is one yet.

    Raises
    ------
    ParameterError
        If an argument cannot be used.

    Notes
    -----
    .. math:: f(a, b) = L(\theta^* + a\delta + b\eta)

    To draw every level as it comes, loop over ``refine_surface(LossAt(model, data, plane))``.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
    """
    height = LossAt(
        model,
        data,
        plane,
        loss=loss,
        batch_norm=batch_norm,
        batch_size=batch_size,
        generator=generator,
    )
    steps = refine_surface(
        height,
        span=span,
        resolution=resolution,
        budget_seconds=budget_seconds,
        progress=progress,
    )
    latest: list[Landscape] = []
    try:
        for landscape in steps:
            latest = [landscape]
    except KeyboardInterrupt:
        if not latest:
            raise
        print(f"Stopped by hand: {latest[0].computed.mean():.0%} of the points are computed.")
    return latest[0]


def loss_line(
    model: nn.Module,
    data: Pairs,
    direction: Weights | None = None,
    *,
    span: float | tuple[float, float] = 1.0,
    resolution: int = 51,
    loss: Loss = F.cross_entropy,
    batch_norm: BatchNorm = "recompute",
    batch_size: int = 256,
    progress: Progress = True,
    generator: torch.Generator | None = None,
) -> Landscape:
    r"""Return the loss on a line through the weights of a model.

    Parameters
    ----------
    model, data : as for LossAt
        What to look at.
    direction : dict of str to torch.Tensor, optional
        δ. Default: a random one, filter-normalized. The difference of the weights of two
        networks leads from one to the other as a goes from 0 to 1.
    span : float or (float, float)
        Half the width, or lowest and highest a.
    resolution : int
        Number of points, odd and at least 3.
    loss, batch_norm, batch_size : as for LossAt
        How to measure.
    progress : bool or Callable
        Show a bar, or call a function with the number of points done and of all.
    generator : torch.Generator, optional
        Draws the random direction.

    Returns
    -------
    Landscape
        Of one row: ``values`` has the shape (1, resolution).

    Raises
    ------
    ParameterError
        If an argument cannot be used.

    Notes
    -----
    .. math:: f(a) = L(\theta^* + a\delta)

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Goodfellow et al., "Qualitatively characterizing neural network optimization problems",
    ICLR 2015.
    """
    if direction is None:
        direction = filter_normalize(random_direction(model, generator=generator), model)
    nowhere = {name: torch.zeros_like(tensor) for name, tensor in direction.items()}
    plane = Plane(snapshot(model), direction, nowhere)
    height = LossAt(model, data, plane, loss=loss, batch_norm=batch_norm, batch_size=batch_size)
    first = axis(span, resolution)
    values = np.empty((1, resolution))
    with ticking(progress, resolution) as tick:
        for column, a in enumerate(first):
            values[0, column] = height(float(a))
            tick(column + 1)
    return Landscape(first, np.zeros(1), values, np.ones(values.shape, dtype=np.bool_))
