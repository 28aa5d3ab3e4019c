"""A made-up lecture that has all that a lecture needs: what the tests of the tests take apart."""

from typing import Any

import nbformat

from utils.course_setup import SETUP_CELL
from utils.launch_links import MARKERS, launch_links, repository_key
from utils.lessons.catalog import find_exercise

NAME = "00_neural_networks"
TITLE = f"""\
# 00 Neural networks

{MARKERS[0]}
{{links}}{MARKERS[1]}

**Time:** 30 minutes

**You need:** a little Python

**After this lecture you can**

- one
- two
- three
"""
FRAME = {
    "N1.neuron": "def neuron(inputs, weights, bias):\n    return ...\n",
    "N2.mlp": "def mlp(inputs, w1, b1, w2, b2):\n    return ...\n",
    "N4.training_step": "def training_step(model, loss_function, optimizer, inputs, targets):\n"
    "    return ...\n",
    "N3.count_parameters": "def count_parameters(layer_sizes):\n    return ...\n",
}


def markdown(name: str, text: str, **course: Any) -> Any:
    """Return a markdown cell."""
    meta = {"course": course} if course else {}
    return nbformat.v4.new_markdown_cell(text, id=name, metadata=meta)


def code(name: str, text: str, **course: Any) -> Any:
    """Return a code cell."""
    meta = {"course": course} if course else {}
    return nbformat.v4.new_code_cell(text, id=name, metadata=meta)


def row(name: str, key: str, **more: Any) -> list[Any]:
    """Return the cells of one row with an exercise."""
    stem, exercise = name.lower(), find_exercise(key)
    call = f"\n\ncheck({key!r}, {exercise.name})"
    folded = (
        f"<details><summary>Solution</summary>\n\n```python\n{exercise.solution}```\n\n</details>"
    )
    return [
        markdown(f"{stem}-explain", f"## {name}\n\nAn idea.", rows=[name], part="explain", **more),
        code(f"{stem}-play", "x = 1  # change me", rows=[name], part="play", **more),
        code(f"{stem}-code", FRAME[key] + call, rows=[name], part="code", exercise=key, **more),
        markdown(f"{stem}-solution", folded, rows=[name], part="solution", exercise=key, **more),
    ]


def small_lecture() -> Any:
    """Return the notebook, new at each call."""
    links = launch_links(repository_key(), path=f"lectures/{NAME}.ipynb")
    title = TITLE.format(links=links + "\n" if links else "")
    further = markdown("further", "## Go further", further=True)
    further.metadata["jp-MarkdownHeadingCollapsed"] = True
    cells = [
        markdown("title", title),
        code("setup", SETUP_CELL),
        code(
            "imports",
            "import torch\nfrom ipywidgets import IntSlider\n"
            "from utils.lessons.cells import check, compare, predict, self_check",
        ),
        markdown("n0-explain", "## N0\n\nAn idea.", rows=["N0"], part="explain"),
        code("n0-play", "IntSlider()", rows=["N0"], part="play"),
        code("p1", 'predict("N0.a", "?", choices=["yes", "no"])', rows=["N0"], part="predict"),
        code("c1-", 'compare("N0.a", "yes")', rows=["N0"], part="predict"),
        code("p2-", 'predict("N1.b", "?", low=0, high=1)', rows=["N1"], part="predict"),
        code("c2-", 'compare("N1.b", 0.5)', rows=["N1"], part="predict"),
        *row("N1", "N1.neuron"),
        *row("N2", "N2.mlp"),
        *row("N4", "N4.training_step"),
        code("self-check", 'self_check("00")'),
        markdown(
            "end",
            "## Recap\n\nSee [loss](glossary.md#loss) and [above](#Recap).\n\n"
            "## Common mistakes\n\nNone.\n\n## References\n\nNone.",
        ),
        further,
        *row("N3", "N3.count_parameters", further=True),
    ]
    cells[5].id = "p1-"
    return nbformat.v4.new_notebook(cells=cells)
