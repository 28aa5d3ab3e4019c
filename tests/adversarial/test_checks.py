"""What looks for leaks, leavings and slow readers finds them: it could fail."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.grade import grade_submissions
from grader.intake import Archive
from grader.notebook import place
from grader.sandbox.protocol import SandboxError
from tests.adversarial.books import BOOKS, TRACE
from tests.adversarial.course import MARK, Course
from tests.adversarial.watch import leavings, traces
from tests.adversarial.zips import ZIPS
from tests.grader.leaks import find_in_tree
from tests.grader.processes import left_after
from utils.submission.codes import Rejection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")


def test_ten_gigabytes_cost_less_than_a_second() -> None:
    for title, (make, code) in ZIPS.items():
        if not title.startswith("10 GB"):
            continue
        content, began = make(), time.process_time()
        try:
            Archive(content).model(max_bytes=32_000_000)
        except Rejection as rejection:
            assert rejection.code == code  # noqa: PT017 (some are only cut short)
        assert time.process_time() - began < 1, title


def test_all_that_leaks_is_found(course: Course, tmp_path: Path) -> None:
    assert find_in_tree(tmp_path, course.secrets) == []
    shutil.copytree(course.hidden, tmp_path / "leak")
    found = {finding.needle for finding in find_in_tree(tmp_path, course.secrets)}
    assert {"groups", "families as i8"} <= found
    (tmp_path / "page.html").write_text(f"{MARK}{course.secrets['hidden tests']}")
    found = {finding.needle for finding in find_in_tree(tmp_path, course.secrets)}
    assert "hidden tests" in found


def test_what_is_left_behind_is_found(public: Path) -> None:
    before = leavings(public)
    (public / "tmp/new").write_text("x")
    assert leavings(public) != before
    (public / "cwd" / f"a-{TRACE}").touch()
    assert [Path(path).name for path in traces()] == [f"a-{TRACE}"]
    with subprocess.Popen(["sleep", "9"]) as sleeper:
        assert sleeper.pid in left_after(0.2, os.getpid())
        sleeper.kill()


@pytest.mark.parametrize("title", ["labels"])
def test_the_hunt_finds_labels_where_they_can_be_read(title: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(f"{MARK}here")
    source = "".join(json.loads(BOOKS[title].content)["cells"][1]["source"])
    code = f"import os\nos.chdir({str(tmp_path)!r})\n" + re.sub(
        r"for top in \(.*\):", "for top in ('.',):", source
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "here" in done.stderr


@pytest.mark.parametrize("what", ["labels", "hidden tests", "submissions", "results"])
def test_nothing_secret_may_lie_where_notebooks_read(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "x.zip").touch()
    places = {
        "labels": course.hidden,
        "hidden tests": course.sealed,
        "submissions": folder,
        "results": tmp_path / "out",
    }
    monkeypatch.setattr(place, "readable_paths", lambda: [str(places[what])])
    with pytest.raises(SandboxError, match=f"lies inside {places[what]}, which notebooks may read"):
        grade_submissions(
            folder,
            hidden=course.hidden,
            out=tmp_path / "out",
            assignment=course.assignment,
            autograder=course.sealed,
            progress=False,
        )
