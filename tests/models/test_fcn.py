"""FCN-3 to FCN-7: the slides' shapes, and the arithmetic against plain layers."""

import pytest
import torch
import torch.nn.functional as F

from utils.errors import ParameterError
from utils.models.fcn import FCN
from utils.models.summarize import summarize

# (channels, height, width) after every pooling, from the slides and the syllabus
SHAPES = {
    3: [(256, 32, 273), (768, 8, 17), (2048, 1, 1)],
    4: [(128, 48, 341), (384, 12, 68), (768, 4, 8), (2048, 1, 1)],
    5: [(128, 48, 341), (256, 24, 85), (512, 12, 21), (1024, 4, 4), (2048, 1, 1)],
}
SHAPES[6] = [*SHAPES[5], (1024, 1, 1)]
SHAPES[7] = [*SHAPES[6], (1024, 1, 1)]


def paper(n_layers: int) -> FCN:
    with torch.device("meta"):  # shapes only: nothing is computed or stored
        return FCN.paper(n_layers)


@pytest.mark.parametrize("n_layers", SHAPES)
def test_shapes_and_parameters_of_the_slides(n_layers):
    summary = summarize(paper(n_layers), (1, 96, 1366))
    pooled = [r.output_shape for r in summary.rows if r.kind == "MaxPool2d"]
    activations = [r.output_shape for r in summary.rows if r.kind == "ReLU"]
    shapes = SHAPES[n_layers]
    assert pooled == shapes[: min(n_layers, 5)]
    assert activations[5:] == shapes[5:]
    assert summary.rows[-1].output_shape == (50,)
    assert len(activations) == n_layers
    widths = [1] + [shape[0] for shape in shapes]
    kernels = [9] * min(n_layers, 5) + [1] * (n_layers - min(n_layers, 5))
    formula = sum(
        k * a * b + 2 * b for k, a, b in zip(kernels, widths[:-1], widths[1:], strict=True)
    )
    assert summary.total_parameters == formula + 50 * (widths[-1] + 1)
    assert sum(r.kind == "Dropout" for r in summary.rows) == min(n_layers, 5)
    assert {m.p for m in paper(n_layers).modules() if isinstance(m, torch.nn.Dropout)} == {0.5}


def test_logits_equal_plain_functions():
    model = FCN.notes(6, generator=torch.Generator().manual_seed(1)).eval()
    x = torch.rand(2, 1, 64, 64)
    y = x
    for i, pool in enumerate([2, 2, 2, 2, 4, None]):
        block = model.blocks[i]
        y = F.conv2d(y, block.conv.weight, padding=1 if pool else 0)
        y = torch.relu(y / (1 + 1e-5) ** 0.5)  # batch norm at its start
        y = F.max_pool2d(y, pool) if pool else y
    expected = y[:, :, 0, 0] @ model.output.weight.T
    torch.testing.assert_close(model(x), expected)


def test_notes_presets_are_small_and_end_in_one_cell():
    for n_layers in range(3, 8):
        rows = summarize(FCN.notes(n_layers)).rows
        assert [r.output_shape for r in rows if r.kind == "ReLU"][-1][0] == 64
        assert [r.output_shape for r in rows if r.kind == "MaxPool2d"][-1] == (64, 1, 1)
        assert rows[-1].output_shape == (11,)
        assert sum(r.parameters for r in rows) < 70_000


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FCN((4, 4), ((8, 8),)), "as many pools as channels, got 1 and 2"),
        (lambda: FCN((), ()), "as many pools as channels, got 0 and 0"),
        (lambda: FCN((4,), ((32, 64),)), r"leave 1 × 1 of \(64, 64\), got 2 × 1"),
        (lambda: FCN((4,), ((65, 64),)), "got 0 × 1"),
        (lambda: FCN((4,), (64,), n_classes=0), "n_classes to be an int >= 1, got 0"),
        (lambda: FCN.paper(2), "n_layers from 3 to 7, got 2"),
        (lambda: FCN.notes(8), "n_layers from 3 to 7, got 8"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
