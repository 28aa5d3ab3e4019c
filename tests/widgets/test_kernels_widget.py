"""The widget of what kernels hear: what is known of channels, words, answers of the kernel."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.models.residual import ResidualCNN
from utils.notes.embedded import load_sound
from utils.training.deconvnet import deconvnet
from utils.training.inspect_layers import feature_maps
from utils.training.inspect_shapes import shape_name
from utils.widgets.compute import Job
from utils.widgets.kernels.look import Looker, chance_purity, mean_patch, purity
from utils.widgets.kernels.widget import KernelViewer
from utils.widgets.network_notes import (
    HeardNotes,
    heard_notes,
    trained_network,
    untrained_copy,
)


class TwoLayers(nn.Module):
    """The net of a student: a 3×5 kernel without padding, a strided one, ReLU as a module."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(1, 4, (3, 5))
        self.second = nn.Conv2d(4, 20, 3, stride=2, padding=1)
        self.out = nn.Linear(20, 11)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.second(F.max_pool2d(F.relu(self.first(x)), 2)))
        return self.out(x.amax(dim=(2, 3)))


def few_notes() -> HeardNotes:
    notes = heard_notes()
    chosen = list(range(0, len(notes.sounds), 9))
    return HeardNotes(tuple(notes.sounds[i] for i in chosen), notes.mels[chosen])


@pytest.fixture(scope="module")
def looker() -> Looker:
    return Looker(TwoLayers(), few_notes())


def job(payload: dict[str, Any]) -> Job:
    return Job({"id": 1, "op": "x", "payload": payload}, [], lambda *_: None)


def test_the_notes_are_those_that_the_network_was_trained_on() -> None:
    notes = heard_notes()
    assert len(notes.sounds) == len(notes.mels) == 274
    inputs = notes.inputs()
    assert inputs.shape == (274, 1, 64, 64)
    assert float(inputs.amax()) == 1
    assert load_sound(notes.sounds[3].note_str).shape == (64_000,)


def test_an_untrained_copy_has_new_weights_and_leaves_the_generator_alone() -> None:
    model = TwoLayers()
    before, state = model.first.weight.clone(), torch.get_rng_state()
    twin = untrained_copy(model)
    torch.testing.assert_close(model.first.weight, before)
    assert not torch.equal(twin.first.weight, before)
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(twin.first.weight, untrained_copy(model).first.weight)


def test_a_card_holds_the_feature_maps_and_projections(looker: Looker) -> None:
    channel = looker.listed("second")[0]
    card, blob = looker.card("second", channel)
    inputs = looker.inputs[card["notes"]]
    maps = feature_maps(looker.model, inputs, ["second"])["second"][:, channel].clamp_min(0)
    rows, cols = card["map"]
    assert maps.shape[1:] == (rows, cols)
    start = card["at"]["maps"]
    got = np.frombuffer(blob[start : start + 9 * rows * cols], np.uint8).reshape(9, rows, cols)
    peaks = maps.amax(dim=(1, 2), keepdim=True)
    np.testing.assert_allclose(got / 255, maps / peaks, atol=0.003)
    np.testing.assert_allclose(card["values"], peaks.flatten(), atol=1e-4)
    pictures = deconvnet(looker.model, inputs, "second", channel)[:, 0]
    start = card["at"]["projections"]
    for picture, (low, high, first, last) in zip(pictures, card["windows"], strict=True):
        cut = picture[low:high, first:last]
        size = cut.numel()
        part = np.frombuffer(blob[start : start + size], np.uint8).astype(float)
        np.testing.assert_allclose(
            (part - 128) / 127, (cut / cut.abs().max()).flatten(), atol=0.005
        )
        # The window holds everything: there is nothing outside.
        assert float(picture.abs().sum()) == pytest.approx(float(cut.abs().sum()), rel=1e-5)
        start += size
    assert start == len(blob)


def test_the_page_computes_maps_of_the_first_layer_by_itself(looker: Looker, tmp_path: Any) -> None:
    channel = int(looker.tops["first"].values[:, 0].argmax())
    card, _ = looker.card("first", channel)
    assert "map" not in card
    assert card["name"] == shape_name(looker.model.first.weight[channel, 0].detach())
    which = card["notes"][0]
    values = (looker.notes.mels[which] / 255).ravel().tolist()
    result = run_node(
        tmp_path,
        {"conv": "conv2d"},
        "const {size: [rows, cols], kernel, padding} = data.direct;"
        "const made = conv2d({values: data.note, channels: 1, rows: 64, cols: 64},"
        " {values: kernel, out: 1, channels: 1, rows, cols},"
        " {stride: [1, 1], dilation: [1, 1], before: padding, after: padding});"
        "result = [...made.values].map((v) => Math.max(0, v + data.direct.bias));",
        {"direct": card["direct"], "note": values},
    )
    maps = feature_maps(looker.model, looker.inputs[which : which + 1], ["first"])["first"]
    np.testing.assert_allclose(result, maps[0, channel].clamp_min(0).flatten(), atol=1e-5)
    assert max(result) == pytest.approx(card["values"][0], abs=1e-4)


def test_purity() -> None:
    assert purity([["a", "a", "b"], [], ["a"]]) == pytest.approx((2 / 3 + 1) / 2, abs=1e-4)
    assert purity([[], []]) == 0
    assert 0.2 < chance_purity(heard_notes()) < 0.35


def test_silent_channels_are_said_and_not_counted() -> None:
    model = TwoLayers()
    with torch.no_grad():
        model.second.bias[3] = -1e3
    looker = Looker(model, few_notes())
    facts = looker.layer_facts("second")
    assert facts["silent"] >= 1
    assert 3 not in facts["listed"]
    card, _ = looker.card("second", 3)
    assert card["common"] is None
    assert card["firing"] == 0
    assert 1 / 9 <= facts["purity"] <= 1


def test_the_mean_patch_is_aligned_where_the_rim_cuts_it(looker: Looker) -> None:
    top = looker.tops["second"]
    height, width = top.field.size  # type: ignore[union-attr]
    ramp = np.tile(np.arange(64, dtype=np.uint8)[:, None], (2, 1, 64))
    # The first window hangs over the lower rim by two rows.
    windows = [[0, height - 2, 10, 10 + width], [30, 30 + height, 10, 10 + width]]
    patch = mean_patch(ramp, windows, top)
    np.testing.assert_allclose(patch[:2, 0], [30, 31])
    np.testing.assert_allclose(patch[5], ((5 - 2) + (30 + 5)) / 2)
    assert patch.shape == (height, width)


def test_large_kernels_of_fine_patterns_have_a_picture_too() -> None:
    model = nn.Conv2d(1, 2, 8, padding="same")
    with torch.no_grad():
        model.weight[0, 0] = (-1.0) ** torch.arange(8).add(torch.arange(8)[:, None])
    looker = Looker(nn.Sequential(model, nn.ReLU()), few_notes())
    card, _ = looker.card("0", 0)
    assert card["name"] == "fine pattern"
    assert card["thumb"] == [8, 8]
    # Zeros are added at two sides only: the page leaves such a map to the network.
    assert card["direct"] is None


def test_a_network_with_skips_has_no_way_back_but_maps() -> None:
    model = ResidualCNN(2, 4, generator=torch.Generator().manual_seed(0))
    looker = Looker(model, few_notes())
    card, blob = looker.card(looker.layers[-1], 0)
    assert card["at"]["projections"] is None
    assert card["windows"][0] == [0, 64, 0, 64]
    rows, cols = card["map"]
    assert len(blob) == card["at"]["maps"] + 9 * rows * cols


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (3, "expected a torch.nn.Module, got int"),
        (nn.Linear(2, 2), "expected a network with 2-D convolutions"),
        (nn.Conv2d(3, 4, 3), "expected a network for log-mels"),
    ],
)
def test_wrong_networks(model: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        KernelViewer(model)


def test_the_widget_with_the_network_of_the_course() -> None:
    widget = KernelViewer(layer="conv4", show="projection")
    assert widget.config["goal"] == KernelViewer.PROJECTED_GOAL
    options = widget.config["options"]
    names = [layer["name"] for layer in options["layers"]]
    assert names == ["conv1", "conv2", "conv3", "conv4"]
    first = next(c for c in options["cards"] if c["layer"] == "conv4" and c["common"])
    assert widget.state["channel"] == first["channel"]
    # What the lecture says: training makes the top notes of the last layer agree, and only there
    # is the difference large.
    gains = [layer["purity"] - layer["untrained"] for layer in options["layers"]]
    assert gains[3] == max(gains) > 0.05
    assert abs(gains[0]) < 0.05
    # Every pictured note has its spectrogram, the best three of each channel a sound.
    for card in options["cards"]:
        assert set(card["notes"]) <= set(options["pool"])
        if card["common"]:
            assert set(card["notes"][:3]) <= set(options["heard"])
    sizes = {name: part["shape"][0] for name, part in widget.data.items()}
    assert sizes["blob"] < 300_000
    assert sizes["files"] < 1_600_000
    assert sizes["starts"] == len(options["heard"]) + 1


def test_the_kernel_answers_for_any_channel_and_sound() -> None:
    widget = KernelViewer()
    payload, array = widget._channel(job({"layer": "conv4", "channel": 100}))
    card = payload["card"]
    assert (card["layer"], card["channel"]) == ("conv4", 100)
    mels = array[card["at"]["mels"] :].reshape(9, 64, 64)
    np.testing.assert_array_equal(mels, heard_notes().mels[card["notes"]])
    payload, array = widget._sound(job({"note": 5}))
    assert array.tobytes() == heard_notes().sounds[5].path.read_bytes()
    with pytest.raises(ParameterError, match="expected a channel"):
        widget._channel(job({"layer": "conv1", "channel": 16}))
    for note in (274, "x"):
        with pytest.raises(ParameterError, match="expected a note from 0 to 273"):
            widget._sound(job({"note": note}))


@pytest.mark.parametrize("state", [{}, {"layer": "conv3", "rank": 4}, {"channel": 127}])
def test_words_and_picture(state: dict[str, Any]) -> None:
    widget = KernelViewer(**state)
    text = widget.describe(widget.state)
    assert "top notes" in text
    assert f"number {state.get('rank', 1)}" in text
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2


def test_the_network_is_only_read() -> None:
    model = trained_network()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    looker = Looker(model, few_notes())
    looker.layer_facts("conv4")
    looker.card("conv4", 0)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
