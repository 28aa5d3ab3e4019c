"""Which stored run is nearest to some settings, and what a run came to.

The view does the same in ``runs.js``; a test compares both.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from utils.training.early_stopping import EarlyStopping

__all__ = ["distance", "nearest", "verdict"]

State = Mapping[str, Any]


def distance(one: State, other: State) -> float:
    """Return how far apart two settings are, one for each stored step.

    Parameters
    ----------
    one, other : mapping
        States of the widget.
    """
    return (
        abs(one["dropout"] - other["dropout"]) / 0.5
        + abs(one["decay"] - other["decay"])
        + abs(one["augment"] - other["augment"]) / 0.25
        + abs(math.log2(one["width"] / other["width"]))
        + abs(one["instruments"] - other["instruments"]) / 44
    )


def nearest(runs: Sequence[Mapping[str, Any]], state: State) -> Mapping[str, Any]:
    """Return the run whose settings are nearest; of equally near ones, the first.

    Parameters
    ----------
    runs : sequence of mapping
        As ``LabRun.to_dict`` gives them.
    state : mapping
    """
    return min(runs, key=lambda run: distance(run["settings"], state))


def verdict(run: Mapping[str, Any], state: State) -> dict[str, Any]:
    """Return the `best` epoch, the `stop` (or None) and the epoch whose weights are `kept`.

    Parameters
    ----------
    run : mapping
        With at least one epoch.
    state : mapping
        Its exam is watched; without early stopping the last weights are kept.
    """
    losses = run["loss"][state["exam"]]
    stopping = EarlyStopping(state["patience"] if state["early_stop"] else len(losses) + 1)
    stop = next((i for i, loss in enumerate(losses, 1) if stopping.step(loss)), None)
    kept = stopping.best_step if state["early_stop"] else len(losses)
    return {"best": stopping.best_step, "stop": stop, "kept": kept}
