"""The ROC curve and the area under it, for one tag or for many.

Higher scores mean "more likely true". The area is the chance that a true example gets a
higher score than a false one, a tie counting half: 0.5 for guessing, 1 for perfect order,
below 0.5 for an order that is worse than guessing. It does not depend on a threshold nor on
how rare the tag is, unlike accuracy and squared error.

References
----------
Fawcett, "An Introduction to ROC Analysis", *Pattern Recognition Letters* 27, 2006.
Choi, Fazekas and Sandler, "Automatic Tagging Using Deep Convolutional Neural Networks",
ISMIR 2016, section 3.
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_same_shape

__all__ = ["mean_roc_auc", "roc_auc", "roc_curve"]


def roc_curve(
    scores: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    r"""Compute one point a threshold: how many false and how many true examples pass it.

    Parameters
    ----------
    scores : torch.Tensor
        Shape (n,); an example passes a threshold if its score is at least as high.
    labels : torch.Tensor
        Shape (n,), 0 or 1 (or bool), with at least one of each.

    Returns
    -------
    false_positive_rate, true_positive_rate : torch.Tensor
        Shape (k + 1,) float64, from (0, 0) to (1, 1); k is the number of *different* scores.
    thresholds : torch.Tensor
        Shape (k + 1,) float64, falling; the first is infinite: nothing passes.

    Raises
    ------
    ParameterError
        If shapes or labels are wrong, only one class occurs or a score is NaN.

    Notes
    -----
    .. math:: \mathrm{FPR}(t) = \frac{|\{i : s_i \ge t,\, y_i = 0\}|}{|\{i : y_i = 0\}|},
              \qquad
              \mathrm{TPR}(t) = \frac{|\{i : s_i \ge t,\, y_i = 1\}|}{|\{i : y_i = 1\}|}

    Examples with equal scores pass together, so a tie is a slanted piece of the curve.

    Lecture: ``lectures/01_losses.ipynb``
    """
    _check(scores, labels)
    order = scores.argsort(descending=True)
    score, true = scores[order].double(), labels[order].double()
    last_of_tie = torch.ones_like(true, dtype=torch.bool)
    last_of_tie[:-1] = score[1:] != score[:-1]
    passed_true = true.cumsum(0)[last_of_tie]
    passed_false = (1 - true).cumsum(0)[last_of_tie]
    zero = passed_true.new_zeros(1)
    return (
        torch.cat([zero, passed_false / passed_false[-1]]),
        torch.cat([zero, passed_true / passed_true[-1]]),
        torch.cat([score.new_full((1,), torch.inf), score[last_of_tie]]),
    )


def roc_auc(scores: torch.Tensor, labels: torch.Tensor) -> float:
    r"""Compute the area under the ROC curve.

    Parameters
    ----------
    scores, labels : torch.Tensor
        As for :func:`roc_curve`.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ParameterError
        As in :func:`roc_curve`.

    Notes
    -----
    .. math:: \mathrm{AUC} = \int \mathrm{TPR}\,d\,\mathrm{FPR}
              = P(s_+ > s_-) + \tfrac12 P(s_+ = s_-)

    Lecture: ``lectures/01_losses.ipynb``
    """
    false_positive_rate, true_positive_rate, _ = roc_curve(scores, labels)
    return float(torch.trapezoid(true_positive_rate, false_positive_rate))


def mean_roc_auc(scores: torch.Tensor, labels: torch.Tensor) -> float:
    r"""Compute the area for every tag and average: every tag counts the same, however rare.

    Parameters
    ----------
    scores : torch.Tensor
        Shape (n, n_tags).
    labels : torch.Tensor
        Shape (n, n_tags), 0 or 1; every tag occurs and is missing at least once.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ParameterError
        If the shapes are wrong, or as in :func:`roc_curve` for any tag.

    Notes
    -----
    .. math:: \frac1K \sum_{k=1}^K \mathrm{AUC}_k

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_same_shape("scores", scores, "labels", labels)
    if scores.ndim != 2 or scores.shape[1] == 0:
        raise ParameterError(f"expected scores of shape (n, n_tags), got {tuple(scores.shape)}")
    areas = [roc_auc(s, y) for s, y in zip(scores.T, labels.T, strict=True)]
    return sum(areas) / len(areas)


def _check(scores: torch.Tensor, labels: torch.Tensor) -> None:
    require_same_shape("scores", scores, "labels", labels)
    if scores.ndim != 1:
        raise ParameterError(f"expected scores of shape (n,), got shape={tuple(scores.shape)}")
    if bool(scores.isnan().any()):
        raise ParameterError("expected scores without NaN, got NaN")
    found = sorted(labels.double().unique().tolist())
    if found != [0.0, 1.0]:
        raise ParameterError(f"expected labels 0 and 1, both present, got {found[:5]}")
