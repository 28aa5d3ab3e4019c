"""In the child: lock down, read the request, run the model, write one reply.

Started either as a new process (request on standard input, reply on standard output)
or forked from the zygote.
"""

import os
from typing import BinaryIO

import numpy as np
import onnx
from onnx import TensorProto, helper

from grader.sandbox.layers import lock_down
from grader.sandbox.protocol import Layer, Reply, Request
from utils.notes.store_reader import dequantize
from utils.submission.codes import Code, Rejection
from utils.submission.contract import INPUT_NAME, NOTE_SHAPE, OUTPUT_NAME, inspect_model
from utils.submission.inference import run_model

__all__ = ["answer", "compute", "main", "probe_model"]


def main() -> None:
    """Serve one request as a process of its own."""
    with open(0, "rb", closefd=False) as request:
        answer(request, 1)


def answer(request: BinaryIO, reply_fd: int) -> None:
    """Read a request, lock down, and write the reply to a file descriptor."""
    header = Request.read_header(request)
    layers = lock_down(header)
    missing = [x for x in layers if not x.active and x.name in header["required"]]
    if missing:
        # not a byte of the student is read then
        detail = "; ".join(f"without “{layer.name}”: {layer.note}" for layer in missing)
        reply = Reply(layers, code=Code.INFRA_ERROR, detail=detail)
    else:
        reply = compute(Request.read_body(header, request), layers)
    rest = memoryview(reply.to_bytes())
    while rest:
        rest = rest[os.write(reply_fd, rest) :]


def compute(request: Request, layers: tuple[Layer, ...] = ()) -> Reply:
    """Return the reply to a request."""
    try:
        facts = inspect_model(request.model, max_bytes=request.max_model_bytes)
        inputs = dequantize(request.mels)[:, None]
        answers = run_model(request.model, inputs, request.repeats, flush_denormals=True)
    except Rejection as rejection:
        return Reply(layers, code=rejection.code, detail=rejection.detail)
    except MemoryError:
        return Reply(layers, code=Code.MEMORY, detail="out of memory")
    except Exception as error:
        # a mistake of ours, or of a library: never the student's
        detail = f"{type(error).__name__} in the sandbox: {error}"
        return Reply(layers, code=Code.INFRA_ERROR, detail=detail)
    return Reply(
        layers,
        answers=answers,
        front_end=facts.front_end,
        warnings=facts.warnings,
        n_parameters=facts.n_parameters,
    )


def probe_model() -> bytes:
    """Return the smallest model that keeps the contract, to warm up and to try the sandbox."""
    kernel = np.full((11, 1, *NOTE_SHAPE[1:]), 1e-3, np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", [INPUT_NAME, "kernel"], ["map"]),
            helper.make_node("Flatten", ["map"], [OUTPUT_NAME]),
        ],
        "probe",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["batch", *NOTE_SHAPE])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", 11])],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return model.SerializeToString()


if __name__ == "__main__":
    main()
