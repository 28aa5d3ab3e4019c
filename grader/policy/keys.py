"""Read the sections ``[late]`` and ``[attempts]`` of an ``assignment.toml``.

::

    [late]
    deadline = 2026-11-20T23:59:00   # on the wall; no offset, which can't know summer time
    time_zone = "Europe/Vienna"
    points_a_day = 1                 # default
    grace_minutes = 10               # default 0
    cap = 5                          # most points lost; default: no cap
    resubmissions = "best"           # default, or "last"

    [attempts]
    limit = 5                        # scored tries of a student that count (default)
    step = 0.02                      # of the Ladder (default)
    graded_on = "private"            # the half that points come from (default), or "all"
    closes = 2026-11-27T23:59:00     # pages show hidden figures from then on; default: never

Without ``[attempts]`` points come from all hidden notes, and the limit is 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from grader.autograder.ladder import STEP
from grader.policy.late import LatePolicy, instant
from utils.errors import ParameterError

__all__ = ["LIMIT", "AttemptPolicy", "attempts_from_table", "late_from_table"]

LATE = ("deadline", "time_zone", "points_a_day", "grace_minutes", "cap", "resubmissions")
ATTEMPTS = ("limit", "step", "graded_on", "closes")
LIMIT = 5


@dataclass(frozen=True)
class AttemptPolicy:
    """What ``[attempts]`` says.

    Attributes
    ----------
    limit : int
        Scored tries of a student that count.
    step : float
        Of the Ladder.
    graded_on : {"all", "private"}
        Hidden notes that points come from.
    closes : datetime or None
        From then on pages show hidden figures; None: never by themselves.
    """

    limit: int = LIMIT
    step: float = STEP
    graded_on: Literal["all", "private"] = "all"
    closes: datetime | None = None


def late_from_table(table: object) -> LatePolicy:
    """Return the late policy of a parsed section ``[late]``.

    Raises
    ------
    ParameterError
        A key is missing, unknown or wrong.
    """
    keys = _keys("[late]", table, LATE)
    for name in ("deadline", "time_zone"):
        if name not in keys:
            raise ParameterError(f"[late]: missing {name}")
    resubmissions = keys.get("resubmissions", "best")
    if resubmissions not in ("best", "last"):
        raise ParameterError(
            f'[late] resubmissions: expected "best" or "last", got {resubmissions!r}'
        )
    zone = _zone(keys["time_zone"])
    return LatePolicy(
        deadline=_wall("[late] deadline", keys["deadline"]),
        zone=zone,
        points_a_day=_number(keys, "points_a_day", 1.0),
        grace_minutes=_number(keys, "grace_minutes", 0.0),
        cap=_number(keys, "cap", None),
        resubmissions=resubmissions,
    )


def attempts_from_table(table: object, late: LatePolicy | None) -> AttemptPolicy:
    """Return the policy of a parsed section ``[attempts]``.

    Parameters
    ----------
    table : object
    late : LatePolicy or None
        Its time zone is that of ``closes``.

    Raises
    ------
    ParameterError
        A key is unknown or wrong.
    """
    keys = _keys("[attempts]", table, ATTEMPTS)
    limit, step = keys.get("limit", LIMIT), keys.get("step", STEP)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ParameterError(f"[attempts] limit: expected a whole number >= 1, got {limit!r}")
    if isinstance(step, bool) or not isinstance(step, int | float) or not STEP <= step <= 0.5:
        raise ParameterError(
            f"[attempts] step: expected a number from {STEP} (finer ones give labels away) to 0.5, "
            f"got {step!r}"
        )
    graded_on = keys.get("graded_on", "private")
    if graded_on not in ("all", "private"):
        raise ParameterError(
            f'[attempts] graded_on: expected "all" or "private", got {graded_on!r}'
        )
    closes = None
    if "closes" in keys:
        if late is None:
            raise ParameterError("[attempts] closes: needs the time zone of a section [late]")
        closes = instant(_wall("[attempts] closes", keys["closes"]), late.zone)
    return AttemptPolicy(limit=limit, step=float(step), graded_on=graded_on, closes=closes)


def _keys(where: str, table: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Return a table, unknown keys refused: a typing mistake must not silently cost points."""
    if not isinstance(table, Mapping):
        raise ParameterError(f"{where}: expected keys and values, got {table!r}")
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ParameterError(f"{where}: unknown {', '.join(unknown)}; known: {', '.join(known)}")
    return table


def _wall(where: str, value: object) -> datetime:
    """Return a local date and time."""
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise ParameterError(
            f"{where}: expected a local date and time like 2026-11-20T23:59:00 (time_zone says "
            f"where), got {value!s}"
        )
    return value


def _zone(name: object) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError, KeyError):  # unknown, or a path
        raise ParameterError(
            f'[late] time_zone: expected a name like "Europe/Vienna" (if it is one, this machine '
            f"lacks the package tzdata), got {name!r}"
        ) from None


def _number(keys: Mapping[str, Any], name: str, default: float | None) -> Any:
    """Return a number >= 0, or the default."""
    if name not in keys:
        return default
    value = keys[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ParameterError(f"[late] {name}: expected a number >= 0, got {value!r}")
    return float(value)
