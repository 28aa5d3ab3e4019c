"""Grade a class in a process of its own, and measure that.

``python -m tests.bench.batch SUBMISSIONS HIDDEN JOBS NOTEBOOKS`` prints one line of JSON.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from grader.grade import grade_submissions
from tests.bench.memory import Measured, Watch, cpu_seconds
from tests.bench.tables import in_a_process

__all__ = ["Grading", "grade"]


@dataclass(frozen=True)
class Grading(Measured):
    """What grading a class took, from the start to the last page.

    Attributes
    ----------
    outcomes : dict of str to int
        How many submissions were graded, rejected or not graded.
    growth_mb : tuple of float
        By how much the memory of the grader, and of the processes that wait for models and
        notebooks, was larger near the end than near the beginning.
    """

    outcomes: dict[str, int]
    growth_mb: tuple[float, float]


def grade(submissions: Path, hidden: Path, *, jobs: int, notebooks: bool) -> Grading:
    """Grade a class in a new process."""
    return Grading(**in_a_process(__name__, submissions, hidden, jobs, int(notebooks)))


def _growth(sizes: list[float]) -> float:
    """Return how much larger the last fifth is than the second one."""
    fifth = max(1, len(sizes) // 5)
    return median(sizes[-fifth:]) - median(sizes[fifth : 2 * fifth] or sizes[:1])


def main(submissions: str, hidden: str, jobs: str, notebooks: str) -> None:
    """Grade a class, and print what that took."""
    with tempfile.TemporaryDirectory() as out:
        began = time.monotonic()
        with Watch() as watch:
            batch = grade_submissions(
                submissions,
                hidden=hidden,
                out=out,
                jobs=int(jobs),
                notebooks=bool(int(notebooks)),
                progress=False,
            )
        measured = Grading(
            time.monotonic() - began,
            cpu_seconds(),
            watch.peak,
            dict(Counter(result.status for result in batch.results)),
            (_growth(watch.own or [0.0]), _growth(watch.children or [0.0])),
        )
    print(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main(*sys.argv[1:])
