"""Regression losses, each with its derivative with respect to the prediction.

Conventions: the prediction ŷ comes first, then the target y; both have the same shape, as
nothing is broadcast: a column against a row would silently make a matrix. A ``*_loss`` is
the loss of every element, as on the slides; ``mean_*`` averages over all elements of the
batch. (PyTorch's ``l1_loss`` is our :func:`mean_absolute_error`.) For the Huber loss see
:mod:`utils.reference.robust_losses`.

References
----------
Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd edition,
Springer, 2009, section 10.6.
"""

import torch

from utils.reference.checks import require_float, require_same_shape

__all__ = [
    "l1_loss",
    "l1_loss_grad",
    "l2_loss",
    "l2_loss_grad",
    "mean_absolute_error",
    "mean_absolute_error_grad",
    "mean_squared_error",
    "mean_squared_error_grad",
    "signed_error",
    "signed_error_grad",
]


def signed_error(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the plain difference, which is *not* a usable loss.

    It has no minimum (a lower prediction is always "better"), and errors of opposite sign
    cancel in the mean.

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.

    Returns
    -------
    torch.Tensor
        The difference of every element; same shape.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point.

    Notes
    -----
    .. math:: L(\hat y, y) = \hat y - y

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_float("prediction", prediction)
    require_float("target", target)
    require_same_shape("prediction", prediction, "target", target)
    return prediction - target


def signed_error_grad(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`signed_error`: always "lower the prediction".

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`signed_error`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y} = 1

    Lecture: ``lectures/01_losses.ipynb``
    """
    return torch.ones_like(signed_error(prediction, target))


def l1_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the absolute error of every element.

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.

    Returns
    -------
    torch.Tensor
        Loss of every element, ≥ 0; same shape.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point.

    Notes
    -----
    .. math:: L(\hat y, y) = |\hat y - y|

    Lecture: ``lectures/01_losses.ipynb``
    """
    return signed_error(prediction, target).abs()


def l1_loss_grad(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`l1_loss`: the same pull at any distance.

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`l1_loss`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y} = \operatorname{sign}(\hat y - y)

    It is 0 at the corner, ŷ = y.

    Lecture: ``lectures/01_losses.ipynb``
    """
    return signed_error(prediction, target).sign()


def l2_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the squared error of every element.

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.

    Returns
    -------
    torch.Tensor
        Loss of every element, ≥ 0, in the target's unit squared; same shape.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point.

    Notes
    -----
    .. math:: L(\hat y, y) = (\hat y - y)^2

    Lecture: ``lectures/01_losses.ipynb``
    """
    return signed_error(prediction, target) ** 2


def l2_loss_grad(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`l2_loss`: a pull in proportion to the error.

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`l2_loss`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y} = 2(\hat y - y)

    Lecture: ``lectures/01_losses.ipynb``
    """
    return 2 * signed_error(prediction, target)


def mean_absolute_error(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the mean of :func:`l1_loss` over all elements (MAE).

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.

    Returns
    -------
    torch.Tensor
        Scalar, ≥ 0.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point.

    Notes
    -----
    .. math:: L(\hat{\mathbf y}, \mathbf y) = \frac1n \sum_{i=1}^n |\hat y_i - y_i|

    The best constant prediction is the median of the targets.

    Lecture: ``lectures/01_losses.ipynb``
    """
    return l1_loss(prediction, target).mean()


def mean_absolute_error_grad(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`mean_absolute_error`: each element pulls with 1/n.

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`mean_absolute_error`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y_i} = \frac1n \operatorname{sign}(\hat y_i - y_i)

    Lecture: ``lectures/01_losses.ipynb``
    """
    return l1_loss_grad(prediction, target) / prediction.numel()


def mean_squared_error(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the mean of :func:`l2_loss` over all elements (MSE).

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.

    Returns
    -------
    torch.Tensor
        Scalar, ≥ 0, in the target's unit squared.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point.

    Notes
    -----
    .. math:: L(\hat{\mathbf y}, \mathbf y) = \frac1n \sum_{i=1}^n (\hat y_i - y_i)^2

    The best constant prediction is the mean of the targets. Its square root is the RMS
    error; the loss itself is not.

    Lecture: ``lectures/01_losses.ipynb``
    """
    return l2_loss(prediction, target).mean()


def mean_squared_error_grad(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the derivative of :func:`mean_squared_error`: outliers pull hardest.

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`mean_squared_error`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y_i} = \frac2n (\hat y_i - y_i)

    Lecture: ``lectures/01_losses.ipynb``
    """
    return l2_loss_grad(prediction, target) / prediction.numel()
