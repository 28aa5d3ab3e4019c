"""Back ends on the same maps: values against NumPy, gradients, and what they ignore."""

import numpy as np
import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import BACK_ENDS, AttentionPooling, StatisticsPooling, build_back_end
from utils.models.front_back import FrontBackNet
from utils.models.summarize import summarize

LENGTHS = {"average": 6, "statistics": 18, "rnn": 5, "mlp": 5, "attention": 18}
PARAMETERS = {
    "average": 0,
    "statistics": 0,
    "rnn": 3 * 5 * (18 + 5 + 2),
    "mlp": 5 * (6 * 3 * 4 + 1),
    "attention": 18,
}


def build(name):
    generator = torch.Generator().manual_seed(4)
    return build_back_end(name, 6, map_size=(3, 4), hidden=5, generator=generator).double()


def maps():
    generator = torch.Generator().manual_seed(5)
    return torch.randn(2, 6, 3, 4, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("name", BACK_ENDS)
def test_lengths_parameters_and_gradients(name):
    back_end = build(name)
    assert back_end(maps()).shape == (2, LENGTHS[name])
    assert back_end.n_features == LENGTHS[name]
    assert sum(p.numel() for p in back_end.parameters()) == PARAMETERS[name]
    assert torch.autograd.gradcheck(back_end, maps().requires_grad_())


def test_values():
    x = maps().numpy()
    flat = x.reshape(2, 6, 12)
    average = flat.mean(2)
    rms = np.sqrt((flat**2).mean(2))
    statistics = np.concatenate([average, flat.max(2), rms], 1)
    np.testing.assert_allclose(build("average")(maps()), average)
    np.testing.assert_allclose(build("statistics")(maps()), statistics)
    mlp = build("mlp")
    weight, bias = (p.detach().numpy() for p in mlp.parameters())
    expected = np.maximum(x.reshape(2, -1) @ weight.T + bias, 0)
    np.testing.assert_allclose(mlp(maps()).detach(), expected)
    attention = build("attention")
    frames = x.reshape(2, 18, 4).transpose(0, 2, 1)
    e = np.exp(frames @ attention.score.weight.detach().numpy()[0])
    shares = e / e.sum(1, keepdims=True)
    expected = (frames * shares[..., None]).sum(1)
    np.testing.assert_allclose(attention(maps()).detach(), expected)
    np.testing.assert_allclose(attention.weights(maps()).sum(1).detach(), 1)


def test_rnn_is_a_plain_gru_over_frames():
    back_end = build("rnn")
    gru = nn.GRU(18, 5).double()  # frames first
    gru.load_state_dict(back_end.gru.state_dict())
    steps = torch.stack([maps()[..., t].reshape(2, 18) for t in range(4)])
    torch.testing.assert_close(back_end(maps()), gru(steps)[1][0])


def test_attention_without_opinion_is_the_mean():
    back_end = AttentionPooling(6, 3).double()
    nn.init.zeros_(back_end.score.weight)
    torch.testing.assert_close(back_end(maps()), maps().mean(3).flatten(1))


@pytest.mark.parametrize(
    ("name", "ignores"),
    [("average", True), ("statistics", True), ("attention", True), ("rnn", False), ("mlp", False)],
)
def test_who_hears_the_order_of_frames(name, ignores):
    back_end = build(name)
    same = torch.allclose(back_end(maps()), back_end(maps().flip(3)))
    assert same is ignores


def test_statistics_of_silence_have_a_gradient():
    x = torch.zeros(1, 2, 3, 3, requires_grad=True)
    StatisticsPooling(2)(x).sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", BACK_ENDS)
def test_swapped_on_the_same_front_end(name):
    model = FrontBackNet.notes(name, generator=torch.Generator().manual_seed(0))
    other = FrontBackNet.notes("average", generator=torch.Generator().manual_seed(0))
    for a, b in zip(model.front_end.parameters(), other.front_end.parameters(), strict=True):
        assert torch.equal(a, b)
    rows = summarize(model).rows
    assert [r.output_shape for r in rows if r.kind == "MaxPool2d"][-1] == (64, 2, 8)
    front = 9 * (16 + 16 * 32 + 32 * 64) + 2 * (16 + 32 + 64)
    head = 11 * (model.back_end.n_features + 1)
    own = sum(p.numel() for p in model.back_end.parameters())
    assert sum(r.parameters for r in rows) == front + own + head


def test_refuses():
    with pytest.raises(ParameterError, match="rnn, mlp, attention, got 'max'"):
        build_back_end("max", 4, map_size=(2, 2))
    with pytest.raises(ParameterError, match="n_frames to be an int >= 1, got 0"):
        build_back_end("mlp", 4, map_size=(2, 0))
    with pytest.raises(ParameterError, match=r"channels, bands, frames\), got shape=\(4096,\)"):
        FrontBackNet(nn.Flatten(), "average")
