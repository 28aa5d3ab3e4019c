"""What the child gives up before it reads a byte of a student.

Each layer is a function of the request's header that returns a note about what it did,
or raises :class:`Unavailable` with the reason why it can't work here. The order
matters: what opens files comes before files are forbidden, what needs root before root
is given up, and system calls are forbidden last.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from grader.sandbox.protocol import Layer
from grader.sandbox.seccomp import install_filter

__all__ = ["FILES", "LAYERS", "LIMITS", "PARENT", "PRIVILEGES", "SYSTEM_CALLS", "USER"]
__all__ += ["Unavailable", "lock_down"]

LIMITS = "resource limits"
PRIVILEGES = "no new privileges"
FILES = "no files, no network"
USER = "own user"
PARENT = "dies with the grader"
SYSTEM_CALLS = "few system calls"

# Landlock's system calls have these numbers on every architecture (kernel: landlock.rst).
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_GRACE_SECONDS = 2


class Unavailable(Exception):  # noqa: N818 (a fact about this machine, reported, not raised further)
    """A layer can't work on this machine; the message says why."""


def lock_down(header: dict[str, Any], *, without: Collection[str] = ()) -> tuple[Layer, ...]:
    """Apply all layers and report on each.

    Parameters
    ----------
    header : dict
        Of the request: limits, and the user to become.
    without : collection of str
        Layers to leave out. Only the self-test does that, to see what each is worth; no
        request can ask for it.

    Returns
    -------
    tuple of Layer
        In the order in which they were applied.
    """
    report = []
    for name, layer in LAYERS:
        if name in without:
            report.append(Layer(name, False, "left out"))
            continue
        try:
            report.append(Layer(name, True, layer(header)))
        except Unavailable as reason:
            report.append(Layer(name, False, str(reason)))
        except OSError as error:
            # a container may take away what root could do elsewhere
            report.append(Layer(name, False, error.strerror or str(error)))
    return tuple(report)


def limit_resources(header: dict[str, Any]) -> str:
    """Cap address space, processor time, open files; forbid files, processes, core dumps."""
    try:
        import resource
    except ImportError:
        raise Unavailable("this system has no resource limits") from None
    cpu = header["cpu_seconds"]
    _set_limit(resource.RLIMIT_CORE, 0, 0)
    _set_limit(resource.RLIMIT_FSIZE, 0, 0)
    _set_limit(resource.RLIMIT_NOFILE, 64, 64)
    # SIGXCPU first, so that the parent can tell time from other ends; then SIGKILL
    _set_limit(resource.RLIMIT_CPU, cpu, cpu + _GRACE_SECONDS)
    if sys.platform != "linux":
        raise Unavailable("only processor time and files are limited here, memory is not")
    _set_limit(resource.RLIMIT_NPROC, 0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    # twice the limit on memory in use (which the parent watches): onnxruntime reserves more
    # than it uses
    size = pages * os.sysconf("SC_PAGE_SIZE") + 2 * header["memory_bytes"]
    _set_limit(resource.RLIMIT_AS, size, size)
    return f"{cpu} s, {header['memory_bytes'] >> 20} MB"


def _set_limit(which: int, soft: int, hard: int) -> None:
    """Set a limit, never above the hard limit that is there already."""
    import resource

    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def forbid_new_privileges(header: dict[str, Any]) -> str:
    """Make sure that no program started from here could gain rights."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return ""


def forbid_files(header: dict[str, Any]) -> str:
    """Forbid to open any file, TCP connections and signals to others, with Landlock."""
    libc = _libc()
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 (names, no paths)
        raise Unavailable("another thread runs, which Landlock would not reach")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)  # without it, only root may
    abi = libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if abi < 1:
        raise Unavailable(f"no Landlock in this kernel ({os.strerror(ctypes.get_errno())})")
    # all rights that this kernel can take away: files; then network (ABI 4); then scopes (6)
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    network = 0b11 if abi >= 4 else 0
    scopes = 0b11 if abi >= 6 else 0
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = ctypes.create_string_buffer(struct.pack("QQQ", files, network, scopes), 24)
    handle = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(size), 0)
    if handle < 0:
        raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    outcome = libc.syscall(_LANDLOCK_RESTRICT_SELF, handle, 0)
    reason = os.strerror(ctypes.get_errno())
    os.close(handle)
    if outcome != 0:
        raise Unavailable(f"Landlock: {reason}")
    return f"Landlock ABI {abi}"


def become_own_user(header: dict[str, Any]) -> str:
    """Become a user that owns nothing."""
    uid = header["uid"]
    if uid is None:
        raise Unavailable("needs root")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    return str(uid)


def die_with_parent(header: dict[str, Any]) -> str:
    """End when the parent ends, and keep others from looking into this process."""
    # changing the user resets both, so this comes last
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)
    return ""


def forbid_system_calls(header: dict[str, Any]) -> str:
    """Forbid all system calls but those that compute, and read or write what is open."""
    libc = _libc()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)  # without it, only root may
    try:
        length = install_filter(libc, platform.machine(), os.getpid())
    except KeyError:
        raise Unavailable(f"no filter for {platform.machine()}") from None
    except OSError as error:
        raise Unavailable(f"seccomp: {error.strerror}") from None
    return f"seccomp, {length} instructions"


LAYERS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    (LIMITS, limit_resources),
    (PRIVILEGES, forbid_new_privileges),
    (FILES, forbid_files),
    (USER, become_own_user),
    (PARENT, die_with_parent),
    # last: it takes away what the others need
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


def _prctl(option: int, value: int) -> None:
    """Call prctl(2)."""
    zero = ctypes.c_ulong(0)
    if _libc().prctl(option, ctypes.c_ulong(value), zero, zero, zero) != 0:
        raise Unavailable(os.strerror(ctypes.get_errno()))
