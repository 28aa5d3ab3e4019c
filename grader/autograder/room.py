"""What a grading machine gives: memory and minutes.

Gradescope's containers have 768 MB and half a processor unless the instructor asks for more,
and are ended after ten minutes, which costs the student all points without a word. So
everything here ends earlier, and a model that only lacks room is not judged.
"""

import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path

from grader.assignment import Limits
from grader.notebook.process import NotebookLimits
from grader.results import Result
from utils.submission.codes import Code

__all__ = ["MEMORY_VARIABLE", "SECONDS", "Room", "memory_limit_mb", "processor_limit"]

SECONDS = 540.0
"""From the start to the report."""

MODEL_SECONDS = 250.0
"""For one run; there may be a second one. 120 s of half a processor, and a little more."""

LEAST_SECONDS = 20.0
"""For a notebook, however long its model took."""

SLOWEST = 4.0
"""A cell gets at most so many times its seconds where there is only part of a processor."""

BESIDE_MODEL_MB, BESIDE_NOTEBOOK_MB = 350.0, 260.0
"""What the grader and libraries need, measured with a margin."""

MEMORY_VARIABLE = "COURSE_GRADER_MEMORY_MB"
GROUPS = Path("/sys/fs/cgroup")


class Room:
    """The room for one grading, which begins when this is made.

    Parameters
    ----------
    memory_mb, processors : float, optional
        Of the machine; default: what it says of itself.
    """

    def __init__(self, memory_mb: float | None = None, processors: float | None = None) -> None:
        self.memory_mb = memory_limit_mb() if memory_mb is None else memory_mb
        share = processor_limit() if processors is None else processors
        self._slower = min(max(1.0, 1 / share), SLOWEST)
        self._ends = time.monotonic() + SECONDS

    def for_model(self, limits: Limits) -> Limits:
        """Return a model's limits, lowered to what is there."""
        return replace(
            limits,
            wall_seconds=min(limits.wall_seconds, MODEL_SECONDS),
            memory_mb=min(limits.memory_mb, self._memory(BESIDE_MODEL_MB)),
        )

    def for_notebook(self, limits: NotebookLimits) -> NotebookLimits:
        """Return a notebook's limits for the time that is left."""
        left = max(self._ends - time.monotonic(), LEAST_SECONDS)
        return replace(
            limits,
            cell_seconds=self._slower * limits.cell_seconds,
            wall_seconds=min(limits.wall_seconds, left),
            memory_mb=min(limits.memory_mb, self._memory(BESIDE_NOTEBOOK_MB)),
        )

    def _memory(self, beside: float) -> float:
        return max(self.memory_mb - beside, 100.0)

    def lacked(self, result: Result, limits: Limits) -> str | None:
        """Return what to say of a model that was refused for want of room; None for others.

        Parameters
        ----------
        result : Result
        limits : Limits
            What the assignment grants.
        """
        granted = self.for_model(limits).memory_mb
        # the kernel of a small machine kills before the grader sees that memory is short
        killed = result.code == Code.CRASH and "SIGKILL" in result.message
        if granted >= limits.memory_mb or not (result.code == Code.MEMORY or killed):
            return None
        return (
            f"this machine has {self.memory_mb:.0f} MB of memory, which leaves {granted:.0f} MB "
            f"for a model that may use {limits.memory_mb:g} MB: your instructor can choose a "
            "larger one (on Gradescope: Autograder Settings) and grade again"
        )


def memory_limit_mb(groups: Path = GROUPS) -> float:
    """Return the memory of this machine, or of the container that this is.

    The environment variable ``COURSE_GRADER_MEMORY_MB`` says it where the system does not.

    Parameters
    ----------
    groups : Path
        Where control groups are mounted.
    """
    most = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6]
    for name in ("memory.max", "memory.limit_in_bytes"):
        for text in _told(groups, "memory", name):
            most += [int(text) / 1e6] if text.isdecimal() else []  # or "max"
    told = os.environ.get(MEMORY_VARIABLE, "")
    if told.isdecimal():
        most.append(float(told))
    return min(most)


def processor_limit(groups: Path = GROUPS) -> float:
    """Return how many processors this process may keep busy, as far as the system says.

    Parameters
    ----------
    groups : Path
        Where control groups are mounted.
    """
    most = [float(os.cpu_count() or 1)]
    texts = _told(groups, "cpu", "cpu.max")
    texts += _told(groups, "cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us")
    for quota, period in map(str.split, texts):
        if quota.isdecimal() and period.isdecimal():  # or "max", or -1
            most.append(int(quota) / max(int(period), 1))
    return min(most)


def _told(groups: Path, controller: str, *names: str) -> list[str]:
    """Return what some files of this process's control group, or of the container's, hold."""
    found = []
    for line in (*_own_groups(), f"0:{controller}:/", "0::/"):
        _, controllers, own = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        place = groups / (controller if controllers else "") / own.lstrip("/")
        with contextlib.suppress(OSError):
            found.append(" ".join((place / name).read_text().strip() for name in names))
    return found


def _own_groups() -> list[str]:
    try:
        return Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:  # no Linux
        return []
