"""The backpropagation stepper: its graphs and words, and its JavaScript against the reference."""

import math
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.reference.autograd import Tape
from utils.reference.autograd_hints import check_answer
from utils.widgets.backprop.graphs import GRAPHS, as_json, build
from utils.widgets.backprop.widget import TOLERANCE, Backprop

VALUES = [-3.0, -1.5, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]
IMPORTS = {"tape": "backward, forward", "hints": "checkAnswer, readNumber, rules"}
PASS = """
const pass = (graph) => {
  const values = forward(graph);
  return { graph, values, ...backward(graph, values) };
};
"""


def specs(name: str, value: float) -> list[dict[str, Any]]:
    """Return the nodes of a graph with the value of its variable put in."""
    nodes = as_json(name)["nodes"]
    nodes[0]["value"] = value
    return nodes


def test_values_and_gradients_are_those_of_the_reference(tmp_path: Path) -> None:
    cases = [(name, value) for name in GRAPHS for value in VALUES]
    body = (
        PASS + "result = data.map((g) => { const p = pass(g); return [p.values, p.gradients]; });"
    )
    found = run_node(tmp_path, IMPORTS, body, [specs(*case) for case in cases])
    for (name, value), (values, gradients) in zip(cases, found, strict=True):
        tape, loss = build(name, value)
        tape.backward(loss)
        wanted = [None if n.gradient is None else float(n.gradient) for n in tape.nodes]
        assert values == pytest.approx([float(n.data) for n in tape.nodes], rel=1e-12)
        assert [g is None for g in gradients] == [w is None for w in wanted]
        assert [g or 0.0 for g in gradients] == pytest.approx([w or 0.0 for w in wanted], rel=1e-12)


def test_every_operation_between_variables(tmp_path: Path) -> None:
    tape = Tape()
    a, b = tape.variable(1.5, name="a"), tape.variable(-0.7, name="b")
    difference = a - b
    loss = (difference * a + b).sigmoid() - (b**3).relu() - (a * b - a) ** 2
    tape.backward(loss)
    nodes = [
        {
            "name": node.name,
            "op": node.operation.name if node.operation else "variable",
            "inputs": [parent.index for parent in node.parents],
            "value": float(node.data),
            **node.options,
        }
        for node in tape.nodes
    ]
    body = PASS + "const p = pass(data); result = [p.values, p.gradients];"
    values, gradients = run_node(tmp_path, IMPORTS, body, nodes)
    assert values == pytest.approx([float(node.data) for node in tape.nodes], rel=1e-12)
    assert gradients == pytest.approx([float(node.gradient) for node in tape.nodes], rel=1e-12)


def candidates(values: list[float], gradients: list[float]) -> list[float]:
    """Return answers that people could give: all numbers in sight, and products of two."""
    known = [v for v in (*values, *gradients) if v is not None]
    products = [a * b for a in known for b in known]
    return sorted({round(v, 9) for v in (*known, *products, *(-v for v in known), 0.123, 77.0)})


@pytest.mark.parametrize("name", GRAPHS)
def test_verdicts_have_the_words_of_the_reference(tmp_path: Path, name: str) -> None:
    table = []
    for value in (-1.5, 0.5, 2.0):
        tape, loss = build(name, value)
        steps = tape.backward(loss)
        gradients = [None if n.gradient is None else float(n.gradient) for n in tape.nodes]
        for node in tape.nodes:
            if node.gradient is None or node.is_constant or node is loss:
                continue
            for answer in candidates([float(n.data) for n in tape.nodes], gradients):
                verdict = check_answer(steps, node, answer, rtol=TOLERANCE)
                wanted = [verdict.correct, verdict.missed, verdict.message]
                table.append(
                    {"value": value, "node": node.index, "answer": answer, "wanted": wanted}
                )
    graphs = {str(v): specs(name, v) for v in (-1.5, 0.5, 2.0)}
    body = (
        PASS
        + """
const passes = new Map(Object.entries(data.graphs).map(([v, g]) => [Number(v), pass(g)]));
result = data.table.map(({ value, node, answer }) => {
  const verdict = checkAnswer(passes.get(value), node, answer);
  return [verdict.correct, verdict.missed, verdict.message];
});
"""
    )
    found = run_node(tmp_path, IMPORTS, body, {"graphs": graphs, "table": table})
    different = [(row, got) for row, got in zip(table, found, strict=True) if row["wanted"] != got]
    assert different == []
    kinds = {row["wanted"][1] for row in table}
    assert len(kinds) > 3, "the candidates must make different mistakes"


def test_numbers_are_read_as_people_write_them(tmp_path: Path) -> None:
    texts = ["2", " −0.5 ", "1/4", "0,25", "2·-3", "3*0.5/2", ".5", "1e-3", "", "x", "2+3", "1/0"]
    body = "result = data.map((text) => readNumber(text));"
    found = run_node(tmp_path, IMPORTS, body, texts)
    assert found == [2, -0.5, 0.25, 0.25, -6, 0.75, 0.5, 0.001, None, None, None, None]


def test_graphs_are_drawn_without_two_nodes_in_one_place() -> None:
    for name in GRAPHS:
        places = [tuple(node["place"]) for node in as_json(name)["nodes"]]
        assert len(set(places)) == len(places)


def test_a_value_that_is_used_twice_gets_both_gradients() -> None:
    tape, loss = build("used twice", 2.0)
    tape.backward(loss)
    a, b, c = 2.0, 3.0, -1.5
    assert float(tape.nodes[0].gradient) == pytest.approx(b * (a + c) + a * b)


def test_words_count_what_is_open() -> None:
    widget = Backprop()
    assert "6 gradients to find" in widget.describe(widget.state)
    tape, loss = build("product and sum", 2.0)
    tape.backward(loss)
    s = next(node for node in tape.nodes if node.name == "s")
    widget.set(answers=[[s.index, float(s.gradient)], [0, 99.0]])
    text = widget.describe(widget.state)
    assert "5 gradients to find" in text
    assert "s: + of p, r, value -1, gradient 4" in text
    widget.set(answers=[], shown=[0])
    assert "5 gradients to find" in widget.describe(widget.state)


def test_three_digits_are_enough() -> None:
    tape, loss = build("one neuron", 2.0)
    steps = tape.backward(loss)
    for node in tape.nodes:
        if node.gradient is None or node.is_constant:
            continue
        value = float(node.gradient)
        digits = 2 - math.floor(math.log10(abs(value)))
        assert check_answer(steps, node, round(value, digits), rtol=TOLERANCE).correct


def test_the_picture_shows_only_what_was_found() -> None:
    widget = Backprop(graphs=("squared error",))
    figure = Figure()
    widget.draw(widget.state, figure)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert any("∂L/∂L = 1" in text for text in words)
    assert not any("∂L/∂w" in text for text in words)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="expected graphs of product and sum"):
        Backprop(graphs=("no such graph",))
    with pytest.raises(ParameterError, match="graph to be one of ReLU"):
        Backprop(graphs=("ReLU",), graph="squared error")
