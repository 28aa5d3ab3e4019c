"""What a service remembers of a student's earlier tries, and what it means for the next one.

Gradescope puts the reports of earlier submissions, the group's own, into
``submission_metadata.json``. Of each we read what we once wrote: the value that was shown, a
fingerprint of the model, and its points. Students can't change any of that.
"""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.policy.attempts import next_value
from grader.policy.keys import AttemptPolicy

__all__ = [
    "BOARD",
    "FINGERPRINT",
    "HIDDEN_ENTRY",
    "METADATA",
    "Place",
    "Try",
    "place",
    "read_tries",
]

METADATA = "submission_metadata.json"
BOARD = "accuracy"
"""Name of the column of the leaderboard."""

HIDDEN_ENTRY = "model on the hidden notes"
"""Name of the entry with the model's points."""

FINGERPRINT = "model_sha256"
"""Key of ``extra_data``."""


@dataclass(frozen=True)
class Try:
    """An earlier submission whose model was scored.

    Attributes
    ----------
    model : str
        Its fingerprint; "" if it is not known.
    shown : float
        What the student saw, from 0 to 1.
    points : float or None
        Of the model; None if they are not known.
    """

    model: str
    shown: float
    points: float | None


@dataclass(frozen=True)
class Place:
    """A scored model's place among a student's tries.

    Attributes
    ----------
    number : int
        From 1.
    shown : float
        What students may see of its score, from 0 to 1.
    points : float or None
        Of the model that counts instead, for a try after the limit; None: its own.
    note : str
        For the student.
    """

    number: int
    shown: float
    points: float | None
    note: str


def read_tries(path: Path) -> list[Try]:
    """Return the earlier tries in a service's metadata, the first one first.

    A file that is missing, empty (`otter grade`) or unknown holds none.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        earlier = table.get("previous_submissions") or []
        # times in ISO 8601; services list the last one first, or last
        earlier = sorted(earlier, key=lambda one: str(one.get("submission_time", "")))
    except (OSError, ValueError, TypeError, AttributeError):
        return []
    return [one for submission in earlier for one in _tries(submission)]


def _tries(submission: Mapping[str, Any]) -> Iterator[Try]:
    """Return the try that a submission was; nothing if its model was not scored."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        results = submission.get("results") or {}
        shown = [e["value"] for e in results.get("leaderboard") or () if e.get("name") == BOARD]
        value = float(shown[0]) / 100 if shown else math.nan
        if math.isfinite(value):
            tests = results.get("tests") or ()
            points = [e.get("score") for e in tests if e.get("name") == HIDDEN_ENTRY]
            model = (results.get("extra_data") or {}).get(FINGERPRINT, "")
            yield Try(str(model), value, float(points[0]) if points else None)


def place(
    model: str, accuracy: float, tries: list[Try], policy: AttemptPolicy, *, rule: str = "best"
) -> Place:
    """Return a scored model's place among a student's tries.

    A model that was scored before is no new try.

    Parameters
    ----------
    model : str
        Its fingerprint.
    accuracy : float
        On the public half, from 0 to 1.
    tries : list of Try
        From :func:`read_tries`.
    policy : AttemptPolicy
    rule : {"best", "last"}
        Which of the tries that count stands in for one after the limit.
    """
    models = list({one.model or f"try {i}": one for i, one in enumerate(tries)})
    best = max((one.shown for one in tries), default=0.0)
    if model in models:
        number, value = models.index(model) + 1, best
    else:
        number = len(models) + 1
        value = next_value(accuracy, [best] * len(models), policy)
    counting = [
        one.points
        for one in tries
        if one.points is not None and one.model in ("", *models[: policy.limit])
    ]
    if number <= policy.limit or not counting:
        return Place(number, value, None, f"Scored try {number} of {policy.limit}.")
    note = (
        f"Scored try {number}, and {policy.limit} count: the points of your model stay as they "
        "were."
    )
    return Place(number, value, counting[-1] if rule == "last" else max(counting), note)
