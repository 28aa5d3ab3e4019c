"""The activations widget: its forward pass against torch, its JavaScript against Python."""

import math
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.figures.activations import (
    ACTIVATIONS,
    UNITS,
    activation_size,
    forward_layers,
    note_spectra,
    stuck_share,
)
from utils.reference.initialization import he_normal, xavier_normal
from utils.widgets.activations.widget import Activations

IMPORTS = {"signals": "forwardLayers, normalWeights, rootMeanSquare, stuckShare, noteSpread"}
MODULES = {"tanh": nn.Tanh(), "relu": nn.ReLU(), "sigmoid": nn.Sigmoid(), "linear": nn.Identity()}


def signals(**changes: object) -> list[torch.Tensor]:
    usual = {"layers": 3, "gain": 1.0, "activation": "relu", "standardize": True, "seed": 0}
    return forward_layers(note_spectra(), **{"batch_norm": False, **usual, **changes})


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_a_layer_is_that_of_torch(name: str, norm: bool) -> None:
    before, after = signals(activation=name, layers=1, batch_norm=norm, gain=0.8)
    linear = torch.linalg.lstsq(before, signals(activation="linear", layers=1, gain=0.8)[1])
    z = before @ linear.solution
    if norm:
        z = nn.BatchNorm1d(UNITS, dtype=torch.float64)(z)
    torch.testing.assert_close(MODULES[name](z).detach(), after, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_golden(tmp_path: Path, name: str, norm: bool, standardize: bool) -> None:
    options = {"layers": 3, "gain": 1.3, "activation": name, "standardize": standardize}
    want = signals(**options, batch_norm=norm, seed=7)
    body = f"""
const signals = forwardLayers(data.inputs, normalWeights(7, 3, {UNITS}), data.options);
result = {{ signals: signals.map((s) => Array.from(s)), sizes: signals.map(rootMeanSquare),
  stuck: signals.map((s) => stuckShare(s, "{name}")), spread: noteSpread(signals[3], {UNITS}) }};"""
    data = {"inputs": note_spectra().flatten().tolist(), "options": {**options, "batchNorm": norm}}
    got = run_node(tmp_path, IMPORTS, body, data)
    for mine, other in zip(want, got["signals"], strict=True):
        other = torch.tensor(other, dtype=torch.float64).reshape(mine.shape)
        torch.testing.assert_close(other, mine, atol=1e-8, rtol=1e-8)
    assert got["sizes"] == pytest.approx([activation_size(s) for s in want])
    assert got["stuck"][1:] == pytest.approx([stuck_share(s, name) for s in want[1:]])
    assert got["spread"] == pytest.approx(float(want[3].std(0, correction=0).mean()))


def test_the_marked_gains_are_those_of_the_reference() -> None:
    generator = torch.Generator().manual_seed(0)
    shape, root = (UNITS, UNITS), math.sqrt(UNITS)
    he, xavier = (make(shape, generator=generator).std() for make in (he_normal, xavier_normal))
    assert float(he) * root == pytest.approx(math.sqrt(2), rel=0.03)
    assert float(xavier) * root == pytest.approx(1, rel=0.03)


def test_he_keeps_the_range_of_relu_and_xavier_halves_its_power() -> None:
    for gain, ratio in [(math.sqrt(2), 1.0), (1.0, 1 / 16)]:
        sizes = [
            activation_size(layers[-1]) / activation_size(layers[0])
            for layers in (signals(layers=8, gain=gain, seed=seed) for seed in range(12))
        ]
        assert sum(sizes) / len(sizes) == pytest.approx(ratio, rel=0.25)


def test_batch_norm_and_standardized_input_help() -> None:
    faded = signals(layers=8, gain=0.5, activation="tanh")
    normed = signals(layers=8, gain=0.5, activation="tanh", batch_norm=True)
    assert activation_size(faded[-1]) < 0.01 < 0.4 < activation_size(normed[-1])
    raw, standard = (signals(activation="tanh", standardize=flag)[1] for flag in (False, True))
    assert stuck_share(raw, "tanh") > 0.9
    assert stuck_share(standard, "tanh") < 0.3


def test_stuck_is_where_the_slope_is_small() -> None:
    values = torch.tensor([-0.98, 0.0, 0.02, 0.5, 0.98]).double()
    assert stuck_share(values, "tanh") == pytest.approx(0.4)
    assert stuck_share(values, "relu") == pytest.approx(0.4)
    assert stuck_share(values[1:], "sigmoid") == pytest.approx(0.75)
    assert stuck_share(values, "linear") == 0


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_words_and_picture(name: str) -> None:
    widget = Activations(activation=name, gain=4.0, layers=12)
    assert f"12 layers of {name}, gain 4" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2


def test_wrong_options() -> None:
    with pytest.raises(ParameterError, match="expected one of tanh, relu, sigmoid, linear"):
        signals(activation="step")
    with pytest.raises(ParameterError, match="expected gain"):
        Activations(gain=0.0)
