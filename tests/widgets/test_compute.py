"""Requests and replies without a browser."""

import threading
from typing import Any

import numpy as np
import pytest

from utils.errors import ParameterError
from utils.widgets.compute import Answerer, Job, Worker


class Wire:
    """What the kernel sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.arrays: list[np.ndarray | None] = []

    def __call__(self, content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        self.messages.append(content)
        array = None
        if buffers:
            array = np.frombuffer(buffers[0], content["dtype"]).reshape(content["shape"])
        self.arrays.append(array)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def worker() -> Worker:
    return Worker()


def ask(answerer: Answerer, number: int, op: str = "op", array: Any = None, **payload: Any) -> None:
    content: dict[str, Any] = {"id": number, "op": op, "payload": payload}
    if array is None:
        answerer.receive(content, [])
    else:
        shape = list(array.shape)
        content |= {"dtype": array.dtype.name, "shape": shape}
        answerer.receive(content, [array.tobytes()])


def test_an_array_there_and_back(wire: Wire, worker: Worker) -> None:
    answerer = Answerer(wire, worker=worker)
    answerer.handlers["op"] = lambda job: ({"n": 3}, job.array * job.payload["gain"])
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    ask(answerer, 7, array=values, gain=2.0)
    assert worker.join(60)
    (message,) = wire.messages
    assert (message["id"], message["ok"], message["done"]) == (7, True, True)
    assert message["payload"] == {"n": 3}
    np.testing.assert_array_equal(wire.arrays[0], values * 2)


def test_the_newest_wins(wire: Wire, worker: Worker) -> None:
    begun, go = threading.Event(), threading.Event()
    runs = []

    def slow(job: Job) -> tuple[dict[str, Any], None]:
        runs.append(job.payload["n"])
        begun.set()
        assert go.wait(60)
        job.report({"progress": 1})
        return {"n": job.payload["n"]}, None

    answerer = Answerer(wire, worker=worker)
    answerer.handlers["op"] = slow
    ask(answerer, 1, n=1)
    assert begun.wait(60)
    ask(answerer, 2, n=2)
    ask(answerer, 3, n=3)
    go.set()
    assert worker.join(60)
    assert runs == [1, 3]
    by_id = {(m["id"], m["ok"]) for m in wire.messages}
    assert by_id == {(1, False), (2, False), (3, True)}


def test_one_job_a_kernel(wire: Wire, worker: Worker) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def count(job: Job) -> tuple[dict[str, Any], None]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.02)
        with lock:
            inside -= 1
        return {}, None

    answerers = [Answerer(wire, worker=worker) for _ in range(4)]
    for answerer in answerers:
        answerer.handlers["op"] = count
        ask(answerer, 1)
    assert worker.join(60)
    assert most == 1
    assert len(wire.messages) == 4


def test_stop(wire: Wire, worker: Worker) -> None:
    begun = threading.Event()

    def endless(job: Job) -> tuple[dict[str, Any], None]:
        begun.set()
        while True:
            job.check()

    answerer = Answerer(wire, worker=worker)
    answerer.handlers["op"] = endless
    ask(answerer, 1)
    assert begun.wait(60)
    answerer.receive({"op": "stop"}, [])
    assert worker.join(60)
    assert wire.messages[-1]["error"] == "stopped"


def test_stop_while_another_widget_works(wire: Wire, worker: Worker) -> None:
    go = threading.Event()
    first, second = Answerer(lambda *_: None, worker=worker), Answerer(wire, worker=worker)
    first.handlers["op"] = lambda job: ({"waited": go.wait(60)}, None)
    second.handlers["op"] = lambda job: ({}, None)
    ask(first, 1)
    ask(second, 7)
    second.receive({"op": "stop"}, [])
    (message,) = wire.messages  # told at once, not when its turn comes
    assert (message["id"], message["ok"], message["error"]) == (7, False, "stopped")
    go.set()
    assert worker.join(60)
    assert len(wire.messages) == 1


def test_errors_are_told_and_the_thread_goes_on(wire: Wire, worker: Worker) -> None:
    def fail(job: Job) -> tuple[dict[str, Any], None]:
        if job.payload["kind"] == "course":
            raise ParameterError("expected lr > 0, got -1")
        raise ZeroDivisionError("by zero")

    answerer = Answerer(wire, worker=worker)
    answerer.handlers["op"] = fail
    for number, kind in enumerate(("course", "other")):
        ask(answerer, number, kind=kind)
        assert worker.join(60)
    ask(answerer, 2, op="unknown")
    words = [message["error"] for message in wire.messages]
    assert words == [
        "expected lr > 0, got -1",
        "ZeroDivisionError: by zero",
        "expected one of op, got 'unknown'",
    ]
