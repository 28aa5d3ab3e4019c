"""A small homework, and a hidden split whose labels can be recognized wherever they turn up.

Every text that must stay with the grader (names of groups, the hidden tests' expected
values) is a canary: it begins with :data:`MARK`, which an attacker may know and search for.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.assignment import Assignment, load_assignment
from grader.autograder.seal import seal_zip
from grader.hidden_split import INPUTS, LABELS, MANIFEST, HiddenSplit, build_hidden
from grader.notebook.process import NotebookLimits
from tests.grader.notebooks import otter_file
from utils.notes.embedded import load_notes

__all__ = ["GOOD_CELLS", "LIMITS", "MARK", "POINTS", "Course", "make_course"]

MARK = "canary-of-"
N_NOTES = 88
_IN_LABELS, _IN_TESTS = "zgroupzgroupzgroup", "ztestztestztestztest"

LIMITS = NotebookLimits(cpu_seconds=8, wall_seconds=40, cell_seconds=2, memory_mb=700, disk_mb=20)
"""Of notebooks here: what never ends shall not take a minute each time."""

POINTS = {"q1": 4.0, "q2": 2.0}
GOOD_CELLS = (
    "def add(a, b):\n    return a + b",
    "answer = [1.5, 2]",
)

_TOML = """
format = 1
name = "adversary"
title = "Homework under attack"
notebook = "hw3.ipynb"
submission = ["hw3.ipynb", "model.onnx", "history.json"]

[training_data]
dataset = "embedded"
kind = "general-midi"

[model_question]
name = "q8_model"
points = 20
test_points = 4

[credit]
points = 16
curve = [[0.05, 0.0], [0.70, 1.0]]

[limits]
cpu_seconds = 3
wall_seconds = 60
memory_mb = 500
"""
_MODEL_TEST = otter_file(
    "q8_model",
    ("model_score", "    assert 0 <= model_score.value <= 1", 2, False),
    ("model_score", "    assert model_score.split == 'hidden'", 2, True),
)


@dataclass(frozen=True)
class Course:
    """What grading needs.

    Attributes
    ----------
    assignment : Assignment
    hidden : Path
    sealed : Path
        The autograder zip.
    secrets : dict of str to str or bytes
        What must be in no output.
    """

    assignment: Assignment
    hidden: Path
    sealed: Path
    secrets: Mapping[str, str | bytes]


def make_course(folder: Path) -> Course:
    """Write assignment, hidden split and sealed zip."""
    (folder / "adversary").mkdir()
    (folder / "adversary/assignment.toml").write_text(_TOML)
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    (folder / "adversary/hw3.ipynb").write_text(json.dumps(book))
    assignment = load_assignment(folder / "adversary")
    hidden, secrets = _hidden_with_canaries(folder / "hidden")
    otters = folder / "otters.zip"
    with zipfile.ZipFile(otters, "w") as archive:
        archive.writestr("otter_config.json", "{}")
        for name, source in _tests().items():
            archive.writestr(f"tests/{name}.py", source)
    sealed = folder / "sealed.zip"
    practice = load_notes().split("practice")
    seal_zip(
        otters,
        sealed,
        assignment,
        practice=practice.subset(np.arange(0, len(practice), 9)),
        hidden=HiddenSplit.open(hidden),
    )
    return Course(assignment, hidden, sealed, secrets)


def _tests() -> dict[str, str]:
    """Return the tests of all questions; the hidden ones hold a canary."""
    secret = f"    secret = {MARK + _IN_TESTS!r}\n"
    return {
        "q1": otter_file(
            "q1",
            ("add", '    hint = "add the two"\n    assert add(1, 2) == 3, hint', 1, False),
            ("add", f"{secret}    assert add(20, 22) == 42, secret", 3, True),
        ),
        "q2": otter_file(
            "q2", ("answer", f"{secret}    assert answer == [1.5, 2], secret", 2, True)
        ),
        "q8_model": _MODEL_TEST,
    }


def _hidden_with_canaries(folder: Path) -> tuple[Path, dict[str, str | bytes]]:
    """Return a hidden split whose groups are called by canaries, and what must stay in it."""
    folder.with_name("key").write_text("the same order in every run")
    build_hidden(
        ["demo"],
        folder,
        n_notes=N_NOTES,
        progress=False,
        secret_file=folder.with_name("key"),
    )
    with np.load(folder / LABELS) as labels:
        columns = {name: labels[name] for name in labels.files}
    names = {g: f"{MARK}{i:03}-{_IN_LABELS}" for i, g in enumerate(sorted({*columns["group"]}))}
    columns["group"] = np.array([names[group] for group in columns["group"]])
    np.savez(folder / LABELS, **columns)
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in (INPUTS, LABELS):
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    families = columns["family"]
    secrets: dict[str, str | bytes] = {
        f"families as {kind}": families.astype(kind).tobytes() for kind in ("u1", "i4", "i8")
    }
    secrets["families as JSON"] = json.dumps(families.tolist())
    return folder, secrets | {"groups": _IN_LABELS, "hidden tests": _IN_TESTS}
