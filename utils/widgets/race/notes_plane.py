"""The loss plane of a network that learned notes, for the race: stored, or the learner's own."""

import json
from importlib.resources import files
from typing import Any

import torch
from torch import nn

from utils.training.landscape_last_layer import last_layer_plane
from utils.training.landscape_loss import Pairs

__all__ = ["notes_plane", "own_plane", "stored"]

ROOM = 4.0
"""How far the plane is drawn, in lengths of the run that it was laid through."""


def notes_plane() -> dict[str, Any]:
    """Return the stored plane as options of the race: ``Race(**notes_plane())``.

    It belongs to a CNN of lecture 05 that learned notes; ``stored()["provenance"]`` says how.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    found = stored()
    tensors = [torch.tensor(found[name], dtype=torch.float64) for name in ("z0", "z1", "z2")]
    targets = torch.tensor(found["targets"])
    return _options([*tensors, targets], torch.tensor(found["path"]))


def own_plane(model: nn.Module, data: Pairs) -> dict[str, Any]:
    """Return the plane of a model's last layer as options of the race.

    Parameters
    ----------
    model : torch.nn.Module
        Ends with a linear layer.
    data : NoteSet, torch.utils.data.Dataset, or (inputs, targets)
        One or two hundred notes.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    found = last_layer_plane(model, data)
    plane = found.plane
    return _options([plane.z0, plane.z1, plane.z2, plane.targets], found.path)


def stored() -> dict[str, Any]:
    """Return the stored plane with its provenance."""
    text = files("utils.widgets.race").joinpath("notes_plane.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _options(plane: list[torch.Tensor], path: torch.Tensor) -> dict[str, Any]:
    bounds = ROOM * float(path.abs().max())
    # On the slope above the place where the run began: the ravine is crossed before it is followed.
    start = [0.55 * bounds, 0.45 * bounds]
    return {"plane": plane, "bounds": round(bounds, 2), "start": [round(v, 2) for v in start]}
