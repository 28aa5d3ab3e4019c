"""A class of three, graded for real: what the tests of ``regrade`` and ``explain`` share."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.assignment import load_assignment
from grader.cli import main
from grader.hidden_split import build_hidden
from grader.model_tests import sources_of_tests
from tests.grader.road import HW3, solved_notebook, submission
from tests.submission.models import GOOD

RIGHT, WRONG = b"73856, 22539]", b"73856, 22540]"
"""Of the fifth number only a hidden test of q4_sizes knows."""


@dataclass(frozen=True)
class SmallClass:
    """Where a class lies that was graded.

    Attributes
    ----------
    folder : Path
        Never changed by a test: copy ``results``.
    """

    folder: Path

    @property
    def zips(self) -> Path:
        """Ada solved everything, Bob all but a hidden test, Carl's is no zip."""
        return self.folder / "class"

    @property
    def hidden(self) -> Path:
        return self.folder / "hidden"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def tests(self) -> Path:
        return self.folder / "tests"

    @property
    def fixed(self) -> Path:
        """The tests with a hotfix: Bob's answer counts, too."""
        return self.folder / "fixed"

    def options(self, out: Path, *, tests: Path | None = None) -> list[str]:
        """Return the options of ``grade`` that a regrade takes, too."""
        parts = [self.zips, "--hidden", self.hidden, "--out", out]
        return list(map(str, [*parts, "--autograder", tests or self.tests]))


@cache
def small_class(base: Path) -> SmallClass:
    """Return the class; it is graded once.

    Parameters
    ----------
    base : Path
        Of all temporary folders.
    """
    this = SmallClass(base / "small-class")
    this.folder.mkdir()
    build_hidden(["demo"], this.hidden, n_notes=88, progress=False)
    sources = sources_of_tests(load_assignment(HW3))
    _write(this.tests, sources)
    fixed = sources["q4_sizes"].replace("assert list(predicted) == ", "assert predicted[4:] or ")
    _write(this.fixed, sources | {"q4_sizes": fixed})
    this.zips.mkdir()
    right = solved_notebook()
    assert RIGHT in right
    for name, notebook in (("ada", right), ("bob", right.replace(RIGHT, WRONG))):
        files = {"hw3.ipynb": notebook, "history.json": b"{}", "model.onnx": GOOD["opset 18"]}
        submission(this.zips / f"{name}.zip", files)
    (this.zips / "carl.zip").write_bytes(b"no zip")
    assert main(["grade", *this.options(this.results)]) == 0
    return this


def _write(folder: Path, sources: dict[str, str]) -> None:
    folder.mkdir()
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")


def bytes_of(folder: Path) -> dict[str, str]:
    """Return a hash of each file in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def said(lines: Sequence[str], *words: str) -> bool:
    """Return whether one line has all of some words."""
    return any(all(word in line for word in words) for line in lines)
