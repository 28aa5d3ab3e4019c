"""Distances between sounds against librosa and the standard's table, and how they disagree."""

import math

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from tests.reference.helpers import close, randn
from utils.errors import ParameterError
from utils.reference.audio_losses import (
    a_weighted_spectral_distance,
    a_weighting,
    multi_scale_stft_loss,
    stft_magnitude,
    waveform_l1,
)

RATE = 16_000


@pytest.fixture(scope="module")
def note():
    """One second of a decaying harmonic tone, 220 Hz."""
    time = torch.arange(RATE, dtype=torch.float64) / RATE
    partials = [0.4 / k * torch.sin(2 * math.pi * 220 * k * time) for k in range(1, 16)]
    return sum(partials) * torch.exp(-2 * time)


def low_pass(wave, cutoff):
    spectrum = torch.fft.rfft(wave)
    spectrum[torch.fft.rfftfreq(len(wave), 1 / RATE) > cutoff] = 0
    return torch.fft.irfft(spectrum, len(wave))


@pytest.mark.parametrize(("n_fft", "hop_length"), [(64, 16), (512, 200)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spectrogram_agrees_with_librosa(n_fft, hop_length, dtype):
    waves = randn(2, 3, 1000, dtype=dtype)
    expected = (
        np.abs(librosa.stft(waves.numpy(), n_fft=n_fft, hop_length=hop_length, pad_mode="constant"))
        / scipy.signal.get_window("hann", n_fft).sum()
    )
    actual = stft_magnitude(waves, n_fft=n_fft, hop_length=hop_length)
    close(actual, torch.from_numpy(expected).to(dtype))


def test_a_sine_peaks_at_half_its_amplitude():
    wave = 0.8 * torch.sin(2 * math.pi * 1000 * torch.arange(RATE) / RATE)
    assert stft_magnitude(wave, n_fft=1024, hop_length=256).max().item() == pytest.approx(0.4, 1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_multi_scale_loss_agrees_with_librosa(dtype):
    estimate, target = randn(2, 900, dtype=dtype, seed=1), randn(2, 900, dtype=dtype, seed=2)
    expected = 0.0
    for n_fft in (128, 32):
        a, b = (
            np.abs(librosa.stft(x.double().numpy(), n_fft=n_fft, hop_length=n_fft // 4))
            / (n_fft / 2)
            for x in (
                torch.nn.functional.pad(estimate, (64, 64)),
                torch.nn.functional.pad(target, (64, 64)),
            )
        )
        skip = 64 // (n_fft // 4)  # librosa pads inside the frames that we pad ourselves
        a, b = a[..., skip:-skip], b[..., skip:-skip]
        expected += np.abs(a - b).mean()
        expected += 0.5 * np.abs(np.log(np.maximum(a, 1e-3)) - np.log(np.maximum(b, 1e-3))).mean()
    actual = multi_scale_stft_loss(
        estimate, target, fft_sizes=(128, 32), log_weight=0.5, floor=1e-3
    )
    assert actual.dtype == dtype
    assert actual.item() == pytest.approx(expected, rel=1e-5)


# IEC 61672-1, table of A-weightings: nominal frequency in Hz → dB. The exact frequencies are
# powers of ten to the tenth.
TABLE = {
    10: -70.4, 20: -50.5, 31.5: -39.4, 63: -26.2, 100: -19.1, 125: -16.1, 250: -8.6, 500: -3.2,
    1000: 0.0, 2000: 1.2, 2500: 1.3, 4000: 1.0, 8000: -1.1, 10000: -2.5, 16000: -6.6, 20000: -9.3,
}  # fmt: skip


def test_a_weighting_agrees_with_the_standard_and_librosa():
    exact = 10 ** (torch.tensor([round(10 * math.log10(f)) for f in TABLE]).double() / 10)
    assert a_weighting(exact).tolist() == pytest.approx(list(TABLE.values()), abs=0.051)
    frequency = torch.linspace(20, 20_000, 200, dtype=torch.float64)
    expected = librosa.A_weighting(frequency.numpy(), min_db=None)
    assert np.abs(a_weighting(frequency).numpy() - expected).max() < 0.01
    assert a_weighting(torch.tensor([0.0, 1000.0])).tolist() == [-math.inf, 0]


def test_weighted_distance_agrees_with_librosa(note):
    estimate = note + 0.01 * randn(RATE)
    with np.errstate(divide="ignore"):  # 0 Hz
        decibels = librosa.A_weighting(librosa.fft_frequencies(sr=RATE, n_fft=512), min_db=None)
    weights = 10 ** (decibels / 20)
    a, b = (
        weights[:, None]
        * np.abs(librosa.stft(x.numpy(), n_fft=512, hop_length=128, pad_mode="constant"))
        for x in (estimate, note)
    )
    expected = np.linalg.norm(a - b) / np.linalg.norm(b)
    actual = a_weighted_spectral_distance(estimate, note, sample_rate=RATE, n_fft=512)
    assert actual.item() == pytest.approx(expected, rel=1e-3)


def test_the_three_distances_disagree(note):
    noise = randn(RATE)
    damaged = {
        "noise": note + noise * note.norm() / noise.norm() * 10 ** (-30 / 20),
        "flip": -note,
        "low-pass": low_pass(note, 1000),
        "shift": note.roll(RATE // 1000),  # 1 ms
    }
    distances = {
        "waveform": waveform_l1,
        "spectrogram": multi_scale_stft_loss,
        "weighted": lambda a, b: a_weighted_spectral_distance(a, b, sample_rate=RATE),
    }
    ranking = {
        name: sorted(damaged, key=lambda kind, d=distance: -d(damaged[kind], note).item())
        for name, distance in distances.items()
    }
    assert ranking["waveform"] == ["flip", "shift", "low-pass", "noise"]
    assert ranking["spectrogram"] == ["noise", "low-pass", "shift", "flip"]
    assert ranking["weighted"] == ["low-pass", "noise", "shift", "flip"]
    for name in ("spectrogram", "weighted"):  # a flipped sign can't be heard
        assert distances[name](damaged["flip"], note).item() < 1e-12


def test_bass_counts_little(note):
    time = torch.arange(RATE, dtype=torch.float64) / RATE
    rumble, whistle = (note + 0.1 * torch.sin(2 * math.pi * f * time) for f in (30.0, 2500.0))
    rumble, whistle = (
        a_weighted_spectral_distance(x, note, sample_rate=RATE).item() for x in (rumble, whistle)
    )
    assert rumble < whistle / 20
    silence = a_weighted_spectral_distance(0 * note, note, sample_rate=RATE)
    assert silence.item() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_all_are_distances_with_finite_gradients(seed):
    a, b = randn(2, 300, seed=seed), randn(2, 300, seed=seed + 1)
    for distance in (
        waveform_l1,
        lambda x, y: multi_scale_stft_loss(x, y, fft_sizes=(64, 16)),
        lambda x, y: a_weighted_spectral_distance(x, y, sample_rate=RATE, n_fft=64),
    ):
        assert distance(a, a) == 0
        assert distance(a, b) > 0
        x = a.clone().requires_grad_()
        (distance(x, b) + distance(x, a)).backward()
        assert x.grad.isfinite().all()


def test_waveform_l1():
    a, b = randn(2, 50, seed=1), randn(2, 50, seed=2)
    close(waveform_l1(a, b), torch.nn.functional.l1_loss(a, b))


def test_bad_arguments(note):
    for distance in (
        waveform_l1,
        multi_scale_stft_loss,
        lambda x, y: a_weighted_spectral_distance(x, y, sample_rate=RATE),
    ):
        with pytest.raises(ParameterError, match=r"same shape, got shape=\(5,\) and shape=\(6,\)"):
            distance(torch.zeros(5), torch.zeros(6))
        with pytest.raises(ParameterError, match=r"floating-point dtype, got torch\.int16"):
            distance(torch.zeros(5, dtype=torch.int16), torch.zeros(5, dtype=torch.int16))
    with pytest.raises(ParameterError, match="expected at least one FFT size, got none"):
        multi_scale_stft_loss(note, note, fft_sizes=())
    with pytest.raises(ParameterError, match="expected log_weight ≥ 0, got -1"):
        multi_scale_stft_loss(note, note, log_weight=-1)
    with pytest.raises(ParameterError, match="expected floor > 0, got 0"):
        multi_scale_stft_loss(note, note, floor=0)
    with pytest.raises(ParameterError, match="expected n_fft ≥ 2 and hop_length ≥ 1, got 8, 0"):
        stft_magnitude(note, n_fft=8, hop_length=0)
    with pytest.raises(
        ParameterError, match=r"expected shape \(..., n_samples\), got shape=\(2, 0\)"
    ):
        stft_magnitude(torch.zeros(2, 0), n_fft=8, hop_length=2)
    with pytest.raises(ParameterError, match="expected a target that can be heard"):
        a_weighted_spectral_distance(note, 0 * note, sample_rate=RATE)
    with pytest.raises(ParameterError, match="expected sample_rate > 0, got 0"):
        a_weighted_spectral_distance(note, note, sample_rate=0)
    with pytest.raises(ParameterError, match="expected frequency ≥ 0 Hz, got -5"):
        a_weighting(torch.tensor([-5.0]))
