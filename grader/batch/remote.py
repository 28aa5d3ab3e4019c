"""Sandboxes and questions elsewhere: ask a worker, and believe only what can be an answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.assignment import Limits
from grader.batch import worker
from grader.intake import Archive
from grader.model_tests import QuestionResult
from grader.notebook.grading import NotebookGrader
from grader.notebook.plain import clean
from grader.notebook.questions import NotebookRun
from grader.sandbox.parent import ModelRun
from grader.sandbox.protocol import Layer, Reply, SandboxError
from utils.submission.codes import Code, Rejection

__all__ = ["RemoteQuestions", "RemoteSandbox", "layers_from"]

Ask = Callable[..., bytes]
"""Takes a function of :mod:`grader.batch.worker` and its arguments, gives its answer."""

_MAX_TEXT = 600


class RemoteSandbox:
    """Stands for :class:`grader.sandbox.parent.Sandbox`.

    Parameters
    ----------
    ask : callable
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def run(
        self, model: bytes, mels: np.ndarray, repeats: np.ndarray, *, limits: Limits
    ) -> ModelRun:
        """Run a model on some worker.

        Parameters
        ----------
        model : bytes
        mels : np.ndarray, shape=(n, 64, 64), uint8
            Workers have them already.
        repeats : np.ndarray, int
        limits : Limits
            Those of the assignment, which workers know.

        Raises
        ------
        Rejection
            If the model breaks the contract or a limit.
        SandboxError
            If the sandbox or the worker fails; the model is not to blame.
        """
        # the repeats are compared on the worker, and don't come back
        content = self._ask(worker.run_model, model, repeats)
        try:
            reply = Reply.from_bytes(content, len(mels), np.empty(0, np.int64))
        except Rejection as rejection:  # no student's fault
            raise SandboxError(f"a worker sent no answer: {rejection.detail}") from None
        if reply.code == Code.INFRA_ERROR:
            raise SandboxError(reply.detail)
        if reply.code is not None:
            raise Rejection(reply.code, reply.detail)
        if reply.answers is None or not np.isfinite(reply.answers.logits).all():
            raise SandboxError("a worker sent something else than logits")
        return ModelRun(
            logits=reply.answers.logits,
            front_end=reply.front_end,
            warnings=reply.warnings,
            n_parameters=reply.n_parameters,
            layers=reply.layers,
            cpu_seconds=None,
        )


class RemoteQuestions:
    """Stands for a :class:`grader.notebook.grading.NotebookGrader`, sandbox included.

    Parameters
    ----------
    ask : callable
    questions : NotebookGrader
    """

    def __init__(self, ask: Ask, questions: NotebookGrader) -> None:
        self._ask, self._questions = ask, questions

    def grade(self, archive: Archive, _: object) -> NotebookRun:
        """Return what the notebook of a submission earns on some worker.

        Raises
        ------
        SandboxError
            The sandbox or the worker failed; the student is not to blame.
        """
        table = _table(self._ask(worker.run_notebook, self._questions.files(archive)))
        try:
            return _checked(table, self._questions.without("").questions)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SandboxError(f"a worker sent something else than points ({error})") from None


def layers_from(content: bytes) -> tuple[Layer, ...]:
    """Return the protections that a worker says it has.

    Raises
    ------
    SandboxError
        They are too few, or something else came.
    """
    table = _table(content)
    try:
        return tuple(Layer(**layer) for layer in table["layers"])
    except (KeyError, TypeError) as error:
        raise SandboxError(f"a worker sent something else than layers ({error})") from None


def _table(content: bytes) -> dict[str, Any]:
    """Return the JSON that came; SandboxError if it is none, or tells of an error."""
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise SandboxError("a worker sent something else than an answer")
    if "error" in table:
        raise SandboxError(clean(str(table["error"]), _MAX_TEXT))
    return table


def _checked(table: Mapping[str, Any], expected: tuple[QuestionResult, ...]) -> NotebookRun:
    """Return the run that a worker sent; ValueError and its like if it can't be one."""
    questions = tuple(map(QuestionResult.from_table, table["questions"]))
    named = [(question.name, question.max_points) for question in questions]
    if named != [(question.name, question.max_points) for question in expected]:
        raise ValueError("other questions")
    if not all(0 <= question.points <= question.max_points for question in questions):
        raise ValueError("points out of range")
    notes = tuple(clean(str(note), _MAX_TEXT) for note in table["notes"])
    return NotebookRun(questions, notes, float(table["seconds"]))
