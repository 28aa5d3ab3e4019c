"""One SQLite file: opened with care, written all or nothing, errors in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from utils.errors import StoreError

__all__ = ["Database"]


class Database:
    """A file that one process writes and any number may read; a context manager.

    What :meth:`_transaction` has ended without an error is on the disk.

    Parameters
    ----------
    path : Path
        Made if it is missing.
    tables : str
        Statements that make the tables of a new file.
    version : int
        Of the tables.
    write : bool
        Whether this process may write.

    Raises
    ------
    StoreError
        The file can't be opened, is damaged, or is of another version.
    """

    def __init__(self, path: Path, tables: str, version: int, *, write: bool) -> None:
        self._path = path
        with self._words("open"):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            found = self._check(version, write=write)
            if write and found != version:
                self._make(tables, version)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; this object is of no use afterwards."""
        self._db.close()

    def _check(self, version: int, *, write: bool) -> int:
        """Return the version of the tables, 0 for none; refuse a foreign or damaged file."""
        with self._words("read"):
            # the log comes first: what follows is then all or nothing
            mode = self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self._db.execute("PRAGMA synchronous = FULL")
            found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if write and self._db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the file is damaged")
        if mode != "wal":
            raise StoreError(
                f"{self._path} lies where SQLite can't keep a log: choose a folder on a local disk"
            )
        if found not in (0, version):
            raise StoreError(
                f"{self._path} was made by another version of the grader (format {found}): "
                "choose another folder for the results"
            )
        return found

    def _make(self, tables: str, version: int) -> None:
        with self._transaction():
            for statement in tables.split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {version}")

    def _rows(self, query: str, *values: str) -> list[tuple]:
        with self._words("read"):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do all of it or nothing; on the disk when it ends without an error."""
        with self._words("write"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _words(self, verb: str) -> Iterator[None]:
        """Turn errors of SQLite into a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"can't {verb} the journal {self._path}: {error}; what is finished stays finished: "
                "run the same command again when this is mended"
            ) from error
