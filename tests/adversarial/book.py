"""What a hostile notebook is made of, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.adversarial.course import GOOD_CELLS, POINTS
from tests.adversarial.snippets import FORGE, GONE
from tests.grader.notebooks import notebook

__all__ = ["ALL", "NONE", "Book", "between", "cheating", "forged", "instead", "raw", "with_files"]

ALL, NONE = dict(POINTS), dict.fromkeys(POINTS, 0.0)
ANSWER = {"q1": 0.0, "q2": 2.0}


@dataclass(frozen=True)
class Book:
    """A hostile notebook, and what becomes of it.

    Attributes
    ----------
    content : bytes
        Of ``hw3.ipynb``.
    points : dict of str to float
        By question.
    note : str
        A regular expression for what the grader says of it, "" if it need not say anything.
    files : dict of str to bytes
        What else is in the zip.
    """

    content: bytes
    points: Mapping[str, float]
    note: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


def between(
    cell: str, note: str = "", *, points: Mapping[str, float] = ALL, **files: bytes
) -> Book:
    """Return a solved homework with a cell in between."""
    return Book(notebook(GOOD_CELLS[0], cell, GOOD_CELLS[1]), points, note)


def cheating(*cells: str, points: Mapping[str, float] = NONE, note: str = "") -> Book:
    """Return a homework that is not solved, with some cells."""
    return Book(notebook(*cells), points, note)


def with_files(cell: str, files: Mapping[str, bytes]) -> Book:
    """Return a solved homework with a cell in between, and more files in the zip."""
    return Book(notebook(GOOD_CELLS[0], cell, GOOD_CELLS[1]), ALL, "", files)


def raw(content: bytes | str, note: str = "", points: Mapping[str, float] = NONE) -> Book:
    """Return whatever is handed in as a notebook."""
    return Book(content.encode() if isinstance(content, str) else content, points, note)


def forged(body: str, note: str = GONE, points: Mapping[str, float] = ALL) -> Book:
    """Return a notebook that writes into the pipe to the grader."""
    return between(FORGE + body, note, points=points)


def instead(body: str) -> Book:
    """Return a notebook that answers with a message that the grader has to read."""
    cell = (
        "import builtins\n"
        "def hostile(body):\n"
        "    import grader.notebook.child as child\n"
        "    true = child.dump\n"
        "    def dump(message):\n"
        "        if message.get('kind') != 'value':\n"
        "            return true(message)\n"
        "        content = body\n"
        "        return len(content).to_bytes(8, 'little') + content\n"
        "    child.dump = dump\n"
        f"hostile({body})\nanswer = 3"
    )
    return Book(notebook(GOOD_CELLS[0], cell), NONE)
