"""The stored loss plane of a CNN: what the lecture says about it, and where it is from."""

import json
import math

import torch
from torch import nn

from utils.notes.embedded import load_notes
from utils.training.landscape_plane import plane_loss
from utils.widgets.race.notes_plane import notes_plane, own_plane, stored
from utils.widgets.race.store_plane import FILE, N_PLANE, source_sha256
from utils.widgets.race.widget import Race


def test_provenance() -> None:
    found = stored()["provenance"]
    assert found["script_sha256"] == source_sha256(), "run python -m utils.widgets.race.store_plane"
    assert found["dataset_id"] == load_notes().dataset_id
    assert set(found["versions"]) == {"python", "torch"}
    assert FILE.stat().st_size < 200_000
    assert json.loads(FILE.read_text(encoding="utf-8")) == stored()


def test_the_run_lies_in_the_plane() -> None:
    found = stored()
    assert sum(found["provenance"]["explained"]) > 0.98
    z0, z1, z2, targets = notes_plane()["plane"]
    assert z0.shape == z1.shape == z2.shape == (N_PLANE, 11)
    path = torch.tensor(found["path"], dtype=torch.float64)
    losses = plane_loss(z0, z1, z2, targets, path)
    # It began with all families equally likely.
    assert abs(losses[0] - math.log(11)) < 0.4
    assert losses[-1] < 0.4 * losses[0]


def test_the_plane_is_a_ravine() -> None:
    z0, z1, z2, targets = notes_plane()["plane"]
    theta = torch.zeros(2, dtype=torch.float64)
    bends = torch.linalg.eigvalsh(
        torch.autograd.functional.hessian(lambda p: plane_loss(z0, z1, z2, targets, p), theta)
    )
    assert bends[0] > 0
    assert bends[1] / bends[0] > 4


def test_everyone_gets_down() -> None:
    names = ("gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
    widget = Race(**notes_plane(), runners=names)
    for run in widget.runs(widget.state).values():
        assert run.left == -1
        assert run.losses[-1] < 0.6 < run.losses[0]


def test_the_learners_own() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(30, 5, generator=generator)
    targets = torch.randint(3, (30,), generator=generator)
    options = own_plane(
        nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)), (inputs, targets)
    )
    widget = Race(**options, steps=5)
    assert "1/n" not in widget.describe(widget.state)
    low, high = widget.config["options"]["plane"]["bounds"][0]
    assert -low == high == options["bounds"]
    assert all(low <= v <= high for v in widget.state["start"])
