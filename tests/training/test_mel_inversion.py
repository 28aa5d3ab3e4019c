"""From pictures to sound, against torchaudio's Griffin–Lim and SciPy's least squares."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from utils.errors import ParameterError
from utils.notes.embedded import load_sound, sounds
from utils.notes.mel import log_mel_spectrogram, mel_filter_bank
from utils.torchaudio_shim import import_torchaudio
from utils.training.mel_inversion import (
    griffin_lim,
    istft,
    magnitude_of_mel,
    mel_power,
    mel_to_waveform,
    normalize_peak,
    stft,
)


@pytest.fixture(scope="module")
def note():
    return torch.from_numpy(load_sound(sounds()[3].note_str))


def sine(frequency):
    return torch.sin(2 * torch.pi * frequency * torch.arange(64_000) / 16_000)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def distance(waveform, magnitude):
    """Return the spectral convergence of a sound."""
    return float((stft(waveform).abs() - magnitude).norm() / magnitude.norm())


def test_stft_and_back(note):
    torch.testing.assert_close(istft(stft(note)), note, atol=1e-5, rtol=0)
    assert stft(note).shape == (1025, 65)


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_griffin_lim_is_that_of_torchaudio(note, momentum):
    magnitude = stft(note.double()).abs()
    expected = import_torchaudio().functional.griffinlim(
        magnitude,
        torch.hann_window(2048, dtype=torch.float64),
        n_fft=2048,
        hop_length=1000,
        win_length=2048,
        power=1,
        n_iter=5,
        momentum=momentum,
        length=64_000,
        rand_init=False,
    )
    found = griffin_lim(magnitude, n_iterations=5, momentum=momentum)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_more_iterations_come_nearer(note):
    magnitude = stft(note).abs()
    one, many = (
        distance(griffin_lim(magnitude, n_iterations=n, generator=seeded(1)), magnitude)
        for n in (1, 30)
    )
    assert many < 0.6 * one


def test_seeds_decide(note):
    magnitude = stft(note).abs()
    runs = [griffin_lim(magnitude, n_iterations=1, generator=seeded(s)) for s in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_magnitudes_have_the_power_of_the_bands(note):
    power = mel_power(log_mel_spectrogram(note)[0, 0])
    magnitude = magnitude_of_mel(power)
    bank = mel_filter_bank().double()
    assert magnitude.shape == (1025, 64)
    assert magnitude.min() >= 0
    rebuilt = bank @ magnitude.double().square()
    for frame in (2, 20):
        column = power[:, frame].double()
        _, best = nnls(bank.numpy(), column.numpy())
        assert float((rebuilt[:, frame] - column).norm()) < best + 1e-3 * float(column.norm())
    loud = power > 1e-3
    assert (10 * torch.log10(rebuilt[loud] / power[loud])).abs().max() < 0.1


def test_bins_without_a_band_are_silent_and_others_share():
    magnitude = magnitude_of_mel(torch.ones(64, 1), n_iterations=3)
    heard = mel_filter_bank().sum(0) > 0
    assert torch.equal(magnitude[:, 0] > 0, heard)
    bank = mel_filter_bank(dtype=torch.float64).numpy()
    m = np.linspace(1, 0.1, 64)
    p = bank.T @ m
    for _ in range(3):
        ratio = [m[b] / (bank[b] * p).sum() for b in range(64)]
        p = p * (bank * np.array(ratio)[:, None]).sum(0) / np.maximum(bank.sum(0), 1e-9)
    found = magnitude_of_mel(torch.from_numpy(m)[:, None], n_iterations=3)
    np.testing.assert_allclose(found[:, 0] ** 2, p, rtol=1e-5, atol=1e-12)


def test_mel_power():
    picture = torch.tensor([0.0, 0.5, 0.75, 1.0, 2.0, -1.0])
    expected = torch.tensor([0.0, 1e-4, 1e-2, 1.0, 1.0, 0.0])
    torch.testing.assert_close(mel_power(picture), expected)


def test_the_pitch_of_a_sine_survives():
    for frequency in (440.0, 1500.0):
        picture = log_mel_spectrogram(sine(frequency))
        found = mel_to_waveform(picture, n_iterations=15)
        assert found.shape == (64_000,)
        assert found.dtype == torch.float32
        assert found.abs().max() == pytest.approx(1)
        peak = np.abs(np.fft.rfft(found.numpy())).argmax() / 4
        band = 0.06 * frequency + 30  # half the width of a mel band
        assert abs(peak - frequency) < band
        again = log_mel_spectrogram(found)
        assert (again.mean(-1).argmax() - picture.mean(-1).argmax()).abs() <= 1


def test_a_note_comes_back_nearly(note):
    picture = log_mel_spectrogram(note)
    again = log_mel_spectrogram(mel_to_waveform(picture, generator=seeded(0)))
    loud = picture > 0.6  # within 32 dB of the loudest cell
    assert float((again - picture)[loud].abs().mean()) < 0.05  # 4 dB


def test_an_empty_picture_is_silent():
    assert (mel_to_waveform(torch.zeros(64, 64), n_iterations=2) == 0).all()
    assert (normalize_peak(torch.full((5,), 1e-9)) == 0).all()
    assert normalize_peak(torch.tensor([0.1, -0.5])).tolist() == pytest.approx([0.2, -1.0])


def test_bad_arguments():
    for picture in (torch.rand(2, 1, 64, 64), torch.full((64, 64), torch.nan)):
        with pytest.raises(ParameterError, match="expected one picture without NaN"):
            mel_to_waveform(picture)
    with pytest.raises(ParameterError, match=r"picture of \(64, 64\), got shape=\(64, 65\)"):
        mel_to_waveform(torch.rand(64, 65))
    for options in ({"n_iterations": 0}, {"momentum": 1.0}, {"momentum": -0.1}):
        with pytest.raises(ParameterError, match="expected n_iterations ≥ 1 and 0 ≤ momentum < 1"):
            griffin_lim(torch.rand(1025, 65), **options)
