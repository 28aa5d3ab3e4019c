"""Shapes, parameters and MACs of a model, against formulas and PyTorch's own counter."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.models.summarize import summarize


def row_of(summary, name):
    (row,) = [row for row in summary.rows if row.name == name]
    return row


def test_lecture_cnn_shapes_through_the_net():
    rows = summarize(LectureCNN()).rows
    assert [(r.name, r.kind, r.output_shape, r.parameters) for r in rows] == [
        ("conv1", "Conv2d", (16, 64, 64), 160),
        ("pool", "MaxPool2d", (16, 32, 32), 0),
        ("conv2", "Conv2d", (32, 32, 32), 4_640),
        ("pool", "MaxPool2d", (32, 16, 16), 0),
        ("conv3", "Conv2d", (64, 16, 16), 18_496),
        ("pool", "MaxPool2d", (64, 8, 8), 0),
        ("conv4", "Conv2d", (128, 8, 8), 73_856),
        ("pool", "MaxPool2d", (128, 4, 4), 0),
        ("fc", "Linear", (11,), 22_539),
    ]


def test_lecture_cnn_macs_by_formula():
    # Positions of the output × kernel × channels in × channels out.
    formula = [
        64 * 64 * 9 * 1 * 16,
        32 * 32 * 9 * 16 * 32,
        16 * 16 * 9 * 32 * 64,
        8 * 8 * 9 * 64 * 128,
        2048 * 11,
    ]
    summary = summarize(LectureCNN())
    assert [row.macs for row in summary.rows if row.kind != "MaxPool2d"] == formula
    assert [row.macs for row in summary.rows if row.kind == "MaxPool2d"] == [0] * 4
    assert summary.total_macs == sum(formula) == 14_768_128
    assert summary.total_parameters == 119_691


def test_macs_equal_half_of_pytorchs_count_for_a_batch():
    model = LectureCNN()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(3, 1, 64, 64))
    assert 3 * summarize(model).total_macs == counter.get_total_flops() // 2


@pytest.mark.parametrize(
    ("layer", "input_shape", "shape", "macs"),
    [
        (nn.Conv2d(4, 6, (3, 5), stride=2, padding=1, groups=2), (4, 9, 11), (6, 5, 5), None),
        (nn.Conv1d(4, 8, 3, stride=2, dilation=2), (4, 20), (8, 8), 8 * 8 * 4 * 3),
        (nn.ConvTranspose2d(4, 8, 3, stride=2), (4, 10, 10), (8, 21, 21), 100 * 4 * 8 * 9),
        (nn.Linear(5, 7), (13, 5), (13, 7), 13 * 5 * 7),
        (nn.BatchNorm2d(4), (4, 8, 8), (4, 8, 8), 0),
        (nn.AvgPool2d(2), (4, 8, 8), (4, 4, 4), 0),
        (nn.GRU(32, 16, batch_first=True), (20, 32), (20, 16), 20 * 3 * 16 * (32 + 16)),
        (nn.LSTM(32, 16, batch_first=True), (20, 32), (20, 16), 20 * 4 * 16 * (32 + 16)),
        (
            nn.GRU(32, 16, num_layers=2, bidirectional=True, batch_first=True),
            (20, 32),
            (20, 32),
            20 * 2 * 3 * 16 * ((32 + 16) + (32 + 16)),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_one_layer(layer, input_shape, shape, macs):
    (row,) = summarize(layer, input_shape).rows
    if macs is None:  # grouped convolution: 5 × 5 positions, 3 × 5 kernel, 4 / 2 channels in
        macs = 25 * 15 * 2 * 6
    assert (row.output_shape, row.macs) == (shape, macs)
    assert row.parameters == sum(p.numel() for p in layer.parameters())


class Attention(nn.Module):
    """Self-attention over 16 frames of 32 numbers, by module and by hand."""

    def __init__(self, *, batch_first: bool = True):
        super().__init__()
        self.attention = nn.MultiheadAttention(32, 4, batch_first=batch_first)

    def forward(self, x):
        if not self.attention.batch_first:
            x = x.transpose(0, 1)
        return self.attention(x, x, x)[0]


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_is_one_layer(batch_first):
    (row,) = summarize(Attention(batch_first=batch_first), (16, 32)).rows
    assert (row.name, row.output_shape) == ("attention", (16, 32))
    assert row.parameters == 4 * (32 * 32 + 32)
    assert row.macs == 4 * 16 * 32 * 32 + 2 * 16 * 16 * 32  # q, k, v, out; scores, mixing


def test_transformer_layer_is_not_hidden_by_its_fast_path():
    model = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    summary = summarize(model, (16, 32))
    assert row_of(summary, "linear1").macs == 16 * 32 * 64
    assert summary.total_macs == 4 * 16 * 32 * 32 + 2 * 16 * 16 * 32 + 2 * 16 * 32 * 64
    assert torch.backends.mha.get_fastpath_enabled()


class ByHand(nn.Module):
    def forward(self, x):
        return F.scaled_dot_product_attention(x, x, x) + (x @ x.transpose(1, 2)).sum()


def test_work_outside_layers_has_a_row():
    summary = summarize(nn.Sequential(nn.Linear(32, 32), ByHand(), nn.Linear(32, 32)), (16, 32))
    # ByHand has no submodules, so it counts as a layer itself.
    assert row_of(summary, "1").macs == 3 * 16 * 16 * 32

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(32, 32)

        def forward(self, x):
            x = self.linear(x)
            return x @ x.transpose(1, 2)

    summary = summarize(Outer(), (16, 32))
    assert row_of(summary, "(outside layers)").macs == 16 * 16 * 32
    assert summary.total_macs == 16 * 32 * 32 + 16 * 16 * 32


class Odd(nn.Module):
    """Shared weights, a parameter of its own, and a layer that is never called."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8, bias=False)
        self.second = nn.Linear(8, 8, bias=False)
        self.second.weight = self.first.weight
        self.unused = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.ones(5))

    def forward(self, x):
        return self.second(self.first(self.first(x))) * self.scale.sum()


def test_every_parameter_counts_once():
    model = Odd()
    summary = summarize(model, (8,))
    assert [(r.name, r.parameters, r.macs) for r in summary.rows] == [
        ("first", 64, 64),
        ("first", 0, 64),
        ("second", 0, 64),
        ("(model)", 5, 0),
        ("unused", 8, 0),
    ]
    assert summary.total_parameters == sum(p.numel() for p in model.parameters())
    assert row_of(summary, "unused").kind == "Linear (not called)"
    assert row_of(summary, "unused").output_shape is None


def test_model_is_left_as_it_was():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    model.train()
    model[1].eval()  # a frozen batch norm stays frozen
    before = {k: v.clone() for k, v in model.state_dict().items()}
    random_state = torch.get_rng_state()
    summarize(model)
    assert [m.training for m in model] == [True, False, True]
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_hooks_are_gone_after_an_error():
    model = LectureCNN()
    with pytest.raises(ParameterError, match=r"fits LectureCNN, got \(1, 32, 32\)"):
        summarize(model, (1, 32, 32))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert model.training


@pytest.mark.parametrize("shape", [(), (0, 64, 64), (1, 64.0, 64)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ParameterError, match="expected input_shape of ints >= 1"):
        summarize(LectureCNN(), shape)


def test_refuses_outputs_that_are_no_tensors():
    class Words(nn.Module):
        def forward(self, x):
            return "words"

    with pytest.raises(ParameterError, match="layers that return tensors, got str"):
        summarize(Words(), (4,))


def test_text_table():
    lines = str(summarize(LectureCNN())).splitlines()
    assert lines[0] == "LectureCNN"
    assert lines[1].split() == ["layer", "type", "output", "shape", "parameters", "MACs"]
    assert lines[4].split() == ["conv1", "Conv2d", "16", "×", "64", "×", "64", "160", "589,824"]
    assert lines[-1].split() == ["total", "119,691", "14,768,128"]
    assert len({len(line) for line in lines[4:13]}) == 1  # columns stand below each other


def test_html_table_is_well_formed_and_escaped():
    from xml.etree import ElementTree

    odd = type("<b>Net</b>", (LectureCNN,), {})
    html = summarize(odd())._repr_html_()
    table = ElementTree.fromstring(html)
    assert table.find("caption").text == "<b>Net</b>"
    assert len(table.findall("tbody/tr")) == 10
    assert [cell.text for cell in table.findall("tfoot/tr/th")][3:] == ["119,691", "14,768,128"]
