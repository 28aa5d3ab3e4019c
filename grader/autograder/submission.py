"""Read what was handed in, from the folder where a grading service lays it.

`otter grade` copies the student's zip there as it is; Gradescope unpacks it. Nothing of
it is executed or unpacked here, and no link is followed.
"""

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import BinaryIO

from grader.intake import MAX_UNPACKED_BYTES, MAX_ZIP_BYTES, Archive, read_file
from utils.submission.codes import Code, Rejection

__all__ = ["find_submission", "read_submission"]

MAX_FILES = 500
_PIECE_BYTES = 1_000_000


def find_submission(folder: Path) -> Path:
    """Return the path of the one zip in a folder, or the folder itself if it is unpacked."""
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    zips = [path for path in names if path.suffix.lower() == ".zip"]
    if len(zips) == 1 and not (folder / "model.onnx").exists():
        return zips[0]
    return folder


def read_submission(path: Path) -> Archive:
    """Return a submission, its names checked.

    Parameters
    ----------
    path : Path
        From :func:`find_submission`.

    Raises
    ------
    Rejection
        Its zip can't be read, or files in the folder are links or too many.
    OSError
        It can't be read: that is not the student's doing.
    """
    if not path.is_dir():
        return Archive(read_file(path))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        room = MAX_UNPACKED_BYTES
        for i, (name, file) in enumerate(_files(path)):
            if i >= MAX_FILES:
                raise Rejection(Code.TOO_MANY, f"more than {MAX_FILES} files")
            if name.encode("utf-8", "replace").decode() != name:  # no zip could hold it
                raise Rejection(Code.BAD_PATH, f"a name that is no UTF-8: {name[:80]!a}")
            with _open(file, name) as source:
                room -= _add(archive, name, source, room)
    return Archive(content.getvalue())


def _add(archive: zipfile.ZipFile, name: str, source: BinaryIO, room: int) -> int:
    """Pack a file, as the student's zip had it; return its size.

    The limits are those of a zip, so that what is too large for one file only, the notebook,
    costs on both roads the same.
    """
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    size = 0
    with archive.open(entry, "w") as packed:
        while piece := source.read(_PIECE_BYTES):
            packed.write(piece)
            size += len(piece)
            if size > room or archive.fp is None or archive.fp.tell() > MAX_ZIP_BYTES:
                raise Rejection(Code.TOO_BIG, f"with {name[:80]!a} the folder is too large")
    return size


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Return all files below a folder, by name relative to it."""
    found = []
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(where) / name
            found.append((file.relative_to(folder).as_posix(), file))
            if len(found) > MAX_FILES:
                return found
    return found


def _open(path: Path, name: str) -> BinaryIO:
    """Open a plain file."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    except OSError as error:
        raise Rejection(Code.BAD_PATH, f"{name[:80]!a}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Rejection(Code.BAD_PATH, f"a special file: {name[:80]!a}")
    return os.fdopen(fd, "rb")
