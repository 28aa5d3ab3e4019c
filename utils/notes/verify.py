"""Is a file on disk the right one? Read once, then remembered."""

import json
from pathlib import Path
from typing import Any

from utils.notes.console import byte_bar
from utils.notes.part import Archive

__all__ = ["forget", "is_verified", "remember"]


def is_verified(path: Path, archive: Archive, *, progress: bool = True) -> bool:
    """Say whether `path` is `archive`, reading it only if that was never checked before.

    Parameters
    ----------
    path : Path
    archive : Archive
    progress : bool
        Show a bar while reading.

    Returns
    -------
    bool
    """
    if not path.is_file() or path.stat().st_size != archive.size:
        return False
    if _read_stamp(path) == _stamp(path, archive):
        return True
    if _digests(path, archive, progress=progress) != archive.checksums:
        return False
    remember(path, archive)
    return True


def _digests(path: Path, archive: Archive, *, progress: bool) -> dict[str, str]:
    """Return the checksums of a whole file."""
    hashers = archive.hashers()
    with (
        path.open("rb") as file,
        byte_bar(archive.size, f"checking {path.name}", progress=progress) as bar,
    ):
        while data := file.read(1 << 20):
            for hasher in hashers.values():
                hasher.update(data)
            bar.update(len(data))
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}


def _stamp(path: Path, archive: Archive) -> dict[str, Any]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, **archive.checksums}


def _stamp_path(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def _read_stamp(path: Path) -> object:
    try:
        return json.loads(_stamp_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def remember(path: Path, archive: Archive) -> None:
    """Write beside `path` that it was found right."""
    _stamp_path(path).write_text(json.dumps(_stamp(path, archive)) + "\n", encoding="utf-8")


def forget(path: Path) -> None:
    """Remove what :func:`remember` wrote."""
    _stamp_path(path).unlink(missing_ok=True)
