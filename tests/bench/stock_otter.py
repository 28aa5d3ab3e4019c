"""Grade notebooks with stock otter's own programming interface, for comparison.

``python -m tests.bench.stock_otter AUTOGRADER_ZIP SUBMISSION…`` prints one line of JSON.
All runs in one process, one after the other, as ``otter run`` does it: without a sandbox,
without time limits, tests and student code in one kernel, no model on hidden notes.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.assignment import load_assignment
from grader.otter_assign import assigned, course_environment
from tests.bench.memory import Measured, Watch, cpu_seconds
from tests.bench.tables import in_a_process
from tests.grader.road import HW3

__all__ = ["Grading", "grade"]


@dataclass(frozen=True)
class Grading(Measured):
    """What grading some notebooks took.

    Attributes
    ----------
    points : list of float
        Of each notebook.
    """

    points: list[float]


def grade(submissions: Sequence[Path]) -> Grading:
    """Grade submissions of homework 3 with what stock ``otter assign`` makes of its master."""
    with assigned(load_assignment(HW3)) as made:
        return Grading(**in_a_process(__name__, made.zip_file, *submissions))


def main(autograder: str, submissions: Sequence[str]) -> None:
    """Grade submissions, and print what that took."""
    from otter.api import grade_submission

    os.environ.update(course_environment())
    points = []
    began, before = time.monotonic(), cpu_seconds()
    with Watch() as watch, contextlib.redirect_stdout(sys.stderr):
        for path in submissions:
            points.append(grade_submission(path, autograder, quiet=True).total)
    measured = Grading(
        time.monotonic() - began, cpu_seconds() - before, watch.peak, list(map(float, points))
    )
    print(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
