"""Folders of students' processes: what they may read, and how what they wrote is removed."""

import contextlib
import math
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from grader.sandbox.launch import PACKAGES
from grader.sandbox.protocol import SandboxError
from utils.notes.embedded import load_notes

__all__ = [
    "demand_unseen",
    "may_change_user",
    "public_cache",
    "readable_paths",
    "remove_folder",
    "size_of",
    "size_of_nameless",
]

MAX_DEPTH = 64
"""Of folders in a student's."""


def remove_folder(folder: Path) -> None:
    """Remove a folder, however deep it is and whatever its rights are."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    done = subprocess.run(["rm", "-rf", "--", str(folder)], **quiet)  # type: ignore[call-overload]
    if done.returncode != 0:
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], **quiet)  # type: ignore[call-overload]
        subprocess.run(["rm", "-rf", "--", str(folder)], **quiet)  # type: ignore[call-overload]


def readable_paths() -> list[str]:
    """Return what a notebook may read: Python, its libraries, the course's package and notes."""
    # not sys.path: it may hold the folder that the grader was started in
    libraries = [path for name, path in sysconfig.get_paths().items() if "lib" in name]
    system = ["/usr/lib", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts"]
    system += ["/etc/localtime", "/etc/mime.types", "/dev/urandom", "/usr/local/lib"]
    own = [str(PACKAGES / "utils"), sys.prefix, sys.base_prefix]
    return [*libraries, *system, *own]


def demand_unseen(paths: Sequence[Path]) -> None:
    """Refuse to run notebooks if a file lies where they may read.

    Raises
    ------
    SandboxError
        Names the first such file and the folder that notebooks may read.
    """
    for place in map(Path, readable_paths()):
        for path in paths:
            if path.resolve().is_relative_to(place.resolve()):
                raise SandboxError(
                    f"{path} lies inside {place}, which notebooks may read: move it elsewhere"
                )


def may_change_user() -> bool:
    """Return whether notebooks can get a user of their own who can still read Python."""
    if os.geteuid() != 0:
        return False
    return all(map(_is_public, (Path(sys.prefix), Path(sys.base_prefix), PACKAGES / "utils")))


def public_cache(folder: Path) -> Path:
    """Copy the notes that come with the course to where every user may read them."""
    notes = load_notes().path
    shutil.copytree(notes, folder / notes.name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _is_public(path: Path) -> bool:
    """Return whether everybody may read a folder, and pass to it."""
    path = path.resolve()
    try:
        passes = all(p.stat().st_mode & 0o001 for p in (path, *path.parents))
        return passes and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def size_of(folder: Path, *, most: float = math.inf) -> int | None:
    """Return the bytes in a folder; None if part of it can't be seen.

    Whatever has a name counts at least 4 kB, so that many small things count. Very deep
    folders can't be seen: their names are too long for the system. Nothing more is looked at
    when there are more than ``most`` bytes.
    """
    total, waiting = 0, [(str(folder), 0)]
    while waiting and total <= most:
        where, depth = waiting.pop()
        try:
            entries = list(os.scandir(where))
        except FileNotFoundError:  # it was removed meanwhile
            continue
        except OSError:
            return None
        for entry in entries:
            with contextlib.suppress(OSError):
                total += max(4096, entry.stat(follow_symlinks=False).st_size)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
        if depth > MAX_DEPTH:
            return None
    return total


def size_of_nameless(pid: int) -> int:
    """Return the bytes of files that a process has open and that have no name any more."""
    sizes = {}
    with contextlib.suppress(OSError):
        for handle in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                facts = os.stat(handle.path)  # noqa: PTH116 (not a path of a file: a handle)
                if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 0:
                    sizes[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(sizes.values())
