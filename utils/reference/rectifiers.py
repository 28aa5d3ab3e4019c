"""ReLU and its relatives, with their derivatives worked out by hand.

They act on every element of a tensor of any shape and any floating-point dtype, and keep
both. ``*_grad`` takes the same argument as its function, the pre-activation z, and
returns dφ/dz of every element; autograd through the function gives the same.
Where there is a corner (ReLU and leaky ReLU at z = 0), the derivative is that of the left
side, as in PyTorch. :mod:`utils.reference.activations` gathers all activations.
"""

import math

import torch

from utils.reference.checks import require_float
from utils.reference.saturating import minus_abs, sigmoid

__all__ = [
    "gelu",
    "gelu_grad",
    "leaky_relu",
    "leaky_relu_grad",
    "relu",
    "relu_grad",
    "softplus",
    "softplus_grad",
    "softplus_naive",
]


def relu(z: torch.Tensor) -> torch.Tensor:
    r"""Return z where it is positive and 0 elsewhere (rectified linear unit).

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
    .. math:: \operatorname{ReLU}(z) = \max(0, z)

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines",
    ICML 2010.
    """
    require_float("z", z)
    return torch.where(z <= 0, 0, z)


def relu_grad(z: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`relu`: 1 for z > 0, else 0.

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
    .. math:: \operatorname{ReLU}'(z) = [z > 0]

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    require_float("z", z)
    return (z > 0).to(z.dtype)


def leaky_relu(z: torch.Tensor, *, negative_slope: float = 0.01) -> torch.Tensor:
    r"""Return z where it is positive and a small multiple of z elsewhere.

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.
    negative_slope : float
        The slope a for z ≤ 0; 0 gives ReLU, 1 the identity.

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
    .. math:: \varphi(z) = z \text{ for } z > 0, \quad a z \text{ for } z \le 0

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    Models", ICML 2013.
    """
    require_float("z", z)
    return torch.where(z > 0, z, negative_slope * z)


def leaky_relu_grad(z: torch.Tensor, *, negative_slope: float = 0.01) -> torch.Tensor:
    r"""Return the derivative of :func:`leaky_relu`.

    Parameters
    ----------
    z : torch.Tensor
        Pre-activations; any shape, any floating-point dtype.
    negative_slope : float
        The slope a for z ≤ 0; 0 gives ReLU, 1 the identity.

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
    .. math:: \varphi'(z) = 1 \text{ for } z > 0, \quad a \text{ for } z \le 0

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    require_float("z", z)
    return torch.where(z > 0, torch.ones_like(z), negative_slope)


def softplus(z: torch.Tensor) -> torch.Tensor:
    r"""Return the softplus of every element: a ReLU without the corner.

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
    .. math:: \zeta(z) = \log(1 + e^{z}) = \max(0, z) + \log(1 + e^{-|z|})

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Dugas, Bengio et al., "Incorporating Second-Order Functional Knowledge for Better
    Option Pricing", NIPS 2000.
    """
    e = torch.exp(minus_abs(z))
    return z.clamp(min=0) + torch.log1p(e)


def softplus_naive(z: torch.Tensor) -> torch.Tensor:
    r"""Return the softplus as written in books: infinite where :math:`e^z` overflows.

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
    .. math:: \zeta(z) = \log(1 + e^{z})

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    require_float("z", z)
    return torch.log(1 + torch.exp(z))


def softplus_grad(z: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`softplus`, which is the sigmoid.

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
    .. math:: \zeta'(z) = \frac{e^{z}}{1 + e^{z}} = \sigma(z)

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    return sigmoid(z)


def gelu(z: torch.Tensor) -> torch.Tensor:
    r"""Return z weighted by the normal distribution function (the exact GELU).

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
    .. math:: \operatorname{GELU}(z) = z\,\Phi(z),
              \qquad \Phi(z) = \tfrac12\left(1 + \operatorname{erf}(z/\sqrt2)\right)

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, 2016.
    """
    require_float("z", z)
    return z * torch.erfc(-z / math.sqrt(2)) / 2


def gelu_grad(z: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`gelu`; it exceeds 1 around z = 1.4.

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
    .. math:: \operatorname{GELU}'(z) = \Phi(z) + z\,\frac{e^{-z^2/2}}{\sqrt{2\pi}}

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    require_float("z", z)
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.erfc(-z / math.sqrt(2)) / 2 + z * density
