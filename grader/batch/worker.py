"""What a worker of a cluster does: run models and notebooks, and send plain bytes back.

A worker never sees a label, and no score is computed there. From the coordinator it gets, once, the
spectrograms and the tests of the questions, hidden ones included, and then a model or the
files of a notebook at a time. What a student made runs in the worker's sandboxes, which are
those of any other machine: they know neither the tests nor Dask, and have no network. They
stay warm from one submission to the next.

What goes back is the sandbox's own reply for a model, JSON for a notebook, errors included:
nothing that the coordinator's grader would have to unpickle.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker

import utils
from grader.batch.local import LocalStation
from grader.batch.plan import Plan
from grader.kept import GRADER_VERSION
from grader.sandbox.protocol import Reply, SandboxError
from utils.submission.codes import Code, Rejection
from utils.submission.inference import Answers

__all__ = ["Bench", "Work", "check", "run_model", "run_notebook", "software"]


@dataclass(frozen=True)
class Work:
    """What workers need to know of a plan.

    Attributes
    ----------
    plan : Plan
        Without scorer, labels and the places of secrets.
    mels : np.ndarray, shape=(n, 64, 64), uint8
    software : dict of str to str
        Versions that a result depends on.
    """

    plan: Plan
    mels: np.ndarray
    software: Mapping[str, str]


class Bench(WorkerPlugin):
    """What a worker keeps while a coordinator is there, a worker that comes later, too.

    Parameters
    ----------
    work : Work
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def setup(self, worker: Worker) -> None:
        """Begin without sandboxes: the first submission, or a check, makes one."""
        self._free: list[LocalStation] = []
        self._lock, self._closed = threading.Lock(), False

    def teardown(self, worker: Worker) -> None:
        """End the sandboxes; what still runs ends its own."""
        with self._lock:
            self._closed = True
            while self._free:
                self._free.pop().close()

    @contextmanager
    def station(self) -> Iterator[tuple[LocalStation, Work]]:
        """Lend sandboxes that nobody else uses, for one task."""
        if (here := software()) != self._work.software:
            raise SandboxError(f"the worker has {here}, the coordinator {self._work.software}")
        with self._lock:
            station = self._free.pop() if self._free else None
        station = station or LocalStation(self._work.plan)
        try:
            yield station, self._work
        finally:
            with self._lock:
                if self._closed:
                    station.close()
                else:
                    self._free.append(station)


def software() -> dict[str, str]:
    """Return the versions that a result depends on."""
    # a build without CUDA counts as the same
    found = {name: version(name).partition("+")[0] for name in ("onnxruntime", "torch", "numpy")}
    return {"course": utils.__version__, "grader": str(GRADER_VERSION), **found}


def check(bench: str) -> bytes:
    """Return as JSON which protections hold on this worker, or why they are too few.

    Parameters
    ----------
    bench : str
        Name of the plugin.
    """

    def layers() -> dict[str, Any]:
        with _bench(bench).station() as (station, _):
            return {"layers": [asdict(layer) for layer in station.check()]}

    return _json(layers)


def run_model(bench: str, model: bytes, repeats: np.ndarray) -> bytes:
    """Return a :class:`~grader.sandbox.protocol.Reply`: logits of all notes, or a refusal.

    Parameters
    ----------
    bench : str
        Name of the plugin.
    model : bytes
    repeats : np.ndarray, int
        Positions that are run again in other batches, which is checked here.
    """

    def run() -> Reply:
        with _bench(bench).station() as (station, work):
            limits = work.plan.assignment.limits
            found = station.model.run(model, work.mels, repeats, limits=limits)
        none = np.empty((0, found.logits.shape[1]), np.float32)
        return Reply(
            layers=found.layers,
            answers=Answers(found.logits, none, none),
            front_end=found.front_end,
            warnings=found.warnings,
            n_parameters=found.n_parameters,
        )

    try:
        return run().to_bytes()
    except Rejection as rejection:
        return Reply(layers=(), code=rejection.code, detail=rejection.detail).to_bytes()
    except Exception as error:
        return Reply(layers=(), code=Code.INFRA_ERROR, detail=_in_words(error)).to_bytes()


def run_notebook(bench: str, files: Mapping[str, bytes]) -> bytes:
    """Return as JSON what a notebook earns, or why the grader failed.

    Parameters
    ----------
    bench : str
        Name of the plugin.
    files : mapping of str to bytes
        From :meth:`grader.notebook.grading.NotebookGrader.files`.
    """

    def run() -> dict[str, Any]:
        with _bench(bench).station() as (station, work):
            if work.plan.questions is None or station.notebook is None:
                raise SandboxError("the worker was told to leave notebooks alone")
            return asdict(work.plan.questions.run(files, station.notebook))

    return _json(run)


def _bench(name: str) -> Bench:
    found = get_worker().plugins.get(name)
    if not isinstance(found, Bench):
        raise SandboxError("the worker was not told about this class")
    return found


def _json(run: Callable[[], dict[str, Any]]) -> bytes:
    try:
        return json.dumps(run()).encode()
    except Exception as error:
        return json.dumps({"error": _in_words(error)}).encode()


def _in_words(error: Exception) -> str:
    kind = "" if isinstance(error, SandboxError) else f"{type(error).__name__}: "
    return f"{kind}{error}"
