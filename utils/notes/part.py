"""A file that is being fetched: what it should be, and what of it lies on disk.

The growing file is ``<name>.part`` beside its final place. Its checksums run along while
the bytes come in, so that a file of 24 GB is never read a second time.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from utils.errors import DownloadError, ParameterError
from utils.notes.console import Say

__all__ = ["CHUNK", "Archive", "Part", "begun", "only_one", "part_path", "take_over"]

CHUNK = 1 << 18
"""Bytes read at once."""


@dataclass(frozen=True)
class Archive:
    """A file to fetch, and how to know that it is the right one.

    Attributes
    ----------
    name : str
        File name, on the server and on disk.
    size : int
        In bytes.
    md5, sha256 : str or None
        Checksums in hexadecimal digits; all that are given are checked, and at
        least one must be.
    """

    name: str
    size: int
    md5: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.name or Path(self.name).name != self.name or "\\" in self.name:
            raise ParameterError(f"expected a plain file name, got {self.name!r}")
        if self.size < 1:
            raise ParameterError(f"expected a size of at least one byte, got {self.size}")
        if not self.checksums:
            raise ParameterError(f"expected a checksum for {self.name}, got none")

    @property
    def checksums(self) -> dict[str, str]:
        """The known checksums by algorithm."""
        known = {"md5": self.md5, "sha256": self.sha256}
        return {name: value.lower() for name, value in known.items() if value}

    def hashers(self) -> "dict[str, hashlib._Hash]":
        """Return a fresh hasher for each known checksum."""
        return {name: hashlib.new(name, usedforsecurity=False) for name in self.checksums}


def part_path(target: Path) -> Path:
    """Return where the unfinished `target` lies."""
    return target.with_name(target.name + ".part")


def begun(target: Path) -> int:
    """Return how many bytes of the unfinished `target` there are."""
    part = part_path(target)
    return part.stat().st_size if part.exists() else 0


class Part:
    """The growing file beside its final place, with its running checksums.

    What lies there from an earlier run is read once, so that its checksums can go on.

    Parameters
    ----------
    target : Path
        Where the finished file will lie; the part is ``<name>.part`` beside it, and
        ``<name>.part.json`` remembers which version of which address it came from.
    archive : Archive
        What the file should be.
    on_size : callable, optional
        Called with the number of bytes that lie there, whenever it changes.

    Attributes
    ----------
    on_size : callable
        May be exchanged at any time.
    size : int
        Bytes that lie there.
    pieced : bool
        Whether they came by more than one request.
    """

    def __init__(
        self, target: Path, archive: Archive, *, on_size: Callable[[int], object] | None = None
    ) -> None:
        self.archive = archive
        self.path = part_path(target)
        self._origin_path = target.with_name(target.name + ".part.json")
        self.on_size = on_size or (lambda size: None)
        self.path.touch()
        # Unbuffered: pieces are large, and a killed process must lose none.
        self._file = self.path.open("r+b", buffering=0)
        self._reset()
        self._read_back()
        self.pieced = self.size > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.size:
            self.close()
        else:
            self.discard()

    def close(self) -> None:
        """Close the file; it stays where it is."""
        self._file.close()

    def write(self, data: bytes) -> None:
        """Append `data`; a full disk is a :class:`~utils.errors.DownloadError`."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise DownloadError(
                f"cannot write {self.path}: {error.strerror or error}",
                hint="Make room on the disk, or choose another folder with --out, and start "
                "again: what has been fetched is kept.",
            ) from error
        self._count(data)

    def restart(self) -> None:
        """Forget everything that was fetched so far."""
        self._file.seek(0)
        self._file.truncate()
        self._origin_path.unlink(missing_ok=True)
        self._reset()
        self.on_size(0)

    def discard(self) -> None:
        """Close the file and throw it away."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._origin_path.unlink(missing_ok=True)

    def move_to(self, target: Path) -> None:
        """Close the file and give it its final name, in one step."""
        os.fsync(self._file.fileno())
        self.close()
        self.path.replace(target)
        self._origin_path.unlink(missing_ok=True)

    @property
    def fits(self) -> bool:
        """Whether it is complete and every known checksum is right."""
        return self.size == self.archive.size and self.digests() == self.archive.checksums

    def digests(self) -> dict[str, str]:
        """Return the checksums of what lies there, by algorithm, as hexadecimal digits."""
        return {name: hasher.hexdigest() for name, hasher in self._hashers.items()}

    def note_origin(self, url: str, headers: Mapping[str, str]) -> None:
        """Remember which version of the file at `url` the first byte came from."""
        etag = headers.get("ETag")
        origin = {"url": url, "etag": etag, "last_modified": headers.get("Last-Modified")}
        self._origin_path.write_text(json.dumps(origin), encoding="utf-8")

    def origin(self, url: str) -> dict[str, str]:
        """Return what :meth:`note_origin` wrote, or nothing when it was another address."""
        try:
            origin = json.loads(self._origin_path.read_text(encoding="utf-8"))
            same = origin["url"] == url
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return {k: v for k, v in origin.items() if isinstance(v, str)} if same else {}

    def _reset(self) -> None:
        self.size = 0
        self.pieced = False
        self._hashers = self.archive.hashers()

    def _count(self, data: bytes) -> None:
        for hasher in self._hashers.values():
            hasher.update(data)
        self.size += len(data)
        self.on_size(self.size)

    def _read_back(self) -> None:
        while data := self._file.read(CHUNK):
            self._count(data)
        if self.size > self.archive.size:
            self.restart()


@contextmanager
def only_one(target: Path) -> Iterator[None]:
    """Keep a second process from writing the same file.

    Raises
    ------
    DownloadError
        Another process does.
    """
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DownloadError(
            f"{target} is being downloaded by another process",
            hint="Wait until it has finished, or stop it first.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def take_over(target: Path, archive: Archive, *, say: Say) -> None:
    """Make room for the part: a wrong file goes, a shorter one may be the beginning."""
    if not target.exists():
        return
    part = part_path(target)
    if target.stat().st_size < archive.size and not part.exists():
        say(f"{target} is incomplete; going on from there.")
        target.replace(part)
    else:
        say(f"{target} is damaged: its checksum is wrong; fetching it again.")
        target.unlink()
