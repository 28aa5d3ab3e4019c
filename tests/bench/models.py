"""Hundreds of models without notebooks; beside it, onnxruntime alone on some of them."""

import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from grader.hidden_split import HiddenSplit
from tests.bench import batch
from tests.bench.classes import lent_class
from tests.bench.memory import cpu_seconds
from tests.bench.tables import print_table
from utils.notes.embedded import load_notes
from utils.notes.store import dequantize

BATCH = 64


def run(*, small: bool) -> None:
    """Grade a class both ways; print what a model takes, and whether memory grows."""
    number, alone = (5, 2) if small else (300, 20)
    n_notes = 88 if small else 1024
    with lent_class(number, n_notes=n_notes, notebooks=False) as (paths, place):
        hidden = HiddenSplit.open(place)
        ours = batch.grade(paths[0].parent, place, jobs=1, notebooks=False)
        practice = load_notes().split("practice").mels_uint8()
        notes = dequantize(np.concatenate([hidden.mels, practice]))[:, None]
        seconds, cpu = without_sandbox(paths[:alone], notes)
    rows = [
        _row("this grader, 1 job", number, ours.seconds, ours.cpu_seconds),
        _row("onnxruntime, no sandbox", alone, seconds, cpu),
    ]
    grader, waiting = (1024 * mb / number for mb in ours.growth_mb)
    print_table(
        f"{number} models on {len(notes):,} notes",
        ("", "models", "s", "models/s", "CPU-s a model"),
        rows,
        "This grader runs some notes again, in other batches, and writes a page for each model.",
        f"Its processes need {ours.peak_mb:.0f} MB at most. From the second to the last fifth of "
        f"the run they grow by {grader:+.1f} kB a model (grader; some hundred models fill SQLite's "
        f"cache of 2 MB) and {waiting:+.1f} kB (sandbox).",
    )


def without_sandbox(paths: Sequence[Path], notes: np.ndarray) -> tuple[float, float]:
    """Run models in this process, as anybody would; return seconds and processor seconds."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    began, before = time.monotonic(), cpu_seconds()
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            session = onnxruntime.InferenceSession(archive.read("model.onnx"), options)
        for start in range(0, len(notes), BATCH):
            session.run(None, {"mel": notes[start : start + BATCH]})
    return time.monotonic() - began, cpu_seconds() - before


def _row(name: str, number: int, seconds: float, cpu: float) -> tuple[str, ...]:
    return name, str(number), f"{seconds:.1f}", f"{number / seconds:.1f}", f"{cpu / number:.2f}"
