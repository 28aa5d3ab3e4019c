"""The sealed zip on its roads: what the tests of several roads share."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat

from grader.assignment import load_assignment
from tests.grader.gradescope import check_report

__all__ = ["HW3", "Machine", "own_python", "solved_notebook", "submission"]

HW3 = "hw3_nsynth_cnn"
NOTHING: Mapping[str, str] = MappingProxyType({})


def own_python() -> dict[str, str]:
    """Return the environment in which the zip's script takes the Python that runs this."""
    return {"PATH": os.environ["PATH"], "COURSE_GRADER_PYTHON": sys.executable}


def solved_notebook() -> bytes:
    """Return homework 3 as a student who solved all of it would hand it in."""
    book = nbformat.read(load_assignment(HW3).notebook_path, as_version=4)
    book.cells = [c for c in book.cells if c.cell_type != "raw" and "-test-" not in c.id]
    return nbformat.writes(book).encode()


def submission(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


class Machine:
    """A grading machine as Gradescope lays it out: source, submission, results, metadata.

    Parameters
    ----------
    folder : Path
        Stands for ``/autograder``.
    autograder : Path
        The sealed zip.
    """

    def __init__(self, folder: Path, autograder: Path) -> None:
        self.base = folder
        for name in ("source", "submission", "results"):
            (folder / name).mkdir(parents=True)
        with zipfile.ZipFile(autograder) as archive:
            archive.extractall(folder / "source")
        shutil.copy(folder / "source" / "run_autograder", folder / "run_autograder")
        self.metadata: dict[str, Any] | None = {}

    def lay(self, path: Path, *, unpacked: bool = True) -> None:
        """Put a submission in its place: as loose files, or as it was handed in."""
        if unpacked and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(self.base / "submission")
        else:
            shutil.copy(path, self.base / "submission")
        # stock otter leaves an empty file there
        text = "" if self.metadata is None else json.dumps(self.metadata)
        (self.base / "submission_metadata.json").write_text(text)

    @property
    def command(self) -> list[str]:
        """What grades what was laid there."""
        return ["bash", str(self.base / "run_autograder")]

    def grade(
        self, path: Path, *, unpacked: bool = True, environment: Mapping[str, str] = NOTHING
    ) -> subprocess.CompletedProcess[str]:
        """Put a submission in its place and run the zip's script."""
        self.lay(path, unpacked=unpacked)
        return subprocess.run(
            self.command,
            env={**own_python(), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def report(self) -> dict[str, Any]:
        """What was reported to Gradescope; it keeps to what Gradescope documents."""
        path = self.base / "results" / "results.json"
        report = json.loads(path.read_text(encoding="utf-8"))
        check_report(report)
        return report

    @property
    def words(self) -> str:
        """What students can read while the homework is open."""
        visible = [t["output"] for t in self.report["tests"] if t["visibility"] == "visible"]
        return "\n".join([*visible, self.report.get("output", "")])

    @property
    def points(self) -> dict[str, float]:
        """Points by the name of the entry."""
        return {t["name"]: t["score"] for t in self.report["tests"] if "score" in t}
