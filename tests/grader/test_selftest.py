"""The self-test: it proves what holds, and it sees what does not."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader import selftest, selftest_cli
from grader.cli import main
from grader.sandbox import launch
from grader.sandbox.acts import ACTS, ENDLESS
from grader.sandbox.layers import FILES, LAYERS, SYSTEM_CALLS, USER
from grader.sandbox.policy import PolicyError
from grader.sandbox.protocol import SandboxError
from grader.sandbox.thief import Scene, Thief, demand_unreadable
from grader.selftest import (
    DUTIES,
    OUTLIVE,
    START,
    SYSTEM,
    THEFTS,
    WATCH,
    SelfTest,
    judge,
    run_selftest,
)

LINUX = sys.platform == "linux"
ROOT = LINUX and os.geteuid() == 0
NOBODY = 65_534
pytestmark = pytest.mark.skipif(not LINUX, reason="only Linux has layers to test")
root_only = pytest.mark.skipif(not ROOT, reason="only root can become another user")
NAMES = [name for name, _ in LAYERS]


@pytest.fixture(scope="module")
def found() -> SelfTest:
    """What holds on this machine."""
    found = run_selftest()
    notes = {row.name: row.note for row in found.layers if not row.active}
    if FILES in notes or SYSTEM_CALLS in notes:
        pytest.skip(f"this kernel lacks a layer: {notes}")
    return found


@pytest.fixture(scope="module")
def poorer() -> SelfTest:
    """The same without Landlock and without seccomp."""
    return run_selftest("weak", missing={FILES, SYSTEM_CALLS})


def test_every_act_is_refused(found: SelfTest) -> None:
    assert [row.act for row in found.acts] == [*ACTS, OUTLIVE]
    assert [row.act for row in found.acts if not row.refused] == []
    assert found.problems == ()
    assert found.satisfied


def test_every_layer_holds_and_stops_something_alone(found: SelfTest) -> None:
    assert [row.name for row in found.layers] == NAMES
    for row in found.layers:
        assert row.holds or (row.name == USER and not ROOT), row
        stops = [act.act for act in found.acts if row.name in act.stopped_by]
        assert stops or not row.active, row


def test_every_theft_that_is_possible_is_stopped_twice(found: SelfTest) -> None:
    possible = {row.act for row in found.acts if row.possible}
    assert {"open the labels", "list the labels' folder"} <= possible
    thefts = [row for row in found.acts if row.act in THEFTS]
    assert len(thefts) == 10
    for row in thefts:
        if row.stopped_by in ((START,), (SYSTEM,)):
            continue  # nothing is there to steal, or the kernel forbids it to everybody (Yama)
        assert row.possible, row
        assert {FILES, SYSTEM_CALLS} <= set(row.stopped_by), row


def test_with_any_layer_off_the_labels_are_safe(found: SelfTest) -> None:
    assert {row.name: row.thefts_without for row in found.layers} == dict.fromkeys(NAMES, ())


def test_who_ends_what_never_ends(found: SelfTest) -> None:
    ends = {row.act: (row.stopped_by, row.reason.split(":")[0]) for row in found.acts}
    assert {act: ends[act] for act in ENDLESS} == {
        "hold more than the memory": ((WATCH,), "MEMORY"),
        "compute for ever": (("resource limits",), "TIMEOUT"),
        "sleep for ever": ((WATCH,), "TIMEOUT"),
        "send without end": ((WATCH,), "FLOOD"),
    }


def test_duties_are_acts() -> None:
    assert set(DUTIES) == set(NAMES)
    assert {act for acts in DUTIES.values() for act in acts} <= {*ACTS, OUTLIVE}


def test_without_landlock_and_seccomp_only_a_user_of_its_own_is_left(poorer: SelfTest) -> None:
    if not ROOT:
        assert not poorer.satisfied
        return
    # enough for the weak policy, not for the strict one
    assert poorer.satisfied
    problems = "\n".join(judge("strict", poorer.layers, poorer.acts))
    assert f"“{FILES}” is off" in problems
    assert f"“{SYSTEM_CALLS}” is off" in problems
    assert "a child can still send over UDP" in problems
    # nothing else is between the labels and a model: the switch-off test says so
    assert f"without “{USER}” nothing else stops: open the labels" in problems


@pytest.mark.parametrize("name", [FILES, SYSTEM_CALLS])
def test_the_strict_policy_wants_both(found: SelfTest, name: str) -> None:
    layers = [
        replace(row, active=False, holds=False, note="gone") if row.name == name else row
        for row in found.layers
    ]
    assert judge("strict", layers, found.acts) == [f"“{name}” is off: gone"]
    assert judge("none", layers, found.acts) == []


def test_an_act_that_succeeds_or_a_theft_is_a_problem(found: SelfTest) -> None:
    acts = [replace(row, refused=row.act != "fork") for row in found.acts]
    assert judge("strict", found.layers, acts) == ["with all layers on, a child can still fork"]
    layers = [replace(row, thefts_without=("open the labels",)) for row in found.layers[:1]]
    assert "nothing else stops: open the labels" in judge("strict", layers, [])[0]


PRETENDER = """
import sys
sys.path.insert(0, {packages!r})
from grader.sandbox import layers
layers.LAYERS = tuple((n, (lambda h: "on") if n == {name!r} else f) for n, f in layers.LAYERS)
from grader.sandbox import acts
acts.main({fd})
"""


def test_a_layer_that_only_pretends_is_found_out(
    found: SelfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(module: str, fd: str) -> list[str]:
        assert module == "sandbox.acts"
        code = PRETENDER.format(packages=str(launch.PACKAGES), name=SYSTEM_CALLS, fd=fd)
        return [sys.executable, "-I", "-c", code]

    monkeypatch.setattr(launch, "_command", command)
    pretended = run_selftest()
    row = pretended.layers[NAMES.index(SYSTEM_CALLS)]
    assert row.active
    assert not row.holds
    assert "send over UDP" in row.fails
    assert not pretended.satisfied
    assert any(text.startswith(f"“{SYSTEM_CALLS}” does not stop: ") for text in pretended.problems)


def test_stolen_labels_are_recognized() -> None:
    # a self-test that could not see a theft would always be satisfied
    with Scene() as scene, Thief(scene.facts, None) as thief:
        for act in ("open the labels", "list the labels' folder"):
            attempt = thief.attempt(act, without=NAMES)
            assert attempt.done
            assert scene.stolen(attempt)
        # what the child inherits and what it knows is empty, though this process holds both
        assert scene.canary.hex() in os.environ.values()
        for act in ("read inherited descriptors", "read the environment"):
            assert not scene.stolen(thief.attempt(act, without=NAMES))
        folder = Path(scene.facts["folder"])
    assert not folder.exists()
    assert scene.canary.hex() not in os.environ.values()


def test_an_act_that_is_ended_is_not_taken_for_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.sandbox.thief.ENDLESS", ())
    with (
        Scene() as scene,
        Thief(scene.facts, None) as thief,
        pytest.raises(SandboxError, match="a child that tried to send without end was ended"),
    ):
        thief.attempt("send without end")


def test_other_systems_have_no_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="expected Linux"):
        run_selftest()


# --- the command line -------------------------------------------------------------------------


def test_the_table_and_the_exit_code(
    found: SelfTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(selftest_cli, "run_selftest", lambda policy: found)
    assert main(["selftest"]) == 0
    out = capsys.readouterr().out
    for word in (*NAMES, *ACTS, "is satisfied on this machine", "switched off"):
        assert word in out, word
    broken = replace(found, problems=("“own user” is off: needs root",))
    monkeypatch.setattr(selftest_cli, "run_selftest", lambda policy: broken)
    assert main(["selftest", "--sandbox", "weak"]) == 4
    out = capsys.readouterr().out
    assert "✗ “own user” is off: needs root" in out
    assert "is NOT satisfied" in out
    assert main(["selftest", "--json"]) == 4
    table = json.loads(capsys.readouterr().out)
    assert table["satisfied"] is False
    assert len(table["layers"]) == len(LAYERS)
    assert selftest.run_selftest is run_selftest


@pytest.fixture
def python_of_nobody() -> Iterator[str]:
    """A Python with all packages that any user may run: it must not lie in a private home."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (folder / "bin").mkdir()
        (folder / "lib" / version).mkdir(parents=True)
        packages = sysconfig.get_paths()["purelib"]
        (folder / "lib" / version / "site-packages").symlink_to(packages)
        for path in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
            python = folder / "bin" / "python"
            python.unlink(missing_ok=True)
            if path is None:
                continue
            python.symlink_to(Path(path).resolve())
            (folder / "pyvenv.cfg").write_text(f"home = {Path(path).resolve().parent}\n")
            try:
                run_as_nobody(str(python), "-c", "import grader.sandbox.acts, rich")
            except (OSError, subprocess.CalledProcessError):
                continue
            yield str(python)
            return
    pytest.skip("another user can't run this Python, or can't read the packages")


def run_as_nobody(*command: str) -> str:
    """Return what a command prints as a user without rights."""
    done = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=launch.PACKAGES,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@root_only
def test_it_works_as_an_ordinary_user(python_of_nobody: str) -> None:
    table = json.loads(run_as_nobody(python_of_nobody, "-m", "grader", "selftest", "--json"))
    assert (table["satisfied"], table["root"]) == (True, False)
    holds = {row["name"]: row["holds"] for row in table["layers"]}
    assert holds == dict.fromkeys(NAMES, True) | {USER: False}
    # the files are the user's own, and the control proves that the acts were possible
    (opened,) = (row for row in table["acts"] if row["act"] == "open the labels")
    assert opened["possible"]
    assert opened["stopped_by"] == [FILES, SYSTEM_CALLS]


@root_only
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_it_works_as_root_without_the_rights_of_root() -> None:
    # as in a container that was given none of them
    command = ["setpriv", "--bounding-set=-all", sys.executable, "-m", "grader", "selftest"]
    done = subprocess.run(
        [*command, "--json"], cwd=launch.PACKAGES, capture_output=True, text=True, check=True
    )
    table = json.loads(done.stdout)
    assert table["satisfied"]
    holds = {row["name"]: (row["holds"], row["note"]) for row in table["layers"]}
    assert holds[USER] == (False, "Operation not permitted")
    assert holds[FILES][0]
    assert holds[SYSTEM_CALLS][0]


# --- labels that others may read --------------------------------------------------------------


@root_only
def test_readable_labels_are_found_by_trying() -> None:
    with tempfile.TemporaryDirectory() as name:
        labels = Path(name) / "labels.npz"
        labels.write_bytes(b"labels")
        labels.chmod(0o644)
        demand_unreadable([labels, Path(name) / "missing"], 60_898)  # the folder is private
        Path(name).chmod(0o755)
        with pytest.raises(PolicyError, match=r"can read .*labels\.npz, so nothing is graded"):
            demand_unreadable([labels], 60_898)
        labels.chmod(0o600)
        demand_unreadable([labels], 60_898)
