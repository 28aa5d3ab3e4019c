"""The convolution widget: its words, and its JavaScript against the Python reference."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.reference.conv import conv2d, conv_output_size
from utils.widgets.convolution.widget import GOALS, Convolution
from utils.widgets.note_mels import note_mels

CASES = [
    # maps, kernels, stride, padding of each axis, dilation
    ((1, 4, 4), (1, 1, 3, 3), (1, 1), (0, 0), (1, 1)),
    ((2, 6, 7), (3, 2, 3, 2), (2, 1), (1, 0), (1, 2)),
    ((3, 9, 5), (2, 3, 1, 5), (1, 3), (0, 2), (1, 1)),
    ((1, 8, 8), (1, 1, 2, 3), (3, 2), (2, 1), (3, 2)),
    ((2, 5, 5), (1, 2, 5, 5), (4, 4), (0, 0), (1, 1)),
]


@pytest.fixture(scope="module")
def widget() -> Convolution:
    return Convolution()


def test_golden_maps(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    golden = []
    for maps, kernels, stride, padding, dilation in CASES:
        x = torch.randn((1, *maps), generator=generator, dtype=torch.float64)
        w = torch.randn(kernels, generator=generator, dtype=torch.float64)
        out = conv2d(x, w, stride=stride, padding=padding, dilation=dilation)
        golden.append(
            {
                "maps": [maps, x.ravel().tolist()],
                "kernels": [kernels, w.ravel().tolist()],
                "spec": {"stride": stride, "dilation": dilation, "before": padding},
                "shape": out.shape[1:],
                "out": out.ravel().tolist(),
            }
        )
    body = """
result = data.map((g) => {
  const [[channels, rows, cols], values] = g.maps;
  const [[out, deep, tall, wide], weights] = g.kernels;
  const maps = { values, channels, rows, cols };
  const kernels = { values: weights, out, channels: deep, rows: tall, cols: wide };
  const spec = { ...g.spec, after: g.spec.before };
  const made = conv2d(maps, kernels, spec);
  const last = { out: out - 1, row: made.rows - 1, col: made.cols - 1 };
  const sum = products(maps, kernels, spec, last).reduce((total, t) => total + t.product, 0);
  return { shape: [made.channels, made.rows, made.cols], out: Array.from(made.values), sum };
});"""
    made = run_node(tmp_path, {"conv": "conv2d, products"}, body, golden)
    for ours, g in zip(made, golden, strict=True):
        assert ours["shape"] == list(g["shape"])
        assert ours["out"] == pytest.approx(g["out"], abs=1e-12)
        assert ours["sum"] == pytest.approx(g["out"][-1], abs=1e-12)


def test_golden_sizes(tmp_path: Path) -> None:
    cases = [
        (size, kernel, stride, padding, dilation)
        for size, kernel, stride, padding, dilation in itertools.product(
            (1, 4, 7), (1, 2, 3, 5), (1, 2, 3), (0, 1, 4, "valid", "same"), (1, 2)
        )
        if padding != "same" or stride == 1
    ]
    body = """
result = data.map(([size, kernel, stride, padding, dilation]) => {
  const axis = { kernel, stride, dilation };
  return outputSize(size, { ...axis, ...margins(padding, axis) }).size;
});"""
    made = run_node(tmp_path, {"conv": "margins, outputSize"}, body, cases)
    for ours, (size, kernel, stride, padding, dilation) in zip(made, cases, strict=True):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        if ours:
            assert conv_output_size(size, kernel, **options) == ours
        else:
            with pytest.raises(ParameterError, match="spans"):
                conv_output_size(size, kernel, **options)


def test_the_slides(widget: Convolution) -> None:
    expected = {
        ("valid", 1): [[9, -1], [-1, 9]],
        ("same", 1): [[4, -2, 0, 2], [-2, 9, -1, 0], [0, -1, 9, -2], [2, 0, -2, 4]],
        ("same", 2): [[4, 0], [0, 9]],
        ("same", 3): [[4, 2], [2, 4]],
    }
    for (padding, stride), rows in expected.items():
        state = {
            **widget.state,
            "padding": padding,
            "stride_height": stride,
            "stride_width": stride,
        }
        result = widget.result(state)
        assert result is not None
        assert result[0, 0].tolist() == rows
    assert "Row 0, column 0: 9." in widget.describe(widget.state)


def test_the_face_agrees_with_pytorch() -> None:
    widget = Convolution(
        image=np.arange(60).reshape(2, 5, 6) % 7,
        kernel=np.arange(36).reshape(3, 2, 2, 3) % 5 - 2,
        stride_width=2,
        dilation_height=2,
        padding="number",
        pad_height=0,
        pad_width=1,
    )
    inputs, kernel = widget.tensors(widget.state)
    assert (inputs.shape, kernel.shape) == ((1, 2, 5, 6), (3, 2, 2, 3))
    theirs = torch.conv2d(inputs, kernel, stride=(1, 2), padding=(0, 1), dilation=(2, 1))
    assert torch.equal(widget.result(widget.state), theirs)


def test_a_kernel_that_does_not_fit() -> None:
    widget = Convolution(rows=2)
    assert widget.result(widget.state) is None
    assert "does not fit" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())


def test_predict_hides_the_output() -> None:
    widget = Convolution(predict=True)
    assert "How large" in widget.describe(widget.state)
    assert "9" not in widget.describe(widget.state)
    widget.set(locked=True)
    assert "Output 1 × 2 × 2" in widget.describe(widget.state)


def test_a_note_is_seen_with_the_high_notes_on_top(widget: Convolution) -> None:
    name = widget.fields["source"].spec()["options"][1]
    inputs, _ = widget.tensors({**widget.state, "source": name})
    assert inputs.shape == (1, 1, 64, 64)
    # A guitar at 147 Hz has more below than above.
    assert inputs[0, 0, 32:].sum() > inputs[0, 0, :32].sum()


@pytest.mark.parametrize("aim", ["size", "match", "deaf"])
def test_the_goal_is_the_one_that_is_checked(aim: str) -> None:
    config = Convolution(aim=aim).config
    assert config["options"]["aim"] == aim
    assert config["goal"] == GOALS[aim]
    assert Convolution(aim=aim, goal="Another").config["goal"] == "Another"


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="expected an aim of size, match, deaf, got 'x'"):
        Convolution(aim="x")
    with pytest.raises(ParameterError, match="image of at most"):
        Convolution(image=np.zeros((13, 4)))
    with pytest.raises(ParameterError, match="kernel of 1 channels, got 2"):
        Convolution(kernel=np.zeros((2, 3, 3)))
    with pytest.raises(ParameterError, match="notes that can be heard"):
        note_mels(["nothing"])
    with pytest.raises(ParameterError, match="1 to 4 notes"):
        note_mels([])
