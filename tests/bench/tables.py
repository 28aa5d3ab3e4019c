"""What all benchmarks print, and how they start a process that is measured alone."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["in_a_process", "print_table"]

ROOT = Path(__file__).resolve().parents[2]


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *notes: str
) -> None:
    """Print a table, the first column to the left, and sentences below it."""
    table = Table(box=box.SIMPLE)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.rule(f"[bold]{title}", align="left")
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)


def in_a_process(module: str, *arguments: object) -> Any:
    """Return what ``python -m MODULE ARGUMENTS`` writes as its last line, in JSON.

    What is measured runs in a process of its own, which nothing else has filled or warmed.
    Its other output is shown only if it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stderr[-5_000:], file=sys.stderr)
        raise SystemExit(f"{module} ended with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])
