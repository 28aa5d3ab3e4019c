"""Calls of the Linux kernel that Python does not wrap: prctl, and Landlock."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

__all__ = ["READ", "WRITE", "Unavailable", "c_library", "end_with", "outlive", "prctl"]
__all__ += ["restrict_files"]

# Landlock's system calls have these numbers on every architecture (kernel: landlock.rst).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SIGKILL = 9

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
READ = _READ_FILE | _READ_DIR
"""Landlock's rights to read files and list folders."""

WRITE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _REFER | _TRUNCATE
"""Landlock's rights to write, make and remove plain files and folders."""

_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE


class Unavailable(Exception):  # noqa: N818 (a fact about this machine, reported, not raised further)
    """A layer can't work on this machine; the message says why."""


def c_library() -> ctypes.CDLL:
    """Return the C library, for calls that Python does not wrap."""
    if sys.platform != "linux":
        raise Unavailable("needs Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def prctl(option: int, value: int) -> None:
    """Call prctl(2)."""
    zero = ctypes.c_ulong(0)
    if c_library().prctl(option, ctypes.c_ulong(value), zero, zero, zero) != 0:
        raise Unavailable(os.strerror(ctypes.get_errno()))


def end_with(parent: int) -> None:
    """End this process as soon as its parent ends, or now if that has happened already.

    Linux only; elsewhere nothing happens. "Parent" is the thread that started this process:
    whoever may be started by a thread of a pool has to call :func:`outlive` once there is
    another way to notice the parent's end.

    Parameters
    ----------
    parent : int
        Process id of who started this one.
    """
    try:
        prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    except Unavailable:
        return
    if os.getppid() != parent:
        os._exit(1)


def outlive() -> None:
    """Take :func:`end_with` back."""
    prctl(_PR_SET_PDEATHSIG, 0)


def restrict_files(allowed: Iterable[tuple[str, int]] = ()) -> str:
    """Forbid this process all files but some, TCP connections, and signals to others.

    Parameters
    ----------
    allowed : iterable of (str, int)
        Paths and the rights that remain on them and below; what does not exist is left out.

    Returns
    -------
    str
        The version of Landlock's interface.

    Raises
    ------
    Unavailable
        It can't work here.
    """
    libc = c_library()
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 (names, no paths)
        raise Unavailable("another thread runs, which Landlock would not reach")
    prctl(_PR_SET_NO_NEW_PRIVS, 1)  # without it, only root may
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if abi < 1:
        raise Unavailable(f"no Landlock in this kernel ({os.strerror(ctypes.get_errno())})")
    # all rights that this kernel can take away: files; then network (ABI 4); then scopes (6)
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    network = 0b11 if abi >= 4 else 0
    scopes = 0b11 if abi >= 6 else 0
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = ctypes.create_string_buffer(struct.pack("QQQ", files, network, scopes), 24)
    handle = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(size), 0)
    if handle < 0:
        raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    try:
        for path, rights in allowed:
            _allow(libc, handle, path, rights & files)
        if libc.syscall(_RESTRICT_SELF, handle, 0) != 0:
            raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(handle)
    return f"Landlock ABI {abi}"


def _allow(libc: ctypes.CDLL, handle: int, path: str, rights: int) -> None:
    """Add a path to what Landlock leaves over; what does not exist needs no right."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rights &= -1 if os.path.isdir(path) else _OF_FILES  # noqa: PTH112 (no Path in here)
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, fd), 12)
        if libc.syscall(_ADD_RULE, handle, _PATH_BENEATH, rule, 0) != 0:
            raise Unavailable(f"Landlock: {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(fd)
