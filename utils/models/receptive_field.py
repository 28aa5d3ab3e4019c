"""From a network to the windows of :mod:`utils.reference.receptive_field`.

A note of zeros is sent through the network, and PyTorch's record of what was computed from what
is read backward from a layer to the input. So functions count as well as modules, and whatever
is computed side by side (skips, branches) is seen as several paths.
"""

from typing import Any, Final

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.modes import eval_mode
from utils.models.multi_level import layer_outputs
from utils.reference.receptive_field import ReceptiveField, Window, receptive_field

__all__ = ["layer_receptive_field", "receptive_field_windows"]

Path = tuple[Window, ...]

LOCAL_LAYERS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
POINTWISE: Final = (
    "Add", "Sub", "Mul", "Div", "Neg", "Relu", "LeakyRelu", "Elu", "Gelu", "Sigmoid", "Tanh",
    "Silu", "Softplus", "Hardtanh", "Clamp", "Pow", "Exp", "Log", "Abs", "NativeBatchNorm",
    "CudnnBatchNorm", "Maximum", "Minimum", "Cat", "Clone", "Alias",
)  # fmt: skip
"""Operations that look at one cell at a time."""


def receptive_field_windows(
    model: nn.Module, input_size: tuple[int, int] = (64, 64), *, layer: str | None = None
) -> list[Window]:
    """Return the windows of a network, from the input to one of its layers.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (batch, 1, mel bands, frames); used in eval mode, and left as it was.
    input_size : (int, int)
        Mel bands and frames.
    layer : str, optional
        Name as in ``model.named_modules()``, of a layer that gives feature maps. If not given,
        the convolution or pooling that is called last.

    Returns
    -------
    list of Window
        For :func:`utils.reference.receptive_field.receptive_field`. Padding that is put on as
        an operation of its own is a window of one cell.

    Raises
    ------
    ParameterError
        If there are paths with different windows, or the layer sees more than a window.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    paths = _paths_to(model, input_size, layer)
    if len(paths) > 1:
        raise ParameterError(
            f"expected one path to the layer, got {len(paths)} in parallel; "
            "layer_receptive_field gives their union"
        )
    return list(paths.pop())


def layer_receptive_field(
    model: nn.Module, input_size: tuple[int, int] = (64, 64), *, layer: str | None = None
) -> ReceptiveField:
    r"""Return the receptive field of a layer's units: the union over all paths.

    Parameters
    ----------
    model, input_size, layer : as for receptive_field_windows
        What to look at.

    Returns
    -------
    ReceptiveField
        The smallest rectangle that holds the fields of all paths.

    Raises
    ------
    ParameterError
        If the layer sees more than a window, or the paths have different steps.

    Notes
    -----
    With the starts a and sizes r of the paths p, along each axis:

    .. math:: a = \min_p a_p, \qquad r = \max_p (a_p + r_p) - a

    Lecture: ``lectures/05_cnns.ipynb``
    """
    fields = [receptive_field(path) for path in _paths_to(model, input_size, layer)]
    steps = {field.step for field in fields}
    if len(steps) > 1:
        raise ParameterError(f"expected paths of the same step, got {sorted(steps)}")
    starts = [min(field.start[axis] for field in fields) for axis in (0, 1)]
    ends = [max(field.start[axis] + field.size[axis] for field in fields) for axis in (0, 1)]
    return ReceptiveField(
        (ends[0] - starts[0], ends[1] - starts[1]), steps.pop(), (starts[0], starts[1])
    )


def _paths_to(model: nn.Module, input_size: tuple[int, int], layer: str | None) -> set[Path]:
    """Return the different sequences of windows that lead from the input to a layer."""
    like = next(model.parameters(), torch.empty(0))
    inputs = torch.zeros(1, 1, *input_size, dtype=like.dtype, device=like.device)
    inputs.requires_grad_()
    with eval_mode(model), torch.enable_grad():
        name = _last_local_layer(model, inputs) if layer is None else layer
        output = layer_outputs(model, inputs, [name])[name]
    paths = _paths(output.grad_fn, inputs, {})
    if not paths:
        raise ParameterError(f"expected a layer that depends on the input, got {name!r}")
    return paths


def _last_local_layer(model: nn.Module, inputs: torch.Tensor) -> str:
    """Return the name of the convolution or pooling that is called last."""
    called: list[str] = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: called.append(name))
        for name, module in model.named_modules()
        if isinstance(module, LOCAL_LAYERS)
    ]
    try:
        model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    if not called:
        raise ParameterError(f"expected convolutions or pooling in {type(model).__name__}")
    return called[-1]


def _paths(operation: Any, inputs: torch.Tensor, known: dict[Any, set[Path]]) -> set[Path]:
    """Return the windows between the input and the result of an operation, for every path."""
    if operation is None:
        return set()
    if operation in known:
        return known[operation]
    kind = operation.name().split("::")[-1].removesuffix("0").removesuffix("Backward")
    before = [previous for previous, _ in operation.next_functions]
    if kind == "AccumulateGrad":
        found: set[Path] = {()} if operation.variable is inputs else set()
    else:
        found = set().union(*(_paths(previous, inputs, known) for previous in before))
        if found and not (kind in POINTWISE and getattr(operation, "_saved_dim", 1) == 1):
            found = {(*path, _window(kind, operation)) for path in found}
    known[operation] = found
    return found


def _window(kind: str, operation: Any) -> Window:
    """Return the window of a convolution, pooling or padding."""
    if kind == "Convolution" and not operation._saved_transposed:
        kernel = tuple(operation._saved_weight.shape[2:])
        if len(kernel) == 2:
            return Window(
                kernel,
                tuple(operation._saved_stride),
                tuple(operation._saved_dilation),
                tuple(operation._saved_padding),
            )
    if kind in ("MaxPool2DWithIndices", "AvgPool2D"):
        return Window(
            tuple(operation._saved_kernel_size),
            tuple(operation._saved_stride),
            tuple(getattr(operation, "_saved_dilation", (1, 1))),
            tuple(operation._saved_padding),
        )
    if kind == "ConstantPadNd" and len(operation._saved_pad) == 4:
        left, _, top, _ = operation._saved_pad
        return Window(1, padding=(top, left))
    raise ParameterError(f"expected convolution, pooling and pointwise operations, got {kind}")
