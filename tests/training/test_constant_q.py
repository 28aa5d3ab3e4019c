"""The constant-Q spectrogram against librosa, a sum written out, and octaves."""

import librosa
import numpy as np
import pytest
import torch

from utils.errors import ParameterError
from utils.notes.mel import log_mel_spectrogram
from utils.training.constant_q import constant_q, constant_q_picture

RATE = 16_000


def tone(pitch, *, n_partials=1, n_samples=64_000):
    """Return partials 1, 2, … of a MIDI pitch, each 0.6 times the one before."""
    f = 440 * 2 ** ((pitch - 69) / 12)
    time = torch.arange(n_samples, dtype=torch.float64) / RATE
    return sum(0.6**n * torch.sin(2 * torch.pi * (n + 1) * f * time) for n in range(n_partials))


@pytest.mark.parametrize("pitch", [24, 45, 60, 76, 100])
def test_a_sine_is_in_its_bin_as_librosa_says(pitch):
    sound = tone(pitch)
    found = constant_q(sound)
    assert found.shape == (84, 64)
    expected = np.abs(
        librosa.cqt(
            sound.numpy(), sr=RATE, hop_length=1024, fmin=librosa.note_to_hz("C1"), n_bins=84
        )
    )
    assert found[:, 30].argmax() == expected[:, 30].argmax() == pitch - 24
    assert float(found[pitch - 24, 30]) == pytest.approx(0.5, abs=0.01)


def test_peaks_of_a_chord_are_those_of_librosa():
    sound = sum(tone(pitch) for pitch in (48, 55, 64, 79))
    found = constant_q(sound)[:, 30].numpy()
    expected = np.abs(librosa.cqt(sound.numpy(), sr=RATE, hop_length=1024, n_bins=84))[:, 30]

    def peaks(x):
        return [k for k in range(1, 83) if x[k] > max(x[k - 1], x[k + 1], 0.4 * x.max())]

    assert peaks(found) == peaks(expected) == [24, 31, 40, 55]


def test_it_is_the_defining_sum():
    x = torch.randn(9000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = constant_q(x, f_min=200, n_bins=30, bins_per_octave=7, hop_length=700)
    assert found.shape == (30, 13)
    for k, t in ((0, 5), (12, 6), (29, 0)):
        f = 200 * 2 ** (k / 7)
        length = RATE / f / (2 ** (1 / 7) - 1)
        n = np.arange(-int(length / 2), int(length / 2) + 1)
        window = np.cos(np.pi * n / length) ** 2
        at = 700 * t + n
        samples = np.where((at >= 0) & (at < 9000), x.numpy()[at.clip(0, 8999)], 0)
        total = np.abs((window * samples * np.exp(-2j * np.pi * f * n / RATE)).sum())
        assert float(found[k, t]) == pytest.approx(total / window.sum(), rel=1e-9)


def test_an_octave_is_twelve_bins_whereas_mel_bands_move_unevenly():
    low, high = (tone(pitch, n_partials=4) for pitch in (40, 52))
    spectrum = constant_q(low)[:, 30], constant_q(high)[:, 30]
    difference = (spectrum[1][12:] - spectrum[0][:-12]).norm() / spectrum[0].norm()
    assert difference < 0.03
    mels = [log_mel_spectrogram(x.float())[0, 0, :, 30] for x in (low, high)]
    errors = [(mels[1][k:] - mels[0][: 64 - k]).norm() / mels[0].norm() for k in range(1, 20)]
    assert min(errors) > 0.2


def test_precision_and_scale():
    x = tone(60)
    found = constant_q(x.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), constant_q(x), atol=1e-5, rtol=0)
    torch.testing.assert_close(constant_q(3 * x), 3 * constant_q(x))


def test_the_picture_is_in_decibels():
    magnitude = torch.tensor([[2.0, 0.2, 0.002, 0.0]])
    torch.testing.assert_close(constant_q_picture(magnitude), torch.tensor([[1, 0.75, 0.25, 0]]))
    found = constant_q_picture(magnitude, dynamic_range=40)
    torch.testing.assert_close(found, torch.tensor([[1, 0.5, 0, 0]]))
    assert (constant_q_picture(torch.zeros(2, 3)) == 0).all()


@pytest.mark.parametrize(
    ("waveform", "options", "words"),
    [
        (torch.zeros(2, 99), {}, r"samples of shape \(n,\)"),
        (torch.zeros(0), {}, r"samples of shape \(n,\)"),
        (torch.zeros(99).int(), {}, r"samples of shape \(n,\)"),
        (torch.zeros(99), {"n_bins": 0}, "n_bins ≥ 1"),
        (torch.zeros(99), {"f_min": 0.0}, "f_min > 0"),
        (torch.zeros(99), {"bins_per_octave": 0}, "bins_per_octave ≥ 1"),
        (torch.zeros(99), {"n_bins": 97}, "below 8000 Hz, got one at 8372"),
        (torch.zeros(99), {"hop_length": 0}, "hop_length ≥ 1"),
    ],
)
def test_bad_arguments(waveform, options, words):
    with pytest.raises(ParameterError, match=words):
        constant_q(waveform, **options)


def test_the_picture_needs_a_range():
    with pytest.raises(ParameterError, match="dynamic_range > 0"):
        constant_q_picture(torch.ones(2, 2), dynamic_range=0)
