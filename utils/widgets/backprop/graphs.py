"""The graphs of the backpropagation stepper: small enough for the head, one idea each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.reference.autograd import Node, Tape
from utils.reference.autograd_draw import graph_data

__all__ = ["GRAPHS", "Exercise", "as_json", "build"]


@dataclass(frozen=True)
class Exercise:
    """A graph to go back through.

    Attributes
    ----------
    formula : str
        The loss in one line.
    leaf : str
        The variable that the reader can move.
    value : float
        Its first value.
    make : Callable
        From a tape and that value to the loss; the value's node comes first on the tape.
    """

    formula: str
    leaf: str
    value: float
    make: Callable[[Tape, Node], Node]


def _product_and_sum(tape: Tape, u: Node) -> Node:
    # Not a and b: so the rules call the inputs of a node.
    v, r, t = (tape.variable(n, name=name) for name, n in (("v", -3.0), ("r", 5.0), ("t", 4.0)))
    return (((u * v).named("p") + r).named("s") * t).named("L")


def _squared_error(tape: Tape, w: Node) -> Node:
    x, y = tape.constant(3.0, name="x"), tape.constant(1.0, name="y")
    return (((w * x).named("ŷ") - y).named("e") ** 2).named("L")


def _used_twice(tape: Tape, u: Node) -> Node:
    v, r = tape.variable(3.0, name="v"), tape.variable(-1.5, name="r")
    return ((u * v).named("p") * (u + r).named("s")).named("L")


def _rectifier(tape: Tape, w: Node) -> Node:
    x, b = tape.constant(2.0, name="x"), tape.variable(-1.0, name="b")
    v = tape.variable(3.0, name="v")
    return (((w * x).named("p") + b).named("z").relu().named("h") * v).named("L")


def _neuron(tape: Tape, w: Node) -> Node:
    x, b = tape.constant(1.5, name="x"), tape.variable(-2.0, name="b")
    h = ((w * x).named("p") + b).named("z").sigmoid().named("h")
    return ((h - tape.constant(1.0, name="y")).named("e") ** 2).named("L")


GRAPHS = {
    "product and sum": Exercise("L = (u·v + r)·t", "u", 2.0, _product_and_sum),
    "squared error": Exercise("L = (w·x − y)²", "w", 0.5, _squared_error),
    "used twice": Exercise("L = (u·v)·(u + r)", "u", 2.0, _used_twice),
    "ReLU": Exercise("L = v·ReLU(w·x + b)", "w", 1.5, _rectifier),
    "one neuron": Exercise("L = (σ(w·x + b) − y)²", "w", 2.0, _neuron),
}
"""From the easiest to the one that a net is made of."""


def build(name: str, value: float) -> tuple[Tape, Node]:
    """Return the tape of a graph and its loss, for a value of the variable that moves.

    Parameters
    ----------
    name : str
        A key of :data:`GRAPHS`.
    value : float
        Of its leaf.
    """
    tape = Tape()
    leaf = tape.variable(value, name=GRAPHS[name].leaf)
    return tape, GRAPHS[name].make(tape, leaf)


def as_json(name: str) -> dict[str, Any]:
    """Return what the view needs of a graph: operations, first values and places.

    Parameters
    ----------
    name : str
        A key of :data:`GRAPHS`.
    """
    tape, loss = build(name, GRAPHS[name].value)
    places = {node["id"]: (node["x"], node["y"]) for node in graph_data(tape, loss)["nodes"]}
    return {
        "formula": GRAPHS[name].formula,
        "leaf": GRAPHS[name].leaf,
        "value": GRAPHS[name].value,
        "nodes": [_node(node) | {"place": places[node.index]} for node in tape.nodes],
    }


def _node(node: Node) -> dict[str, Any]:
    kind = "constant" if node.is_constant else "variable"
    record: dict[str, Any] = {
        "name": node.name,
        "op": node.operation.name if node.operation else kind,
        "inputs": [parent.index for parent in node.parents],
    }
    if node.operation is None:
        record["value"] = float(node.data)
    return record | node.options
