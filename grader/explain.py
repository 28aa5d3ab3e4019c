"""Gather all that is known about one submission; grade it again if that is asked for.

Nothing is written into the folder of results: what is graded here is forgotten afterwards.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.changes import settings_differences
from grader.batch.journal import JOURNAL, Event, Journal, Kept
from grader.batch.local import LocalStation, missing_layers
from grader.batch.plan import Plan
from grader.batch.runner import Job
from grader.gradebook import GRADES
from grader.intake import Archive, hash_file, read_file
from grader.notebook.place import demand_unseen
from grader.policy.leaderboard import ladder_values
from grader.policy.load import load_results
from grader.policy.settle import Settled, settle_folder
from grader.results import Result
from grader.sandbox.parent import ModelRun
from grader.scoring import Marks, Scorer
from utils.errors import ParameterError
from utils.submission.codes import HINTS, Code, Rejection

__all__ = ["Explanation", "Records", "explain", "read_records"]


@dataclass(frozen=True)
class Records:
    """What a folder of results knows about a file.

    Attributes
    ----------
    history : tuple of Kept
        All its results, the oldest first.
    kept : Kept or None
        The one that counts.
    events : tuple of Event
    rows : tuple of Settled
        Of the gradebook: one for each submission with these bytes.
    namesakes : tuple of Settled
        Rows of that file name with other bytes.
    ladder : float or None
        What the leaderboard shows of the student.
    """

    history: tuple[Kept, ...] = ()
    kept: Kept | None = None
    events: tuple[Event, ...] = ()
    rows: tuple[Settled, ...] = ()
    namesakes: tuple[Settled, ...] = ()
    ladder: float | None = None


@dataclass(frozen=True)
class Explanation:
    """All about a submission.

    Attributes
    ----------
    path : Path
    sha256 : str
    size : int
        In bytes.
    names : tuple of str
        Of the files in the zip; empty if it can't be opened.
    records : Records
    fresh : Result or None
        Of grading it now.
    run : ModelRun or None
        What the sandbox said of the model then.
    now : tuple of str or None
        What is different today from the settings of the kept result; None: not known.
    """

    path: Path
    sha256: str
    size: int
    names: tuple[str, ...]
    records: Records
    fresh: Result | None = None
    run: ModelRun | None = None
    now: tuple[str, ...] | None = None

    @property
    def result(self) -> Result:
        """The kept result, else the fresh one, else what the gradebook says.

        Raises
        ------
        ParameterError
            There is none.
        """
        found = self.records.kept.result if self.records.kept else self.fresh
        if found is None and self.row is not None:  # the grader failed on it
            found = self.row.result
        if found is None:
            raise ParameterError(f"nothing is known of {self.path.name}")
        hint = HINTS[Code(found.code)] if found.code else ""
        return replace(found, submission=self.path.name, student=self.student, hint=hint)

    @property
    def student(self) -> str:
        """Who it is from."""
        return self.row.student if self.row else self.path.stem

    @property
    def row(self) -> Settled | None:
        """The gradebook's row: of this name, if several have the same bytes."""
        rows = self.records.rows
        named = [row for row in rows if row.result.submission == self.path.name]
        return next(iter((*named, *rows)), None)


def explain(
    path: Path,
    assignment: Assignment,
    *,
    plan: Plan | None = None,
    out: Path | None = None,
    fresh: bool = False,
) -> Explanation:
    """Gather all about a submission.

    Parameters
    ----------
    path : Path
        The zip.
    assignment : Assignment
    plan : Plan, optional
        Needed to grade it now.
    out : Path, optional
        Folder of results; only read.
    fresh : bool
        Grade it now, even if a result is kept.

    Raises
    ------
    ParameterError
        There is no such file, or nothing is known of it and it can't be graded.
    StoreError, SandboxError
        The results can't be read, or grading fails.
    """
    if not path.is_file():
        raise ParameterError(f"expected the zip of a submission, got {path}")
    try:
        sha256, size, names = hash_file(path), path.stat().st_size, _names(path)
    except OSError as error:
        raise ParameterError(f"can't read {path}: {error.strerror or error}") from None
    records = read_records(out, path.name, sha256, assignment) if out else Records()
    found = Explanation(path, sha256, size, names, records)
    if plan is None:
        if fresh or not (records.kept or records.rows):
            why = "to grade it" if fresh else f"nothing is known of {path.name} yet"
            raise ParameterError(f"name the hidden split with --hidden: {why}")
        return found
    if records.kept is not None:
        before = json.loads(records.kept.description)
        now = tuple(settings_differences(before, plan.settings.description))
        found = replace(found, now=now)
        if not fresh:
            return found
    result, run = _grade(plan, Job(path, sha256))
    return replace(found, fresh=result, run=run)


def read_records(out: Path, name: str, sha256: str, assignment: Assignment) -> Records:
    """Return what a folder of results knows about a file.

    Parameters
    ----------
    out : Path
        Of ``grade --out``.
    name, sha256 : str
        Of the file.
    assignment : Assignment

    Raises
    ------
    ParameterError, StoreError
        They are none, or can't be read.
    """
    with Journal(out / JOURNAL) as journal:
        history, events = journal.history(sha256), journal.events(sha256)
        kept = journal.latest(sha256)
    records = Records(tuple(history), kept, tuple(events))
    if not (out / GRADES).is_file():  # the first run was stopped
        return records
    settled = settle_folder(load_results(out, assignment), assignment, out)
    # a file that could not be read has no hash
    rows = [row for row in settled if (row.result.sha256 or sha256) == sha256]
    rows = [row for row in rows if row.result.sha256 or row.result.submission == name]
    others = [row for row in settled if row.result.submission == name and row not in rows]
    named = next((row for row in rows if row.result.submission == name), rows[0] if rows else None)
    values = ladder_values(settled, assignment.attempts)
    return replace(
        records,
        rows=tuple(rows),
        namesakes=tuple(others),
        ladder=values.get(named.student) if named else None,
    )


def _names(path: Path) -> tuple[str, ...]:
    """Return the names of the files in a zip; none if it is no zip, or an unsafe one."""
    try:
        return tuple(Archive(read_file(path)).names)
    except Rejection:
        return ()


class _Watched(Scorer):
    """A scorer that remembers what the sandbox said of the model.

    Parameters
    ----------
    scorer : Scorer
    """

    def __init__(self, scorer: Scorer) -> None:
        self.__dict__.update(scorer.__dict__)
        self.run: ModelRun | None = None

    def mark(self, run: ModelRun) -> Marks:
        """Return what a model earns."""
        self.run = run
        return super().mark(run)


def _grade(plan: Plan, job: Job) -> tuple[Result, ModelRun | None]:
    """Grade a submission as a batch does; return what came out, and what the model is."""
    if plan.questions is not None:
        demand_unseen(plan.unseen)
    scorer = _Watched(plan.scorer)
    station = LocalStation(replace(plan, scorer=scorer))
    try:
        marker = plan.marker(missing_layers(station.check()))
        result = station.mark(job, marker)
    except OSError as error:
        raise ParameterError(f"can't read {job.path}: {error.strerror or error}") from None
    finally:
        station.close()
    return replace(result, sha256=job.sha256), scorer.run
