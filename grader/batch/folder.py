"""The folder with the results of a run: one grader at a time, no leavings of a killed one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import overload

from filelock import FileLock, Timeout

from grader.batch.journal import FILE_NAME, Journal
from grader.kept import Settings
from grader.results import Result
from utils.errors import ParameterError, StoreError

__all__ = ["Folder", "StoredResults", "for_the_gradebook"]


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
        self.out, self.pages, self.grades = out, out / "pages", out / "grades.csv"
        self.journal = out / "results" / FILE_NAME
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
        lock = FileLock(self.journal.parent / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise ParameterError(
                f"another grader writes into {self.out}: wait for its end, or choose another folder"
            ) from None
        except OSError as error:
            raise StoreError(f"can't write into {self.out}: {error.strerror}") from error
        try:
            self._remove_leavings()
            with Journal(self.journal, settings, write=True) as journal:
                yield journal
        finally:
            lock.release()

    def _remove_leavings(self) -> None:
        """Remove files that a killed run had not finished to write."""
        for folder in (self.out, self.pages):
            for path in folder.glob(".*.new-*"):
                path.unlink(missing_ok=True)


class StoredResults(Sequence[Result]):
    """The results of a run, read when they are asked for: ten thousand need no memory.

    Parameters
    ----------
    path : Path
        The journal.
    settings : Settings
    contents : mapping of str to str
        File name → hash, in order.
    others : mapping of str to Result
        By file name: what is not in the journal.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        contents: Mapping[str, str],
        others: Mapping[str, Result],
    ) -> None:
        self._path, self._settings = path, settings
        self._contents, self._others = contents, others
        self._names = list(contents)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Result: ...

    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...

    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        if isinstance(index, slice):
            return list(self._read(self._names[index]))
        return next(self._read([self._names[index]]))

    def __iter__(self) -> Iterator[Result]:
        return self._read(self._names)

    def _read(self, names: Sequence[str]) -> Iterator[Result]:
        with Journal(self._path, self._settings) as journal:
            for name in names:
                if name in self._others:
                    yield self._others[name]
                elif (found := journal.find(self._contents[name])) is not None:
                    yield replace(found, submission=name, student=Path(name).stem)
                else:
                    raise StoreError(f"{self._path} lost the result of {name}")


def for_the_gradebook(result: Result) -> Result:
    """Return a result without what only its page shows: a class has to fit into memory."""
    return replace(
        result,
        practice_confusion=None,
        hint="",
        cases=(),
        questions=(),
        notebook_notes=(),
        warnings=(),
        practice=None,
    )
