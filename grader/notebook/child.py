"""A student's process: runs cells when told to, and answers calls with plain data.

It is forked from a process that has the usual libraries loaded (Linux). Everything in
here may be changed by the student's code: what it sends is believed by nobody.
"""

import os
import signal
import sys
import types
from dataclasses import asdict
from typing import Any, BinaryIO

from grader.notebook.confine import confine
from grader.notebook.plain import MAX_BYTES, PlainError, dump, from_json, load, to_json
from grader.sandbox import zygote

__all__ = ["main", "serve", "warm_up"]

_MAX_TEXT = 500


class CellTimeout(BaseException):
    """A cell or a call took too long; no Exception, so that `except Exception` lets it pass."""


def main(control_fd: int) -> None:
    """Be the process that students' processes are forked from."""
    zygote.main(control_fd, serve, warm_up)


def warm_up() -> None:
    """Load what notebooks import, once for all of them."""
    import matplotlib

    matplotlib.use("Agg")
    import IPython.display  # noqa: F401
    import matplotlib.pyplot as plt
    import onnxruntime  # noqa: F401
    import torch
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    import utils.course_setup
    import utils.submission.practice  # noqa: F401
    from utils.notes.embedded import load_notes

    torch.set_num_threads(1)
    weight = torch.nn.Parameter(torch.zeros(1))
    for kind in (torch.optim.SGD, torch.optim.AdamW):  # a first step loads a lot
        optimizer = kind([weight], lr=0.1)
        weight.sum().backward()
        optimizer.step()
    settings = Config()
    settings.HistoryManager.enabled = False  # no file, no thread
    InteractiveShell.instance(config=settings)
    load_notes()
    plt.figure().text(0, 0, "fonts are looked for now")
    plt.close("all")


def serve(commands: BinaryIO, reply_fd: int) -> None:
    """Obey commands until there are no more."""
    header = _read(commands)
    layers = confine(header)
    missing = [x.name for x in layers if not x.active and x.name in header["required"]]
    _write(reply_fd, {"layers": [asdict(layer) for layer in layers], "missing": missing})
    if missing:
        return
    os.chdir(header["folder"])
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), header["folder"]))
    notebook = _Notebook(header["cell_seconds"])
    while (command := _read(commands)) is not None:
        _write(reply_fd, notebook.obey(command))


class _Notebook:
    """The names that the student's cells have made."""

    def __init__(self, seconds: float) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        self._shell = InteractiveShell.instance()
        self._shell.showtraceback = lambda *_, **__: None  # type: ignore[method-assign]
        self._shell.enable_gui = lambda *_: None  # type: ignore[method-assign]
        self._seconds = seconds
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 (for good)
        sys.modules["otter"] = _stand_in_for_otter()
        signal.signal(signal.SIGALRM, _too_long)

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the reply to a command."""
        try:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            try:
                return self._obey(command)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException as error:
            return _describe(error)

    def _obey(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["op"] == "cell":
            return self._run(command["source"])
        name = command["name"]
        names = self._shell.user_ns
        if name not in names:
            return {"kind": "missing"}
        value = names[name]
        if command["op"] == "call":
            arguments, options = from_json(command["arguments"]), from_json(command["options"])
            return {"kind": "value", "value": to_json(value(*arguments, **options))}
        if callable(value):
            return {"kind": "callable"}
        return {"kind": "value", "value": to_json(value)}

    def _run(self, source: str) -> dict[str, Any]:
        result = self._shell.run_cell(source, store_history=False, silent=False)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        error = result.error_before_exec or result.error_in_exec
        return {"kind": "done"} if error is None else _describe(error)


def _stand_in_for_otter() -> types.ModuleType:
    """Return a module ``otter`` whose checks do nothing: there are no tests in this process."""

    class Notebook:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    module = types.ModuleType("otter")
    module.Notebook = Notebook  # type: ignore[attr-defined]
    return module


def _too_long(*_: object) -> None:
    raise CellTimeout("this took too long")


def _describe(error: BaseException) -> dict[str, Any]:
    """Return an error as plain data: names of its classes, nearest first, and its text."""
    classes = [c.__name__ for c in type(error).__mro__ if issubclass(c, BaseException)]
    try:
        text = str(error)
    except Exception:
        text = "?"
    return {"kind": "error", "classes": classes[:10], "text": text[:_MAX_TEXT]}


def _read(commands: BinaryIO) -> Any:
    """Return the next message; None at the end."""
    head = commands.read(8)
    if len(head) < 8:
        return None
    size = int.from_bytes(head, "little")
    if size > MAX_BYTES:
        raise PlainError("too long")
    return load(commands.read(size))


def _write(fd: int, message: dict[str, Any]) -> None:
    """Send a message."""
    try:
        content = dump(message)
    except (PlainError, ValueError, TypeError) as error:
        content = dump(_describe(error))
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
