"""What several test modules share."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# Folders whose tests run one after the other.
GRADES = {"grader", "adversarial", "bench"}

# Never part of the repository, wherever they lie.
NOT_OURS = {".git", ".venv", "__pycache__", "node_modules", "build", "dist", "demo-results"}

# The same examples in every run, and as long as a busy machine needs.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("course")


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be missing
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Say which tests share a worker when several run at once.

    Those of a file do, for their fixtures; the grader's do, since they count processes and,
    as root, use the same users of the machine. (Marks with ``--dist loadgroup`` would say so
    more simply, but xdist 3.8 loses them under pytest 9.2.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = Path(nodeid.partition("::")[0])
            return "grader" if GRADES & set(path.parts) else path.as_posix()

    return ByFile(config, log)


def list_files(root: Path) -> list[Path]:
    """Return the repository's files: those git would keep, or else all that are not caches."""
    if (root / ".git").exists() and shutil.which("git"):
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
        )
        if listing.returncode == 0:
            names = listing.stdout.decode("utf-8").split("\0")
            return sorted({root / name for name in names if name and (root / name).is_file()})
    return sorted(path for path in root.rglob("*") if path.is_file() and not _is_cache(path, root))


def _is_cache(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return any(
        part in NOT_OURS
        or part.startswith(".venv-")
        or part.endswith((".egg-info", "_cache", ".pyc"))
        or part in {".hypothesis", ".ipynb_checkpoints", ".coverage"}
        for part in parts
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def repository_files() -> list[Path]:
    """All files that belong to the repository."""
    return list_files(ROOT)


@pytest.fixture(scope="session")
def files_of() -> Callable[[Path], list[Path]]:
    """The function that lists what belongs to a repository."""
    return list_files
