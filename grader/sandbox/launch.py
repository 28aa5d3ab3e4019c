"""Start and stop the child: forked from a zygote on Linux, a new process elsewhere."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Protocol

from grader.sandbox.protocol import SandboxError

__all__ = ["Exit", "ForkLauncher", "Launcher", "ProcessLauncher", "Running", "anonymous_file"]

PACKAGES = Path(__file__).resolve().parents[2]
"""The folder that holds the packages ``grader`` and ``utils``."""

START_SECONDS = 120.0


@dataclass(frozen=True)
class Exit:
    """How a child ended.

    Attributes
    ----------
    signal : int
        That killed it; 0 if none.
    code : int
        Its exit code.
    cpu_seconds : float or None
        What it used; None where that is not measured.
    """

    signal: int
    code: int
    cpu_seconds: float | None


class Running(Protocol):
    """A child at work."""

    pid: int
    reply: BinaryIO

    def wait(self, seconds: float) -> Exit | None:
        """Return how it ended; None if it still runs after some seconds."""

    def kill(self) -> None:
        """Kill it, with all that it started."""


class Launcher(Protocol):
    """Starts children, one at a time."""

    name: str

    def start(self, request: BinaryIO) -> Running:
        """Start a child on a request."""

    def close(self) -> None:
        """Give up everything that waits for the next child."""


def anonymous_file() -> BinaryIO:
    """Return a file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("request"), "w+b")
    return tempfile.TemporaryFile()


def _command(module: str, *arguments: str) -> list[str]:
    """Return the command that calls a module's ``main`` in an isolated Python.

    Loading libraries takes seconds, in which nobody listens: so the first thing is to end
    with this process.
    """
    numbers = ", ".join(arguments)
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); "
        f"from grader.sandbox.kernel import end_with; end_with({os.getpid()}); "
        f"from grader.{module} import main; main({numbers})"
    )
    return [sys.executable, "-I", "-c", code]


def _environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the child's whole environment: nothing of the instructor's but what is named."""
    chosen = {
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    kept = {k: os.environ[k] for k in ("SYSTEMROOT", "SystemRoot") if k in os.environ}
    return chosen | kept | dict(more)


# --- a new process for each model: works everywhere -------------------------------------------


class ProcessLauncher:
    """Starts a new Python for each model."""

    name = "a new process for each model"

    def start(self, request: BinaryIO) -> "RunningProcess":
        """Start a child on a request."""
        request.seek(0)
        return RunningProcess(
            subprocess.Popen(
                _command("sandbox.child"),
                stdin=request,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd=Path(sys.executable).anchor,
                start_new_session=True,
            )
        )

    def close(self) -> None:
        """Do nothing: nothing waits."""


class RunningProcess:
    """A child that is a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise SandboxError("the child has no output")
        self._process = process
        self.pid = process.pid
        self.reply: BinaryIO = process.stdout  # type: ignore[assignment]

    def wait(self, seconds: float) -> Exit | None:
        """Return how it ended; None if it still runs after some seconds."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return Exit(signal=max(0, -code), code=max(0, code), cpu_seconds=None)

    def kill(self) -> None:
        """Kill it, with all of its process group."""
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._process.kill()


# --- forked from a zygote: Linux --------------------------------------------------------------


class ForkLauncher:
    """Forks a child for each model from a zygote that has onnxruntime loaded.

    Parameters
    ----------
    module : str
        Whose ``main`` the zygote runs, a module of this package.
    environment : mapping of str to str
        Variables that the zygote gets besides the few that all get.
    """

    name = "forked for each model"

    def __init__(
        self,
        module: str = "sandbox.zygote",
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        from grader.sandbox import zygote

        self._words = zygote
        self._control, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as errors:
            self._zygote = subprocess.Popen(
                _command(module, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=_environment(environment),
                cwd="/",
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            self._control.settimeout(START_SECONDS)
            try:
                said = self._control.recv(1)
            except TimeoutError:
                said = b""
            if said != zygote.READY:
                self.close()
                errors.seek(0)
                reason = errors.read()[-2000:].decode("utf-8", "replace")
                raise SandboxError(f"the sandbox does not start: {reason}")

    def start(self, request: BinaryIO) -> "RunningFork":
        """Start a child on a request."""
        request.seek(0)
        return self.start_reading(request.fileno())

    def start_reading(self, request_fd: int) -> "RunningFork":
        """Start a child that reads from a descriptor, which may be a pipe."""
        ours, theirs = os.pipe()
        try:
            socket.send_fds(self._control, [self._words.JOB], [request_fd, theirs])
            (pid,) = self._words.PID.unpack(self.receive(self._words.PID.size))
        except (OSError, SandboxError) as error:
            os.close(ours)
            raise SandboxError(f"the zygote is gone: {error}") from None
        finally:
            os.close(theirs)
        return RunningFork(self, pid, os.fdopen(ours, "rb", buffering=0))

    def receive(self, size: int) -> bytes:
        """Return some bytes from the zygote."""
        data = b""
        while len(data) < size:
            part = self._control.recv(size - len(data))
            if not part:
                raise SandboxError("the zygote ended")
            data += part
        return data

    def readable(self, seconds: float) -> bool:
        """Return whether the zygote has said something."""
        return bool(select.select([self._control], [], [], seconds)[0])

    def send_kill(self) -> None:
        """Tell the zygote to kill its child."""
        with contextlib.suppress(OSError):
            self._control.sendall(self._words.KILL)

    def exit_of_child(self) -> Exit:
        """Return how the child ended, as the zygote says."""
        status, cpu_seconds, _ = self._words.EXIT.unpack(self.receive(self._words.EXIT.size))
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        return Exit(signal=killed, code=code, cpu_seconds=cpu_seconds)

    def abandon(self) -> None:
        """Kill the zygote alone, as an accident would; a child is then on its own."""
        self._zygote.kill()
        self._zygote.wait()
        self._control.close()

    def close(self) -> None:
        """End the zygote, and a child that still runs."""
        self._control.close()
        try:
            self._zygote.wait(10)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait()


class RunningFork:
    """A child that the zygote forked."""

    def __init__(self, launcher: ForkLauncher, pid: int, reply: BinaryIO) -> None:
        self._launcher = launcher
        self.pid = pid
        self.reply = reply

    def wait(self, seconds: float) -> Exit | None:
        """Return how it ended; None if it still runs after some seconds."""
        return self._launcher.exit_of_child() if self._launcher.readable(seconds) else None

    def kill(self) -> None:
        """Kill it; the zygote ends whatever it leaves behind."""
        self._launcher.send_kill()
