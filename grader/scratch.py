"""Folders for a while, of which nothing stays for long, not even after ``kill -9``.

Such a folder lies where the system keeps temporary files, and has a lock file in it. Its
maker holds the lock; the system gives a lock back when its holder ends, however that
happens. Whoever makes the next folder removes those whose lock nobody holds.

Everybody may write where temporary files are. So a folder counts as ours only if it is a real
folder, no link to one, of this user, in which nobody else may write, and with such a lock
file. Without locks (Windows, some network drives) nothing is removed but by its maker.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Scratch", "remove_folder", "sweep"]

PREFIX = "grader-"
LOCK = ".music-ai-course-lock"


class Scratch:
    """A new folder that only this user may look into; a context manager, as the folder's path.

    Parameters
    ----------
    name : str
        A word that says what it is for; part of the folder's name.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, name: str) -> None:
        sweep()
        self.path, lock = _make(name)
        self._lock: int | None = lock

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        if self._lock is not None:
            os.close(self._lock)  # first: Windows removes no file that is open
            self._lock = None
            _remove(self.path)


def sweep() -> None:
    """Remove what makers of such folders left behind when they were killed."""
    place = Path(tempfile.gettempdir())
    if fcntl is None or not _nobody_can_swap(place):
        return
    for path in place.glob(f"{PREFIX}*"):
        # not ours, in use, or removed by another sweep: nothing to say
        with contextlib.suppress(OSError):
            _remove_if_left(path)


def remove_folder(folder: Path) -> None:
    """Remove a folder, however deep it is and whatever its rights are."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    done = subprocess.run(["rm", "-rf", "--", str(folder)], **quiet)  # type: ignore[call-overload]
    if done.returncode != 0:
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], **quiet)  # type: ignore[call-overload]
        subprocess.run(["rm", "-rf", "--", str(folder)], **quiet)  # type: ignore[call-overload]


def _make(name: str) -> tuple[Path, int]:
    """Return a new folder and its lock, held by this process."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-"))
        try:
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:  # a sweep took it for one that had been left
            continue
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # the same, a moment later: the sweep removes it
        except OSError:
            return path, lock  # no locks here
        else:
            if os.fstat(lock).st_nlink:
                return path, lock
        os.close(lock)


def _remove_if_left(path: Path) -> None:
    """Remove a folder if it is ours and nobody holds its lock; an OSError if not."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _demand_ours(folder)
        try:
            lock = os.open(LOCK, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            path.rmdir()  # killed before it had one; not empty: not ours
            return
        try:
            _demand_ours(lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        finally:
            os.close(lock)
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    """Remove a folder; its lock last, so that one that resists is found by the next sweep."""
    if os.name != "posix":
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):  # somebody else may be removing it
        for entry in path.iterdir():
            if entry.name != LOCK:
                remove_folder(entry)
        if [entry.name for entry in path.iterdir()] == [LOCK]:
            (path / LOCK).unlink()
            path.rmdir()


def _demand_ours(descriptor: int) -> None:
    """Raise an error if something belongs to others, or others may change it."""
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError


def _nobody_can_swap(place: Path) -> bool:
    """Return whether others can't replace our folders in a place by theirs."""
    facts = place.stat()
    trusted = facts.st_uid in (0, os.geteuid())
    return trusted and bool(facts.st_mode & stat.S_ISVTX or not facts.st_mode & 0o022)
