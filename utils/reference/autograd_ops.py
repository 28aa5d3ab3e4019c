"""The operations that the tape of :mod:`utils.reference.autograd` knows, with their rules.

Every operation is a pair: forward computes the output from the inputs, backward takes the
gradient that arrives at the output and returns one gradient for each input. Backward is
the chain rule and nothing else: incoming gradient times local derivative.

Arrays are NumPy, float64. Images are (batch, channels, height, width).

References
----------
Baydin, Pearlmutter, Radul and Siskind, "Automatic Differentiation in Machine Learning: a
Survey", *JMLR* 18, 2018.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "ABS",
    "ADD",
    "CONV2D",
    "DIVIDE",
    "EXP",
    "INDEX",
    "LOG",
    "MATMUL",
    "MAX",
    "MEAN",
    "MULTIPLY",
    "NEGATE",
    "POWER",
    "RELU",
    "RESHAPE",
    "SIGMOID",
    "SUBTRACT",
    "SUM",
    "TANH",
    "TRANSPOSE",
    "Array",
    "Operation",
    "unbroadcast",
]

Array = np.ndarray
Axis = int | tuple[int, ...] | None


@dataclass(frozen=True)
class Operation:
    """A function together with the rule for its derivative.

    Attributes
    ----------
    name, symbol : str
        What it is called, and the sign in a drawing.
    rule, formula : str
        The name of the derivative's rule and the rule itself, for inputs a and b.
    forward : Callable
        ``forward(*inputs, **options)`` returns the output.
    backward : Callable
        ``backward(incoming, output, *inputs, **options)`` returns one gradient an input.
    elementwise : bool
        Whether the operation works element by element, so that inputs may broadcast.
    """

    name: str
    symbol: str
    rule: str
    formula: str
    forward: Callable[..., Array]
    backward: Callable[..., tuple[Array, ...]]
    elementwise: bool = True


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    r"""Return the gradient of an input that was broadcast: the sum over its copies.

    Parameters
    ----------
    gradient : numpy.ndarray
        In the broadcast shape.
    shape : tuple of int
        The input's own shape.

    Returns
    -------
    numpy.ndarray
        Of that shape.

    Notes
    -----
    An input that is used several times gets the sum of the gradients of all its uses:

    .. math:: \frac{\partial L}{\partial a} = \sum_i \frac{\partial L}{\partial a_i}

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Harris et al., "Array Programming with NumPy", *Nature* 585, 2020 (broadcasting).
    """
    n_new = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(n_new)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=stretched, keepdims=True)


# Element by element: g is the incoming gradient, y the output.

ADD = Operation("add", "+", "sum rule", "∂(a + b) = ∂a + ∂b", np.add, lambda g, y, a, b: (g, g))
SUBTRACT = Operation(
    "subtract", "−", "sum rule", "∂(a − b) = ∂a − ∂b", np.subtract, lambda g, y, a, b: (g, -g)
)
MULTIPLY = Operation(
    "multiply",
    "×",
    "product rule",
    "∂(a b)/∂a = b, ∂(a b)/∂b = a",
    np.multiply,
    lambda g, y, a, b: (g * b, g * a),
)
DIVIDE = Operation(
    "divide",
    "÷",
    "quotient rule",
    "∂(a/b)/∂a = 1/b, ∂(a/b)/∂b = −a/b²",
    np.divide,
    lambda g, y, a, b: (g / b, -g * a / b**2),
)
NEGATE = Operation("negate", "−", "sign rule", "∂(−a)/∂a = −1", np.negative, lambda g, y, a: (-g,))
POWER = Operation(
    "power",
    "^",
    "power rule",
    "∂(aⁿ)/∂a = n aⁿ⁻¹",
    lambda a, *, exponent: a**exponent,
    lambda g, y, a, *, exponent: (g * exponent * a ** (exponent - 1),),
)
EXP = Operation("exp", "exp", "exponential rule", "∂eᵃ/∂a = eᵃ", np.exp, lambda g, y, a: (g * y,))
LOG = Operation(
    "log", "log", "logarithm rule", "∂(log a)/∂a = 1/a", np.log, lambda g, y, a: (g / a,)
)
ABS = Operation(
    "abs", "|·|", "absolute value", "∂|a|/∂a = sign(a)", np.abs, lambda g, y, a: (g * np.sign(a),)
)
TANH = Operation(
    "tanh", "tanh", "tanh rule", "∂y/∂a = 1 − y²", np.tanh, lambda g, y, a: (g * (1 - y**2),)
)
SIGMOID = Operation(
    "sigmoid",
    "σ",
    "sigmoid rule",
    "∂y/∂a = y (1 − y)",
    lambda a: (1 + np.tanh(a / 2)) / 2,  # the same as 1 / (1 + exp(-a)), can't overflow
    lambda g, y, a: (g * y * (1 - y),),
)
RELU = Operation(
    "relu",
    "ReLU",
    "ReLU rule",
    "∂y/∂a = 1 for a > 0, else 0",
    lambda a: np.maximum(a, 0),
    lambda g, y, a: (g * (a > 0),),
)

# Not element by element: shapes change.


def _matmul_backward(g: Array, y: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Treat a vector on the left as a row, on the right as a column; then G·Bᵀ and Aᵀ·G."""
    row = a[None, :] if a.ndim == 1 else a
    column = b[:, None] if b.ndim == 1 else b
    g = g.reshape(np.matmul(row, column).shape)
    d_row = unbroadcast(g @ column.swapaxes(-1, -2), row.shape)
    d_column = unbroadcast(row.swapaxes(-1, -2) @ g, column.shape)
    return d_row.reshape(a.shape), d_column.reshape(b.shape)


def _spread(g: Array, like: Array, axis: Axis, keepdims: bool) -> Array:
    """Copy the gradient of a reduced array back over the axes that were reduced."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, like.shape)


def _sum_backward(
    g: Array, y: Array, a: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Array]:
    return (_spread(g, a, axis, keepdims),)


def _mean_backward(
    g: Array, y: Array, a: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Array]:
    return (_spread(g, a, axis, keepdims) * y.size / a.size,)


def _max_backward(
    g: Array, y: Array, a: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Array]:
    """Only the largest element gets the gradient; equal ones share it, as in ``amax``."""
    largest = (a == _spread(y, a, axis, keepdims)).astype(float)
    share = largest / largest.sum(axis=axis, keepdims=True)
    return (_spread(g, a, axis, keepdims) * share,)


def _index_backward(g: Array, y: Array, a: Array, *, index: Any) -> tuple[Array]:
    gradient = np.zeros_like(a)
    np.add.at(gradient, index, g)  # an element that was taken twice gets both gradients
    return (gradient,)


def _windows(x: Array, weight: Array, stride: int, padding: int) -> Array:
    """Return all patches that the kernel meets (im2col): (n, c, out_h, out_w, kh, kw)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    views = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def _conv2d(x: Array, weight: Array, *, stride: int = 1, padding: int = 0) -> Array:
    return np.einsum("nchwij,ocij->nohw", _windows(x, weight, stride, padding), weight)


def _conv2d_backward(
    g: Array, y: Array, x: Array, weight: Array, *, stride: int = 1, padding: int = 0
) -> tuple[Array, Array]:
    d_weight = np.einsum("nohw,nchwij->ocij", g, _windows(x, weight, stride, padding))
    n, c, height, width = x.shape
    d_x = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):  # what each kernel element read, it gives back
        rows = slice(i, i + stride * g.shape[2], stride)
        columns = slice(j, j + stride * g.shape[3], stride)
        d_x[:, :, rows, columns] += np.einsum("nohw,oc->nchw", g, weight[:, :, i, j])
    return d_x[:, :, padding : padding + height, padding : padding + width], d_weight


MATMUL = Operation(
    "matmul",
    "@",
    "matrix product rule",
    "∂L/∂A = G Bᵀ, ∂L/∂B = Aᵀ G",
    np.matmul,
    _matmul_backward,
    elementwise=False,
)
SUM = Operation(
    "sum", "Σ", "sum rule", "∂(Σ aᵢ)/∂aᵢ = 1: copy the gradient", np.sum, _sum_backward, False
)
MEAN = Operation("mean", "mean", "mean rule", "∂(mean a)/∂aᵢ = 1/n", np.mean, _mean_backward, False)
MAX = Operation(
    "max",
    "max",
    "max rule",
    "∂(max a)/∂aᵢ = 1 for the largest, else 0",
    np.max,
    _max_backward,
    False,
)
INDEX = Operation(
    "index",
    "[ ]",
    "selection rule",
    "the gradient goes back to where the elements were taken from",
    lambda a, *, index: a[index],
    _index_backward,
    elementwise=False,
)
RESHAPE = Operation(
    "reshape",
    "reshape",
    "reshape rule",
    "the gradient gets the old shape back",
    lambda a, *, shape: a.reshape(shape),
    lambda g, y, a, *, shape: (g.reshape(a.shape),),
    elementwise=False,
)
TRANSPOSE = Operation(
    "transpose", "ᵀ", "transpose rule", "∂L/∂A = Gᵀ", np.transpose, lambda g, y, a: (g.T,), False
)
CONV2D = Operation(
    "conv2d",
    "conv",
    "convolution rule",
    "∂L/∂W = patches × G, ∂L/∂x = every patch gets W × G",
    _conv2d,
    _conv2d_backward,
    elementwise=False,
)
