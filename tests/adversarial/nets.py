"""Models that attack what loads or runs them."""

from collections.abc import Callable
from functools import partial

import numpy as np
from onnx import TensorProto

from tests.adversarial.files import (
    lying_protobuf,
    lying_tensor,
    much_metadata,
    named,
    ort_format,
    outside_by_half,
    outside_while_training,
    said,
    sparse_with_wild_indices,
    stored_outside,
    talkative,
    torch_pickle,
    touch,
    with_imports,
)
from tests.adversarial.graphs import (
    at_position,
    batch_statistics,
    big,
    branches_in_branches,
    circle,
    denormal,
    ending,
    folded,
    growing,
    hiding_behind_one,
    hundred_thousand_nodes,
    laughs,
    loop_over_constants,
    nested_bytes,
    node,
    of_batch_size,
    one_note_alone_is_nan,
    own_batch_statistics,
    random,
    reveals_notes,
    rows,
    sequence_output,
    train_mode,
    wild,
    wild_convolution,
)
from tests.grader.test_sandbox import batch_dependent
from tests.submission.models import (
    FLOAT,
    GOOD,
    RUNNING,
    STATIC,
    endless_loop,
    memory_bomb,
    model,
    recursive_function,
    weights,
)
from utils.submission.codes import Code

__all__ = ["NETS", "Verdict"]

Verdict = Code | frozenset[Code | None] | None
"""The code; None: graded; several where it depends on the machine which limit is met first."""

_GENERATOR = np.random.default_rng(13)
_I, _F = np.int64, np.float32
_WILD: Verdict = frozenset({Code.BAD_MODEL, Code.RUN_FAILED})
_SLOW_OR_LARGE: Verdict = frozenset({Code.TIMEOUT, Code.MEMORY, Code.BAD_MODEL, Code.CRASH})

_FILES: dict[str, tuple[Callable[[], bytes], Verdict]] = {
    "random bytes": (lambda: _GENERATOR.bytes(100_000), Code.BAD_MODEL),
    "zeros": (lambda: bytes(100_000), Code.BAD_MODEL),
    "half of it": (lambda: model()[: len(model()) // 2], Code.BAD_MODEL),
    "a pickle that runs code": (lambda: touch("/tmp/adversary-was-here"), Code.BAD_MODEL),
    "a file of torch.save": (torch_pickle, Code.BAD_MODEL),
    "onnxruntime's own format": (ort_format, Code.BAD_MODEL),
    "a notebook": (lambda: b'{"cells": []}', Code.BAD_MODEL),
    "an ELF program": (lambda: b"\x7fELF" + bytes(1000), Code.BAD_MODEL),
    "a field of 2 GB": (lying_protobuf, Code.BAD_MODEL),
    "30 MB of words": (talkative, None),
    "100 000 entries of metadata": (much_metadata, None),
    "HTML for a front end": (lambda: said(front_end="<script>alert(1)</script>"), Code.FRONT_END),
    "codes for a front end": (lambda: said(front_end="\x1b[2J\u202e\n" * 99), Code.FRONT_END),
    "HTML for a course": (lambda: said(course_version="<script>alert(1)</script>\x1b[2J"), None),
    "settings of onnxruntime": (
        lambda: said(ort_config='{"session_options": {"inter_op_num_threads": 99}}'),
        None,
    ),
    "weights in /proc": (lambda: stored_outside("/proc/self/environ"), Code.EXTERNAL_DATA),
    "weights in /etc": (lambda: stored_outside("/etc/passwd", offset="0"), Code.EXTERNAL_DATA),
    "weights upwards": (
        lambda: stored_outside("../../source/files/private/hidden/labels.npz"),
        Code.EXTERNAL_DATA,
    ),
    "weights beside it": (lambda: stored_outside("weights.bin"), Code.EXTERNAL_DATA),
    "weights in itself": (lambda: stored_outside("model.onnx", length="9"), Code.EXTERNAL_DATA),
    "weights in memory": (
        lambda: stored_outside("*/_ORT_MEM_ADDR_/*", offset="4096", length="180224"),
        Code.EXTERNAL_DATA,
    ),
    "weights inside and outside": (outside_by_half, Code.EXTERNAL_DATA),
    # nothing reads that part
    "weights outside while training": (outside_while_training, None),
    "opset 2**62": (lambda: model(opset=2**62), Code.OPSET),
    "opset -1": (lambda: model(opset=-1), Code.OPSET),
    "two opsets": (lambda: with_imports(("", 20), ("", 999)), Code.OPSET),
    "two names of one opset": (lambda: with_imports(("", 20), ("ai.onnx", 999)), Code.OPSET),
    "IR version 2**60": (lambda: model(ir_version=2**60), Code.OPSET),
    "IR version -1": (lambda: model(ir_version=-1), None),
    "machine learning domain": (
        lambda: ending(
            node("Normalizer", ["flat"], ["end"], domain="ai.onnx.ml"), domains=["ai.onnx.ml"]
        ),
        Code.CUSTOM_OP,
    ),
    "training domain": (
        lambda: ending(
            node("Adam", ["flat"], ["end"], domain="ai.onnx.preview.training"),
            domains=["ai.onnx.preview.training"],
        ),
        Code.CUSTOM_OP,
    ),
    "operator of nobody": (
        lambda: ending(node("Shell", ["flat"], ["end"], domain="evil")),
        Code.CUSTOM_OP,
    ),
    "python operator": (
        lambda: ending(
            node("PyOp", ["flat"], ["end"], domain="pyopmulti_1", module="os", compute="system"),
            domains=["pyopmulti_1"],
        ),
        Code.CUSTOM_OP,
    ),
    "circle": (circle, Code.BAD_MODEL),
    "a name for two tensors": (
        lambda: ending(node("Neg", ["flat"], ["end"]), node("Abs", ["flat"], ["end"])),
        Code.BAD_MODEL,
    ),
    "tensor larger than its data": (lambda: lying_tensor([11, 1, 64, 640]), Code.BAD_MODEL),
    "tensor of 4e18 values": (lambda: lying_tensor([2**31, 2**31]), Code.BAD_MODEL),
    "tensor of negative size": (lambda: lying_tensor([-11, 1, 64, 64]), Code.BAD_MODEL),
    "sparse tensor with wild indices": (sparse_with_wild_indices, Code.BAD_MODEL),
    "function that calls itself": (recursive_function, Code.BAD_MODEL),
    "branches 20 deep": (lambda: branches_in_branches(20), None),
    "branches 1 000 deep": (lambda: nested_bytes(1000), Code.BAD_MODEL),
    "output called like HTML": (lambda: named("<script>alert(1)</script>"), Code.OUTPUTS),
    "output called like a terminal's code": (
        lambda: named("\x1b]0;x\x07\x1b[2J\r\n"),
        Code.OUTPUTS,
    ),
    "output called like a formula": (lambda: named('=HYPERLINK("http://x")'), Code.OUTPUTS),
    "output with a very long name": (lambda: named("n" * 1_000_000), Code.OUTPUTS),
    "output that is a sequence": (sequence_output, Code.OUTPUT_TYPE),
}
_ANSWERS: dict[str, tuple[Callable[[], bytes], Verdict]] = {
    "noise behind a huge constant": (
        lambda: ending(
            node("RandomNormalLike", ["flat"], ["n"], scale=9.0),
            node("Add", ["flat", "n"], ["m"]),
            node("Add", ["m", "b"], ["end"]),
            stored=[weights("b", np.array([0] * 10 + [-1e30], "f4"))],
        ),
        Code.BATCH_DEPENDENT,
    ),
    "one row for all": (lambda: rows(1), Code.OUTPUT_SHAPE),
    "no row": (lambda: rows(0), Code.OUTPUT_SHAPE),
    "63 rows": (lambda: rows(63), Code.OUTPUT_SHAPE),
    "all at a position": (lambda: at_position(0), Code.BATCH_DEPENDENT),
    "note 17 of a batch": (lambda: at_position(17), Code.BATCH_DEPENDENT),
    "batches of 64": (lambda: of_batch_size(64), Code.BATCH_DEPENDENT),
    "batches of 1": (lambda: of_batch_size(1), Code.BATCH_DEPENDENT),
    "NaN for a note alone": (one_note_alone_is_nan, Code.BATCH_DEPENDENT),
    # onnxruntime leaves such dropout out, so the answers are those of eval mode
    "dropout in train mode": (train_mode, None),
    "batch norm in train mode": (batch_statistics, Code.BATCH_DEPENDENT),
    "normed by the batch": (own_batch_statistics, Code.BATCH_DEPENDENT),
    "noise behind huge logits of few notes": (hiding_behind_one, Code.BATCH_DEPENDENT),
    "normal noise": (lambda: random("RandomNormalLike"), Code.BATCH_DEPENDENT),
    "noise with a seed": (lambda: random("RandomNormalLike", seed=1.0), Code.BATCH_DEPENDENT),
    "uniform noise": (lambda: random("RandomUniformLike", low=-9.0), Code.BATCH_DEPENDENT),
    "infinity": (lambda: wild("Mul", {"m": np.full(11, 3e38, _F)}), Code.NONFINITE),
    "denormal numbers": (denormal, None),
}
_COSTS: dict[str, tuple[Callable[[], bytes], Verdict]] = {
    "endless loop": (endless_loop, Code.TIMEOUT),
    "endless loop over constants": (loop_over_constants, Code.TIMEOUT),
    "products of constants": (lambda: folded(3000, 60), Code.TIMEOUT),
    "growing in a loop": (growing, Code.MEMORY),
    "100 GB at work": (lambda: memory_bomb(25 * 10**9), Code.MEMORY),
    "2.4 GB at work": (lambda: memory_bomb(6 * 10**8), Code.MEMORY),
    "900 MB at work": (lambda: memory_bomb(225 * 10**6), Code.MEMORY),
    "100 GB while loading": (lambda: big(25 * 10**9), Code.MEMORY),
    "2.4 GB while loading": (lambda: big(6 * 10**8), Code.MEMORY),
    "more bytes than there are numbers": (lambda: big(2**62), Code.RUN_FAILED),
    "100 000 nodes": (hundred_thousand_nodes, Code.TIMEOUT),
    "a billion laughs": (lambda: laughs(40), _SLOW_OR_LARGE),
    "functions 3 000 deep": (lambda: laughs(3000, uses=1), _SLOW_OR_LARGE),
    "index from the notes": (reveals_notes, Code.RUN_FAILED),
    "rows from the notes": (lambda: reveals_notes(shape=True), Code.OUTPUT_SHAPE),
    "index out of bounds": (
        lambda: wild("Gather", {"i": np.array([2**40])}, axis=1),
        Code.RUN_FAILED,
    ),
    "negative index": (
        lambda: wild("Gather", {"i": np.array([-(2**62)])}, axis=1),
        Code.RUN_FAILED,
    ),
    "tile to 2**60": (lambda: wild("Tile", {"n": np.array([2**30, 2**30])}), Code.RUN_FAILED),
    "pad by 2**61": (lambda: wild("Pad", {"n": np.array([0, 0, 0, 2**61])}), Code.RUN_FAILED),
    "pad by -2**61": (lambda: wild("Pad", {"n": np.array([0, -(2**61), 0, 0])}), Code.RUN_FAILED),
    "reshape to overflow": (
        lambda: wild("Reshape", {"s": np.array([2**32, 2**32])}),
        Code.BAD_MODEL,
    ),
    "division by zero of integers": (
        lambda: ending(
            node("Cast", ["flat"], ["whole"], to=TensorProto.INT64),
            node("Div", ["whole", "zero"], ["bad"]),
            node("Cast", ["bad"], ["end"], to=FLOAT),
            stored=[weights("zero", np.zeros(11, _I))],
        ),
        Code.BAD_MODEL,
    ),
    "steps of 0": (lambda: wild_convolution(strides=[0, 0]), _WILD),
    "dilation of 2**40": (lambda: wild_convolution(dilations=[2**40, 2**40]), _WILD),
    "padding of 2**40": (lambda: wild_convolution(pads=[2**40] * 4), _WILD),
    "no group": (lambda: wild_convolution(group=0), _WILD),
    "kernel of another shape": (lambda: wild_convolution(kernel_shape=[9, 9]), _WILD),
}

NETS: dict[str, tuple[Callable[[], bytes], Verdict]] = {
    **{f"contract: {name}": (partial(bytes, x), code) for name, (x, code) in STATIC.items()},
    **{f"contract: {name}": (partial(bytes, x), code) for name, (x, code) in RUNNING.items()},
    **{f"good: {name}": (partial(bytes, content), None) for name, content in GOOD.items()},
    **{
        f"batch: {name}": (partial(bytes, content), Code.BATCH_DEPENDENT)
        for name, content in batch_dependent().items()
    },
    **_FILES,
    **_ANSWERS,
    **_COSTS,
}
"""Name → how to make it, and the code that it gets."""
