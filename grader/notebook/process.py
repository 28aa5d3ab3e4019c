"""One process of a student's, seen from the grader: ask it, watch it, end it.

Every wait has an end. What the process sends is read up to a limit and checked; a process
that breaks a limit is killed, with all that it left behind.
"""

import contextlib
import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.notebook.place import size_of, size_of_nameless
from grader.notebook.plain import MAX_BYTES, PlainError, dump, load
from grader.sandbox.launch import Exit, ForkLauncher, RunningFork
from grader.sandbox.policy import demand_layers
from grader.sandbox.protocol import Layer, SandboxError
from grader.scratch import remove_folder

__all__ = ["NotebookLimits", "StudentGone", "StudentProcess"]

_POLL_SECONDS = 0.05
_DISK_SECONDS = 0.25
_SPARE_SECONDS = 3.0
"""After a cell's own alarm, until the process is killed."""

_END_SECONDS = 10.0


@dataclass(frozen=True)
class NotebookLimits:
    """What running a notebook's cells, and the tests' calls, may cost.

    Attributes
    ----------
    cpu_seconds, wall_seconds : float
        Altogether.
    cell_seconds : float
        For one cell or call.
    memory_mb : float
        In use, Python and PyTorch included.
    disk_mb : float
        In the folder of the submission.
    """

    cpu_seconds: float = 60
    wall_seconds: float = 180
    cell_seconds: float = 20
    memory_mb: float = 900
    disk_mb: float = 60


class StudentGone(Exception):  # noqa: N818 (an event that is dealt with, no error of ours)
    """The student's process has ended, or was killed; the message says why."""


class StudentProcess:
    """One student's process; a context manager.

    Attributes
    ----------
    layers : tuple of Layer
        The protections that it runs under.
    """

    def __init__(
        self, launcher: ForkLauncher, folder: Path, header: dict[str, Any], limits: NotebookLimits
    ) -> None:
        self._folder, self._limits, self._ended = folder, limits, False
        self._deadline = time.monotonic() + limits.wall_seconds
        self._next_look = 0.0
        theirs, self._commands = os.pipe()
        try:
            self._running: RunningFork = launcher.start_reading(theirs)
        except BaseException:
            os.close(self._commands)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(self._commands, False)
        try:
            report = self.ask(header, seconds=60)
            self.layers = tuple(Layer(**layer) for layer in report["layers"])
        except (StudentGone, PlainError, KeyError, TypeError) as error:
            self.close()
            raise SandboxError(f"the notebook's process does not start: {error}") from None
        if report["missing"]:
            self.close()
            demand_layers(header["policy"], self.layers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, message: dict[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
        """Send a message and return the answer.

        Raises
        ------
        StudentGone
            The process ended or was killed.
        PlainError
            The message can't be sent.
        """
        rest = memoryview(dump(message))
        seconds = self._limits.cell_seconds + _SPARE_SECONDS if seconds is None else seconds
        until = min(time.monotonic() + seconds, self._deadline)
        answer = bytearray()
        while not self._ended:
            ready, free, _ = select.select(
                [self._running.reply], [self._commands] if rest else [], [], _POLL_SECONDS
            )
            if free:
                rest = self._send(rest)
            if ready and (content := self._receive(answer)) is not None:
                return self._load(content)
            if (reason := self._broken_limit(until)) is not None:
                self._kill(reason)
        raise StudentGone("the process has ended")

    def close(self) -> None:
        """End the process, and remove its folder."""
        if not self._ended:
            self._running.kill()
            self._finish()
        remove_folder(self._folder)

    def _send(self, rest: memoryview) -> memoryview:
        try:
            return rest[os.write(self._commands, rest[: 1 << 16]) :]
        except BlockingIOError:
            return rest
        except OSError:  # it closed its end, and will answer for that below
            return rest[len(rest) :]

    def _receive(self, answer: bytearray) -> bytes | None:
        """Add what came to an answer; return it when it is whole."""
        part = os.read(self._running.reply.fileno(), 1 << 16)
        if not part:
            self._kill("")
        answer += part
        if len(answer) < 8:
            return None
        size = int.from_bytes(answer[:8], "little")
        if size > MAX_BYTES or len(answer) > 8 + size:
            self._kill("it sent more than an answer")
        return bytes(answer[8:]) if len(answer) == 8 + size else None

    def _load(self, content: bytes) -> dict[str, Any]:
        try:
            return load(content)
        except PlainError:
            self._kill("it did not send an answer")
            raise  # not reached

    def _broken_limit(self, until: float) -> str | None:
        """Return which limit is broken, if one is."""
        now = time.monotonic()
        if now > until:
            whole = until == self._deadline
            return f"it took too long ({'the notebook as a whole' if whole else 'one step'})"
        memory = _memory_in_use(self._running.pid)
        if memory > self._limits.memory_mb * 1e6:
            return f"it needs more than {self._limits.memory_mb:g} MB of memory"
        if now > self._next_look:
            self._next_look = now + _DISK_SECONDS
            most = self._limits.disk_mb * 1e6
            size = size_of(self._folder, most=most)
            if size is None:
                return "its folders are nested too deeply, or closed"
            if size + size_of_nameless(self._running.pid) > most:
                return f"it writes more than {self._limits.disk_mb:g} MB"
        return None

    def _kill(self, reason: str) -> None:
        """Kill the process and say why it is gone."""
        if not reason and not self._running.reply.closed:
            # it closed its pipe: mostly because it has ended by itself
            ended = self._running.wait(1.0)
            if ended is not None:
                self._ended = True
                self._close_pipes()
                raise StudentGone(self._describe(ended))
        self._running.kill()
        self._finish()
        raise StudentGone(reason or "it closed the connection to the tests")

    def _finish(self) -> None:
        self._ended = True
        self._running.wait(_END_SECONDS)
        self._close_pipes()

    def _close_pipes(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._commands)
        self._running.reply.close()

    def _describe(self, ended: Exit) -> str:
        if ended.cpu_seconds is not None and ended.cpu_seconds >= self._limits.cpu_seconds - 1:
            return f"it needs more than {self._limits.cpu_seconds:g} s of processor time"
        if ended.signal:
            return f"the process was ended by signal {ended.signal}"
        return "it ended the Python process"


def _memory_in_use(pid: int) -> int:
    """Return the bytes that a process holds, shared memory of its own included."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    parts = [line.split() for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
    return sum(int(part[1]) << 10 for part in parts)
