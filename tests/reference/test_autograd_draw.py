"""The tape's graph as data, in words and as a picture."""

import json

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.reference.autograd import Tape
from utils.reference.autograd_draw import describe_graph, draw_graph, graph_data

mpl.use("Agg")


@pytest.fixture
def graph():
    tape = Tape()
    w, b = tape.variable(3.0, name="w"), tape.variable(1.0, name="b")
    w * 100  # not part of the loss
    loss = ((w * 2 + b).named("z") ** 2).named("L")
    tape.backward(loss)
    return graph_data(tape, loss)


def test_nodes_and_edges(graph):
    assert json.loads(json.dumps(graph)) == graph
    by_label = {node["label"]: node for node in graph["nodes"]}
    assert set(by_label) == {"w", "b", "2", by_label["z"]["label"], "L"} | {
        node["label"] for node in graph["nodes"] if node["symbol"] == "×"
    }
    assert len(graph["nodes"]) == 6
    assert by_label["w"]["kind"] == "variable"
    assert by_label["2"]["kind"] == "constant"
    assert by_label["L"]["kind"] == "operation"
    assert by_label["L"]["symbol"] == "^2"
    assert by_label["L"]["rule"] == "power rule"
    assert by_label["L"]["value"] == 49
    assert by_label["w"]["gradient"] == 28
    assert by_label["2"]["gradient"] is None
    edges = {(e["source"], e["target"], e["input"]) for e in graph["edges"]}
    z, product = by_label["z"]["id"], next(n["id"] for n in graph["nodes"] if n["symbol"] == "×")
    assert edges == {
        (by_label["w"]["id"], product, 0),
        (by_label["2"]["id"], product, 1),
        (product, z, 0),
        (by_label["b"]["id"], z, 1),
        (z, by_label["L"]["id"], 0),
    }


def test_everything_flows_to_the_right_and_nothing_overlaps(graph):
    place = {node["id"]: (node["x"], node["y"]) for node in graph["nodes"]}
    assert all(place[e["source"]][0] < place[e["target"]][0] for e in graph["edges"])
    assert len(set(place.values())) == len(place)
    columns = {node["label"]: node["x"] for node in graph["nodes"]}
    assert columns["b"] == columns["z"] - 1  # a leaf stands right before its first use
    assert columns["w"] == 0
    rows = [y for x, y in place.values() if x == 1]
    assert sorted(rows) == [-0.5, 0.5]


def test_a_leaf_with_several_uses_stands_before_the_first():
    tape = Tape()
    w, x = tape.variable(2.0, name="w"), tape.variable(3.0, name="x")
    graph = graph_data(tape, (x.tanh().tanh().tanh() * w) * w)
    columns = {node["label"]: node["x"] for node in graph["nodes"]}
    assert columns["w"] == 3


def test_rows_follow_their_neighbors():
    tape = Tape()
    leaves = [tape.variable(float(i), name=f"x{i}") for i in range(4)]
    pairs = [leaves[0] * leaves[3], leaves[1] * leaves[2]]
    graph = graph_data(tape, pairs[0] + pairs[1])
    rows = {node["label"]: node["y"] for node in graph["nodes"]}
    assert abs(rows["x0"] - rows["x3"]) == 1  # partners came to stand side by side
    assert abs(rows["x1"] - rows["x2"]) == 1


def test_arrays_become_lists():
    tape = Tape()
    total = tape.variable(np.ones((2, 2)), name="A").sum()
    data = graph_data(tape)
    assert data["nodes"][0]["value"] == [[1, 1], [1, 1]]
    assert data["nodes"][0]["shape"] == [2, 2]
    assert data["nodes"][0]["gradient"] is None
    assert describe_graph(data) == f"A: variable, value [2×2]\n{total.name}: Σ of A, value 4"


def test_the_text_alternative(graph):
    lines = describe_graph(graph).splitlines()
    assert lines[0] == "w: variable, value 3, gradient 28"
    assert lines[-1] == "L: ^2 of z, value 49, gradient 1"


def test_the_picture(graph):
    ax = Figure().subplots()
    text = draw_graph(graph, ax, highlight=graph["nodes"][-1]["id"])
    assert text == describe_graph(graph)
    shown = [t.get_text() for t in ax.texts]
    assert "w\n3" in shown
    assert "∂L/∂w = 28" in shown
    assert "L = ^2\n49" in shown
    assert "2" in shown
    boxes = [t.get_bbox_patch() for t in ax.texts if t.get_bbox_patch()]
    assert sum(box.get_linewidth() == 3 for box in boxes) == 1
    assert len(ax.texts) == 6 + 5 + 5  # boxes, arrows, gradients
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    for node in graph["nodes"]:
        assert left < node["x"] < right
        assert top < node["y"] < bottom


def test_bad_arguments():
    tape = Tape()
    with pytest.raises(ParameterError, match="expected an output on this tape, got None"):
        graph_data(tape)
    with pytest.raises(ParameterError, match=r"expected an output on this tape, got Node"):
        graph_data(tape, Tape().variable(1.0))
