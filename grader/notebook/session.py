"""Where students' processes are started: a process to fork them from, folders, a user.

A sandbox runs one notebook at a time, each in a process and a folder of its own.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from grader.notebook.place import may_change_user, public_cache, readable_paths
from grader.notebook.process import NotebookLimits, StudentProcess
from grader.sandbox.launch import ForkLauncher
from grader.sandbox.parent import FIRST_UID
from grader.sandbox.policy import REQUIRED, Policy
from grader.sandbox.protocol import Layer, SandboxError
from grader.scratch import Scratch, remove_folder
from utils.notes.embedded import cache_dir

__all__ = ["StudentSandbox"]

_FIRST_UID = FIRST_UID + 500


class StudentSandbox:
    """A place to run notebooks, one at a time; a context manager.

    Parameters
    ----------
    slot : int
        Number of this sandbox among those that run at the same time.
    policy : {"strict", "weak", "none"}
        Which layers must hold: see :mod:`grader.sandbox.policy`.
    """

    def __init__(self, slot: int = 0, *, policy: Policy = "strict") -> None:
        if sys.platform != "linux":
            raise SandboxError("notebook questions are graded on Linux only")
        self._policy: Policy = policy
        self._scratch = Scratch("notebooks")
        self._place = self._scratch.path
        self._place.chmod(0o711)  # users of their own pass through, and see nothing
        self._uid = _FIRST_UID + slot if may_change_user() else None
        self._cache = public_cache(self._place / "cache") if self._uid else cache_dir()
        self._launcher: ForkLauncher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what waits for the next notebook; remove all files."""
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None
        self._scratch.close()

    def open(self, files: Mapping[str, bytes], limits: NotebookLimits) -> StudentProcess:
        """Start a process with a folder of its own.

        Parameters
        ----------
        files : mapping of str to bytes
            Plain name → content, of what lies beside the notebook.
        limits : NotebookLimits

        Raises
        ------
        SandboxError
            If the sandbox fails, or protects less than the policy asks for.
        """
        if self._launcher is None:
            self._launcher = ForkLauncher("notebook.child", environment=self._environment())
        folder = Path(tempfile.mkdtemp(dir=self._place))
        for name, content in files.items():
            (folder / name).write_bytes(content)
        if self._uid is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, self._uid, self._uid)
        try:
            return StudentProcess(self._launcher, folder, self._header(folder, limits), limits)
        except BaseException:
            remove_folder(folder)
            self.close_launcher()
            raise

    def close_launcher(self) -> None:
        """End the process that students' processes are forked from; the next one is new."""
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None

    def check(self) -> tuple[Layer, ...]:
        """Start a process and ask it for nothing; return which protections hold.

        Raises
        ------
        SandboxError
            If they are too few.
        """
        with self.open({}, NotebookLimits()) as process:
            return process.layers

    def _environment(self) -> dict[str, str]:
        home = self._place / "home"
        home.mkdir(exist_ok=True)
        return {
            "HOME": str(home),
            "MPLCONFIGDIR": str(home),
            "MUSIC_AI_COURSE_CACHE": str(self._cache),
            "MUSIC_AI_COURSE_PROGRESS": "/nonexistent",
        }

    def _header(self, folder: Path, limits: NotebookLimits) -> dict[str, Any]:
        return {
            "uid": self._uid,
            "required": list(REQUIRED[self._policy]),
            "policy": self._policy,
            "cpu_seconds": int(limits.cpu_seconds),
            "cell_seconds": limits.cell_seconds,
            "memory_bytes": int(limits.memory_mb * 1e6),
            "file_bytes": int(limits.disk_mb * 1e6),
            "read": [*readable_paths(), str(self._cache)],
            "folder": str(folder),
        }
