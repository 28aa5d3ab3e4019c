"""How often a student may be scored on the hidden split, and what they see of it.

Only submissions that reach the hidden notes use up a try: a rejection says nothing about
them, nor does the same model handed in again. The Ladder runs over a student's tries in the
order of time, up to the limit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.autograder.ladder import ladder_value
from grader.policy.keys import LIMIT, AttemptPolicy
from grader.results import Result

__all__ = ["Attempt", "next_value", "number_attempts", "shown_value"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A submission's place among a student's scored tries.

    Attributes
    ----------
    number : int
        From 1; 0 for one that was not scored.
    over : bool
        Whether it comes after the limit.
    """

    number: int
    over: bool


def number_attempts(tries: Sequence[Result], limit: int = LIMIT) -> list[Attempt]:
    """Return the place of each of one student's submissions.

    Parameters
    ----------
    tries : sequence of Result
        In the order of time.
    limit : int
        Scored tries that count.
    """
    seen: dict[str, int] = {}
    places = []
    for result in tries:
        if result.score is None:
            places.append(Attempt(0, over=False))
            continue
        key = result.model_sha256 or result.sha256 or f"{len(places)}"
        number = seen.setdefault(key, len(seen) + 1)
        places.append(Attempt(number, over=number > limit))
    return places


def shown_value(accuracies: Iterable[float], policy: AttemptPolicy) -> float | None:
    """Return what the Ladder shows after a student's tries, None if there was none.

    Parameters
    ----------
    accuracies : iterable of float
        On the public half, in the order of time.
    policy : AttemptPolicy
    """
    value: float | None = None
    for number, accuracy in enumerate(accuracies, start=1):
        if number <= policy.limit:
            value = ladder_value(accuracy, value, step=policy.step)
    return value


def next_value(accuracy: float, shown: Sequence[float], policy: AttemptPolicy) -> float:
    """Return what the Ladder shows after one more try, where a service remembers the earlier ones.

    Parameters
    ----------
    accuracy : float
        On the public half.
    shown : sequence of float
        What was shown after each earlier try of this student.
    policy : AttemptPolicy
    """
    best = max(shown, default=None)
    if best is not None and len(shown) >= policy.limit:
        return best
    return ladder_value(accuracy, best, step=policy.step)
