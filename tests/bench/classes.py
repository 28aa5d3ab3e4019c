"""Classes of made-up students, whose models and notebooks are real ones."""

import json
import random
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch

from grader.demo_models import BatchNormCNN, ConvGRU
from grader.hidden_split import build_hidden
from tests.grader.road import HW3, solved_notebook
from utils.models.lecture_cnn import LectureCNN
from utils.submission.export import export_model
from utils.training.history import Epoch, History

__all__ = ["lent_class", "models", "write_class"]

KINDS = (LectureCNN, LectureCNN, LectureCNN, ConvGRU, BatchNormCNN)
"""What students hand in: mostly the network of the lecture."""

WRONG_CELLS = (0, 0, 1, 3)
"""How many cells a student gets wrong, each as often as the others."""


def models() -> Iterator[bytes]:
    """Yield models for ever; no two are the same, and each is as much work as a trained one."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        exported = {kind: export_model(kind()) for kind in set(KINDS)}
    chance = np.random.default_rng(0)
    while True:
        for kind in KINDS:
            model = onnx.load_from_string(exported[kind])
            for tensor in model.graph.initializer:
                values = onnx.numpy_helper.to_array(tensor)
                if values.dtype == np.float32 and values.size > 100:
                    changed = values + 0.02 * chance.standard_normal(values.shape)
                    tensor.raw_data = changed.astype("<f4").tobytes()
            yield model.SerializeToString()


@contextmanager
def lent_class(
    number: int, *, n_notes: int, notebooks: bool = True
) -> Iterator[tuple[list[Path], Path]]:
    """Lend the submissions of a class, and a hidden split."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # a sandbox has a user of its own
        paths = write_class(folder / "class", number, notebooks=notebooks)
        build_hidden(["demo"], folder / "hidden", n_notes=n_notes, progress=False)
        yield paths, folder / "hidden"


def write_class(folder: Path, number: int, *, notebooks: bool = True) -> list[Path]:
    """Write submissions, with notebooks of which half are solved; return their paths."""
    folder.mkdir(parents=True)
    solved = solved_notebook()
    epochs = [Epoch(n, 2 / n, 0.1 * n, 2 / n, 0.1 * n, 1e-3, 9.0) for n in range(1, 6)]
    History(epochs, status="finished").save(folder / "history.json")
    history = (folder / "history.json").read_bytes()
    (folder / "history.json").unlink()
    paths = [folder / f"student{i:04}.zip" for i in range(number)]
    for path, model in zip(paths, models(), strict=False):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.onnx", model)
            if notebooks:
                archive.writestr("hw3.ipynb", _notebook(solved, path.stem))
                archive.writestr("history.json", history)
    return paths


def _notebook(solved: bytes, student: str) -> str:
    """Return a student's notebook: half of them get some cells wrong."""
    chance = random.Random(student)
    book = json.loads(solved)
    book["metadata"]["student"] = student  # so that no two are the same
    book["metadata"]["otter"] = {"assignment_name": HW3}  # stock otter asks for it
    functions = [cell for cell in book["cells"] if "    return " in "".join(cell["source"])]
    for cell in chance.sample(functions, chance.choice(WRONG_CELLS)):
        cell["source"] = "".join(cell["source"]).replace("    return ", "    return None and ", 1)
    return json.dumps(book)
