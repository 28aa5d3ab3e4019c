"""Compare two values, and show a value in one line."""

from typing import Any

import numpy as np

__all__ = ["as_array", "difference", "same", "show"]


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return a number, a list of numbers, an array or a tensor as an array; otherwise None."""
    if value is None or value is ... or isinstance(value, str | bytes | dict):
        return None
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        return None
    return array if array.dtype.kind in "biufc" else None


def same(a: Any, b: Any, *, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Return whether two values agree, in shape too; NaN agrees with NaN."""
    return difference(a, b, rtol=rtol, atol=atol) is None


def difference(expected: Any, got: Any, *, rtol: float = 1e-4, atol: float = 1e-6) -> str | None:
    """Say how two values differ.

    Parameters
    ----------
    expected, got : Any
        Numbers, arrays, tensors or lists of them.
    rtol, atol : float
        Allowed differences.

    Returns
    -------
    str or None
        One line, or None if they agree.
    """
    right, mine = as_array(expected), as_array(got)
    if right is None or mine is None:
        agree = right is None and mine is None and expected == got
        return None if agree else f"expected {show(expected)}, got {show(got)}"
    if right.shape != mine.shape:
        return f"expected shape {right.shape}, got shape {mine.shape}"
    if (right.dtype.kind == "b") != (mine.dtype.kind == "b"):
        return f"expected {show(expected)}, got {show(got)}"
    if np.allclose(mine, right, rtol=rtol, atol=atol, equal_nan=True):
        return None
    return f"expected {show(expected)}, got {show(got)}"


def show(value: Any) -> str:
    """Return a value in one short line: numbers to four digits, large arrays by their shape."""
    if value is ...:
        return "..."
    array = as_array(value)
    if array is None:
        text = " ".join(repr(value).split()) if not callable(value) else _name(value)
        return text if len(text) <= 60 else text[:57] + "…"
    if array.ndim == 0:
        return _number(array.item())
    if array.size <= 8:
        return _nested(array.tolist())
    head = ", ".join(_number(x) for x in array.ravel()[:4].tolist())
    return f"[{head}, …] of shape {array.shape}"


def _name(value: Any) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def _number(x: Any) -> str:
    return f"{x:.4g}" if isinstance(x, float) else str(x)


def _nested(x: Any) -> str:
    return f"[{', '.join(map(_nested, x))}]" if isinstance(x, list) else _number(x)
