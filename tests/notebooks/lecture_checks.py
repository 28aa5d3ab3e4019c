"""What a lecture notebook must be, read from its cells: each check yields problems in words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.notebooks.syllabus_table import (
    FEWEST_CELLS,
    FEWEST_CELLS_OTHERWISE,
    MOST_CELLS,
    PARTS,
    ROWS,
)
from utils.course_setup import SETUP_CELL
from utils.launch_links import MARKERS, launch_links, repository_key
from utils.lessons.self_check import load_questions

MOST_WORDS = 150
MOST_CODE_LINES = 15
HEADINGS = ("Recap", "Common mistakes", "References")


def course(cell: Any) -> dict[str, Any]:
    """Return the course's metadata of a cell."""
    return dict(cell.metadata.get("course", {}))


def problems(notebook: Any, path: Path) -> list[str]:
    """Return all that is wrong with a lecture; the path may be one that doesn't exist yet."""
    checks = (
        file_problems,
        opening_problems,
        metadata_problems,
        row_problems,
        play_problems,
        predict_problems,
        length_problems,
        further_problems,
        ending_problems,
    )
    found = [problem for check in checks for problem in check(notebook, path.stem)]
    return found + list(link_problems(notebook, path))


def file_problems(notebook: Any, _: str) -> Iterator[str]:
    """Stripped, with stable ids and no metadata of the machine."""
    ids = [cell.id for cell in notebook.cells]
    yield from (f"id {name!r} occurs twice" for name in set(ids) if ids.count(name) > 1)
    for name in ids:
        if not re.fullmatch(r"[a-z][a-z0-9-]{2,63}", name):
            yield f"id {name!r} is not a speaking name"
    for cell in code_cells(notebook):
        if cell.outputs or cell.execution_count:
            yield f"{cell.id}: outputs are stored"
    if not set(notebook.metadata) <= {"kernelspec", "language_info"}:
        yield f"metadata of the notebook: {sorted(notebook.metadata)}"
    if set(notebook.metadata.get("language_info", {})) - {"name"}:
        yield "language_info has more than the name"


def opening_problems(notebook: Any, name: str) -> Iterator[str]:
    """Title, links, minutes, what is needed, objectives; then the set-up cell."""
    title = notebook.cells[0] if notebook.cells else None
    if title is None or title.cell_type != "markdown" or not title.source.startswith("# "):
        yield "the first cell is not the title"
        return
    links = launch_links(repository_key(), path=f"lectures/{name}.ipynb")
    if "\n".join(filter(None, (MARKERS[0], links, MARKERS[1]))) not in title.source:
        yield "the title cell lacks the launch links between their markers"
    if not re.search(r"\d+ minutes", title.source):
        yield "the title cell doesn't say how many minutes"
    if "**You need:**" not in title.source:
        yield "the title cell doesn't say what one needs to know"
    aims = re.search(r"\*\*After this lecture you can\*\*[^\n]*\n+((?:[-*\d].*\n?)+)", title.source)
    n_aims = len(re.findall(r"^(?:[-*]|\d\.) ", aims.group(1), re.MULTILINE)) if aims else 0
    if not 3 <= n_aims <= 5:
        yield f"expected three to five objectives, got {n_aims}"
    code = code_cells(notebook)
    if not code or code[0].source.rstrip("\n") != SETUP_CELL.rstrip("\n"):
        yield "the first code cell is not the set-up cell"


def metadata_problems(notebook: Any, name: str) -> Iterator[str]:
    """Rows that exist, three at most; a part with its kind of cell."""
    for cell in notebook.cells:
        meta = course(cell)
        rows, part = meta.get("rows", []), meta.get("part")
        if set(meta) - {"rows", "part", "exercise", "further"}:
            yield f"{cell.id}: unknown keys in {sorted(meta)}"
        if bool(rows) != bool(part):
            yield f"{cell.id}: rows and part go together"
        if len(rows) > 3:
            yield f"{cell.id}: more than three rows"
        if unknown := set(rows) - set(ROWS[name]):
            yield f"{cell.id}: rows {sorted(unknown)} are not of this lecture"
        if part and part not in PARTS:
            yield f"{cell.id}: unknown part {part!r}"
        wanted = {"explain": "markdown", "solution": "markdown"}.get(part or "", "code")
        if part in PARTS and cell.cell_type != wanted:
            yield f"{cell.id}: {part} must be a {wanted} cell"
        if part in ("code", "solution") and "exercise" not in meta:
            yield f"{cell.id}: {part} without the key of its exercise"


def row_problems(notebook: Any, name: str) -> Iterator[str]:
    """Every part that the syllabus asks for."""
    for row, wanted in ROWS[name].items():
        cells = [cell for cell in notebook.cells if row in course(cell).get("rows", [])]
        parts = {course(cell).get("part") for cell in cells}
        checked = {key for cell in notebook.cells for key in checked_keys(cell)}
        exercises = {course(cell).get("exercise") for cell in cells} - {None}
        if exercises and exercises <= checked:
            parts.add("check")
        else:
            parts.discard("check")
        for part in wanted.parts:
            if part not in parts:
                yield f"row {row}: no {part}"
        in_further = {bool(course(cell).get("further")) for cell in cells}
        if wanted.star in in_further:
            yield f"row {row} is in the wrong half: star rows before Go further, others in it"


def checked_keys(cell: Any) -> set[str]:
    """Return the keys that a cell checks."""
    if cell.cell_type != "code":
        return set()
    return {key for name, key in calls_with_key(cell) if name == "check"}


def calls_with_key(cell: Any) -> list[tuple[str, str]]:
    """Return (function, first argument) of every call whose first argument is a text."""
    found = []
    for node in ast.walk(tree_of(cell)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((node.func.id, first.value))
    return found


def tree_of(cell: Any) -> ast.Module:
    """Return the syntax tree of a code cell, without magics."""
    return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", cell.source))


def has_parameter(cell: Any) -> bool:
    """Return whether a play cell holds a parameter that is marked to be changed."""
    return bool(re.search(r"#[^\n]*\bchange\b", cell.source, re.IGNORECASE))


def play_problems(notebook: Any, _: str) -> Iterator[str]:
    """A play cell makes a widget, or holds a marked parameter."""
    makers = set()
    for cell in code_cells(notebook):
        for node in ast.walk(tree_of(cell)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(
                ("utils.widgets", "ipywidgets")
            ):
                makers |= {alias.asname or alias.name for alias in node.names}
    makers |= {"widgets", "ipywidgets"}
    for cell in code_cells(notebook):
        if course(cell).get("part") == "play" and not has_parameter(cell):
            used = {n.id for n in ast.walk(tree_of(cell)) if isinstance(n, ast.Name)}
            if not used & makers:
                yield f"{cell.id}: a play without a widget and without a parameter to change"


def predict_problems(notebook: Any, _: str) -> Iterator[str]:
    """Two predictions or more, each compared after it was made."""
    asked: list[str] = []
    open_keys: list[str] = []
    for cell in code_cells(notebook):
        for name, key in calls_with_key(cell):
            if name == "predict":
                asked.append(key)
                open_keys.append(key)
            elif name == "compare" and key not in open_keys:
                yield f"{cell.id}: compares {key!r}, which was not asked before"
            elif name == "compare":
                open_keys.remove(key)
    yield from (f"the prediction {key!r} is never compared" for key in open_keys)
    if len(asked) < 2:
        yield f"expected two predictions or more, got {len(asked)}"


def length_problems(notebook: Any, name: str) -> Iterator[str]:
    """Not too many cells, words or lines."""
    core = [cell for cell in notebook.cells if not course(cell).get("further")]
    fewest = FEWEST_CELLS.get(name, FEWEST_CELLS_OTHERWISE)
    if not fewest <= len(core) <= MOST_CELLS:
        yield f"expected {fewest} to {MOST_CELLS} cells before Go further, got {len(core)}"
    for cell in notebook.cells:
        if course(cell).get("part") == "explain" and n_words(cell.source) > MOST_WORDS:
            yield f"{cell.id}: {n_words(cell.source)} words, at most {MOST_WORDS}"
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
        if cell.cell_type == "code" and not hidden and n_code_lines(cell) > MOST_CODE_LINES:
            yield f"{cell.id}: {n_code_lines(cell)} lines of code, at most {MOST_CODE_LINES}"


def n_words(text: str) -> int:
    """Count the words that are read: no mathematics, code fences, addresses or tags."""
    for pattern in (r"```.*?```", r"\$\$.*?\$\$", r"\$[^$]+\$", r"\]\([^)]*\)", r"<[^>]+>"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'’.-]*", text))


def n_code_lines(cell: Any) -> int:
    """Count lines that are neither blank nor only a comment."""
    lines = [line.strip() for line in cell.source.splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def further_problems(notebook: Any, name: str) -> Iterator[str]:
    """Go further is the end of the notebook, marked, under one folded heading."""
    marks = [bool(course(cell).get("further")) for cell in notebook.cells]
    if marks != sorted(marks):
        yield "cells of Go further must be the last ones"
    if all(row.star for row in ROWS[name].values()) and not any(marks):
        return
    first = notebook.cells[marks.index(True)] if any(marks) else None
    if first is None or not re.match(r"##? Go further", first.source):
        yield "Go further must begin with its heading"
    elif not first.metadata.get("jp-MarkdownHeadingCollapsed"):
        yield "the heading Go further is not folded (jp-MarkdownHeadingCollapsed)"


def ending_problems(notebook: Any, name: str) -> Iterator[str]:
    """Self-check, recap, common mistakes, references, and the glossary somewhere."""
    calls = {call for cell in code_cells(notebook) for call in calls_with_key(cell)}
    if ("self_check", name[:2]) not in calls:
        yield f'no self_check("{name[:2]}")'
    else:
        load_questions(name)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for heading in HEADINGS:
        if not re.search(rf"^#+ .*{heading}", text, re.MULTILINE | re.IGNORECASE):
            yield f"no heading with {heading!r}"
    if "(glossary.md#" not in text:
        yield "no link to the glossary"


def link_problems(notebook: Any, path: Path) -> Iterator[str]:
    """Every relative link leads to a file, and every anchor to a heading."""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)|href=[\"']([^\"']+)", text):
            address = link[0] or link[1]
            if not re.match(r"[a-z]+:", address):
                yield from _broken(address, notebook, path, cell.id)


def _broken(address: str, notebook: Any, path: Path, where: str) -> Iterator[str]:
    name, _, anchor = address.partition("#")
    target = (path.parent / name).resolve() if name else path
    if name and not target.exists():
        yield f"{where}: link to {name}, which is not there"
        return
    headings = "\n".join(cell.source for cell in notebook.cells)
    if name:
        headings = target.read_text(encoding="utf-8") if target.suffix == ".md" else ""
    if anchor and headings and anchor not in anchors(headings):
        yield f"{where}: no heading #{anchor} {'in ' + name if name else 'here'}"


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings, as GitHub makes them and as JupyterLab does."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    github = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    return github | {h.replace(" ", "-") for h in headings}


def code_cells(notebook: Any) -> list[Any]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
