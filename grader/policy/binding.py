"""The credit curve belongs to the hidden split that it was set on.

Other notes are easier or harder, so the same score means something else there. ``credit.lock``
beside ``assignment.toml`` names the split and the curve; grading on another split, or with a
curve that was changed since, stops with a sentence. ``python -m grader credit`` writes it, after
a check against reference models.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.assignment import Assignment
from grader.hidden_draw import HALVES
from grader.hidden_split import HiddenSplit
from utils.errors import CourseError
from utils.files import write_atomically
from utils.notes.store import dequantize
from utils.submission.inference import choose_repeats, run_model
from utils.submission.score import ModelScore, score_logits

__all__ = [
    "LOCK",
    "CreditError",
    "ReferenceScore",
    "bind",
    "check_curve",
    "demand_bound",
    "score_references",
]

LOCK = "credit.lock"
FORMAT = 1
ENOUGH = 0.9
"""Fraction of the curve's points that the best reference model must earn at least."""


class CreditError(CourseError, ValueError):
    """The credit curve was not set on these hidden notes."""


@dataclass(frozen=True)
class ReferenceScore:
    """A reference model on the hidden notes that points come from.

    Attributes
    ----------
    name : str
    score : ModelScore
    fraction : float
        Of the curve's points.
    low, high : float
        Of the same, at the ends of the score's interval.
    """

    name: str
    score: ModelScore
    fraction: float
    low: float
    high: float


def demand_bound(assignment: Assignment, split: HiddenSplit) -> None:
    """Refuse a hidden split that the credit curve was not set on; no lock binds nothing.

    Raises
    ------
    CreditError
        The lock names another split, another curve or another half, or is damaged.
    """
    lock = _read_lock(assignment)
    if lock is None:
        return
    mend = (
        f"check it with `python -m grader credit {assignment.name} --hidden HIDDEN`, then --rebind"
    )
    if lock["hidden_id"] != split.id:
        raise CreditError(
            f"the credit curve of {assignment.name} was set on hidden split "
            f"{lock['hidden_id'][:12]}, got {split.id[:12]}: the same score may mean something "
            f"else there; {mend}"
        )
    if lock["curve"] != _curve_id(assignment):
        raise CreditError(
            f"the credit curve of {assignment.name}, or the half of the notes it is for, was "
            f"changed after it was bound to hidden split {split.id[:12]}; {mend}"
        )


def bind(
    assignment: Assignment, split: HiddenSplit, references: Sequence[ReferenceScore] = ()
) -> Path:
    """Write the lock, and return its path.

    Raises
    ------
    StoreError
        It can't be written.
    """
    path = assignment.folder / LOCK
    lock = {
        "format": FORMAT,
        "hidden_id": split.id,
        "curve": _curve_id(assignment),
        # of the instructor's own models: rounded, so that the file may be shared
        "references": {r.name: round(r.score.value, 2) for r in references},
    }
    write_atomically(path, json.dumps(lock, indent=1) + "\n")
    return path


def bound_to(assignment: Assignment) -> str:
    """Return the id of the split that the curve is bound to; "" for none."""
    lock = _read_lock(assignment)
    return "" if lock is None else str(lock["hidden_id"])


def score_references(
    assignment: Assignment, split: HiddenSplit, models: Mapping[str, bytes]
) -> list[ReferenceScore]:
    """Return the scores of reference models, the best first.

    Parameters
    ----------
    assignment : Assignment
    split : HiddenSplit
    models : mapping of str to bytes
        ONNX models of the instructor's own: they run in this process, without a sandbox.
    """
    used = np.ones(len(split), dtype=bool)
    if assignment.attempts.graded_on == "private":
        used = split.halves == HALVES[1]
    inputs = dequantize(split.mels[used])[:, None]
    repeats = choose_repeats(len(inputs), np.random.default_rng(0))
    found = []
    for name, model in models.items():
        logits = run_model(model, inputs, repeats).logits
        score = score_logits(logits, split.families[used], split.groups[used], split="hidden")
        curve = assignment.credit
        found.append(
            ReferenceScore(
                name,
                score,
                *(curve.fraction(value) for value in (score.value, score.low, score.high)),
            )
        )
    return sorted(found, key=lambda reference: -reference.score.value)


def check_curve(references: Sequence[ReferenceScore]) -> list[str]:
    """Return what speaks against a curve, a sentence each.

    Parameters
    ----------
    references : sequence of ReferenceScore
        The best first; name a strong model, and a weak one.
    """
    if len(references) < 2:
        return [
            "expected at least two reference models, a strong and a weak one, got "
            f"{len(references)}"
        ]
    best, worst = references[0], references[-1]
    found = []
    if best.fraction < ENOUGH:
        found.append(
            f"too hard: the best reference, {best.name}, earns {best.fraction:.0%} of the credit, "
            f"expected at least {ENOUGH:.0%}"
        )
    if worst.fraction == 1:
        found.append(f"too easy: even {worst.name} earns all of the credit")
    elif best.fraction - worst.fraction < 0.1:
        found.append(
            f"too flat: {best.name} and {worst.name} are {best.fraction - worst.fraction:.0%} of "
            "the credit apart"
        )
    if worst.score.high > best.score.value:
        found.append(
            f"too few instruments: {worst.name} may be as good as {best.name} (its interval ends "
            f"at {worst.score.high:.0%})"
        )
    return found


def _curve_id(assignment: Assignment) -> str:
    parts = [assignment.credit.corners, assignment.credit_points, assignment.attempts.graded_on]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read_lock(assignment: Assignment) -> dict[str, Any] | None:
    """Return the lock, or None if there is none."""
    path = assignment.folder / LOCK
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["format"] != FORMAT or not all(
            isinstance(table[key], str) for key in ("hidden_id", "curve")
        ):
            raise CreditError(f"{path}: expected format {FORMAT}; bind the curve again")
        return dict(table)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CreditError):
            raise
        raise CreditError(f"{path} is damaged ({error!r}); bind the curve again") from None
