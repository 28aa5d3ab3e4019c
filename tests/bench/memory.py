"""How much memory and time of the processor processes need (Linux)."""

import contextlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

__all__ = ["Measured", "Watch", "cpu_seconds", "forget_peak", "peak_mb"]

MB = 2**20
EVERY_SECONDS = 0.25


def peak_mb() -> float:
    """Return the most that this process held in memory, since :func:`forget_peak`."""
    return _status("self", "VmHWM") / MB


def forget_peak() -> None:
    """Let this process's peak begin anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def cpu_seconds() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


@dataclass(frozen=True)
class Measured:
    """What something took.

    Attributes
    ----------
    seconds : float
        Of the clock.
    cpu_seconds, peak_mb : float
        Of all its processes together.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass
class Watch:
    """Looks at this process and all below it, again and again; a context manager.

    Attributes
    ----------
    peak : float
        Most memory of all of them together, in MB; what some share counts once.
    own, children : list of float
        Memory of this process, and of its children that wait for work, each time.
    """

    peak: float = 0.0
    own: list[float] = field(default_factory=list)
    children: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(EVERY_SECONDS):
            below = _below(os.getpid())
            pids = [os.getpid(), *below]
            self.peak = max(self.peak, sum(map(_share, pids)) / MB)
            self.own.append(_status("self", "VmRSS") / MB)
            direct = [pid for pid, parent in below.items() if parent == os.getpid()]
            self.children.append(sum(_status(pid, "VmRSS") for pid in direct) / MB)


def _below(pid: int) -> dict[int, int]:
    """Return all processes below one, with their parents."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):  # it has ended
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found: dict[int, int] = {}
    while more := {p: q for p, q in parents.items() if p not in found and (q == pid or q in found)}:
        found |= more
    return found


def _share(pid: int) -> float:
    """Return the bytes that a process holds; its share of those that several hold."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0.0


def _status(pid: int | str, name: str) -> float:
    """Return a number of bytes from a process's status; 0 if it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0.0
