"""Gradescope's machines: their reports, their metadata, their room."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.assignment import Limits
from grader.autograder.history import FINGERPRINT, HIDDEN_ENTRY, Try, place, read_tries
from grader.autograder.reports import Shown, gradescope_report, otter_results
from grader.autograder.room import (
    BESIDE_MODEL_MB,
    LEAST_SECONDS,
    MEMORY_VARIABLE,
    MODEL_SECONDS,
    SECONDS,
    SLOWEST,
    Room,
    memory_limit_mb,
    processor_limit,
)
from grader.model_tests import QuestionResult
from grader.notebook.process import NotebookLimits
from grader.policy.keys import AttemptPolicy
from grader.results import Result
from tests.grader.container import run_small
from tests.grader.gradescope import check_report, metadata, previous
from utils.submission.codes import Code
from utils.submission.score import ModelScore

POLICY = AttemptPolicy(limit=3, step=0.02)
SCORE = ModelScore(0.6543, 0.5876, 0.7123, 1024, 33, "hidden", "log-mel 1")
GRADED = Result(
    submission="ada.zip",
    student="ada",
    assignment="hw3",
    sha256="",
    status="graded",
    score=SCORE,
    practice=replace(SCORE, value=0.5, low=0.4, high=0.6, split="practice"),
    model_points=13.57,
    questions=(QuestionResult("q1", 2.0, 2.0, ()), QuestionResult("q2", 0.0, 3.0, (), "a hint")),
    auto_points=2.0,
    max_points=25.0,
    seconds=12.34,
    public_score=0.6789,
)
SHOWN = Shown(0.66, "Scored try 1 of 5.", "ab" * 32)


def _refused(code: Code, **changes: Any) -> Result:
    ours = code == Code.INFRA_ERROR
    return replace(
        GRADED,
        status="infra_error" if ours else "rejected",
        code=code.value,
        message="why",
        hint="what to do",
        score=None,
        practice=None,
        model_points=None if ours else 0.0,
        **changes,
    )


# --- reports -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (GRADED, SHOWN),
        (
            replace(GRADED, warnings=("no front end",), notebook_notes=("cell 3: <b>bold</b>",)),
            SHOWN,
        ),
        (replace(GRADED, sandbox="weak", missing_layers=("few system calls",)), SHOWN),
        *((_refused(code), Shown()) for code in Code),
    ],
)
def test_every_outcome_is_a_report_that_gradescope_understands(
    result: Result, shown: Shown
) -> None:
    report = json.loads(json.dumps(gradescope_report(result, shown)))
    check_report(report)
    visible = json.dumps([t for t in report["tests"] if t["visibility"] == "visible"])
    hidden_figures = ("65.4", "0.65", "59", "71%", "13.57", "67.9")
    assert not [x for x in hidden_figures if x in visible + report.get("output", "")]
    assert ("leaderboard" in report) == (result.status == "graded")
    scored = {t["name"]: t["visibility"] for t in report["tests"]}
    # what the grader could not judge has no points, not even zero
    assert scored.get(HIDDEN_ENTRY) == (None if result.model_points is None else "after_published")
    if result.status != "graded":
        assert report["tests"][0]["output"] == f"{result.code}: why\nwhat to do"


def test_what_could_not_be_graded_is_blank_in_otters_table() -> None:
    from otter.grade.utils import merge_scores_to_df

    graded, lacked = otter_results(GRADED), otter_results(_refused(Code.INFRA_ERROR))
    graded.file, lacked.file = "ada.zip", "bob.zip"
    table = merge_scores_to_df([lacked, graded]).set_index("file").astype(object)
    wanted = ["model", "q1", "total_points_earned", "percent_correct"]
    assert table.loc["ada.zip", wanted].to_list() == [13.57, 2, 15.57, 0.6228]
    assert table.loc["bob.zip", wanted].notna().to_list() == [False, True, False, False]
    assert "INFRA_ERROR: why" in lacked.summary()


def test_a_weak_sandbox_is_told() -> None:
    result = replace(GRADED, sandbox="weak", missing_layers=("few system calls",))
    assert "weak sandbox" in gradescope_report(result, SHOWN)["output"]


@pytest.mark.parametrize(
    "change", [{"score": -1}, {"score": 3, "max_score": 2}, {"visibility": ""}]
)
def test_the_check_of_reports_can_fail(change: dict[str, Any]) -> None:
    report = gradescope_report(GRADED, SHOWN)
    report["tests"][2] |= change
    with pytest.raises((jsonschema.ValidationError, AssertionError)):
        check_report(report)


# --- earlier tries -----------------------------------------------------------------------------


def _results(value: object, model: str, points: float) -> dict[str, Any]:
    return {
        "tests": [{"name": HIDDEN_ENTRY, "score": points}],
        "leaderboard": [{"name": "accuracy", "value": value}],
        "extra_data": {FINGERPRINT: model},
    }


def _read(tmp_path: Path, content: object) -> list[Try]:
    path = tmp_path / "submission_metadata.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_tries(path)


def test_tries_are_read_in_the_order_of_time_and_without_rejected_ones(tmp_path: Path) -> None:
    newest_first = metadata(
        previous(_results(64.0, "b", 12.0), day=9),
        previous({"tests": [], "score": 0}, day=8),
        previous(None, day=7),
        previous(_results(62.0, "a", 11.0), day=6),
        group=("Ada", "Bob"),
    )
    assert _read(tmp_path, newest_first) == [Try("a", 0.62, 11.0), Try("b", 0.64, 12.0)]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON",
        "[]",
        "null",
        {},
        {"previous_submissions": None},
        metadata(),
        metadata(previous("text")),
        metadata(previous(_results("*****", "a", 1.0))),
        metadata(previous(_results("nan", "a", 1.0))),
        metadata(previous({"leaderboard": [{"name": "Time", "value": 1.0}]})),
    ],
)
def test_metadata_that_tell_nothing_hold_no_tries(tmp_path: Path, content: object) -> None:
    assert _read(tmp_path, content) == []


def test_one_strange_entry_hides_no_other(tmp_path: Path) -> None:
    content = metadata(previous({"leaderboard": 7}), previous(_results(62.0, "a", 11.0)))
    assert _read(tmp_path, content) == [Try("a", 0.62, 11.0)]
    assert read_tries(tmp_path / "missing.json") == []


TRIES = [Try("a", 0.60, 11.0), Try("b", 0.60, 9.0), Try("a", 0.60, 11.0)]


@pytest.mark.parametrize(
    ("model", "accuracy", "tries", "number", "shown", "points"),
    [
        ("a", 0.613, [], 1, 0.62, None),
        ("c", 0.613, TRIES, 3, 0.60, None),  # too small a step
        ("c", 0.90, TRIES, 3, 0.90, None),
        ("a", 0.90, TRIES, 1, 0.60, None),  # that model again is no new try
        ("d", 0.90, [*TRIES, Try("c", 0.60, 10.0)], 4, 0.60, 11.0),  # after the limit
        ("d", 0.90, [*TRIES, Try("c", 0.60, 10.0), Try("e", 0.60, 11.0)], 5, 0.60, 11.0),
        ("b", 0.90, [*TRIES, Try("c", 0.60, 10.0)], 2, 0.60, None),
        ("d", 0.90, [Try("", 0.60, None)] * 3, 4, 0.60, None),  # nothing to keep
    ],
)
def test_the_place_of_a_try(
    model: str, accuracy: float, tries: list[Try], number: int, shown: float, points: float | None
) -> None:
    found = place(model, accuracy, tries, POLICY)
    assert (found.number, found.points) == (number, points)
    assert found.shown == pytest.approx(shown)
    assert f"try {number}" in found.note


def test_after_the_limit_the_last_try_that_counts_may_be_kept() -> None:
    tries = [*TRIES[:2], Try("c", 0.60, 10.0), Try("d", 0.60, 10.0)]
    assert place("e", 0.9, tries, POLICY, rule="last").points == 10.0
    tries[3] = replace(tries[3], points=99.0)  # one that did not count
    assert place("e", 0.9, tries, POLICY).points == 11.0


# --- room --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "told", "expected"),
    [
        ("memory.max", "805306368\n", "", 805.306368),
        ("memory/memory.limit_in_bytes", "805306368", "", 805.306368),
        ("memory.max", "805306368", "600", 600),
        ("memory.max", "max", "700", 700),
        ("memory.max", "max", "much", None),
        ("memory/memory.limit_in_bytes", "9223372036854771712", "", None),
    ],
)
def test_the_memory_of_a_container(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    told: str,
    expected: float | None,
) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, told)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    found = memory_limit_mb(tmp_path)
    if expected is not None:
        assert found == pytest.approx(expected)
    else:  # what the whole machine has
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        assert found == pytest.approx(int(lines["MemTotal"].split()[0]) * 1024 / 1e6)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "25000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.25),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_processors_of_a_container(
    tmp_path: Path, files: dict[str, str], expected: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert processor_limit(tmp_path) == (os.cpu_count() if expected is None else expected)


def test_limits_fit_into_the_room() -> None:
    room, wide = Room(800, 2), Room(100_000, 2)
    assert room.for_model(Limits()).memory_mb == 800 - BESIDE_MODEL_MB
    assert wide.for_model(Limits()) == replace(Limits(), wall_seconds=MODEL_SECONDS)
    assert wide.for_model(Limits(wall_seconds=5)).wall_seconds == 5
    mine = NotebookLimits()
    assert room.for_notebook(mine).memory_mb < mine.memory_mb
    assert wide.for_notebook(mine) == mine
    # a second of a whole processor takes two of half a one
    half = Room(100_000, 0.5).for_notebook(mine)
    assert half == replace(mine, cell_seconds=2 * mine.cell_seconds)
    assert Room(800, 0.01).for_notebook(mine).cell_seconds == SLOWEST * mine.cell_seconds


def test_a_model_that_took_long_leaves_less_to_the_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("grader.autograder.room.time.monotonic", lambda: now)
    room = Room(800)
    now += SECONDS - 50
    assert room.for_notebook(NotebookLimits()).wall_seconds == 50
    now += 100
    assert room.for_notebook(NotebookLimits()).wall_seconds == LEAST_SECONDS
    # a model that is run twice, to its end, and the notebook: less than Gradescope's ten minutes
    assert 2 * MODEL_SECONDS + LEAST_SECONDS < SECONDS < 600


@pytest.mark.parametrize(
    ("code", "message", "memory_mb", "lacked"),
    [
        (Code.MEMORY, "the model needs more than 450 MB", 800, True),
        (Code.CRASH, "the process was ended by SIGKILL", 800, True),
        (Code.CRASH, "the process was ended by SIGSEGV", 800, False),
        (Code.TIMEOUT, "SIGKILL", 800, False),
        (Code.MEMORY, "the model needs more than 2000 MB", 4000, False),
    ],
)
def test_a_model_that_lacked_room_is_told_apart(
    code: Code, message: str, memory_mb: float, lacked: bool
) -> None:
    reason = Room(memory_mb).lacked(replace(_refused(code), message=message), Limits())
    assert (reason is not None) == lacked
    if reason is not None:
        assert "800 MB" in reason
        assert "instructor can choose a larger one" in reason


# --- the small machine of the tests itself -----------------------------------------------------

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
BUSY = "import sys, time\nwhile time.process_time() < 0.5: pass\nprint('done')"
TWO = f"import os\npid = os.fork()\n{BUSY}\nif pid: os.waitpid(pid, 0)"


@LINUX
@pytest.mark.parametrize("code", [BUSY, TWO])
@pytest.mark.parametrize("quota", [True, False])
def test_half_a_processor(code: str, quota: bool) -> None:
    used = run_small([sys.executable, "-c", code], {}, quota=quota)
    assert used.code == 0
    assert "done" in used.output
    assert used.how == "taking turns" or quota
    # two that take turns may run at the same time
    most = 1.0 if code == TWO and used.how == "taking turns" else 0.5
    assert used.cpu_seconds >= 0.5
    assert used.cpu_seconds <= most * used.seconds + 0.15


@LINUX
def test_a_quota_is_seen_from_inside(root: Path) -> None:
    code = "from grader.autograder.room import processor_limit; print(processor_limit())"
    used = run_small([sys.executable, "-c", code], {"PYTHONPATH": str(root)}, cpus=0.4)
    assert used.output == ("0.4\n" if used.how == "quota" else f"{os.cpu_count()}.0\n")


@LINUX
def test_memory_is_shared_by_all_processes() -> None:
    code = """
import os, time
pid = os.fork()
held = bytearray(os.urandom(1 << 20) * (20 if pid else 120))
if pid:
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
else:
    time.sleep(30)
"""
    used = run_small([sys.executable, "-c", code], {}, memory_mb=100)
    assert (used.code, used.killed) == (0, 1)
    assert used.output == "-9\n"
    assert used.peak_mb > 100


@LINUX
def test_time_is_up_for_all_processes() -> None:
    code = "import os, time\nos.fork()\ntime.sleep(60)"
    used = run_small([sys.executable, "-c", code], {}, seconds=1)
    assert used.too_late
    assert used.code == -9
