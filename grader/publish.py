"""Write a folder all at once, or not at all.

The new content is made in a temporary folder beside the goal and takes the goal's
place in one step, so that neither a crash nor Ctrl-C leaves half a release. A
folder with other content is never overwritten.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.intake import hash_file
from utils.errors import CourseError

__all__ = [
    "MARKER",
    "FolderError",
    "checksums",
    "fresh_folder",
    "marker_kind",
    "refuse_foreign",
    "write_marker",
]

MARKER = "release.json"
"""Every folder that this module writes holds this file; by it, it is known again."""


class FolderError(CourseError, OSError):
    """A folder can't be written: it holds something else."""


def marker_kind(folder: Path) -> str | None:
    """Return what a published folder holds, or None for any other folder."""
    try:
        kind = json.loads((folder / MARKER).read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kind if isinstance(kind, str) else None


def write_marker(folder: Path, kind: str, **more: Any) -> None:
    """Write down what a folder holds, so that it is known again."""
    text = json.dumps({"format": 1, "kind": kind, **more}, indent=1)
    (folder / MARKER).write_text(f"{text}\n", encoding="utf-8")


def checksums(folder: Path) -> dict[str, str]:
    """Return path → SHA-256 of all files in a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in files}


def refuse_foreign(goal: Path, kind: str) -> None:
    """Raise an error unless ``goal`` is free, empty or an earlier folder of this kind.

    Parameters
    ----------
    goal : Path
        Where a folder shall be written.
    kind : str
        What it will hold.

    Raises
    ------
    FolderError
        ``goal`` holds something else.
    """
    if goal.is_symlink() or (goal.exists() and not goal.is_dir()):
        raise FolderError(
            f"expected a folder or a free name, got {goal}, which is a file or a link"
        )
    if not goal.is_dir() or not any(goal.iterdir()) or marker_kind(goal) == kind:
        return
    raise FolderError(
        f"expected an empty folder or an earlier {kind}, got {goal}, which holds other files: "
        "choose another name or empty it"
    )


def _swap(made: Path, goal: Path) -> None:
    """Put ``made`` in the place of ``goal``; an old goal is removed last."""
    if not goal.exists():
        made.replace(goal)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{goal.name}-old-", dir=goal.parent))
    goal.replace(old / "old")
    try:
        made.replace(goal)
    except OSError:
        (old / "old").replace(goal)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def fresh_folder(goal: Path, *, kind: str) -> Iterator[Path]:
    """Lend an empty folder that takes the place of ``goal`` when the block ends well.

    Parameters
    ----------
    goal : Path
        May be free, empty, or an earlier folder of the same kind.
    kind : str
        What the folder will hold, for example ``"homework release"``.

    Yields
    ------
    Path
        Temporary folder on the same disk; it must get a ``release.json`` whose ``kind``
        is ``kind`` (see :func:`marker_kind`).

    Raises
    ------
    FolderError
        ``goal`` holds something else.
    """
    goal = goal.absolute()
    refuse_foreign(goal, kind)
    goal.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{goal.name}-new-", dir=goal.parent))
    try:
        yield made
        if marker_kind(made) != kind:
            raise FolderError(f"expected a {MARKER} of kind {kind!r} in the new folder, got none")
        made.chmod(0o755)
        _swap(made, goal)
    finally:
        shutil.rmtree(made, ignore_errors=True)
