"""Run models in the sandbox: set the limits, watch, and judge what comes back.

Degrees of protection are said, never assumed: :meth:`Sandbox.check` runs a model of our
own first, and reports which layers work on this machine.
"""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from grader.assignment import Limits
from grader.sandbox.child import probe_model
from grader.sandbox.launch import (
    Exit,
    ForkLauncher,
    Launcher,
    ProcessLauncher,
    Running,
    anonymous_file,
)
from grader.sandbox.policy import REQUIRED, Policy, demand_layers
from grader.sandbox.protocol import Layer, Reply, Request, SandboxError, reply_length
from utils.submission.codes import Code, Rejection
from utils.submission.inference import check_answers

__all__ = ["FIRST_UID", "ModelRun", "Reader", "Sandbox", "failure", "watch"]

FIRST_UID = 60_800
"""Users that nobody has: one for each sandbox that runs at the same time."""

POLL_SECONDS = 0.02
PIPE_SECONDS = 5.0
BASE_MEMORY = 150_000_000
"""What Python, numpy, onnx and onnxruntime themselves hold (measured: 60 to 90 MB)."""


@dataclass(frozen=True)
class ModelRun:
    """A model that kept the contract, and its answers.

    Attributes
    ----------
    logits : np.ndarray, shape=(n, 11), float32
        Finite, and the same in any batch.
    front_end : str
        What the model says; "" if nothing.
    warnings : tuple of str
    n_parameters : int
    layers : tuple of Layer
        Protections that it ran under.
    cpu_seconds : float or None
    """

    logits: np.ndarray
    front_end: str
    warnings: tuple[str, ...]
    n_parameters: int
    layers: tuple[Layer, ...]
    cpu_seconds: float | None


class Sandbox:
    """A place to run models, one at a time.

    Parameters
    ----------
    slot : int
        Number of this sandbox among those that run at the same time.
    fork : bool, optional
        Fork children from a zygote; default: where that works (Linux).
    policy : {"strict", "weak", "none"}
        Which layers must hold: see :mod:`grader.sandbox.policy`.
    """

    def __init__(
        self, slot: int = 0, *, fork: bool | None = None, policy: Policy = "strict"
    ) -> None:
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        self._uid = FIRST_UID + slot if is_root else None
        self._fork = sys.platform == "linux" if fork is None else fork
        self._launcher: Launcher | None = None
        self._policy: Policy = policy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what waits for the next model."""
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None

    @property
    def uid(self) -> int | None:
        """The user that models run as; None: the one who grades."""
        return self._uid

    def check(self) -> tuple[Layer, ...]:
        """Run a model of our own, and return which protections work here.

        Raises
        ------
        SandboxError
            If the sandbox does not work at all, or lacks a layer that the policy asks for;
            no submission should be judged then.
        """
        notes = np.arange(4 * 64 * 64, dtype=np.uint8).reshape(4, 64, 64)
        # no demands on the child: they are made below, where there is a sentence for them
        policy, self._policy = self._policy, "none"
        try:
            layers = self.run(probe_model(), notes, np.array([2, 0, 1]), limits=Limits()).layers
        except Rejection as rejection:
            raise SandboxError(f"the sandbox does not work here: {rejection}") from None
        finally:
            self._policy = policy
        demand_layers(self._policy, layers)
        return layers

    def run(
        self, model: bytes, mels: np.ndarray, repeats: np.ndarray, *, limits: Limits
    ) -> ModelRun:
        """Run a model on notes.

        Parameters
        ----------
        model : bytes
            The content of ``model.onnx``.
        mels : np.ndarray, shape=(n, 64, 64), uint8
            Spectrograms as stored.
        repeats : np.ndarray, int
            Positions that are run again in other batches.
        limits : Limits
            What the model may cost.

        Raises
        ------
        Rejection
            If the model breaks the contract or a limit.
        SandboxError
            If the sandbox fails; the model is not to blame.
        """
        request = Request(
            model=model,
            mels=mels,
            repeats=repeats,
            memory_bytes=int(limits.memory_mb * 1e6),
            cpu_seconds=int(np.ceil(limits.cpu_seconds)),
            max_model_bytes=int(limits.model_mb * 1e6),
            uid=self._uid,
            required=REQUIRED[self._policy],
        )
        try:
            return self._run(request, limits)
        except Rejection as rejection:
            if rejection.code != Code.CRASH:
                raise
        except SandboxError:
            pass
        # once more from scratch: a process can also be ended by others (out of memory, …)
        self.close()
        return self._run(request, limits)

    def _run(self, request: Request, limits: Limits) -> ModelRun:
        """Run a request once."""
        if self._launcher is None:
            self._launcher = ForkLauncher() if self._fork else ProcessLauncher()
        with anonymous_file() as file:
            request.write(file)
            running = self._launcher.start(file)
        size = reply_length(len(request.mels), request.repeats)
        reader = Reader(running, size)
        try:
            verdict, ended = watch(running, reader, limits)
        except BaseException:
            self.close()  # ends the child, too
            running.kill()
            raise
        content = reader.finish()
        if verdict is not None:
            raise verdict
        if (broken := failure(ended, limits)) is not None:
            raise broken
        reply = Reply.from_bytes(content, len(request.mels), request.repeats)
        if reply.code == Code.INFRA_ERROR:
            raise SandboxError(reply.detail)
        if reply.answers is None:
            raise Rejection(reply.code or Code.PROTOCOL, reply.detail)
        check_answers(reply.answers, request.repeats)
        return ModelRun(
            logits=reply.answers.logits,
            front_end=reply.front_end,
            warnings=reply.warnings,
            n_parameters=reply.n_parameters,
            layers=reply.layers,
            cpu_seconds=ended.cpu_seconds,
        )


class Reader(threading.Thread):
    """Reads a reply, at most one byte more than it may have."""

    def __init__(self, running: Running, size: int) -> None:
        super().__init__(daemon=True)
        self._pipe, self._size = running.reply, size
        self._content = bytearray()
        self.flooded = False
        self.start()

    def run(self) -> None:
        """Read until the end, or until there is too much."""
        while part := self._pipe.read(1 << 16):
            self._content += part
            if len(self._content) > self._size:
                self.flooded = True
                return

    def finish(self) -> bytes:
        """Return what came, after the child has ended."""
        # something that the child started could hold the pipe open for ever
        self.join(PIPE_SECONDS)
        if not self.is_alive():
            self._pipe.close()
        return bytes(self._content)


def watch(running: Running, reader: Reader, limits: Limits) -> tuple[Rejection | None, Exit]:
    """Wait for the child's end; kill it when it breaks a limit."""
    began = time.monotonic()
    verdict: Rejection | None = None
    while (ended := running.wait(POLL_SECONDS)) is None:
        if verdict is not None:
            continue
        if reader.flooded:
            verdict = Rejection(Code.FLOOD, "the process sent more than an answer")
        elif time.monotonic() - began > limits.wall_seconds:
            verdict = Rejection(
                Code.TIMEOUT, f"the model did not finish within {limits.wall_seconds:g} s"
            )
        elif _memory_in_use(running.pid) > limits.memory_mb * 1e6 + BASE_MEMORY:
            verdict = Rejection(
                Code.MEMORY, f"the model needs more than {limits.memory_mb:g} MB of memory"
            )
        if verdict is not None:
            running.kill()
    if verdict is None and reader.flooded:
        verdict = Rejection(Code.FLOOD, "the process sent more than an answer")
    return verdict, ended


def _memory_in_use(pid: int) -> int:
    """Return the bytes that a process holds for itself; 0 where that can't be seen."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def failure(ended: Exit, limits: Limits) -> Rejection | None:
    """Return why a child ended that was not told to; None if it ended by itself."""
    too_long = ended.cpu_seconds is not None and ended.cpu_seconds >= limits.cpu_seconds
    if ended.signal and (ended.signal == getattr(signal, "SIGXCPU", 0) or too_long):
        return Rejection(
            Code.TIMEOUT, f"the model needs more than {limits.cpu_seconds:g} s of processor time"
        )
    if ended.signal:
        name = signal.Signals(ended.signal).name
        return Rejection(Code.CRASH, f"the process was ended by {name}")
    if ended.code:
        return Rejection(Code.CRASH, f"the process ended with code {ended.code}")
    return None
