"""What the tests of the reference mathematics share."""

from collections.abc import Callable

import torch
from hypothesis import strategies as st

__all__ = ["DTYPES", "TOLERANCE", "close", "floats", "gradient_of", "randn", "vectors"]

DTYPES = (torch.float32, torch.float64)
TOLERANCE = {torch.bfloat16: 2e-2, torch.float16: 2e-3, torch.float32: 2e-6, torch.float64: 1e-12}


def randn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> torch.Tensor:
    """Return normal random numbers that are the same in every run."""
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def close(actual: torch.Tensor, expected: torch.Tensor, *, tolerance: float | None = None) -> None:
    """Assert equal shape, dtype and, within the dtype's precision, values."""
    tolerance = TOLERANCE[actual.dtype] if tolerance is None else tolerance
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=False)


def gradient_of(function: Callable[..., torch.Tensor], *arguments: torch.Tensor) -> torch.Tensor:
    """Return PyTorch's own gradient of the function's sum with respect to its first argument."""
    first = arguments[0].detach().clone().requires_grad_()
    function(first, *arguments[1:]).sum().backward()
    assert first.grad is not None
    return first.grad


floats = st.floats(-30, 30, allow_nan=False, width=32)


def vectors(min_size: int = 1, max_size: int = 8) -> st.SearchStrategy[torch.Tensor]:
    """Return vectors of moderate float64 numbers."""
    lists = st.lists(floats, min_size=min_size, max_size=max_size)
    return lists.map(lambda values: torch.tensor(values, dtype=torch.float64))
