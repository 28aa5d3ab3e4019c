"""Builds model files that lie about themselves, or are none."""

import io
import os
import pickle
from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, helper

from tests.submission.models import FLOAT, kernel, model, outside, weights


def touch(path: str) -> bytes:
    """Return a pickle that makes a file when it is read."""

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {path}",)

    return pickle.dumps(Evil())


def ort_format() -> bytes:
    """Return a good model in onnxruntime's own format."""
    import tempfile

    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.save_model_format", "ORT")
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/model.ort"
        onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
        with open(options.optimized_model_filepath, "rb") as file:  # noqa: PTH123
            return file.read()


def torch_pickle() -> bytes:
    """Return what ``torch.save(model)`` writes."""
    import torch

    content = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, content)
    return content.getvalue()


def stored_outside(location: str, **more: str) -> bytes:
    """Return a model whose weights are said to lie in some file."""
    tensor = outside(kernel())
    del tensor.external_data[:]
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=value)
    return model(initializers=[tensor])


def outside_by_half() -> bytes:
    """Return a model whose weights are inside, and name a file all the same."""
    tensor = kernel()
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model(initializers=[tensor])


def outside_while_training() -> bytes:
    """Return a model with weights outside in the part that is for training."""

    def change(proto: ModelProto) -> None:
        proto.training_info.add().initialization.initializer.append(outside(kernel()))

    return model(change=change)


def with_imports(*pairs: tuple[str, int]) -> bytes:
    """Return a model that asks for versions of operators."""

    def change(proto: ModelProto) -> None:
        del proto.opset_import[:]
        proto.opset_import.extend(helper.make_opsetid(domain, n) for domain, n in pairs)

    return model(change=change)


def lying_tensor(dims: Sequence[int]) -> bytes:
    """Return a model with a stored tensor that says that it is larger than it is."""
    tensor = kernel()
    del tensor.dims[:]
    tensor.dims.extend(dims)
    return model(initializers=[tensor])


def lying_protobuf() -> bytes:
    """Return a field that says that it has 2 GB."""
    return b"\x08\x0a\x3a\xff\xff\xff\xff\x07" + b"\0" * 1000


def named(text: str) -> bytes:
    """Return a model whose second output has a name that a terminal or browser might obey."""

    def change(proto: ModelProto) -> None:
        proto.graph.output.append(helper.make_tensor_value_info(text, FLOAT, ("batch", 11)))

    return model(change=change)


def talkative() -> bytes:
    """Return a model with 30 MB of words."""

    def change(proto: ModelProto) -> None:
        proto.doc_string = "words " * 5_000_000

    return model(change=change)


def much_metadata() -> bytes:
    """Return a model with 100 000 entries of metadata."""

    def change(proto: ModelProto) -> None:
        for i in range(100_000):
            proto.metadata_props.add(key=f"key {i}", value="<b>")

    return model(change=change)


def said(**words: str) -> bytes:
    """Return a model with metadata."""

    def change(proto: ModelProto) -> None:
        for key, value in words.items():
            proto.metadata_props.add(key=key, value=value)

    return model(change=change)


def sparse_with_wild_indices() -> bytes:
    """Return a sparse tensor whose indices point outside."""

    def change(proto: ModelProto) -> None:
        sparse = proto.graph.sparse_initializer.add()
        sparse.values.CopyFrom(weights("unused", np.ones(2, "f4")))
        sparse.indices.CopyFrom(weights("", np.array([-(2**40), 2**40])))
        sparse.dims.extend([11])

    return model(change=change)
