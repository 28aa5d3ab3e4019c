"""Whether students can still hand in, so that hidden figures must stay hidden."""

from datetime import UTC, datetime

from grader.assignment import Assignment
from grader.policy.late import instant
from grader.policy.settle import Inputs
from utils.errors import ParameterError

__all__ = ["closing_time", "is_closed"]


def is_closed(
    assignment: Assignment, inputs: Inputs, *, asked: bool = False, now: datetime | None = None
) -> bool:
    """Return whether pages may show hidden figures.

    Parameters
    ----------
    assignment : Assignment
    inputs : Inputs
        Extensions count: one student who may still hand in keeps the window open.
    asked : bool
        The instructor says that it is closed.
    now : datetime, optional
        With a time zone; default: the clock.

    Raises
    ------
    ParameterError
        It was asked for, and somebody can still hand in.
    """
    now = now or datetime.now(UTC)
    closes, late = assignment.attempts.closes, assignment.late
    waiting = _still_running(assignment, inputs, now)
    early = closes is not None and now < closes
    in_time = late is not None and now < instant(late.deadline, late.zone)
    if asked and (early or in_time or waiting):
        reasons = [f"closes = {closing_time(assignment)}"] if early else []
        if late is not None and in_time:
            reasons += [f"deadline = {late.deadline:%Y-%m-%d at %H:%M} ({late.zone.key})"]
        reasons += [f"there are extensions ({', '.join(waiting[:5])})"] if waiting else []
        raise ParameterError(
            f"expected that nobody can hand in any more, but {' and '.join(reasons)}: hidden "
            "figures would help whoever has tries left"
        )
    return asked or (closes is not None and not (early or in_time or waiting))


def closing_time(assignment: Assignment) -> str:
    """Return until when hidden figures stay hidden, on the students' clock; "" if nobody said."""
    closes, late = assignment.attempts.closes, assignment.late
    if closes is None:
        return ""
    local = closes.astimezone(late.zone if late else UTC)
    return f"{local:%Y-%m-%d at %H:%M} ({late.zone.key if late else 'UTC'})"


def _still_running(assignment: Assignment, inputs: Inputs, now: datetime) -> list[str]:
    """Return who has an extension that has not ended."""
    late = assignment.late
    if late is None:
        return []
    return sorted(
        student
        for student, extension in inputs.extensions.items()
        if instant(late.due(extension), late.zone) > now
    )
