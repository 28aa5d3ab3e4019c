"""Argument checks and the reduction that the reference functions share."""

from typing import Literal

import torch

from utils.errors import ParameterError

__all__ = [
    "Reduction",
    "reduce_loss",
    "require_at_least",
    "require_class_index",
    "require_float",
    "require_fraction",
    "require_positive",
    "require_same_shape",
    "share_gradient",
]

Reduction = Literal["mean", "sum", "none"]


def require_float(name: str, tensor: torch.Tensor) -> None:
    """Raise ParameterError unless `tensor` is a floating-point tensor."""
    if not isinstance(tensor, torch.Tensor):
        raise ParameterError(f"expected {name} to be a tensor, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise ParameterError(f"expected {name} of a floating-point dtype, got {tensor.dtype}")


def require_same_shape(name: str, tensor: torch.Tensor, other: str, like: torch.Tensor) -> None:
    """Raise ParameterError unless both tensors have the same shape: nothing is broadcast."""
    if tensor.shape != like.shape:
        raise ParameterError(
            f"expected {name} and {other} of the same shape, "
            f"got shape={tuple(tensor.shape)} and shape={tuple(like.shape)}"
        )


def require_positive(name: str, value: float) -> None:
    """Raise ParameterError unless `value` is above zero (NaN is not)."""
    if not value > 0:
        raise ParameterError(f"expected {name} > 0, got {value}")


def require_at_least(lowest: float, **values: float) -> None:
    """Raise ParameterError unless every value is at least `lowest` (NaN is not)."""
    for name, value in values.items():
        if not value >= lowest:
            raise ParameterError(f"expected {name} ≥ {lowest}, got {value}")


def require_fraction(**values: float) -> None:
    """Raise ParameterError unless every value is in [0, 1)."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ParameterError(f"expected 0 ≤ {name} < 1, got {value}")


def require_class_index(name: str, index: torch.Tensor, n_classes: int) -> None:
    """Raise ParameterError unless `index` holds integers from 0 to ``n_classes - 1``."""
    if index.is_floating_point() or index.is_complex() or index.dtype == torch.bool:
        raise ParameterError(f"expected {name} of an integer dtype, got {index.dtype}")
    if index.numel() and not (int(index.min()) >= 0 and int(index.max()) < n_classes):
        raise ParameterError(
            f"expected {name} from 0 to {n_classes - 1}, "
            f"got values from {int(index.min())} to {int(index.max())}"
        )


def reduce_loss(values: torch.Tensor, reduction: Reduction) -> torch.Tensor:
    """Return the mean or the sum of the losses of all examples, or all of them.

    The mean keeps the meaning of a learning rate whatever the batch size; the sum is
    the mean times N, hence the same step as N times the learning rate.
    """
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ParameterError(f"expected reduction 'mean', 'sum' or 'none', got {reduction!r}")


def share_gradient(values: torch.Tensor, n_examples: int, reduction: Reduction) -> torch.Tensor:
    """Return the gradients of the examples' own losses as those of the reduced loss."""
    if reduction not in ("mean", "sum", "none"):
        raise ParameterError(f"expected reduction 'mean', 'sum' or 'none', got {reduction!r}")
    return values / n_examples if reduction == "mean" else values
