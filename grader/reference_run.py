"""Run a master notebook from top to bottom with its solutions, training included.

The run shows that the homework can be done as it is written, and leaves what a
student would hand in: the trained model and its history.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tqdm.auto import tqdm

from grader.otter_assign import course_environment
from utils.errors import CourseError

__all__ = ["ReferenceRun", "ReferenceRunError", "run_notebook"]

TRAIN_TAG = "train"
CELL_LIMIT = 1800  # seconds; a training cell on a slow machine


class ReferenceRunError(CourseError, RuntimeError):
    """A cell of the master notebook raised an error."""


@dataclass(frozen=True)
class ReferenceRun:
    """What a run of a notebook gave.

    Attributes
    ----------
    notebook : nbformat.NotebookNode
        With outputs.
    seconds : float
        The whole run, kernel start included.
    train_seconds : float
        The cells with the tag ``train``.
    """

    notebook: nbformat.NotebookNode
    seconds: float
    train_seconds: float


@contextmanager
def _stop_watch(times: dict[int, float], show: bool, total: int) -> Iterator[dict[str, Any]]:
    """Yield nbclient hooks that time the cells and move a progress bar."""
    bar = tqdm(total=total, desc="cells", unit="cell", disable=not show, file=sys.stdout)
    begun: dict[int, float] = {}

    def start(cell: nbformat.NotebookNode, cell_index: int) -> None:
        begun[cell_index] = time.perf_counter()
        if TRAIN_TAG in cell.metadata.get("tags", []):
            bar.set_postfix_str("training")

    def end(cell: nbformat.NotebookNode, cell_index: int, **_: Any) -> None:
        times[cell_index] = time.perf_counter() - begun[cell_index]
        bar.set_postfix_str("")
        bar.update()

    try:
        yield {"on_cell_execute": start, "on_cell_executed": end}
    finally:
        bar.close()


def run_notebook(
    path: Path,
    *,
    folder: Path | None = None,
    progress: bool = True,
    edit: Callable[[nbformat.NotebookNode], None] | None = None,
) -> ReferenceRun:
    """Run a notebook in a kernel of this Python and return it with its outputs.

    Parameters
    ----------
    path : Path
        The notebook; the file stays as it is.
    folder : Path, optional
        Working directory of the kernel; default: the notebook's folder.
    progress : bool
        Show a bar that counts cells.
    edit : callable, optional
        Changes the notebook before it runs.

    Returns
    -------
    ReferenceRun
        The notebook with outputs, and how long it took.

    Raises
    ------
    ReferenceRunError
        A cell raised an error; the message names the cell.
    """
    notebook = nbformat.read(path, as_version=4)
    if edit is not None:
        edit(notebook)
    times: dict[int, float] = {}
    start = time.perf_counter()
    with _stop_watch(times, progress, _count_code(notebook)) as hooks:
        client = NotebookClient(
            notebook,
            timeout=CELL_LIMIT,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder or path.parent)}},
            # the kernel's port is open on this machine only; its warning would worry readers
            extra_arguments=["--log-level=ERROR"],
            **hooks,
        )
        try:
            _execute(client)
        except CellExecutionError as error:
            raise ReferenceRunError(f"{path.name} stopped with an error:\n{error}") from error
    return ReferenceRun(notebook, time.perf_counter() - start, _training(notebook, times))


def _execute(client: NotebookClient) -> None:
    """Run the client in a thread of its own, so that Ctrl-C is ours.

    In the main thread nbclient would take the signal, and stumble over its own cleaning up.
    """
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.execute, env=course_environment())
        try:
            while not wait([future], timeout=0.5).done:  # short: Windows can't interrupt a wait
                pass
        except KeyboardInterrupt:
            _kill_kernel(client)
            raise
        future.result()


def _kill_kernel(client: NotebookClient) -> None:
    """End the kernel at once; the thread that waits for it then ends, too."""
    provisioner = getattr(client.km, "provisioner", None)
    pid = getattr(provisioner, "pid", None)
    if pid is not None:
        with suppress(OSError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _training(notebook: nbformat.NotebookNode, times: dict[int, float]) -> float:
    """Return the seconds of all training cells."""
    tagged = (i for i, c in enumerate(notebook.cells) if TRAIN_TAG in c.metadata.get("tags", []))
    return sum(times.get(i, 0.0) for i in tagged)


def _count_code(notebook: nbformat.NotebookNode) -> int:
    """Return how many cells will run; empty ones are skipped."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
