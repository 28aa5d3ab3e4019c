"""Project a unit back to the input: what made it fire?

The network is run backwards, operation by operation. Three rules differ only in what happens
at a ReLU: the deconvnet looks at the sign of what comes from above, the gradient at the sign
of what came from below, guided backpropagation at both.

References
----------
Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
Springenberg et al., "Striving for Simplicity: The All Convolutional Net", ICLR 2015 (workshop).
"""

from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.reference.pooling import max_pool2d_grad
from utils.training.inspect_path import Operation, path_to

__all__ = ["Rule", "deconvnet"]

Rule = Literal["deconvnet", "gradient", "guided"]


def deconvnet(
    model: nn.Module,
    inputs: torch.Tensor,
    layer: str,
    channel: int,
    *,
    where: Literal["strongest", "all"] | tuple[int, int] = "strongest",
    rule: Rule = "deconvnet",
) -> torch.Tensor:
    r"""Return what a channel responded to, as pictures of the inputs' shape.

    Parameters
    ----------
    model : torch.nn.Module
        Convolutions, ReLUs and max pooling (also batch normalization, flattening and linear
        layers), one after the other up to `layer`; modules or functions.
    inputs : torch.Tensor
        What the model takes, mostly shape (n, 1, 64, 64).
    layer : str
        Name as for :func:`utils.training.inspect_layers.feature_maps`.
    channel : int
        From 0; a class for the last linear layer.
    where : "strongest", "all" or (int, int)
        The strongest unit of the map for each note, all units, or the one at (row, column).
    rule : "deconvnet", "gradient" or "guided"
        The deconvnet starts with the unit's activation (if it is negative, with 0, and the
        picture is empty); the others with 1, so that "gradient" is the true gradient.

    Returns
    -------
    torch.Tensor
        Shape of `inputs`; 0 outside the unit's receptive field.

    Raises
    ------
    ParameterError
        If the layer, channel, unit or rule does not exist, or something else than these
        operations lies on the way, such as a skip connection.

    Notes
    -----
    From a map down to the one below, with the switches of the forward pass and the kernel K:

    .. math:: \text{unpool:}\; u_{\text{switch}_b} = s_b, \qquad
              \text{rectify:}\; r = \max(0, u), \qquad
              \text{filter:}\; s' = K^{\mathsf T} r

    The switches and the zeros come from this very input: the picture says where the unit
    looked, not what it would like best (see ``activation_maximization``). The constants of
    biases and batch normalization have no part in it.

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    if rule not in get_args(Rule):
        raise ParameterError(f"expected rule 'deconvnet', 'gradient' or 'guided', got {rule!r}")
    path, maps = path_to(model, inputs, layer)
    with torch.no_grad():
        start = maps.clamp_min(0) if rule == "deconvnet" else torch.ones_like(maps)
        signal = start * _chosen(maps, channel, where)
        for operation in reversed(path):
            signal = _back(operation, signal, rule)
    return signal


def _chosen(maps: torch.Tensor, channel: int, where: str | tuple[int, int]) -> torch.Tensor:
    """Return a mask, 1 at the units to project back and 0 elsewhere."""
    if maps.ndim < 2 or not 0 <= channel < maps.shape[1]:
        raise ParameterError(f"expected a channel of {tuple(maps.shape)}, got {channel}")
    cells = maps[:, channel].flatten(1) if maps.ndim > 2 else maps[:, channel, None]
    mask = torch.zeros_like(maps)
    if where == "all":
        mask[:, channel] = 1
    elif where == "strongest":
        one_hot = torch.zeros_like(cells).scatter(1, cells.argmax(dim=1, keepdim=True), 1)
        mask[:, channel] = one_hot.view_as(mask[:, channel])
    else:
        _require_unit(maps, where)
        mask[:, channel, where[0], where[1]] = 1  # type: ignore[index]
    return mask


def _require_unit(maps: torch.Tensor, where: Any) -> None:
    fits = isinstance(where, tuple) and len(where) == 2 and maps.ndim == 4
    if not fits or not all(0 <= w < size for w, size in zip(where, maps.shape[2:], strict=True)):
        size = tuple(maps.shape[2:])
        raise ParameterError(
            f"expected where='strongest', 'all' or a (row, column) of {size} cells, got {where!r}"
        )


def _back(operation: Operation, signal: torch.Tensor, rule: Rule) -> torch.Tensor:
    """Return what an operation gets from above, passed on to what lies below."""
    below, args, name = operation.inputs, operation.args, operation.name
    if name in ("relu", "relu_"):
        return _rectify(signal, operation.outputs[0], rule)
    if name == "convolution" and not args[6]:
        return _transposed(signal, below, args)
    if name == "max_pool2d_with_indices":
        # Sums where blocks overlap: a plain unpooling would overwrite one value by the next.
        size = (below.shape[-2], below.shape[-1])
        return max_pool2d_grad(signal, operation.outputs[1], input_size=size)
    if name in ("native_batch_norm", "_native_batch_norm_legit_no_training"):
        _, weight, _, _, variance = args[:5]
        scale = torch.rsqrt(variance + args[-1]) * (1 if weight is None else weight)
        return signal * scale.view(-1, *[1] * (signal.ndim - 2))
    if name in ("addmm", "mm"):
        return signal @ args[-1].T
    if name == "constant_pad_nd":
        return F.pad(signal, [-margin for margin in args[1]])
    if name in ("view", "_unsafe_view", "squeeze", "unsqueeze"):
        return signal.reshape(below.shape)
    raise ParameterError(
        "expected only convolutions, ReLU, max pooling, batch norm and linear layers on the way, "
        f"got {name!r}"
    )


def _rectify(signal: torch.Tensor, above: torch.Tensor, rule: Rule) -> torch.Tensor:
    """Return what passes a ReLU on the way down; this is all that the rules differ in."""
    if rule == "deconvnet":
        return signal.clamp_min(0)
    passed = signal * (above > 0)
    return passed if rule == "gradient" else passed.clamp_min(0)


def _transposed(signal: torch.Tensor, below: torch.Tensor, args: tuple[Any, ...]) -> torch.Tensor:
    """Return the transposed convolution with the same kernels."""
    weight, stride, padding, dilation, groups = args[1], args[3], args[4], args[5], args[8]
    sizes = zip(below.shape[2:], signal.shape[2:], weight.shape[2:], strict=True)
    # Cells at the end that no kernel reached: a stride may leave some.
    left_over = [
        size - ((out - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel - 1) + 1)
        for i, (size, out, kernel) in enumerate(sizes)
    ]
    transposed = F.conv_transpose1d if weight.ndim == 3 else F.conv_transpose2d
    return transposed(signal, weight, None, stride, padding, left_over, groups, dilation)
