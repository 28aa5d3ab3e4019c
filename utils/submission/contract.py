"""The model contract, and the checks of a model's bytes.

ONNX, opset 18–20, IR version up to 10, standard operators only; one float32 input
``mel`` ``[batch, 1, 64, 64]``, one float32 output ``logits`` ``[batch, 11]``, any batch
size, no external data, at most 32 MB; a convolution in the graph; metadata
``front_end`` and ``course_version``.

This module reads the bytes and runs nothing; :mod:`utils.submission.inference` runs
the model and judges its answers. Notebook and grader call the same functions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from utils.notes.front_end import FRONT_END, FRONT_END_ID
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import Code, Rejection

__all__ = [
    "INPUT_NAME",
    "MAX_MODEL_BYTES",
    "NOTE_SHAPE",
    "OUTPUT_NAME",
    "ModelFacts",
    "inspect_model",
]

INPUT_NAME = "mel"
OUTPUT_NAME = "logits"
NOTE_SHAPE = (1, FRONT_END.n_mels, FRONT_END.n_frames)
MAX_MODEL_BYTES = 32_000_000
MAX_IR_VERSION = 10
OPSETS = range(18, 21)
_STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
_CONVOLUTIONS = frozenset(
    {"Conv", "ConvInteger", "ConvTranspose", "DeformConv", "QLinearConv"},
)


@dataclass(frozen=True)
class ModelFacts:
    """What the file says about itself.

    Attributes
    ----------
    front_end, course_version : str
        From the metadata; "" if the file does not say.
    opset, ir_version : int
        Versions of the operators and of the format.
    n_parameters : int
        Number of values in the stored weights.
    n_bytes : int
        Size of the file.
    warnings : tuple of str
        What is odd, but allowed.
    """

    front_end: str
    course_version: str
    opset: int
    ir_version: int
    n_parameters: int
    n_bytes: int
    warnings: tuple[str, ...] = field(default=())


def inspect_model(model: bytes, *, max_bytes: int = MAX_MODEL_BYTES) -> ModelFacts:
    """Check the bytes of a model without running it.

    Parameters
    ----------
    model : bytes
        The content of ``model.onnx``.
    max_bytes : int
        Largest accepted size; compared before anything is parsed.

    Raises
    ------
    Rejection
        With the first rule that is broken.
    """
    if not model:
        raise Rejection(Code.EMPTY_MODEL, "model.onnx is empty")
    if len(model) > max_bytes:
        raise Rejection(
            Code.TOO_BIG,
            f"model.onnx has {len(model) / 1e6:.1f} MB, at most {max_bytes / 1e6:.0f} MB",
        )
    proto = _parse(model)
    _check_versions(proto)
    _check_operators(proto)
    _check_weights(proto)
    _check_input(proto)
    _check_output(proto)
    front_end, course_version, warnings = _read_metadata(proto)
    return ModelFacts(
        front_end=front_end,
        course_version=course_version,
        opset=_standard_opset(proto.opset_import),
        ir_version=proto.ir_version,
        n_parameters=sum(int(np.prod(t.dims)) for t in proto.graph.initializer),
        n_bytes=len(model),
        warnings=warnings,
    )


def _parse(model: bytes) -> onnx.ModelProto:
    """Return the parsed model; never touches another file."""
    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, RecursionError) as error:
        raise Rejection(
            Code.BAD_MODEL, f"model.onnx is not an ONNX file ({type(error).__name__})"
        ) from None
    if not proto.ir_version or not proto.graph.node:
        raise Rejection(Code.BAD_MODEL, "model.onnx holds no network")
    return proto


def _standard_opset(imports: object) -> int:
    """Return the version of the standard operators among opset imports, 0 if none."""
    versions = [o.version for o in imports if o.domain in _STANDARD_DOMAINS]  # type: ignore[attr-defined]
    return int(versions[0]) if len(versions) == 1 else 0


def _check_versions(proto: onnx.ModelProto) -> None:
    """Refuse formats and operator versions that the pinned onnxruntime was not tested with."""
    if proto.ir_version > MAX_IR_VERSION:
        raise Rejection(
            Code.OPSET, f"IR version {proto.ir_version}, expected at most {MAX_IR_VERSION}"
        )
    for owner, imports in (
        ("the model", proto.opset_import),
        *((f"function {f.name!r}", f.opset_import) for f in proto.functions),
    ):
        version = _standard_opset(imports)
        if version not in OPSETS:
            raise Rejection(
                Code.OPSET,
                f"{owner} uses opset {version or 'none'}, expected {OPSETS[0]} to {OPSETS[-1]}",
            )


def _check_operators(proto: onnx.ModelProto) -> None:
    """Refuse operators from elsewhere; a call of a function in the file itself is fine."""
    functions = {(f.domain, f.name, f.overload) for f in proto.functions}
    for domain, name, _ in functions:
        if domain in _STANDARD_DOMAINS:
            raise Rejection(Code.CUSTOM_OP, f"a function redefines the operator {name!r}")
    has_convolution = False
    for node in _all_nodes(proto):
        if node.domain in _STANDARD_DOMAINS:
            has_convolution |= node.op_type in _CONVOLUTIONS
        elif (node.domain, node.op_type, node.overload) not in functions:
            raise Rejection(
                Code.CUSTOM_OP, f"operator {node.op_type!r} of {node.domain!r} is not standard"
            )
    if not has_convolution:
        raise Rejection(Code.NO_CONVOLUTION, "no convolution in the network")


def _check_weights(proto: onnx.ModelProto) -> None:
    """Refuse weights that lie in another file."""
    for tensor in _all_tensors(proto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise Rejection(
                Code.EXTERNAL_DATA, f"the weights {tensor.name!r} are kept in another file"
            )


def _nodes_of(nodes: object) -> Iterator[onnx.NodeProto]:
    """Yield nodes and those of all sub-graphs in their attributes."""
    for node in nodes:  # type: ignore[attr-defined]
        yield node
        for graph in _graphs_of(node):
            yield from _nodes_of(graph.node)


def _graphs_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the sub-graphs (branches, loop bodies) of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _all_nodes(proto: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Yield every node of the model: graph, sub-graphs, functions."""
    yield from _nodes_of(proto.graph.node)
    for function in proto.functions:
        yield from _nodes_of(function.node)


def _all_tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Yield every stored tensor: weights of all graphs, constants in all attributes."""
    graphs = [proto.graph]
    for node in _all_nodes(proto):
        graphs.extend(_graphs_of(node))
        for attribute in node.attribute:
            yield from _tensors_of(attribute)
    for function in proto.functions:
        for attribute in function.attribute_proto:
            yield from _tensors_of(attribute)
    for graph in graphs:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)


def _tensors_of(attribute: onnx.AttributeProto) -> Iterator[onnx.TensorProto]:
    """Yield the tensors that an attribute holds."""
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    sparse = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
    for tensor in (*sparse, *attribute.sparse_tensors):
        yield from (tensor.values, tensor.indices)


def _dimensions(value: onnx.ValueInfoProto) -> list[int | None] | None:
    """Return the declared shape, None for a free dimension; None if nothing is declared."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]


def _type_name(value: onnx.ValueInfoProto) -> str:
    """Return the declared type of the elements, in words."""
    if not value.type.HasField("tensor_type"):
        return "not a tensor"
    number = value.type.tensor_type.elem_type
    try:
        return str(onnx.TensorProto.DataType.Name(number)).lower()
    except ValueError:
        return f"type {number}"


def _show(shape: list[int | None] | None) -> str:
    """Return a shape in words, e.g. ``[batch, 1, 64, 64]``."""
    if shape is None:
        return "no shape"
    return f"[{', '.join('?' if d is None else str(d) for d in shape)}]"


def _check_input(proto: onnx.ModelProto) -> None:
    """Refuse anything but one float32 input ``mel`` [batch, 1, 64, 64]."""
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in weights]
    names = [value.name for value in inputs]
    if names != [INPUT_NAME]:
        raise Rejection(Code.INPUTS, f"inputs {names}, expected ['{INPUT_NAME}']")
    if (kind := _type_name(inputs[0])) != "float":
        raise Rejection(Code.INPUT_TYPE, f"the input is {kind}, expected float (float32)")
    shape = _dimensions(inputs[0])
    expected = f"[batch, {', '.join(map(str, NOTE_SHAPE))}]"
    if shape is None or len(shape) != 4 or tuple(shape[1:]) != NOTE_SHAPE:
        raise Rejection(Code.INPUT_SHAPE, f"the input is {_show(shape)}, expected {expected}")
    if shape[0] is not None:
        raise Rejection(
            Code.INPUT_SHAPE,
            f"the batch size is fixed to {shape[0]}, expected {expected} with any batch",
        )


def _check_output(proto: onnx.ModelProto) -> None:
    """Refuse anything but one float32 output ``logits`` [batch, 11].

    A shape that the file leaves open is checked when the model runs.
    """
    names = [value.name for value in proto.graph.output]
    if names != [OUTPUT_NAME]:
        raise Rejection(Code.OUTPUTS, f"outputs {names}, expected ['{OUTPUT_NAME}']")
    output = proto.graph.output[0]
    if (kind := _type_name(output)) != "float":
        raise Rejection(Code.OUTPUT_TYPE, f"the output is {kind}, expected float (float32)")
    shape = _dimensions(output)
    if shape is None:
        return
    if len(shape) != 2 or shape[1] not in (None, N_FAMILIES) or shape[0] is not None:
        raise Rejection(
            Code.OUTPUT_SHAPE,
            f"the output is {_show(shape)}, expected [batch, {N_FAMILIES}] with any batch",
        )


def _read_metadata(proto: onnx.ModelProto) -> tuple[str, str, tuple[str, ...]]:
    """Return front end, course version and warnings; refuse a different front end."""
    values: dict[str, set[str]] = {}
    for entry in proto.metadata_props:
        values.setdefault(entry.key, set()).add(entry.value)
    front_ends = values.get("front_end", set()) - {""}
    if front_ends - {FRONT_END_ID}:
        other = min(front_ends - {FRONT_END_ID})
        raise Rejection(Code.FRONT_END, f"front end {other[:12]!r}, expected {FRONT_END_ID[:12]!r}")
    warnings: tuple[str, ...] = ()
    if not front_ends:
        warnings = ("the file does not say which front end the model was trained on",)
    versions = values.get("course_version", {""})
    return FRONT_END_ID if front_ends else "", min(versions)[:40], warnings
