r"""Regularizers: penalties that keep weights small, and dropout.

A penalty is added to the loss, so its gradient is added to the loss's gradient. λ is called
`strength` in code. The penalty of a net is the sum over its weights, usually without biases.
L2 is λΣw², so PyTorch's ``weight_decay`` of SGD is 2λ; for Adam they differ, hence AdamW.
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_same_shape

__all__ = [
    "dropout",
    "dropout_grad",
    "dropout_mask",
    "l1_penalty",
    "l1_penalty_grad",
    "l2_penalty",
    "l2_penalty_grad",
    "soft_threshold",
]


def l1_penalty(weights: torch.Tensor, *, strength: float) -> torch.Tensor:
    r"""Compute the L1 penalty (LASSO), which makes weights exactly zero.

    Parameters
    ----------
    weights : torch.Tensor
        w, any shape, floating point.
    strength : float
        λ ≥ 0.

    Returns
    -------
    torch.Tensor
        A scalar ≥ 0.

    Raises
    ------
    ParameterError
        If `strength` < 0 or the weights are not floating point.

    Notes
    -----
    .. math:: \lambda \sum_i |w_i|

    Lecture: ``lectures/04_overfitting.ipynb``

    References
    ----------
    Tibshirani, "Regression Shrinkage and Selection via the Lasso", *JRSS B* 58, 1996.
    """
    _require_penalty(weights, strength)
    return strength * weights.abs().sum()


def l1_penalty_grad(weights: torch.Tensor, *, strength: float) -> torch.Tensor:
    r"""Return the derivative of :func:`l1_penalty`: the same pull on every weight, large or small.

    Parameters
    ----------
    weights, strength : as for l1_penalty
        w and λ.

    Returns
    -------
    torch.Tensor
        Same shape as w; 0 at the corner w = 0, as in PyTorch.

    Notes
    -----
    .. math:: \lambda \operatorname{sign}(w)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    _require_penalty(weights, strength)
    return strength * weights.sign()


def l2_penalty(weights: torch.Tensor, *, strength: float) -> torch.Tensor:
    r"""Compute the L2 penalty (ridge), which makes weights small but never zero.

    Parameters
    ----------
    weights : torch.Tensor
        w, any shape, floating point.
    strength : float
        λ ≥ 0.

    Returns
    -------
    torch.Tensor
        A scalar ≥ 0.

    Raises
    ------
    ParameterError
        If `strength` < 0 or the weights are not floating point.

    Notes
    -----
    .. math:: \lambda \sum_i w_i^2

    Lecture: ``lectures/04_overfitting.ipynb``

    References
    ----------
    Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization", NeurIPS 1991.
    """
    _require_penalty(weights, strength)
    return strength * weights.square().sum()


def l2_penalty_grad(weights: torch.Tensor, *, strength: float) -> torch.Tensor:
    r"""Return the derivative of :func:`l2_penalty`: a pull in proportion to the weight.

    Parameters
    ----------
    weights, strength : as for l2_penalty
        w and λ.

    Returns
    -------
    torch.Tensor
        Same shape as w.

    Notes
    -----
    .. math:: 2 \lambda w

    Gradient descent on it alone multiplies w by :math:`1 - 2\eta\lambda` in every step.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    _require_penalty(weights, strength)
    return 2 * strength * weights


def soft_threshold(weights: torch.Tensor, *, threshold: float) -> torch.Tensor:
    r"""Return weights moved towards zero by a threshold, and zero if they are within it.

    This is why L1 makes zeros; L2 in its place would only divide, :math:`w / (1 + 2\tau)`.

    Parameters
    ----------
    weights : torch.Tensor
        w, any shape, floating point: where the loss alone has its minimum.
    threshold : float
        τ ≥ 0; η λ after a step of gradient descent on the loss (proximal gradient descent).

    Returns
    -------
    torch.Tensor
        Same shape.

    Raises
    ------
    ParameterError
        If `threshold` < 0 or the weights are not floating point.

    Notes
    -----
    .. math:: \operatorname*{arg\,min}_v \tfrac 12 (v - w)^2 + \tau |v|
              = \operatorname{sign}(w) \max(|w| - \tau, 0)

    Lecture: ``lectures/04_overfitting.ipynb``

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2009, section 3.4.3.
    """
    require_float("weights", weights)
    if not threshold >= 0:
        raise ParameterError(f"expected threshold ≥ 0, got {threshold}")
    return weights.sign() * (weights.abs() - threshold).clamp_min(0)


def dropout_mask(
    like: torch.Tensor, *, p: float = 0.5, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Return a random mask that zeroes each unit with probability p and scales the others.

    Parameters
    ----------
    like : torch.Tensor
        Gives shape, dtype (floating point) and device.
    p : float
        Probability of zeroing, 0 ≤ p < 1.
    generator : torch.Generator, optional
        Source of randomness, on the device of `like`.

    Returns
    -------
    torch.Tensor
        Zeros and 1 / (1 - p), whose expectation is 1.

    Raises
    ------
    ParameterError
        If p is out of range.

    Notes
    -----
    .. math:: m_i = \begin{cases} 0 & \text{with probability } p \\
              1 / (1 - p) & \text{otherwise} \end{cases}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    _require_dropout("like", like, p)
    kept = torch.rand(like.shape, generator=generator, device=like.device) >= p
    return kept.to(like.dtype) / (1 - p)


def dropout(
    inputs: torch.Tensor,
    *,
    p: float = 0.5,
    training: bool = True,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return hidden units of which some are switched off, in training; all of them otherwise.

    What is left is scaled to keep the expectation (the paper scales in evaluation instead).

    Parameters
    ----------
    inputs : torch.Tensor
        h, any shape, floating point.
    p : float
        Probability of zeroing, 0 ≤ p < 1.
    training : bool
        Train or eval mode.
    generator : torch.Generator, optional
        Source of randomness. :func:`dropout_mask` with the same seed gives the same mask.

    Returns
    -------
    torch.Tensor
        Same shape.

    Raises
    ------
    ParameterError
        If p is out of range.

    Notes
    -----
    .. math:: y_i = m_i h_i

    with the mask of :func:`dropout_mask`. Every mask is another net; all share their
    weights, and evaluation is about the average of all.

    Lecture: ``lectures/04_overfitting.ipynb``

    References
    ----------
    Srivastava et al., "Dropout", *Journal of Machine Learning Research* 15, 2014.
    """
    _require_dropout("inputs", inputs, p)
    return inputs * dropout_mask(inputs, p=p, generator=generator) if training else inputs


def dropout_grad(upstream: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    r"""Return the gradient of dropout in training: the same mask on the way back.

    Parameters
    ----------
    upstream : torch.Tensor
        ∂L/∂y, any shape, floating point.
    mask : torch.Tensor
        The mask of the way forward, same shape.

    Returns
    -------
    torch.Tensor
        ∂L/∂h, same shape: a unit that was off learns nothing.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial h_i} = m_i \frac{\partial L}{\partial y_i}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_float("upstream", upstream)
    require_same_shape("upstream", upstream, "mask", mask)
    return upstream * mask


def _require_penalty(weights: torch.Tensor, strength: float) -> None:
    require_float("weights", weights)
    if not strength >= 0:
        raise ParameterError(f"expected strength ≥ 0, got {strength}")


def _require_dropout(name: str, tensor: torch.Tensor, p: float) -> None:
    require_float(name, tensor)
    if not 0 <= p < 1:
        raise ParameterError(f"expected 0 ≤ p < 1, got {p}")
