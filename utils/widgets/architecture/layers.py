"""Layers as lists of numbers, and the PyTorch modules that they stand for.

The numbers of one layer: kind (position in :data:`KINDS`), channels, kernel (height, width),
stride (2), dilation (2), padding (2; -1 is "same").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from utils.errors import ParameterError

__all__ = ["KINDS", "NUMBERS", "PRESETS", "Layer", "build", "flat", "read"]

KINDS = ("conv", "relu", "norm", "max", "average", "global", "flatten", "linear", "dropout")
NUMBERS = 10
"""A layer's numbers in the state."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    channels : int
        Of the output, for "conv" and "linear".
    kernel, stride, dilation : (int, int)
        Along height (mel bands) and width (frames).
    padding : (int, int) or None
        Zeros at each side; None is "same".
    """

    kind: str
    channels: int = 16
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParameterError(f"expected a layer of {', '.join(KINDS)}, got {self.kind!r}")

    def numbers(self) -> list[float]:
        """Return the layer as numbers."""
        padding = (-1, -1) if self.padding is None else self.padding
        rest = (*self.kernel, *self.stride, *self.dilation, *padding)
        return [float(n) for n in (KINDS.index(self.kind), self.channels, *rest)]


def flat(layers: Sequence[Layer]) -> list[float]:
    """Return layers as one list of numbers.

    Parameters
    ----------
    layers : sequence of Layer
    """
    return [number for layer in layers for number in layer.numbers()]


def read(numbers: Sequence[float]) -> list[Layer]:
    """Return the layers that a list of numbers stands for; an unfinished one is left out.

    Parameters
    ----------
    numbers : sequence of float
    """
    whole = len(numbers) - len(numbers) % NUMBERS
    return [_layer(numbers[at : at + NUMBERS]) for at in range(0, whole, NUMBERS)]


def _layer(numbers: Sequence[float]) -> Layer:
    kind, channels, *rest = (round(n) for n in numbers)
    kernel, stride, dilation = ((max(1, rest[i]), max(1, rest[i + 1])) for i in (0, 2, 4))
    padding = None if rest[6] < 0 else (rest[6], max(0, rest[7]))
    name = KINDS[min(len(KINDS) - 1, max(0, kind))]
    return Layer(name, max(1, channels), kernel, stride, dilation, padding)


def build(layers: Sequence[Layer], input_shape: Sequence[int]) -> tuple[nn.Sequential, str]:
    """Return the network, as far as its layers fit together, and what stopped it.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : sequence of int
        Channels, mel bands, frames.

    Returns
    -------
    model : torch.nn.Sequential
        In eval mode.
    error : str
        PyTorch's words about the first layer that does not fit; "" if all do.
    """
    model = nn.Sequential().eval()
    x = torch.zeros(1, *input_shape)
    for number, layer in enumerate(layers, start=1):
        try:
            modules = _modules(layer, tuple(x.shape[1:]))
            with torch.no_grad():
                for module in modules:
                    x = module.eval()(x)
        except (RuntimeError, ValueError, IndexError) as error:
            return model, f"layer {number} ({layer.kind}): {error}"
        model.extend(modules)
    return model, ""


def _modules(layer: Layer, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the modules of a layer that follows a shape."""
    if len(shape) == 1 and layer.kind in ("conv", "norm", "max", "average", "global"):
        raise ValueError(f"expected a map, got {shape[0]} numbers")
    window: dict[str, Any] = {"kernel_size": layer.kernel, "stride": layer.stride}
    if layer.kind == "conv":
        padding: Any = "same" if layer.padding is None else layer.padding
        options = {**window, "dilation": layer.dilation, "padding": padding}
        return [nn.Conv2d(shape[0], layer.channels, **options)]
    if layer.kind == "linear":
        n_inputs = int(torch.Size(shape).numel())
        linear = nn.Linear(n_inputs, layer.channels)
        return [linear] if len(shape) == 1 else [nn.Flatten(), linear]
    simple: dict[str, Any] = {
        "relu": nn.ReLU,
        "norm": lambda: nn.BatchNorm2d(shape[0]),
        "max": lambda: nn.MaxPool2d(**window),
        "average": lambda: nn.AvgPool2d(**window),
        "global": lambda: nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten,
        "dropout": nn.Dropout,
    }
    return [simple[layer.kind]()]


def _conv(channels: int, *kernel: int, dilation: tuple[int, int] = (1, 1)) -> list[Layer]:
    size = (kernel[0], kernel[-1])
    return [Layer("conv", channels, size, dilation=dilation), Layer("relu")]


def _pool(*size: int) -> Layer:
    pair = (size[0], size[-1])
    return Layer("max", kernel=pair, stride=pair)


_END = [Layer("flatten"), Layer("linear", 11)]

PRESETS: dict[str, tuple[str, list[Layer]]] = {
    "slides": (
        "the slides' CNN",
        [x for n in (16, 32, 64, 128) for x in (*_conv(n, 3), _pool(2))] + _END,
    ),
    "dense": ("fully connected", [Layer("flatten"), Layer("linear", 64), Layer("relu"), _END[1]]),
    "temporal": ("kernels in time 1×9", [*_conv(32, 1, 9), _pool(4, 4), *_conv(32, 1, 9), *_END]),
    "frequency": (
        "kernels in pitch 33×1", [*_conv(32, 33, 1), _pool(4, 4), *_conv(32, 9, 1), *_END],
    ),
    "one_d": (
        "1-D: all bands at once",
        [
            Layer("conv", 64, (64, 4), padding=(0, 0)), Layer("relu"), _pool(1, 4),
            Layer("conv", 64, (1, 4), padding=(0, 0)), Layer("relu"), _pool(1, 2), *_END,
        ],
    ),
    "dilated": (
        "dilated, no pooling",
        [
            x for d in (1, 2, 4, 8, 16) for x in _conv(16, 3, dilation=(d, d))
        ] + [Layer("global"), *_END],
    ),
    "strided": (
        "strides instead of pooling, batch norm",
        [
            x for n in (16, 32, 64, 128) for x in (
                Layer("conv", n, (3, 3), (2, 2), padding=(1, 1)), Layer("norm"), Layer("relu"),
            )
        ] + [Layer("global"), *_END],
    ),
}  # fmt: skip
"""Networks to begin with: what they are called, and their layers."""
