"""Let workers of Dask run models and notebooks; labels, points and journal stay here.

The coordinator has a thread for each worker thread. A thread reads a zip, sends the model to
a worker, and marks the logits that come back, as it would on this machine: the same marks,
retries and journal. A worker that dies is the fault of whatever ran on it: Dask gives such a
task up after some deaths (``distributed.scheduler.allowed-failures``), the submission is
tried again, and in the end it stands as INFRA_ERROR in the gradebook, alone.

An experiment: this is what it is meant to do. It was tried by hand with three zips and two
workers of one machine; no test covers it, and no command offers it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from grader.assignment import Limits
from grader.batch import worker
from grader.batch.local import read_content
from grader.batch.plan import Plan
from grader.batch.runner import Job
from grader.intake import Archive
from grader.marking import Marker
from grader.model_tests import QuestionResult, sources_of_tests
from grader.notebook.grading import training_cells
from grader.notebook.questions import NotebookRun
from grader.results import Result
from grader.sandbox.parent import ModelRun
from grader.sandbox.protocol import Layer, SandboxError
from utils.errors import ParameterError
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import Code, Rejection

__all__ = ["ClusterStation", "cluster_stations"]

MAX_ASKS = 20
"""Times that workers may ask for the spectrograms during one task: each may be a new one."""

_MAX_FILE_BYTES = 40_000_000
_CONNECT_SECONDS = 60


class ClusterStation:
    """Marks one submission at a time, with models and notebooks run by some worker.

    Parameters
    ----------
    plan : Plan
    client : distributed.Client
    seconds : float
        To wait for one answer.
    run_model, run_notebook : callable, optional
        What workers call: tests replace it.
    """

    def __init__(
        self,
        plan: Plan,
        client: Any,
        *,
        seconds: float,
        run_model: Callable[..., dict[str, Any]] = worker.run_model,
        run_notebook: Callable[..., str] = worker.run_notebook,
    ) -> None:
        self._plan, self._client, self._seconds = plan, client, seconds
        self._run_model, self._run_notebook = run_model, run_notebook
        self._digest = hashlib.sha256(plan.scorer.mels.tobytes()).hexdigest()
        self._task = _notebook_task(plan)

    def check(self) -> tuple[Layer, ...]:
        """Return which protections hold on every worker; refuse if they are too few."""
        try:
            found = self._client.run(worker.check, self._plan.policy)
        except OSError as error:
            raise SandboxError(f"the cluster does not answer: {error}") from error
        if not found:
            raise SandboxError("the cluster has no workers")
        return min(found.values(), key=lambda layers: sum(layer.active for layer in layers))

    def mark(self, job: Job, marker: Marker) -> Result:
        """Return the result of a submission; raise only if the grader or the cluster fails."""
        began = time.monotonic()
        name = job.path.name
        try:
            archive = Archive(read_content(job))
            result = marker.model(archive, name, self._plan.scorer, self)  # type: ignore[arg-type]
            if self._task is not None:
                result = marker.notebook(result, archive, self, self)  # type: ignore[arg-type]
        except Rejection as rejection:
            result = marker.refused(name, rejection.code, rejection.detail)
        return replace(result, seconds=time.monotonic() - began)

    def close(self) -> None:
        """Do nothing: workers are not ours."""

    def run(
        self, model: bytes, mels: np.ndarray, repeats: np.ndarray, *, limits: Limits
    ) -> ModelRun:
        """Run a model on some worker, as :meth:`grader.sandbox.parent.Sandbox.run` does here.

        Raises
        ------
        Rejection
            If the model breaks the contract or a limit.
        SandboxError
            If the sandbox or the worker fails; the model is not to blame.
        """
        for _ in range(MAX_ASKS):
            reply = self._ask(
                self._run_model, self._digest, model, repeats, limits, self._plan.policy
            )
            if "needs" not in reply:
                return _model_run(reply, len(mels))
            self._send_notes(reply["needs"], mels)
        raise SandboxError("no worker keeps the spectrograms: they start anew all the time")

    def grade(self, archive: Archive, _: object) -> NotebookRun:
        """Run a notebook on some worker, as ``NotebookGrader.grade`` does here.

        Raises
        ------
        SandboxError
            If the sandbox or the worker fails; the student is not to blame.
        """
        assignment = self._plan.assignment
        found = {
            name: archive.file(name, max_bytes=_MAX_FILE_BYTES) for name in assignment.submission
        }
        # the notebook itself has a smaller limit
        found[assignment.notebook] = archive.file(assignment.notebook)
        files = {name: content for name, content in found.items() if content is not None}
        table = json.loads(self._ask(self._run_notebook, self._task, files))
        questions = tuple(map(QuestionResult.from_table, table["questions"]))
        return NotebookRun(questions, tuple(table["notes"]), float(table["seconds"]))

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function gives on some worker."""
        # pure: the same model handed in twice would otherwise be one task that two wait for
        future = self._client.submit(function, *arguments, pure=False)
        try:
            return future.result(timeout=self._seconds)
        except (Exception, CancelledError) as error:
            future.cancel()
            raise SandboxError(_in_words(error)) from error

    def _send_notes(self, address: str, mels: np.ndarray) -> None:
        """Send the spectrograms to a worker; if it is gone by now, the next one will ask."""
        try:
            self._client.run(worker.keep_notes, self._digest, mels, workers=[address])
        except Exception:
            time.sleep(0.2)


@contextmanager
def cluster_stations(plan: Plan, where: str) -> Iterator[list[ClusterStation]]:
    """Return a station for each thread of a cluster's workers.

    Parameters
    ----------
    plan : Plan
    where : str
        Address of a scheduler, as ``tcp://10.0.0.5:8786``, or ``local:N``.

    Raises
    ------
    ParameterError
        Dask is missing, the address is none, or the policy is "weak".
    SandboxError
        The scheduler can't be reached, or has no workers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ParameterError("--dask needs Dask: pip install 'music-ai-course[cluster]'") from None
    if plan.policy == "weak":
        raise ParameterError("--dask asks for --sandbox strict: workers can't be weak")
    cluster = None
    if where.startswith("local:"):
        cluster = LocalCluster(  # a process each: one that is killed takes no other with it
            n_workers=_number(where), threads_per_worker=1, processes=True, dashboard_address=None
        )
    try:
        with _client(Client, where if cluster is None else cluster) as client:
            threads = sum(client.nthreads().values())
            if threads == 0:
                raise SandboxError(f"the scheduler {where} has no workers yet")
            seconds = plan.assignment.limits.wall_seconds * 2 + 400
            yield [ClusterStation(plan, client, seconds=seconds) for _ in range(threads)]
    finally:
        if cluster is not None:
            cluster.close()


def _client(kind: Callable[..., Any], where: Any) -> Any:
    try:
        return kind(where, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SandboxError(f"no scheduler of Dask answers at {where}: {error}") from None


def _number(where: str) -> int:
    text = where.removeprefix("local:")
    if not text.isdigit() or int(text) < 1:
        raise ParameterError(f"--dask: expected local:N with N workers, got {where!r}")
    return int(text)


def _notebook_task(plan: Plan) -> worker.NotebookTask | None:
    """Return the questions as they travel to workers; None if notebooks are not run."""
    if plan.questions is None:
        return None
    sources = sources_of_tests(plan.assignment, autograder=plan.autograder)
    return worker.NotebookTask(
        plan.assignment,
        sources,
        training_cells(plan.assignment.notebook_path),
        plan.policy,
        plan.questions.sha256,
    )


def _model_run(reply: dict[str, Any], n_notes: int) -> ModelRun:
    """Return the run that a worker sent, or refuse the model as the worker did.

    Raises
    ------
    Rejection
        The worker's sandbox refused the model.
    SandboxError
        What came is no such run.
    """
    if "code" in reply:
        raise Rejection(Code(reply["code"]), reply["detail"])
    logits = np.frombuffer(reply["logits"], "<f4")
    if logits.size != n_notes * N_FAMILIES or not np.isfinite(logits).all():
        raise SandboxError("a worker sent something else than logits")
    return ModelRun(
        logits=logits.reshape(n_notes, N_FAMILIES),
        front_end=reply["front_end"],
        warnings=tuple(reply["warnings"]),
        n_parameters=reply["n_parameters"],
        layers=tuple(Layer(**layer) for layer in reply["layers"]),
        cpu_seconds=reply["cpu_seconds"],
    )


def _in_words(error: BaseException) -> str:
    kind = type(error).__name__
    if kind == "KilledWorker":
        return "every worker that this was given to died"
    if isinstance(error, TimeoutError):
        return "a worker gave no answer in time"
    return f"on a worker: {kind}: {error}"
