"""Hand out submissions, try again where the grader itself failed, write down what is finished.

One thread does all of this, and it alone writes the journal. A submission's result is
acknowledged (the progress bar moves) when the journal has it on the disk. What fails for a
reason that is not the student's is tried again, after the others, at most three times in a
run; then it stands in the gradebook as not graded, without points, and the next run tries
it again. What was being graded when an earlier run died comes last: if it is what kills the
grader, everybody else is finished by then.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from grader.batch.interrupts import lasting_interrupt
from grader.batch.journal import Journal
from grader.intake import hash_file
from grader.results import Result
from utils.submission.codes import Code

__all__ = ["ATTEMPTS", "Job", "Pool", "Runner"]

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
"""Before the second attempt; twice as long before the third."""

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """A submission that is to be marked.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file when it was looked at.
    """

    path: Path
    sha256: str


class Pool(Protocol):
    """Whoever marks submissions, some at a time."""

    size: int

    def submit(self, job: Job) -> Future[Result]:
        """Begin to mark a submission.

        The future raises an error if the grader failed; never for what is in the zip.
        """


@dataclass(slots=True)
class _Turn:
    """A submission that waits or runs."""

    job: Job
    attempt: int = 0
    not_before: float = 0.0
    overdue: float = 0.0


@dataclass
class Runner:
    """One run over some submissions.

    Attributes
    ----------
    journal : Journal
    pool : Pool
    refuse : callable
        Makes a result of a file's name, a code and a message.
    deliver : callable
        Gets each result as soon as it is acknowledged.
    lease_seconds : float
        After which an attempt counts as failed.
    failures : dict of str to Result
        By file name: what could not be graded in this run.
    contents : dict of str to str
        File name → hash of the file.
    n_known : int
        Results that were there already.
    """

    journal: Journal
    pool: Pool
    refuse: Callable[[str, Code, str], Result]
    deliver: Callable[[Result], object]
    lease_seconds: float
    failures: dict[str, Result] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    n_known: int = 0

    def __post_init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._bar: tqdm = tqdm(disable=True)

    def run(self, paths: Sequence[Path], *, progress: bool) -> None:
        """Grade everything that the journal does not know yet.

        Raises
        ------
        StoreError
            The journal or a page can't be written; what was acknowledged is kept.
        """
        waiting = self._sort_out(paths)
        # the rate and the remaining time are of what is left to do
        done = self.n_known + len(self.failures)
        with tqdm(total=len(paths), initial=done, unit="zip", disable=not progress) as self._bar:
            self._work(waiting)

    def result(self, path: Path) -> Result:
        """Return what is known of a file by now."""
        name = path.name
        if name in self.failures:
            return self.failures[name]
        if name not in self.contents:  # stopped before its turn
            self.contents[name] = self._hash(path) or ""
        sha256 = self.contents[name]
        found = self.journal.find(sha256) if sha256 else None
        if found is not None:
            return _named(found, name, sha256)
        missing = self.refuse(name, Code.NOT_FINISHED, "the grader was stopped")
        return replace(missing, sha256=sha256)

    def _sort_out(self, paths: Sequence[Path]) -> deque[_Turn]:
        """Deliver what is known; return the others, one for each content."""
        jobs: dict[str, Job] = {}
        for path in paths:
            sha256 = self.contents[path.name] = self._hash(path) or ""
            if not sha256:
                continue
            known = self.journal.find(sha256)
            if known is not None:
                self.n_known += 1
                self.deliver(_named(known, path.name, sha256))
                continue
            self._names.setdefault(sha256, []).append(path.name)
            jobs.setdefault(sha256, Job(path, sha256))
        attempts = {sha256: self.journal.attempts(sha256) for sha256 in jobs}
        suspects_last = sorted(jobs.values(), key=lambda job: attempts[job.sha256])
        return deque(_Turn(job) for job in suspects_last)

    def _hash(self, path: Path) -> str | None:
        """Return the hash of a file; None if it can't be read, which is written down."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return hash_file(path)
            except OSError as error:
                if attempt == ATTEMPTS:
                    self._give_up("", [path.name], error)
                else:
                    time.sleep(PAUSE_SECONDS * attempt / ATTEMPTS)
        return None

    def _work(self, waiting: deque[_Turn]) -> None:
        """Hand out and take back until nothing is left."""
        running: dict[Future[Result], _Turn] = {}
        with lasting_interrupt() as stop_if_told:
            while waiting or running:
                stop_if_told()
                self._hand_out(waiting, running)
                if not running:
                    time.sleep(_POLL_SECONDS / 4)
                    continue
                done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_back(future, running.pop(future), waiting)
                self._give_back_overdue(running, waiting)

    def _give_back_overdue(
        self, running: dict[Future[Result], _Turn], waiting: deque[_Turn]
    ) -> None:
        """Count what takes longer than its lease as failed."""
        for future, turn in _overdue(running):
            del running[future]
            late = TimeoutError(f"no answer within {self.lease_seconds:.0f} s")
            self._failed(turn, late, waiting)

    def _hand_out(self, waiting: deque[_Turn], running: dict[Future[Result], _Turn]) -> None:
        """Fill up the pool."""
        for _ in range(len(waiting)):
            if len(running) >= self.pool.size:
                return
            turn = waiting.popleft()
            if turn.not_before > time.monotonic():
                waiting.append(turn)
                continue
            self.journal.claim(turn.job.sha256, seconds=self.lease_seconds)
            turn.attempt += 1
            turn.overdue = time.monotonic() + self.lease_seconds
            running[self.pool.submit(turn.job)] = turn

    def _take_back(self, future: Future[Result], turn: _Turn, waiting: deque[_Turn]) -> None:
        """Write down what came of an attempt."""
        try:
            result = future.result()
        except Exception as error:  # a mistake of ours, a full disk, a lost sandbox or worker
            self._failed(turn, error, waiting)
            return
        sha256 = turn.job.sha256
        self.journal.finish(replace(result, sha256=sha256))
        for name in self._names.pop(sha256):
            self.deliver(_named(result, name, sha256))
            self._bar.update()

    def _failed(self, turn: _Turn, error: BaseException, waiting: deque[_Turn]) -> None:
        """Let a submission wait for its next attempt, or give it up for this run."""
        self.journal.fail(turn.job.sha256, _reason(error))
        if turn.attempt < ATTEMPTS:
            turn.not_before = time.monotonic() + PAUSE_SECONDS * turn.attempt
            waiting.append(turn)
        else:
            self._give_up(turn.job.sha256, self._names.pop(turn.job.sha256), error)

    def _give_up(self, sha256: str, names: Sequence[str], error: BaseException) -> None:
        """Put submissions down as not graded by a fault of the grader."""
        for name in names:
            failed = self.refuse(name, Code.INFRA_ERROR, _reason(error))
            self.failures[name] = replace(failed, sha256=sha256)
            self.deliver(self.failures[name])
            self._bar.update()


def _overdue(running: dict[Future[Result], _Turn]) -> Iterator[tuple[Future[Result], _Turn]]:
    now = time.monotonic()
    yield from [(future, turn) for future, turn in running.items() if turn.overdue < now]


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _named(result: Result, name: str, sha256: str) -> Result:
    """Return a result for a file with this content."""
    return replace(result, submission=name, student=Path(name).stem, sha256=sha256)
