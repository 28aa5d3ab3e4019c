"""What a model answers: its score with an error bar, its matrix, and notes for every cell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.notes.embedded import sounds
from utils.notes.store import NoteSet
from utils.notes.vocabulary import FAMILIES
from utils.training.evaluate import predict
from utils.training.metrics import (
    cluster_bootstrap_interval,
    confusion_matrix,
    group_balanced_accuracy,
)

__all__ = ["Answers", "answers_of", "examples_of"]


@dataclass(frozen=True)
class Answers:
    """A model's answers to some notes.

    Attributes
    ----------
    notes : NoteSet
    probabilities : array, shape (n, 11)
    matrix : array of int, shape (11, 11)
        Rows are the truth.
    score : tuple of float
        Accuracy averaged over instrument groups, and its interval of 95 % by group.
    recall : list of (float, float, float) or None
        Of each family: the same; None for a family without notes.
    groups : int
        Instrument groups of the notes.
    """

    notes: NoteSet
    probabilities: NDArray[np.float32]
    matrix: NDArray[np.int64]
    score: tuple[float, float, float]
    recall: list[tuple[float, float, float] | None]
    groups: int

    @property
    def called(self) -> NDArray[np.int64]:
        """The family that each note was called."""
        return self.probabilities.argmax(axis=1)


def answers_of(model: nn.Module, notes: NoteSet) -> Answers:
    """Return what a model answers to notes.

    Parameters
    ----------
    model : torch.nn.Module
        Takes log-mels (n, 1, 64, 64), returns logits (n, 11).
    notes : NoteSet

    Raises
    ------
    ParameterError
        If the model returns something else, or there are fewer than two instrument groups.
    """
    logits = predict(model, notes)
    if logits.ndim != 2 or logits.shape[1] != len(FAMILIES):
        raise ParameterError(f"expected logits of shape (n, 11), got {tuple(logits.shape)}")
    probabilities = torch.softmax(logits.double(), dim=1).float().numpy()
    families, groups = notes.families, notes.groups
    right = probabilities.argmax(axis=1) == families
    recall = []
    for family in range(len(FAMILIES)):
        mask = families == family
        recall.append(_bar(right[mask], groups[mask]) if mask.any() else None)
    return Answers(
        notes=notes,
        probabilities=probabilities,
        matrix=confusion_matrix(families, probabilities.argmax(axis=1)),
        score=_bar(right, groups),
        recall=recall,
        groups=len(set(groups.tolist())),
    )


def _bar(right: NDArray[np.bool_], groups: NDArray[Any]) -> tuple[float, float, float]:
    """Return the mean over groups and the ends of its interval; all of it with one group."""
    value = group_balanced_accuracy(np.ones(len(right), int), right.astype(int), groups)
    if len(set(groups.tolist())) < 2:
        return value, 0.0, 1.0
    low, high = cluster_bootstrap_interval(right, groups, generator=np.random.default_rng(0))
    return value, low, high


def examples_of(answers: Answers, *, each: int) -> list[int]:
    """Return positions of notes to hear: mistakes first, the surest ones before the others.

    Parameters
    ----------
    answers : Answers
    each : int
        How many notes of each cell; where it can be heard, a note goes first.
    """
    heard = {sound.note_str for sound in sounds()}
    truth, called = answers.notes.families, answers.called
    sure = answers.probabilities.max(axis=1)
    audible = np.array([str(name) in heard for name in answers.notes.note_strs])
    chosen: list[int] = []
    for cell in sorted(set(zip(truth.tolist(), called.tolist(), strict=True))):
        own = np.flatnonzero((truth == cell[0]) & (called == cell[1]))
        order = sorted(own.tolist(), key=lambda i: (not audible[i], -sure[i]))
        n_audible = int(audible[own].sum())
        chosen += order[: max(each, n_audible)]
    return sorted(chosen, key=lambda i: (truth[i] == called[i], -float(sure[i])))
