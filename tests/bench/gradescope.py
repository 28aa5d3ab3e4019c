"""From upload to feedback in a machine as small as Gradescope's.

Each submission gets a machine of its own, laid out as Gradescope does it, with half a
processor, 768 MB and ten minutes for all its processes, Python's start included. Two run at
the same time. Honest submissions are those of a class, some with mistakes; hostile ones do
what takes the longest or needs the most.
"""

import itertools
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import torch
from torch import nn

from grader.assignment import load_assignment
from grader.autograder.room import MEMORY_VARIABLE
from grader.hidden_split import HiddenSplit, build_hidden
from grader.release import Sealing, release_assignment
from tests.bench.classes import write_class
from tests.bench.tables import print_table
from tests.grader.container import CPUS, MEMORY_MB, SECONDS, Used, run_small
from tests.grader.road import HW3, Machine, own_python, solved_notebook, submission
from tests.submission.models import RUNNING, STATIC, endless_loop, memory_bomb
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.export import export_model

__all__ = ["run"]

AT_A_TIME = 2
N_CLASS = 16
"""Students without mistakes in their zip; half of them have some in their notebook."""


@dataclass(frozen=True)
class Seen:
    """A graded submission.

    Attributes
    ----------
    name : str
    hostile : bool
    used : Used
    code : str
        Of a model that was refused; "" for one that was accepted.
    points : float or None
        None: there was no report.
    """

    name: str
    hostile: bool
    used: Used
    code: str
    points: float | None


def run(*, small: bool) -> None:
    """Grade submissions one by one, and print what each needs.

    Parameters
    ----------
    small : bool
        A few only, to see that it works.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        sealed = _release(folder, n_notes=88 if small else 1024)
        honest = _honest(folder, small=small)
        # those that take minutes begin first
        todo = {name: (path, True) for name, path in _hostile(folder, small=small).items()}
        todo |= {name: (path, False) for name, path in honest.items()}
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            jobs = [
                pool.submit(_grade, folder / f"machine {name}", sealed, name, *what)
                for name, what in todo.items()
            ]
            _print(sorted((job.result() for job in jobs), key=lambda one: one.hostile))


def _release(folder: Path, *, n_notes: int) -> Path:
    """Return a sealed zip of homework 3."""
    build_hidden(["demo"], folder / "hidden", n_notes=n_notes, progress=False)
    sealing = Sealing(HiddenSplit.open(folder / "hidden"))
    assignment = load_assignment(HW3)
    silent = {"run": False, "say": lambda _: None}
    return release_assignment(assignment, folder / "release", sealing=sealing, **silent).zip_file


def _grade(place: Path, sealed: Path, name: str, path: Path, hostile: bool) -> Seen:
    """Grade a submission in a new machine."""
    machine = Machine(place, sealed)
    machine.lay(path)
    told = {MEMORY_VARIABLE: f"{MEMORY_MB * 2**20 / 1e6:.0f}"}  # where no cgroup tells it
    used = run_small(machine.command, {**own_python(), **told})
    try:
        first = machine.report["tests"][0]
        code = "" if first["status"] == "passed" else first["output"].partition(":")[0]
        points = sum(machine.points.values())
    except FileNotFoundError:
        code, points = "no report", None
    shutil.rmtree(place)
    return Seen(name, hostile, used, code, points)


def _honest(folder: Path, *, small: bool) -> dict[str, Path]:
    """Return what a class hands in."""
    class_ = write_class(folder / "class", 1 if small else N_CLASS)
    found = {path.stem: path for path in class_}
    book, model = {"hw3.ipynb": solved_notebook()}, {"model.onnx": _model_of(class_[0])}
    files = {"picture of 32 x 32": {**book, "model.onnx": STATIC["32 x 32"][0]}}
    if not small:
        files |= {
            "large network": {**book, "model.onnx": _large_network()},
            "no notebook": model,
            "no model": book,
            "batch statistics": {**book, "model.onnx": RUNNING["mean of the batch"][0]},
            "nothing solved": {**_book("pass"), **model},
        }
    return found | _write(folder, files)


def _hostile(folder: Path, *, small: bool) -> dict[str, Path]:
    """Return what takes longest, or needs most."""
    model = {"model.onnx": _model_of(folder / "class" / "student0000.zip")}
    files = {"ends Python": {**_book("import os\nos._exit(0)"), **model}}
    if not small:
        endless = {"model.onnx": endless_loop()}
        cells = _book(*["while True: pass"] * 20)
        files |= {
            "endless cell": {**_book("while True: pass"), **model},
            "endless cells": {**cells, **model},
            "sleeping cells": {**_book(*["import time\ntime.sleep(1e6)"] * 20), **model},
            "endless model": {**_book("pass"), **endless},
            "endless model and cells": {**cells, **endless},
            "cell that fills memory": {**_book("x = []\nwhile True: x += [bytes(9999)]"), **model},
            "cell that wants 3 GB": {**_book("x = b'x' * 3_000_000_000"), **model},
            "model that wants 2.4 GB": {**_book("pass"), "model.onnx": memory_bomb(600_000_000)},
            "cell that fills the disk": {**_book("open('x', 'wb').write(bytes(10**8))"), **model},
        }
    return _write(folder, files)


def _write(folder: Path, files: Mapping[str, Mapping[str, bytes]]) -> dict[str, Path]:
    return {name: submission(folder / f"{name}.zip", content) for name, content in files.items()}


def _model_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.onnx")


def _book(*cells: str) -> dict[str, bytes]:
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return {"hw3.ipynb": nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()}


def _large_network() -> bytes:
    """Return a network far larger than the lecture's: eight layers of 64 maps."""
    layers: list[nn.Module] = []
    sizes = [1, *[64] * 8]
    for i, (before, after) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if i % 2 else []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return export_model(nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, N_FAMILIES)))


def _print(found: Sequence[Seen]) -> None:
    rows = [
        [
            one.name,
            one.code,
            "" if one.points is None else f"{one.points:g}",
            f"{one.used.seconds:.0f}",
            f"{one.used.cpu_seconds:.1f}",
            f"{one.used.peak_mb:.0f}",
            f"{one.used.killed or ''}",
        ]
        for one in found
    ]
    columns = ["submission", "refused", "points", "seconds", "CPU-s", "peak MB", "killed"]
    how = {one.used.how for one in found}
    title = f"From upload to feedback: {CPUS:g} processor ({', '.join(how)}), {MEMORY_MB:g} MB"
    notes = []
    for kind, hostile in (("honest", False), ("hostile", True)):
        some = [one.used for one in found if one.hostile is hostile]
        p50, p95 = np.percentile([used.seconds for used in some], [50, 95])
        cpu = np.median([used.cpu_seconds for used in some])
        notes.append(
            f"{len(some)} {kind}: p50 {p50:.0f} s, p95 {p95:.0f} s, longest "
            f"{max(u.seconds for u in some):.0f} s (Gradescope ends after {SECONDS:.0f} s); median "
            f"{cpu:.1f} CPU-s, peak {max(u.peak_mb for u in some):.0f} MB"
        )
    print_table(title, columns, rows, *notes)
