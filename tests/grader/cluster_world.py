"""Workers that do as a made-up model says: what the cluster's tests let them import."""

import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from distributed import get_worker

from grader.sandbox.protocol import Reply
from utils.submission.inference import Answers

__all__ = ["descendants", "find_in_memory", "run_model"]


def run_model(bench: str, model: bytes, repeats: np.ndarray) -> bytes:
    """Return logits that depend on the model's bytes; "die" and "wait FILE" are obeyed first."""
    words = model.split()
    if words[:1] == [b"die"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if words[:1] == [b"wait"]:
        path = Path(words[1].decode())
        path.with_suffix(".here").write_text(str(os.getpid()))
        while not path.exists():
            time.sleep(0.05)
    n_notes = len(get_worker().plugins[bench]._work.mels)
    seed = list(hashlib.sha256(model).digest())
    logits = np.random.default_rng(seed).normal(size=(n_notes, 11)).astype(np.float32)
    none = np.empty((0, 11), np.float32)
    return Reply(layers=(), answers=Answers(logits, none, none), n_parameters=1).to_bytes()


def descendants(pid: int) -> Iterator[int]:
    """Yield the children of a process, and theirs."""
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in thread.read_text().split():
            yield int(child)
            yield from descendants(int(child))


def find_in_memory(pid: int, needles: dict[str, bytes]) -> set[str]:
    """Return which texts are in the memory of a process."""
    found = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            first, last = (int(part, 16) for part in place.split("-"))
            if "w" not in rights:
                continue
            with contextlib.suppress(OSError, OverflowError):
                memory.seek(first)
                content = memory.read(last - first).replace(bytes(4096), b"")  # most is empty
                found |= {n for n, needle in needles.items() if needle.strip(b"\0") in content}
    return found
