"""What in an otter master students must never see, and whether it got out.

otter removes them when it writes the student notebook; the release looks once more,
because one misspelled marker would hand out an answer.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat

from utils.errors import CourseError

__all__ = ["LeakError", "Secret", "check_student_notebook", "find_secrets", "secrets_of"]

HIDDEN = re.compile(r"^hidden:\s*true\s*$", re.MULTILINE | re.IGNORECASE)
LINE_MARK = re.compile(r"\s*# ?SOLUTION( NO PROMPT)?\s*$")
BLOCK_START = re.compile(r"^\s*# BEGIN SOLUTION( NO PROMPT)?\s*$")
BLOCK_END = re.compile(r"# END SOLUTION\s*$")
LEFTOVER = re.compile(r"#\s*(BEGIN|END)?\s*(SOL\w*|TESTS?|PROMPT|QUESTION)\b", re.IGNORECASE)


class LeakError(CourseError, RuntimeError):
    """A file for students holds a solution, a hidden test or a hidden note."""


@dataclass(frozen=True)
class Secret:
    """A text of the master that must not reach students.

    Attributes
    ----------
    cell : str
        Id of the master's cell.
    kind : str
        ``"solution"`` or ``"hidden test"``.
    text : str
        What must not be found.
    """

    cell: str
    kind: str
    text: str

    @property
    def is_short(self) -> bool:
        """Whether the text may well stand in the question, too, such as ``model.train()``."""
        return self.kind == "solution" and "\n" not in self.text and len(self.text) < 80


def _solution_parts(source: str) -> Iterator[str]:
    """Yield the code that otter takes out of a solution cell."""
    block: list[str] | None = None
    for line in source.splitlines():
        if BLOCK_START.match(line):
            block = []
        elif BLOCK_END.search(line):
            yield "\n".join(block or [])
            block = None
        elif block is not None:
            block.append(line)
        elif LINE_MARK.search(line):
            code = LINE_MARK.sub("", line).strip()
            # of an assignment otter leaves the name that is assigned to
            yield re.sub(r"^[\w.\[\]'\", ]+ = ", "", code)


def _test_parts(source: str) -> Iterator[str]:
    """Yield a hidden test's functions, as they stand and as otter writes them: printed anew."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            first, last = node.body[0], node.body[-1]
            yield "\n".join(source.splitlines()[first.lineno - 1 : last.end_lineno])
            yield "\n".join(ast.unparse(statement) for statement in node.body)


def secrets_of(master: nbformat.NotebookNode) -> list[Secret]:
    """Return all solutions and hidden tests of a master notebook.

    Parameters
    ----------
    master : nbformat.NotebookNode
        With otter's raw cells ``# BEGIN SOLUTION``, ``# BEGIN TESTS``, ….

    Returns
    -------
    list of Secret
        In the order of the cells.
    """
    block = ""
    found: list[Secret] = []
    for cell in master.cells:
        if cell.cell_type == "raw":
            mark = re.match(r"# (BEGIN|END) (SOLUTION|TESTS|PROMPT)", cell.source)
            if mark:
                block = mark.group(2) if mark.group(1) == "BEGIN" else ""
        elif block == "SOLUTION" and cell.cell_type == "markdown":
            found.append(Secret(cell.id, "solution", cell.source))
        elif block == "SOLUTION":
            found += [Secret(cell.id, "solution", part) for part in _solution_parts(cell.source)]
        elif block == "TESTS" and HIDDEN.search(cell.source):
            found += [Secret(cell.id, "hidden test", part) for part in _test_parts(cell.source)]
    return [secret for secret in found if secret.text.strip()]


def find_secrets(master: nbformat.NotebookNode, student: nbformat.NotebookNode) -> list[str]:
    """Return what a student notebook holds although it should not.

    Parameters
    ----------
    master : nbformat.NotebookNode
        The otter master.
    student : nbformat.NotebookNode
        What was made of it for students.

    Returns
    -------
    list of str
        Which secrets, by the ids of the master's cells, and which markers of otter were
        left; never the texts themselves. Empty if all is well.
    """
    everything = _plain("\n".join(_strings(student)))
    sources = {cell.id: cell.source for cell in student.cells}
    found = []
    for secret in secrets_of(master):
        # a short answer may stand in the question's text, but not where the answer goes
        place = _plain(sources.get(secret.cell, "")) if secret.is_short else everything
        if _plain(secret.text) in place:
            found.append(f"{secret.kind} of cell {secret.cell}")
    for name, source in sources.items():
        if (mark := LEFTOVER.search(source)) is not None:
            found.append(f"{mark.group()!r} in cell {name}")
    return list(dict.fromkeys(found))


def check_student_notebook(master: Path, student: Path) -> None:
    """Raise an error if a student notebook still holds what otter should have removed.

    Parameters
    ----------
    master : Path
        The otter master.
    student : Path
        What ``otter assign`` made of it for students.

    Raises
    ------
    LeakError
        The message names the master's cells, not the texts.
    """
    read = partial(nbformat.read, as_version=4)
    leaked = find_secrets(read(master), read(student))
    if leaked:
        raise LeakError(
            f"{student.name} for students still holds: {', '.join(leaked)}; "
            f"look at the otter markers of {master}"
        )


def _plain(text: str) -> str:
    """Return a text without what formatters change: white space and the kind of quotes."""
    return re.sub(r"\s+", " ", text).replace('"', "'").strip()


def _strings(value: object) -> Iterator[str]:
    """Yield all text of a notebook, its metadata too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in _strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in _strings(part))
