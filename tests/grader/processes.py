"""Which processes there are below this one, which are left, and what they hold."""

import ctypes
import os
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["adopting", "command", "descendants", "holds", "left_after", "watching"]

_PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def adopting() -> Iterator[None]:
    """Become the parent of whatever loses its own, so that nothing gets out of sight."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def descendants(pid: int, *, depth: int = 1) -> dict[int, int]:
    """Return all living processes below one, and how far below."""
    found: dict[int, int] = {}
    for task in _lines(Path(f"/proc/{pid}/task")):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            if _lives(child):
                found[child] = depth
            found |= descendants(child, depth=depth + 1)
    return found


def left_after(seconds: float, pid: int, before: Iterable[int] = ()) -> dict[int, str]:
    """Return the processes below one that still live after some seconds."""
    end = time.monotonic() + seconds
    while (left := descendants(pid).keys() - set(before)) and time.monotonic() < end:
        time.sleep(0.05)
    return {p: command(p) for p in left}


@contextmanager
def watching(pid: int, *, deepest: int) -> Iterator[dict[int, str]]:
    """Look, all the time, for processes further below one than there should be any."""
    found: dict[int, str] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            for child, depth in descendants(pid).items():
                if depth > deepest:
                    found[child] = command(child)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def command(pid: int) -> str:
    """Return how a process was started."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:500].decode("latin-1")
        )
    except OSError:
        return "?"


def _lines(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def holds(pid: int, secrets: Collection[bytes]) -> list[str]:
    """Return where in a process one of the secrets is: memory, descriptors, environment."""
    found = []
    process = Path(f"/proc/{pid}")
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text().splitlines():
            start, end = (int(text, 16) for text in line.split()[0].split("-"))
            try:
                content = os.pread(memory.fileno(), end - start, start)
            except (OSError, OverflowError):
                continue  # pages of the kernel, or without access
            found += [f"memory {line}" for secret in secrets if secret in content]
    for handle in list((process / "fd").iterdir()):
        if handle.is_file():  # nameless files in memory, too; no pipes, no terminals
            content = handle.read_bytes()
            found += [f"descriptor {handle.name}" for secret in secrets if secret in content]
    for name in ("environ", "cmdline"):
        content = (process / name).read_bytes()
        found += [name for secret in secrets if secret in content]
    return found
