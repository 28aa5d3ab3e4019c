"""A machine as small as Gradescope's, for one command and all that it starts (Linux).

Half a processor is a quota of the kernel's where this process may set one (cgroup of version
1 or 2; mostly root), and 50 ms of work, 50 ms of rest elsewhere. Memory is looked at ten times
a second; when there is too much, the largest process is killed, as the kernel does it.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.grader.processes import descendants

__all__ = ["CPUS", "MEMORY_MB", "SECONDS", "Used", "cpu_quota", "run_small", "taking_turns"]

CPUS, MEMORY_MB, SECONDS = 0.5, 768.0, 600.0
"""What Gradescope gives if nobody asks for more."""

_GROUPS = Path("/sys/fs/cgroup")
_PERIOD = 0.1
_LOOK_SECONDS = 0.1
_NUMBERS = itertools.count()
_JOIN = ("sh", "-c", 'test -z "$0" || echo 0 > "$0/cgroup.procs"; exec "$@"')


@dataclass(frozen=True)
class Used:
    """What a command needed.

    Attributes
    ----------
    code : int
        Its exit status; negative: the signal that ended it.
    seconds, cpu_seconds : float
    peak_mb : float
        Of all its processes together, each page counted once.
    killed : int
        Processes that were too large.
    too_late : bool
        Whether time was up.
    output : str
        What it wrote.
    how : str
        What limited the processor.
    """

    code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    killed: int
    too_late: bool
    output: str
    how: str


def run_small(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    cpus: float = CPUS,
    memory_mb: float = MEMORY_MB,
    seconds: float = SECONDS,
    quota: bool = True,
) -> Used:
    """Run a command in little room.

    Parameters
    ----------
    command : sequence of str
    environment : mapping of str to str
        All its variables.
    cpus : float
        Processors, below 1 where there is no quota.
    memory_mb, seconds : float
    quota : bool
        Whether to try for one of the kernel's.
    """
    with cpu_quota(cpus if quota else None) as group, tempfile.TemporaryFile("w+b") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            [*_JOIN, str(group or ""), *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = _Watch(process.pid, memory_mb)
        with taking_turns(process.pid, cpus) if group is None else contextlib.nullcontext():
            code, cpu_seconds, too_late = _wait(process, watch, began + seconds)
        took = time.monotonic() - began
        output.seek(0)
        words = output.read().decode("utf-8", "replace")
    how = "taking turns" if group is None else "quota"
    return Used(code, took, cpu_seconds, watch.peak_mb, watch.killed, too_late, words, how)


def _wait(process: subprocess.Popen[bytes], watch: "_Watch", end: float) -> tuple[int, float, bool]:
    """Wait for a process; return its exit status, its CPU seconds, and whether time was up."""
    too_late = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_utime + usage.ru_stime, too_late
        if time.monotonic() > end:
            too_late = True
            for one in _family(process.pid):
                _signal(one, signal.SIGKILL)
        watch.look()
        time.sleep(_LOOK_SECONDS)


class _Watch:
    """Looks at the memory of a process and all below it."""

    def __init__(self, pid: int, most_mb: float) -> None:
        self._pid, self._most_mb = pid, most_mb
        self.peak_mb, self.killed = 0.0, 0

    def look(self) -> None:
        """Look once; kill the largest if there is too much."""
        sizes = {pid: _memory_mb(pid) for pid in _family(self._pid)}
        total = sum(sizes.values())
        self.peak_mb = max(self.peak_mb, total)
        if total > self._most_mb:
            _signal(max(sizes, key=sizes.__getitem__), signal.SIGKILL)
            self.killed += 1


def _family(pid: int) -> list[int]:
    return [pid, *descendants(pid)]


def _memory_mb(pid: int) -> float:
    """Return a process's memory, its share of what it shares."""
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) / 1024
    return 0.0


def _signal(pid: int, which: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, which)


@contextlib.contextmanager
def cpu_quota(cpus: float | None) -> Iterator[Path | None]:
    """Make a group whose processes share some processors; None where that can't be done."""
    group = None if cpus is None else _new_group(cpus)
    try:
        yield group
    finally:
        if group is not None:
            _remove(group)


def _new_group(cpus: float) -> Path | None:
    period = int(_PERIOD * 1e6)
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers == "":  # version 2
            place, limits = _GROUPS, {"cpu.max": f"{int(cpus * period)} {period}"}
        elif "cpu" in controllers.split(","):
            place = _GROUPS / controllers
            limits = {"cpu.cfs_period_us": f"{period}", "cpu.cfs_quota_us": f"{int(cpus * period)}"}
        else:
            continue
        group = place / own.lstrip("/") / f"small-machine-{os.getpid()}-{next(_NUMBERS)}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, value in limits.items():
                (group / name).write_text(value)
            return group
        except OSError:
            group.rmdir()
    return None


def _remove(group: Path) -> None:
    """Remove a group, and whatever still runs in it."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for pid in (group / "cgroup.procs").read_text().split():
            _signal(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)


@contextlib.contextmanager
def taking_turns(pid: int, cpus: float) -> Iterator[None]:
    """Stop a process, and all below it, for part of each tenth of a second."""
    ended = threading.Event()
    turn = threading.Thread(target=_take_turns, args=(pid, cpus, ended), daemon=True)
    turn.start()
    try:
        yield
    finally:
        ended.set()
        turn.join()


def _take_turns(pid: int, cpus: float, ended: threading.Event) -> None:
    while not ended.wait(_PERIOD * cpus):
        stopped = _family(pid)
        for one in stopped:
            _signal(one, signal.SIGSTOP)
        ended.wait(_PERIOD * (1 - cpus))
        for one in stopped:
            _signal(one, signal.SIGCONT)
