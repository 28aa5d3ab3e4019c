"""Look at networks from above: heights on a plane, from coarse to fine, as plain numbers.

A *view* is a dictionary that the page draws as it is: limits ``x`` and ``y``, ``size`` points a
side, ``values`` row by row from below, and on the plane of the training path its ``trajectory``
and the shares of the way that lie in the plane (``explained``).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from utils.training.landscape_directions import Plane, random_plane
from utils.training.landscape_loss import LossAt
from utils.training.landscape_refine import Landscape, Span, refine_surface
from utils.training.landscape_trajectory import (
    project,
    trajectory_directions,
    trajectory_span,
)
from utils.widgets.own_landscape.networks import Network, Pair

__all__ = ["PLANES", "look_at", "planes_of"]

PLANES = ("random", "path")
HIGHEST = 1000.0
FEWEST = 3

Progress = Callable[[int, int], Any]


def planes_of(network: Network) -> tuple[str, ...]:
    """Return the planes that a network can be seen on: the path needs three snapshots.

    Parameters
    ----------
    network : Network
    """
    return PLANES if len(network.snapshots) >= FEWEST else PLANES[:1]


def look_at(
    networks: Sequence[Network],
    data: Pair,
    plane: str,
    *,
    resolution: int,
    seed: int,
    progress: Progress = lambda done, total: None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of a network and its view, all networks level by level.

    Parameters
    ----------
    networks : sequence of Network
    data : (inputs, targets)
        On which the loss is measured.
    plane : {"random", "path"}
        Networks without snapshots are left out on the path.
    resolution : int
        Points a side in the end, odd.
    seed : int
        Of the random plane, the same for all.
    progress : callable
        Called with points done and points in all.
    """
    chosen = [k for k, network in enumerate(networks) if plane in planes_of(network)]
    done = dict.fromkeys(chosen, 0)

    def counter(which: int) -> Progress:
        def count(points: int, _: int) -> None:
            done[which] = points
            progress(sum(done.values()), len(chosen) * resolution**2)

        return count

    started = {k: _levels(networks[k], data, plane, resolution, seed, counter(k)) for k in chosen}
    while started:
        for k, (facts, levels) in list(started.items()):
            landscape = next(levels, None)
            if landscape is None:
                del started[k]
            else:
                yield k, {**facts, **_numbers(landscape)}


def _levels(
    network: Network, data: Pair, plane: str, resolution: int, seed: int, tick: Progress
) -> tuple[dict[str, Any], Iterator[Landscape]]:
    """Return what is known of a plane, and its landscapes."""
    facts: dict[str, Any] = {}
    span: Span = 1.0
    if plane == "path":
        where: Plane = trajectory_directions(network.snapshots)
        coordinates = project(network.snapshots, where)
        span = trajectory_span(coordinates, margin=0.25)
        facts["trajectory"] = [[_short(a) for a in pair] for pair in coordinates.tolist()]
        facts["explained"] = [_short(share) for share in where.explained or ()]
    else:
        where = random_plane(network.model, generator=torch.Generator().manual_seed(seed))
    height = LossAt(network.model, data, where)
    return facts, refine_surface(height, span=span, resolution=resolution, progress=tick)


def _numbers(landscape: Landscape) -> dict[str, Any]:
    heights = np.nan_to_num(landscape.values, nan=HIGHEST, posinf=HIGHEST)
    return {
        "x": [_short(landscape.first[0]), _short(landscape.first[-1])],
        "y": [_short(landscape.second[0]), _short(landscape.second[-1])],
        "size": len(landscape.first),
        "values": [_short(v) for v in np.minimum(heights, HIGHEST).ravel()],
        "computed": _short(landscape.computed.mean()),
    }


def _short(value: float) -> float:
    """Return four digits of a number: more cannot be seen."""
    return float(f"{float(value):.4g}")
