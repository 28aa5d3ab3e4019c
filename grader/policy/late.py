"""How late something is, and what that costs.

A late day is a day **on the wall clock**: with a deadline of Friday 23:59 the first late day
ends on Saturday at 23:59, the second on Sunday at 23:59, also when clocks are put forward or
back in between (that day then has 23 or 25 hours). A day that has begun counts. A time of day
that does not exist on its day, or exists twice, means the later moment: in doubt for the
student. Grace is taken off first, at the deadline and at the end of each late day.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from utils.errors import ParameterError, StoreError

__all__ = ["Extension", "LatePolicy", "instant", "read_extensions"]

MAX_DAYS = 3660


@dataclass(frozen=True)
class LatePolicy:
    """What being late costs.

    Attributes
    ----------
    deadline : datetime
        On the wall, without a zone.
    zone : ZoneInfo
    points_a_day : float
        Lost for each late day that has begun.
    grace_minutes : float
        That nobody minds.
    cap : float or None
        Most points lost; None: all may be.
    resubmissions : {"best", "last"}
        Which of a student's submissions counts.
    """

    deadline: datetime
    zone: ZoneInfo
    points_a_day: float = 1.0
    grace_minutes: float = 0.0
    cap: float | None = None
    resubmissions: Literal["best", "last"] = "best"

    def days_late(self, submitted: datetime, extension: "Extension | None" = None) -> int:
        """Return the late days that have begun; 0 if it is in time.

        Parameters
        ----------
        submitted : datetime
            With a time zone.
        extension : Extension, optional
            Of this student.

        Raises
        ------
        ParameterError
            The time has no zone, or is more than ten years away.
        """
        if submitted.tzinfo is None:
            raise ParameterError(f"expected a time with a time zone, got {submitted}")
        minded = submitted.astimezone(UTC) - timedelta(minutes=self.grace_minutes)
        wall = self.due(extension)
        late = minded - instant(wall, self.zone)
        if late <= timedelta(0):
            return 0
        if late > timedelta(days=MAX_DAYS):
            raise ParameterError(f"expected a time near the deadline {wall}, got {submitted}")
        # a wall day has between 22 and 26 hours, so the count is near this one
        days = max(1, math.ceil(late / timedelta(days=1)) - 1)
        while minded > instant(wall + timedelta(days=days), self.zone):
            days += 1
        return days

    def due(self, extension: "Extension | None" = None) -> datetime:
        """Return the deadline on the wall; an extension never brings it forward."""
        if extension is None:
            return self.deadline
        if extension.until is not None:
            return max(self.deadline, extension.until)
        return self.deadline + timedelta(days=extension.days)

    def lost(self, days: int) -> float:
        """Return the points that so many late days cost, before anything else is known."""
        points = days * self.points_a_day
        return points if self.cap is None else min(points, self.cap)


@dataclass(frozen=True)
class Extension:
    """More time for one student.

    Attributes
    ----------
    days : int
        Wall-clock days after the deadline.
    until : datetime or None
        A new deadline on the wall, in the homework's zone; counts in place of ``days``.
    """

    days: int = 0
    until: datetime | None = None


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment (in UTC) at which clocks in a zone show a time; the later of two.

    In the hour that is skipped in spring, and in the one that comes twice in autumn, the two
    readings of :pep:`495` differ.
    """
    readings = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(readings)


def read_extensions(path: Path, zone: ZoneInfo) -> dict[str, Extension]:
    """Return extensions by student from a CSV with the columns student, and days or until.

    Parameters
    ----------
    path : Path
    zone : ZoneInfo
        Of the homework.

    Raises
    ------
    ParameterError
        A row can't be understood, or a student has two.
    StoreError
        The file can't be read.
    """
    found: dict[str, Extension] = {}
    for number, row in enumerate(read_table(path, ("student",)), start=2):
        student = row["student"]
        if student in found:
            raise ParameterError(f"{path.name}, line {number}: a second extension of {student}")
        try:
            found[student] = _extension(row, zone)
        except ValueError as error:
            raise ParameterError(
                f"{path.name}, line {number}: expected days (a whole number) or until (like "
                f"2026-11-25 23:59), got {error}"
            ) from None
    return found


def _extension(row: Mapping[str, str], zone: ZoneInfo) -> Extension:
    """Return the extension in a row; ValueError if there is none."""
    days, until = row.get("days", ""), row.get("until", "")
    if bool(days) == bool(until):
        raise ValueError("both or none")
    if days:
        if not 0 < int(days) <= MAX_DAYS:
            raise ValueError(repr(days))
        return Extension(days=int(days))
    wall = datetime.fromisoformat(until)
    if wall.tzinfo is not None:
        wall = wall.astimezone(zone).replace(tzinfo=None)
    return Extension(until=wall)


def read_table(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV, all cells stripped; blank rows are left out.

    Raises
    ------
    ParameterError
        A column is missing.
    StoreError
        The file can't be read.
    """
    try:
        # spreadsheets like to write a byte order mark
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            if not set(needed) <= set(names):
                raise ParameterError(
                    f"{path.name}: expected the columns {', '.join(needed)}, got {names}"
                )
            for row in reader:
                cells = {name: _cell(row.get(name)) for name in names}
                if any(cells.values()):
                    yield cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(f"can't read {path}: {error}") from error


def _cell(text: str | None) -> str:
    """Return a cell, without the quote that keeps spreadsheets from running it."""
    text = (text or "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text
