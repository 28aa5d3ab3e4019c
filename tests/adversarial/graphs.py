"""Builds hostile graphs, node by node."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from tests.submission.models import FLOAT, function, kernel, model, network, weights

node = helper.make_node


def ending(*nodes: NodeProto, stored: Sequence[TensorProto] = (), **options: object) -> bytes:
    """Return a model with more nodes, the last of which writes ``end``."""
    return model(network(*nodes, last="end"), initializers=[kernel(), *stored], **options)  # type: ignore[arg-type]


def loop(
    times: int, body: Sequence[NodeProto], *, start: str = "flat", scans: bool = False
) -> NodeProto:
    """Return a loop from a value to ``end``; ``scans``: keep every step's value."""
    info = helper.make_tensor_value_info
    outputs = [info("keep_on", TensorProto.BOOL, []), info("value_on", FLOAT, None)]
    if scans:
        outputs.append(info("kept", FLOAT, None))
    graph = helper.make_graph(
        [node("Identity", ["keep"], ["keep_on"]), *body],
        "body",
        [
            info("i", TensorProto.INT64, []),
            info("keep", TensorProto.BOOL, []),
            info("value", FLOAT, None),
        ],
        outputs,
        [weights("times_inside", np.array(times)), weights("yes_inside", np.array(True))],
    )
    return node("Loop", ["times", "yes", start], ["end", *(["all"] if scans else [])], body=graph)


def looping(times: int, body: Sequence[NodeProto], **options: object) -> bytes:
    """Return a model with a loop at its end."""
    stored = [weights("times", np.array(times)), weights("yes", np.array(True))]
    return ending(loop(times, body, **options), stored=stored)  # type: ignore[arg-type]


def loop_over_constants() -> bytes:
    """Return a model with an endless loop that needs no input: it could run while loading."""
    stored = [weights("times", np.array(2**62)), weights("yes", np.array(True))]
    stored.append(weights("one", np.ones(11, "f4")))
    late = loop(2**62, [node("Sin", ["value"], ["value_on"])], start="one")
    late.output[0] = "late"
    return ending(late, node("Add", ["flat", "late"], ["end"]), stored=stored)


def growing() -> bytes:
    """Return a model that keeps 4 MB more in every turn of a loop."""
    shape = weights("shape", np.array([1_000_000]))
    body = [
        node("Identity", ["value"], ["value_on"]),
        node("ReduceSum", ["value"], ["sum"], keepdims=0),
        node("Expand", ["sum", "shape"], ["kept"]),
    ]
    stored = [weights("times", np.array(2**40)), weights("yes", np.array(True)), shape]
    nodes = [loop(2**40, body, scans=True), node("ReduceMax", ["all"], ["top"], keepdims=0)]
    nodes += [node("Add", ["end", "top"], ["late"])]
    return model(network(*nodes, last="late"), initializers=[kernel(), *stored])


def folded(size: int, steps: int) -> bytes:
    """Return a model with products of constant matrices, worked out while loading."""
    nodes = [node("ConstantOfShape", ["side"], ["c0"], value=weights("", np.ones(1, "f4")))]
    nodes += [node("MatMul", [f"c{i}", f"c{i}"], [f"c{i + 1}"]) for i in range(steps)]
    nodes += [
        node("ReduceMin", [f"c{steps}"], ["least"], keepdims=0),
        node("Mul", ["least", "zero"], ["nothing"]),
        node("Add", ["flat", "nothing"], ["end"]),
    ]
    stored = [weights("side", np.array([size, size])), weights("zero", np.float32(0))]
    return ending(*nodes, stored=stored)


def hundred_thousand_nodes() -> bytes:
    """Return a model with 100 000 nodes."""
    steps = [node("Neg", ["flat"], ["n0"])]
    steps += [node("Neg", [f"n{i}"], [f"n{i + 1}"]) for i in range(100_000)]
    return model(network(*steps, last="n100000"))


def laughs(depth: int, *, uses: int = 2) -> bytes:
    """Return functions that call one another: ``uses`` to the power of ``depth`` nodes."""
    made = [function("F0", [node("Conv", ["x", "k"], ["y"])])]
    for i in range(1, depth):
        calls = [node(f"F{i - 1}", ["x", "k"], [f"y{j}"], domain="my.own") for j in range(uses)]
        made.append(function(f"F{i}", [*calls, node("Sum", [f"y{j}" for j in range(uses)], ["y"])]))
    nodes = [
        node(f"F{depth - 1}", ["mel", "kernel"], ["map"], domain="my.own"),
        node("Flatten", ["map"], ["logits"]),
    ]
    return model(nodes, functions=made, domains=["my.own"])


def branches_in_branches(depth: int) -> bytes:
    """Return branches, one inside the other."""
    info = [helper.make_tensor_value_info("out", FLOAT, None)]
    inner = helper.make_graph([node("Identity", ["flat"], ["out"])], "g", [], info)
    for _ in range(depth):
        step = node("If", ["yes"], ["out"], then_branch=inner, else_branch=inner)
        # twice would double it each time
        del step.attribute[1].g.node[:]
        step.attribute[1].g.node.append(node("Identity", ["flat"], ["out"]))
        inner = helper.make_graph([step], "g", [], info)
    last = node("If", ["yes"], ["end"], then_branch=inner, else_branch=inner)
    return ending(last, stored=[weights("yes", np.array(True))])


def nested_bytes(depth: int) -> bytes:
    """Return the bytes of a graph in a graph, so deep that a library would not write them."""

    def field(number: int, content: bytes) -> bytes:
        size, length = len(content), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + content

    graph = b""
    for _ in range(depth):  # node 1 of a graph, attribute 5 of a node, graph 6 of an attribute
        graph = field(1, field(5, field(6, graph)))
    return b"\x08\x0a" + field(7, graph)


def at_position(place: int) -> bytes:
    """Return a model that answers differently for the note at one position of its batch."""
    nodes = [
        node("Shape", ["mel"], ["rows"], start=0, end=1),
        node("Squeeze", ["rows"], ["many"]),
        node("Range", ["from", "many", "by"], ["places"]),
        node("Equal", ["places", "place"], ["is_there"]),
        node("Cast", ["is_there"], ["there"], to=FLOAT),
        node("Unsqueeze", ["there", "axis"], ["column"]),
        node("Add", ["flat", "column"], ["end"]),
    ]
    numbers = {"from": 0, "by": 1, "place": place}
    stored = [weights(name, np.array(number)) for name, number in numbers.items()]
    return ending(*nodes, stored=[*stored, weights("axis", np.array([1]))])


def of_batch_size(size: int) -> bytes:
    """Return a model that answers differently in batches of one size."""
    nodes = [
        node("Shape", ["mel"], ["rows"], start=0, end=1),
        node("Equal", ["rows", "size"], ["is_it"]),
        node("Cast", ["is_it"], ["it"], to=FLOAT),
        node("Add", ["flat", "it"], ["end"]),
    ]
    return ending(*nodes, stored=[weights("size", np.array([size]))])


def train_mode() -> bytes:
    """Return a model with dropout that is on."""
    dropout = node("Dropout", ["flat", "ratio", "on"], ["end"])
    stored = [weights("ratio", np.float32(0.5)), weights("on", np.array(True))]
    return ending(dropout, stored=stored)


def batch_statistics() -> bytes:
    """Return a model with batch norm as PyTorch exports it in train mode."""
    names = ["scale", "shift", "mean", "variance"]
    norm = node("BatchNormalization", ["flat", *names], ["end", "m", "v"], training_mode=1)
    return ending(norm, stored=[weights(name, np.ones(11, "f4")) for name in names])


def own_batch_statistics() -> bytes:
    """Return a model that norms by the batch's own mean and deviation."""
    nodes = [
        node("ReduceMean", ["flat", "axis"], ["mean"]),
        node("Sub", ["flat", "mean"], ["centered"]),
        node("ReduceL2", ["centered", "axis"], ["size"]),
        node("Div", ["centered", "size"], ["end"]),
    ]
    return ending(*nodes, stored=[weights("axis", np.array([0]))])


def one_note_alone_is_nan() -> bytes:
    """Return a model that gives NaN only to a note that is alone in its batch."""
    nodes = [
        node("Shape", ["mel"], ["rows"], start=0, end=1),
        node("Equal", ["rows", "one"], ["is_one"]),
        node("Where", ["is_one", "nan", "flat"], ["end"]),
    ]
    stored = [weights("one", np.array([1])), weights("nan", np.float32(np.nan))]
    return ending(*nodes, stored=stored)


def hiding_behind_one() -> bytes:
    """Return a model that adds noise to all notes, and a huge logit to loud ones."""
    nodes = [
        node("RandomUniformLike", ["flat"], ["noise"]),
        node("ReduceMax", ["flat", "axis"], ["loud"]),
        node("Greater", ["loud", "limit"], ["is_loud"]),
        node("Where", ["is_loud", "huge", "flat"], ["most"]),
        node("Add", ["most", "noise"], ["end"]),
    ]
    numbers = {"limit": 8.0, "huge": 1e30}
    stored = [weights(name, np.float32(number)) for name, number in numbers.items()]
    return ending(*nodes, stored=[*stored, weights("axis", np.array([1]))])


def random(kind: str, **attributes: object) -> bytes:
    """Return a model with random numbers."""
    return ending(
        node(kind, ["flat"], ["noise"], **attributes), node("Add", ["flat", "noise"], ["end"])
    )


def rows(number: int) -> bytes:
    """Return a model that answers with some rows, whatever it is asked."""
    cut = node("Slice", ["flat", "zero", "number", "zero"], ["end"])
    stored = [weights("zero", np.array([0])), weights("number", np.array([number]))]
    return ending(cut, stored=stored, output_shape=None)


def wild(op: str, stored: dict[str, np.ndarray], **attributes: object) -> bytes:
    """Return a model whose last operator has absurd arguments."""
    tensors = [weights(name, values) for name, values in stored.items()]
    return ending(
        node(op, ["flat", *stored], ["end"], **attributes), stored=tensors, output_shape=None
    )


def wild_convolution(**attributes: object) -> bytes:
    """Return a convolution with absurd attributes."""
    nodes = [node("Conv", ["mel", "kernel"], ["map"], **attributes)]
    nodes += [node("Flatten", ["map"], ["logits"])]
    return model(nodes, output_shape=None)


def circle() -> bytes:
    """Return a graph that runs in a circle."""
    return ending(
        node("Add", ["flat", "b"], ["a"]),
        node("Add", ["a", "flat"], ["b"]),
        node("Neg", ["b"], ["end"]),
    )


def reveals_notes(*, shape: bool = False) -> bytes:
    """Return a model that stops with a number from the notes in its error, or its shape."""
    nodes = [
        node("ReduceSum", ["mel"], ["sum"], keepdims=0),
        node("Mul", ["sum", "large"], ["product"]),
        node("Cast", ["product"], ["number"], to=TensorProto.INT64),
        node("Unsqueeze", ["number", "axis"], ["one"]),
    ]
    if shape:
        nodes += [node("Concat", ["one", "axis"], ["size"], axis=0)]
        nodes += [node("Expand", ["nothing", "size"], ["end"])]
    else:
        nodes += [node("Gather", ["flat", "one"], ["end"], axis=1)]
    stored = [weights("large", np.float32(1000)), weights("axis", np.array([0]))]
    stored += [weights("nothing", np.zeros((1, 0), "f4"))]
    return ending(*nodes, stored=stored, output_shape=None)


def denormal() -> bytes:
    """Return a model that computes with numbers below 1e-38, which is slow."""
    return model(initializers=[weights("kernel", np.full((11, 1, 64, 64), 1e-41, "f4"))])


def sequence_output() -> bytes:
    """Return a model that answers with a sequence of tensors."""

    def change(proto: ModelProto) -> None:
        kind = helper.make_tensor_sequence_value_info("logits", FLOAT, None)
        proto.graph.output[0].CopyFrom(kind)

    return model(network(node("SequenceConstruct", ["flat"], ["end"]), last="end"), change=change)


def big(values: int) -> bytes:
    """Return a model that has a huge constant as soon as it is loaded."""
    return ending(
        node("ConstantOfShape", ["many"], ["huge"], value=weights("", np.ones(1, "f4"))),
        node("ReduceMax", ["huge"], ["top"], keepdims=0),
        node("Add", ["flat", "top"], ["end"]),
        stored=[weights("many", np.array([values]))],
    )
