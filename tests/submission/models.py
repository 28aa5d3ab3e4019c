"""Models that keep or break the contract, built node by node; no torch."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from utils.notes.front_end import FRONT_END_ID
from utils.submission.codes import Code

NOTE = ("batch", 1, 64, 64)
FLOAT = TensorProto.FLOAT


def weights(name: str, values: np.ndarray) -> TensorProto:
    """Return a stored tensor."""
    return onnx.numpy_helper.from_array(np.asarray(values), name)


def kernel(*, scale: float = 0.05) -> TensorProto:
    """Return a kernel as large as a note, so that a convolution gives one value a family."""
    generator = np.random.default_rng(5)
    return weights("kernel", (scale * generator.standard_normal((11, 1, 64, 64))).astype("f4"))


def network(*after: NodeProto, last: str = "flat") -> list[NodeProto]:
    """Return nodes from ``mel`` over a convolution to ``flat`` (batch, 11), and then more.

    The tensor called ``last`` becomes the output.
    """
    nodes = [
        helper.make_node("Conv", ["mel", "kernel"], ["map"]),
        helper.make_node("Flatten", ["map"], ["flat"]),
        *after,
    ]
    return [*nodes, helper.make_node("Identity", [last], ["logits"])]


def model(
    nodes: Sequence[NodeProto] | None = None,
    *,
    input_name: str = "mel",
    input_shape: Sequence[int | str] | None = NOTE,
    input_type: int = FLOAT,
    output_name: str = "logits",
    output_shape: Sequence[int | str] | None = ("batch", 11),
    output_type: int = FLOAT,
    opset: int | None = 20,
    ir_version: int = 10,
    initializers: Sequence[TensorProto] | None = None,
    metadata: dict[str, str] | None = None,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
    change: Callable[[ModelProto], None] = lambda proto: None,
) -> bytes:
    """Return the bytes of a model; without arguments, of one that keeps the contract."""
    graph = helper.make_graph(
        network() if nodes is None else nodes,
        "test",
        [helper.make_tensor_value_info(input_name, input_type, input_shape)],
        [helper.make_tensor_value_info(output_name, output_type, output_shape)],
        [kernel()] if initializers is None else initializers,
    )
    imports = [] if opset is None else [helper.make_opsetid("", opset)]
    imports += [helper.make_opsetid(domain, 1) for domain in domains]
    proto = helper.make_model(
        graph, opset_imports=imports or [helper.make_opsetid("x", 1)], ir_version=ir_version
    )
    proto.functions.extend(functions)
    helper.set_model_props(proto, {"front_end": FRONT_END_ID} if metadata is None else metadata)
    change(proto)
    return proto.SerializeToString()


def outside(tensor: TensorProto) -> TensorProto:
    """Return a tensor whose values lie in another file."""
    tensor = TensorProto.FromString(tensor.SerializeToString())
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def branch(nodes: Sequence[NodeProto], output: str, *stored: TensorProto) -> GraphProto:
    """Return a sub-graph for ``If``."""
    out = helper.make_tensor_value_info(output, FLOAT, None)
    return helper.make_graph(nodes, output, [], [out], stored)


def conditional(then: GraphProto, otherwise: GraphProto) -> list[NodeProto]:
    """Return nodes that take one of two branches to ``flat``."""
    return [
        helper.make_node("Constant", [], ["yes"], value=weights("", np.array(True))),
        helper.make_node("If", ["yes"], ["flat"], then_branch=then, else_branch=otherwise),
        helper.make_node("Identity", ["flat"], ["logits"]),
    ]


def flat_nodes(tag: str) -> list[NodeProto]:
    """Return nodes without a convolution from ``mel`` to (batch, 11)."""
    return [
        helper.make_node("AveragePool", ["mel"], [f"p{tag}"], kernel_shape=[64, 5], strides=[1, 5]),
        helper.make_node("Flatten", [f"p{tag}"], [f"g{tag}"]),
        helper.make_node("Slice", [f"g{tag}", f"z{tag}", f"e{tag}", f"o{tag}"], [f"f{tag}"]),
    ]


def slices(tag: str) -> list[TensorProto]:
    """Return what ``flat_nodes`` slices by: the first 11 of the axis 1."""
    return [
        weights(f"z{tag}", np.array([0])),
        weights(f"e{tag}", np.array([11])),
        weights(f"o{tag}", np.array([1])),
    ]


def function(name: str, nodes: Sequence[NodeProto], *, domain: str = "my.own", opset: int = 20):
    """Return a local function of one input ``x``, one stored kernel ``k``, one output ``y``."""
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(domain or "d", 1)]
    return helper.make_function(domain, name, ["x", "k"], ["y"], nodes, imports)


def in_function(**options: object) -> bytes:
    """Return a good model whose only convolution stands in a local function."""
    body = [helper.make_node("Conv", ["x", "k"], ["y"])]
    nodes = [
        helper.make_node("Block", ["mel", "kernel"], ["map"], domain="my.own"),
        helper.make_node("Flatten", ["map"], ["logits"]),
    ]
    return model(nodes, functions=[function("Block", body, **options)], domains=["my.own"])


def recursive_function() -> bytes:
    """Return a model whose function calls itself."""
    body = [
        helper.make_node("Conv", ["x", "k"], ["z"]),
        helper.make_node("Block", ["z", "k"], ["y"], domain="my.own"),
    ]
    nodes = [
        helper.make_node("Block", ["mel", "kernel"], ["map"], domain="my.own"),
        helper.make_node("Flatten", ["map"], ["logits"]),
    ]
    return model(nodes, functions=[function("Block", body)], domains=["my.own"])


def endless_loop() -> bytes:
    """Return a model that never ends."""
    condition = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["keep"], ["keep_on"]),
            helper.make_node("Sin", ["value"], ["value_on"]),
        ],
        "body",
        [
            condition("i", TensorProto.INT64, []),
            condition("keep", TensorProto.BOOL, []),
            condition("value", FLOAT, None),
        ],
        [condition("keep_on", TensorProto.BOOL, []), condition("value_on", FLOAT, None)],
    )
    stored = [kernel(), weights("many", np.array(2**62)), weights("yes", np.array(True))]
    loop = helper.make_node("Loop", ["many", "yes", "flat"], ["late"], body=body)
    return model(network(loop, last="late"), initializers=stored)


def memory_bomb(values: int) -> bytes:
    """Return a model that makes a tensor of so many float32 values from each batch."""
    stored = [kernel(), weights("shape", np.array([values])), weights("zero", np.array([0]))]
    return model(
        network(
            helper.make_node("ReduceSum", ["flat"], ["one"], keepdims=0),
            helper.make_node("Expand", ["one", "shape"], ["huge"]),
            # two different uses, so that it can't be optimized away
            helper.make_node("Sin", ["huge"], ["waves"]),
            helper.make_node("ReduceMax", ["waves"], ["top"], keepdims=0),
            helper.make_node("ReduceMin", ["waves"], ["bottom"], keepdims=0),
            helper.make_node("Sub", ["top", "bottom"], ["range"]),
            helper.make_node("Mul", ["range", "tiny"], ["nothing"]),
            helper.make_node("Add", ["flat", "nothing"], ["sum"]),
            last="sum",
        ),
        initializers=[*stored, weights("tiny", np.float32(0))],
    )


def _then(op: str, *more: str, stored: Sequence[TensorProto] = (), **attributes: object) -> bytes:
    """Return the good model with one more operator at its end."""
    node = helper.make_node(op, ["flat", *more], ["end"], **attributes)
    return model(network(node, last="end"), initializers=[kernel(), *stored])


def _attribute_outside(proto: ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["unused"], value=outside(weights("c", np.ones(3))))
    proto.graph.node.insert(0, constant)


def _two_outputs(proto: ModelProto) -> None:
    proto.graph.output.append(helper.make_tensor_value_info("flat", FLOAT, ("batch", 11)))


def _two_inputs(proto: ModelProto) -> None:
    proto.graph.input.append(helper.make_tensor_value_info("more", FLOAT, ("batch", 11)))


def _second_front_end(proto: ModelProto) -> None:
    proto.metadata_props.add(key="front_end", value="0" * 64)


def _sparse_outside(proto: ModelProto) -> None:
    sparse = proto.graph.sparse_initializer.add()
    sparse.values.CopyFrom(outside(weights("sparse", np.ones(3, "f4"))))


MICROSOFT = helper.make_node("Gelu", ["flat"], ["end"], domain="com.microsoft")
STANDARD_FUNCTION = function("Relu", [helper.make_node("Identity", ["x"], ["y"])], domain="")
FLAT_ARGMAX = helper.make_node("ArgMax", ["flat"], ["end"], axis=1, keepdims=0)

STATIC: dict[str, tuple[bytes, Code]] = {
    "empty": (b"", Code.EMPTY_MODEL),
    "too big": (b"\0" * 32_000_001, Code.TOO_BIG),
    "text": (b"model = LectureCNN()", Code.BAD_MODEL),
    "pickle": (b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00", Code.BAD_MODEL),
    "torch file": (b"PK\x03\x04" + b"\0" * 60, Code.BAD_MODEL),
    "cut off": (model()[:-4000], Code.BAD_MODEL),
    "no nodes": (model([], output_name="mel"), Code.BAD_MODEL),
    "weights outside": (model(initializers=[outside(kernel())]), Code.EXTERNAL_DATA),
    "constant outside": (model(change=_attribute_outside), Code.EXTERNAL_DATA),
    "sparse outside": (model(change=_sparse_outside), Code.EXTERNAL_DATA),
    "outside in a branch": (
        model(
            conditional(
                branch(network()[:2], "flat", outside(weights("w", np.ones(3)))),
                branch(flat_nodes("2"), "f2"),
            )
        ),
        Code.EXTERNAL_DATA,
    ),
    "microsoft operator": (
        model(network(MICROSOFT, last="end"), domains=["com.microsoft"]),
        Code.CUSTOM_OP,
    ),
    "microsoft operator in a function": (
        model(
            [
                helper.make_node("Block", ["mel", "kernel"], ["map"], domain="my.own"),
                helper.make_node("Flatten", ["map"], ["logits"]),
            ],
            functions=[
                function(
                    "Block",
                    [
                        helper.make_node("Conv", ["x", "k"], ["z"]),
                        helper.make_node("Gelu", ["z"], ["y"], domain="com.microsoft"),
                    ],
                )
            ],
            domains=["my.own"],
        ),
        Code.CUSTOM_OP,
    ),
    "unknown function": (
        model([helper.make_node("Block", ["mel"], ["logits"], domain="my.own")]),
        Code.CUSTOM_OP,
    ),
    "redefined operator": (model(functions=[STANDARD_FUNCTION]), Code.CUSTOM_OP),
    "opset 17": (model(opset=17), Code.OPSET),
    "opset 21": (model(opset=21), Code.OPSET),
    "no opset": (model(opset=None), Code.OPSET),
    "opset 21 in a function": (in_function(opset=21), Code.OPSET),
    "ir version 11": (model(ir_version=11), Code.OPSET),
    "no convolution": (
        model(
            [*flat_nodes("1"), helper.make_node("Identity", ["f1"], ["logits"])],
            initializers=slices("1"),
        ),
        Code.NO_CONVOLUTION,
    ),
    "other front end": (model(metadata={"front_end": "0" * 64}), Code.FRONT_END),
    "two front ends": (model(change=_second_front_end), Code.FRONT_END),
    "input called x": (
        model([helper.make_node("Identity", ["x"], ["mel"]), *network()], input_name="x"),
        Code.INPUTS,
    ),
    "two inputs": (model(change=_two_inputs), Code.INPUTS),
    "32 x 32": (model(input_shape=("batch", 1, 32, 32)), Code.INPUT_SHAPE),
    "no channel": (model(input_shape=("batch", 64, 64)), Code.INPUT_SHAPE),
    "fixed batch": (model(input_shape=(1, 1, 64, 64)), Code.INPUT_SHAPE),
    "open height": (model(input_shape=("batch", 1, "h", 64)), Code.INPUT_SHAPE),
    "no input shape": (model(input_shape=None), Code.INPUT_SHAPE),
    "double input": (model(input_type=TensorProto.DOUBLE), Code.INPUT_TYPE),
    "two outputs": (model(change=_two_outputs), Code.OUTPUTS),
    "output called y": (
        model([*network(), helper.make_node("Identity", ["logits"], ["y"])], output_name="y"),
        Code.OUTPUTS,
    ),
    "ten families": (model(output_shape=("batch", 10)), Code.OUTPUT_SHAPE),
    "one vector": (model(output_shape=(11,)), Code.OUTPUT_SHAPE),
    "fixed output batch": (model(output_shape=(2, 11)), Code.OUTPUT_SHAPE),
    "labels": (
        model(
            network(FLAT_ARGMAX, last="end"),
            output_shape=("batch",),
            output_type=TensorProto.INT64,
        ),
        Code.OUTPUT_TYPE,
    ),
}
"""Refused by their bytes alone."""

RUNNING: dict[str, tuple[bytes, Code]] = {
    "missing weights": (model(initializers=[]), Code.BAD_MODEL),
    "unknown operator": (_then("NoSuchOperator"), Code.BAD_MODEL),
    "wrong shape": (
        model(
            network(helper.make_node("Concat", ["flat", "flat"], ["end"], axis=1), last="end"),
            output_shape=None,
        ),
        Code.OUTPUT_SHAPE,
    ),
    "batch written into the model": (
        _then("Reshape", "shape", stored=[weights("shape", np.array([64, 11]))]),
        Code.RUN_FAILED,
    ),
    "logarithm of negative numbers": (_then("Log"), Code.NONFINITE),
    "division by zero": (
        _then("Div", "zero", stored=[weights("zero", np.float32(0))]),
        Code.NONFINITE,
    ),
    "mean of the batch": (
        model(
            network(
                helper.make_node("ReduceMean", ["flat", "axis"], ["mean"]),
                helper.make_node("Sub", ["flat", "mean"], ["end"]),
                last="end",
            ),
            initializers=[kernel(), weights("axis", np.array([0]))],
        ),
        Code.BATCH_DEPENDENT,
    ),
    "random numbers": (
        model(
            network(
                helper.make_node("RandomNormalLike", ["flat"], ["noise"], scale=1.0),
                helper.make_node("Add", ["flat", "noise"], ["end"]),
                last="end",
            )
        ),
        Code.BATCH_DEPENDENT,
    ),
}
"""Refused when they run."""

GOOD: dict[str, bytes] = {
    "plain": model(),
    "opset 18": model(opset=18),
    "no shape declared": model(output_shape=None),
    "in a function": in_function(),
    "in a branch": model(
        conditional(
            branch(
                [
                    helper.make_node("Conv", ["mel", "kernel"], ["m1"]),
                    helper.make_node("Flatten", ["m1"], ["f1"]),
                ],
                "f1",
            ),
            branch(flat_nodes("2"), "f2"),
        ),
        initializers=[kernel(), *slices("2")],
    ),
    "no front end": model(metadata={}),
}
"""Keep the contract."""
