"""The tests' own Docker engine: it starts, runs containers, and goes without a trace."""

import tarfile
from pathlib import Path

import pytest

from tests.grader.docker_engine import Engine, missing

REASON = missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]


def _fail_with(engine: Engine) -> None:
    """Run a container of one program, the one of Debian's that needs no library; then fail."""
    with engine:
        assert engine.driver == "vfs"  # the first that works
        assert "Storage Driver: vfs" in engine.docker("info")
        with tarfile.open(engine.folder / "small.tar", "w") as archive:
            archive.add(Path("/sbin/ldconfig").resolve(), "ldconfig")
        engine.docker("import", str(engine.folder / "small.tar"), "small")
        run = ("run", "--rm", "--network", "none", "small", "/ldconfig", "--version")
        assert "ldconfig" in engine.docker(*run)
        assert len(_traces(engine.folder)) > 3
        raise ZeroDivisionError


def test_the_fall_back_runs_containers_and_leaves_nothing_behind() -> None:
    engine = Engine(["no such driver", "vfs"])
    with pytest.raises(ZeroDivisionError):
        _fail_with(engine)
    assert not _traces(engine.folder)


def test_an_engine_that_does_not_start_says_why_and_leaves_nothing_behind() -> None:
    engine = Engine(["no such driver"])
    with pytest.raises(RuntimeError, match=r"(?s)dockerd does not start:.*no such driver"):
        engine.__enter__()
    assert not _traces(engine.folder)


def _traces(folder: Path) -> list[str]:
    """Return the processes, mounts and files that belong to an engine's folder."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_text(errors="replace"))
        except OSError:  # it has ended
            continue
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found = [line for line in [*commands, *mounts] if str(folder) in line]
    return [*found, *map(str, folder.glob("*"))]
