"""Operations on waveforms: frequencies, lengths, levels and places, measured."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import AudioError, ParameterError
from utils.notes.augment_waveform import (
    add_noise,
    change_gain,
    mask_time,
    pitch_shift,
    time_shift,
    time_stretch,
)
from utils.torchaudio_shim import import_torchaudio

RATE = 16_000
OPERATIONS = {
    pitch_shift: {"semitones": 3.0},
    time_stretch: {"rate": 1.3},
    change_gain: {"decibels": -6.0},
    add_noise: {"snr": 20.0},
    time_shift: {"seconds": 0.1},
    mask_time: {"seconds": 0.2, "position": 0.5},
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sine(frequency: float, *, n: int = RATE) -> torch.Tensor:
    """Return a sine with soft ends."""
    time = torch.arange(n, dtype=torch.float64) / RATE
    return torch.sin(2 * torch.pi * frequency * time) * torch.hann_window(n, dtype=time.dtype)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=seeded(1))


def peak(waveform: torch.Tensor) -> float:
    """Return the frequency of the largest peak of the spectrum."""
    n = 2**18
    spectrum = torch.fft.rfft(waveform.double(), n).abs()
    return int(spectrum.argmax()) * RATE / n


def middle(waveform: torch.Tensor) -> float:
    """Return the center of the energy in seconds."""
    power = waveform.double().square()
    return float((power * torch.arange(len(power))).sum() / power.sum() / RATE)


@pytest.mark.parametrize("semitones", [-12, -5, -1, 0.5, 2, 7, 12])
@pytest.mark.parametrize("frequency", [110.0, 1000.0])
def test_pitch_shift_moves_the_peak_and_keeps_the_length(frequency, semitones):
    note = sine(frequency)
    shifted = pitch_shift(note, semitones=semitones)
    assert shifted.shape == note.shape
    cents = 1200 * math.log2(peak(shifted) / (frequency * 2 ** (semitones / 12)))
    assert abs(cents) < 3
    assert middle(shifted) == pytest.approx(0.5, abs=0.01)
    assert float(shifted.abs().max()) == pytest.approx(1, abs=0.1)


def test_pitch_shift_moves_all_partials():
    note = sum(sine(400.0 * k) / k for k in (1, 2, 3))
    spectrum = torch.fft.rfft(pitch_shift(note, semitones=4)).abs()
    frequencies = [400 * k * 2 ** (4 / 12) for k in (1, 2, 3)]
    found = [float(spectrum[int(f) - 5 : int(f) + 6].max()) for f in frequencies]
    assert found == pytest.approx([found[0], found[0] / 2, found[0] / 3], rel=0.1)
    between = spectrum[1100:1400].max()  # where the third partial was
    assert between < 0.02 * found[2]


def test_pitch_shift_up_does_not_fold_what_passes_the_nyquist_frequency():
    assert pitch_shift(sine(6000.0), semitones=12).abs().max() < 0.02


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0])
def test_stretch_keeps_the_pitch_and_moves_the_middle(rate):
    note = torch.cat([sine(440.0), torch.zeros(2 * RATE, dtype=torch.float64)])
    stretched = time_stretch(note, rate=rate)
    assert stretched.shape == note.shape
    assert peak(stretched) == pytest.approx(440, abs=1)
    assert middle(stretched) == pytest.approx(0.5 / rate, abs=0.02)
    assert stretched[int(RATE / rate) + 2048 :].abs().max() < 1e-2


def test_a_slower_note_loses_its_end():
    clicks = torch.zeros(RATE, dtype=torch.float64)
    clicks[[2000, 12_000]] = 1
    slow = time_stretch(clicks, rate=0.5).abs()
    assert slow[3000:5000].max() > 0.3
    assert abs(int(slow.argmax()) - 4000) < 1024
    assert slow[6000:].max() < 0.01


@pytest.mark.parametrize("rate", [0.7, 1.4])
def test_stretch_keeps_the_spectrum_and_scales_the_envelope(rate):
    time = torch.arange(2 * RATE, dtype=torch.float64) / RATE
    partials = {330.0: 1.0, 660.0: 0.5, 1210.0: 0.25}
    decay = torch.exp(-2 * time)
    note = decay * sum(a * torch.sin(2 * torch.pi * f * time) for f, a in partials.items())
    stretched = time_stretch(note, rate=rate)
    for frequency, amplitude in partials.items():
        turning = torch.exp(-2j * torch.pi * frequency * time) * 2
        for start in (4000, 9000, 14_000):  # 1600 samples hold whole periods of all partials
            inside = slice(start, start + 1600)
            found = float((stretched * turning)[inside].mean().abs())
            expected = amplitude * float(torch.exp(-2 * rate * time)[inside].mean())
            assert found == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("decibels", [-20.0, -6.0, 0.0, 12.0])
def test_gain_is_exact(decibels):
    note = noise(3, 100)
    louder = change_gain(note, decibels=decibels)
    level = 10 * torch.log10(louder.square().mean(-1) / note.square().mean(-1))
    torch.testing.assert_close(level, torch.full((3,), decibels).double())
    torch.testing.assert_close(louder.sign(), note.sign())
    torch.testing.assert_close(change_gain(louder, decibels=-decibels), note)


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0, 60.0])
def test_noise_has_the_ratio_that_was_asked_for(snr):
    notes = torch.stack([sine(300.0), 0.01 * sine(900.0)])
    added = add_noise(notes, snr=snr, generator=seeded()) - notes
    measured = 10 * torch.log10(notes.square().sum(-1) / added.square().sum(-1))
    torch.testing.assert_close(measured, torch.full((2,), snr).double(), rtol=0, atol=1e-6)
    assert abs(float(added[0].mean() / added[0].std())) < 0.05


def test_noise_agrees_with_torchaudio():
    note = noise(2, 500)
    white = torch.randn(note.shape, dtype=note.dtype, generator=seeded(5))
    snr = torch.tensor([3.0, 12.0], dtype=note.dtype)
    expected = import_torchaudio().functional.add_noise(note, white, snr)
    torch.testing.assert_close(add_noise(note, snr=snr, generator=seeded(5)), expected)


def test_noise_is_white_and_silence_stays():
    notes = torch.stack([torch.ones(RATE), torch.zeros(RATE)])
    noisy = add_noise(notes, snr=0.0, generator=seeded())
    assert torch.equal(noisy[1], notes[1])
    power = torch.fft.rfft(noisy[0] - 1).abs().square()
    low, high = power[1:4000].mean(), power[4000:].mean()
    assert float(low / high) == pytest.approx(1, abs=0.1)


@given(samples=st.integers(-60, 60), circular=st.booleans())
def test_time_shift_agrees_with_numpy(samples, circular):
    note = noise(2, 50)
    expected = np.roll(note.numpy(), samples, axis=-1)
    if circular is False:
        expected = np.zeros((2, 50))
        for t in range(50):
            if 0 <= t - samples < 50:
                expected[:, t] = note[:, t - samples]
    shifted = time_shift(note, seconds=samples / RATE, circular=circular)
    assert np.array_equal(shifted.numpy(), expected)


def test_circular_shifts_come_back():
    note = noise(40)
    there = time_shift(note, seconds=7 / RATE, circular=True)
    assert torch.equal(time_shift(there, seconds=-7 / RATE, circular=True), note)


@pytest.mark.parametrize(("position", "first"), [(0.0, 0), (0.25, 200), (1.0, 800)])
def test_masks_are_where_they_should_be(position, first):
    note = torch.ones(1000, dtype=torch.float64)
    masked = mask_time(note, seconds=200 / RATE, position=position, fade=0)
    expected = note.clone()
    expected[first : first + 200] = 0
    assert torch.equal(masked, expected)


def test_masks_fade():
    masked = mask_time(torch.ones(1000), seconds=200 / RATE, position=0.5, fade=100 / RATE)
    assert torch.equal(masked[400:600], torch.zeros(200))
    torch.testing.assert_close(masked[300:400], (torch.arange(100, 0, -1) - 0.5) / 100)
    torch.testing.assert_close(masked[600:700], (torch.arange(100) + 0.5) / 100)
    assert torch.equal(masked[:300], torch.ones(300))


def test_neutral_amounts_change_nothing():
    note = noise(2, 3000)
    assert torch.equal(pitch_shift(note, semitones=0), note)
    assert torch.equal(time_stretch(note, rate=1), note)
    assert torch.equal(change_gain(note, decibels=0), note)
    assert torch.equal(time_shift(note, seconds=0), note)
    assert torch.equal(mask_time(note, seconds=0, position=0.3), note)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
def test_axes_types_and_amounts_one_a_note(operation):
    options = OPERATIONS[operation]
    extra = {"generator": seeded()} if operation is add_noise else {}
    notes = noise(2, 3, 4000)
    before = notes.clone()
    together = operation(notes, **options, **extra)
    assert together.shape == notes.shape
    assert together.dtype == notes.dtype
    assert torch.equal(notes, before)
    if operation is not add_noise:
        alone = operation(notes[1, 2], **options)
        torch.testing.assert_close(together[1, 2], alone)
        single = operation(notes.float(), **options)
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), together, rtol=1e-4, atol=1e-4)
        factors = torch.linspace(0.5, 1, 6).reshape(2, 3)
        each = {name: value * factors.double() for name, value in options.items()}
        different = operation(notes, **each)
        for i, j in ((0, 1), (1, 2)):
            one = {name: float(values[i, j]) for name, values in each.items()}
            torch.testing.assert_close(different[i, j], operation(notes[i, j], **one))


@pytest.mark.parametrize(
    ("operation", "options", "message"),
    [
        (pitch_shift, {"semitones": 25.0}, "expected semitones from -24 to 24, got 25 to 25"),
        (pitch_shift, {"semitones": math.nan}, "expected semitones from -24 to 24, got nan"),
        (time_stretch, {"rate": 0.1}, "expected rate from 0.25 to 4, got 0.1"),
        (change_gain, {"decibels": 61.0}, "expected decibels from -60 to 60"),
        (add_noise, {"snr": -61.0}, "expected snr from -60 to 120"),
        (time_shift, {"seconds": -4.5}, "expected seconds from -4 to 4"),
        (mask_time, {"seconds": 1.0, "position": 0.0}, "expected seconds from 0 to 0.1875"),
        (mask_time, {"seconds": 0.0, "position": 1.5}, "expected position from 0 to 1"),
        (mask_time, {"seconds": 0.0, "position": 0.0, "fade": -1}, "expected fade ≥ 0 s, got -1"),
        (
            change_gain,
            {"decibels": torch.zeros(3)},
            r"expected decibels as a number or one a note, shape=\(2,\), got shape=\(3,\)",
        ),
    ],
)
def test_wrong_amounts_are_refused(operation, options, message):
    with pytest.raises(ParameterError, match=message):
        operation(torch.ones(2, 3000), **options)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(3000), r"expected waveform to be a torch\.Tensor, got ndarray"),
        (torch.zeros(3000, dtype=torch.int16), "expected waveform of a floating-point dtype"),
        (torch.zeros(2, 0), r"got shape=\(2, 0\)"),
        (torch.tensor(0.0), r"expected waveform with 1 or more axes.*got shape=\(\)"),
    ],
)
def test_what_is_no_waveform_is_refused(operation, waveform, message):
    with pytest.raises(AudioError, match=message):
        operation(waveform, **OPERATIONS[operation])


@pytest.mark.parametrize("operation", [pitch_shift, time_stretch])
def test_short_sounds_are_refused(operation):
    with pytest.raises(ParameterError, match="expected 2048 samples or more, got 2047"):
        operation(torch.zeros(2047), **OPERATIONS[operation])
