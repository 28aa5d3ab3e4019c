"""Which cells of a submitted notebook are run.

A cell is left out if it trains: the master's tag ``train`` decides, by the cell's id, and
so does a tag that the student set. What belongs to otter (its import, ``grader.check``,
``grader.export``) runs against a stand-in, so it does nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from grader.notebook.plain import PlainError, clean, parse

__all__ = ["MAX_CELLS", "Cell", "NotebookError", "read_cells"]

MAX_CELLS = 400
MAX_SOURCE = 200_000
TRAIN_TAGS = frozenset({"train", "otter_ignore"})


class NotebookError(ValueError):
    """A file that is no notebook; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One cell of code.

    Attributes
    ----------
    number : int
        Among all cells, from 1: what the student counts.
    source : str
    """

    number: int
    source: str


def read_cells(content: bytes, *, left_out: Collection[str] = ()) -> list[Cell]:
    """Return the cells of code to run, in order.

    Parameters
    ----------
    content : bytes
        The notebook as submitted.
    left_out : collection of str
        Ids of cells that are not run, whatever their tags say now.

    Raises
    ------
    NotebookError
        If it is no notebook.
    """
    try:
        notebook = parse(content)
        cells = notebook["cells"]
        if notebook["nbformat"] != 4 or not isinstance(cells, list) or len(cells) > MAX_CELLS:
            raise NotebookError(f"expected a notebook of format 4 with at most {MAX_CELLS} cells")
        found = [_read(i, cell, left_out) for i, cell in enumerate(cells, 1)]
    except (NotebookError, PlainError) as error:
        raise NotebookError(clean(f"expected a notebook: {error}", 300)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = clean(f"{type(error).__name__}: {error}", 300)
        raise NotebookError(f"expected a notebook, got {reason}") from None
    return [cell for cell in found if cell is not None]


def _read(number: int, cell: dict, left_out: Collection[str]) -> Cell | None:
    """Return a cell if it is to be run."""
    if cell.get("cell_type") != "code":
        return None
    tags = cell.get("metadata", {}).get("tags", [])
    if cell.get("id") in left_out or TRAIN_TAGS & {str(tag) for tag in tags}:
        return None
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    if len(text) > MAX_SOURCE:
        raise NotebookError(f"cell {number} has more than {MAX_SOURCE:,} characters")
    return Cell(number, text) if text.strip() else None
