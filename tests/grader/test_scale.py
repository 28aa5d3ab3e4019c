"""Large classes: what is kept of each submission while all of them are looked at."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.batch.runner import Job
from grader.gradebook import write_gradebook
from grader.policy.settle import Inputs, settle
from grader.results import Result
from tests.bench import scale
from tests.grader.batch_world import plan

KEPT_BYTES = 1_200
"""Of a submission that is settled; 230 are its name and its hash."""

GROWTH_BYTES = 30 * 2**20
"""Of the whole process from 1 000 to 10 000 submissions: with their names and hashes, and with
what is lost to fragments."""


def results(number: int) -> Iterator[Result]:
    """Return made-up results with all details, one after the other."""
    station, marker = scale.Station(), plan().marker()
    for i in range(number):
        sha256 = f"{i * 2654435761 % 2**32:08x}{i:056x}"
        # as they come from the journal
        made = Result.from_json(station.mark(Job(Path("x.zip"), sha256), marker).to_json())
        yield replace(made, submission=f"s{i:05}.zip", student=f"s{i // 2:05}", sha256=sha256)


def test_a_settled_submission_needs_little_memory(tmp_path: Path) -> None:
    assignment = load_assignment("hw3_nsynth_cnn")
    settle(results(10), assignment, Inputs())  # what is made at first use
    tracemalloc.start()
    try:
        settled = settle(results(500), assignment, Inputs())
        gc.collect()  # empties Python's own stores, too
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        write_gradebook(settled, tmp_path / "grades.csv")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / 500 < KEPT_BYTES
    assert peak - kept < 300_000  # rows go to the file one by one: all of them are a million
    assert len((tmp_path / "grades.csv").read_text().splitlines()) == 501


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_ten_thousand_submissions_need_little_memory() -> None:
    few, many = (scale.measure(number) for number in scale.SIZES)
    found = {step: scale.growth(few, many, step) for step in scale.STEPS}
    assert max(found.values()) < GROWTH_BYTES, found
