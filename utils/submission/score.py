"""The score of a model: accuracy averaged over instrument groups, with its interval.

Every instrument counts the same. The interval is a cluster bootstrap by instrument
group: what a model can do shows in how many *instruments* it knows, not in how many
notes of each were asked.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.notes.vocabulary import N_FAMILIES
from utils.training.metrics import (
    cluster_bootstrap_interval,
    confusion_matrix,
    group_balanced_accuracy,
    per_family_recall,
)

__all__ = ["ModelScore", "ScoreDetails", "score_details", "score_logits"]


@dataclass(frozen=True, slots=True)
class ModelScore:
    """How well a model names the family of a note.

    Attributes
    ----------
    value : float
        Accuracy averaged over instrument groups, in [0, 1].
    low, high : float
        95 % interval, by cluster bootstrap over the groups.
    n_notes, n_groups : int
        Size of the split.
    split : str
        "practice" in the notebook, "hidden" in the grader.
    front_end : str
        Id of the front end that the model says it was trained on; "" if it does not say.
    """

    value: float
    low: float
    high: float
    n_notes: int
    n_groups: int
    split: str
    front_end: str

    def __str__(self) -> str:
        return (
            f"{self.split} score {self.value:.1%} (95 % interval {self.low:.1%} to "
            f"{self.high:.1%}; {self.n_notes} notes of {self.n_groups} instruments)"
        )


@dataclass(frozen=True)
class ScoreDetails:
    """What stands behind a score.

    Attributes
    ----------
    confusion : np.ndarray of int64, shape=(11, 11)
        Notes of each family (row) by what the model named (column).
    recall : np.ndarray of float64, shape=(11,)
        Fraction of each family's notes that were named right; NaN for a family that the
        split lacks.
    """

    confusion: NDArray[np.int64]
    recall: NDArray[np.float64]


def score_logits(
    logits: ArrayLike,
    families: ArrayLike,
    groups: ArrayLike,
    *,
    split: str,
    front_end: str = "",
    seed: int = 0,
) -> ModelScore:
    """Return the score of a model's answers.

    Parameters
    ----------
    logits : array_like of float, shape=(n, 11)
        Finite.
    families : array_like of int, shape=(n,)
        The true labels.
    groups : array_like, shape=(n,)
        The instrument group of each note.
    split : str
        Name of the split.
    front_end : str
        What the model says.
    seed : int
        Of the bootstrap's draws: the same answers always get the same interval.

    Raises
    ------
    ParameterError
        If shapes don't fit, or a logit is not finite.
    """
    predictions = _predict(logits)
    families, groups = np.asarray(families), np.asarray(groups)
    low, high = cluster_bootstrap_interval(
        _correct(predictions, families), groups, generator=np.random.default_rng(seed)
    )
    return ModelScore(
        value=group_balanced_accuracy(families, predictions, groups),
        low=low,
        high=high,
        n_notes=len(predictions),
        n_groups=len(np.unique(groups)),
        split=split,
        front_end=front_end,
    )


def score_details(logits: ArrayLike, families: ArrayLike) -> ScoreDetails:
    """Return confusion matrix and recall by family; parameters as :func:`score_logits`."""
    predictions = _predict(logits)
    return ScoreDetails(
        confusion=confusion_matrix(families, predictions),
        recall=per_family_recall(families, predictions),
    )


def _predict(logits: ArrayLike) -> NDArray[np.int64]:
    """Return the family with the largest logit for each note."""
    values = np.asarray(logits)
    if values.ndim != 2 or values.shape[1] != N_FAMILIES:
        raise ParameterError(f"expected logits of shape (n, {N_FAMILIES}), got {values.shape}")
    if not np.isfinite(values).all():
        raise ParameterError("expected finite logits, got NaN or infinity")
    return values.argmax(axis=1)


def _correct(predictions: NDArray[np.int64], families: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which notes are named right."""
    if predictions.shape != families.shape:
        raise ParameterError(f"expected {len(predictions)} families, got shape {families.shape}")
    return predictions == families
