"""What a student's process gives up before it runs a cell.

The same ideas as for models (:mod:`grader.sandbox.layers`), with more left over: Python's
libraries and the notes that come with the course can be read, and one folder can be
written. Each layer that can't work here is reported, never passed over.
"""

import os
import platform
from typing import Any

from grader.notebook.system_calls import CLONE, further_calls
from grader.sandbox.kernel import READ, WRITE, Unavailable, c_library, restrict_files
from grader.sandbox.layers import (
    FILES,
    LIMITS,
    PARENT,
    PRIVILEGES,
    SYSTEM_CALLS,
    USER,
    Layers,
    become_own_user,
    die_with_parent,
    forbid_new_privileges,
    lock_down,
    set_limit,
)
from grader.sandbox.protocol import Layer
from grader.sandbox.seccomp import install_filter

__all__ = ["LAYERS", "confine"]

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
    return lock_down(header, layers=LAYERS)


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
        # without a user of its own, the grader's other processes would count
        if which != resource.RLIMIT_NPROC or header["uid"] is not None:
            set_limit(which, soft, hard)
    return f"{cpu} s, {header['memory_bytes'] >> 20} MB"


def _pages_in_use() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 (as small as it gets)
        return int(file.read().split()[0])


def allow_some_files(header: dict[str, Any]) -> str:
    """Leave Python's libraries to read and one folder to write; forbid TCP and signals."""
    readable = [(path, READ) for path in header["read"]]
    return restrict_files(
        [*readable, (header["folder"], READ | WRITE), ("/dev/null", READ | WRITE)]
    )


def forbid_system_calls(header: dict[str, Any]) -> str:
    """Forbid new processes, sockets, and all else that computing does not need."""
    machine = platform.machine()
    forbid_new_privileges(header)
    try:
        length = install_filter(
            c_library(), machine, os.getpid(), more=further_calls(machine), threads=CLONE[machine]
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


LAYERS: Layers = (
    (LIMITS, limit_resources),
    (PRIVILEGES, forbid_new_privileges),
    (FILES, allow_some_files),
    (USER, become_own_user_or_say_why),
    (PARENT, die_with_parent),
    (SYSTEM_CALLS, forbid_system_calls),
)
"""Name and function of each layer, in the order in which they are applied."""
