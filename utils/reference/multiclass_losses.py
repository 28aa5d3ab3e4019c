"""Losses for many exclusive classes: cross entropy and the multi-class hinge loss.

Conventions: logits or scores first, then targets; the class axis is the *last* one
(PyTorch's ``cross_entropy`` puts it second; for ``(batch, n_classes)`` that is the same).
Natural logarithms. The mean runs over the examples of the batch, in the loss and in its
gradient; ``reduction="sum"`` gives N times as much, ``"none"`` one loss an example.

References
----------
Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 6.2.2.3.
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import (
    Reduction,
    reduce_loss,
    require_class_index,
    require_float,
    require_positive,
    require_same_shape,
    share_gradient,
)
from utils.reference.softmax import log_softmax, softmax, softmax_naive

__all__ = [
    "cross_entropy",
    "cross_entropy_grad",
    "cross_entropy_naive",
    "cross_entropy_terms",
    "multiclass_hinge_loss",
    "multiclass_hinge_loss_grad",
]


def _distribution(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return targets as one row of probabilities an example: a class index becomes one-hot."""
    require_float("logits", logits)
    if targets.is_floating_point():
        require_same_shape("targets", targets, "logits", logits)
        sums = targets.sum(-1)
        if not torch.allclose(sums, torch.ones_like(sums), atol=1e-2):
            raise ParameterError("expected targets that sum to 1 over the classes (one-hot?)")
        return targets
    if targets.shape != logits.shape[:-1]:
        raise ParameterError(
            f"expected class indices of shape={tuple(logits.shape[:-1])}, "
            f"got shape={tuple(targets.shape)}"
        )
    require_class_index("targets", targets, logits.shape[-1])
    return torch.nn.functional.one_hot(targets.long(), logits.shape[-1]).to(logits.dtype)


def cross_entropy_terms(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    r"""Return the terms of the cross entropy, one a class: only that of the true class is not 0.

    Parameters
    ----------
    logits : torch.Tensor
        Scores, shape (..., n_classes), floating point.
    targets : torch.Tensor
        Class indices, shape (...), integer; or one-hot rows (or any probabilities that sum
        to 1), shape (..., n_classes), floating point.

    Returns
    -------
    torch.Tensor
        Terms ≥ 0 in nats, shape (..., n_classes).

    Raises
    ------
    ParameterError
        If a shape does not fit, an index is out of range or a row does not sum to 1.

    Notes
    -----
    .. math:: -y_k \log\hat y_k, \qquad \hat{\mathbf y} = \operatorname{softmax}(\tilde{\mathbf y})

    Lecture: ``lectures/01_losses.ipynb``
    """
    y = _distribution(logits, targets)
    return torch.where(y == 0, 0, -y * log_softmax(logits))


def cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the cross entropy between the targets and softmax(logits).

    Parameters
    ----------
    logits, targets
        As for :func:`cross_entropy_terms`.
    reduction : {"mean", "sum", "none"}
        Over the examples.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0 in nats, or one loss an example. For one-hot targets this is minus the
        log likelihood of the true class.

    Raises
    ------
    ParameterError
        As in :func:`cross_entropy_terms`.

    Notes
    -----
    .. math:: L(\hat{\mathbf y}, \mathbf y) = -y_1\log\hat y_1 - \dots - y_n\log\hat y_n
              = -\sum_{k=1}^n y_k \log\hat y_k

    Lecture: ``lectures/01_losses.ipynb``
    """
    return reduce_loss(cross_entropy_terms(logits, targets).sum(-1), reduction)


def cross_entropy_grad(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the gradient of :func:`cross_entropy`: predicted minus true probabilities.

    Parameters
    ----------
    logits, targets, reduction
        As for :func:`cross_entropy`.

    Returns
    -------
    torch.Tensor
        :math:`\partial L/\partial\tilde y`, the shape of `logits`; every row sums to 0.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial\tilde y_k} = \hat y_k - y_k

    Lecture: ``lectures/01_losses.ipynb``
    """
    y = _distribution(logits, targets)
    n_examples = y[..., 0].numel()
    return share_gradient(softmax(logits) - y, n_examples, reduction)


def cross_entropy_naive(
    logits: torch.Tensor, targets: torch.Tensor, *, reduction: Reduction = "mean"
) -> torch.Tensor:
    r"""Return the same by way of the softmax of the books: NaN where it overflows.

    Parameters
    ----------
    logits, targets, reduction
        As for :func:`cross_entropy`.

    Returns
    -------
    torch.Tensor
        NaN for a score of 1000 (∞/∞), or where a one-hot zero meets log 0.

    Notes
    -----
    .. math:: -\sum_k y_k \log\frac{e^{\tilde y_k}}{\sum_j e^{\tilde y_j}}

    Lecture: ``lectures/01_losses.ipynb``
    """
    y = _distribution(logits, targets)
    return reduce_loss(-(y * softmax_naive(logits).log()).sum(-1), reduction)


def multiclass_hinge_loss(
    scores: torch.Tensor,
    targets: torch.Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> torch.Tensor:
    r"""Return the hinge loss for many classes: every rival within the margin adds to it.

    Parameters
    ----------
    scores : torch.Tensor
        s, shape (..., n_classes), floating point.
    targets : torch.Tensor
        Class indices y, shape (...), integer.
    margin : float
        m > 0, by how much the true class should win.
    reduction : {"mean", "sum", "none"}
        Over the examples.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0, or one loss an example. (PyTorch's ``multi_margin_loss`` divides by
        the number of classes as well.)

    Raises
    ------
    ParameterError
        If a shape does not fit, an index is out of range or `margin` ≤ 0.

    Notes
    -----
    .. math:: L(\mathbf s, y) = \sum_{k \ne y} \max(0, m + s_k - s_y)

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Weston and Watkins, "Support Vector Machines for Multi-Class Pattern Recognition",
    ESANN 1999.
    """
    return reduce_loss(_hinge_terms(scores, targets, margin).sum(-1), reduction)


def multiclass_hinge_loss_grad(
    scores: torch.Tensor,
    targets: torch.Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> torch.Tensor:
    r"""Return the gradient of :func:`multiclass_hinge_loss`.

    Parameters
    ----------
    scores, targets, margin, reduction
        As for :func:`multiclass_hinge_loss`.

    Returns
    -------
    torch.Tensor
        ∂L/∂s, the shape of `scores`; every row sums to 0.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial s_k} = [m + s_k - s_y > 0] \text{ for } k \ne y,
              \qquad \frac{\partial L}{\partial s_y}
              = -\sum_{k \ne y} [m + s_k - s_y > 0]

    Lecture: ``lectures/01_losses.ipynb``
    """
    grad = (_hinge_terms(scores, targets, margin) > 0).to(scores.dtype)
    grad.scatter_(-1, targets.long().unsqueeze(-1), -grad.sum(-1, keepdim=True))
    return share_gradient(grad, targets.numel(), reduction)


def _hinge_terms(scores: torch.Tensor, targets: torch.Tensor, margin: float) -> torch.Tensor:
    """Return what each rival adds, shape (..., n_classes); 0 for the true class itself."""
    require_positive("margin", margin)
    require_class_index("targets", targets, scores.shape[-1])
    one_hot = _distribution(scores, targets)
    true_score = (scores * one_hot).sum(-1, keepdim=True)
    return (margin + scores - true_score).clamp(min=0) * (1 - one_hot)
