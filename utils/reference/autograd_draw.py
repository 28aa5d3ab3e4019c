"""The graph of a tape as plain data, in words and as a picture.

:func:`graph_data` computes where everything goes and needs no drawing library; the result
is JSON. :func:`draw_graph` only draws what it is given.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from utils.errors import ParameterError
from utils.reference.autograd import Node, Tape
from utils.reference.autograd_ops import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_graph", "draw_graph", "graph_data"]

Graph = dict[str, Any]


def graph_data(tape: Tape, output: Node | None = None) -> Graph:
    r"""Return the part of a tape that an output depends on, with a place for every node.

    Parameters
    ----------
    tape : Tape
        The tape, before, in the middle of or after a backward pass.
    output : Node, optional
        Where the graph ends; the newest node if not given.

    Returns
    -------
    dict
        ``nodes``: for each ``id``, ``label``, ``kind`` ("variable", "constant" or
        "operation"), ``symbol``, ``rule``, ``formula``, ``shape``, ``value`` and
        ``gradient`` (numbers or nested lists; None before it is known), ``x`` (column, from
        the leaves to the output) and ``y`` (row, downward, centered on 0). ``edges``: for each
        ``source``, ``target`` and ``input``, the position among the operation's inputs.

    Raises
    ------
    ParameterError
        If the output is not on this tape.

    Notes
    -----
    A node stands one column to the right of its last input, a leaf one to the left of its
    first use:

    .. math:: x(v) = 1 + \max_{u \to v} x(u), \qquad
              x(\text{leaf}) = \min_{\text{leaf} \to v} x(v) - 1

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
    Structures", *IEEE Transactions on Systems, Man, and Cybernetics* 11, 1981.
    """
    output = tape.nodes[-1] if output is None and tape.nodes else output
    if output is None or output.tape is not tape:
        raise ParameterError(f"expected an output on this tape, got {output!r}")
    nodes = _ancestors(output)
    columns = _columns(nodes)
    rows = _rows(nodes, columns)
    return {
        "nodes": [_record(node) | {"x": columns[node], "y": rows[node]} for node in nodes],
        "edges": [
            {"source": parent.index, "target": node.index, "input": i}
            for node in nodes
            for i, parent in enumerate(node.parents)
        ],
    }


def describe_graph(graph: Graph) -> str:
    r"""Return the graph in words, one line a node: the text alternative of the picture.

    Parameters
    ----------
    graph : dict
        From :func:`graph_data`.

    Returns
    -------
    str
        From the leaves to the output.

    Notes
    -----
    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    lines = []
    for node in graph["nodes"]:
        sources = [labels[e["source"]] for e in graph["edges"] if e["target"] == node["id"]]
        made = f"{node['symbol']} of {', '.join(sources)}" if sources else node["kind"]
        gradient = "" if node["gradient"] is None else f", gradient {_short(node['gradient'])}"
        lines.append(f"{node['label']}: {made}, value {_short(node['value'])}{gradient}")
    return "\n".join(lines)


STYLES = {
    "variable": {"boxstyle": "square,pad=0.5", "facecolor": "#D3EAF8", "linestyle": "solid"},
    "constant": {"boxstyle": "square,pad=0.5", "facecolor": "#EEEEEE", "linestyle": "dotted"},
    "operation": {"boxstyle": "round,pad=0.5", "facecolor": "#FBF4BF", "linestyle": "solid"},
}
"""Tints of Okabe and Ito's palette; form and outline tell the kinds apart as well."""


def draw_graph(graph: Graph, ax: "Axes", *, highlight: int | None = None) -> str:
    r"""Draw a graph: values in the boxes, gradients in red below them, data flow to the right.

    Parameters
    ----------
    graph : dict
        From :func:`graph_data`.
    ax : matplotlib.axes.Axes
        Where to draw; about 1.5 inch a column and 1 inch a row look well.
    highlight : int, optional
        The id of a node to outline, the one whose turn it is.

    Returns
    -------
    str
        The text alternative.

    Notes
    -----
    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    place = {node["id"]: (node["x"], node["y"]) for node in graph["nodes"]}
    for edge in graph["edges"]:
        arrow = {"arrowstyle": "-|>", "color": "0.4", "shrinkA": 22, "shrinkB": 26}
        ax.annotate("", place[edge["target"]], place[edge["source"]], arrowprops=arrow)
    for node in graph["nodes"]:
        _draw_node(node, ax, marked=node["id"] == highlight)
    xs, ys = zip(*place.values(), strict=True)
    ax.set_xlim(min(xs) - 0.6, max(xs) + 0.6)
    ax.set_ylim(max(ys) + 0.7, min(ys) - 0.7)
    ax.set_axis_off()
    return describe_graph(graph)


def _draw_node(node: dict[str, Any], ax: "Axes", *, marked: bool) -> None:
    outline = {"edgecolor": "#D55E00", "linewidth": 3} if marked else {"edgecolor": "0.2"}
    name = f"{node['label']} = {node['symbol']}" if node["symbol"] else node["label"]
    value = _short(node["value"])
    ax.annotate(
        value if name == value else f"{name}\n{value}",
        (node["x"], node["y"]),
        ha="center",
        va="center",
        fontsize=9,
        bbox=STYLES[node["kind"]] | outline,
    )
    if node["gradient"] is not None:
        ax.annotate(
            f"∂L/∂{node['label']} = {_short(node['gradient'])}",
            (node["x"], node["y"]),
            xytext=(0, -27),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            color="#A02000",
        )


def _ancestors(output: Node) -> list[Node]:
    """Return the nodes that the output depends on, in the order of the tape."""
    needed = {output}
    for node in reversed(output.tape.nodes[: output.index + 1]):
        if node in needed:
            needed.update(node.parents)
    return sorted(needed, key=lambda node: node.index)


def _columns(nodes: list[Node]) -> dict[Node, int]:
    columns: dict[Node, int] = {}
    for node in nodes:
        columns[node] = 1 + max((columns[parent] for parent in node.parents), default=-1)
    for node in nodes:
        uses = [columns[child] for child in nodes if node in child.parents]
        if not node.parents and uses:
            columns[node] = min(uses) - 1
    return columns


def _rows(nodes: list[Node], columns: dict[Node, int]) -> dict[Node, float]:
    """Order every column by the mean row of the neighbors, a few times back and forth."""
    neighbors: dict[Node, set[Node]] = {node: set(node.parents) for node in nodes}
    for node in nodes:
        for parent in node.parents:
            neighbors[parent].add(node)
    by_column: dict[int, list[Node]] = {}
    for node in nodes:
        by_column.setdefault(columns[node], []).append(node)
    rows: dict[Node, float] = {}
    for column in sorted(by_column) * 4:
        members = by_column[column]
        known = {node: [rows[other] for other in neighbors[node] & set(rows)] for node in members}
        wanted = {node: float(np.mean(known[node] or [0.0])) for node in members}
        members.sort(key=wanted.__getitem__)
        rows |= {node: i - (len(members) - 1) / 2 for i, node in enumerate(members)}
    return rows


def _record(node: Node) -> dict[str, Any]:
    operation = node.operation
    kind = "operation" if operation else "constant" if node.is_constant else "variable"
    symbol = operation.symbol if operation else ""
    if "exponent" in node.options:
        symbol += f"{node.options['exponent']:g}"
    return {
        "id": node.index,
        "label": node.name,
        "kind": kind,
        "symbol": symbol,
        "rule": operation.rule if operation else "",
        "formula": operation.formula if operation else "",
        "shape": list(node.shape),
        "value": node.data.tolist(),
        "gradient": None if node.gradient is None else node.gradient.tolist(),
    }


def _short(value: Any) -> str:
    """Return a number with four digits, or the size of an array, as in [2×3]."""
    array: Array = np.asarray(value)
    return f"{array.item():.4g}" if array.size == 1 else f"[{'×'.join(map(str, array.shape))}]"
