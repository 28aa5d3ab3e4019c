"""The sigmoid and the hyperbolic tangent, with their derivatives worked out by hand.

They act on every element of a tensor of any shape and any floating-point dtype, and keep
both. ``*_grad`` takes the same argument as its function, the pre-activation z, and
returns dφ/dz of every element; autograd through the function gives the same.
:mod:`utils.reference.activations` gathers all activations.
"""

import torch

from utils.reference.checks import require_float

__all__ = ["minus_abs", "sigmoid", "sigmoid_grad", "sigmoid_naive", "tanh", "tanh_grad"]


def minus_abs(z: torch.Tensor) -> torch.Tensor:
    """Return -|z|, whose exponential can't overflow.

    ``-z.abs()`` would do for the values, but autograd gives it the slope 0 at z = 0, and
    sigmoid'(0) would come out as 0 instead of 1/4.

    Parameters
    ----------
    z : torch.Tensor
        Any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype, ≤ 0.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: -|z|

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    require_float("z", z)
    return torch.where(z >= 0, -z, z)


def sigmoid(z: torch.Tensor) -> torch.Tensor:
    r"""Return the logistic sigmoid of every element, in (0, 1).

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations or logits; any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype; accurate in both tails.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}} = \frac{e^{z}}{1 + e^{z}}

    The first form is used for z ≥ 0, the second one for z < 0: neither can overflow.

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 3.10.
    """
    e = torch.exp(minus_abs(z))
    return torch.where(z >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_naive(z: torch.Tensor) -> torch.Tensor:
    r"""Return the sigmoid as written in books; autograd through it fails far below zero.

    At z = -1000 the exponential overflows. The value still comes out as 0, but the
    derivative as ∞·0 = NaN.

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}}

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_float("z", z)
    return 1 / (1 + torch.exp(-z))


def sigmoid_grad(z: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`sigmoid` at z, at most 1/4.

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: \sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \sigma(z)\,(1 - \sigma(z))
                         = \sigma(z)\,\sigma(-z)

    The last form keeps its digits where σ(z) rounds to 1.

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    return sigmoid(z) * sigmoid(-z)


def tanh(z: torch.Tensor) -> torch.Tensor:
    r"""Return the hyperbolic tangent of every element, in (-1, 1).

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: \tanh(z) = \frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}
              = \operatorname{sign}(z)\,\frac{1 - e^{-2|z|}}{1 + e^{-2|z|}} = 2\sigma(2z) - 1

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", in *Neural Networks: Tricks of the
    Trade*, Springer, 1998, section 4.4.
    """
    e_minus_1 = torch.expm1(2 * minus_abs(z))  # keeps the digits of e - 1 near z = 0
    magnitude = -e_minus_1 / (2 + e_minus_1)
    return torch.where(z >= 0, magnitude, -magnitude)


def tanh_grad(z: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`tanh` at z, at most 1.

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    ParameterError
        If `z` is not a floating-point tensor.

    Notes
    -----
    .. math:: \tanh'(z) = 1 - \tanh^2(z) = 4\,\sigma'(2z)

    The last form keeps its digits where tanh(z) rounds to ±1.

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    return 4 * sigmoid_grad(2 * z)
