"""The architecture widget: its numbers and its exported code against PyTorch."""

import contextlib
import io
import random
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.models.fcn import FCN
from utils.models.lecture_cnn import LectureCNN
from utils.models.receptive_field import receptive_field_windows
from utils.models.summarize import summarize
from utils.reference.receptive_field import field_duration, field_frequencies, receptive_field
from utils.widgets.architecture.fcn import fcn_layers
from utils.widgets.architecture.layers import KINDS, PRESETS, Layer, build, flat, read
from utils.widgets.architecture.widget import LOCAL, Architecture

BODY = """
result = data.map(({ layers, input }) => ({
  rows: calculate(readLayers(layers), input),
  code: exportCode(readLayers(layers), input),
  again: writeLayers(readLayers(layers)),
}));"""
NAMES = {"architecture": "calculate, exportCode, readLayers, writeLayers"}


def random_layers(seed: int) -> list[Layer]:
    """Return layers of all kinds and sizes, most of which fit."""
    rng = random.Random(seed)
    layers = [
        Layer(
            rng.choice(KINDS[:5]),
            rng.randint(1, 9),
            (rng.randint(1, 4), rng.randint(1, 5)),
            (rng.randint(1, 2), rng.randint(1, 3)),
            (rng.randint(1, 2), rng.randint(1, 2)),
            rng.choice([None, (0, 0), (1, 2)]),
        )
        for _ in range(6)
    ]
    return [*layers, *([Layer("global")] if seed % 2 else []), Layer("dropout"), Layer("linear", 5)]


CASES = [(name, layers, (1, 64, 64)) for name, (_, layers) in PRESETS.items()] + [
    (f"random {seed}", random_layers(seed), (1 + seed % 2, 40, 70)) for seed in range(24)
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    data = [{"layers": flat(layers), "input": shape} for _, layers, shape in CASES]
    return list(run_node(tmp_path_factory.mktemp("node"), NAMES, BODY, data))


def run_code(code: str) -> tuple[nn.Module, str]:
    """Run exported code; return its model and what it printed."""
    printed = io.StringIO()
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        exec(code, space)
    return space["model"], printed.getvalue()


@pytest.mark.parametrize("index", range(len(CASES)), ids=[name for name, _, _ in CASES])
def test_exported_code_has_the_same_numbers(made: list[dict[str, Any]], index: int) -> None:
    (_, layers, shape), ours = CASES[index], made[index]
    _, error = build(layers, shape)
    fits = [row for row in ours["rows"] if not row["error"]]
    assert (len(fits) < len(layers)) == bool(error), error
    assert ours["again"] == flat(layers)
    if error:
        assert error.startswith(f"layer {len(fits) + 1} ")
        return
    model, printed = run_code(ours["code"])
    assert printed.strip() == f"torch.Size({[1, *ours['rows'][-1]['shape']]})"
    table = summarize(model, shape)
    theirs = [row for row in table.rows if row.kind != "Flatten"]
    rows = [row for row, layer in zip(fits, layers, strict=True) if layer.kind != "flatten"]
    assert [tuple(row["shape"]) for row in rows] == [row.output_shape for row in theirs]
    assert [row["parameters"] for row in rows] == [row.parameters for row in theirs]
    assert [row["macs"] for row in rows] == [row.macs for row in theirs]


@pytest.mark.parametrize("index", range(len(CASES)), ids=[name for name, _, _ in CASES])
def test_receptive_fields(made: list[dict[str, Any]], index: int) -> None:
    _, layers, shape = CASES[index]
    for count, row in enumerate(made[index]["rows"], start=1):
        if row["error"]:
            return
        if row["field"] is None:
            assert any(one.kind in ("global", "flatten", "linear") for one in layers[:count])
            continue
        model, _ = build(layers[:count], (1, *shape[1:]))
        local = [name for name, module in model.named_children() if isinstance(module, LOCAL)]
        if not local:
            continue
        field = receptive_field(receptive_field_windows(model, shape[1:], layer=local[-1]))
        assert row["field"] == {
            "size": list(field.size),
            "step": list(field.step),
            "start": list(field.start),
        }


def test_some_random_networks_fit_and_some_do_not() -> None:
    errors = [bool(build(layers, shape)[1]) for _, layers, shape in CASES]
    assert 3 <= sum(errors) < len(errors) - 12


def test_milliseconds_and_hertz(tmp_path: Path) -> None:
    cases = [(0, 46, 64), (-15, 46, 64), (50, 46, 64), (3, 1, 96), (63, 1, 64)]
    body = """
const end = { sampleRate: 16000, window: 2048, hop: 1000, low: 20, high: 8000 };
result = data.map(([first, count, bands]) =>
  [fieldDuration(count, end), ...fieldFrequencies(first, count, bands, end)]);"""
    names = {"architecture": "fieldDuration, fieldFrequencies"}
    for ours, (first, count, bands) in zip(
        run_node(tmp_path, names, body, cases), cases, strict=True
    ):
        theirs = (field_duration(count), *field_frequencies(first, count, n_mels=bands))
        assert ours == pytest.approx(theirs)


def test_the_band_pass_keeps_one_of_two_tones(tmp_path: Path) -> None:
    body = """
const wave = Array.from({ length: 6000 }, (_, n) =>
  Math.sin(2 * Math.PI * 500 * n / 16000) + Math.sin(2 * Math.PI * 3000 * n / 16000));
const kept = bandPass(wave, { rate: 16000, low: 300, high: 1000 });
const late = Array.from(kept).slice(1000, 5000);
const tone = (n) => Math.sin(2 * Math.PI * 500 * n / 16000);
result = Math.max(...late.map((v, i) => Math.abs(v - tone(i + 1000))));"""
    assert run_node(tmp_path, {"bandPass": "bandPass"}, body, None) < 0.1


def test_the_slides(made: list[dict[str, Any]]) -> None:
    parameters = [row["parameters"] for row in made[0]["rows"] if row["parameters"]]
    assert parameters == [160, 4640, 18_496, 73_856, 22_539]
    assert sum(parameters) == 119_691
    macs = sum(row["macs"] for row in made[0]["rows"])
    assert macs == summarize(LectureCNN()).total_macs
    widget = Architecture()
    words = widget.describe(widget.state)
    assert "119,691 parameters" in words
    assert "46 × 46 cells: 2940.5 ms" in words


def test_the_goal_can_be_reached() -> None:
    layers = list(PRESETS["slides"][1])
    at = [i for i, layer in enumerate(layers) if layer.kind == "conv"]
    layers[at[-1]] = Layer("conv", 120, dilation=(2, 2))
    layers[at[-2]] = Layer("conv", 64, dilation=(2, 2))
    widget = Architecture(layers=layers)
    field = widget.field(widget.state)
    assert field is not None
    assert min(field.size) >= 64
    table, error = widget.summary(widget.state)
    assert not error
    assert table is not None
    assert table.total_parameters < 119_691


def test_a_model_and_a_misfit() -> None:
    model = Architecture().model()
    assert model.training
    assert model(torch.zeros(2, 1, 64, 64)).shape == (2, 11)
    wrong = Architecture(layers=[Layer("conv", stride=(2, 2))])
    assert "strided" in wrong.describe(wrong.state)
    wrong.draw(wrong.state, Figure())
    with pytest.raises(ParameterError, match="layers that fit together"):
        wrong.model()


def test_what_sees_everything_and_what_sees_one_cell() -> None:
    widget = Architecture(selected=13)
    assert widget.field(widget.state) is None
    assert "sees the whole note" in widget.describe(widget.state)
    one = Architecture(layers=[Layer("relu"), Layer("linear", 11)])
    assert "1 × 1 cells" in one.describe(one.state)


def test_an_unfinished_layer_is_left_out() -> None:
    assert read([*flat([Layer("relu")]), 0.0, 16.0]) == [Layer("relu")]


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="a preset of slides"):
        Architecture(preset="resnet")
    with pytest.raises(ParameterError, match="1 to 32 layers, got 0"):
        Architecture(layers=[])
    with pytest.raises(ParameterError, match="a layer of conv"):
        Layer("attention")


@pytest.mark.parametrize("n_layers", [3, 4, 5, 6, 7])
def test_the_fcn_of_the_slides(n_layers: int) -> None:
    widget = Architecture(layers=fcn_layers(n_layers), bands=96, frames=1366)
    table, error = widget.summary(widget.state)
    assert table is not None
    assert not error
    network = FCN.paper(n_layers)
    # Batch norm has a scale and a shift for each channel; a convolution without it a bias.
    norms = sum(m.num_features for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert table.total_parameters == sum(p.numel() for p in network.parameters()) - norms
    assert table.rows[-1].output_shape == (50,)
    pooled = [row.output_shape for row in table.rows if row.kind == "MaxPool2d"]
    assert pooled[-1] is not None
    assert pooled[-1][1:] == (1, 1)
    if n_layers == 4:
        assert [shape and shape[1:] for shape in pooled] == [(48, 341), (12, 68), (4, 8), (1, 1)]


def test_there_is_no_fcn_of_two_layers() -> None:
    with pytest.raises(ParameterError, match="from 3 to 7"):
        fcn_layers(2)
