"""The 1-D network and the CRNN: the slides' sizes, and the arithmetic against plain layers."""

import pytest
import torch
import torch.nn.functional as F

from utils.errors import ParameterError
from utils.models.cnn1d import CNN1D
from utils.models.crnn import CRNN
from utils.models.summarize import summarize


def test_cnn1d_of_the_slides():
    with torch.device("meta"):
        model = CNN1D.paper()
    summary = summarize(model, (1, 128, 599))
    maps = [r.output_shape for r in summary.rows if r.kind in ("Conv2d", "MaxPool2d")]
    frames = [596, 149, 146, 73, 70, 35, 32]
    assert [shape[2] for shape in maps] == frames
    assert [shape[0] for shape in maps] == [256] * 6 + [512]
    assert {shape[1] for shape in maps} == {1}
    assert tuple(model.blocks[0].conv.kernel_size) == (128, 4)
    convolutions = 256 * (128 * 4 + 1) + 2 * 256 * (256 * 4 + 1) + 512 * (256 * 4 + 1)
    linear = 2048 * (3 * 512 + 1) + 2048 * 2049 + 40 * 2049
    assert summary.total_parameters == convolutions + linear


def test_cnn1d_equals_conv1d_whose_channels_are_bands():
    model = CNN1D.notes(generator=torch.Generator().manual_seed(2)).eval()
    x = torch.rand(3, 1, 64, 64)
    y = x[:, 0]  # (batch, bands, frames)
    for i, (padding, pool) in enumerate([(0, 4), (1, 2), (1, 2), (1, 1)]):
        weight = model.blocks[i].conv.weight
        weight = weight[:, 0] if i == 0 else weight[:, :, 0]
        y = torch.relu(F.conv1d(y, weight, padding=padding) / (1 + 1e-5) ** 0.5)
        y = F.max_pool1d(y, pool)
    features = torch.cat([y.mean(2), y.amax(2), y.square().mean(2).sqrt()], 1)
    hidden = torch.relu(model.hidden[0][0](features))
    torch.testing.assert_close(model(x), model.output(hidden))


@pytest.mark.parametrize("n_frames", [19, 64, 200])
def test_cnn1d_takes_any_length(n_frames):
    assert CNN1D.notes()(torch.rand(2, 1, 64, n_frames)).shape == (2, 11)


def test_cnn1d_follows_time_but_not_pitch():
    model = CNN1D.notes(generator=torch.Generator().manual_seed(0)).eval()
    x = torch.zeros(1, 1, 64, 64)
    x[..., 10:14, 20:30] = 1
    first = model.blocks[0]
    later = first(x.roll(8, dims=3))
    torch.testing.assert_close(later[..., 6:12], first(x)[..., 4:10])
    higher = first(x.roll(8, dims=2))
    assert not torch.allclose(higher, first(x), atol=0.05)


@pytest.mark.parametrize("option", ["kernel_sizes", "pools", "paddings"])
def test_cnn1d_refuses_other_lengths(option):
    with pytest.raises(ParameterError, match="of one length, got"):
        CNN1D((4, 4, 4, 4), **{option: (1, 1)})


def test_crnn_of_the_paper():
    with torch.device("meta"):
        model = CRNN.paper()
    summary = summarize(model, (1, 96, 1366))
    pooled = [r.output_shape for r in summary.rows if r.kind == "MaxPool2d"]
    assert pooled == [(64, 48, 720), (128, 16, 240), (128, 4, 60), (128, 1, 15)]
    gru = 3 * 32 * (128 + 32 + 2) + 3 * 32 * (32 + 32 + 2)
    convolutions = sum(9 * a * b + 2 * b for a, b in [(1, 64), (64, 128), (128, 128), (128, 128)])
    assert summary.total_parameters == convolutions + gru + 50 * 33
    assert sum(r.kind == "ELU" for r in summary.rows) == 4


def test_crnn_equals_cells_by_hand():
    model = CRNN.notes(generator=torch.Generator().manual_seed(3)).eval()
    x = torch.rand(2, 1, 64, 64)
    maps = model.blocks(x)
    assert maps.shape == (2, 32, 1, 8)
    gru = model.recurrent.gru
    steps = list(maps[:, :, 0].unbind(2))
    for layer in (0, 1):
        w_i, w_h = (getattr(gru, f"weight_{kind}_l{layer}") for kind in ("ih", "hh"))
        b_i, b_h = (getattr(gru, f"bias_{kind}_l{layer}") for kind in ("ih", "hh"))
        h = torch.zeros(2, 32)
        states = []
        for step in steps:
            (r_i, z_i, n_i) = (step @ w_i.T + b_i).chunk(3, 1)
            (r_h, z_h, n_h) = (h @ w_h.T + b_h).chunk(3, 1)
            z = torch.sigmoid(z_i + z_h)
            n = torch.tanh(n_i + torch.sigmoid(r_i + r_h) * n_h)
            h = (1 - z) * n + z * h
            states.append(h)
        steps = states
    torch.testing.assert_close(model(x), model.output(steps[-1]))


def test_crnn_hears_the_order():
    model = CRNN.notes(generator=torch.Generator().manual_seed(3)).eval()
    maps = torch.rand(1, 32, 1, 8)
    assert not torch.allclose(model.recurrent(maps), model.recurrent(maps.flip(3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pools": (2, 2)}, "as many pools as channels, got 2 and 1"),
        ({"hidden": 0}, "hidden to be an int >= 1"),
        ({"pad_frames": -1}, "pad_frames to be an int >= 0, got -1"),
    ],
)
def test_crnn_refuses(options, message):
    with pytest.raises(ParameterError, match=message):
        CRNN((4,), **{"pools": (2,), **options})
