"""Attempt forbidden acts in children that are locked down as those that run models.

The labels to steal are planted for that: random bytes in a file, in the memory, in an
open descriptor and in the environment of this process. An attempt counts as a theft if
they come back.
"""

import ctypes
import json
import os
import secrets
import select
import signal
import socket
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from grader.assignment import Limits
from grader.sandbox.acts import ENDLESS
from grader.sandbox.launch import ForkLauncher, Running, anonymous_file
from grader.sandbox.layers import LAYERS, USER
from grader.sandbox.parent import Reader, failure, watch
from grader.sandbox.policy import PolicyError
from grader.sandbox.protocol import SandboxError, write_header

__all__ = ["LIMITS", "Attempt", "Scene", "Thief", "demand_unreadable"]

# room for what Python and onnxruntime hold themselves, which the grader grants on top
LIMITS = Limits(memory_mb=300, cpu_seconds=1, wall_seconds=20)
_REPLY_BYTES = 1 << 16
_GRACE_SECONDS = 1.0
_VARIABLE = "GRADER_SELFTEST_CANARY"


@dataclass(frozen=True)
class Attempt:
    """What came of a forbidden act.

    Attributes
    ----------
    done : bool
        It succeeded.
    reason : str
        Why it did not.
    got : bytes
        What it brought back.
    layers : dict
        Whether each layer was active.
    notes : dict
        What each layer said.
    """

    done: bool
    reason: str = ""
    got: bytes = b""
    layers: dict[str, bool] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


class Scene:
    """Planted labels, and a port to connect to; a context manager.

    Attributes
    ----------
    canary : bytes
        The planted labels.
    facts : dict
        What a thief is told: where things are, never what they hold.
    """

    def __init__(self) -> None:
        self.canary = secrets.token_bytes(32)
        self._memory = ctypes.create_string_buffer(self.canary, len(self.canary))
        self._folder = tempfile.TemporaryDirectory(prefix="selftest-")
        self._drop = tempfile.TemporaryDirectory(prefix="selftest-")
        Path(self._drop.name).chmod(0o777)
        folder = Path(self._folder.name)
        (folder / self.canary.hex()).touch()
        labels = folder / "labels.npz"
        labels.touch(mode=0o600)
        labels.write_bytes(self.canary)
        self._descriptor = os.open(labels, os.O_RDONLY)
        # as if somebody had forgotten it
        os.set_inheritable(self._descriptor, True)
        os.environ[_VARIABLE] = self.canary.hex()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.facts: dict[str, Any] = {
            "labels": str(labels),
            "folder": str(folder),
            "drop": self._drop.name,
            "pid": os.getpid(),
            "address": ctypes.addressof(self._memory),
            "length": len(self.canary),
            "descriptor": self._descriptor,
            "port": self._server.getsockname()[1],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        os.environ.pop(_VARIABLE, None)
        os.close(self._descriptor)
        self._folder.cleanup()
        self._drop.cleanup()

    def stolen(self, attempt: Attempt) -> bool:
        """Return whether an attempt brought the planted labels back."""
        return self.canary in attempt.got or self.canary.hex().encode() in attempt.got


class Thief:
    """Attempts forbidden acts, each in a child of its own; a context manager.

    Parameters
    ----------
    facts : dict
        Of the scene.
    uid : int or None
        The user that a child becomes; None: it stays.
    """

    def __init__(self, facts: dict[str, Any], uid: int | None) -> None:
        self._facts, self._uid = facts, uid
        self._launcher = ForkLauncher("sandbox.acts")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._launcher.close()

    def attempt(
        self, act: str, *, without: Collection[str] = (), facts: dict[str, Any] | None = None
    ) -> Attempt:
        """Attempt an act in a child that lacks some layers.

        Parameters
        ----------
        act : str
            A key of ``acts.ACTS``.
        without : collection of str
            Names of layers to leave out.
        facts : dict, optional
            Beside those of the scene.

        Raises
        ------
        SandboxError
            The child did not say what it did, though nothing in the act ends it.
        """
        running = self._start(act, without, facts or {})
        reader = Reader(running, _REPLY_BYTES)
        limits = replace(LIMITS, wall_seconds=2) if act == "sleep for ever" else LIMITS
        verdict, ended = watch(running, reader, limits)
        content = reader.finish()
        verdict = verdict or (failure(ended, LIMITS) if ended.signal else None)
        if verdict is not None:
            if act not in ENDLESS:
                raise SandboxError(f"a child that tried to {act} was ended: {verdict.detail}")
            return Attempt(False, f"{verdict.code.value}: {verdict.detail}")
        try:
            found = json.loads(content)
            got = bytes.fromhex(found.pop("got", ""))
            return Attempt(got=got, **found)
        except ValueError:
            if act not in _REPLACED:
                raise SandboxError(f"no answer from a child that tried to {act}") from None
            return Attempt(True, got=content)

    def outlives(self, *, without: Collection[str] = ()) -> bool:
        """Return whether a child lives on after the zygote is killed; then start anew."""
        running = self._start("sleep for ever", without, {})
        handle = os.pidfd_open(running.pid)
        try:
            running.reply.read(1)  # it has locked down, and sleeps
            self._launcher.abandon()
            lives = not select.select([handle], [], [], _GRACE_SECONDS)[0]
            if lives:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
            running.reply.close()
        self._launcher = ForkLauncher("sandbox.acts")
        return lives

    def _start(self, act: str, without: Collection[str], facts: dict[str, Any]) -> Running:
        """Start a child on an act."""
        with anonymous_file() as request:
            header = (
                self._facts
                | facts
                | {
                    "act": act,
                    "without": sorted(without),
                    "uid": self._uid,
                    "cpu_seconds": int(LIMITS.cpu_seconds),
                    "memory_bytes": int(LIMITS.memory_mb * 1e6),
                }
            )
            write_header(request, header)
            request.flush()
            return self._launcher.start(request)


def demand_unreadable(labels: Sequence[Path], uid: int | None) -> None:
    """Refuse to go on if the user that models run as can read one of these files.

    It is tried, with no other layer between.

    Raises
    ------
    PolicyError
        Names the file.
    """
    others = [name for name, _ in LAYERS if name != USER]
    paths = [path for path in labels if path.exists()]
    with Thief({}, uid) as thief:
        for path in paths:
            facts = {"labels": str(path.resolve())}
            attempt = thief.attempt("open the labels", without=others, facts=facts)
            if attempt.done or not attempt.layers[USER]:
                raise PolicyError(
                    f"the user that models run as can read {path}, so nothing is graded: make "
                    "its folder readable by its owner alone (chmod 700)"
                )


_REPLACED = {"let another program read the labels (exec)"}
"""Acts after which the child is another program, which answers otherwise."""
