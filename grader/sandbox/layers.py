"""What the child gives up before it reads a byte of a student.

Each layer is a function of the request's header that returns a note about what it did,
or raises :class:`Unavailable` with the reason why it can't work here. The order
matters: what opens files comes before files are forbidden, what needs root before root
is given up, and system calls are forbidden last.
"""

import os
import platform
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from grader.sandbox.kernel import Unavailable, c_library, prctl, restrict_files
from grader.sandbox.protocol import Layer
from grader.sandbox.seccomp import install_filter

__all__ = ["FILES", "LAYERS", "LIMITS", "PARENT", "PRIVILEGES", "SYSTEM_CALLS", "USER"]
__all__ += ["Layers", "Unavailable", "lock_down", "set_limit"]

LIMITS = "resource limits"
PRIVILEGES = "no new privileges"
FILES = "no files, no network"
USER = "own user"
PARENT = "dies with the grader"
SYSTEM_CALLS = "few system calls"

Layers = Sequence[tuple[str, Callable[[dict[str, Any]], str]]]
"""Name and function of each layer."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_GRACE_SECONDS = 2


def lock_down(
    header: dict[str, Any],
    *,
    without: Collection[str] = (),
    layers: Layers | None = None,
) -> tuple[Layer, ...]:
    """Apply all layers and report on each.

    Parameters
    ----------
    header : dict
        Of the request: limits, and the user to become.
    without : collection of str
        Layers to leave out. Only the self-test does that, to see what each is worth; no
        request can ask for it.
    layers : sequence of (str, callable), optional
        Name and function of each layer; default: those for models.

    Returns
    -------
    tuple of Layer
        In the order in which they were applied.
    """
    report = []
    for name, layer in LAYERS if layers is None else layers:
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
    set_limit(resource.RLIMIT_CORE, 0, 0)
    set_limit(resource.RLIMIT_FSIZE, 0, 0)
    set_limit(resource.RLIMIT_NOFILE, 64, 64)
    # SIGXCPU first, so that the parent can tell time from other ends; then SIGKILL
    set_limit(resource.RLIMIT_CPU, cpu, cpu + _GRACE_SECONDS)
    if sys.platform != "linux":
        raise Unavailable("only processor time and files are limited here, memory is not")
    set_limit(resource.RLIMIT_NPROC, 0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    # twice the limit on memory in use (which the parent watches): onnxruntime reserves more
    # than it uses
    size = pages * os.sysconf("SC_PAGE_SIZE") + 2 * header["memory_bytes"]
    set_limit(resource.RLIMIT_AS, size, size)
    return f"{cpu} s, {header['memory_bytes'] >> 20} MB"


def set_limit(which: int, soft: int, hard: int) -> None:
    """Set a limit, never above the hard limit that is there already."""
    import resource

    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def forbid_new_privileges(header: dict[str, Any]) -> str:
    """Make sure that no program started from here could gain rights."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return ""


def forbid_files(header: dict[str, Any]) -> str:
    """Forbid to open any file, TCP connections and signals to others, with Landlock."""
    return restrict_files()


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
    prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    # a grader that is no root could not look either: at files that a notebook keeps open
    prctl(_PR_SET_DUMPABLE, int(header["uid"] is None))
    return ""


def forbid_system_calls(header: dict[str, Any]) -> str:
    """Forbid all system calls but those that compute, and read or write what is open."""
    libc = c_library()
    prctl(_PR_SET_NO_NEW_PRIVS, 1)  # without it, only root may
    try:
        length = install_filter(libc, platform.machine(), os.getpid())
    except KeyError:
        raise Unavailable(f"no filter for {platform.machine()}") from None
    except OSError as error:
        raise Unavailable(f"seccomp: {error.strerror}") from None
    return f"seccomp, {length} instructions"


LAYERS: Layers = (
    (LIMITS, limit_resources),
    (PRIVILEGES, forbid_new_privileges),
    (FILES, forbid_files),
    (USER, become_own_user),
    (PARENT, die_with_parent),
    # last: it takes away what the others need
    (SYSTEM_CALLS, forbid_system_calls),
)
"""Name and function of each layer, in the order in which they are applied."""
