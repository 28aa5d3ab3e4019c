"""Four damages of a sound, against SciPy and their own meaning."""

import numpy as np
import pytest
from scipy import signal

from utils.errors import ParameterError
from utils.figures.audio_damages import add_noise, damage, delay, excerpt, low_pass, rotate_phase

RATE = 16_000


@pytest.fixture
def wave() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(1024)


def test_noise_has_the_level_that_was_asked_for(wave: np.ndarray) -> None:
    noise = add_noise(wave, decibels=-20) - wave
    assert np.std(noise) == pytest.approx(0.1 * np.sqrt(np.mean(wave**2)), rel=0.1)
    assert np.abs(np.corrcoef(noise, wave)[0, 1]) < 0.15
    louder = add_noise(wave, decibels=-20, level=3.0) - wave
    np.testing.assert_allclose(louder, noise * 3.0 / np.sqrt(np.mean(wave**2)))


@pytest.mark.parametrize("degrees", [0, 30, 90, 180])
def test_phase_is_turned_as_by_the_analytic_signal(wave: np.ndarray, degrees: float) -> None:
    turned = np.real(signal.hilbert(wave) * np.exp(1j * np.radians(degrees)))
    got = rotate_phase(wave, degrees=degrees)
    # The constant and the highest frequency have no phase: SciPy's real part agrees.
    np.testing.assert_allclose(got, turned, atol=1e-12)


def test_turning_the_phase_changes_no_magnitude(wave: np.ndarray) -> None:
    before, after = (np.abs(np.fft.rfft(w)) for w in (wave, rotate_phase(wave, degrees=73)))
    np.testing.assert_allclose(after[1:-1], before[1:-1])
    np.testing.assert_allclose(rotate_phase(wave, degrees=180), -wave, atol=1e-12)
    twice = rotate_phase(rotate_phase(wave, degrees=40), degrees=30)
    np.testing.assert_allclose(
        np.fft.rfft(twice)[1:-1], np.fft.rfft(rotate_phase(wave, degrees=70))[1:-1]
    )


def test_low_pass_has_the_gain_of_a_butterworth_filter(wave: np.ndarray) -> None:
    cutoff = 1500.0
    gain = np.fft.rfft(low_pass(wave, cutoff=cutoff, sample_rate=RATE)) / np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    b, a = signal.butter(4, 2 * np.pi * cutoff, analog=True)
    _, expected = signal.freqs(b, a, worN=2 * np.pi * frequency)
    np.testing.assert_allclose(gain, np.abs(expected), atol=1e-12)


def test_delay_moves_the_samples(wave: np.ndarray) -> None:
    late = delay(wave, by=16)
    assert not late[:16].any()
    np.testing.assert_array_equal(late[16:], wave[:-16])
    np.testing.assert_array_equal(damage(wave, "shift", 1.0), late)
    assert not delay(wave, by=len(wave)).any()


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("noise", -12.0, lambda w: add_noise(w, decibels=-12)),
        ("phase", 50.0, lambda w: rotate_phase(w, degrees=50)),
        ("lowpass", 900.0, lambda w: low_pass(w, cutoff=900, sample_rate=RATE)),
    ],
)
def test_damages_by_name(wave: np.ndarray, kind: str, amount: float, expected: object) -> None:
    np.testing.assert_array_equal(damage(wave, kind, amount), expected(wave))  # type: ignore[operator]


def test_an_excerpt_fades_out(wave: np.ndarray) -> None:
    cut = excerpt(wave, count=100, fade=10)
    np.testing.assert_array_equal(cut[:91], wave[:91])
    np.testing.assert_allclose(cut[91:], wave[91:100] * np.arange(9, 0, -1) / 10)


def test_wrong_arguments(wave: np.ndarray) -> None:
    with pytest.raises(ParameterError, match="lowpass or shift, got 'echo'"):
        damage(wave, "echo", 1.0)
    with pytest.raises(ParameterError, match="frequencies > 0, got 0"):
        low_pass(wave, cutoff=0, sample_rate=RATE)
    with pytest.raises(ParameterError, match="delay of 0 to 1024 samples, got 1025"):
        delay(wave, by=1025)
    with pytest.raises(ParameterError, match=r"shape \(n_samples,\), got \(1, 1024\)"):
        add_noise(wave[None], decibels=0)
    with pytest.raises(ParameterError, match="2000 samples and a fade within, got 1024"):
        excerpt(wave, count=2000, fade=10)
