"""From a model's answers to scores and points. Labels are here, and only here.

The child that ran the model has seen neither labels nor this module's process.
"""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from grader.assignment import Assignment
from grader.hidden_draw import HALVES
from grader.hidden_split import HiddenSplit
from grader.model_tests import CaseResult, ModelTests
from grader.sandbox.parent import ModelRun
from utils.errors import ParameterError, StoreError
from utils.notes.embedded import load_notes
from utils.notes.store import NoteSet, NoteStore
from utils.submission.credit import credit
from utils.submission.inference import choose_repeats
from utils.submission.score import ModelScore, score_details, score_logits
from utils.training.metrics import group_balanced_accuracy

__all__ = ["Marks", "PracticeNotes", "Scorer", "practice_store"]


@dataclass(frozen=True)
class Marks:
    """What a model earns.

    Attributes
    ----------
    score, practice : ModelScore
        On the hidden notes that points come from, and on the practice split.
    practice_confusion : tuple of tuples of int
        Rows are the true families.
    cases : tuple of CaseResult
        Of the model question's tests, on the hidden score.
    points : float
        Of the cases and of the curve.
    public_score : float
        Accuracy on the public half: for the leaderboard, not for points.
    """

    score: ModelScore
    practice: ModelScore
    practice_confusion: tuple[tuple[int, ...], ...]
    cases: tuple[CaseResult, ...]
    points: float
    public_score: float


class Scorer:
    """Scores answers on the hidden and the practice split, which models see in one go.

    Parameters
    ----------
    assignment : Assignment
    hidden : HiddenSplit
    practice : NoteSet or PracticeNotes
        What students know, too; their pages show this.
    tests : ModelTests
        Of the model question.

    Attributes
    ----------
    mels : np.ndarray, shape=(n, 64, 64), uint8
        What models see: hidden notes, then practice notes.

    Raises
    ------
    StoreError
        If hidden and training notes are of different kinds, and nobody agreed to that.
    """

    def __init__(
        self,
        assignment: Assignment,
        hidden: HiddenSplit,
        practice: "NoteSet | PracticeNotes",
        tests: ModelTests,
    ) -> None:
        kinds = hidden.manifest["kind"], assignment.training_data.kind
        if kinds[0] != kinds[1] and not hidden.manifest["domain_shift"]:
            raise StoreError(
                f"expected hidden notes of kind {kinds[1]!r}, which {assignment.name} is trained "
                f"on, got {kinds[0]!r}; build the hidden split with --allow-domain-shift if you "
                "want that"
            )
        self._assignment, self._hidden, self._tests = assignment, hidden, tests
        self._families, self._groups = practice.families, practice.groups
        self.mels = np.concatenate([hidden.mels, practice.mels_uint8()])
        self._graded_on = np.ones(len(hidden), dtype=bool)
        if assignment.attempts.graded_on == "private":  # students have seen the other half's Ladder
            self._graded_on = hidden.halves == HALVES[1]
        self._one_at_a_time = threading.Lock()
        self._public_accuracy: float | None = None

    def repeats(self, model: bytes) -> np.ndarray:
        """Return which notes are run again; the same for the same model."""
        seed = hashlib.sha256(self._hidden.id.encode() + model).digest()
        return choose_repeats(len(self.mels), np.random.default_rng(list(seed)))

    def mark(self, run: ModelRun) -> Marks:
        """Return what a model earns."""
        n_hidden = len(self._hidden)
        hidden, practice = run.logits[:n_hidden], run.logits[n_hidden:]
        used = self._graded_on
        score = score_logits(
            hidden[used],
            self._hidden.families[used],
            self._hidden.groups[used],
            split="hidden",
            front_end=run.front_end,
        )
        public_score = self._public_accuracy = self._on_public_half(hidden)
        with self._one_at_a_time:  # otter's test file keeps its results in itself
            cases = tuple(self._tests.run(score))
        earned = credit(score.value, self._assignment.credit, self._assignment.credit_points)
        confusion = score_details(practice, self._families).confusion
        return Marks(
            score=score,
            practice=score_logits(
                practice, self._families, self._groups, split="practice", front_end=run.front_end
            ),
            practice_confusion=tuple(tuple(int(n) for n in row) for row in confusion),
            cases=cases,
            points=round(sum(case.points for case in cases) + earned, 2),
            public_score=public_score,
        )

    def public_accuracy(self) -> float:
        """Return the last model's accuracy on the public half: for a leaderboard, not for points.

        Raises
        ------
        ParameterError
            No model was marked yet.
        """
        if self._public_accuracy is None:
            raise ParameterError("expected a model that was marked, got none")
        return self._public_accuracy

    def _on_public_half(self, logits: np.ndarray) -> float:
        half = self._hidden.halves == HALVES[0]
        return group_balanced_accuracy(
            self._hidden.families[half], logits[half].argmax(axis=1), self._hidden.groups[half]
        )


@dataclass(frozen=True)
class PracticeNotes:
    """The practice split as plain arrays, as it travels in a sealed zip.

    Attributes
    ----------
    families : np.ndarray, int
    groups : np.ndarray, str
    mels : np.ndarray, shape=(n, 64, 64), uint8
    """

    families: np.ndarray
    groups: np.ndarray
    mels: np.ndarray

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return the arrays of an ``.npz``.

        Raises
        ------
        StoreError
            It can't be read.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["families"], arrays["groups"], arrays["mels"])
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"can't read {path.name}: {error}") from error

    def mels_uint8(self) -> np.ndarray:
        """Return the spectrograms as stored."""
        return self.mels


def practice_store(assignment: Assignment, path: str | Path | None) -> NoteStore:
    """Return the store with the practice split that belongs to an assignment.

    Parameters
    ----------
    assignment : Assignment
    path : path or None
        Of a store; None: the notes that come with the course, if it is trained on them.

    Raises
    ------
    ParameterError
        Another store is needed.
    """
    wanted = assignment.training_data.dataset
    if path is None:
        if wanted != "embedded":
            raise ParameterError(
                f"{assignment.name} is trained on data set {wanted[:12]}: name its store with "
                "--practice"
            )
        return load_notes()
    store = NoteStore.open(path)
    if wanted != store.dataset_id and not (
        wanted == "embedded" and store.dataset_id == load_notes().dataset_id
    ):
        raise ParameterError(
            f"expected the data set {wanted[:12]} that {assignment.name} is trained on, got "
            f"{store.dataset_id[:12]}"
        )
    return store
