"""The practice score: what a student sees of a model before the grader does.

The practice split has other instruments than training and validation, and other ones
than the hidden split; so a practice score is an honest guess of the hidden one, as long
as nobody tunes a model on it for weeks.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.notes.embedded import load_notes
from utils.notes.store import NoteSet, NoteStore
from utils.submission.codes import Code, Rejection
from utils.submission.contract import ModelFacts, inspect_model
from utils.submission.inference import check_answers, choose_repeats, run_model
from utils.submission.score import ModelScore, score_logits

__all__ = ["CPU_SECONDS", "PracticeRun", "practice_notes", "practice_score", "run_practice"]

CPU_SECONDS = 120.0
"""What the grader allows for the hidden split, on one processor."""

LARGEST_HIDDEN_SPLIT = 4096
"""Notes in NSynth's test split, the largest hidden split in sight."""


@dataclass(frozen=True)
class PracticeRun:
    """A model that passed all checks, and its answers on the practice split.

    Attributes
    ----------
    facts : ModelFacts
        What the file says about itself.
    logits : np.ndarray, shape=(n, 11), float32
        In the order of the practice split.
    score : ModelScore
        On the practice split.
    seconds : float
        That the hidden split would take at this speed, with 4 096 notes.
    """

    facts: ModelFacts
    logits: np.ndarray
    score: ModelScore
    seconds: float


def practice_score(
    path: str | Path = "model.onnx", *, store: NoteStore | None = None
) -> ModelScore:
    """Return the score of an exported model on the practice split.

    Parameters
    ----------
    path : str or Path
        The model, as :func:`utils.submission.export.export_and_check` writes it.
    store : NoteStore, optional
        Notes with a split "practice"; default: those that come with the course.

    Raises
    ------
    Rejection
        If the file is missing, or breaks the model contract; the same codes as in the
        grader.
    """
    return run_practice(_read(Path(path)), practice_notes(store)).score


def practice_notes(store: NoteStore | None = None) -> NoteSet:
    """Return the practice split of a store, by default of the embedded notes."""
    return (load_notes() if store is None else store).split("practice")


def run_practice(model: bytes, notes: NoteSet) -> PracticeRun:
    """Run all checks of the grader on a model, then score it on the practice split.

    Raises
    ------
    Rejection
        With the first rule that is broken.
    """
    facts = inspect_model(model)
    repeats = choose_repeats(len(notes), np.random.default_rng(0))
    began = time.process_time()

    def stop_if_slow(n_done: int) -> None:
        """Refuse early, rather than let a notebook hang for minutes."""
        if n_done:
            _check_speed((time.process_time() - began) / n_done)

    answers = run_model(model, notes.inputs(), repeats, before_batch=stop_if_slow)
    seconds_a_note = (time.process_time() - began) / len(notes)
    _check_speed(seconds_a_note)
    check_answers(answers, repeats)
    score = score_logits(
        answers.logits, notes.families, notes.groups, split="practice", front_end=facts.front_end
    )
    return PracticeRun(facts, answers.logits, score, seconds_a_note * LARGEST_HIDDEN_SPLIT)


def _read(path: Path) -> bytes:
    """Return the bytes of a model."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Rejection(Code.NO_MODEL, f"can't read {path.name}: {error.strerror}") from None


def _check_speed(seconds_a_note: float) -> None:
    """Refuse a model that would not get through a large hidden split in time."""
    seconds = seconds_a_note * LARGEST_HIDDEN_SPLIT
    if seconds > CPU_SECONDS:
        raise Rejection(
            Code.TIMEOUT,
            f"{LARGEST_HIDDEN_SPLIT} notes would take about {seconds:.0f} s on one processor, "
            f"at most {CPU_SECONDS:.0f} s are allowed",
        )
