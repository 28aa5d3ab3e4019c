"""Every benchmark runs, in a tiny size; how fast it is, is not tested."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.__main__ import main, subjects
from tests.bench.memory import Watch
from tests.bench.tables import ROOT

MINUTES = {"gradescope": pytest.mark.full}
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


def test_the_list_names_every_subject(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(subjects())
    assert {"grade40", "models", "scale", "lectures"} <= set(listed)
    assert all(what.endswith(".") for what in subjects().values())


def test_an_unknown_subject_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--small", "speed"])
    assert "grade40" in capsys.readouterr().err


@linux_only
def test_the_watch_sees_this_process_and_those_below_it() -> None:
    with Watch() as before:
        wait_for_looks(before)
    code = "x = b'x' * 80_000_000; print('ready', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child, Watch() as watch:
        assert child.stdout is not None
        child.stdout.readline()
        own = b"x" * 80_000_000
        wait_for_looks(watch)
        assert own
        child.communicate(b"\n")
    assert watch.peak > before.peak + 150
    assert watch.own[-1] > before.own[-1] + 70
    assert max(watch.children) > 70


def wait_for_looks(watch: Watch) -> None:
    """Wait until all has been looked at twice more."""
    enough = len(watch.own) + 2
    while len(watch.own) < enough:
        time.sleep(0.01)


@linux_only
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=MINUTES.get(name, ())) for name in subjects()]
)
def test_every_subject_runs_in_a_tiny_size(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--small", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    title, *lines = done.stdout.splitlines()
    assert "processors" in title
    assert any(character in done.stdout for character in "─━"), "a table"
    assert sum(any(c.isdigit() for c in line) for line in lines) >= 2
