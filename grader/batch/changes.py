"""What a regrade changed, student by student."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.gradebook import plain, write_table
from grader.model_tests import CaseResult, QuestionResult
from grader.results import Result

__all__ = ["Change", "compare", "settings_differences", "write_changes"]

_COLUMNS = ("submission", "before", "after", "points_before", "points_after", "difference", "what")
_LEAST = 0.005
"""Points are written with two digits."""
_MAX_VALUE = 20
"""Characters of a setting that says something; what is longer is a hash, or a list."""
_IN_WORDS = {
    "points": "points or credit curve",
    "limits": "limits of the model",
    "model tests": "tests of the model question",
    "notebook tests": "tests or limits of the notebook",
}
"""Settings whose name alone says too little."""


@dataclass(frozen=True)
class Change:
    """A submission that came out differently, or for the first time.

    Attributes
    ----------
    submission : str
    before, after : str
        Status and code; before is "" if there was no result.
    points_before, points_after : float or None
    what : tuple of str
        Each thing that changed, in words.
    """

    submission: str
    before: str
    after: str
    points_before: float | None
    points_after: float | None
    what: tuple[str, ...]

    @property
    def difference(self) -> float | None:
        """Points gained or lost; None if there were none before or are none now."""
        if self.points_before is None or self.points_after is None:
            return None
        return round(self.points_after - self.points_before, 2)


def compare(before: Result | None, after: Result) -> Change | None:
    """Return what is different between two results of a submission; None if nothing is."""
    what = ("graded for the first time",) if before is None else tuple(_differences(before, after))
    if not what:
        return None
    return Change(
        after.submission,
        "" if before is None else _outcome(before),
        _outcome(after),
        None if before is None else before.points,
        after.points,
        what,
    )


def write_changes(found: Iterable[Change], path: Path) -> None:
    """Write a table of changes.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    write_table(_COLUMNS, map(_row, found), path)


def _row(change: Change) -> dict[str, str]:
    values = (
        plain(change.submission),
        *(change.before, change.after),
        *map(_number, (change.points_before, change.points_after, change.difference)),
        "; ".join(change.what),
    )
    return dict(zip(_COLUMNS, values, strict=True))


def settings_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what results depend on and is different, each in some words.

    Parameters
    ----------
    before, after : mapping of str to JSON values
        Descriptions of two :class:`grader.kept.Settings`.
    """
    found = []
    for name in dict.fromkeys((*before, *after)):
        old, new = (str(table.get(name, "")) for table in (before, after))
        if old == new:
            continue
        words = _IN_WORDS.get(name, name)
        if not (old and new):
            words += " (none before)" if new else " (none now)"
        elif max(len(old), len(new)) <= _MAX_VALUE:
            words += f" {old} → {new}"
        found.append(words)
    return found


def _differences(before: Result, after: Result) -> Iterable[str]:
    if _outcome(before) != _outcome(after):
        yield f"{_outcome(before)} → {_outcome(after)}"
    old, new = before.score, after.score
    if old is not None and new is not None and abs(old.value - new.value) >= 1e-6:
        yield f"hidden score {old.value:.1%} → {new.value:.1%}"
    cases = before.cases, after.cases
    yield from _earned("model", (before.model_points, after.model_points), *cases)
    earlier = {question.name: question for question in before.questions}
    for question in after.questions:
        yield from _question(question.name, earlier.pop(question.name, None), question)
    for name, gone in earlier.items():
        yield from _question(name, gone, None)
    if before.max_points != after.max_points:
        yield f"of {before.max_points:g} → {after.max_points:g} points"


def _question(
    name: str, before: QuestionResult | None, after: QuestionResult | None
) -> Iterable[str]:
    points = before.points if before else None, after.points if after else None
    return _earned(name, points, before.cases if before else (), after.cases if after else ())


def _earned(
    name: str,
    points: tuple[float | None, float | None],
    before: Sequence[CaseResult],
    after: Sequence[CaseResult],
) -> Iterable[str]:
    """Return what changed at a question: its points, and which cases decide otherwise now."""
    words = []
    old, new = points
    if (old is None) != (new is None) or abs((old or 0.0) - (new or 0.0)) >= _LEAST:
        words.append(f"{_number(old) or '–'} → {_number(new) or '–'}")
    earlier = {case.name: case.passed for case in before}
    for case in after:
        if earlier.get(case.name, case.passed) != case.passed:
            words.append(f"({case.name} {'passes' if case.passed else 'fails'} now)")
    if words:
        yield " ".join([name, *words])


def _outcome(result: Result) -> str:
    return f"{result.status} {result.code}".strip()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
