"""Ten thousand submissions: the memory of grading, settling, pages and export.

Models and notebooks are stubs here, so that only the books are measured: the journal, the
gradebook, late days, a page for each submission, the page of the class, the leaderboard.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from grader import grade
from grader.assignment import Assignment, load_assignment
from grader.batch.finding import find_submissions
from grader.batch.folder import Folder
from grader.batch.local import Threads
from grader.batch.runner import Job
from grader.exports import totals, write_csv
from grader.marking import Marker
from grader.model_tests import CaseResult, QuestionResult
from grader.policy.late import LatePolicy
from grader.policy.load import load_results
from grader.policy.settle import read_inputs, settle
from grader.report_cli import write_report
from grader.results import Result
from grader.settle_cli import settle_results
from tests.bench.memory import forget_peak, peak_mb
from tests.bench.tables import in_a_process, print_table
from tests.grader.batch_world import CheapStation, plan
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import Code
from utils.submission.score import ModelScore

SIZES, SMALL = (1_000, 10_000), (20, 60)
STEPS = ("grade", "settle", "report", "export")
TRIES = 2
"""Submissions of each student."""

LATE = LatePolicy(datetime(2026, 11, 20, 23, 59), ZoneInfo("Europe/Vienna"))


def run(*, small: bool) -> None:
    """Measure a small and a large class, and print what each submission costs."""
    few, many = SMALL if small else SIZES
    first, second = measure(few), measure(many)
    rows = [
        (
            step,
            *(f"{found[step][0] - found['before'][0]:.1f}" for found in (first, second)),
            f"{growth(first, second, step) / (many - few):.0f}",
            f"{second[step][1]:.1f}",
        )
        for step in STEPS
    ]
    print_table(
        f"The books of {many:,} submissions",
        ("step", f"MB, {few:,}", f"MB, {many:,}", "bytes a submission", f"s, {many:,}"),
        rows,
        "MB: the most that the process held in memory, over what it held before it began.",
    )


def measure(number: int) -> dict[str, tuple[float, float]]:
    """Return for each step the peak of the memory in MB and the seconds, in a new process."""
    found = in_a_process("tests.bench.scale", number)
    return {step: (mb, seconds) for step, (mb, seconds) in found.items()}


def growth(
    few: dict[str, tuple[float, float]], many: dict[str, tuple[float, float]], step: str
) -> float:
    """Return by how many bytes a step's peak grows from a smaller to a larger class."""
    return 2**20 * (many[step][0] - many["before"][0] - few[step][0] + few["before"][0])


# --- what is measured -------------------------------------------------------------------------


class Station(CheapStation):
    """Gives each submission a made-up result as large as a real one."""

    def mark(self, job: Job, marker: Marker) -> Result:
        """Return a result with everything that a real one has; some are refused."""
        chance = int(job.sha256[:8], 16) / 16**8
        empty = marker.refused(job.path.name, Code.NO_MODEL, f"no model.onnx in {job.path.name}")
        result = replace(
            empty,
            questions=_questions(chance),
            notebook_notes=("cell 7: ZeroDivisionError: division by zero",),
            auto_points=18.0 * chance,
            seconds=chance,
        )
        return result if chance > 0.9 else _scored(result, chance)


def _questions(chance: float) -> tuple[QuestionResult, ...]:
    cases = tuple(CaseResult(f"case {i}", i % 2 > 0, 1.0, 1.0) for i in range(4))
    return tuple(
        QuestionResult(f"q{i}", 3.0 * chance, 3.0, cases, f"expected {i}, got {chance}")
        for i in range(1, 7)
    )


def _scored(result: Result, chance: float) -> Result:
    score = ModelScore(chance, 0.9 * chance, 1.1 * chance, 1024, 33, "hidden", "log-mel 1")
    row = [3] * N_FAMILIES
    return replace(
        result,
        status="graded",
        code="",
        message="the model does not say its front end",
        hint="",
        warnings=("the model does not say its front end",),
        score=score,
        practice=replace(score, split="practice"),
        practice_confusion=tuple(
            (*row[:i], int(40 * chance), *row[i + 1 :]) for i in range(N_FAMILIES)
        ),
        cases=tuple(CaseResult(f"case {i}", True, 1.0, 1.0) for i in range(6)),
        model_points=20.0 * chance,
        public_score=chance,
    )


def write_class(folder: Path, number: int) -> list[Path]:
    """Write files that stand for submissions, some of each student."""
    folder.mkdir(parents=True)
    paths = [
        folder / f"student{i // TRIES:05}_2026-11-2{i % TRIES}T2{i % 3}-00-00.zip"
        for i in range(number)
    ]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def books(assignment: Assignment, paths: Sequence[Path], out: Path, note: Callable) -> None:
    """Do everything that is done with a class but running what it handed in."""
    this = replace(plan(), assignment=assignment)
    pool = Threads([Station(), Station()], this.marker())
    try:
        batch = grade.run_batch(this, Folder(out), paths, pool)
        assert sum(1 for _ in batch.results) == len(paths)
    finally:
        pool.close()
    del batch
    note("grade")
    settle_results(out, assignment, times="names", submissions=paths[0].parent)
    note("settle")
    write_report(out, assignment, closed=True)
    note("report")
    inputs = read_inputs(out, assignment)
    settled = settle(load_results(out, assignment), assignment, inputs)
    assert write_csv(totals(settled, assignment, inputs), out / "export.csv")
    del settled
    note("export")


def main(number: int) -> None:
    """Print for each step the peak of the memory and the seconds, as JSON."""
    found: dict[str, tuple[float, float]] = {}
    began = time.monotonic()

    def note(step: str) -> None:
        nonlocal began
        found[step] = peak_mb(), time.monotonic() - began
        gc.collect()
        forget_peak()
        began = time.monotonic()

    assignment = replace(load_assignment("hw3_nsynth_cnn"), late=LATE)
    # memory, where there is some: a disk's speed is not what is measured
    room = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=room) as name:
        folder = Path(name)
        # all that is loaded at first use is loaded now
        books(assignment, write_class(folder / "first", 3), folder / "first-out", lambda _: None)
        write_class(folder / "in", number)
        note("warm")
        note("before")
        books(assignment, find_submissions(folder / "in")[0], folder / "out", note)
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
