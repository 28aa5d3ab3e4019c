"""What the browser tests open: every widget of the kit, and every lecture."""

import ast
from pathlib import Path

import nbformat

from tests.browser.static_page import notebook_of

__all__ = [
    "BY_SLIDER",
    "LECTURES",
    "MAY_REST",
    "NAMES",
    "PAGES",
    "ROOT",
    "WIDGETS",
    "page_of",
    "read_lecture",
    "widget_notebook",
]

ROOT = Path(__file__).resolve().parent.parent.parent
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
PROBE = "from tests.browser.probe.widget import Probe\nProbe()"

# Controls that rightly do nothing in the first state, by widget; all others must do something.
MAY_REST: dict[str, set[str]] = {
    "timeline": {"before"},  # at the first step
    "probe": {"ask"},  # asked once already when the page was opened
    "descent": {"seed:slider", "step"},  # of the noise, which is off; already at the last step
    "race": {"step"},  # already at the last step
    "convolution": {"rewind", "back", "kernel-diagonal"},  # at the first place; it is that kernel
    "pooling": {"rewind", "back"},  # at the first block
    "front_end": {"course"},  # it is that front end already
    "momentum": {"step"},  # already at the last step
    "kernels": {"channel-0", "channel-1", "rank-1"},  # already chosen; the note only sounds
    "overfitting_lab": {"stop"},  # the training has ended by itself
    "zoo": {"claim-0", "claim-1"},  # the pairs that the zoos of lecture 07 begin with
}

# Widgets whose first figure has nothing to drag: a slider is dragged in its place.
BY_SLIDER = {
    "activations",
    "augmentation",
    "backprop",
    "front_end",
    "class_sound",
    "gradient_flow",
    "kernels",
    "mlp_steps",
    "overfitting_lab",
    "own_landscape",
    "search_race",
    "zoo",
}

# Of these, the figure waits for a button: a training has to begin.
TELLS_ONLY = {"overfitting_lab", "own_landscape"}


def _cell(path: Path) -> str:
    """Return a cell that shows the widget of a folder."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = next(
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("Widget") for base in node.bases)
    )
    return f"from utils.widgets.{path.parent.name}.widget import {name}\n{name}()"


WIDGETS: dict[str, str] = {
    path.parent.name: _cell(path)
    for path in sorted((ROOT / "utils" / "widgets").glob("*/widget.py"))
}
"""A code cell for each widget, by name."""


PAGE_SIZE = 13
"""Widgets on one page. anywidget gives each 2 s to start, and all of a page start at once."""

NAMES = ["probe", *WIDGETS]
PAGES = [NAMES[i : i + PAGE_SIZE] for i in range(0, len(NAMES), PAGE_SIZE)]


def page_of(name: str) -> int:
    """Return the number of the page that a widget is on."""
    return NAMES.index(name) // PAGE_SIZE


def widget_notebook(page: int) -> nbformat.NotebookNode:
    """Return a notebook with the widgets of a page, each in a cell."""
    cells = {"probe": PROBE, **WIDGETS}
    return notebook_of(*(cells[name] for name in PAGES[page]))


def read_lecture(path: Path) -> nbformat.NotebookNode:
    """Return a lecture, its *Go further* unfolded: what is folded is never drawn."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("jp-MarkdownHeadingCollapsed", None)
    return notebook
