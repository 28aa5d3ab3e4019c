"""Build the folder that students get: lectures, ``utils``, homework, set-up files, nothing else.

What goes in is listed here by name and pattern; all else of the repository stays
out. Homework notebooks come out of the stock ``otter assign``, and are searched for
the solutions and hidden tests of their masters before the folder is handed over.
"""

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.assignment import Assignment, load_assignment
from grader.masters import LeakError
from grader.otter_assign import REPOSITORY, assigned
from grader.publish import checksums, fresh_folder, write_marker

__all__ = ["KIND", "build_student_tree"]

KIND = "students' tree"

ROOT_FILES = (
    "CITATION.cff",
    "LICENSE",
    "LICENSE-CONTENT",
    "constraints.txt",
    "course.py",
    "environment.yml",
    "pyproject.toml",
)
README = Path(__file__).parent / "templates" / "student_README.md"
LECTURE_PATTERNS = ("*.ipynb", "*.md")
NOTES_ABOUT_DATA = ("README.md", "DATA_CARD.md")


def _data_patterns(repository: Path) -> dict[str, list[str]]:
    """Return which data files belong to the packages of ``utils``, as pyproject.toml says."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    packages = settings["tool"]["setuptools"]["package-data"]
    return {name: globs for name, globs in packages.items() if name.split(".")[0] == "utils"}


def _shipped_notes(repository: Path) -> set[Path]:
    """Return the files of the embedded notes: what their table of contents names, no more.

    Somebody may put private notes into that folder; they must not go to students.
    """
    folder = repository / "utils" / "notes" / "data"
    contents = json.loads((folder / "contents.json").read_text(encoding="utf-8"))
    names = {"contents.json", "notes.tar.xz", *NOTES_ABOUT_DATA}
    names |= {f"sounds/{sound['note_str']}.mp3" for sound in contents["sounds"]}
    return {folder / name for name in names}


def _utils_files(repository: Path) -> Iterator[Path]:
    """Yield the source and the data files of ``utils``."""
    yield from (repository / "utils").rglob("*.py")
    notes_data = repository / "utils" / "notes" / "data"
    shipped = _shipped_notes(repository)
    for package, globs in _data_patterns(repository).items():
        folder = repository.joinpath(*package.split("."))
        for path in (path for pattern in globs for path in folder.glob(pattern)):
            if path in shipped or not path.is_relative_to(notes_data):
                yield path


def _public_files(repository: Path) -> Iterator[Path]:
    """Yield every file that students get as it is."""
    yield from (repository / name for name in ROOT_FILES if (repository / name).is_file())
    yield from _utils_files(repository)
    for pattern in LECTURE_PATTERNS:
        yield from (repository / "lectures").glob(pattern)


def _refuse_private(path: Path, repository: Path) -> None:
    """Raise an error for a file that must not be among the public ones."""
    name = path.relative_to(repository)
    if path.is_symlink() or not path.resolve().is_relative_to(repository.resolve()):
        raise LeakError(f"expected a file of the repository, got a link: {name}")


def _copy_public(repository: Path, tree: Path) -> None:
    """Copy the public files; hidden ones, caches and folders are left out."""
    for path in sorted(set(_public_files(repository))):
        relative = path.relative_to(repository)
        hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
        if hidden or path.is_dir():
            continue
        _refuse_private(path, repository)
        (tree / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tree / relative)
    if (repository / "course.py").is_file():
        (tree / "course.py").chmod(0o755)


def _add_homework(assignment: Assignment, tree: Path, say: Callable[[str], None]) -> None:
    """Put an assignment's student notebook into the tree."""
    goal = tree / "assignments" / assignment.name
    with assigned(assignment) as made:
        shutil.copytree(made.student, goal)
    say(f"assignments/{assignment.name}: {', '.join(sorted(p.name for p in goal.iterdir()))}")


def _assignments(repository: Path) -> list[Assignment]:
    """Return every assignment of the repository."""
    folders = sorted(path.parent for path in (repository / "assignments").glob("*/assignment.toml"))
    return [load_assignment(folder) for folder in folders]


def build_student_tree(
    out: Path, *, repository: Path = REPOSITORY, say: Callable[[str], None] = print
) -> Path:
    """Build the students' tree.

    Parameters
    ----------
    out : Path
        Where it shall stand: a free name, an empty folder, or an earlier students' tree.
    repository : Path
        The instructors' repository.
    say : callable
        Gets a line for each step.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    LeakError
        A student notebook still holds a solution or hidden test, or a public file is a link.
    FolderError
        ``out`` holds something else; it stays as it is.
    """
    repository = repository.resolve()
    with fresh_folder(out, kind=KIND) as tree:
        _copy_public(repository, tree)
        shutil.copyfile(README, tree / "README.md")
        for assignment in _assignments(repository):
            _add_homework(assignment, tree, say)
        # checksums: so that a damaged copy can be told
        write_marker(tree, KIND, sha256=checksums(tree))
        n_files = sum(path.is_file() for path in tree.rglob("*"))
    say(f"{n_files} files in {out}")
    return out
