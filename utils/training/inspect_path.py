"""The way from a network's input to one of its layers, operation by operation.

Hooks see modules only, and many networks call ``F.relu``: what really ran is read below them,
from PyTorch's dispatcher. The way is then walked backwards, from the layer's output to the
input; branches that do not lead there are left out.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from utils.errors import ParameterError
from utils.reference.receptive_field import ReceptiveField, Window, receptive_field
from utils.training.evaluate import device_of, evaluating
from utils.training.inspect_layers import module_of

__all__ = ["Operation", "field_of", "path_to"]

CELLWISE = {"relu", "relu_", "native_batch_norm", "_native_batch_norm_legit_no_training"}


@dataclass(frozen=True)
class Operation:
    """One operation of the forward pass.

    Attributes
    ----------
    name : str
        PyTorch's internal name: "convolution", "relu", "max_pool2d_with_indices", …
    args : tuple
        Its arguments.
    outputs : tuple of torch.Tensor
        What it computed; pooling gives its switches as the second.
    """

    name: str
    args: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def inputs(self) -> torch.Tensor:
        """The tensor that came from below."""
        return self.args[1] if self.name == "addmm" else self.args[0]


class _Recorder(TorchDispatchMode):
    """Writes down every operation that runs, and where the layer's runs end."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.ends: list[tuple[int, torch.Tensor, torch.Tensor]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        outputs = func(*args, **(kwargs or {}))
        every = tuple(outputs) if isinstance(outputs, tuple | list) else (outputs,)
        self.operations.append(Operation(func.overloadpacket.__name__, args, every))
        return outputs

    def end_of_layer(self, module: nn.Module, args: Any, output: torch.Tensor) -> None:
        # The copy is not recorded twice: an in-place ReLU may change `output` later.
        self.ends.append((len(self.operations), output, output.clone()))


def path_to(
    model: nn.Module, inputs: torch.Tensor, layer: str
) -> tuple[list[Operation], torch.Tensor]:
    """Return the operations that lead from the input to a layer's output, and this output.

    Parameters
    ----------
    model : torch.nn.Module
        Runs once, in eval mode and without gradients.
    inputs : torch.Tensor
        What the model takes.
    layer : str
        Name as for :func:`utils.training.inspect_layers.feature_maps`.

    Returns
    -------
    operations : list of Operation
        From the input upwards; each takes what the one before put out.
    output : torch.Tensor
        What the layer put out.

    Raises
    ------
    ParameterError
        If the layer does not exist or never ran, or no such way leads to the input.
    """
    recorder = _Recorder()
    handle = module_of(model, layer).register_forward_hook(recorder.end_of_layer)
    inputs = inputs.to(device_of(model))
    try:
        with evaluating(model), recorder:
            model(inputs)
    finally:
        handle.remove()
    until, head, output = recorder.ends[_run(layer, len(recorder.ends))]
    path: list[Operation] = []
    for operation in reversed(recorder.operations[:until]):
        if head is not inputs and operation.outputs[0] is head:
            path.append(operation)
            head = operation.inputs
    if head is not inputs:
        raise ParameterError(f"expected one way from the input to {layer!r}, got {_chain(path)}")
    return path[::-1], output


def field_of(path: list[Operation]) -> ReceptiveField:
    """Return the receptive field of the units at the end of a path of 2-D maps.

    Parameters
    ----------
    path : list of Operation
        From :func:`path_to`: convolutions, max pooling, ReLUs and batch normalization.

    Returns
    -------
    ReceptiveField
        In cells of the input.

    Raises
    ------
    ParameterError
        If another operation lies on the way.
    """
    windows = []
    for operation in path:
        if operation.name == "convolution" and operation.args[1].ndim == 4:
            weight, stride, padding, dilation = (operation.args[i] for i in (1, 3, 4, 5))
            windows.append(Window(tuple(weight.shape[2:]), *map(_two, (stride, dilation, padding))))
        elif operation.name == "max_pool2d_with_indices":
            kernel, stride, padding, dilation = _pool_options(operation.args)
            windows.append(Window(kernel, stride, dilation, padding))
        elif operation.name not in CELLWISE:
            raise ParameterError(
                f"expected convolutions, max pooling, ReLU and batch norm, got {operation.name!r}"
            )
    return receptive_field(windows)


def _pool_options(args: tuple[Any, ...]) -> tuple[tuple[int, int], ...]:
    """Return kernel size, stride, padding and dilation with PyTorch's defaults."""
    given = args[1:5]
    kernel = _two(given[0])
    rest = [_two(option) if option else None for option in given[1:]]
    defaults = (kernel, (0, 0), (1, 1))
    filled = [
        rest[i] if i < len(rest) and rest[i] else default for i, default in enumerate(defaults)
    ]
    return (kernel, *(value for value in filled if value is not None))


def _two(option: Any) -> tuple[int, int]:
    values = [option] if isinstance(option, int) else list(option)
    return (values[0], values[-1])


def _run(layer: str, n_runs: int) -> int:
    """Return the position of the run that a name such as "pool:2" means."""
    number = layer.partition(":")[2]
    if not number and n_runs == 1:
        return 0
    if number.isdigit() and 1 <= int(number) <= n_runs:
        return int(number) - 1
    raise ParameterError(f"expected one run of {layer!r}, such as {layer!r}:1, of {n_runs} runs")


def _chain(path: list[Operation]) -> str:
    return " ← ".join(operation.name for operation in path) or "another"
