"""What a worker of a cluster does: run a model or a notebook, and send plain data back.

A worker never sees a label. It gets the spectrograms once, under their hash, the bytes of a
model, and the positions that are run again; it returns logits. For a notebook it gets the
files and the tests of the questions, which run in the worker, while the student's code runs
in the worker's sandbox. A worker that lost the spectrograms, or never had them, asks.
"""

import atexit
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.assignment import Assignment, Limits
from grader.batch.slots import Slot
from grader.notebook.grading import NotebookGrader
from grader.notebook.session import StudentSandbox
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import Policy
from grader.sandbox.protocol import Layer
from utils.submission.codes import Rejection

__all__ = ["NotebookTask", "check", "keep_notes", "run_model", "run_notebook"]

_notes: dict[str, np.ndarray] = {}
_sandboxes: dict[tuple[type, Policy], Any] = {}
_graders: dict[str, NotebookGrader] = {}


@dataclass(frozen=True)
class NotebookTask:
    """The questions of an assignment, as they travel to a worker.

    Attributes
    ----------
    assignment : Assignment
    tests : mapping of str to str
        Question → text of its test file.
    left_out : frozenset of str
        Ids of training cells.
    policy : {"strict", "weak", "none"}
    id : str
        A hash of it all.
    """

    assignment: Assignment
    tests: Mapping[str, str]
    left_out: frozenset[str]
    policy: Policy
    id: str


class Files:
    """The files of a submission that a notebook needs; stands for its zip.

    Parameters
    ----------
    files : mapping of str to bytes
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def file(self, name: str, *, max_bytes: int = 0) -> bytes | None:
        """Return the bytes of a file; None if it is not there."""
        return self._files.get(name)


def keep_notes(digest: str, mels: np.ndarray) -> None:
    """Keep spectrograms for the models to come."""
    _notes[digest] = mels


def check(policy: Policy) -> tuple[Layer, ...]:
    """Return which protections hold on this worker.

    Raises
    ------
    SandboxError
        If they are too few.
    """
    return _sandbox(Sandbox, policy).check()


def run_model(
    digest: str, model: bytes, repeats: np.ndarray, limits: Limits, policy: Policy
) -> dict[str, Any]:
    """Return what a model answers, or why it was refused, or that spectrograms are missing.

    Raises
    ------
    SandboxError
        The sandbox failed; the model is not to blame.
    """
    if digest not in _notes:
        from distributed import get_worker

        return {"needs": get_worker().address}
    try:
        run = _sandbox(Sandbox, policy).run(model, _notes[digest], repeats, limits=limits)
    except Rejection as rejection:
        return {"code": rejection.code.value, "detail": rejection.detail}
    plain = {name: getattr(run, name) for name in ("front_end", "warnings", "n_parameters")}
    layers = [asdict(layer) for layer in run.layers]
    return plain | {
        "logits": run.logits.astype("<f4").tobytes(),
        "layers": layers,
        "cpu_seconds": run.cpu_seconds,
    }


def run_notebook(task: NotebookTask, files: Mapping[str, bytes]) -> str:
    """Return what a notebook earns, as JSON.

    Raises
    ------
    SandboxError
        The sandbox failed; the student is not to blame.
    """
    if task.id not in _graders:
        with tempfile.TemporaryDirectory() as name:
            for question, text in task.tests.items():
                (Path(name) / f"{question}.py").write_text(text, encoding="utf-8")
            _graders[task.id] = NotebookGrader(
                task.assignment, autograder=Path(name), left_out=task.left_out
            )
    sandbox = _sandbox(StudentSandbox, task.policy)
    run = _graders[task.id].grade(Files(files), sandbox)  # type: ignore[arg-type]
    return json.dumps(asdict(run))


def _sandbox(kind: type, policy: Policy) -> Any:
    """Return this process's sandbox of a kind."""
    if (kind, policy) not in _sandboxes:
        slot = Slot()  # for as long as the process lives
        sandbox = kind(slot.number, policy=policy)
        _sandboxes[kind, policy] = sandbox
        atexit.register(slot.close)
        atexit.register(sandbox.close)
    return _sandboxes[kind, policy]
