"""Read NSynth's ``.tar.gz`` as a stream: no unpacking, flat memory, no truncation missed."""

import gzip
import json
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

from utils.errors import DownloadError

__all__ = ["Member", "iter_archive", "parse_records"]

MAX_SOUND_BYTES = 64 << 20  # a note has 128 KB; more than this is no note
MAX_RECORDS_BYTES = 1 << 30  # the largest official one has 170 MB
BLOCK = 512  # of a tar file; it ends with at least one block of zeros


class Member(NamedTuple):
    """A file in an archive: ``examples.json`` (note_str is empty) or the sound of a note."""

    note_str: str
    data: bytes


def parse_records(data: bytes, path: Path) -> dict[str, Any]:
    """Return the content of the ``examples.json`` in a data set, or raise DownloadError."""
    where = f"{path.name}: examples.json"
    try:
        records = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DownloadError(f"{where}: expected JSON, got {error}") from error
    if not isinstance(records, dict) or not records:
        raise DownloadError(f"{where}: expected one record a note, by note_str")
    return records


def iter_archive(path: Path, *, sounds: bool = True) -> Iterator[Member]:
    """Yield what matters in an archive, from front to back, and check that it is whole.

    Parameters
    ----------
    path : Path
        A tar file, compressed with gzip or not.
    sounds : bool
        False passes over the sounds.

    Raises
    ------
    DownloadError
        The file is missing, truncated, damaged or no tar file. A stop in front of the end
        (``break``) leaves the rest unchecked.
    """
    last = "the beginning"
    try:
        with path.open("rb") as raw, _decompressed(raw) as plain:
            stream = _ZeroWatcher(plain)
            # Mode "r|" never seeks. gzip is outside of it, since tarfile's own "r|gz" takes a
            # truncated file for a complete one.
            with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", bufsize=64 * BLOCK) as tar:
                while (info := tar.next()) is not None:
                    member = _read_member(tar, info, sounds=sounds)
                    # tarfile would remember all 300 000
                    tar.members.clear()  # type: ignore[attr-defined]
                    last = info.name
                    if member is not None:
                        yield member
                # tarfile takes a broken header for the end: what follows must be zeros.
                if not stream.is_zero_from(tar.offset):
                    raise EOFError("the end mark of the tar file is missing")
    except DownloadError:
        raise
    except (EOFError, OSError, zlib.error, tarfile.TarError) as error:
        raise DownloadError(
            f"{path.name} is missing, truncated, damaged or no NSynth archive (at {last}): "
            f"{error}; fetch it again"
        ) from error


def _decompressed(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(2)
    raw.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else raw


def _read_member(tar: tarfile.TarFile, info: tarfile.TarInfo, *, sounds: bool) -> Member | None:
    """Return a member that matters, or None."""
    path = PurePosixPath(info.name)
    is_records = path.name == "examples.json" and len(path.parts) <= 2
    is_sound = sounds and path.suffix == ".wav" and path.parent.name == "audio"
    if not info.isreg() or path.name.startswith("._") or not (is_records or is_sound):
        return None
    limit = MAX_RECORDS_BYTES if is_records else MAX_SOUND_BYTES
    if info.size > limit:
        raise DownloadError(f"{info.name}: expected at most {limit} bytes, got {info.size}")
    file = tar.extractfile(info)
    data = b"" if file is None else file.read()
    if len(data) != info.size:
        raise EOFError(f"{info.name} is cut off")
    return Member("" if is_records else path.stem, data)


class _ZeroWatcher:
    """Pass bytes on and remember where the last one stood that isn't zero."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._position = 0
        self._end = 0  # behind the last byte that isn't zero

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        significant = len(data.rstrip(b"\0"))
        if significant:
            self._end = self._position + significant
        self._position += len(data)
        return data

    def is_zero_from(self, offset: int) -> bool:
        """Read to the end, which checks gzip's checksum, too."""
        while self.read(1 << 20):
            pass
        return self._end <= offset and self._position >= offset + BLOCK
