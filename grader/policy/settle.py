"""Decide what each submission is worth in the end.

A student's scored tries are counted in the order of time; those after the limit do not
count. Of the others the best or the last one counts, as ``[late]`` says, with its late days
taken off; points never fall below 0. The others' points are blank, so that the column may be
summed up. What the grader could not grade yet stays blank, too; it is never a zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.assignment import Assignment
from grader.policy.attempts import Attempt, number_attempts
from grader.policy.late import Extension, read_extensions, read_table
from grader.policy.times import Handed, read_times
from grader.results import Result
from utils.errors import ParameterError

__all__ = [
    "EXTENSIONS",
    "MANUAL",
    "NOTES",
    "TIMES",
    "Inputs",
    "Settled",
    "read_inputs",
    "settle",
    "settle_folder",
    "unmatched",
]

TIMES, EXTENSIONS, MANUAL = "times.csv", "extensions.csv", "manual.csv"
_OTHER = "does not count: another submission does"
_EARLIER = "counts with the points of an earlier model: "
NOTES = (_OTHER, _EARLIER)
"""What a note begins with."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Inputs:
    """What an instructor adds to the results.

    Attributes
    ----------
    handed : tuple of Handed
    extensions : dict
        By student.
    manual : dict
        Points of the written answers, earned and possible, by student.
    """

    handed: tuple[Handed, ...] = ()
    extensions: Mapping[str, Extension] = field(default_factory=dict)
    manual: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a submission is worth.

    Attributes
    ----------
    result : Result
        Without the details that stand on its page.
    student : str
        Who it is from; a source of times may know better than the file name.
    submitted : datetime or None
    late_days : int or None
        None: it is not known when it was handed in, or nothing is ever late.
    lost : float
        Points taken off for them.
    manual : float or None
        Points of the written answers.
    max_points : float
        With those of the written answers, once they are known.
    points : float or None
        In the end; None for one that does not count, or is not graded yet.
    counts : bool
    note : str
        Why it does not count, or not with its own model; else "".
    attempt : Attempt
    """

    result: Result
    student: str
    submitted: datetime | None
    late_days: int | None
    lost: float
    manual: float | None
    max_points: float
    points: float | None
    counts: bool
    note: str
    attempt: Attempt


def read_inputs(folder: Path, assignment: Assignment) -> Inputs:
    """Return what lies in a results folder beside the results; each file may be missing.

    Raises
    ------
    ParameterError, StoreError
        One is there and can't be understood.
    """
    late = assignment.late
    times, extensions, manual = (folder / name for name in (TIMES, EXTENSIONS, MANUAL))
    if late is None:
        for path in (times, extensions):
            if path.is_file():
                raise ParameterError(
                    f"{path.name}: {assignment.name} has no section [late] in its assignment.toml"
                )
    return Inputs(
        tuple(read_times(times, late.zone)) if late and times.is_file() else (),
        read_extensions(extensions, late.zone) if late and extensions.is_file() else {},
        _read_manual(manual) if manual.is_file() else {},
    )


def settle(results: Iterable[Result], assignment: Assignment, inputs: Inputs) -> list[Settled]:
    """Return what each submission is worth, in the order of the results.

    Parameters
    ----------
    results : iterable of Result
        Read once; their details are not kept, so that many thousand fit into memory.
    assignment : Assignment
    inputs : Inputs

    Raises
    ------
    ParameterError
        Two times for one submission.
    """
    moments = _Moments(inputs.handed)
    kept = [result.without_details() for result in results]
    by_student: dict[str, list[int]] = defaultdict(list)
    for place, result in enumerate(kept):
        by_student[moments.student(result)].append(place)
    settled: list[Settled | None] = [None] * len(kept)
    for student, places in by_student.items():
        timed = [(moments.time(kept[place]), place) for place in places]
        timed.sort(key=lambda pair: (pair[0] or _NEVER, kept[pair[1]].submission))
        rows = _student(student, [(kept[p], when) for when, p in timed], assignment, inputs)
        for (_, place), row in zip(timed, rows, strict=True):
            settled[place] = row
    return [row for row in settled if row is not None]


class _Moments:
    """Who handed in what and when, looked up by submission, else by student."""

    def __init__(self, handed: Sequence[Handed]) -> None:
        self._by_file: dict[str, Handed] = {}
        self._by_student: dict[str, Handed] = {}
        for entry in handed:
            table = self._by_file if entry.submission else self._by_student
            name = entry.submission or entry.student
            if name in table:
                raise ParameterError(f"{TIMES}: two times for {name}")
            table[name] = entry

    def _find(self, result: Result) -> Handed | None:
        return self._by_file.get(result.submission) or self._by_student.get(result.student)

    def student(self, result: Result) -> str:
        found = self._find(result)
        return (found.student if found else "") or result.student

    def time(self, result: Result) -> datetime | None:
        found = self._find(result)
        return found.submitted if found else None


def settle_folder(results: Iterable[Result], assignment: Assignment, folder: Path) -> list[Settled]:
    """Return what each submission is worth, with what lies in the results folder."""
    return settle(results, assignment, read_inputs(folder, assignment))


def unmatched(settled: Sequence[Settled], inputs: Inputs) -> list[str]:
    """Return a sentence for names that no submission has: a typing mistake would cost points."""
    students = {row.student for row in settled} | {row.result.student for row in settled}
    names = {
        TIMES: {h.submission for h in inputs.handed if h.submission}
        - {row.result.submission for row in settled}
        | {h.student for h in inputs.handed if not h.submission} - students,
        EXTENSIONS: set(inputs.extensions) - students,
        MANUAL: set(inputs.manual) - students,
    }
    sentences = [
        f"{file}: no submission of {', '.join(sorted(missing)[:8])}"
        for file, missing in names.items()
        if missing
    ]
    untimed = [row.result.submission for row in settled if row.submitted is None]
    if inputs.handed and untimed:
        sentences.append(f"{TIMES}: no time of {', '.join(untimed[:8])}: late days stay blank")
    return sentences


def _student(
    student: str,
    tries: Sequence[tuple[Result, datetime | None]],
    assignment: Assignment,
    inputs: Inputs,
) -> list[Settled]:
    """Return what the submissions of one student, in the order of time, are worth."""
    late, limit = assignment.late, assignment.attempts.limit
    extension, manual = inputs.extensions.get(student), inputs.manual.get(student)
    places = number_attempts([result for result, _ in tries], limit)
    rule = "best" if late is None else late.resubmissions
    kept = _keep_points([result for result, _ in tries], places, rule)
    rows = []
    for result, (_, when), place in zip(kept, tries, places, strict=True):
        days = late.days_late(when, extension) if late and when else None
        lost, points = 0.0, result.points
        if points is not None:
            points += manual[0] if manual else 0.0
            lost = round(min(points, late.lost(days) if late and days else 0.0), 2)
            points = round(points - lost, 2)
        row = Settled(
            result=result,
            student=student,
            submitted=when,
            late_days=days,
            lost=lost,
            manual=manual[0] if manual else None,
            max_points=result.max_points + (manual[1] if manual else 0.0),
            points=points,
            counts=True,
            note=f"{_EARLIER}this is try {place.number}, and {limit} count" if place.over else "",
            attempt=place,
        )
        rows.append(row)
    return _choose(rows, rule)


def _keep_points(tries: Sequence[Result], places: Sequence[Attempt], rule: str) -> Iterator[Result]:
    """Yield the submissions; after the limit of tries, with an earlier model's points.

    So it is on Gradescope as well: the notebook counts, the new model does not.
    """
    within: list[float] = []
    for result, place in zip(tries, places, strict=True):
        points = result.model_points
        if place.over and within and points is not None:
            yield replace(result, model_points=within[-1] if rule == "last" else max(within))
            continue
        if place.number and points is not None:
            within.append(points)
        yield result


def _choose(rows: list[Settled], rule: str) -> list[Settled]:
    """Return a student's submissions with one of them counting."""
    if rule == "last":
        chosen = rows[-1]
    else:  # of equal ones the first; one that is not graded yet counts only if all are
        chosen = max(rows, key=lambda row: -1.0 if row.points is None else row.points)
    return [row if row is chosen else _not_counting(row) for row in rows]


def _not_counting(row: Settled) -> Settled:
    return replace(row, counts=False, points=None, note=_OTHER)


def _read_manual(path: Path) -> dict[str, tuple[float, float]]:
    """Return points of written answers, from the columns student, points and max_points."""
    found: dict[str, tuple[float, float]] = {}
    columns = ("student", "points", "max_points")
    for number, row in enumerate(read_table(path, columns), start=2):
        try:
            points, most = float(row["points"]), float(row["max_points"])
        except ValueError:
            points = most = -1.0
        if not 0 <= points <= most < 1e6 or row["student"] in found:
            raise ParameterError(
                f"{path.name}, line {number}: expected one row a student with points from 0 to "
                f"max_points, got {row['points']!r} of {row['max_points']!r} for {row['student']!r}"
            )
        found[row["student"]] = points, most
    return found
