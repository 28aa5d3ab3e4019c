"""Move a note in time or pitch: do its features move along, or stay the same?

A shift is (rows, columns): mel bands (or bins) up and frames later. *Equivariant* features
move along; *invariant* ones don't change at all.
"""

import math
from typing import Literal

import torch
from torch import nn

from utils.errors import ParameterError
from utils.training.evaluate import device_of, evaluating
from utils.training.inspect_layers import layer_output

__all__ = ["equivariance_error", "invariance_error", "shift_cells", "shift_map"]

Shift = tuple[int, int]


def shift_cells(inputs: torch.Tensor, shift: Shift, *, wrap: bool = False) -> torch.Tensor:
    r"""Return pictures moved by whole cells.

    Parameters
    ----------
    inputs : torch.Tensor
        Shape (…, height, width).
    shift : (int, int)
        Rows and columns, to higher indices: up in pitch and later in time.
    wrap : bool
        Let what leaves come in at the other side; otherwise there is silence (0).

    Returns
    -------
    torch.Tensor
        Same shape.

    Notes
    -----
    .. math:: y_{h, w} = x_{h - s_h,\; w - s_w}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    moved = inputs.roll(shift, dims=(-2, -1))
    if wrap:
        return moved
    return moved * _inside(inputs.shape, shift).to(moved)


def shift_map(maps: torch.Tensor, shift: tuple[float, float]) -> torch.Tensor:
    r"""Return maps moved by parts of cells, around the edges: linear interpolation.

    Parameters
    ----------
    maps : torch.Tensor
        F, shape (…, height, width).
    shift : (float, float)
        Rows and columns, to higher indices.

    Returns
    -------
    torch.Tensor
        Same shape.

    Notes
    -----
    Along each axis, with :math:`s = \lfloor s \rfloor + f`:

    .. math:: (1 - f)\,F_{h - \lfloor s \rfloor} + f\,F_{h - \lfloor s \rfloor - 1}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    for dim, amount in zip((-2, -1), shift, strict=True):
        whole = math.floor(amount)
        part = amount - whole
        lower = maps.roll(whole, dims=dim)
        maps = lower if part == 0 else (1 - part) * lower + part * maps.roll(whole + 1, dims=dim)
    return maps


def equivariance_error(
    model: nn.Module,
    inputs: torch.Tensor,
    layer: str,
    shift: Shift,
    *,
    wrap: bool = False,
    margin: int = 0,
) -> float:
    r"""Return how far the features of a moved note are from the moved features of the note.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device; runs in eval mode, without gradients.
    inputs : torch.Tensor
        x, shape (n, channels, height, width).
    layer : str
        Name as for :func:`utils.training.inspect_layers.feature_maps`; with 2-D maps.
    shift : (int, int)
        s, in cells of the input. Strides and pools make a cell of the map worth j cells of the
        input; the map moves by s / j, between its cells by linear interpolation.
    wrap : bool
        Around the edges; only circular padding makes that exact. Otherwise silence comes in,
        and only cells of the map are compared that exist before and after.
    margin : int
        Further cells of the map, ≥ 0, left out on every side: there padding can be seen.

    Returns
    -------
    float
        0 if the layer is equivariant; 1 is an error as large as the features.

    Raises
    ------
    ParameterError
        If the layer has no 2-D maps, or no cell is left to compare.

    Notes
    -----
    .. math:: \frac{\lVert F(T_s x) - T_{s/j} F(x) \rVert}{\lVert T_{s/j} F(x) \rVert},
              \qquad j = \frac{\text{size of the input}}{\text{size of the map}} \text{, rounded}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Azulay and Weiss, "Why Do Deep Convolutional Networks Generalize So Poorly to Small Image
    Transformations?", JMLR 20, 2019.
    """
    before, after = _both(model, inputs, layer, shift, wrap)
    if before.ndim != 4:
        raise ParameterError(f"expected a layer with 2-D maps, got shape={tuple(before.shape)}")
    steps = [
        round(big / small) for big, small in zip(inputs.shape[2:], before.shape[2:], strict=True)
    ]
    by = (shift[0] / steps[0], shift[1] / steps[1])
    cells = _compared(before.shape, by, wrap, margin).to(before.device)
    if not cells.any():
        raise ParameterError(f"expected cells to compare, got none: shift={shift}, margin={margin}")
    return _relative(after * cells, shift_map(before, by) * cells)


def invariance_error(
    model: nn.Module,
    inputs: torch.Tensor,
    shift: Shift,
    *,
    layer: str = "",
    pooling: Literal["none", "max", "mean"] = "none",
    wrap: bool = False,
) -> float:
    r"""Return how much the features of a note change when it is moved.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device; runs in eval mode, without gradients.
    inputs : torch.Tensor
        x, shape (n, channels, height, width).
    shift : (int, int)
        s, in cells of the input.
    layer : str
        Whose output; the logits if not given.
    pooling : "none", "max" or "mean"
        Over all cells of each map: global pooling.
    wrap : bool
        Around the edges; otherwise silence comes in.

    Returns
    -------
    float
        0 if the features are invariant; 1 is a change as large as the features.

    Raises
    ------
    ParameterError
        If the layer or the pooling does not exist.

    Notes
    -----
    .. math:: \frac{\lVert g(T_s x) - g(x) \rVert}{\lVert g(x) \rVert}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    before, after = _both(model, inputs, layer, shift, wrap)
    return _relative(_pooled(after, pooling), _pooled(before, pooling))


def _both(
    model: nn.Module, inputs: torch.Tensor, layer: str, shift: Shift, wrap: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the features of the notes as they are and moved."""
    inputs = inputs.to(device_of(model))
    with evaluating(model):
        moved = shift_cells(inputs, shift, wrap=wrap)
        return layer_output(model, inputs, layer), layer_output(model, moved, layer)


def _pooled(features: torch.Tensor, pooling: str) -> torch.Tensor:
    if pooling not in ("none", "max", "mean"):
        raise ParameterError(f"expected pooling 'none', 'max' or 'mean', got {pooling!r}")
    if pooling == "none" or features.ndim < 3:
        return features
    flat = features.flatten(2)
    return flat.amax(dim=2) if pooling == "max" else flat.mean(dim=2)


def _relative(actual: torch.Tensor, expected: torch.Tensor) -> float:
    error, size = float((actual - expected).norm()), float(expected.norm())
    if error == 0:
        return 0.0
    return error / size if size > 0 else math.inf


def _inside(shape: torch.Size, shift: tuple[float, float], margin: int = 0) -> torch.Tensor:
    """Return which cells of a moved map, (height, width), come from inside the map."""
    masks = []
    for size, amount in zip(shape[-2:], shift, strict=True):
        at = torch.arange(size)
        first, last = max(math.ceil(amount), 0), size - 1 + min(math.floor(amount), 0)
        masks.append((at >= first + margin) & (at <= last - margin))
    return masks[0][:, None] & masks[1]


def _compared(shape: torch.Size, by: tuple[float, float], wrap: bool, margin: int) -> torch.Tensor:
    return _inside(shape, (0, 0) if wrap else by, margin)
