"""What the tests of attacks share: a course, and a place that every user may enter."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adversarial.course import Course, make_course
from utils.notes.embedded import cache_dir


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user may enter, with a home, a place for temporary files, and a cwd."""
    with tempfile.TemporaryDirectory(prefix="adversary-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for inside in ("home", "tmp", "cwd"):
            (folder / inside).mkdir()
        monkeypatch.setenv("MUSIC_AI_COURSE_CACHE", str(cache_dir()))
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("MPLCONFIGDIR", str(folder))  # else the grader's own makes some
        monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.chdir(folder / "cwd")
        yield folder
