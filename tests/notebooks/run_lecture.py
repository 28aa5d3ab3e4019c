"""Run one notebook with real widgets in a process of its own, and measure it.

``python run_lecture.py NOTEBOOK FOLDER`` runs the notebook as if it lay in the folder and
prints one line of JSON: seconds, the largest resident memory of the kernel in MiB, the
errors, and the play cells that should show a widget but don't.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

WIDGET = "application/vnd.jupyter.widget-view+json"


def run(path: Path, folder: Path, *, timeout: int = 300) -> dict[str, Any]:
    """Return what running the notebook took and what went wrong."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    started = time.perf_counter()
    client.execute()
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "mebibytes": round(_largest_child(), 1),
        "errors": [
            f"{cell.id}: {output.ename}: {output.evalue}"
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if output.output_type == "error"
        ],
        "silent plays": [cell.id for cell in notebook.cells if _is_silent_play(cell)],
    }


def _is_silent_play(cell: Any) -> bool:
    is_play = cell.metadata.get("course", {}).get("part") == "play"
    if not is_play or "change" in cell.source.lower():
        return False
    return not any(WIDGET in output.get("data", {}) for output in cell.outputs)


def _largest_child() -> float:
    """Return the largest resident memory of an ended child; 0 where nobody counts it."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))))
