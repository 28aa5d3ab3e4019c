"""The system calls that a student's Python keeps, besides those of a model's process.

Files (Landlock says which), threads, clocks, signals to itself. No process can be made,
no program started, no socket opened, nothing mounted, traced or loaded. Numbers are
those of libseccomp; a test compares them where that library is.
"""

from types import MappingProxyType

__all__ = ["CLONE", "NUMBERS"]

_X86_64 = {
    **{"open": 2, "openat": 257, "creat": 85, "stat": 4, "lstat": 6, "newfstatat": 262},
    **{"statx": 332, "access": 21, "faccessat": 269, "faccessat2": 439, "readlink": 89},
    **{"readlinkat": 267, "getdents": 78, "getdents64": 217, "getcwd": 79, "chdir": 80},
    **{"fchdir": 81, "fcntl": 72, "dup": 32, "dup2": 33, "dup3": 292, "pipe": 22, "pipe2": 293},
    **{"ioctl": 16, "mkdir": 83, "mkdirat": 258, "unlink": 87, "unlinkat": 263, "rmdir": 84},
    **{"rename": 82, "renameat": 264, "renameat2": 316, "ftruncate": 77, "truncate": 76},
    **{"fsync": 74, "fdatasync": 75, "flock": 73, "utimensat": 280, "umask": 95, "chmod": 90},
    **{"fchmod": 91, "fchmodat": 268, "statfs": 137, "fstatfs": 138, "poll": 7, "ppoll": 271},
    **{"select": 23, "pselect6": 270, "epoll_create1": 291, "epoll_ctl": 233},
    **{"epoll_wait": 232, "epoll_pwait": 281, "eventfd2": 290, "getrlimit": 97, "getppid": 110},
    **{"getpgrp": 111, "getpgid": 121, "getsid": 124, "getgroups": 115, "getresuid": 118},
    **{"getresgid": 120, "sched_setaffinity": 203, "sched_getparam": 143},
    **{"sched_getscheduler": 145, "sched_get_priority_max": 146, "sched_get_priority_min": 147},
    **{"set_tid_address": 218, "arch_prctl": 158, "gettimeofday": 96, "time": 201, "times": 100},
    **{"setitimer": 38, "getitimer": 36, "pwrite64": 18, "preadv": 295, "pwritev": 296},
    **{"sendfile": 40, "copy_file_range": 326, "fadvise64": 221, "fallocate": 285},
    **{"mincore": 27, "msync": 26, "rt_sigtimedwait": 128, "rt_sigpending": 127},
    **{"getxattr": 191, "lgetxattr": 192, "fgetxattr": 193, "listxattr": 194},
    **{"get_mempolicy": 239, "getpriority": 140},
}
_AARCH64 = {
    **{"openat": 56, "newfstatat": 79, "statx": 291, "faccessat": 48, "faccessat2": 439},
    **{"readlinkat": 78, "getdents64": 61, "getcwd": 17, "chdir": 49, "fchdir": 50},
    **{"fcntl": 25, "dup": 23, "dup3": 24, "pipe2": 59, "ioctl": 29, "mkdirat": 34},
    **{"unlinkat": 35, "renameat": 38, "renameat2": 276, "ftruncate": 46, "truncate": 45},
    **{"fsync": 82, "fdatasync": 83, "flock": 32, "utimensat": 88, "umask": 166, "fchmod": 52},
    **{"fchmodat": 53, "statfs": 43, "fstatfs": 44, "ppoll": 73, "pselect6": 72},
    **{"epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "eventfd2": 19},
    **{"getrlimit": 163, "getppid": 173, "getpgid": 155, "getsid": 156, "getgroups": 158},
    **{"getresuid": 148, "getresgid": 150, "sched_setaffinity": 122, "sched_getparam": 121},
    **{"sched_getscheduler": 120, "sched_get_priority_max": 125, "sched_get_priority_min": 126},
    **{"set_tid_address": 96, "gettimeofday": 169, "times": 153, "setitimer": 103},
    **{"getitimer": 102, "pwrite64": 68, "preadv": 69, "pwritev": 70, "sendfile": 71},
    **{"copy_file_range": 285, "fadvise64": 223, "fallocate": 47, "mincore": 232, "msync": 227},
    **{"rt_sigtimedwait": 137, "rt_sigpending": 136, "getxattr": 8, "lgetxattr": 9},
    **{"fgetxattr": 10, "listxattr": 11, "get_mempolicy": 236, "getpriority": 141},
}
NUMBERS = MappingProxyType({"x86_64": _X86_64, "aarch64": _AARCH64})
"""Number of each call, by machine as ``platform.machine()`` names it."""

CLONE = MappingProxyType(
    {"x86_64": {"clone": 56, "clone3": 435}, "aarch64": {"clone": 220, "clone3": 435}}
)
"""Numbers of the two calls that make threads, and would make processes."""
