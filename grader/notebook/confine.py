"""What a student's process gives up before it runs a cell.

The same ideas as for models (:mod:`grader.sandbox.layers`), with more left over: Python's
libraries and the notes that come with the course can be read, and one folder can be
written. Each layer that can't work here is reported, never passed over.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from typing import Any

from grader.notebook.system_calls import CLONE, NUMBERS
from grader.sandbox.layers import (
    FILES,
    LIMITS,
    PARENT,
    PRIVILEGES,
    SYSTEM_CALLS,
    USER,
    Unavailable,
    become_own_user,
    die_with_parent,
    forbid_new_privileges,
)
from grader.sandbox.protocol import Layer
from grader.sandbox.seccomp import install_filter

__all__ = ["LAYERS", "confine"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _REFER | _TRUNCATE
_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE
_GRACE_SECONDS = 2


def confine(header: dict[str, Any]) -> tuple[Layer, ...]:
    """Apply all layers and report on each.

    Parameters
    ----------
    header : dict
        ``uid`` (to become, or None), ``cpu_seconds``, ``memory_bytes``, ``file_bytes``,
        ``read`` (paths that can be read) and ``folder`` (that can be written).

    Returns
    -------
    tuple of Layer
    """
    report = []
    for name, layer in LAYERS:
        try:
            report.append(Layer(name, True, layer(header)))
        except Unavailable as reason:
            report.append(Layer(name, False, str(reason)))
        except OSError as error:
            report.append(Layer(name, False, error.strerror or str(error)))
    return tuple(report)


def limit_resources(header: dict[str, Any]) -> str:
    """Cap address space, processor time, size and number of files; forbid core dumps."""
    import resource

    cpu, pages = header["cpu_seconds"], _pages_in_use()
    memory = pages * os.sysconf("SC_PAGE_SIZE") + 2 * header["memory_bytes"]
    for which, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, header["file_bytes"], header["file_bytes"]),
        (resource.RLIMIT_NOFILE, 256, 256),
        (resource.RLIMIT_NPROC, 64, 64),  # threads, as processes can't be made
        (resource.RLIMIT_CPU, cpu, cpu + _GRACE_SECONDS),
        (resource.RLIMIT_AS, memory, memory),
    ):
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        if which != resource.RLIMIT_NPROC or header["uid"] is not None:
            # without a user of its own, the grader's other processes would count
            resource.setrlimit(which, (soft, hard))
    return f"{cpu} s, {header['memory_bytes'] >> 20} MB"


def _pages_in_use() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 (as small as it gets)
        return int(file.read().split()[0])


def allow_some_files(header: dict[str, Any]) -> str:
    """Leave Python's libraries to read and one folder to write; forbid TCP and signals."""
    libc = _libc()
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 (names, no paths)
        raise Unavailable("another thread runs, which Landlock would not reach")
    forbid_new_privileges(header)  # without it, only root may
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if abi < 1:
        raise Unavailable(f"no Landlock in this kernel ({os.strerror(ctypes.get_errno())})")
    handled = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    network, scopes = (0b11 if abi >= 4 else 0), (0b11 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = ctypes.create_string_buffer(struct.pack("QQQ", handled, network, scopes), 24)
    handle = libc.syscall(_CREATE_RULESET, ruleset, ctypes.c_size_t(size), 0)
    if handle < 0:
        raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    for path in header["read"]:
        _allow(libc, handle, path, _READ & handled)
    _allow(libc, handle, header["folder"], (_READ | _WRITE) & handled)
    _allow(libc, handle, "/dev/null", (_READ_FILE | _WRITE_FILE) & handled)
    outcome = libc.syscall(_RESTRICT_SELF, handle, 0)
    reason = os.strerror(ctypes.get_errno())
    os.close(handle)
    if outcome != 0:
        raise Unavailable(f"Landlock: {reason}")
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


def forbid_system_calls(header: dict[str, Any]) -> str:
    """Forbid new processes, sockets, and all else that computing does not need."""
    machine = platform.machine()
    forbid_new_privileges(header)
    try:
        length = install_filter(
            _libc(), machine, os.getpid(), more=NUMBERS[machine], threads=CLONE[machine]
        )
    except KeyError:
        raise Unavailable(f"no filter for {machine}") from None
    except OSError as error:
        raise Unavailable(f"seccomp: {error.strerror}") from None
    return f"seccomp, {length} instructions"


def become_own_user_or_say_why(header: dict[str, Any]) -> str:
    """Become a user that owns nothing but the submission's folder."""
    if header["uid"] is None and os.geteuid() == 0:
        raise Unavailable("Python or the course lies in a folder that only root may read")
    return become_own_user(header)


LAYERS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    (LIMITS, limit_resources),
    (PRIVILEGES, forbid_new_privileges),
    (FILES, allow_some_files),
    (USER, become_own_user_or_say_why),
    (PARENT, die_with_parent),
    (SYSTEM_CALLS, forbid_system_calls),
)
"""Name and function of each layer, in the order in which they are applied."""


def _libc() -> ctypes.CDLL:
    """Return the C library, for calls that Python does not wrap."""
    if sys.platform != "linux":
        raise Unavailable("needs Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
