"""The leaderboard: the Ladder's value of each student, by pseudonym.

While the window is open it is a function of public-half scores alone. Once it is closed, the
score that points come from stands beside it, and decides the order.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.pages import render
from grader.policy.attempts import shown_value
from grader.policy.keys import AttemptPolicy
from grader.policy.settle import Settled

__all__ = ["LEADERBOARD", "Place", "ladder_values", "leaderboard", "render_leaderboard"]

LEADERBOARD = "leaderboard.html"
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A row of the leaderboard.

    Attributes
    ----------
    name : str
        A pseudonym.
    shown : float
        The Ladder's value.
    final : float or None
        The score that points come from; None while the window is open.
    """

    name: str
    shown: float
    final: float | None


def ladder_values(settled: Sequence[Settled], policy: AttemptPolicy) -> dict[str, float]:
    """Return what the Ladder shows of each student who was scored.

    Parameters
    ----------
    settled : sequence of Settled
        All submissions.
    policy : AttemptPolicy
    """
    tries: dict[str, list[Settled]] = defaultdict(list)
    for row in settled:
        tries[row.student].append(row)
    values = {}
    for student, rows in tries.items():
        rows.sort(key=lambda row: (row.submitted or _NEVER, row.result.submission))
        accuracies: dict[int, float] = {}
        for row in rows:  # the same bytes again are the same try
            accuracy = row.result.public_score
            if row.attempt.number and accuracy is not None:
                accuracies.setdefault(row.attempt.number, accuracy)
        value = shown_value(accuracies.values(), policy)
        if value is not None:
            values[student] = value
    return values


def leaderboard(
    settled: Sequence[Settled],
    values: Mapping[str, float],
    names: Mapping[str, str],
    *,
    closed: bool = False,
) -> list[Place]:
    """Return the leaderboard, the best first; equal values in the order of the names.

    Parameters
    ----------
    settled : sequence of Settled
        All submissions.
    values : mapping of str to float
        From :func:`ladder_values`.
    names : mapping of str to str
        From :func:`grader.policy.pseudonyms.pseudonyms`.
    closed : bool
        Whether final scores may be shown.
    """
    finals = {
        row.student: row.result.score.value
        for row in settled
        if closed and row.counts and row.result.score is not None
    }
    places = [
        Place(names[student], value, finals.get(student)) for student, value in values.items()
    ]
    return sorted(places, key=lambda p: (-(p.final or 0.0), -p.shown, p.name))


def render_leaderboard(
    places: Sequence[Place], title: str, policy: AttemptPolicy, *, closed: bool = False
) -> str:
    """Return the page of a leaderboard as one HTML text without external parts."""
    rank, rows = 0, []
    for i, place in enumerate(places):
        before = places[i - 1] if i else None
        if before is None or (before.final, before.shown) != (place.final, place.shown):
            rank = i + 1
        final = "" if place.final is None else f"{100 * place.final:.1f}%"
        rows.append((rank, place.name, f"{100 * place.shown:g}%", final))
    return render(
        "leaderboard.html",
        title=title,
        rows=rows,
        closed=closed,
        step=f"{100 * policy.step:g}",
        limit=policy.limit,
    )
