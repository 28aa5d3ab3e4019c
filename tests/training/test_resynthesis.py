"""Masked resynthesis: ones give the note, zeros silence, a band only this band."""

import numpy as np
import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_sound, sounds
from utils.notes.mel import log_mel_spectrogram
from utils.training.resynthesis import bin_mask, map_to_mask, masked_resynthesis, what_it_hears

RATE = 16_000


@pytest.fixture(scope="module")
def note():
    return torch.from_numpy(load_sound(sounds()[0].note_str))


def sines(*frequencies):
    time = torch.arange(64_000) / RATE
    return sum(torch.sin(2 * torch.pi * f * time) for f in frequencies) / 4


def level(waveform, frequency):
    """Return the level of a frequency in dB below a sine of amplitude 1, by SciPy-free DFT."""
    spectrum = np.abs(np.fft.rfft(waveform.numpy() * np.hanning(64_000))) / 16_000
    return 20 * np.log10(spectrum[round(frequency * 4)] + 1e-12)


def test_a_mask_of_ones_gives_the_note(note):
    found = masked_resynthesis(note, torch.ones(64, 64))
    assert found.shape == (64_000,)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, note / note.abs().max(), atol=1e-5, rtol=0)


def test_nothing_gives_silence(note):
    for waveform, mask in (
        (note, torch.zeros(64, 64)),
        (torch.zeros(64_000), torch.ones(64, 64)),
        (note, torch.full((64, 64), 1e-12)),
    ):
        assert (masked_resynthesis(waveform, mask) == 0).all()


def test_a_mask_of_some_bands_keeps_these():
    low, high = 300.0, 3000.0
    sound = sines(low, high)
    band = int(log_mel_spectrogram(sines(low))[0, 0, :, 30].argmax())
    mask = torch.zeros(64, 64)
    mask[band - 3 : band + 4] = 1
    found = masked_resynthesis(sound, mask)
    assert found.abs().max() == pytest.approx(1)
    assert level(found, low) > -6
    assert level(found, high) < -60
    other = masked_resynthesis(sound, 1 - mask)
    assert level(other, high) > -6
    assert level(other, low) < -60


def test_a_mask_of_some_frames_keeps_these():
    mask = torch.zeros(64, 64)
    mask[:, 20:30] = 1
    found = masked_resynthesis(sines(440), mask)
    loud = found.abs() > 1e-4
    assert loud[20_500:28_500].float().mean() > 0.9
    assert not loud[:18_900].any()
    assert not loud[30_100:].any()


def test_the_bin_mask_is_a_mean_of_bands():
    mask = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    found = bin_mask(mask)
    assert found.shape == (1025, 65)
    corners = 700 * (
        10 ** (np.linspace(*(2595 * np.log10(1 + f / 700) for f in (20, 8000)), 66) / 2595) - 1
    )
    for k in (10, 100, 700):
        f = k * 7.8125
        weights = np.array([np.interp(f, corners[b : b + 3], [0, 1, 0]) for b in range(64)])
        expected = weights @ mask.double().numpy() / weights.sum()
        np.testing.assert_allclose(found[k, :64], expected, atol=1e-5)
    assert torch.equal(found[0, :64], mask[0])
    assert torch.equal(found[-1, :64], mask[-1])
    assert torch.equal(found[:, 64], found[:, 63])
    torch.testing.assert_close(bin_mask(torch.ones(64, 64)), torch.ones(1025, 65))


def test_map_to_mask():
    feature_map = torch.tensor([[-1.0, 0.0], [1.0, 4.0]])
    mask = map_to_mask(feature_map)
    assert mask.shape == (64, 64)
    assert mask[0, 0] == 0
    assert mask[-1, -1] == 1
    assert mask[-1, 0] == 0.25
    assert mask[32, 63] > mask[31, 63] > mask[20, 63]
    full = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(map_to_mask(full), full / full.max())
    assert (map_to_mask(-full) == 0).all()


class Bright(nn.Module):
    """Two maps: the picture itself and its negative."""

    def __init__(self):
        super().__init__()
        self.both = nn.Conv2d(1, 2, 1, bias=False)
        self.both.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)

    def forward(self, x):
        return self.both(x)


def test_what_it_hears(note):
    found = what_it_hears(Bright(), "both", 0, note)
    picture = log_mel_spectrogram(note)[0, 0]
    torch.testing.assert_close(found, masked_resynthesis(note, picture))
    assert (what_it_hears(Bright(), "both", 1, note) == 0).all()
    torch.manual_seed(0)
    heard = what_it_hears(LectureCNN(), "conv3", 3, note)
    assert heard.isfinite().all()
    assert not heard.requires_grad


def test_bad_arguments(note):
    ones = torch.ones(64, 64)
    with pytest.raises(ParameterError, match=r"shape=\(64000,\), got shape=\(100,\)"):
        masked_resynthesis(note[:100], ones)
    for mask in (ones[:3], 2 * ones, -ones, ones * torch.nan):
        with pytest.raises(ParameterError, match=r"mask of \(64, 64\) in \[0, 1\]"):
            masked_resynthesis(note, mask)
    with pytest.raises(ParameterError, match=r"expected shape \(height, width\)"):
        map_to_mask(ones[None])
    with pytest.raises(ParameterError, match=r"expected a channel of \(2, 64, 64\), got 2"):
        what_it_hears(Bright(), "both", 2, note)
    with pytest.raises(ParameterError, match=r"expected a channel of \(11,\), got 0"):
        what_it_hears(LectureCNN(), "fc", 0, note)
