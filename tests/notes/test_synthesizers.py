"""The parametric instruments and their building blocks."""

import numpy as np
import pytest

from utils.errors import ParameterError
from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE
from utils.notes.synthesis import (
    HELD,
    N_CONTROLS,
    TIMES,
    envelope,
    harmonics,
    low_pass,
    modes,
    noise,
    partials,
    pitch_curve,
    recording,
    samples_of,
    saw,
    square,
)
from utils.notes.synthesis_strings import frequency_modulation, plucked_string
from utils.notes.synthesizers import ENGINES, ParametricInstrument
from utils.notes.vocabulary import FAMILIES

EVERY_ENGINE = [(family, number) for family in FAMILIES for number in range(len(ENGINES[family]))]
DYING = {"bass", "guitar", "keyboard", "mallet"}


def spectrum(wave, n=1 << 17):
    """Return frequencies and power of the first second after the attack."""
    part = wave[1600:17600] * np.hanning(16000)
    return np.fft.rfftfreq(n, 1 / SAMPLE_RATE), np.abs(np.fft.rfft(part, n)) ** 2


def measured_frequency(wave, near):
    """Return the frequency of the strongest line within a third of an octave."""
    f, power = spectrum(wave)
    window = (f > near / 1.12) & (f < near * 1.12)
    return f[window][np.argmax(power[window])]


@pytest.mark.parametrize(("family", "number"), EVERY_ENGINE)
def test_every_engine_plays_every_pitch_cleanly(family, number):
    instrument = ParametricInstrument(family, number)
    for pitch, velocity in [(24, 25), (60, 127), (96, 75)]:
        wave = instrument.render(pitch, velocity)
        assert wave.shape == (N_SAMPLES,)
        assert wave.dtype == np.float32
        assert np.isfinite(wave).all()
        assert np.abs(wave).max() == pytest.approx(0.5 * (velocity / 127) ** 0.8, rel=0.05)
        assert abs(wave.mean()) < 1e-3


@pytest.mark.parametrize(("family", "number"), EVERY_ENGINE)
def test_every_engine_is_in_tune(family, number):
    frequency = 440.0
    wave = ParametricInstrument(family, number).render(69, 100).astype(float)
    f, power = spectrum(wave)
    multiples = np.maximum(np.round(2 * f / frequency), 1) * frequency / 2  # organs: 16'
    near = np.abs(1200 * np.log2(np.maximum(f, 1) / multiples)) < 60
    if family != "mallet":  # bars and bells have partials elsewhere
        assert power[near].sum() / power[f > 60].sum() > 0.8
    assert abs(1200 * np.log2(measured_frequency(wave, frequency) / frequency)) < 25


@pytest.mark.parametrize("family", FAMILIES)
def test_struck_sounds_die_and_blown_ones_last(family):
    levels = []
    for number in (0, 1):
        wave = ParametricInstrument(family, number).render(60, 100).astype(float)
        level = np.sqrt((wave.reshape(64, 1000) ** 2).mean(axis=1))
        levels.append(level / level.max())
    before_release = np.mean([level[40:46].mean() for level in levels])
    assert (before_release < 0.3) == (family in DYING)
    after = max(level[-1] for level in levels)
    assert after < (0.3 if family == "mallet" else 0.1)  # bells ring on


def test_notes_are_the_same_every_time_and_instruments_differ():
    one = ParametricInstrument("reed", 4).render(55, 75)
    assert np.array_equal(one, ParametricInstrument("reed", 4).render(55, 75))
    other = ParametricInstrument("reed", 5).render(55, 75)
    _, first = spectrum(one)
    second = spectrum(other)[1]
    assert np.corrcoef(first, second)[0, 1] < 0.999


@pytest.mark.parametrize(("family", "number"), [("drums", 0), ("bass", -1)])
def test_unknown_instrument_is_refused(family, number):
    with pytest.raises(ParameterError, match="expected a family of"):
        ParametricInstrument(family, number)


def test_the_name_tells_engine_and_number():
    assert ParametricInstrument("keyboard", 4).name == "electric piano 4"


@pytest.mark.parametrize("pitch", [24, 40, 61, 77, 96])
@pytest.mark.parametrize("brightness", [0.2, 0.9])
def test_plucked_string_is_in_tune(pitch, brightness):
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    wave = plucked_string(
        frequency,
        rng=np.random.default_rng(0),
        brightness=brightness,
        sustain=8,
        position=0.23,
    )
    assert abs(1200 * np.log2(measured_frequency(wave, frequency) / frequency)) < 8


def test_plucked_string_loses_60_db_in_the_time_it_should():
    wave = plucked_string(
        200.0, rng=np.random.default_rng(1), brightness=1.0, sustain=2.0, position=0.5
    )
    level = [np.sqrt((wave[at : at + 1600] ** 2).mean()) for at in (8000, 24000)]
    assert 20 * np.log10(level[1] / level[0]) == pytest.approx(-30, abs=1.5)


def test_harmonics_are_partials_at_whole_ratios():
    f0 = pitch_curve(311.0, rng=np.random.default_rng(0), depth=30)
    levels = np.random.default_rng(1).uniform(0.1, 1, (6, N_CONTROLS))
    fast = harmonics(f0, levels, rng=np.random.default_rng(2))
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    starts = np.random.default_rng(2).uniform(0, 2 * np.pi, 6)
    # cos(s) cos(kp) + sin(s) sin(kp) = cos(kp - s)
    slow = sum(
        np.interp(np.arange(N_SAMPLES), np.arange(N_CONTROLS) * 128, levels[k])
        * np.cos((k + 1) * phase - starts[k])
        for k in range(6)
    )
    np.testing.assert_allclose(fast, slow, atol=1e-6)


def test_nothing_sounds_above_the_nyquist_frequency():
    f0 = np.full(N_SAMPLES, 3000.0)
    levels = np.ones((5, N_CONTROLS))
    assert np.array_equal(
        harmonics(f0, levels, rng=np.random.default_rng(0)),
        harmonics(f0, levels * (np.arange(5) < 2)[:, None], rng=np.random.default_rng(0)),
    )
    high = partials(f0, np.array([2.7]), np.ones((1, N_CONTROLS)), rng=np.random.default_rng(0))
    assert not high.any()


def test_control_points_become_straight_lines():
    level = np.random.default_rng(0).uniform(size=N_CONTROLS)
    expected = np.interp(np.arange(N_SAMPLES), np.arange(N_CONTROLS) * 128, level)
    np.testing.assert_allclose(samples_of(level), expected, atol=1e-12)


def test_envelope_rises_falls_and_fades():
    level = envelope(attack=0.1, decay=0.2, sustain=0.5, release=0.1)
    at = lambda t: np.interp(t, TIMES, level)  # noqa: E731
    assert at(0) == 0
    assert at(0.1) == pytest.approx(1, abs=0.01)
    assert at(0.3) == pytest.approx(0.5 + 0.5 / np.e, abs=0.01)
    assert at(HELD) == pytest.approx(0.5, abs=0.01)
    assert at(HELD + 0.1) == pytest.approx(0.5 / np.e, abs=0.01)


def test_low_pass_halves_the_power_at_the_cutoff():
    gain = low_pass(np.array([100.0, 1000.0, 2000.0]), 1000.0, order=2)[:, 0]
    assert gain == pytest.approx([1.0, np.sqrt(0.5), 1 / np.sqrt(17)], abs=1e-4)
    peak = low_pass(np.array([1000.0]), 1000.0, resonance=1.0)[0, 0]
    assert peak == pytest.approx(2 * np.sqrt(0.5))


def test_waves_have_the_levels_of_the_textbook():
    assert saw(4) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert square(4) == pytest.approx([1, 0, 1 / 3, 0], abs=1e-12)
    assert square(4, width=0.25)[3] == pytest.approx(0, abs=1e-12)


def test_modes_decay_by_one_over_e():
    wave = modes(np.array([500.0, 9000.0]), np.array([1.0, 9.0]), np.array([0.5, 9.0]))
    peaks = [np.abs(wave[at : at + 160]).max() for at in (0, 8000)]
    assert peaks[1] / peaks[0] == pytest.approx(1 / np.e, rel=0.03)


def test_frequency_modulation_has_the_sidebands_of_bessel():
    wave = frequency_modulation(1000.0, ratio=0.5, index=1.0, seconds=1e9)
    f, power = spectrum(wave)
    lines = [np.sqrt(power[np.argmin(np.abs(f - x))]) for x in (1000, 1500, 2000)]
    assert lines[1] / lines[0] == pytest.approx(0.4401 / 0.7652, abs=0.02)  # J1(1) / J0(1)
    assert lines[2] / lines[0] == pytest.approx(0.1149 / 0.7652, abs=0.02)  # J2(1) / J0(1)


def test_noise_lies_between_its_frequencies():
    wave = noise(np.random.default_rng(0), low=500, high=1500)
    assert wave.std() == pytest.approx(1)
    f, power = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE), np.abs(np.fft.rfft(wave)) ** 2
    inside = power[(f > 700) & (f < 1300)].mean()
    assert power[f < 60].mean() < 0.01 * inside
    assert power[f > 7000].mean() < 0.1 * inside


def test_recording_keeps_the_pitch_and_differs_between_instruments():
    tone = np.sin(2 * np.pi * 440 * np.arange(N_SAMPLES) / SAMPLE_RATE)
    tone += 0.3 * np.sin(2 * np.pi * 3520 * np.arange(N_SAMPLES) / SAMPLE_RATE)
    ratios = set()
    for seed in range(6):
        record = recording(np.random.default_rng(seed))
        heard = record(tone, np.random.default_rng(0))
        assert measured_frequency(heard, 440) == pytest.approx(440, abs=0.5)
        f, power = spectrum(heard)
        line = [power[np.argmin(np.abs(f - x))] for x in (440, 3520)]
        ratios.add(round(10 * np.log10(line[1] / line[0])))
    assert len(ratios) > 2
