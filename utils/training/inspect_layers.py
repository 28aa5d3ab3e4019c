"""Look inside a network: its kernels, and its feature maps while it runs.

Layers have the names of ``model.named_modules()``; "" is the model itself. A layer that runs
several times in one forward pass (as the one pooling layer of ``LectureCNN`` does) has one
output for each run: "pool:1", "pool:2", … What is a function and no module, such as
``F.relu``, has no name: the map of "conv1" is taken before its ReLU.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from utils.errors import ParameterError
from utils.training.evaluate import device_of, evaluating

__all__ = [
    "feature_maps",
    "kernels",
    "layer_output",
    "layer_outputs",
    "module_of",
    "watching",
]

Seen = list[tuple[str, torch.Tensor]]


def kernels(model: nn.Module, layer: str) -> torch.Tensor:
    """Return the kernels of a convolution, or the weights of a linear layer.

    Parameters
    ----------
    model : torch.nn.Module
        Any network.
    layer : str
        For example "conv1".

    Returns
    -------
    torch.Tensor
        A copy, shape (out_channels, in_channels, height, width) for a 2-D convolution. In the
        first layer, rows are mel bands from low to high and columns are frames.

    Raises
    ------
    ParameterError
        If there is no such layer or it has no weights.

    Notes
    -----
    Kernels of the first layer can be read as pictures; those of higher layers weigh other
    maps, and say little without what these maps show.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    weight = getattr(module_of(model, layer), "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.ndim < 2:
        raise ParameterError(f"expected a convolution or linear layer, got {layer!r}")
    return weight.detach().clone()


def feature_maps(
    model: nn.Module, inputs: torch.Tensor, layers: Sequence[str] | None = None
) -> dict[str, torch.Tensor]:
    """Return what layers put out for some notes.

    The model runs once in eval mode without gradients; its modes are given back, and no hook
    stays, even if it fails.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device.
    inputs : torch.Tensor
        What the model takes, mostly shape (n, 1, 64, 64).
    layers : sequence of str, optional
        Which; all that contain no other layers if not given. "pool:2" is the second run of
        "pool".

    Returns
    -------
    dict of str to torch.Tensor
        Copies, on the model's device: in the order of `layers`, or else in the order in which
        they ran.

    Raises
    ------
    ParameterError
        If a layer does not exist, never ran, or ran several times and its name has no number.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    names = _leaves(model) if layers is None else list(dict.fromkeys(map(_base, layers)))
    with watching(model, names) as seen, evaluating(model):
        model(inputs.to(device_of(model)))
    found = _numbered(seen)
    return found if layers is None else {layer: _pick(found, layer) for layer in layers}


@contextmanager
def watching(model: nn.Module, names: Sequence[str]) -> Iterator[Seen]:
    """Collect (name, output) of every run of some layers, with gradients if there are any."""
    seen: Seen = []

    def keeper(name: str) -> Callable[[nn.Module, object, object], None]:
        def keep(module: nn.Module, args: object, output: object) -> None:
            if isinstance(output, torch.Tensor):
                # A copy, because an in-place ReLU would overwrite it.
                seen.append((name, output.clone()))

        return keep

    handles = []
    try:
        for name in names:
            handles.append(module_of(model, name).register_forward_hook(keeper(name)))
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def layer_output(model: nn.Module, inputs: torch.Tensor, layer: str) -> torch.Tensor:
    """Return the output of one layer; gradients and modes are the caller's choice."""
    return layer_outputs(model, inputs, [layer])[layer]


def layer_outputs(
    model: nn.Module, inputs: torch.Tensor, layers: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Return the outputs of several layers in one run, as :func:`layer_output` does of one."""
    with watching(model, list(dict.fromkeys(map(_base, layers)))) as seen:
        model(inputs)
    found = _numbered(seen)
    return {layer: _pick(found, layer) for layer in layers}


def module_of(model: nn.Module, layer: str) -> nn.Module:
    """Return the module with a name such as "conv1" or "pool:2"; ParameterError if none has it."""
    modules = dict(model.named_modules())
    if _base(layer) not in modules:
        known = ", ".join(_leaves(model))
        raise ParameterError(f"expected a layer of {known}, got {layer!r}")
    return modules[_base(layer)]


def _base(layer: str) -> str:
    return layer.split(":")[0]


def _leaves(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if not list(module.children())]


def _numbered(seen: Seen) -> dict[str, torch.Tensor]:
    """Return the outputs by name, with the number of the run where there are several."""
    total, so_far = Counter(name for name, _ in seen), Counter[str]()
    found = {}
    for name, output in seen:
        so_far[name] += 1
        found[name if total[name] == 1 else f"{name}:{so_far[name]}"] = output
    return found


def _pick(found: dict[str, torch.Tensor], layer: str) -> torch.Tensor:
    runs = [name for name in found if _base(name) == _base(layer)]
    if layer in found:
        return found[layer]
    if layer == f"{_base(layer)}:1" and len(runs) == 1:
        return found[runs[0]]
    if not runs:
        raise ParameterError(
            f"expected a layer that puts out a tensor, got {layer!r}, which doesn't"
        )
    raise ParameterError(f"expected one of the runs {', '.join(runs)}, got {layer!r}")
