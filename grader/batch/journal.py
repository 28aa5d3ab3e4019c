"""The journal of a folder of results: what is finished, what was begun, what went wrong.

An SQLite file. A result counts as acknowledged when :meth:`Journal.finish` has returned: it
is on the disk then, and no kill, full disk or power cut takes it away. Only one process
writes, the one that holds the folder's lock; a network file system won't do (SQLite, "WAL
does not work over a network filesystem").

A submission is known by its bytes, by all that its result depends on (the grader's version,
the hidden split, …: :class:`grader.kept.Settings`) and by the edition, which ``regrade``
counts up. Its state is "claimed" from the moment it is handed out, with the number of
attempts and the time until which an answer is awaited, then "finished".
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grader.kept import Settings
from grader.results import Result
from utils.errors import StoreError

__all__ = ["FILE_NAME", "Event", "Journal"]

FILE_NAME = "journal.sqlite"
FORMAT = 1
_REGRADE = "regrade"

_TABLES = """
CREATE TABLE settings (id TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT;
CREATE TABLE editions (settings TEXT PRIMARY KEY, edition INTEGER NOT NULL) STRICT;
CREATE TABLE claims (
    key TEXT PRIMARY KEY, attempts INTEGER NOT NULL, lease REAL NOT NULL) STRICT;
CREATE TABLE results (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL,
    settings TEXT NOT NULL, finished REAL NOT NULL, result TEXT NOT NULL) STRICT;
CREATE INDEX by_content ON results (sha256, number);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL, time REAL NOT NULL,
    what TEXT NOT NULL) STRICT;
CREATE INDEX events_by_content ON events (sha256, number);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Event:
    """Something that happened to a submission.

    Attributes
    ----------
    time : float
        In seconds since 1970.
    what : str
    """

    time: float
    what: str


class Journal:
    """What a folder of results knows; a context manager.

    Parameters
    ----------
    path : Path
        The file; made if it is missing.
    settings : Settings or None
        What results depend on; None: only to read what there is.
    write : bool
        Whether this process may write: it must hold the folder's lock then.

    Raises
    ------
    StoreError
        The file can't be opened, is damaged, or was made by another version.
    """

    def __init__(
        self, path: Path, settings: Settings | None = None, *, write: bool = False
    ) -> None:
        self._path, self._settings = path, settings
        self._edition = 0
        if not write and not path.is_file():
            raise StoreError(f"{path} is missing: nothing was graded into this folder")
        with self._words("open"):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            self._prepare(write=write)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the journal is of no use afterwards."""
        self._db.close()

    # --- reading ------------------------------------------------------------------------------

    def find(self, sha256: str) -> Result | None:
        """Return the result of a submission's bytes under these settings, if there is one."""
        rows = self._rows("SELECT result FROM results WHERE key = ?", self._key(sha256))
        found = _parse(rows[0][0]) if rows else None
        if rows and found is None:  # damaged: it makes room, so that it can be made again
            with self._transaction():
                self._db.execute("DELETE FROM results WHERE key = ?", (self._key(sha256),))
        return found

    def earlier(self, sha256: str) -> Result | None:
        """Return the latest result of a submission's bytes that is not the present one."""
        query = "SELECT result FROM results WHERE sha256 = ? AND key != ? ORDER BY number DESC"
        rows = self._rows(query + " LIMIT 1", sha256, self._key(sha256))
        return _parse(rows[0][0]) if rows else None

    def latest(self, sha256: str) -> tuple[Result, str] | None:
        """Return the latest result of a submission's bytes, and under which settings."""
        query = (
            "SELECT result, description FROM results JOIN settings ON settings = id "
            "WHERE sha256 = ? ORDER BY number DESC LIMIT 1"
        )
        rows = self._rows(query, sha256)
        found = _parse(rows[0][0]) if rows else None
        return (found, rows[0][1]) if found is not None else None

    def events(self, sha256: str) -> list[Event]:
        """Return what happened to a submission's bytes, in order."""
        query = "SELECT time, what FROM events WHERE sha256 = ? ORDER BY number"
        return [Event(*row) for row in self._rows(query, sha256)]

    def attempts(self, sha256: str) -> int:
        """Return how often a submission was handed out since its last result."""
        rows = self._rows("SELECT attempts FROM claims WHERE key = ?", self._key(sha256))
        return int(rows[0][0]) if rows else 0

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM results")[0][0])

    # --- writing ------------------------------------------------------------------------------

    def claim(self, sha256: str, *, seconds: float) -> int:
        """Write down that a submission is handed out; return the number of this attempt.

        Parameters
        ----------
        sha256 : str
        seconds : float
            For which an answer is awaited.
        """
        now = time.time()
        with self._transaction():
            row = self._db.execute(
                "INSERT INTO claims VALUES (?, 1, ?) ON CONFLICT (key) "
                "DO UPDATE SET attempts = attempts + 1, lease = excluded.lease RETURNING attempts",
                (self._key(sha256), now + seconds),
            ).fetchone()
            self._happened(sha256, f"handed out, attempt {row[0]}")
        return int(row[0])

    def fail(self, sha256: str, reason: str) -> None:
        """Write down why an attempt failed."""
        with self._transaction():
            self._happened(sha256, f"the grader failed: {reason}")

    def finish(self, result: Result) -> None:
        """Keep a result for good; the first one stays, whoever comes later."""
        key, now = self._key(result.sha256), time.time()
        values = (key, result.sha256, self._required.id, now, result.to_json())
        with self._transaction():
            self._db.execute("DELETE FROM claims WHERE key = ?", (key,))
            done = self._db.execute(
                "INSERT OR IGNORE INTO results (key, sha256, settings, finished, result) "
                "VALUES (?, ?, ?, ?, ?)",
                values,
            )
            if done.rowcount:
                self._happened(result.sha256, f"finished: {result.status} {result.code}".strip())

    def begin_regrade(self) -> None:
        """Let all results of these settings be made again; goes on with a regrade that stopped."""
        name = f"{_REGRADE} {self._required.id}"
        with self._transaction():
            if self._rows("SELECT 1 FROM notes WHERE name = ?", name):
                return
            self._db.execute("INSERT INTO notes VALUES (?, '')", (name,))
            known = "SELECT 1 FROM results WHERE settings = ? LIMIT 1"
            if self._rows(known, self._required.id):
                self._edition += 1
                self._db.execute(
                    "INSERT OR REPLACE INTO editions VALUES (?, ?)",
                    (self._required.id, self._edition),
                )

    def end_regrade(self) -> None:
        """Write down that everything was made again."""
        name = f"{_REGRADE} {self._required.id}"
        with self._transaction():
            self._db.execute("DELETE FROM notes WHERE name = ?", (name,))

    # --- inside -------------------------------------------------------------------------------

    def _prepare(self, *, write: bool) -> None:
        """Make the tables of a new file; refuse a foreign or damaged one."""
        with self._words("read"):
            # the log comes first: what follows is then all or nothing
            mode = self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if write and self._db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the file is damaged")
        if mode != "wal":
            raise StoreError(
                f"{self._path} lies where SQLite can't keep a log: choose a folder on a local disk"
            )
        if version not in (0, FORMAT):
            raise StoreError(
                f"{self._path} was made by another version of the grader (format {version}): "
                "choose another folder for the results"
            )
        if write:
            self._make_tables(exist=version == FORMAT)
        if self._settings is not None:
            rows = self._rows("SELECT edition FROM editions WHERE settings = ?", self._settings.id)
            self._edition = rows[0][0] if rows else 0

    def _make_tables(self, *, exist: bool) -> None:
        """Make the tables if they are missing, and write down what the settings are."""
        text = json.dumps(dict(self._required.description), ensure_ascii=False)
        with self._transaction():
            if not exist:
                for statement in _TABLES.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")
            values = (self._required.id, text)
            self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", values)

    @property
    def _required(self) -> Settings:
        if self._settings is None:
            raise StoreError("expected a journal that was opened with settings, got one to read")
        return self._settings

    def _key(self, sha256: str) -> str:
        parts = f"{sha256} {self._required.id} {self._edition}"
        return hashlib.sha256(parts.encode()).hexdigest()

    def _happened(self, sha256: str, what: str) -> None:
        values = (sha256, time.time(), what)
        self._db.execute("INSERT INTO events (sha256, time, what) VALUES (?, ?, ?)", values)

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


def _parse(text: str) -> Result | None:
    """Return a stored result; None if it is damaged."""
    try:
        return Result.from_json(text)
    except StoreError:
        return None
