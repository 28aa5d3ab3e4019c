"""The journal of a folder of results: what is finished, what was begun, what went wrong.

An SQLite file. A result counts as acknowledged when :meth:`Journal.finish` has returned: it
is on the disk then, and no kill, full disk or power cut takes it away. Only one process
writes, the one that holds the folder's lock; a network file system won't do (SQLite, "WAL
does not work over a network filesystem").

A submission is known by its bytes, by all that its result depends on (the grader's version,
the hidden split, …: :class:`grader.kept.Settings`) and by the edition, which ``regrade``
counts up, of all or of some submissions. Its state is "claimed" from the moment it is handed
out, with the number of attempts and the time until which an answer is awaited, then "finished".
"""

import hashlib
import json
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from grader.batch.database import Database
from grader.kept import Settings
from grader.results import Result
from utils.errors import StoreError

__all__ = ["JOURNAL", "Event", "Journal", "Kept"]

JOURNAL = "results/journal.sqlite"
"""Where it lies in a folder of results."""
FORMAT = 1
_REGRADE, _PRESENT = "regrade", "present settings"

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


class Kept(NamedTuple):
    """A result, and what it depends on.

    Attributes
    ----------
    result : Result
    description : str
        Of its settings, as JSON: see :class:`grader.kept.Settings`.
    time : float
        When it was acknowledged, in seconds since 1970.
    """

    result: Result
    description: str
    time: float


class Journal(Database):
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
        if not write and not path.is_file():
            raise StoreError(f"{path} is missing: nothing was graded into this folder")
        super().__init__(path, _TABLES, FORMAT, write=write)
        self._settings = settings
        try:
            if write:
                self._begin_run()
            self._prepare()
        except BaseException:
            self.close()
            raise

    # --- reading ------------------------------------------------------------------------------

    def find(self, sha256: str) -> Result | None:
        """Return the result of a submission's bytes under these settings, if there is one."""
        rows = self._rows("SELECT result FROM results WHERE key = ?", self._key(sha256))
        found = _parse(rows[0][0]) if rows else None
        if rows and found is None:  # damaged: it makes room, so that it can be made again
            with self._transaction():
                self._db.execute("DELETE FROM results WHERE key = ?", (self._key(sha256),))
        return found

    def earlier(self, sha256: str) -> Kept | None:
        """Return the latest result of a submission's bytes that is not the present one."""
        return self._last("sha256 = ? AND key != ?", sha256, self._key(sha256))

    def latest(self, sha256: str) -> Kept | None:
        """Return the result of a submission's bytes in the last run, else the latest there is."""
        present = self._present and self._last("key = ?", self._key(sha256, self._present))
        return present or self._last("sha256 = ?", sha256)

    def history(self, sha256: str) -> list[Kept]:
        """Return all results of a submission's bytes, the oldest first."""
        return list(self._kept("sha256 = ? ORDER BY number", sha256))

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

    def begin_regrade(self, only: Collection[str] = ()) -> None:
        """Let results of these settings be made again; goes on with a regrade that stopped.

        Parameters
        ----------
        only : collection of str
            Hashes of the submissions that are meant; none: all of them.
        """
        with self._transaction():
            for sha256 in only or ("",):
                self._begin_regrade(sha256)

    def _begin_regrade(self, sha256: str) -> None:
        name = self._about(sha256)
        if self._rows("SELECT 1 FROM notes WHERE name = ?", f"{_REGRADE} {name}"):
            return
        self._db.execute("INSERT INTO notes VALUES (?, '')", (f"{_REGRADE} {name}",))
        known = "SELECT 1 FROM results WHERE settings = ? AND sha256 GLOB ? LIMIT 1"
        if self._rows(known, self._present, sha256 or "*"):
            edition = self._editions[sha256] = self._editions.get(sha256, 0) + 1
            self._db.execute("INSERT OR REPLACE INTO editions VALUES (?, ?)", (name, edition))

    def end_regrade(self, only: Collection[str] = ()) -> None:
        """Write down that all was made again that :meth:`begin_regrade` named."""
        with self._transaction():
            for sha256 in only:
                name = f"{_REGRADE} {self._about(sha256)}"
                self._db.execute("DELETE FROM notes WHERE name = ?", (name,))
            if not only:  # those of some are done with it, too
                self._db.execute(
                    "DELETE FROM notes WHERE name GLOB ?", (f"{_REGRADE} {self._required.id}*",)
                )

    # --- inside -------------------------------------------------------------------------------

    def _begin_run(self) -> None:
        """Write down what the settings are, and that they are those of the last run."""
        text = json.dumps(dict(self._required.description), ensure_ascii=False)
        with self._transaction():
            values = (self._required.id, text)
            self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", values)
            values = (_PRESENT, self._required.id)
            self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", values)

    def _prepare(self) -> None:
        """Read which editions count."""
        if self._settings is None:
            rows = self._rows("SELECT value FROM notes WHERE name = ?", _PRESENT)
            self._present = rows[0][0] if rows else ""
        else:
            self._present = self._settings.id
        # "ID" is the edition of all submissions, "ID SHA256" that of one
        query = "SELECT substr(settings, 66), edition FROM editions WHERE settings GLOB ?"
        self._editions: dict[str, int] = dict(self._rows(query, f"{self._present}*"))

    @property
    def _required(self) -> Settings:
        if self._settings is None:
            raise StoreError("expected a journal that was opened with settings, got one to read")
        return self._settings

    def _key(self, sha256: str, settings: str = "") -> str:
        # neither of the two ever falls, so no sum comes twice
        edition = self._editions.get("", 0) + self._editions.get(sha256, 0)
        parts = f"{sha256} {settings or self._required.id} {edition}"
        return hashlib.sha256(parts.encode()).hexdigest()

    def _about(self, sha256: str) -> str:
        """Return the name of an edition: of all submissions for "", else of one."""
        return f"{self._required.id} {sha256}".rstrip()

    def _last(self, condition: str, *values: str) -> Kept | None:
        return next(self._kept(f"{condition} ORDER BY number DESC LIMIT 1", *values), None)

    def _kept(self, condition: str, *values: str) -> Iterator[Kept]:
        """Return what can be read of the results that meet a condition."""
        query = "SELECT result, description, finished FROM results JOIN settings ON settings = id"
        for text, description, finished in self._rows(f"{query} WHERE {condition}", *values):
            result = _parse(text)
            if result is not None:
                yield Kept(result, description, finished)

    def _happened(self, sha256: str, what: str) -> None:
        values = (sha256, time.time(), what)
        self._db.execute("INSERT INTO events (sha256, time, what) VALUES (?, ?, ?)", values)


def _parse(text: str) -> Result | None:
    """Return a stored result; None if it is damaged."""
    try:
        return Result.from_json(text)
    except StoreError:
        return None
