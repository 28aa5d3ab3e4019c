"""The students' tree: complete, usable, and without any secret of the instructors."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader import student_tree
from grader.masters import LeakError, check_student_notebook, secrets_of
from grader.publish import FolderError
from grader.student_tree import build_student_tree
from tests.grader.leaks import find_in_tree

REPOSITORY = Path(__file__).parents[2]
MASTER = Path("assignments") / "hw3_nsynth_cnn" / "hw3.ipynb"
STEM = "CANARY-4c1f9b2e"
"""Every canary begins like this, so that one search finds them all."""

NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".venv*",
    "__pycache__",
    ".*_cache",
    "*.egg-info",
    "demo-results",
    "results",
    "downloads",
)


def copy_of_repository(folder: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY, folder, ignore=NOT_COPIED))


def plant_in_solution(source: str, canary: str) -> str:
    """Put a canary into what otter removes: a marked line, or the inside of a marked block."""
    if "# BEGIN SOLUTION" in source:
        return re.sub(
            r"(\n?)( *)# BEGIN SOLUTION", rf"\1\2# BEGIN SOLUTION\n\2# {canary}", source, count=1
        )
    return re.sub(r"  # SOLUTION", f"  # {canary} # SOLUTION", source, count=1)


def plant_in_master(path: Path) -> int:
    """Put a canary of its own into every solution cell and hidden test; return how many."""
    notebook = nbformat.read(path, as_version=4)
    block, planted = "", 0
    for cell in notebook.cells:
        canary = f"{STEM}-{planted:03d}"
        before = cell.source
        if cell.cell_type == "raw":
            block = cell.source
        elif block == "# BEGIN SOLUTION" and cell.cell_type == "markdown":
            cell.source += f"\n\n{canary}"
        elif block == "# BEGIN SOLUTION":
            cell.source = plant_in_solution(cell.source, canary)
        elif block == "# BEGIN TESTS" and "hidden: true" in cell.source:
            cell.source = re.sub(r"(\ndef .*\n)", rf"\1    canary = '{canary}'\n", cell.source)
        planted += cell.source != before
    nbformat.write(notebook, path)
    return planted


def plant_hidden_notes(folder: Path) -> bytes:
    """Write a hidden split with canaries in its names; return the bytes of one spectrogram."""
    folder.mkdir(parents=True, exist_ok=True)
    mel = np.random.default_rng(99).integers(0, 256, size=(64, 64), dtype=np.uint8)
    names = np.array([f"{STEM}-instrument-{i}" for i in range(3)])
    np.save(folder / "inputs.npy", mel[None])
    np.savez_compressed(folder / "labels.npz", families=np.arange(3), groups=names)
    manifest = {"format": 1, "name": f"{STEM}-manifest"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return mel.tobytes()


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A copy of the repository full of canaries, and what to look for."""
    repository = copy_of_repository(tmp_path_factory.mktemp("repository") / "copy")
    n_planted = sum(plant_in_master(path) for path in repository.glob("assignments/*/*.ipynb"))
    assert n_planted >= 21  # every solution cell and hidden test of homework 3
    places = ("hidden", "grader/hidden", "assignments/hw3_nsynth_cnn/hidden", "utils/notes/data")
    mels = [plant_hidden_notes(repository / place) for place in places]
    (repository / "grader" / "secret.txt").write_text(STEM, encoding="utf-8")
    (repository / "assignments" / "notes-of-the-instructor.md").write_text(STEM, encoding="utf-8")
    return repository, {"canary": STEM, "hidden note": mels[0][:200]}


@pytest.fixture(scope="module")
def tree(planted, tmp_path_factory):
    repository, _ = planted
    out = tmp_path_factory.mktemp("tree") / "for-students"
    return build_student_tree(out, repository=repository, say=lambda line: None)


def test_no_canary_reaches_the_students(planted, tree):
    repository, needles = planted
    assert len(find_in_tree(repository, needles)) > 10  # the search can see them where they are
    assert find_in_tree(tree, needles) == []


def test_a_canary_in_a_public_cell_is_found(planted, tmp_path):
    repository, needles = planted
    copy = Path(shutil.copytree(repository, tmp_path / "copy"))
    notebook = nbformat.read(copy / MASTER, as_version=4)
    public = next(cell for cell in notebook.cells if cell.id == "title")
    public.source += f"\n\n{STEM}-public"
    nbformat.write(notebook, copy / MASTER)
    tree = build_student_tree(tmp_path / "tree", repository=copy, say=lambda line: None)
    findings = find_in_tree(tree, needles)
    assert {finding.where.split(" > ")[0] for finding in findings} == {MASTER.as_posix()}


def test_tree_holds_what_students_need_and_nothing_else(tree):
    names = {path.name for path in tree.iterdir()}
    assert names <= {
        "CITATION.cff", "LICENSE", "LICENSE-CONTENT", "README.md", "assignments", "constraints.txt",
        "course.py", "environment.yml", "lectures", "pyproject.toml", "release.json", "utils",
    }  # fmt: skip
    assert {"README.md", "course.py", "utils", "pyproject.toml", "assignments"} <= names
    assert [path.name for path in (tree / "assignments").rglob("*") if path.is_file()] == [
        "hw3.ipynb"
    ]
    assert not [path for path in tree.rglob("*") if path.name in ("__pycache__", "grader", "tests")]


def test_tree_has_all_of_utils_and_its_notes(planted, tree):
    repository, _ = planted
    for path in (repository / "utils").rglob("*.py"):
        assert (tree / path.relative_to(repository)).is_file(), path
    contents = json.loads((tree / "utils/notes/data/contents.json").read_text(encoding="utf-8"))
    for sound in contents["sounds"]:
        assert (tree / f"utils/notes/data/sounds/{sound['note_str']}.mp3").is_file()
    assert (tree / "utils/notes/data/notes.tar.xz").is_file()


def test_student_notebook_is_valid_and_keeps_ids_and_train_tags(tree):
    student = nbformat.read(tree / MASTER, as_version=4)
    nbformat.validate(student)
    tagged = {cell.id for cell in student.cells if "train" in cell.metadata.get("tags", [])}
    master = nbformat.read(REPOSITORY / MASTER, as_version=4)
    assert tagged == {cell.id for cell in master.cells if "train" in cell.metadata.get("tags", [])}
    assert tagged
    assert not any(cell.get("outputs") for cell in student.cells)


def test_the_same_repository_gives_the_same_tree(planted, tree, tmp_path):
    again = build_student_tree(tmp_path / "t", repository=planted[0], say=lambda line: None)
    names = {path.relative_to(tree) for path in tree.rglob("*") if path.is_file()}
    assert names == {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert [n for n in names if (tree / n).read_bytes() != (again / n).read_bytes()] == []


def test_foreign_folder_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.txt").write_text("two years of work", encoding="utf-8")
    with pytest.raises(FolderError, match="which holds other files"):
        build_student_tree(tmp_path, say=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_earlier_tree_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(student_tree, "_assignments", lambda repository: [])
    out = tmp_path / "tree"
    build_student_tree(out, say=lambda line: None)
    (out / "old.txt").touch()
    build_student_tree(out, say=lambda line: None)
    assert not (out / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_a_failure_leaves_the_earlier_tree_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(student_tree, "_assignments", lambda repository: [])
    out = build_student_tree(tmp_path / "tree", say=lambda line: None)
    (out / "mark.txt").touch()

    def fail(repository):
        raise LeakError("no")

    monkeypatch.setattr(student_tree, "_assignments", fail)
    with pytest.raises(LeakError, match="no"):
        build_student_tree(out, say=lambda line: None)
    assert (out / "mark.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_tree_with_a_misspelled_solution_marker_is_refused(planted, tmp_path):
    copy = Path(shutil.copytree(planted[0], tmp_path / "copy"))
    text = (copy / MASTER).read_text(encoding="utf-8")
    (copy / MASTER).write_text(text.replace("# SOLUTION", "# SOLUTON", 1), encoding="utf-8")
    with pytest.raises(LeakError, match="'# SOLUTON' in cell"):
        build_student_tree(tmp_path / "tree", repository=copy, say=lambda line: None)
    assert not (tmp_path / "tree").exists()


def test_links_are_refused(planted, tmp_path, monkeypatch):
    monkeypatch.setattr(student_tree, "_assignments", lambda repository: [])
    copy = Path(shutil.copytree(planted[0], tmp_path / "copy"))
    (tmp_path / "private.py").write_text("secret = 1", encoding="utf-8")
    (copy / "utils" / "linked.py").symlink_to(tmp_path / "private.py")
    with pytest.raises(LeakError, match=r"got a link: utils/linked\.py"):
        build_student_tree(tmp_path / "tree", repository=copy, say=lambda line: None)


def leaking_cell(kind):
    """Return a cell for students that should not be, and the words that must tell so."""
    secrets = secrets_of(nbformat.read(REPOSITORY / MASTER, as_version=4))
    new = nbformat.v4.new_code_cell
    if kind == "long solution":
        secret = next(s for s in secrets if "np.unravel_index" in s.text)
        return new(f"x = 1\n{secret.text}"), f"solution of cell {secret.cell}"
    if kind == "short solution":
        secret = next(s for s in secrets if s.text == "model.train()")
        return new(f"x = 1\n{secret.text}", id=secret.cell), f"solution of cell {secret.cell}"
    if kind == "hidden test":
        secret = next(s for s in secrets if s.kind == "hidden test")
        return new(secret.text), f"hidden test of cell {secret.cell}"
    return new("x = 1  # Solution"), "'# Solution' in cell"


@pytest.mark.parametrize("kind", ["long solution", "short solution", "hidden test", "marker"])
def test_a_secret_left_in_a_student_notebook_is_noticed(tmp_path, kind):
    cell, words = leaking_cell(kind)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "leaking.ipynb")
    with pytest.raises(LeakError, match=re.escape(words)):
        check_student_notebook(REPOSITORY / MASTER, tmp_path / "leaking.ipynb")


def test_a_short_answer_may_stand_in_the_question(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("Begin with `model.train()`.")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "clean.ipynb")
    check_student_notebook(REPOSITORY / MASTER, tmp_path / "clean.ipynb")
