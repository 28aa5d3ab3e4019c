"""Receptive fields of networks against where the gradient really goes."""

import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.cnn1d import CNN1D
from utils.models.fcn import FCN
from utils.models.lecture_cnn import LectureCNN
from utils.models.multi_level import layer_outputs
from utils.models.musically_motivated import ParallelBranchCNN
from utils.models.receptive_field import layer_receptive_field, receptive_field_windows
from utils.models.residual import ResidualCNN
from utils.reference.receptive_field import Window, receptive_field


def measured(model, layer, unit, size):
    """Return rows and columns with a gradient, in a network whose kernels are all positive.

    Max pooling passes the gradient to one cell only, so the mean over many inputs is taken.
    """
    model = model.eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    total = torch.zeros(size)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        x = torch.rand(32, 1, *size, generator=generator).requires_grad_()
        maps = layer_outputs(model, x, [layer])[layer]
        maps[:, :, unit[0], unit[1]].sum().backward()
        total += x.grad.abs().sum((0, 1))
    rows, columns = total.sum(1).nonzero()[:, 0], total.sum(0).nonzero()[:, 0]
    return (int(rows[0]), int(rows[-1])), (int(columns[0]), int(columns[-1]))


def clipped(cells, length):
    return max(cells.start, 0), min(cells.stop, length) - 1


class Convolutions(LectureCNN):
    """The lecture's network with mean pooling, so that the gradient reaches every cell."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(2)


@pytest.mark.parametrize(
    ("model", "layer", "size", "unit"),
    [
        (LectureCNN(), "conv2", (64, 64), (7, 8)),
        (Convolutions(), "conv3", (64, 64), (7, 8)),
        (Convolutions(), "conv4", (64, 64), (3, 4)),
        (FCN.notes(4), "blocks.1.conv", (64, 64), (15, 9)),
        (FCN((2, 2), ((4, 2), (16, 32))), "blocks.1.conv", (64, 64), (7, 30)),
        (CNN1D.notes(), "blocks.1.conv", (64, 64), (0, 6)),
        (ParallelBranchCNN.notes(), "trunk.0", (64, 64), (8, 7)),
    ],
)
def test_field_is_where_the_gradient_goes(model, layer, size, unit):
    field = layer_receptive_field(model, size, layer=layer)
    expected = tuple(clipped(c, n) for c, n in zip(field.of_unit(*unit), size, strict=True))
    assert measured(model, layer, unit, size) == expected


def test_residual_field_is_where_the_gradient_goes():
    model = ResidualCNN(2, 2, batch_norm=False)
    model.stem.pool, model.blocks[1] = nn.AvgPool2d(4), nn.AvgPool2d(2)
    for layer, unit in (("blocks.0", (8, 7)), ("blocks.2", (3, 4))):
        field = layer_receptive_field(model, layer=layer)
        expected = tuple(clipped(c, 64) for c in field.of_unit(*unit))
        assert measured(model, layer, unit, (64, 64)) == expected


def test_windows_of_the_lecture_network():
    convolution, pool = (
        Window((3, 3), (1, 1), (1, 1), (1, 1)),
        Window((2, 2), (2, 2), (1, 1), (0, 0)),
    )
    model = LectureCNN()
    assert receptive_field_windows(model) == [convolution, pool] * 4
    assert receptive_field_windows(model, layer="conv2") == [convolution, pool, convolution]
    field = layer_receptive_field(model)
    assert (field.size, field.step, field.start) == ((46, 46), (16, 16), (-15, -15))
    assert field == receptive_field(receptive_field_windows(model))


def test_stride_dilation_and_padding_of_its_own():
    model = nn.Sequential(
        nn.ZeroPad2d((3, 5, 1, 2)),
        nn.Conv2d(1, 2, (3, 5), stride=(2, 1), dilation=(1, 3), padding=(0, 2)),
        nn.Tanh(),
        nn.AvgPool2d((2, 3), stride=(1, 2), padding=(1, 0)),
    )
    assert receptive_field_windows(model, (30, 40)) == [
        Window(1, padding=(1, 3)),
        Window((3, 5), (2, 1), (1, 3), (0, 2)),
        Window((2, 3), (1, 2), (1, 1), (1, 0)),
    ]


def test_branches_and_skips():
    parallel, residual = ParallelBranchCNN.notes(), ResidualCNN.notes()
    with pytest.raises(ParameterError, match="one path to the layer, got 3 in parallel"):
        receptive_field_windows(parallel, layer="trunk.0")
    assert layer_receptive_field(parallel, layer="trunk.0").size == (12, 12)
    with pytest.raises(ParameterError, match="one path"):
        receptive_field_windows(residual)
    without = ResidualCNN.notes(skip=False)
    assert layer_receptive_field(residual) == layer_receptive_field(without)
    assert len(receptive_field_windows(without)) == 1 + 1 + 8 + 1


class Sum(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second, self.end = first, second, nn.Conv2d(1, 1, 1)

    def forward(self, x):
        return self.end(self.first(x) + self.second(x))


def test_refuses():
    x = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    with pytest.raises(ParameterError, match=r"same step, got \[\(1, 1\), \(2, 2\)\]"):
        layer_receptive_field(Sum(x, nn.Sequential(nn.Conv2d(1, 1, 33))))
    mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(1, 1, 1))
    with pytest.raises(ParameterError, match="pooling and pointwise operations, got Mean"):
        layer_receptive_field(mean)
    with pytest.raises(ParameterError, match="and pointwise operations, got"):
        layer_receptive_field(LectureCNN(), layer="fc")
    with pytest.raises(ParameterError, match=r"layers of LectureCNN, got \['conv9'\]"):
        layer_receptive_field(LectureCNN(), layer="conv9")
    with pytest.raises(ParameterError, match="convolutions or pooling in Flatten"):
        layer_receptive_field(nn.Flatten())


def test_leaves_the_model_as_it_was():
    model = FCN.notes().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    layer_receptive_field(model)
    assert all(m.training for m in model.modules())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
