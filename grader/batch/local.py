"""Mark submissions in threads, each with sandboxes of its own."""

import hashlib
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol

from grader.batch.plan import Plan
from grader.batch.runner import Job
from grader.batch.slots import Slot
from grader.intake import Archive, read_file
from grader.marking import Marker
from grader.notebook.grading import NotebookGrader
from grader.notebook.session import StudentSandbox
from grader.results import Result
from grader.sandbox.layers import FILES
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import REQUIRED
from grader.sandbox.protocol import Layer
from grader.sandbox.thief import demand_unreadable
from grader.scoring import Scorer
from utils.submission.codes import Rejection

__all__ = ["LocalStation", "Station", "Threads", "local_stations", "mark", "missing_layers"]


class Station(Protocol):
    """A place where one submission at a time is marked."""

    def check(self) -> tuple[Layer, ...]:
        """Return which protections hold here; refuse if they are too few."""

    def mark(self, job: Job, marker: Marker) -> Result:
        """Return the result of a submission; raise only if the grader fails."""

    def close(self) -> None:
        """End what waits for the next submission."""


class LocalStation:
    """Sandboxes of this machine: one for models and, if there are questions, one for notebooks.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    model : Sandbox
    notebook : StudentSandbox or None
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._slot = Slot()
        self.model = Sandbox(self._slot.number, policy=plan.policy)
        self.notebook = (
            StudentSandbox(self._slot.number, policy=plan.policy) if plan.questions else None
        )

    def check(self) -> tuple[Layer, ...]:
        """Return which protections hold here; refuse if they are too few."""
        layers, secrets = self.model.check(), self._plan.secrets
        if self.notebook is not None:
            found = self.notebook.check()
            layers = (*layers, *_for_notebooks(layers, found))
            if FILES in missing_layers(found):  # nothing else keeps hidden tests from them
                secrets = self._plan.unseen
        if self._plan.policy == "weak":
            demand_unreadable(secrets, self.model.uid)
        return layers

    def mark(self, job: Job, marker: Marker) -> Result:
        """Return the result of a submission; raise only if the grader fails."""
        return mark(job, marker, self._plan.scorer, self.model, self._plan.questions, self.notebook)

    def close(self) -> None:
        """End what waits for the next submission."""
        self.model.close()
        if self.notebook is not None:
            self.notebook.close()
        self._slot.close()


def mark(
    job: Job,
    marker: Marker,
    scorer: Scorer,
    model: Sandbox,
    questions: NotebookGrader | None,
    notebook: StudentSandbox | None,
) -> Result:
    """Return the result of a submission.

    Parameters
    ----------
    job : Job
    marker : Marker
    scorer : Scorer
    model : Sandbox
        Runs the model; a stand-in may do so elsewhere.
    questions : NotebookGrader or None
        None: notebooks are not run.
    notebook : StudentSandbox or None
        For ``questions``.

    Raises
    ------
    SandboxError, OSError
        The grader failed; the student is not to blame.
    """
    began = time.monotonic()
    name = job.path.name
    try:
        archive = Archive(read_content(job))
        result = marker.model(archive, name, scorer, model)
        if questions is not None:
            result = marker.notebook(result, archive, questions, notebook)  # type: ignore[arg-type]
    except Rejection as rejection:
        result = marker.refused(name, rejection.code, rejection.detail)
    return replace(result, seconds=time.monotonic() - began)


def read_content(job: Job) -> bytes:
    """Return the bytes of a submission.

    Raises
    ------
    Rejection
        If it is larger than allowed.
    OSError
        If it can't be read, or is another file by now.
    """
    content = read_file(job.path)
    if hashlib.sha256(content).hexdigest() != job.sha256:
        raise OSError(f"{job.path.name} was changed while the grader ran")
    return content


def local_stations(plan: Plan, number: int) -> list[LocalStation]:
    """Return stations on this machine; all or none."""
    stations: list[LocalStation] = []
    try:
        for _ in range(number):
            stations.append(LocalStation(plan))
    except BaseException:
        for station in stations:
            station.close()
        raise
    return stations


def _for_notebooks(models: Sequence[Layer], notebooks: Sequence[Layer]) -> list[Layer]:
    """Return the layers that hold for models and not for notebooks, named so."""
    held = {layer.name for layer in models if layer.active}
    return [
        replace(layer, name=f"{layer.name}, for notebooks")
        for layer in notebooks
        if not layer.active and layer.name in held
    ]


def missing_layers(layers: Sequence[Layer]) -> list[str]:
    """Return what the policy "strict" asks for and does not hold."""
    held = {layer.name for layer in layers if layer.active}
    return [name for name in REQUIRED["strict"] if name not in held]


class Threads:
    """A pool of threads, one for each station.

    They end with the process even while they wait: a station that hangs holds nobody up.

    Parameters
    ----------
    stations : sequence of Station
        Closed with the pool.
    marker : Marker

    Attributes
    ----------
    size : int
    """

    def __init__(self, stations: Sequence[Station], marker: Marker) -> None:
        self._stations, self._marker = stations, marker
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Result]] | None] = queue.SimpleQueue()
        self.size = len(stations)
        for station in stations:
            threading.Thread(target=self._serve, args=(station,), daemon=True).start()

    def submit(self, job: Job) -> Future[Result]:
        """Begin to mark a submission."""
        future: Future[Result] = Future()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """End all threads and stations; what still runs is ended, too."""
        for _ in self._stations:
            self._jobs.put(None)
        for station in self._stations:
            station.close()

    def _serve(self, station: Station) -> None:
        while (item := self._jobs.get()) is not None:
            job, future = item
            try:
                future.set_result(station.mark(job, self._marker))
            except BaseException as error:
                future.set_exception(error)
