"""Make a submitted notebook fit to be looked at by whoever grades it.

The form that nbgrader shows runs in the grader's browser with the rights of Jupyter, so a
script in an answer or in an output could change grades, or run programs. What a student
wrote is therefore shown as text and pictures only. And nbgrader trusts the metadata
of a submission: here they come from the released notebook, so that nobody can turn an
answer into a cell that gives itself points.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from grader.notebook.cells import MAX_CELLS

__all__ = ["MISSING", "CleanSubmission", "clean_notebook", "harmless_markdown"]

MISSING = "_The answer's cell is missing in the notebook that was handed in._"
_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_REFERENCE = re.compile(r"\](?=:)|\](?=\[)")
# another spelling of any character; the form's mathematics reads it, too
_ENTITY = re.compile(r"&(?=#|\w+;)")
# of TeX: what makes links, or changes how commands are read
_TEX = re.compile(r"\\(?=href|url|style|class|cssId|data|require|csname|unicode|mmlToken)", re.I)


def harmless_markdown(text: str, pictures: Collection[str] = ()) -> str:
    """Return Markdown that makes neither tags nor links to anything but web pages.

    A blank in the right place does it: ``<script>`` becomes ``< script>``, which every browser
    shows as text; nothing that was written disappears.

    Parameters
    ----------
    text : str
    pictures : collection of str
        Names of the pasted pictures; a name that is missing would stop the page's making.
    """
    names = "|".join(re.escape(name) for name in pictures if re.fullmatch(r"[\w.-]+", name))
    pasted = rf"attachment:(?:{names})\)" if names else "(?!)"
    # pictures from elsewhere would tell when the answer was read
    image = re.compile(rf"!(?=\[(?![^\]\n]*\]\({pasted}))")
    link = re.compile(rf"\](?=\((?!\s*https?://|{pasted}|#))")
    for pattern, instead in (
        (_TAG, "< "),
        (image, "! "),
        (link, "] "),
        (_REFERENCE, "] "),
        (_ENTITY, "& "),
        (_TEX, r"\\ "),
    ):
        text = pattern.sub(instead, text)
    return text


def clean_notebook(submitted: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Return a submission with nothing active in it and with nbgrader's metadata as released.

    Parameters
    ----------
    submitted : NotebookNode
        From a student: cells may be missing, doubled, changed, or without metadata.
    released : NotebookNode
        What students got; a cell is known again by nbgrader's metadata or by its id.

    Returns
    -------
    NotebookNode
        Read-only cells as released; other cells' texts, and their outputs as far as they are
        text or pictures. A missing answer is added at the end, with words that say so.
    """
    known = {c.metadata.nbgrader.grade_id: c for c in released.cells if "nbgrader" in c.metadata}
    names = {cell.id: name for name, cell in known.items()}
    cells, seen = [], set()
    for number, cell in enumerate(submitted.cells[:MAX_CELLS], 1):
        name = _name_of(cell, known, names)
        master = known[name] if name and name not in seen else None
        seen.add(name)
        cells.append(_clean_cell(cell, master, f"student-{number:03d}"))
    if len(submitted.cells) > MAX_CELLS:
        note = f"_{len(submitted.cells) - MAX_CELLS} more cells are not shown._"
        cells.append(new_markdown_cell(note, id="not-shown"))
    cells += [_missing(c) for name, c in known.items() if _is_answer(c) and name not in seen]
    about = {key: released.metadata[key] for key in ("language_info",) if key in released.metadata}
    return new_notebook(cells=cells, metadata=about)


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.solution)


def _name_of(cell: NotebookNode, known: dict[str, Any], names: dict[str, str]) -> str:
    """Return which released cell this is; "" if none."""
    table = cell.metadata.get("nbgrader", {})
    name = table.get("grade_id") if isinstance(table, dict) else None
    if isinstance(name, str) and name in known:
        return name
    return names.get(cell.get("id", ""), "")


def _missing(master: NotebookNode) -> NotebookNode:
    """Return an answer that says that there was none; its metadata call for a grader."""
    kind = new_code_cell if master.cell_type == "code" else new_markdown_cell
    text = f"# {MISSING.strip('_')}" if master.cell_type == "code" else MISSING
    return kind(text, id=master.id, metadata={"nbgrader": master.metadata.nbgrader})


def _clean_cell(cell: NotebookNode, master: NotebookNode | None, cell_id: str) -> NotebookNode:
    """Return a new cell made of the harmless parts of a submitted one."""
    kind = cell.cell_type if master is None else master.cell_type
    attachments = cell.get("attachments", {}) if kind != "code" else {}
    pictures = {name: _picture_data(data) for name, data in attachments.items()}
    pictures = {name: data for name, data in pictures.items() if data}
    text = "".join(cell.source)
    if master is not None and (not _is_answer(master) or text.strip() == master.source.strip()):
        text = master.source
    elif kind != "code":
        text = harmless_markdown(text, pictures)
    new = new_code_cell(text) if kind == "code" else new_markdown_cell(text)
    new["id"] = cell_id if master is None else master.id
    if master is not None:
        new.metadata["nbgrader"] = master.metadata.nbgrader
    if kind == "code":
        new.outputs = list(_outputs(cell))
    elif pictures:
        new["attachments"] = pictures
    return new


def _outputs(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Yield a cell's outputs as text and pictures."""
    for output in cell.get("outputs", ()):
        new = nbformat.v4.new_output
        if output.output_type == "stream":
            yield new("stream", name="stdout", text="".join(output.text))
        elif output.output_type == "error":
            lines = [str(line) for line in output.traceback]
            yield new("error", ename="error", evalue="", traceback=lines)
        else:
            data = _picture_data(output.data)
            text = output.data.get("text/plain")
            if not data and text is not None:
                data["text/plain"] = "".join(text)
            yield new("display_data", data=data or {"text/plain": "(an output that is not shown)"})


def _picture_data(data: Any) -> dict[str, str]:
    """Return those of some data that are pictures, encoded anew."""
    pictures: dict[str, str] = {}
    for kind, start in _PICTURES.items():
        try:
            content = base64.b64decode("".join(data.get(kind, "")), validate=False)
        except (binascii.Error, ValueError, TypeError, AttributeError):
            continue
        if content.startswith(start):
            pictures[kind] = base64.b64encode(content).decode("ascii")
    return pictures


class CleanSubmission(NbGraderPreprocessor):
    """nbgrader's first step of ``autograde`` in this course: :func:`clean_notebook`."""

    course = Unicode("", help="folder of the course").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the cleaned notebook."""
        names = resources["nbgrader"]
        path = Path(self.course, "release", names["assignment"], f"{names['notebook']}.ipynb")
        return clean_notebook(nb, nbformat.read(path, as_version=4)), resources
