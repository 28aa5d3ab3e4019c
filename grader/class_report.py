"""Write the page about a class; it names nobody, but hidden scores stand on it.

So it is the instructor's until the window is closed.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment
from grader.class_numbers import (
    Spread,
    counts_of_codes,
    family_recalls,
    histogram,
    items,
    spread,
)
from grader.pages import render
from grader.policy.settle import Settled
from grader.report import days_late
from grader.results import Result
from utils.files import write_atomically
from utils.submission.codes import HINTS, Code

__all__ = ["CLASS_PAGE", "render_class_page", "write_class_page"]

CLASS_PAGE = "class.html"
WIDTH, HEIGHT, LEFT, BOTTOM = 340, 130, 26, 30
_N_BINS = 12


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram, in pixels.

    Attributes
    ----------
    x, y, width, height : float
    count : int
    words : str
        What it stands for.
    """

    x: float
    y: float
    width: float
    height: float
    count: int
    words: str


@dataclass(frozen=True)
class Histogram:
    """A histogram in pixels.

    Attributes
    ----------
    title : str
        Below the axis.
    bars : tuple of Bar
    ticks : tuple of (float, str)
    spread : Spread
        Of the numbers.
    unit : str
    of : str
        What was counted.
    words : str
        The drawing in words.
    """

    title: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    spread: Spread
    unit: str
    of: str
    words: str


def write_class_page(
    settled: Sequence[Settled], results: Iterable[Result], assignment: Assignment, folder: Path
) -> Path:
    """Write the page of a class into a folder, for its owner alone, and return its path.

    Parameters
    ----------
    settled, results : sequence of Settled, iterable of Result
        See :func:`render_class_page`.
    assignment : Assignment
    folder : Path

    Raises
    ------
    StoreError
        The page can't be written.
    """
    path = folder / CLASS_PAGE
    write_atomically(path, render_class_page(settled, results, assignment))
    path.chmod(0o600)
    return path


def render_class_page(
    settled: Sequence[Settled], results: Iterable[Result], assignment: Assignment
) -> str:
    """Return the page of a class as one HTML text without external parts.

    Parameters
    ----------
    settled : sequence of Settled
        All submissions.
    results : iterable of Result
        The same ones with their details; gone through more than once.
    assignment : Assignment
    """
    counting = [row for row in settled if row.counts]
    scores = [row.result.score for row in counting]
    question = assignment.model_question

    def details() -> Iterator[Result]:
        """Return the results that count, one at a time."""
        return (r for row, r in zip(settled, results, strict=True) if row.counts)

    most = max((row.max_points for row in counting), default=0.0)
    return render(
        "class.html",
        title=assignment.title,
        numbers=_numbers(settled, counting),
        sandboxes=sorted({row.result.sandbox_note for row in settled} - {""}),
        drawings=[
            _draw("points", [r.points for r in counting if r.points is not None], most),
            _draw("score on the hidden notes", [s.value for s in scores if s], 1.0, "%"),
            _draw(
                "score on the practice notes",
                [r.practice.value for r in details() if r.practice],
                1.0,
                "%",
            ),
        ],
        codes=[(code, n, HINTS[Code(code)]) for code, n in counts_of_codes(settled)],
        families=family_recalls(details()),
        items=items(details(), question.name, question.points),
        late=_late(counting),
        time=_draw(
            "seconds to grade a submission",
            [row.result.seconds for row in settled],
            of="submissions",
        ),
    )


def _late(counting: Sequence[Settled]) -> list[tuple[str, int]]:
    """Return how many handed in how late; nothing if no time is known."""
    days = [row.late_days for row in counting if row.late_days is not None]
    unknown = len(counting) - len(days)
    found = [(days_late(n) if n else "in time", days.count(n)) for n in sorted(set(days))]
    return [*found, ("time not known", unknown)] if found and unknown else found


def _numbers(settled: Sequence[Settled], counting: Sequence[Settled]) -> list[tuple[str, int]]:
    """Return the counts on top of the page."""
    status = [row.result.status for row in settled]
    return [
        ("students", len(counting)),
        ("submissions", len(settled)),
        ("models scored", status.count("graded")),
        ("models not accepted", status.count("rejected")),
        ("not graded yet", status.count("infra_error")),
    ]


def _draw(
    title: str,
    values: Sequence[float],
    most: float | None = None,
    unit: str = "",
    of: str = "students",
) -> Histogram | None:
    """Return a histogram from 0 to the most there can be; None without numbers."""
    found = spread(values)
    if found is None:
        return None
    top = most or _round_up(found.high)
    edges = [top * i / _N_BINS for i in range(_N_BINS + 1)]
    counts = histogram(values, edges)
    width = (WIDTH - LEFT - 8) / _N_BINS
    room = HEIGHT - BOTTOM - 14
    bars = []
    for i, count in enumerate(counts):
        height = round(room * count / max(counts), 1)
        words = f"{_say(edges[i], unit)} to {_say(edges[i + 1], unit)}: {count}"
        x, y = round(LEFT + i * width, 1), round(HEIGHT - BOTTOM - height, 1)
        bars.append(Bar(x, y, round(width - 1.5, 1), height, count, words))
    ticks = tuple(
        (round(LEFT + width * i, 1), _say(edges[i], unit)) for i in range(0, _N_BINS + 1, 3)
    )
    words = "; ".join(bar.words for bar in bars if bar.count)
    return Histogram(title, tuple(bars), ticks, found, unit, of, f"Histogram of {title}: {words}.")


def _round_up(value: float) -> float:
    """Return a round number that is not smaller."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(size * k for k in (1, 2, 3, 4, 6, 8, 10, 12) if size * k >= value)


def _say(value: float, unit: str) -> str:
    """Return a number with at most two digits after the point; "%" of 1 where asked."""
    return f"{100 * value:.0f}%" if unit == "%" else f"{round(value, 2):g}"
