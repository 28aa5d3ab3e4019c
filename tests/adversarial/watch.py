"""What a grading leaves behind: files, and texts that should not be there."""

from pathlib import Path

from tests.adversarial.books import TRACE

__all__ = ["leavings", "snapshot", "traces"]


def snapshot(*folders: Path) -> dict[str, tuple[int, int]]:
    """Return all that lies in some folders, with size and time of the last change."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            facts = path.lstat()
            # a folder's own time changes with what comes and goes in it
            found[str(path)] = (0, 0) if path.is_dir() else (facts.st_size, facts.st_mtime_ns)
    return found


def traces() -> list[str]:
    """Return the files that an attack left in places that everybody knows."""
    places = ("/tmp", "/var/tmp", "/dev/shm", "/", "/dev/mqueue", str(Path.home()), str(Path.cwd()))
    return [str(path) for place in places for path in Path(place).glob(f"*{TRACE}*")]


def leavings(public: Path) -> dict[str, tuple[int, int]]:
    """Return what lies in the three folders, locks of the grader's own aside."""
    found = snapshot(*(public / name for name in ("home", "tmp", "cwd")))
    return {path: facts for path, facts in found.items() if "music-ai-course-sandboxes" not in path}
