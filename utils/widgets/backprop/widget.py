"""The backpropagation stepper: type the gradient of each node, and be told which rule was missed.

The view goes back with ``kit/math/tape.js`` and judges with ``kit/math/hints.js``; this face
uses :mod:`utils.reference.autograd` and :mod:`utils.reference.autograd_hints`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.reference.autograd import BackwardStep, Node
from utils.reference.autograd_draw import describe_graph, draw_graph, graph_data
from utils.reference.autograd_hints import check_answer
from utils.widgets.backprop.graphs import GRAPHS, as_json, build
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Integer, Number, Numbers, Points

__all__ = ["TOLERANCE", "Backprop"]

TOLERANCE = 3e-3
"""Relative: people round, and three digits are enough."""

_MOST_NODES = 20


class Backprop(CourseWidget):
    r"""A computation graph whose gradients the reader works out, from the loss backward.

    State: `graph`, `value` (of the variable that moves), `node` (which one is asked for, -1:
    the next one), `answers` (node and number, the newest last), `shown` (nodes that were given
    away), `hint` (the rules are on view).

    Parameters
    ----------
    graphs : sequence of str, optional
        Which ones the list offers, keys of :data:`utils.widgets.backprop.graphs.GRAPHS`;
        default: all.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a graph is unknown.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial a} = \sum_{v \text{ uses } a}
              \frac{\partial L}{\partial v}\,\frac{\partial v}{\partial a}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """

    NAME = "backprop"
    TITLE = "Go back through the graph"
    GOAL = "Fill in every gradient without “Show me”. Then move the slider and do it again."

    def __init__(self, *, graphs: Sequence[str] | None = None, **options: Any) -> None:
        names = tuple(graphs or GRAPHS)
        if unknown := sorted(set(names) - set(GRAPHS)):
            raise ParameterError(f"expected graphs of {', '.join(GRAPHS)}, got {unknown}")
        fields = {
            "graph": Choice(label="Graph", default=names[0], options=names),
            "value": Number(label="Input", default=0.0, low=-3.0, high=3.0, step=0.5),
            "node": Integer(label="Node", default=-1, low=-1, high=_MOST_NODES),
            "answers": Points(default=(), x=(0, _MOST_NODES), y=(-1e6, 1e6), most=_MOST_NODES),
            "shown": Numbers(default=(), low=0, high=_MOST_NODES, most=_MOST_NODES),
            "hint": Boolean(label="Show the rule", default=False),
        }
        options.setdefault("value", GRAPHS[options.get("graph", names[0])].value)
        super().__init__(
            fields=fields, options={"graphs": {name: as_json(name) for name in names}}, **options
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the graph in words, with the gradients that were found so far."""
        exercise = GRAPHS[state["graph"]]
        found = self._found(state)
        n_open = sum(node["gradient"] is None for node in found["nodes"] if _asked(node))
        return (
            f"{exercise.formula}, {n_open} gradients to find. The chain rule: incoming gradient "
            f"times local derivative, summed over all uses.\n{describe_graph(found)}"
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the graph, with the gradients that were found so far."""
        ax = figure.subplots()
        draw_graph(self._found(state), ax)
        ax.set_title(GRAPHS[state["graph"]].formula, fontsize=11)

    def _found(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the graph with the gradients that the reader has found or was shown."""
        tape, loss = build(state["graph"], state["value"])
        steps = tape.backward(loss)
        solved = {loss.index, *map(int, state["shown"])}
        for k, answer in state["answers"]:
            if _is_right(steps, tape.nodes[int(k)], answer):
                solved.add(int(k))
        graph = graph_data(tape, loss)
        for node in graph["nodes"]:
            if node["id"] not in solved:
                node["gradient"] = None
        return graph


def _is_right(steps: Sequence[BackwardStep], node: Node, answer: float) -> bool:
    return node.gradient is not None and check_answer(steps, node, answer, rtol=TOLERANCE).correct


def _asked(node: Mapping[str, Any]) -> bool:
    return node["kind"] != "constant"
