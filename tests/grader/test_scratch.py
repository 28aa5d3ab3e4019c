"""Folders for a while: gone after their maker's end, however it ends; never anybody else's."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import scratch
from grader.scratch import LOCK, PREFIX, Scratch, remove_folder, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks that a sweep could try")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie during a test; everybody may write there."""
    place = tmp_path / "temporary"
    place.mkdir()
    place.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


MAKER = """
import sys
from grader.scratch import Scratch

folder = Scratch("notebooks").path
(folder / "work").write_text("half done")
print(folder, flush=True)
sys.stdin.read()
"""


def start(place: Path, root: Path) -> tuple[subprocess.Popen, Path]:
    """Start a process that makes a folder and waits; return both."""
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(root)},
    )
    assert maker.stdout is not None
    return maker, Path(maker.stdout.readline().strip())


def leaving(place: Path, name: str = "old", *, mode: int = 0o700) -> Path:
    """Make a folder as a killed grader leaves it."""
    folder = place / f"{PREFIX}{name}"
    folder.mkdir()
    folder.chmod(mode)
    (folder / LOCK).touch(0o600)
    (folder / "file").touch()
    return folder


def test_a_folder_lasts_as_long_as_its_block(place: Path) -> None:
    with Scratch("one") as folder:
        assert folder.parent == place
        assert folder.name.startswith("grader-one-")
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep").chmod(0)
    assert not list(place.iterdir())


def test_closing_twice_does_nothing(place: Path) -> None:
    one = Scratch("one")
    remove_folder(one.path)
    one.close()
    one.close()
    assert not list(place.iterdir())


def test_a_killed_maker_s_folder_is_removed_by_the_next_one(place: Path, root: Path) -> None:
    alive, kept = start(place, root)
    killed, left = start(place, root)
    killed.kill()
    killed.wait()
    assert (left / "work").exists()
    with Scratch("new") as new:
        assert set(place.iterdir()) == {kept, new}
        assert (kept / "work").read_text() == "half done"
    alive.communicate("")
    sweep()
    assert not list(place.iterdir())


def test_one_that_was_killed_before_it_had_a_lock(place: Path) -> None:
    (place / "grader-notebooks-1").mkdir()
    sweep()
    assert not list(place.iterdir())


def test_what_resists_is_found_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = leaving(place)
    with monkeypatch.context() as patch:
        patch.setattr(scratch, "remove_folder", lambda path: None)
        sweep()
    assert (folder / LOCK).exists()
    sweep()
    assert not folder.exists()


# --- what is not ours -------------------------------------------------------------------------


def not_locked(place: Path) -> Path:
    folder = leaving(place)
    (folder / LOCK).unlink()
    return folder


def linked(place: Path) -> Path:
    folder = leaving(place, "target")
    folder.rename(place / "other")
    (place / f"{PREFIX}old").symlink_to(place / "other")
    return place / "other"


def with_a_linked_lock(place: Path) -> Path:
    folder = not_locked(place)
    (place / "lock").touch(0o600)
    (folder / LOCK).symlink_to(place / "lock")
    return folder


def of_another_user(place: Path) -> Path:
    folder = leaving(place)
    os.chown(folder, 60_799, 60_799)
    return folder


def with_a_lock_of_another_user(place: Path) -> Path:
    folder = leaving(place)
    os.chown(folder / LOCK, 60_799, 60_799)
    return folder


def of_another_name(place: Path) -> Path:
    return leaving(place, "x").rename(place / "my-grader-x")


def where_others_may_swap(place: Path) -> Path:
    place.chmod(0o777)
    return leaving(place)


needs_root = pytest.mark.skipif(not ROOT, reason="only root can give a file away")


@pytest.mark.parametrize(
    "make",
    [
        *(not_locked, linked, with_a_linked_lock, of_another_name, where_others_may_swap),
        pytest.param(lambda place: leaving(place, mode=0o777), id="open to all"),
        pytest.param(of_another_user, marks=needs_root),
        pytest.param(with_a_lock_of_another_user, marks=needs_root),
    ],
)
def test_a_folder_that_may_not_be_ours_stays(place: Path, make: Callable[[Path], Path]) -> None:
    folder = make(place)
    sweep()
    assert (folder / "file").exists()


def test_links_inside_are_removed_and_not_followed(place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (leaving(place) / "link").symlink_to(outside)
    (place / f"{PREFIX}old" / "closed").mkdir(mode=0)
    sweep()
    assert not list(place.iterdir())
    assert (outside / "precious").exists()


# --- makers and sweeps at the same time -------------------------------------------------------


def test_a_sweep_between_folder_and_lock(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    make, made = tempfile.mkdtemp, []

    def swept_at_first(**options: str) -> str:
        made.append(make(**options))
        if len(made) == 1:
            sweep()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept_at_first)
    with Scratch("one") as folder:
        assert str(folder) == made[1]
        assert list(place.iterdir()) == [folder]


@pytest.mark.parametrize("done", [True, False], ids=["done", "at work"])
def test_a_sweep_before_the_lock_is_held(
    monkeypatch: pytest.MonkeyPatch, place: Path, done: bool
) -> None:
    flock, held = scratch.fcntl.flock, []

    def swept_at_first(descriptor: int, how: int) -> None:
        if not held:
            first = next(place.glob("grader-one-*"))
            held.append(os.open(first / LOCK, os.O_RDWR))
            flock(held[0], how)
            if done:
                scratch._remove(first)
                os.close(held[0])
        flock(descriptor, how)

    with monkeypatch.context() as patch:
        patch.setattr(scratch.fcntl, "flock", swept_at_first)
        with Scratch("one") as folder:
            assert (folder / LOCK).exists()
            if not done:
                os.close(held[0])
            patch.undo()
            sweep()
            assert list(place.iterdir()) == [folder]


def test_without_locks_nothing_is_swept(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    def unsupported(descriptor: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(scratch.fcntl, "flock", unsupported)
    first, second = Scratch("one"), Scratch("two")
    assert set(place.iterdir()) == {first.path, second.path}
    first.close()
    second.close()
    assert not list(place.iterdir())
