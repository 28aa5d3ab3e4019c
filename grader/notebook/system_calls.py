"""The system calls that a student's Python keeps, besides those of a model's process.

Files (Landlock says which), threads, clocks, signals to itself. No process can be made,
no program started, no socket opened, nothing mounted, traced or loaded. Numbers are
those of libseccomp; a test compares them where that library is.

Landlock does not ask who changes a file's mode or times, so where notebooks have no user of
their own they could change those of the grader's files: such calls do nothing, and say that
all went well (``shutil.copy`` needs that). Commands of ``fcntl`` that send signals to others, and
those of ``ioctl`` but a few of terminals and pipes, are refused; so is ``fallocate``, which takes
room on the disk that no size tells of.
"""

from types import MappingProxyType

from grader.sandbox.seccomp import Instruction, allow, only_if, pretend, read_without_truncating

__all__ = ["CLONE", "COMMANDS", "NUMBERS", "OPENING", "PRETENDED", "further_calls"]

_X86_64 = {
    **{"creat": 85, "stat": 4, "lstat": 6, "newfstatat": 262},
    **{"statx": 332, "access": 21, "faccessat": 269, "faccessat2": 439, "readlink": 89},
    **{"readlinkat": 267, "getdents": 78, "getdents64": 217, "getcwd": 79, "chdir": 80},
    **{"fchdir": 81, "dup": 32, "dup2": 33, "dup3": 292, "pipe": 22, "pipe2": 293},
    **{"mkdir": 83, "mkdirat": 258, "unlink": 87, "unlinkat": 263, "rmdir": 84},
    **{"rename": 82, "renameat": 264, "renameat2": 316, "ftruncate": 77},
    **{"fsync": 74, "fdatasync": 75, "flock": 73, "umask": 95},
    **{"statfs": 137, "fstatfs": 138, "poll": 7, "ppoll": 271},
    **{"select": 23, "pselect6": 270, "epoll_create1": 291, "epoll_ctl": 233},
    **{"epoll_wait": 232, "epoll_pwait": 281, "eventfd2": 290, "getrlimit": 97, "getppid": 110},
    **{"getpgrp": 111, "getpgid": 121, "getsid": 124, "getgroups": 115, "getresuid": 118},
    **{"getresgid": 120, "sched_getparam": 143},
    **{"sched_getscheduler": 145, "sched_get_priority_max": 146, "sched_get_priority_min": 147},
    **{"set_tid_address": 218, "arch_prctl": 158, "gettimeofday": 96, "time": 201, "times": 100},
    **{"setitimer": 38, "getitimer": 36, "pwrite64": 18, "preadv": 295, "pwritev": 296},
    **{"sendfile": 40, "copy_file_range": 326, "fadvise64": 221},
    **{"mincore": 27, "msync": 26, "rt_sigtimedwait": 128, "rt_sigpending": 127},
    **{"getxattr": 191, "lgetxattr": 192, "fgetxattr": 193, "listxattr": 194},
    **{"get_mempolicy": 239, "getpriority": 140},
}
_AARCH64 = {
    **{"newfstatat": 79, "statx": 291, "faccessat": 48, "faccessat2": 439},
    **{"readlinkat": 78, "getdents64": 61, "getcwd": 17, "chdir": 49, "fchdir": 50},
    **{"dup": 23, "dup3": 24, "pipe2": 59, "mkdirat": 34},
    **{"unlinkat": 35, "renameat": 38, "renameat2": 276, "ftruncate": 46},
    **{"fsync": 82, "fdatasync": 83, "flock": 32, "umask": 166},
    **{"statfs": 43, "fstatfs": 44, "ppoll": 73, "pselect6": 72},
    **{"epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "eventfd2": 19},
    **{"getrlimit": 163, "getppid": 173, "getpgid": 155, "getsid": 156, "getgroups": 158},
    **{"getresuid": 148, "getresgid": 150, "sched_getparam": 121},
    **{"sched_getscheduler": 120, "sched_get_priority_max": 125, "sched_get_priority_min": 126},
    **{"set_tid_address": 96, "gettimeofday": 169, "times": 153, "setitimer": 103},
    **{"getitimer": 102, "pwrite64": 68, "preadv": 69, "pwritev": 70, "sendfile": 71},
    **{"copy_file_range": 285, "fadvise64": 223, "mincore": 232, "msync": 227},
    **{"rt_sigtimedwait": 137, "rt_sigpending": 136, "getxattr": 8, "lgetxattr": 9},
    **{"fgetxattr": 10, "listxattr": 11, "get_mempolicy": 236, "getpriority": 141},
}
NUMBERS = MappingProxyType({"x86_64": _X86_64, "aarch64": _AARCH64})
"""Number of each call that is allowed with any arguments, by ``platform.machine()``."""

PRETENDED = MappingProxyType(
    {
        "x86_64": {
            **{"chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "utimensat": 280},
            **{"utime": 132, "utimes": 235, "futimesat": 261},
        },
        "aarch64": {"fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "utimensat": 88},
    }
)
"""Numbers of the calls that do nothing."""

OPENING = MappingProxyType(
    {"x86_64": {"open": (2, 1), "openat": (257, 2)}, "aarch64": {"openat": (56, 2)}}
)
"""Number of each call that opens a file, and which of its arguments says how."""

COMMANDS = MappingProxyType(
    {"x86_64": {"fcntl": 72, "ioctl": 16}, "aarch64": {"fcntl": 25, "ioctl": 29}}
)
"""Numbers of the calls whose second argument, a command, decides."""

# copies of descriptors, their flags, locks, size of a pipe; no owner, no signal
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
# is it a terminal, how large; how much can be read; to wait or not; closed by exec or not
_IOCTL = (0x5401, 0x802C542A, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)

CLONE = MappingProxyType(
    {"x86_64": {"clone": 56, "clone3": 435}, "aarch64": {"clone": 220, "clone3": 435}}
)
"""Numbers of the two calls that make threads, and would make processes."""


def further_calls(machine: str) -> list[Instruction]:
    """Return the filter's instructions for all calls in here but those that make threads.

    Parameters
    ----------
    machine : str
        As ``platform.machine()`` names it.

    Raises
    ------
    KeyError
        No numbers are known for it.
    """
    commands = COMMANDS[machine]
    program = [*allow(NUMBERS[machine].values()), *pretend(PRETENDED[machine].values())]
    for number, argument in OPENING[machine].values():
        program += read_without_truncating(number, argument)
    program += only_if(commands["fcntl"], 1, _FCNTL)
    return [*program, *only_if(commands["ioctl"], 1, _IOCTL)]
