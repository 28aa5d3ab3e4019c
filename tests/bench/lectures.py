"""Each lecture from top to bottom, as a student's notebook runs it: time and memory."""

import os
import tempfile
from pathlib import Path

import nbformat

from tests.bench.tables import in_a_process, print_table
from tests.notebooks.test_lectures import FOLDER, GOAL_MEBIBYTES, GOAL_SECONDS, LECTURES
from utils.lessons.store import FOLDER_VARIABLE


def run(*, small: bool) -> None:
    """Run all lectures, or a notebook of one cell, and print what each took."""
    with tempfile.TemporaryDirectory() as name:
        os.environ[FOLDER_VARIABLE] = str(Path(name) / "progress")  # a student's own stays as it is
        rows = [_row(path) for path in ([_one_cell(Path(name))] if small else LECTURES)]
    print_table(
        "Lectures",
        ("lecture", "s", "MiB", "errors"),
        rows,
        f"At most {GOAL_SECONDS} s and {GOAL_MEBIBYTES} MiB are wanted. s: of the clock, with the "
        "kernel's start.",
    )


def _row(path: Path) -> tuple[str, ...]:
    found = in_a_process("tests.notebooks.run_lecture", path, FOLDER)
    errors = str(len(found["errors"])) if found["errors"] else ""
    return path.stem, f"{found['seconds']:.1f}", f"{found['mebibytes']:.0f}", errors


def _one_cell(folder: Path) -> Path:
    path = folder / "one_cell.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")]), path)
    return path
