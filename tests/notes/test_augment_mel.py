"""Operations on pictures against the front end applied to the changed waveform."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notes.helpers import tone
from utils.errors import AudioError, ParameterError
from utils.notes.augment_equalizer import biquad_coefficients, biquad_response, equalize
from utils.notes.augment_mel import (
    mel_mask_bands,
    mel_mask_frames,
    mel_pitch_shift,
    mel_time_shift,
    mel_time_stretch,
)
from utils.notes.augment_mel_levels import mel_equalize, mel_gain, mel_noise_floor, mel_tilt
from utils.notes.augment_waveform import (
    add_noise,
    change_gain,
    pitch_shift,
    time_shift,
    time_stretch,
)
from utils.notes.mel import log_mel_spectrogram, mel_filter_bank

RATE = 16_000
OPERATIONS = {
    mel_pitch_shift: {"semitones": 3.0},
    mel_time_shift: {"frames": 2.5},
    mel_time_stretch: {"rate": 1.3},
    mel_gain: {"decibels": -6.0},
    mel_tilt: {"decibels_per_band": 0.3},
    mel_noise_floor: {"level": -40.0},
    mel_mask_frames: {"frames": 8.0, "position": 0.4},
    mel_mask_bands: {"bands": 8.0, "position": 0.4},
}
names = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def notes() -> torch.Tensor:
    """Return tones that begin late, so that they can be shifted either way."""
    waves = torch.from_numpy(np.stack([tone(pitch=60), tone(pitch=79, brightness=0.9)]))
    return time_shift(waves, seconds=0.5)


@pytest.fixture(scope="module")
def white() -> torch.Tensor:
    return 0.1 * torch.randn(4, 64_000, generator=seeded())


@pytest.fixture(scope="module")
def pictures(notes) -> torch.Tensor:
    return log_mel_spectrogram(notes)


def in_db(difference: torch.Tensor) -> torch.Tensor:
    return 80 * difference


def test_gain_changes_no_picture(notes, pictures):
    louder = log_mel_spectrogram(change_gain(notes, decibels=-12.0))
    torch.testing.assert_close(louder, pictures, rtol=0, atol=1e-5)
    torch.testing.assert_close(mel_gain(pictures, decibels=-12.0), pictures, rtol=0, atol=1e-6)
    torch.testing.assert_close(mel_gain(pictures, decibels=60.0), pictures, rtol=0, atol=1e-6)


@pytest.mark.parametrize("frames", [-5, -1, 3, 10])
def test_shift_by_whole_frames_is_that_of_the_waveform(notes, pictures, frames):
    expected = log_mel_spectrogram(time_shift(notes, seconds=frames / 16))
    shifted = mel_time_shift(pictures, frames=frames)
    inside = slice(max(frames, 0) + 2, 64 + min(frames, 0) - 2)
    torch.testing.assert_close(shifted[..., inside], expected[..., inside], rtol=0, atol=1e-5)
    source = pictures[..., :-frames] if frames > 0 else pictures[..., -frames:]
    kept = shifted[..., frames:] if frames > 0 else shifted[..., :frames]
    torch.testing.assert_close(kept, source, rtol=0, atol=1e-6)
    edge = shifted[..., :frames] if frames > 0 else shifted[..., frames:]
    assert edge.abs().max() == 0


def test_shift_between_frames_is_the_mean(pictures):
    ends = (mel_time_shift(pictures, frames=4), mel_time_shift(pictures, frames=5))
    between = mel_time_shift(pictures, frames=4.25)
    mixed = 0.75 * ends[0] + 0.25 * ends[1]
    mixed = mixed + (1 - mixed.amax((-2, -1), keepdim=True)) * (mixed > 0)
    torch.testing.assert_close(between, mixed)


@pytest.mark.parametrize("semitones", [-7.0, 4.0, 12.0])
def test_pitch_shift_moves_the_partials_to_where_those_of_the_waveform_go(semitones):
    time = torch.arange(64_000) / RATE
    wave = torch.sin(2 * torch.pi * 1500 * time)
    expected = log_mel_spectrogram(pitch_shift(wave, semitones=semitones))
    actual = mel_pitch_shift(log_mel_spectrogram(wave), semitones=semitones)
    peaks = [int(picture[0, 0, :, 30].argmax()) for picture in (actual, expected)]
    assert abs(peaks[0] - peaks[1]) <= 1
    corners = torch.linspace(2595 * math.log10(1 + 20 / 700), 2595 * math.log10(1 + 8000 / 700), 66)
    frequency = 1500 * 2 ** (semitones / 12)
    nearest = int((corners[1:-1] - 2595 * math.log10(1 + frequency / 700)).abs().argmin())
    assert abs(peaks[0] - nearest) <= 1


def test_an_octave_is_more_bands_at_the_top():
    ramp = torch.zeros(2, 1, 64, 64)
    ramp[0, 0, 5], ramp[1, 0, 40] = 1.0, 1.0
    shifted = mel_pitch_shift(ramp, semitones=12.0)
    low, high = (int(shifted[i, 0, :, 0].argmax()) for i in (0, 1))
    assert 3 <= low - 5 <= 8
    assert 13 <= high - 40 <= 20


def test_pitch_shift_is_only_rough_but_better_than_none(notes, pictures):
    expected = log_mel_spectrogram(pitch_shift(notes, semitones=5.0))
    heard = expected > 0.5
    rough = (mel_pitch_shift(pictures, semitones=5.0) - expected)[heard].abs().mean()
    none = (pictures - expected)[heard].abs().mean()
    assert rough < 0.6 * none


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_stretch_is_that_of_the_waveform(rate):
    time = torch.arange(64_000) / RATE
    wave = torch.sin(2 * torch.pi * 700 * time) * torch.sin(torch.pi * time / 4) ** 2
    expected = log_mel_spectrogram(time_stretch(wave, rate=rate))
    actual = mel_time_stretch(log_mel_spectrogram(wave), rate=rate)
    band = int(expected[0, 0, :, 30].argmax())
    inside = slice(8, 44)
    difference = in_db(actual - expected)[0, 0, band, inside]
    assert difference.abs().max() < 1.0
    if rate > 1:
        assert actual[..., int(64 / rate) + 1 :].abs().max() == 0


def test_stretch_takes_the_frame_at_rate_times_t(pictures):
    fast = mel_time_stretch(pictures, rate=2.0)
    raised = fast[..., :32] - pictures[..., ::2]
    heard = pictures[..., ::2] > 0
    for i in range(2):
        assert raised[i][heard[i]].std() < 1e-6


def test_tilt_is_that_of_a_filter(white):
    slope = 0.25
    spectrum = torch.fft.rfft(white.double())
    frequencies = torch.fft.rfftfreq(64_000, 1 / RATE, dtype=torch.float64)
    mels = 2595 * torch.log10(1 + frequencies / 700)
    low, high = 2595 * math.log10(1 + 20 / 700), 2595 * math.log10(1 + 8000 / 700)
    bands = (mels - low) / ((high - low) / 65) - 1
    filtered = torch.fft.irfft(spectrum * 10 ** (slope * bands / 20), 64_000)
    expected = log_mel_spectrogram(filtered.float())
    actual = mel_tilt(log_mel_spectrogram(white), decibels_per_band=slope)
    difference = in_db(actual - expected)[..., 2:, 2:-2]
    difference = difference - difference.median()  # the maximum is one noisy cell
    assert difference.abs().mean() < 0.15
    assert difference.abs().quantile(0.99) < 1.5


def test_tilt_is_exact_on_a_picture_and_the_floor_stays():
    levels = torch.linspace(0.2, 1, 64).repeat(64, 1).mT.clone()
    levels[3] = 0
    tilted = mel_tilt(levels[None, None], decibels_per_band=-0.5)
    expected = levels - 0.5 * torch.arange(64)[:, None] / 80
    expected = expected + 1 - expected.max()
    expected[3] = 0
    torch.testing.assert_close(tilted[0, 0], expected)


def test_equalizing_bands_is_about_equalizing_the_waveform(white):
    frequencies = 700 * (10 ** (torch.linspace(31.75, 2840.02, 66)[1:-1] / 2595) - 1)
    b, a = biquad_coefficients(torch.tensor(1000.0), torch.tensor(9.0), kind="high_shelf")
    curve = 20 * torch.log10(biquad_response(b, a, frequencies).abs())
    expected = log_mel_spectrogram(
        equalize(white, frequency=1000.0, decibels=9.0, kind="high_shelf")
    )
    actual = mel_equalize(log_mel_spectrogram(white), decibels=curve)
    assert in_db(actual - expected)[..., 2:-2].abs().mean() < 0.3


def test_equalizing_with_one_curve_a_note(pictures):
    curves = torch.stack([torch.linspace(-6, 6, 64), torch.zeros(64)])
    both = mel_equalize(pictures, decibels=curves)
    torch.testing.assert_close(both[:1], mel_equalize(pictures[:1], decibels=curves[0]))
    torch.testing.assert_close(both[1], pictures[1], rtol=0, atol=1e-6)


def test_noise_floor_is_the_mean_of_real_noise():
    time = torch.arange(64_000) / RATE
    wave = 0.5 * torch.sin(2 * torch.pi * 440 * time)
    clean = log_mel_spectrogram(wave)
    noisy = [log_mel_spectrogram(add_noise(wave, snr=10.0, generator=seeded(i))) for i in range(8)]
    power = torch.stack([10 ** (8 * (picture - 1)) for picture in noisy]).mean(dim=(0, -1))[0, 0]
    expected = 10 * power.log10()
    level = float(expected[-5:].max())
    actual = in_db(mel_noise_floor(clean, level=level) - 1)[0, 0, :, 5:-5].mean(-1)
    far = torch.arange(64) > 20
    assert (actual - expected)[far].abs().max() < 1.0
    area = mel_filter_bank().sum(1)
    assert float(expected[-3] - expected[25]) == pytest.approx(
        float(10 * torch.log10(area[-3] / area[25])), abs=1.0
    )


def test_noise_floor_adds_powers():
    picture = torch.full((1, 1, 64, 64), 0.5)
    picture[0, 0, 0, 0] = 1
    noisy = in_db(mel_noise_floor(picture, level=-40.0) - 1)[0, 0]
    area = mel_filter_bank().sum(1)
    loudest = int(area.argmax())
    assert float(noisy[loudest, 9]) == pytest.approx(-40 + 10 * math.log10(2), abs=1e-2)
    assert noisy.max() == 0


@settings(max_examples=30)
@given(width=st.integers(0, 64), position=st.floats(0, 1))
def test_masks_hide_as_many_cells_as_asked(width, position):
    ones = torch.ones(1, 1, 64, 64)
    by_time = mel_mask_frames(ones, frames=width, position=position)[0, 0]
    by_band = mel_mask_bands(ones, bands=width, position=position)[0, 0]
    assert torch.equal(by_time, by_band.mT)
    assert torch.equal(by_time, by_time[:1].expand(64, 64))
    hidden = (by_time[0] == 0).nonzero().flatten().tolist()
    assert len(hidden) == width
    if hidden:
        assert hidden == list(range(hidden[0], hidden[0] + width))
        assert abs(hidden[0] - position * (64 - width)) <= 0.5


def test_masks_leave_the_rest_and_can_be_filled(pictures):
    masked = mel_mask_frames(pictures, frames=10, position=0.0, fill=0.5)
    assert torch.equal(masked[..., 10:], pictures[..., 10:])
    assert torch.equal(masked[..., :10], torch.full((2, 1, 64, 10), 0.5))
    masked = mel_mask_bands(pictures, bands=4, position=1.0)
    assert torch.equal(masked[..., :60, :], pictures[..., :60, :])
    assert masked[..., 60:, :].abs().max() == 0


@pytest.mark.parametrize(
    ("operation", "neutral"),
    [
        (mel_pitch_shift, {"semitones": 0.0}),
        (mel_time_shift, {"frames": 0.0}),
        (mel_time_stretch, {"rate": 1.0}),
        (mel_gain, {"decibels": 0.0}),
        (mel_tilt, {"decibels_per_band": 0.0}),
        (mel_mask_frames, {"frames": 0.0, "position": 0.5}),
        (mel_mask_bands, {"bands": 0.0, "position": 0.5}),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_neutral_amounts_change_nothing(pictures, operation, neutral):
    torch.testing.assert_close(operation(pictures, **neutral), pictures, rtol=0, atol=2e-5)


@names
def test_shape_range_type_and_the_maximum(pictures, operation):
    options = OPERATIONS[operation]
    before = pictures.clone()
    changed = operation(pictures, **options)
    assert torch.equal(pictures, before)
    assert changed.shape == pictures.shape
    assert changed.dtype == pictures.dtype
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert operation(pictures.double(), **options).dtype == torch.float64
    assert operation(pictures[:0], **options).shape == (0, 1, 64, 64)
    if operation not in (mel_mask_frames, mel_mask_bands):
        torch.testing.assert_close(changed.amax((1, 2, 3)), torch.ones(2))


@names
def test_silence_stays(operation):
    silent = torch.zeros(2, 1, 64, 64)
    assert torch.equal(operation(silent, **OPERATIONS[operation]), silent)


@names
def test_amounts_one_a_note(pictures, operation):
    options = OPERATIONS[operation]
    each = {name: value * torch.tensor([1.0, 0.6]) for name, value in options.items()}
    together = operation(pictures, **each)
    for i in range(2):
        one = {name: float(values[i]) for name, values in each.items()}
        torch.testing.assert_close(together[i : i + 1], operation(pictures[i : i + 1], **one))


@pytest.mark.parametrize(
    ("operation", "options", "message"),
    [
        (mel_pitch_shift, {"semitones": -25.0}, "expected semitones from -24 to 24, got -25"),
        (mel_time_shift, {"frames": 65.0}, "expected frames from -64 to 64"),
        (mel_time_stretch, {"rate": 5.0}, "expected rate from 0.25 to 4"),
        (mel_gain, {"decibels": 70.0}, "expected decibels from -60 to 60"),
        (mel_tilt, {"decibels_per_band": 2.0}, "expected decibels_per_band from -1 to 1"),
        (mel_noise_floor, {"level": 1.0}, "expected level from -120 to 0"),
        (mel_mask_frames, {"frames": 65.0, "position": 0.0}, "expected frames from 0 to 64"),
        (mel_mask_bands, {"bands": -1.0, "position": 0.0}, "expected bands from 0 to 64"),
        (mel_mask_bands, {"bands": 1.0, "position": 2.0}, "expected position from 0 to 1"),
        (
            mel_mask_bands,
            {"bands": 1.0, "position": 0.0, "fill": 2.0},
            "expected fill from 0 to 1, got 2.0",
        ),
        (
            mel_equalize,
            {"decibels": torch.zeros(63)},
            r"expected decibels of shape \(64,\) or \(3, 64\), got shape=\(63,\)",
        ),
        (mel_equalize, {"decibels": torch.full((64,), math.nan)}, "expected finite decibels"),
        (mel_gain, {"decibels": torch.zeros(2)}, r"one a note, shape=\(3,\), got shape=\(2,\)"),
    ],
)
def test_wrong_amounts_are_refused(operation, options, message):
    with pytest.raises(ParameterError, match=message):
        operation(torch.ones(3, 1, 64, 64), **options)


@names
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.zeros(2, 64, 64), r"expected pictures of shape .*got shape=\(2, 64, 64\)"),
        (torch.zeros(2, 1, 40, 64), r"got shape=\(2, 1, 40, 64\)"),
        (torch.zeros(2, 1, 64, 64, dtype=torch.uint8), "expected pictures of a floating-point"),
        (np.zeros((2, 1, 64, 64)), r"expected pictures to be a torch\.Tensor"),
    ],
)
def test_what_is_no_picture_is_refused(operation, wrong, message):
    with pytest.raises(AudioError, match=message):
        operation(wrong, **OPERATIONS[operation])
