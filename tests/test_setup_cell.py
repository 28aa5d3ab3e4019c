"""The first code cell of every notebook: nothing of a stray ``utils`` ever runs."""

import json
import random
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from utils import course_setup
from utils.course_setup import SETUP_CELL, start
from utils.errors import CourseError, StoreError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb")])

STRAY = """
from pathlib import Path
Path(__file__).with_name("was-executed").touch()
"""


def run_notebook(folder: Path, *sources: str) -> list[dict]:
    """Run cells as Jupyter does, with the notebook in a folder; return all outputs."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    try:
        client.execute()
    finally:
        outputs = [output for cell in notebook.cells for output in cell.outputs]
    return outputs


def text_of(outputs: list[dict]) -> str:
    """Return what was printed."""
    return "".join(output.get("text", "") for output in outputs)


def stray_file(folder: Path) -> Path:
    """Put a ``utils.py`` beside the notebook."""
    (folder / "utils.py").write_text(STRAY)
    return folder / "utils.py"


def stray_package(folder: Path) -> Path:
    """Put a package ``utils`` beside the notebook."""
    (folder / "utils").mkdir()
    (folder / "utils" / "__init__.py").write_text(STRAY)
    return folder / "utils" / "__init__.py"


@pytest.mark.slow
@pytest.mark.parametrize("put", [stray_file, stray_package])
def test_a_stray_utils_ends_in_one_sentence(tmp_path: Path, put) -> None:
    path = put(tmp_path)
    with pytest.raises(CellExecutionError) as caught:
        run_notebook(tmp_path, SETUP_CELL, "print('went on')")
    assert caught.value.ename == "ImportError"
    assert caught.value.evalue == (
        f"expected the course's utils, got {path}: rename it, or install the course"
    )
    assert not list(tmp_path.rglob("was-executed"))


@pytest.mark.slow
def test_an_unrelated_installed_utils_is_seen(tmp_path: Path, monkeypatch) -> None:
    elsewhere = tmp_path / "site"
    elsewhere.mkdir()
    path = stray_package(elsewhere)
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    with pytest.raises(CellExecutionError, match="expected the course's utils, got") as caught:
        run_notebook(tmp_path, SETUP_CELL)
    assert str(path) in caught.value.evalue
    assert not list(tmp_path.rglob("was-executed"))


@pytest.mark.slow
def test_the_stray_test_could_fail(tmp_path: Path) -> None:
    stray_file(tmp_path)
    run_notebook(tmp_path, "import utils")
    assert (tmp_path / "was-executed").exists()


@pytest.mark.slow
def test_the_cell_runs_and_seeds(tmp_path: Path) -> None:
    show = (
        "import random, numpy as np, torch\nprint(random.random(), np.random.rand(), torch.rand(1))"
    )
    one = text_of(run_notebook(tmp_path, SETUP_CELL, show, SETUP_CELL, show))
    first, numbers, again, same = one.strip().splitlines()
    assert first.startswith("Music & AI course ")
    assert first == again
    assert numbers == same


def test_the_repository_is_found_where_nothing_is_installed(tmp_path: Path) -> None:
    """Binder: the course is not installed, the notebook lies one or two folders below."""
    package = tmp_path / "course" / "utils"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "course_setup.py").write_text("def start(*, seed): print('started', seed)")
    for place in ("lectures", "assignments/hw3"):
        folder = tmp_path / "course" / place
        folder.mkdir(parents=True)
        run = subprocess.run(
            [sys.executable, "-S", "-c", SETUP_CELL], cwd=folder, capture_output=True, text=True
        )
        assert run.stdout == "started 0\n", run.stderr


def test_no_utils_at_all_is_said(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-S", "-c", SETUP_CELL], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stderr.splitlines()[-1] == (
        "ImportError: expected the course's utils, got nothing: rename it, or install the course"
    )


def test_the_cell_is_short() -> None:
    lines = [line for line in SETUP_CELL.splitlines() if line.strip()]
    assert len(lines) <= 8
    assert max(map(len, lines)) <= 100


def test_every_notebook_begins_with_the_cell() -> None:
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert code, f"{path}: no code cell"
        assert code[0].strip() == SETUP_CELL.strip(), f"{path}: another set-up cell"
        assert sum("course_setup" in source for source in code) == 1, f"{path}: two set-up cells"


def test_start_seeds_everything(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(course_setup, "_count_notes", lambda: 4321)
    drawn = []
    for seed in (7, 7, 8):
        start(seed=seed)
        drawn.append((random.random(), np.random.rand(), float(torch.rand(1))))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert all(a != b for a, b in zip(drawn[0], drawn[2], strict=True))
    assert "4,321 notes, seed 8." in capsys.readouterr().out


def test_missing_notes_come_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    from utils.notes import embedded

    def missing() -> None:
        raise StoreError("the archive is not there")

    monkeypatch.setattr(embedded, "load_notes", missing)
    with pytest.raises(StoreError, match=r"the archive is not there.*MUSIC_AI_COURSE_CACHE"):
        start(seed=0)


def test_a_missing_library_names_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CourseError, match="expected the course's libraries in") as caught:
        start(seed=0)
    assert sys.executable in str(caught.value)
