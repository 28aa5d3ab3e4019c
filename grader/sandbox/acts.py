"""What a child must not be able to do, done: the forbidden acts of the self-test.

Runs as the zygote does, with one difference: a child locks down as always, possibly
without some layers, and then attempts one act instead of running a model. It knows where
the planted labels are, never what they hold; what it gets, it sends to the parent.
"""

import ctypes
import errno
import json
import mmap
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from grader.sandbox import zygote
from grader.sandbox.layers import lock_down
from grader.sandbox.protocol import Request

__all__ = ["ACTS", "ENDLESS", "answer", "main"]

# loaded before files are forbidden
_LIBC: Any = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
# the numbers of these calls are the same on x86-64 and on aarch64
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_PTRACE_SEIZE, _PR_GET_NO_NEW_PRIVS, _CLONE_NEWUSER = 0x4206, 39, 0x10000000
_ENOUGH = 4096


def main(control_fd: int) -> None:
    """Serve until the parent closes its end of the control socket."""
    zygote.main(control_fd, answer)


def answer(request: BinaryIO, reply_fd: int) -> None:
    """Lock down, attempt one act, and say what came of it."""
    job = Request.read_header(request)
    job["reply_fd"] = reply_fd
    layers = lock_down(job, without=job["without"])
    found: dict[str, Any] = {"layers": {layer.name: layer.active for layer in layers}}
    found["notes"] = {layer.name: layer.note for layer in layers}
    try:
        found |= {"done": True, "got": ACTS[job["act"]](job).hex()}
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        found |= {"done": False, "reason": reason}
    os.write(reply_fd, json.dumps(found).encode())


def _called(outcome: int) -> int:
    """Return what a call of the C library returned, or raise its error."""
    if outcome < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return outcome


# --- steal labels -----------------------------------------------------------------------------


def _open(job: dict[str, Any]) -> bytes:
    with Path(job["labels"]).open("rb") as labels:
        return labels.read(_ENOUGH)


def _list(job: dict[str, Any]) -> bytes:
    return " ".join(os.listdir(job["folder"])).encode()  # noqa: PTH208 (names, no paths)


def _proc_memory(job: dict[str, Any]) -> bytes:
    handle = os.open(f"/proc/{job['pid']}/mem", os.O_RDONLY)
    return os.pread(handle, job["length"], job["address"])


def _proc_descriptor(job: dict[str, Any]) -> bytes:
    return Path(f"/proc/{job['pid']}/fd/{job['descriptor']}").read_bytes()


def _vm_read(job: dict[str, Any]) -> bytes:
    here = ctypes.create_string_buffer(job["length"])
    ours = struct.pack("PN", ctypes.addressof(here), job["length"])
    theirs = struct.pack("PN", job["address"], job["length"])
    one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
    _called(_LIBC.process_vm_readv(job["pid"], ours, one, theirs, one, none))
    return here.raw


def _trace(job: dict[str, Any]) -> bytes:
    _LIBC.ptrace.restype = ctypes.c_long
    _called(_LIBC.ptrace(_PTRACE_SEIZE, job["pid"], ctypes.c_void_p(0), ctypes.c_void_p(0)))
    return b""


def _take_descriptor(job: dict[str, Any]) -> bytes:
    handle = _called(_LIBC.syscall(_PIDFD_OPEN, job["pid"], 0))
    taken = _called(_LIBC.syscall(_PIDFD_GETFD, handle, job["descriptor"], 0))
    return os.pread(taken, _ENOUGH, 0)


def _run_program(job: dict[str, Any]) -> bytes:
    os.execv("/bin/sh", ["sh", "-c", f"cat '{job['labels']}' >&{job['reply_fd']}"])


def _inherit(job: dict[str, Any]) -> bytes:
    """Return what can be read from any descriptor but the request and the reply."""
    got = b""
    for handle in set(range(4096)) - {3, job["reply_fd"]}:
        try:
            got += os.pread(handle, _ENOUGH, 0)
        except OSError:
            continue
    return got[:_ENOUGH]


def _environment(job: dict[str, Any]) -> bytes:
    return repr(dict(os.environ)).encode()[:_ENOUGH]


# --- reach out, or do harm --------------------------------------------------------------------


def _write(job: dict[str, Any]) -> bytes:
    Path(job["drop"], str(os.getpid())).write_text("x")
    return b""


def _connect(job: dict[str, Any]) -> bytes:
    socket.socket().connect(("127.0.0.1", job["port"]))
    return b""


def _send_datagram(job: dict[str, Any]) -> bytes:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.sendto(b"x", ("127.0.0.1", job["port"]))
    return b""


def _fork(job: dict[str, Any]) -> bytes:
    if os.fork() == 0:
        os._exit(0)
    return b""


def _signal(job: dict[str, Any]) -> bytes:
    os.kill(job["pid"], 0)
    return b""


def _new_namespace(job: dict[str, Any]) -> bytes:
    _called(_LIBC.unshare(_CLONE_NEWUSER))
    return b""


def _stay_root(job: dict[str, Any]) -> bytes:
    if os.getuid() != 0:
        raise PermissionError(0, "it is no longer root")
    return b""


def _gain_rights(job: dict[str, Any]) -> bytes:
    if _called(_LIBC.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) == 1:
        raise PermissionError(0, "no program can gain rights")
    return b""


def _keep_descriptor(job: dict[str, Any]) -> bytes:
    """Find a descriptor beyond the standard three, the request and the reply."""
    for handle in set(range(4096)) - {0, 1, 2, 3, job["reply_fd"]}:
        try:
            os.lseek(handle, 0, os.SEEK_CUR)  # fstat itself may be forbidden
        except OSError as error:
            if error.errno == errno.EBADF:
                continue
        return str(handle).encode()
    raise PermissionError(0, "all others are closed")


def _allocate(job: dict[str, Any]) -> bytes:
    # reserved, never touched: the limit on memory in use says nothing about it
    return mmap.mmap(-1, 3 * job["memory_bytes"])[:1]


# --- never end: the grader has to end them ----------------------------------------------------


def _hold_memory(job: dict[str, Any]) -> bytes:
    held = bytearray(5 * job["memory_bytes"] // 3)
    held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
    return _sleep(job)


def _compute(job: dict[str, Any]) -> bytes:
    while True:
        pass


def _sleep(job: dict[str, Any]) -> bytes:
    os.write(job["reply_fd"], b"zzz")
    while True:
        time.sleep(60)


def _flood(job: dict[str, Any]) -> bytes:
    while True:
        os.write(job["reply_fd"], bytes(1 << 16))


ACTS: MappingProxyType[str, Callable[[dict[str, Any]], bytes]] = MappingProxyType(
    {
        "open the labels": _open,
        "list the labels' folder": _list,
        "read the grader's memory in /proc": _proc_memory,
        "read the grader's file in /proc": _proc_descriptor,
        "read the grader's memory (process_vm_readv)": _vm_read,
        "trace the grader (ptrace)": _trace,
        "take a descriptor of the grader (pidfd_getfd)": _take_descriptor,
        "let another program read the labels (exec)": _run_program,
        "read inherited descriptors": _inherit,
        "read the environment": _environment,
        "write a file": _write,
        "connect over TCP": _connect,
        "send over UDP": _send_datagram,
        "fork": _fork,
        "send a signal to the grader": _signal,
        "make a user namespace": _new_namespace,
        "stay root": _stay_root,
        "let a program gain rights": _gain_rights,
        "find a descriptor too many": _keep_descriptor,
        "reserve three times the memory": _allocate,
        "hold more than the memory": _hold_memory,
        "compute for ever": _compute,
        "sleep for ever": _sleep,
        "send without end": _flood,
    }
)
"""What each forbidden act is called, and the function that attempts it."""

ENDLESS = tuple(ACTS)[-4:]
"""Acts that never end by themselves."""
