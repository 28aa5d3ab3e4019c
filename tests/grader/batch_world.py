"""A class of made-up submissions, whose marking costs nothing: what the batch tests share.

As a script it runs the batch in forks of itself and kills them, or lets the disk fail under
them: ``python -m tests.grader.batch_world MODE FOLDER [NUMBER]`` prints what it did as JSON.
"""

import contextlib
import csv
import errno
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader import grade
from grader.assignment import load_assignment
from grader.batch import runner
from grader.batch.folder import Folder
from grader.batch.journal import Journal
from grader.batch.local import Threads
from grader.batch.plan import Plan
from grader.batch.runner import Job
from grader.kept import Settings
from grader.marking import Marker
from grader.results import Result
from grader.sandbox.protocol import Layer
from utils.errors import CourseError, StoreError
from utils.submission.codes import Code

SETTINGS = Settings({"grader": "of the tests"})


def plan(settings: Settings = SETTINGS) -> Plan:
    """Return a plan without labels: nothing is scored."""
    assignment = load_assignment("hw3_nsynth_cnn")
    return Plan(assignment, None, None, settings, "none", None, ())  # type: ignore[arg-type]


def write_class(folder: Path, number: int) -> list[Path]:
    """Write files that stand for submissions: some alike, some refused."""
    folder.mkdir(parents=True)
    for i in range(number):
        content = b"refuse" if i % 7 == 3 else f"student {i if i % 5 else 0}".encode()
        (folder / f"{i:05}.zip").write_bytes(content)
    return sorted(folder.iterdir())


class CheapStation:
    """Marks by the hash of the content; what says "refuse" is refused.

    Parameters
    ----------
    seconds : float
        That it seems to work.
    faults : callable, optional
        Gets each job; may raise an error.
    """

    def __init__(self, seconds: float = 0.0, faults: Callable[[Job], None] | None = None) -> None:
        self._seconds, self._faults = seconds, faults

    def check(self) -> tuple[Layer, ...]:
        return ()

    def close(self) -> None:
        pass

    def mark(self, job: Job, marker: Marker) -> Result:
        content = job.path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == job.sha256
        time.sleep(self._seconds)
        if self._faults is not None:
            self._faults(job)
        result = marker.refused(job.path.name, Code.NO_MODEL, "as it says")
        if content == b"refuse":
            return result
        points = round(int(job.sha256[:4], 16) / 65535 * 20, 2)
        return replace(
            result, status="graded", code="", message="", hint="", model_points=points,
            seconds=random.random(),
        )  # fmt: skip


def run_class(
    paths: Sequence[Path],
    out: Path,
    *,
    jobs: int = 2,
    seconds: float = 0.0,
    faults: Callable[[Job], None] | None = None,
    settings: Settings = SETTINGS,
    regrade: bool = False,
) -> grade.Batch:
    """Run the batch as ``grade_submissions`` does, with stations that cost nothing."""
    this = plan(settings)
    pool = Threads([CheapStation(seconds, faults) for _ in range(jobs)], this.marker())
    try:
        return grade.run_batch(this, Folder(out), paths, pool, regrade=regrade)
    finally:
        pool.close()


def gradebook(out: Path) -> list[dict[str, str]]:
    """Return the gradebook without the times."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def state(out: Path) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """Return all that a run leaves for people."""
    pages = {path.name: path.read_bytes() for path in (out / "pages").iterdir()}
    assert not list(out.glob(".*.new-*"))
    return gradebook(out), pages


# --- as a script: victims ---------------------------------------------------------------------


def tell(path: Path) -> Callable[[Journal, Result], None]:
    """Let ``Journal.finish`` write down, elsewhere, what it acknowledged."""
    finish = Journal.finish
    acknowledged = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def and_tell(self: Journal, result: Result) -> None:
        finish(self, result)
        os.write(acknowledged, f"{result.sha256} {result.model_points}\n".encode())

    return and_tell


def demand_nothing_lost(out: Path, acknowledged: Path) -> int:
    """Demand that what was acknowledged is in the journal; return how much that is."""
    lines = acknowledged.read_text().splitlines() if acknowledged.exists() else []
    if not lines:
        return 0
    with contextlib.closing(sqlite3.connect(out / "results/journal.sqlite")) as journal:
        rows = journal.execute("SELECT sha256, result FROM results").fetchall()
        assert journal.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert len(rows) == len({sha256 for sha256, _ in rows}), "a submission was finished twice"
    there = {sha256: json.loads(text)["model_points"] for sha256, text in rows}
    for sha256, points in map(str.split, lines):
        assert str(there.get(sha256, "lost")) == points, f"lost {sha256}"
    return len(lines)


def in_a_fork(job: Callable[[], object], *, kill_after: float | None = None) -> int:
    """Run a function in a fork, which may be killed; return how it ended."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            job()
            code = 0
        except CourseError as error:
            print(f"told: {error}", file=sys.stderr)
            code = 3
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    if kill_after is not None:
        end = time.monotonic() + kill_after
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


ON_THE_DISK = ("fsync", "rename", "replace", "unlink")
"""Functions of ``os`` by which a run changes the disk for good."""


@contextlib.contextmanager
def boundaries(reach: Callable[[str], None]) -> Iterator[None]:
    """Call a function at every point where a run touches the disk, before and after it."""
    before = {name: getattr(os, name) for name in ON_THE_DISK}
    transaction = Journal._transaction

    def around(name: str) -> Callable:
        def wrapped(*arguments, **options):
            what = f"{name} {Path(str(arguments[-1])).name}"
            reach(f"before {what}")
            value = before[name](*arguments, **options)
            reach(f"after {what}")
            return value

        return wrapped

    @contextlib.contextmanager
    def around_transaction(self: Journal) -> Iterator[None]:
        reach("before a transaction")
        with transaction(self):
            reach("inside a transaction")
            yield
            reach("before the commit")
        reach("after the commit")

    Journal._transaction = around_transaction
    for name in ON_THE_DISK:
        setattr(os, name, around(name))
    try:
        yield
    finally:
        Journal._transaction = transaction
        for name in ON_THE_DISK:
            setattr(os, name, before[name])


def demand_all_boundaries(seen: Sequence[str], out: Path, number: int) -> None:
    """Demand that all of a run's steps are among the boundaries: files by renaming, commits."""
    left = {path.name for path in (*out.glob("*.*"), *(out / "pages").iterdir())}
    assert len(left) == number + 1, left  # a page each, and the gradebook
    for name in left:
        assert {f"before replace {name}", f"after replace {name}"} <= set(seen), name
    for step in ("before a", "inside a"):
        assert seen.count(f"{step} transaction") >= 2 * number  # handed out, and finished
    for step in ("before", "after"):
        assert seen.count(f"{step} the commit") >= 2 * number


def at_each_boundary(folder: Path, act: str) -> dict[str, object]:
    """Kill a run at each boundary in turn, or let the disk fail there; then run it again."""
    paths = write_class(folder / "class", 5)
    run_class(paths, folder / "whole")
    whole, seen = state(folder / "whole"), []
    with boundaries(seen.append):
        run_class(paths, folder / "counted")
    demand_all_boundaries(seen, folder / "counted", len(paths))
    acknowledged, codes = 0, set()
    for number in range(len(seen)):
        out, told, count = folder / f"{number}", folder / f"{number}.told", [0]

        def reach(name: str, number: int = number, count: list[int] = count) -> None:
            count[0] += 1
            if count[0] != number + 1:
                return
            if act == "kill":
                os._exit(9)
            if name in ("inside a transaction", "before the commit"):
                raise sqlite3.OperationalError("disk I/O error")
            if "transaction" in name or "commit" in name:
                raise StoreError("as the journal says it")
            raise OSError(errno.EIO, "Input/output error")

        def victim(out: Path = out, told: Path = told, reach: Callable = reach) -> None:
            Journal.finish = tell(told)
            with boundaries(reach):
                run_class(paths, out, jobs=1)

        codes.add(in_a_fork(victim))
        acknowledged += demand_nothing_lost(out, told)
        run_class(paths, out)
        assert state(out) == whole, seen[number]
        demand_nothing_lost(out, told)
        shutil.rmtree(out)
    return {"boundaries": len(seen), "acknowledged": acknowledged, "codes": sorted(codes)}


def at_random(folder: Path, number: int) -> dict[str, object]:
    """Kill runs at random; each is run again until it ends.

    Everything happens in forks: a process that has used SQLite must not be forked (SQLite,
    "How to corrupt", 2.6), or its children may wait for locks that nobody holds.
    """
    paths = write_class(folder / "class", 12)

    def check(out: Path, told: Path, *, whole: bool) -> None:
        demand_nothing_lost(out, told)
        if whole:
            run_class(paths, out)
            assert state(out) == state(folder / "whole")
            demand_nothing_lost(out, told)

    assert in_a_fork(lambda: run_class(paths, folder / "whole", seconds=0.001)) == 0
    takes, finished, kills, acknowledged = 0.1, 0, 0, 0
    chance = random.Random(number)
    while kills < number:
        out, told = folder / f"{finished}", folder / f"{finished}.told"

        def victim(out: Path = out, told: Path = told) -> None:
            Journal.finish = tell(told)
            run_class(paths, out, seconds=0.001)

        code = in_a_fork(victim, kill_after=chance.uniform(0, takes))
        assert code in (0, -signal.SIGKILL), code
        kills += code != 0
        takes *= 1.02 if code else 0.85  # so that most runs are killed, at any speed of the machine
        whole = code == 0 or kills == number
        assert in_a_fork(lambda o=out, t=told, w=whole: check(o, t, whole=w)) == 0
        if whole:
            acknowledged += len(told.read_text().splitlines())
            finished += 1
    return {"kills": kills, "finished": finished, "acknowledged": acknowledged}


def on_a_full_disk(folder: Path, limit: Callable[[Path], Callable[[], None]]) -> dict[str, object]:
    """Run out of space, make room, run again."""
    paths = write_class(folder / "class", 60)
    run_class(paths, folder / "whole")
    whole = state(folder / "whole")
    small = folder / "small"
    small.mkdir()
    told = folder / "told"
    make_room = limit(small)

    def victim() -> None:
        Journal.finish = tell(told)
        if make_room is os.getpid:  # no small disk here: no large files, then
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
        run_class(paths, small / "out")

    try:
        code = in_a_fork(victim)
        acknowledged = demand_nothing_lost(small / "out", told)
        make_room()
        run_class(paths, small / "out")
        assert state(small / "out") == whole
        demand_nothing_lost(small / "out", told)
    finally:
        os.system(f"umount {small} 2> /dev/null")
    return {"code": code, "acknowledged": acknowledged, "of": len(paths)}


def small_disk(folder: Path) -> Callable[[], None]:
    """Mount a small disk; return what makes it larger."""
    if os.system(f"mount -t tmpfs -o size=400k none {folder} 2> /dev/null"):
        return os.getpid
    return lambda: os.system(f"mount -o remount,size=32m {folder}")


def main(mode: str, where: str, number: str = "300") -> None:
    """Do one of the above."""
    runner.PAUSE_SECONDS = 0.01
    folder = Path(where)
    done = {
        "kill": lambda: at_each_boundary(folder, "kill"),
        "error": lambda: at_each_boundary(folder, "error"),
        "random": lambda: at_random(folder, int(number)),
        "full": lambda: on_a_full_disk(folder, small_disk),
        "large": lambda: on_a_full_disk(folder, lambda _: os.getpid),
    }[mode]()
    print(json.dumps(done))


if __name__ == "__main__":
    main(*sys.argv[1:])
