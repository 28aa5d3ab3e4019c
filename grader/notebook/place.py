"""Folders of students' processes: what they may read, and how large what they wrote is."""

import contextlib
import math
import os
import shutil
import stat
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
    "size_of",
    "size_of_nameless",
]

MAX_DEPTH = 64
"""Of folders in a student's."""

UNSEEN = 4_000_000


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
    """Return the bytes of files without a name that a process has open, or in its memory.

    A mapped file keeps all its room on the disk, however little of it is mapped. Only root
    sees its size; others count it with ``UNSEEN`` bytes.
    """
    sizes = {}
    with contextlib.suppress(OSError):
        for handle in (*os.scandir(f"/proc/{pid}/fd"), *_deleted_maps(pid)):
            path = os.fspath(handle)
            try:
                facts = os.stat(path)  # noqa: PTH116 (not a path of a file: a handle)
            except PermissionError:
                sizes[path, 0] = UNSEEN
            except OSError:
                continue
            else:
                if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 0:
                    sizes[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(sizes.values())


def _deleted_maps(pid: int) -> list[str]:
    """Return handles of the files in a process's memory that have no name any more."""
    lines = Path(f"/proc/{pid}/maps").read_text("utf-8", "replace").splitlines()
    parts = [line.split(maxsplit=5) for line in lines if line.endswith(" (deleted)")]
    # shared memory without a file looks alike
    files = [part[0] for part in parts if not part[5].startswith(("/dev/zero", "/memfd:", "/SYSV"))]
    return [f"/proc/{pid}/map_files/{place}" for place in files]
