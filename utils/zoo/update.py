"""Make rows of the table that are missing or stale, one after the other."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from utils.notes.embedded import load_notes
from utils.zoo.checkpoints import CHECKPOINTS
from utils.zoo.entries import NETWORKS
from utils.zoo.features import FEATURES
from utils.zoo.provenance import versions
from utils.zoo.recipe import RECIPE
from utils.zoo.results import RESULTS, Row, Table, load_results, write_results
from utils.zoo.run import NAMES, code_of, run_seed, size_of, store_trained

__all__ = ["MADE_BY", "is_stale", "make_row", "update"]

MADE_BY = "python -m utils.zoo run --all"


def is_stale(row: Row, table: Table) -> bool:
    """Return whether a row was made by other code, settings or notes than those of today."""
    other_notes = table.provenance["dataset_id"] != load_notes().dataset_id
    return other_notes or row.code_sha256 != code_of(row.name)


def make_row(name: str, seed: int = 0) -> Row:
    """Train and measure a model once; nothing is stored.

    Parameters
    ----------
    name : str
        One of ``run.NAMES``.
    seed : int
        Of weights, order, augmentation, dropout.

    Returns
    -------
    Row
        With one run.
    """
    return _with_run(_empty(name), run_seed(name, seed)[0])


def update(
    names: Iterable[str],
    *,
    seeds: int = 2,
    again: bool = False,
    path: Path = RESULTS,
    say: Callable[[str], Any] = print,
) -> Table:
    """Make what is missing or stale of some rows; the file is written after every run.

    Parameters
    ----------
    names : iterable of str
        Of ``run.NAMES``.
    seeds : int
        Runs a row, with seeds from 0 on.
    again : bool
        Make the rows again even if they aren't stale.
    path : Path
        The file of results.
    say : callable
        Gets a line a run.

    Returns
    -------
    Table
        All rows, in the order of ``run.NAMES``.
    """
    rows = _current(path)
    names = tuple(names)
    for name in names:
        if again or name not in rows:
            rows[name] = _empty(name)
    for seed in range(seeds):
        for name in names:
            if len(rows[name].runs) > seed:
                continue
            run, model = run_seed(name, seed)
            rows[name] = _with_run(rows[name], run)
            if seed == 0 and model is not None and name in CHECKPOINTS:
                store_trained(name, seed, run, model)
            accuracy = float(np.mean(run["by_group"]))
            say(f"{name}, seed {seed}: {accuracy:.3f} by group, {run['cpu_seconds']} CPU-s")
            write_results(_table(rows), path)
    return _table(rows)


def _current(path: Path) -> dict[str, Row]:
    """Return the rows of a file that aren't stale."""
    if not path.is_file():
        return {}
    table = load_results(path)
    return {row.name: row for row in table.rows if row.name in NAMES and not is_stale(row, table)}


def _empty(name: str) -> Row:
    entry: Any = FEATURES[name] if name in FEATURES else NETWORKS[name]
    size = size_of(name)
    return Row(
        name, entry.title, entry.row, size["parameters"], size["macs"], code_of(name), runs=()
    )


def _with_run(row: Row, run: dict[str, Any]) -> Row:
    return replace(row, runs=(*row.runs, run))


def _table(rows: dict[str, Row]) -> Table:
    done = tuple(rows[name] for name in NAMES if name in rows and rows[name].runs)
    practice = load_notes().split("practice")
    provenance = {
        "made_by": MADE_BY,
        "dataset_id": load_notes().dataset_id,
        "split": "practice",
        "notes": len(practice),
        "groups": len(set(practice.groups.tolist())),
        "recipe": RECIPE.to_dict(),
        "threads": 1,
        "versions": versions(),
    }
    return Table(done, provenance)
