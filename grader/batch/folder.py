"""The folder with the results of a run: one grader at a time, no leavings of a killed one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import overload

from filelock import FileLock, Timeout

from grader.batch.journal import JOURNAL, Journal
from grader.gradebook import GRADES
from grader.kept import Settings
from grader.results import Result
from utils.errors import ParameterError, StoreError

__all__ = ["Folder", "StoredResults", "locked"]


class Folder:
    """Where a run writes.

    Parameters
    ----------
    out : Path

    Attributes
    ----------
    out, pages, journal, grades : Path
        The folder, and what is in it.

    Raises
    ------
    StoreError
        It can't be written.
    """

    def __init__(self, out: Path) -> None:
        self.out, self.pages, self.grades = out, out / "pages", out / GRADES
        self.journal = out / JOURNAL
        try:
            self.pages.mkdir(parents=True, exist_ok=True)
            # hidden scores stand in it
            self.journal.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"can't write into {out}: {error.strerror}") from error

    @contextmanager
    def open(self, settings: Settings) -> Iterator[Journal]:
        """Return the journal, while no other grader can write into the folder.

        Raises
        ------
        ParameterError
            Another grader works here.
        StoreError
            The journal can't be opened.
        """
        with locked(self.out):
            self._remove_leavings()
            with Journal(self.journal, settings, write=True) as journal:
                yield journal

    def _remove_leavings(self) -> None:
        """Remove files that a killed run had not finished to write."""
        for folder in (self.out, self.pages):
            for path in folder.glob(".*.new-*"):
                path.unlink(missing_ok=True)


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other graders from writing into a folder of results.

    Raises
    ------
    ParameterError
        One does already.
    StoreError
        It can't be written.
    """
    lock = FileLock((out / JOURNAL).with_name("lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ParameterError(
            f"another grader writes into {out}: wait for its end, or choose another folder"
        ) from None
    except OSError as error:
        raise StoreError(f"can't write into {out}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


class StoredResults(Sequence[Result]):
    """Results of a journal, read when they are asked for: ten thousand need no memory.

    Parameters
    ----------
    path : Path
        The journal.
    settings : Settings or None
        None: the latest results, whatever the settings were.
    entries : sequence of (str, str) or Result
        File name and hash of each submission; the result itself if the journal lacks it.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings | None,
        entries: Sequence[tuple[str, str] | Result],
    ) -> None:
        self._path, self._settings, self._entries = path, settings, entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Result: ...

    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...

    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        if isinstance(index, slice):
            return list(self._read(self._entries[index]))
        return next(self._read([self._entries[index]]))

    def __iter__(self) -> Iterator[Result]:
        return self._read(self._entries)

    def _read(self, entries: Sequence[tuple[str, str] | Result]) -> Iterator[Result]:
        with Journal(self._path, self._settings) as journal:
            for entry in entries:
                if isinstance(entry, Result):
                    yield entry
                    continue
                name, sha256 = entry
                found = _find(journal, sha256, any_settings=self._settings is None)
                if found is None:
                    raise StoreError(
                        f"the result of {name} is lost; run `python -m grader grade` again"
                    )
                # the same text in place of one more copy of it
                yield replace(found, submission=name, student=Path(name).stem, sha256=sha256)


def _find(journal: Journal, sha256: str, *, any_settings: bool) -> Result | None:
    if not any_settings:
        return journal.find(sha256)
    latest = journal.latest(sha256)
    return None if latest is None else latest.result
