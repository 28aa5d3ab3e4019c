"""The sealed zip on its roads: what the tests of several roads share."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from grader.assignment import load_assignment

__all__ = ["HW3", "Machine", "solved_notebook", "submission"]

HW3 = "hw3_nsynth_cnn"


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

    def grade(self, path: Path, *, unpacked: bool = True) -> subprocess.CompletedProcess[str]:
        """Put a submission in its place and run the zip's script."""
        if unpacked:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(self.base / "submission")
        else:
            shutil.copy(path, self.base / "submission")
        # stock otter leaves an empty file there
        text = "" if self.metadata is None else json.dumps(self.metadata)
        (self.base / "submission_metadata.json").write_text(text)
        return subprocess.run(
            ["bash", str(self.base / "run_autograder")],
            env={"PATH": os.environ["PATH"], "COURSE_GRADER_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def report(self) -> dict[str, Any]:
        """What was reported to Gradescope."""
        return json.loads((self.base / "results" / "results.json").read_text(encoding="utf-8"))

    @property
    def points(self) -> dict[str, float]:
        """Points by the name of the entry."""
        return {t["name"]: t["score"] for t in self.report["tests"] if "score" in t}
