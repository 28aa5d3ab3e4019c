"""Let workers of Dask run models and notebooks; labels, points and journal stay here.

The coordinator has a thread for each of the workers' threads. A thread reads a zip, sends the
model to a worker, and marks the logits that come back, as it would on this machine: the same
marks, retries and journal. A worker that dies is the fault of whatever ran on it: Dask gives a
task up after some deaths, the submission is tried again, and in the end it stands as
INFRA_ERROR in the gradebook, alone.

Who must be trusted: all machines of the cluster, with everybody who may log in as the user of
its workers, and whoever can talk to the scheduler. Workers see hidden spectrograms and hidden
tests, never labels. But Dask unpickles what its members send: a member that was taken over
takes over the others, and the coordinator, where the labels are. So a student must not get
out of the sandbox on a worker, as here; and only members may talk to the scheduler, which is
what TLS is for.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self
from uuid import uuid4

from utils.errors import ParameterError

try:
    from distributed import Client, Future
except ImportError:  # an extra of the installation
    raise ParameterError(
        "--dask needs Dask: python -m pip install -c constraints.txt -e '.[cluster]'"
    ) from None

from grader.batch import worker
from grader.batch.connect import connect
from grader.batch.local import mark
from grader.batch.plan import Plan
from grader.batch.remote import RemoteQuestions, RemoteSandbox, layers_from
from grader.batch.runner import Job
from grader.kept import Settings
from grader.marking import Marker
from grader.results import Result
from grader.sandbox.protocol import Layer, SandboxError

__all__ = ["Cluster", "ClusterStation", "cluster_stations"]

LONELY_SECONDS = 300.0
"""Without any worker, before a run is stopped: a queue may give some back."""

POLL_SECONDS = 5.0


class ClusterGone(BaseException):
    """No scheduler or no worker is left: this ends the run.

    No Exception: a runner would take it for a failure of one submission, and fail them all.
    """


class Cluster:
    """Workers that know of a class; a context manager, after which they forget it.

    Parameters
    ----------
    client : distributed.Client
    plan : Plan
        All of it stays here but the assignment and the tests of the notebook's questions.
    where : str
        How people call it.
    """

    def __init__(self, client: Client, plan: Plan, where: str) -> None:
        self._client, self._where = client, where
        self._bench = f"music-ai-course-{uuid4().hex}"
        # named one by one, so that nothing is sent by an oversight
        told = Plan(
            assignment=plan.assignment,
            scorer=None,  # type: ignore[arg-type]
            questions=plan.questions,
            settings=Settings({}),
            policy=plan.policy,
            autograder=None,
            secrets=(),
        )
        self._work = worker.Work(told, plan.scorer.mels, worker.software())
        # the sandbox tries a model that crashed once more; a new worker loads its libraries
        self._seconds = plan.assignment.limits.wall_seconds * 2 + 400

    def __enter__(self) -> Self:
        for tries_left in reversed(range(3)):
            try:
                self._client.register_plugin(worker.Bench(self._work), name=self._bench)
                break
            except Exception as error:
                # a worker that ends right now makes it fail for all
                if tries_left == 0 or not isinstance(error, OSError):
                    raise SandboxError(
                        f"the workers at {self._where} can't take up the work "
                        f"({_in_words(error)}): do they run the same version of the course?"
                    ) from error
            time.sleep(POLL_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._client.status == "running":
            with suppress(Exception):  # the work is done, and the workers may be gone
                self._client.unregister_worker_plugin(self._bench)

    def check(self) -> tuple[Layer, ...]:
        """Return which protections hold on every worker, and warm it up.

        Raises
        ------
        SandboxError
            They are too few on some worker, or it is another version of the course.
        """
        # a worker that ends meanwhile leaves its question to the others
        waiting = {
            address: self._submit(worker.check, workers=[address], allow_other_workers=True)
            for address in self._client.nthreads()
        }
        found = []
        for address, future in waiting.items():
            try:
                found.append(layers_from(self._result(future)))
            except SandboxError as error:
                raise SandboxError(f"worker {address}: {error}") from error
        return min(found, key=lambda layers: sum(layer.active for layer in layers))

    def ask(self, function: Callable[..., bytes], *arguments: Any) -> bytes:
        """Return what a function of :mod:`grader.batch.worker` gives on some worker.

        Raises
        ------
        SandboxError
            Each worker that it was given to died, or none answered.
        ClusterGone
            Nobody is left to ask.
        """
        return self._result(self._submit(function, *arguments))

    def _submit(self, function: Callable[..., bytes], *arguments: Any, **options: Any) -> Future:
        self._demand_scheduler()
        # pure: the same model handed in twice would otherwise be one task that two wait for
        return self._client.submit(function, self._bench, *arguments, pure=False, **options)

    def _result(self, future: Future) -> bytes:
        seen = began = time.monotonic()
        try:
            while True:
                try:
                    return bytes(future.result(timeout=POLL_SECONDS))
                except TimeoutError:
                    self._demand_scheduler()
                now = time.monotonic()
                if self._client.nthreads():
                    seen = now
                elif now - seen > LONELY_SECONDS:
                    raise ClusterGone(f"no worker is left at {self._where}")
                if now - began > self._seconds:
                    raise SandboxError("a worker gave no answer in time")
        except (Exception, CancelledError) as error:
            self._demand_scheduler()
            raise SandboxError(_in_words(error)) from error
        finally:
            with suppress(Exception):
                future.cancel()

    def _demand_scheduler(self) -> None:
        # never "connecting" again: a scheduler that comes back has forgotten everything
        if self._client.status != "running":
            raise ClusterGone(f"the scheduler {self._where} is gone")


class ClusterStation:
    """Marks one submission at a time, with models and notebooks run by some worker.

    Parameters
    ----------
    plan : Plan
    cluster : Cluster
    """

    def __init__(self, plan: Plan, cluster: Cluster) -> None:
        self._scorer, self._cluster = plan.scorer, cluster
        self._model = RemoteSandbox(cluster.ask)
        self._questions = plan.questions and RemoteQuestions(cluster.ask, plan.questions)

    def check(self) -> tuple[Layer, ...]:
        """Return which protections hold on every worker; refuse if they are too few."""
        return self._cluster.check()

    def mark(self, job: Job, marker: Marker) -> Result:
        """Return the result of a submission; raise only if the grader or the cluster fails."""
        stand_ins: Any = self._scorer, self._model, self._questions, None
        return mark(job, marker, *stand_ins)

    def close(self) -> None:
        """Do nothing: workers are not ours."""


@contextmanager
def cluster_stations(plan: Plan, where: str) -> Iterator[list[ClusterStation]]:
    """Return a station for each thread of a cluster's workers.

    Parameters
    ----------
    plan : Plan
    where : str
        Address of a scheduler, as ``tls://10.0.0.5:8786`` or ``tcp://…``, or ``local:N``.

    Raises
    ------
    ParameterError
        The address is none, or the policy is "weak".
    SandboxError
        The scheduler can't be reached, has no workers, or is gone.
    """
    if plan.policy == "weak":
        raise ParameterError("--dask asks for --sandbox strict: workers can't be weak")
    try:
        with ExitStack() as stack:
            client = connect(where, stack)
            cluster = stack.enter_context(Cluster(client, plan, where))
            threads = sum(client.nthreads().values())
            yield [ClusterStation(plan, cluster) for _ in range(threads)]
    except ClusterGone as gone:
        raise SandboxError(
            f"{gone}; what is finished is kept: start the cluster again, then run the same "
            "command again"
        ) from None


def _in_words(error: BaseException) -> str:
    if isinstance(error, SandboxError):
        return str(error)
    kind = type(error).__name__
    if kind == "KilledWorker":
        return "every worker that this was given to died"
    return f"on a worker: {kind}: {error}"
