"""Losses for two classes: binary cross entropy, from probabilities or logits, and hinge.

Conventions: predictions first, then targets, of the same shape. Natural logarithms. The
mean runs over the batch, in the loss and in its gradient; ``reduction="sum"`` gives N times
as much, ``"none"`` one loss an element. Gradients are with respect to the predictions.

From probabilities, a confident wrong answer costs infinity (PyTorch stops at 100); from
logits the loss stays finite. The ``*_naive`` form shows what goes wrong on the way through
probabilities.

References
----------
Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 6.2.2.2.
"""

import torch

from utils.errors import ParameterError
from utils.reference.activations import sigmoid, sigmoid_naive, softplus
from utils.reference.checks import (
    Reduction,
    reduce_loss,
    require_float,
    require_positive,
    require_same_shape,
    share_gradient,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_grad",
    "binary_cross_entropy_naive",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_grad",
    "hinge_loss",
    "hinge_loss_grad",
]


def _require_probabilities(name: str, tensor: torch.Tensor) -> None:
    require_float(name, tensor)
    if not bool(((tensor >= 0) & (tensor <= 1)).all()):
        low, high = float(tensor.min()), float(tensor.max())
        raise ParameterError(f"expected {name} from 0 to 1, got values from {low:g} to {high:g}")


def binary_cross_entropy(
    probs: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the binary cross entropy (log loss) of predicted probabilities.

    Parameters
    ----------
    probs : torch.Tensor
        ŷ, the probability of class 1, in [0, 1]; any shape, floating point.
    targets : torch.Tensor
        y, in [0, 1], mostly 0 or 1; same shape.
    reduction : {"mean", "sum", "none"}
        Over all elements.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0 in nats, or one loss an element. 0·log 0 counts as 0.

    Raises
    ------
    ParameterError
        If the shapes differ or a value leaves [0, 1] (are these logits?).

    Notes
    -----
    .. math:: L(\hat y, y) = -y \log\hat y - (1 - y)\log(1 - \hat y)

    For y = 1 only the first term is left, for y = 0 only the second.

    Lecture: ``lectures/01_losses.ipynb``
    """
    _require_probabilities("probs", probs)
    _require_probabilities("targets", targets)
    require_same_shape("probs", probs, "targets", targets)
    losses = -torch.xlogy(targets, probs) - torch.special.xlog1py(1 - targets, -probs)
    return reduce_loss(losses, reduction)


def binary_cross_entropy_grad(
    probs: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the gradient of :func:`binary_cross_entropy` with respect to the probabilities.

    Parameters
    ----------
    probs, targets, reduction
        As for :func:`binary_cross_entropy`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ, same shape; infinite where a prediction is surely wrong.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial\hat y} = -\frac{y}{\hat y} + \frac{1 - y}{1 - \hat y}
              = \frac{\hat y - y}{\hat y\,(1 - \hat y)}

    Lecture: ``lectures/01_losses.ipynb``
    """
    binary_cross_entropy(probs, targets)  # checks the arguments
    of_one = torch.where(targets == 0, 0, targets / probs)
    of_zero = torch.where(targets == 1, 0, (1 - targets) / (1 - probs))
    return share_gradient(of_zero - of_one, probs.numel(), reduction)


def binary_cross_entropy_with_logits(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the binary cross entropy of σ(logits) without ever computing σ.

    Parameters
    ----------
    logits : torch.Tensor
        z, any real numbers; any shape, floating point.
    targets : torch.Tensor
        y, in [0, 1]; same shape.
    reduction : {"mean", "sum", "none"}
        Over all elements.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0 in nats, or one loss an element; finite.

    Raises
    ------
    ParameterError
        If the shapes differ or a target leaves [0, 1].

    Notes
    -----
    .. math:: -y\log\sigma(z) - (1 - y)\log(1 - \sigma(z)) = \log(1 + e^{z}) - y z

    Lecture: ``lectures/01_losses.ipynb``
    """
    _require_probabilities("targets", targets)
    require_same_shape("logits", logits, "targets", targets)
    return reduce_loss(softplus(logits) - targets * logits, reduction)


def binary_cross_entropy_with_logits_grad(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the gradient of :func:`binary_cross_entropy_with_logits`: prediction minus target.

    Parameters
    ----------
    logits, targets, reduction
        As for :func:`binary_cross_entropy_with_logits`.

    Returns
    -------
    torch.Tensor
        ∂L/∂z, same shape, in [-1, 1] before the mean: it never vanishes on a wrong answer,
        as that of the squared error does.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial z} = \sigma(z) - y

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_same_shape("logits", logits, "targets", targets)
    return share_gradient(sigmoid(logits) - targets, logits.numel(), reduction)


def binary_cross_entropy_naive(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the same by way of σ(z): ∞ or NaN as soon as σ(z) rounds to 0 or 1.

    Parameters
    ----------
    logits, targets, reduction
        As for :func:`binary_cross_entropy_with_logits`.

    Returns
    -------
    torch.Tensor
        At the logit 1000: ∞ for y = 0 (right: 1000), NaN for y = 1 (right: 0).

    Notes
    -----
    .. math:: -y\log\sigma(z) - (1 - y)\log(1 - \sigma(z))

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_same_shape("logits", logits, "targets", targets)
    probs = sigmoid_naive(logits)
    losses = -targets * probs.log() - (1 - targets) * (1 - probs).log()
    return reduce_loss(losses, reduction)


def hinge_loss(
    scores: torch.Tensor,
    targets: torch.Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> torch.Tensor:
    r"""Return the hinge loss, zero once a score is on the right side by the margin.

    Parameters
    ----------
    scores : torch.Tensor
        s, any real numbers; any shape, floating point.
    targets : torch.Tensor
        y, -1 or +1 (*not* 0 or 1); same shape.
    margin : float
        m > 0, how far on the right side is far enough.
    reduction : {"mean", "sum", "none"}
        Over all elements.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0, or one loss an element.

    Raises
    ------
    ParameterError
        If the shapes differ, a target is not ±1 or `margin` ≤ 0.

    Notes
    -----
    .. math:: L(s, y) = \max(0, m - y s)

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Cortes and Vapnik, "Support-Vector Networks", *Machine Learning* 20, 1995.
    """
    require_float("scores", scores)
    require_same_shape("scores", scores, "targets", targets)
    require_positive("margin", margin)
    if not bool((targets.abs() == 1).all()):
        raise ParameterError(f"expected targets -1 or +1, got {targets.unique().tolist()[:5]}")
    return reduce_loss((margin - targets * scores).clamp(min=0), reduction)


def hinge_loss_grad(
    scores: torch.Tensor,
    targets: torch.Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> torch.Tensor:
    r"""Return the gradient of :func:`hinge_loss`: -y inside the margin, 0 outside.

    Parameters
    ----------
    scores, targets, margin, reduction
        As for :func:`hinge_loss`.

    Returns
    -------
    torch.Tensor
        ∂L/∂s, same shape; 0 at the corner.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial s} = -y\,[y s < m]

    Lecture: ``lectures/01_losses.ipynb``
    """
    losses = hinge_loss(scores, targets, margin=margin, reduction="none")
    inside = (losses > 0).to(scores.dtype)
    return share_gradient(-targets * inside, scores.numel(), reduction)
