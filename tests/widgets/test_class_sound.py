"""The sound of a class: growth, the stored pictures, the widget."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.notes.vocabulary import FAMILIES
from utils.training.activation_maximization import activation_maximization
from utils.widgets.class_sound.grow import PARTS, Growth, Scale, grow, scale_of
from utils.widgets.class_sound.store import (
    NETWORKS,
    PICTURES,
    SETTINGS,
    STORED,
    load_stored,
    provenance,
)
from utils.widgets.class_sound.widget import ClassSound
from utils.widgets.compute import Job, Stopped
from utils.widgets.network_notes import heard_notes, trained_network, untrained_copy

SMALL = {"steps": 20, "smooth": 1.0, "quiet": 1.0, "jitter": 2}


def small_model() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 4, 8, stride=8), nn.ReLU(), nn.Flatten(), nn.Linear(256, 11))


def job(sent: list[Any], state: dict[str, Any]) -> Job:
    def send(content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        sent.append((content["payload"], buffers))

    return Job({"id": 1, "op": "grow", "payload": {"state": state}}, [], send)


def test_the_scale_is_that_of_the_logits() -> None:
    model, notes = small_model(), heard_notes()
    with torch.no_grad():
        logits = model(notes.inputs())
    scale = scale_of(model, notes)
    assert scale.spread == pytest.approx(float(logits.numpy().std(axis=0, ddof=1).mean()), rel=1e-4)
    np.testing.assert_allclose(scale.best, logits.amax(0), rtol=1e-3)


def test_a_growth_in_parts_is_one_ascent() -> None:
    model, scale = small_model(), Scale(0.5, [])
    growth = grow(model, 4, scale=scale, seed=7, **SMALL)
    assert growth.steps == [round(20 * part) for part in PARTS] == [0, 1, 4, 10, 20]
    generator = torch.Generator().manual_seed(7)
    start = 0.2 * torch.rand((1, 1, 64, 64), generator=generator)
    whole = activation_maximization(
        model, 4, steps=20, tv=0.5, l2=0.5, jitter=2, start=start, generator=generator
    )
    expected = (whole.picture[0, 0] * 255).round().numpy()
    assert np.abs(growth.pictures[-1] - expected).max() <= 1
    assert growth.logits[-1] == pytest.approx(whole.history[-1], rel=1e-4)
    free = grow(model, 4, scale=scale, steps=20, smooth=0.0, quiet=0.0, jitter=0)
    assert free.logits == sorted(free.logits)
    with torch.no_grad():
        probability = model(whole.picture).softmax(1)[0, 4]
    assert growth.probabilities[-1] == pytest.approx(float(probability), rel=1e-4)


def test_a_larger_scale_smooths_more() -> None:
    model = small_model()
    rough, smooth = (
        grow(model, 0, scale=Scale(size, []), **{**SMALL, "quiet": 0.0}).pictures[-1].astype(float)
        for size in (0.01, 10.0)
    )
    assert np.abs(np.diff(smooth, axis=1)).mean() < np.abs(np.diff(rough, axis=1)).mean()


def test_a_growth_can_be_stopped() -> None:
    seen: list[int] = []

    def report(growth: Growth) -> None:
        seen.append(growth.steps[-1])
        if len(seen) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        grow(small_model(), 0, scale=Scale(1.0, []), report=report, **SMALL)
    assert seen == [0, 1]


def test_a_growth_can_be_stopped_between_two_pictures() -> None:
    done: list[int] = []

    def tick(steps: int) -> None:
        done.append(steps)
        if steps == 30:
            raise Stopped

    with pytest.raises(Stopped):
        grow(small_model(), 0, scale=Scale(1.0, []), tick=tick, **{**SMALL, "steps": 100})
    assert done == [5, 15, 20, 30]


def test_the_stored_pictures_are_not_stale() -> None:
    document, pictures = load_stored()
    made = document["provenance"]
    now = provenance()
    assert {key: made[key] for key in now if key != "versions"} == {
        key: value for key, value in now.items() if key != "versions"
    }, "run python -m utils.widgets.class_sound.store"
    assert made["seconds"] > 0
    assert pictures.shape == (len(NETWORKS), len(FAMILIES), len(PARTS), 64, 64)
    assert PICTURES.stat().st_size + STORED.stat().st_size < 300_000


@pytest.mark.parametrize("network", NETWORKS)
def test_one_stored_class_comes_out_again(network: str) -> None:
    document, pictures = load_stored()
    model = trained_network() if network == "trained" else untrained_copy(trained_network())
    growth = grow(model, 5, scale=scale_of(model, heard_notes()), **SETTINGS)
    stored = document["networks"][network]["classes"][5]
    # Another processor rounds differently, and gradient ascent remembers it.
    assert growth.logits[:3] == pytest.approx(stored["logits"][:3], rel=0.05, abs=0.005)
    assert growth.logits[-1] == pytest.approx(stored["logits"][-1], rel=0.2, abs=0.02)
    first = pictures[NETWORKS.index(network), 5, 1].astype(float)
    assert np.abs(first - growth.pictures[1]).mean() < 4


def test_what_the_lecture_says() -> None:
    networks = load_stored()[0]["networks"]
    trained, untrained = networks["trained"], networks["untrained"]
    for k, growth in enumerate(trained["classes"]):
        # More convincing than every real note, and the network is sure.
        assert growth["logits"][-1] > 1.5 * trained["best"][k]
        assert growth["probabilities"][-1] > 0.99
    assert all(growth["probabilities"][-1] < 0.12 for growth in untrained["classes"])


def test_the_widget_with_stored_pictures() -> None:
    widget = ClassSound(family="mallet")
    assert "probability 100%" in widget.describe(widget.state)
    assert "after 50 of 100 steps" in widget.describe(widget.state)
    widget.set(network="untrained", kept=0)
    assert "after 0 of 100 steps" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
    assert widget.data["pictures"]["shape"][:3] == [2, 11, len(PARTS)]
    assert len(widget.config["options"]["examples"]) == 11


def test_the_kernel_grows_the_learner_s_own_class() -> None:
    model = small_model()
    weights = model[0].weight.clone()
    widget, sent = ClassSound(model), list[Any]()
    assert "has not been grown yet" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())
    payload, array = widget._grow(job(sent, {**widget.state, **SMALL}))
    assert array.shape == (len(PARTS), 64, 64)
    kept = [len(news["steps"]) for news, buffers in sent if buffers]
    assert kept == [1, 2, 3, 4, 5]
    assert [news["done"] for news, buffers in sent if not buffers] == [1, 4, 10, 20]
    assert payload["steps"][-1] == 20
    assert payload["best"] == widget.config["options"]["networks"]["trained"]["best"]
    assert "of 20 steps" in widget.describe(widget.state)
    assert torch.equal(model[0].weight, weights)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (3, "expected a torch.nn.Module, got int"),
        (nn.Conv2d(3, 4, 3), "expected a network for log-mels"),
        (nn.Sequential(nn.Flatten(), nn.Linear(4096, 3)), "expected 11 logits, got 3"),
    ],
)
def test_wrong_networks(model: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ClassSound(model)
