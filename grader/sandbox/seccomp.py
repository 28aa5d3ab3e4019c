"""The system calls that a child may still make, as a seccomp filter (Linux).

An allow-list: what computes, allocates, reads and writes what is open already, and ends.
All else (open, socket, clone, execve, ptrace, kill, prctl, …) answers "not permitted".
A call of another architecture, which would be numbered differently, ends the process.
Capabilities are given up first: root without them may do little with the calls that are left.

The numbers are those of libseccomp; a test compares them where that library is.
"""

import ctypes
import errno
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

__all__ = ["ALLOWED", "NUMBERS", "Instruction", "allow", "build_filter", "drop_capabilities"]
__all__ += ["install_filter", "only_if", "pretend", "read_without_truncating"]

Instruction = tuple[int, int, int, int]
"""Of a filter: what to do, how far to jump if so and if not so, and a number."""

ALLOWED = (
    *("read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat"),
    *("mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "membarrier"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "getcpu"),
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "getrandom"),
    *("getpid", "gettid", "getuid", "geteuid", "getgid", "getegid"),
    *("uname", "sysinfo", "getrusage", "exit", "exit_group"),
)
"""Names of the calls that are allowed with any arguments."""

_X86_64 = {
    **{"read": 0, "write": 1, "readv": 19, "writev": 20, "pread64": 17, "lseek": 8},
    **{"close": 3, "fstat": 5, "mmap": 9, "munmap": 11, "mremap": 25, "mprotect": 10},
    **{"madvise": 28, "brk": 12, "membarrier": 324, "rt_sigaction": 13},
    **{"rt_sigprocmask": 14, "rt_sigreturn": 15, "sigaltstack": 131, "restart_syscall": 219},
    **{"futex": 202, "set_robust_list": 273, "rseq": 334, "sched_yield": 24},
    **{"sched_getaffinity": 204, "getcpu": 309, "clock_gettime": 228, "clock_getres": 229},
    **{"clock_nanosleep": 230, "nanosleep": 35, "getrandom": 318, "getpid": 39, "gettid": 186},
    **{"getuid": 102, "geteuid": 107, "getgid": 104, "getegid": 108, "uname": 63},
    **{"sysinfo": 99, "getrusage": 98, "exit": 60, "exit_group": 231, "tgkill": 234},
    **{"seccomp": 317},
}
_AARCH64 = {
    **{"read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67, "lseek": 62},
    **{"close": 57, "fstat": 80, "mmap": 222, "munmap": 215, "mremap": 216, "mprotect": 226},
    **{"madvise": 233, "brk": 214, "membarrier": 283, "rt_sigaction": 134},
    **{"rt_sigprocmask": 135, "rt_sigreturn": 139, "sigaltstack": 132, "restart_syscall": 128},
    **{"futex": 98, "set_robust_list": 99, "rseq": 293, "sched_yield": 124},
    **{"sched_getaffinity": 123, "getcpu": 168, "clock_gettime": 113, "clock_getres": 114},
    **{"clock_nanosleep": 115, "nanosleep": 101, "getrandom": 278, "getpid": 172, "gettid": 178},
    **{"getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "uname": 160},
    **{"sysinfo": 179, "getrusage": 165, "exit": 93, "exit_group": 94, "tgkill": 131},
    **{"seccomp": 277},
}
NUMBERS = MappingProxyType({"x86_64": _X86_64, "aarch64": _AARCH64})
"""Number of each call, by machine as ``platform.machine()`` names it."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# instructions: load a word of the call's description; jump if equal / not below; return
_LOAD, _EQUAL, _NOT_BELOW, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_UNKNOWN, _PRETEND = 0x00050000 | errno.ENOSYS, 0x00050000
_CLONE_THREAD = 0x00010000
_TO_WRITE, _TRUNCATE = 0x3, 0x200
_X32 = 0x40000000
_MODE_FILTER, _ALL_THREADS = 1, 1
_CAPABILITIES = 0x20080522
"""Version 3 of the kernel's interface: two sets of 32."""


def build_filter(
    machine: str,
    pid: int,
    *,
    more: Sequence[Instruction] = (),
    threads: Mapping[str, int] | None = None,
) -> bytes:
    """Return the filter's program for the kernel.

    Parameters
    ----------
    machine : str
        A key of ``NUMBERS``.
    pid : int
        Of the process that the filter is for: it may send signals to itself, as
        ``abort()`` does.
    more : sequence of Instruction
        For further calls, from :func:`allow`, :func:`only_if` and :func:`pretend`.
    threads : mapping of str to int, optional
        Numbers of ``clone`` and ``clone3``: new threads are allowed then, new processes
        are not.

    Returns
    -------
    bytes
        Instructions of 8 bytes each.

    Raises
    ------
    KeyError
        No numbers are known for that machine.
    """
    numbers = NUMBERS[machine]
    program = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # calls of x32, a second numbering of x86-64
        (_NOT_BELOW, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    program += [*allow(numbers[name] for name in ALLOWED), *more]
    if threads is not None:
        program += _threads_only(threads)
    program += [
        (_EQUAL, 0, 3, numbers["tgkill"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, pid),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def allow(numbers: Iterable[int]) -> list[Instruction]:
    """Return instructions that allow some calls with any arguments."""
    return [step for n in numbers for step in ((_EQUAL, 0, 1, n), (_RETURN, 0, 0, _ALLOW))]


def pretend(numbers: Iterable[int]) -> list[Instruction]:
    """Return instructions for calls that do nothing and say that all went well."""
    return [step for n in numbers for step in ((_EQUAL, 0, 1, n), (_RETURN, 0, 0, _PRETEND))]


def only_if(number: int, argument: int, values: Iterable[int]) -> list[Instruction]:
    """Return instructions that allow a call if one of its arguments has one of some values.

    Parameters
    ----------
    number : int
        Of the call.
    argument : int
        Which one, from 0; its lower 32 bits are looked at.
    values : iterable of int
    """
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument), *allow(values), (_RETURN, 0, 0, _REFUSE)]
    return [(_EQUAL, 0, len(body), number), *body]


def read_without_truncating(number: int, argument: int) -> list[Instruction]:
    """Return instructions that allow to open a file, but not to read and to empty it at once.

    Nobody wants that; Landlock before its third version takes it for reading.

    Parameters
    ----------
    number : int
        Of the call.
    argument : int
        Which one holds the flags, from 0.
    """
    return [
        (_EQUAL, 0, 5, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument),
        (_ANY_BIT, 2, 0, _TO_WRITE),
        (_ANY_BIT, 0, 1, _TRUNCATE),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _threads_only(numbers: Mapping[str, int]) -> list[Instruction]:
    """Return instructions that let threads be made, and nothing else that could be cloned."""
    return [
        # its flags lie in memory, where no filter can look: the C library falls back to clone
        (_EQUAL, 0, 1, numbers["clone3"]),
        (_RETURN, 0, 0, _UNKNOWN),
        (_EQUAL, 0, 4, numbers["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]


class _Program(ctypes.Structure):
    """What the kernel takes: the number of instructions, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("start", ctypes.c_void_p))


def install_filter(
    libc: ctypes.CDLL,
    machine: str,
    pid: int,
    *,
    more: Sequence[Instruction] = (),
    threads: Mapping[str, int] | None = None,
) -> int:
    """Give up all capabilities, and put the filter on all threads of this process, for good.

    Parameters
    ----------
    libc : ctypes.CDLL
        The C library, with ``use_errno``.
    machine : str
        A key of ``NUMBERS``.
    pid : int
        Of this process.
    more, threads : mapping of str to int
        See :func:`build_filter`.

    Returns
    -------
    int
        Number of instructions.

    Raises
    ------
    OSError
        The kernel refuses it.
    KeyError
        No numbers are known for that machine.
    """
    if sys.byteorder != "little":
        raise KeyError(machine)
    program = build_filter(machine, pid, more=more, threads=threads)
    drop_capabilities(libc)
    memory = ctypes.create_string_buffer(program, len(program))
    description = _Program(len(program) // 8, ctypes.addressof(memory))
    number = NUMBERS[machine]["seccomp"]
    outcome = libc.syscall(number, _MODE_FILTER, _ALL_THREADS, ctypes.byref(description))
    if outcome != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return len(program) // 8


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up what root may do beyond the rights of a file's owner; others have nothing of it.

    Raises
    ------
    OSError
        The kernel refuses it.
    """
    header, nothing = struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")
