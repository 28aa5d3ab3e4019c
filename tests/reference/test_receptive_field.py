"""Receptive fields against the gradient's footprint, the mel filter bank, and the waveform."""

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.reference.helpers import randn
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.front_end import FRONT_END
from utils.notes.mel import mel_filter_bank
from utils.reference.receptive_field import (
    Window,
    field_duration,
    field_frequencies,
    receptive_field,
)

VGG = [Window(3, padding=1), Window(2, stride=2)] * 4  # the slides' CNN
STACKS = [
    [],
    [Window(3)],
    [Window(3), Window(3)],
    [Window((1, 3)), Window((4, 1), stride=(2, 3)), Window(2, dilation=(1, 3))],
    [Window(3, padding=1), Window(2, stride=2), Window((2, 3), dilation=2, padding=(0, 2))],
    [Window(5, stride=(1, 3), padding=2), Window(3, stride=2), Window(2, stride=2)],
    VGG[:6],
]


def footprint(windows, row, column, size=64):
    """Return which rows and columns a unit of a real net depends on."""
    layers = []
    for window in windows:
        options = dataclasses.asdict(window)
        layers.append(nn.Conv2d(1, 1, dtype=torch.float64, **options))
        nn.init.ones_(layers[-1].weight)  # nothing cancels
    x = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    output = nn.Sequential(*layers)(x)
    if not layers:
        output = x * 1
    output[0, 0, row, column].backward()
    seen = x.grad[0, 0] != 0
    return seen.any(dim=1).nonzero().flatten().tolist(), seen.any(
        dim=0
    ).nonzero().flatten().tolist()


@pytest.mark.parametrize("windows", STACKS)
@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2), (5, 3)])
def test_agrees_with_the_gradient_of_a_real_net(windows, row, column):
    field = receptive_field(windows).of_unit(row, column)
    seen = footprint(windows, row, column)
    for cells, nonzero in zip(field, seen, strict=True):
        inside = [cell for cell in cells if 0 <= cell < 64]
        assert (inside[0], inside[-1]) == (nonzero[0], nonzero[-1])


windows = st.builds(
    Window,
    kernel_size=st.integers(1, 3),
    stride=st.integers(1, 2),
    dilation=st.integers(1, 2),
    padding=st.integers(0, 2),
)


@given(stack=st.lists(windows, max_size=3), at=st.integers(0, 3))
def test_agrees_with_the_gradient_of_any_net(stack, at):
    rows, _ = receptive_field(stack).of_unit(at, at)
    nonzero, _ = footprint(stack, at, at)
    inside = [cell for cell in rows if 0 <= cell < 64]
    if nonzero:  # a unit may see nothing but padding
        assert inside[0] <= nonzero[0] <= nonzero[-1] <= inside[-1]
    if rows.start >= 0 and rows.stop <= 64:
        assert (rows.start, rows.stop - 1) == (nonzero[0], nonzero[-1])


@given(lower=st.lists(windows, max_size=3), upper=st.lists(windows, max_size=3))
def test_stacks_compose(lower, upper):
    whole, below, above = (receptive_field(s) for s in (lower + upper, lower, upper))
    for axis in (0, 1):
        assert whole.step[axis] == below.step[axis] * above.step[axis]
        assert whole.size[axis] == below.size[axis] + (above.size[axis] - 1) * below.step[axis]
        assert whole.start[axis] == below.start[axis] + above.start[axis] * below.step[axis]


def test_known_numbers():
    assert receptive_field([Window(3)] * 2).size == (5, 5)  # two 3×3 see what one 5×5 does
    slides = receptive_field(VGG)
    assert (slides.size, slides.step, slides.start) == ((46, 46), (16, 16), (-15, -15))
    assert field_duration(46) == pytest.approx(1000 * (45 * 1000 + 2048) / 16000)  # 2.94 s
    dilated = [Window(2, dilation=2**k) for k in range(10)]  # WaveNet: 1024 samples
    assert receptive_field(dilated).size == (1024, 1024)


def test_the_slides_cnn_sees_what_is_said():
    model = LectureCNN().double()
    model.pool = nn.AvgPool2d(2)  # lets all four cells through
    for parameter in model.parameters():
        nn.init.ones_(parameter)  # no unit is off, nothing cancels
    maps = []
    model.fc.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
    x = torch.ones(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    model(x)
    maps[0].reshape(128, 4, 4)[0, 2, 1].backward()
    seen = x.grad[0, 0] != 0
    rows, columns = receptive_field(VGG).of_unit(2, 1)
    assert seen.any(dim=1).nonzero().flatten().tolist() == list(rows)
    assert seen.any(dim=0).nonzero().flatten().tolist() == list(columns)


@pytest.mark.parametrize("n_frames", [1, 4])
def test_duration_is_what_changes_the_frames(n_frames):
    waveform = randn(64_000).requires_grad_()
    window = torch.hann_window(2048, dtype=torch.float64)
    spectrum = torch.stft(waveform, 2048, 1000, window=window, return_complex=True)
    spectrum[:, 20 : 20 + n_frames].abs().square().sum().backward()
    heard = waveform.grad.nonzero().flatten()
    n_samples = int(heard[-1] - heard[0]) + 2  # the window's first sample is 0
    assert field_duration(n_frames) == pytest.approx(1000 * n_samples / 16_000)


@pytest.mark.parametrize(("first", "n_bands"), [(0, 1), (0, 64), (5, 3), (40, 1), (62, 2), (-3, 9)])
def test_frequencies_are_those_of_the_filter_bank(first, n_bands):
    bank = mel_filter_bank(dtype=torch.float64)[max(first, 0) : first + n_bands]
    heard = (bank.sum(dim=0) > 1e-9).nonzero().flatten()
    low, high = field_frequencies(first, n_bands)
    width = FRONT_END.sample_rate / FRONT_END.n_fft  # of a bin
    assert (heard[0] - 1) * width <= low < heard[0] * width
    assert heard[-1] * width < high <= (heard[-1] + 1) * width * (1 + 1e-9)


def test_the_whole_spectrogram():
    assert field_frequencies(0, 64) == pytest.approx((20, 8000))
    assert field_frequencies(-15, 100) == pytest.approx((20, 8000))
    assert field_frequencies(0, 8, f_min=0.0, n_mels=8) == pytest.approx((0, 8000))
    assert field_duration(3, hop_length=160, win_length=400) == pytest.approx(45)
    assert field_duration(3, sample_rate=8000) == pytest.approx(2 * field_duration(3))


def test_bad_arguments():
    for name, value in [("kernel_size", 0), ("stride", 0), ("dilation", (1, 0)), ("padding", -1)]:
        options = {"kernel_size": 3} | {name: value}
        with pytest.raises(ParameterError, match=f"expected {name} to be one or two whole"):
            receptive_field([Window(**options)])
    with pytest.raises(ParameterError, match="expected n_frames ≥ 1, got 0"):
        field_duration(0)
    for first, n_bands in [(64, 1), (-3, 3), (0, 0)]:
        with pytest.raises(ParameterError, match=f"bands from 0 to 63, got first_band={first}, n"):
            field_frequencies(first, n_bands)
