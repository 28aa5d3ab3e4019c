"""The widget of one's own landscape: networks, views, the kernel's work, the stored result."""

import hashlib
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.training.landscape_directions import snapshot
from utils.widgets.compute import Job, Stopped
from utils.widgets.own_landscape.look import look_at, planes_of
from utils.widgets.own_landscape.networks import (
    Network,
    given_networks,
    note_pair,
    raw_notes,
    train_network,
)
from utils.widgets.own_landscape.store import STORED, load_stored
from utils.widgets.own_landscape.widget import OwnLandscape


def small_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(16, 11))


def small_data() -> tuple[torch.Tensor, torch.Tensor]:
    return raw_notes(24)


def steps(model: nn.Module, count: int = 4) -> list[dict[str, torch.Tensor]]:
    inputs, targets = small_data()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    path = [snapshot(model)]
    for _ in range(count):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        path.append(snapshot(model))
    return path


def job(sent: list[Any], state: dict[str, Any]) -> Job:
    def send(content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        array = None if buffers is None else np.frombuffer(buffers[0], content["dtype"])
        sent.append((content["payload"], array))

    return Job({"id": 1, "op": "look", "payload": {"state": state}}, [], send)


def test_both_networks_start_from_the_same_weights_and_only_skips_differ() -> None:
    both = [
        train_network(name, blocks=1, seed=3, epochs=1) for name in ("with skips", "without skips")
    ]
    for key, tensor in both[0].snapshots[0].items():
        torch.testing.assert_close(tensor, both[1].snapshots[0][key])
    assert both[0].parameters == both[1].parameters
    assert both[0].losses != both[1].losses
    assert len(both[0].losses) == len(both[0].snapshots) - 1
    ends = snapshot(both[0].model)
    torch.testing.assert_close(ends, both[0].snapshots[-1])


def test_training_can_be_stopped_and_tells_its_progress() -> None:
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int, loss: float) -> None:
        seen.append((done, total))
        if done > 3:
            raise Stopped

    with pytest.raises(Stopped):
        train_network("with skips", blocks=1, seed=0, epochs=1, report=report)
    assert seen == [(1, 20), (2, 20), (3, 20), (4, 20)]


def test_a_view_holds_the_loss_of_the_network() -> None:
    model, data = small_model(), small_data()
    path = steps(model)
    network = Network("mine", model, path)
    before = snapshot(model)
    for plane in planes_of(network):
        views = [view for _, view in look_at([network], data, plane, resolution=9, seed=0)]
        assert [view["computed"] for view in views] == [pytest.approx(25 / 81, rel=1e-3), 1.0]
        values = np.array(views[-1]["values"]).reshape(9, 9)
        with torch.no_grad():
            loss = F.cross_entropy(model(data[0]), data[1]).item()
        if plane == "random":
            assert values[4, 4] == pytest.approx(loss, rel=1e-3)
            assert "trajectory" not in views[-1]
        else:
            assert len(views[-1]["trajectory"]) == len(path)
            assert views[-1]["trajectory"][-1] == [0, 0]
            assert sum(views[-1]["explained"]) > 0.9
    torch.testing.assert_close(before, snapshot(model))


def test_the_same_seed_gives_the_same_plane() -> None:
    network, data = Network("mine", small_model()), small_data()
    looks = [
        list(look_at([network], data, "random", resolution=3, seed=seed))[-1][1]["values"]
        for seed in (5, 5, 6)
    ]
    assert looks[0] == looks[1] != looks[2]


def test_infinite_losses_stay_json() -> None:
    model = small_model()
    with torch.no_grad():
        model[2].weight.mul_(float("inf"))
    _, view = list(look_at([Network("wild", model)], small_data(), "random", resolution=3, seed=0))[
        -1
    ]
    assert max(view["values"]) == 1000


def test_the_kernel_looks_at_the_learner_s_own_module() -> None:
    model = small_model()
    widget = OwnLandscape(model, data=small_data(), snapshots=steps(model), resolution=5)
    assert "not looked at yet" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())
    sent: list[Any] = []
    payload, _ = widget._look(job(sent, {**widget.state, "plane": "path"}))
    assert payload == {"phase": "done"}
    views = [(news["plane"], array) for news, array in sent if news["phase"] == "view"]
    assert [plane for plane, _ in views] == ["path", "random"]  # the one that is shown comes first
    assert all(array.shape == (25,) and array.dtype == np.float32 for _, array in views)
    assert "lowest loss" in widget.describe(widget.state)
    widget.draw({**widget.state, "plane": "path"}, Figure())


def test_without_snapshots_there_is_only_the_random_plane() -> None:
    widget = OwnLandscape({"a": small_model(), "b": small_model()}, data=small_data(), resolution=3)
    sent: list[Any] = []
    widget._look(job(sent, widget.state))
    views = [(news["plane"], news["which"]) for news, _ in sent if news["phase"] == "view"]
    assert views == [("random", 0), ("random", 1)]


def test_the_kernel_trains_and_remembers() -> None:
    widget, sent = OwnLandscape(resolution=3, epochs=1), list[Any]()
    state = {**widget.state, "blocks": 1}
    widget._look(job(sent, state))
    names = {news["name"] for news, _ in sent if news["phase"] == "train"}
    assert names == {"with skips", "without skips"}
    again: list[Any] = []
    widget._look(job(again, {**state, "plane": "path"}))
    assert not any(news["phase"] == "train" for news, _ in again)
    assert [network["parameters"] for network in widget.networks] == [1371, 1371]


def test_stop_while_looking() -> None:
    widget = OwnLandscape(small_model(), data=small_data(), resolution=9)
    sent: list[Any] = []
    work = job(sent, widget.state)
    send = work._send

    def stop_soon(content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        send(content, buffers)
        if content["payload"].get("phase") == "view":
            work.stop()

    work._send = stop_soon
    with pytest.raises(Stopped):
        widget._look(work)
    assert len([1 for news, _ in sent if news["phase"] == "view"]) == 1


@pytest.mark.parametrize(
    ("models", "snapshots", "message"),
    [
        ({}, None, "expected one to three"),
        ({"a": 3}, None, "expected one to three"),
        ({"a": nn.Linear(2, 2)}, {"b": []}, "expected snapshots of a, got those of b"),
    ],
)
def test_wrong_models(models: Any, snapshots: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        given_networks(models, snapshots)


def test_the_stored_result() -> None:
    stored = load_stored()
    skip, plain = stored["networks"]
    assert (skip["name"], plain["name"]) == ("with skips", "without skips")
    for network in (skip, plain):
        assert network["parameters"] == 14395
        for view in network["planes"].values():
            assert len(view["values"]) == view["size"] ** 2
            assert view["computed"] == 1
        assert len(network["planes"]["path"]["trajectory"]) == len(network["losses"]) + 1
    # What the lecture says of them.
    low, high = (min(n["planes"]["random"]["values"]) for n in (skip, plain))
    assert low < 0.7 * high
    assert max(skip["planes"]["random"]["values"]) > 2 * max(plain["planes"]["random"]["values"])
    names = ("networks.py", "look.py", "store.py")
    sources = b"".join(STORED.with_name(name).read_bytes() for name in names)
    assert stored["provenance"]["sha256"] == hashlib.sha256(sources).hexdigest()
    assert STORED.stat().st_size < 60_000


@pytest.mark.parametrize("plane", ["random", "path"])
def test_words_and_picture_of_the_stored_result(plane: str) -> None:
    widget = OwnLandscape(plane=plane)
    assert "with skips (14395 parameters)" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
    assert note_pair()[0].shape == (640, 1, 32, 32)
