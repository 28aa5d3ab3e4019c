"""Import onnxruntime once, then fork a child for each model (Linux).

The zygote holds no labels and knows no path of them. A fork costs milliseconds where a
new process costs half a second of imports. It obeys its control socket: a byte with two
file descriptors starts a child, ``K`` kills it, end-of-file ends everything.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from grader.sandbox.child import answer, compute, probe_model
from grader.sandbox.kernel import end_with, outlive
from grader.sandbox.protocol import Request

__all__ = ["EXIT", "JOB", "KILL", "PID", "READY", "main"]

READY, JOB, KILL = b"R", b"J", b"K"
PID = struct.Struct("<q")
EXIT = struct.Struct("<qdq")
"""Wait status, processor seconds, largest resident memory in kB."""

_PR_SET_CHILD_SUBREAPER = 36

Answer = Callable[[BinaryIO, int], None]
"""What a child does with its request and the descriptor for its reply."""


def main(
    control_fd: int, job: Answer | None = None, warm_up: Callable[[], None] | None = None
) -> None:
    """Serve until the parent closes its end of the control socket, then end the process.

    Parameters
    ----------
    control_fd : int
        Of the socket.
    job : callable, optional
        What each child does; default: run a model.
    warm_up : callable, optional
        Loads what the children need; default: what runs a model.
    """
    control = socket.socket(fileno=control_fd)
    _adopt_orphans()
    (warm_up or _warm_up)()
    _check_threads()
    # from here on the socket tells; the thread that started this process may well end
    outlive()
    control.sendall(READY)
    with contextlib.suppress(ConnectionError):  # the parent ended before it could be told
        _serve(control, job or answer)
    os._exit(0)  # onnxruntime and PyTorch would take their time to end in good order


def _serve(control: socket.socket, job: Answer) -> None:
    """Start a child whenever the parent asks for one, until there is no parent any more."""
    here = os.getpid()
    while True:
        message, fds, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        if message != JOB or len(fds) != 2:
            continue  # a KILL that crossed the child's own end
        pid = os.fork()
        if pid == 0:
            end_with(here)
            _be_child(job, *fds)
        for fd in fds:
            os.close(fd)
        control.sendall(PID.pack(pid))
        parent_is_there = _watch(control, pid)
        _, status, usage = os.wait4(pid, 0)
        _end_orphans()
        if not parent_is_there:
            return
        control.sendall(EXIT.pack(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss))


def _warm_up() -> None:
    """Run a model once, so that whatever Python loads late is loaded before files are forbidden."""
    notes = np.zeros((2, 64, 64), np.uint8)
    request = Request(
        model=probe_model(),
        mels=notes,
        repeats=np.array([0]),
        memory_bytes=0,
        cpu_seconds=0,
        max_model_bytes=1_000_000,
        uid=None,
    )
    reply = compute(request)
    reply.to_bytes()
    if reply.code is not None:
        raise RuntimeError(f"the probe model fails: {reply.code}: {reply.detail}")


def _check_threads() -> None:
    """Make sure that this is the only thread: Landlock and user changes reach no second one."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"expected one thread before forking, got {threads}")


def _be_child(job: Answer, request_fd: int, reply_fd: int) -> None:
    """Do one job in the forked child, and end."""
    code = 1
    try:
        os.setsid()
        # first out of the way: the descriptors may be 3 or 4 themselves
        request_fd, reply_fd = os.dup(request_fd), os.dup(reply_fd)
        os.dup2(request_fd, 3)
        os.dup2(reply_fd, 4)
        # the zygote's errors go to a file that all its children would share
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        os.closerange(5, 4096)
        with open(3, "rb", closefd=False) as request:
            job(request, 4)
        code = 0
    finally:
        os._exit(code)


def _watch(control: socket.socket, pid: int) -> bool:
    """Wait for the end of the child; kill it when told to. Return whether the parent lives."""
    handle = os.pidfd_open(pid)
    try:
        while True:
            ready, _, _ = select.select([control.fileno(), handle], [], [])
            if handle in ready:
                return True
            message = control.recv(1)
            if message in (KILL, b""):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            if not message:
                return False
    finally:
        os.close(handle)


def _adopt_orphans() -> None:
    """Become the parent of whatever a child leaves behind."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans() -> None:
    """Kill and reap whatever a child left behind, until nothing is left."""
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
