"""Work that a widget's view leaves to the kernel: requests, replies, one worker thread.

A request is the message ``{id, op, payload, dtype, shape}`` with at most one buffer;
replies carry the ``id``, so that the view drops those it no longer waits for. The newest
request of a widget wins: an older one that waits is forgotten, one that runs is asked to
stop. Only one job runs in a kernel at a time, in a thread of its own, so that the
notebook goes on; the others wait. ``{op: "stop"}`` asks the widget's job to stop.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from utils.errors import CourseError

__all__ = ["Answerer", "Handler", "Job", "Stopped", "Worker"]

Send = Callable[..., object]
Result = tuple[Mapping[str, Any], np.ndarray | None]
"""A payload (JSON) and at most one array."""


class Stopped(Exception):  # noqa: N818
    """A newer request came, or the reader pressed Stop."""


class Job:
    """One request on its way through the kernel.

    Attributes
    ----------
    payload : dict
        What the view sent, plain JSON.
    array : numpy.ndarray or None
        The array that the view sent, read-only.
    """

    def __init__(self, content: Mapping[str, Any], buffers: list[Any], send: Send) -> None:
        self.payload: dict[str, Any] = dict(content.get("payload") or {})
        self.array = _array(content, buffers)
        self.op = str(content.get("op"))
        self._id = content.get("id")
        self._send = send
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the job to end at its next :meth:`report` or :meth:`check`."""
        self._stop.set()

    def check(self) -> None:
        """Raise :class:`Stopped` if the job should end; call it in every long loop."""
        if self.stopped:
            raise Stopped

    def report(self, payload: Mapping[str, Any], array: np.ndarray | None = None) -> None:
        """Send something on the way: progress, a coarse result.

        Parameters
        ----------
        payload : mapping
            JSON.
        array : numpy.ndarray, optional

        Raises
        ------
        Stopped
            If the job should end.
        """
        self.check()
        self.reply(payload, array, done=False)

    def reply(
        self, payload: Mapping[str, Any], array: np.ndarray | None = None, *, done: bool = True
    ) -> None:
        """Send a result; `done` closes the request."""
        content: dict[str, Any] = {"id": self._id, "op": self.op, "ok": True, "done": done}
        content["payload"] = dict(payload)
        if array is None:
            self._send(content)
            return
        flat = np.ascontiguousarray(array)
        self._send({**content, "dtype": flat.dtype.name, "shape": list(flat.shape)}, [flat.data])

    def fail(self, words: str) -> None:
        """Say what went wrong; the view shows the words."""
        self._send({"id": self._id, "op": self.op, "ok": False, "done": True, "error": words})


Handler = Callable[[Job], Result]


class Worker:
    """One thread that does one job after the other; of each owner only the newest waits."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._waiting: dict[object, tuple[Job, Handler]] = {}
        self._running: tuple[object, Job] | None = None
        self._thread: threading.Thread | None = None

    def submit(self, owner: object, job: Job, handler: Handler) -> None:
        """Put the job in the place of its owner's older ones."""
        with self._lock:
            self._stop(owner)
            self._waiting[owner] = (job, handler)
            if self._thread is None or not self._thread.is_alive():
                # A daemon: a kernel that is told to go must not wait for a training.
                self._thread = threading.Thread(target=self._work, name="widgets", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def stop(self, owner: object) -> None:
        """End the owner's waiting job and ask the running one to end; both are told "stopped"."""
        with self._lock:
            self._stop(owner)

    def join(self, timeout: float) -> bool:
        """Wait until there is nothing to do; return whether that came in time."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._waiting and self._running is None, timeout)

    def _stop(self, owner: object) -> None:
        if owner in self._waiting:
            self._waiting.pop(owner)[0].fail("stopped")
        if self._running is not None and self._running[0] == owner:
            self._running[1].stop()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: bool(self._waiting))
                owner = next(iter(self._waiting))
                job, handler = self._waiting.pop(owner)
                self._running = (owner, job)
            try:
                _do(job, handler)
            finally:
                with self._lock:
                    self._running = None
                    self._lock.notify_all()


WORKER = Worker()
"""The one of this kernel."""


class Answerer:
    """Takes a widget's requests and answers them by its handlers.

    A handler takes a :class:`Job` and returns ``(payload, array or None)``. Long ones
    call ``job.report(…)`` or ``job.check()`` often, so that they can be stopped.

    Parameters
    ----------
    send : callable
        The widget's ``send(content, buffers)``.
    worker : Worker, optional
        Default: the kernel's.

    Attributes
    ----------
    handlers : dict of str to callable
        By op.
    """

    def __init__(self, send: Send, *, worker: Worker | None = None) -> None:
        self.handlers: dict[str, Handler] = {}
        self._send = send
        self._worker = worker or WORKER

    def receive(self, content: Mapping[str, Any], buffers: list[Any]) -> None:
        """Take one message of the view."""
        op = content.get("op")
        if op == "stop":
            self._worker.stop(id(self))
            return
        job = Job(content, buffers, self._send)
        if op not in self.handlers:
            job.fail(f"expected one of {', '.join(self.handlers)}, got {op!r}")
            return
        self._worker.submit(id(self), job, self.handlers[op])


def _do(job: Job, handler: Handler) -> None:
    try:
        job.check()
        payload, array = handler(job)
        job.check()
    except Stopped:
        job.fail("stopped")
    except CourseError as error:
        job.fail(str(error))
    except Exception as error:  # a thread must not die silently: the view shows it
        job.fail(f"{type(error).__name__}: {error}")
    else:
        job.reply(payload, array)


def _array(content: Mapping[str, Any], buffers: list[Any]) -> np.ndarray | None:
    if not buffers:
        return None
    return np.frombuffer(buffers[0], dtype=content["dtype"]).reshape(content["shape"])
