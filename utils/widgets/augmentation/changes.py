"""The changes of the audition: each on the sound, and its shortcut on the picture.

Conventions: sounds (n, 64000) at 16 kHz; pictures (n, 1, 64, 64) with values in [0, 1]; one
amount for all of them. A change in place ("neutral") gives back what it was given. The browser
computes the same with ``kit/math/soundChanges.js`` and ``kit/math/pictureChanges.js``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

import torch

from utils.figures.seeded_noise import normal_numbers
from utils.notes.augment_equalizer import biquad_coefficients, biquad_response, equalize
from utils.notes.augment_labels import Operation
from utils.notes.augment_mel import (
    mel_mask_bands,
    mel_mask_frames,
    mel_pitch_shift,
    mel_time_shift,
    mel_time_stretch,
)
from utils.notes.augment_mel_levels import mel_equalize, mel_gain, mel_noise_floor, mel_tilt
from utils.notes.augment_waveform import (
    change_gain,
    mask_time,
    pitch_shift,
    time_shift,
    time_stretch,
)
from utils.notes.front_end import FRONT_END, N_SAMPLES, SAMPLE_RATE
from utils.widgets.fields import Number

__all__ = ["CHANGES", "Change", "band_of"]

SILENT: Final = -60.0
"""Noise at this level, in dB relative to the note, is left out."""

NOISE_OFFSET: Final = -16.0
"""From noise relative to the note to noise in its loudest band relative to the loudest cell:
the median of the practice sounds, rounded; it differs from note to note by some 10 dB."""

SHELF, BELL = 2000.0, 1000.0
MIDDLE, LOW_BANDS = 0.3, 0.2
FRAMES_PER_SECOND: Final = SAMPLE_RATE / FRONT_END.hop_length
FFT: Final = 2**17  # room for what the filter rings

Transform = Callable[[torch.Tensor, float], torch.Tensor]


@dataclass(frozen=True)
class Change:
    """One way to change a note.

    Attributes
    ----------
    words : str
        Name in the list.
    operation : str
        Key of :data:`utils.notes.augment_labels.LABEL_SURVIVAL`.
    amount : Number
        The slider: limits, step, unit, and as its default the first amount to try.
    neutral : float
        The amount that changes nothing.
    on_sound, on_picture : callable
        ``(notes, amount) → notes``.
    """

    words: str
    operation: Operation
    amount: Number
    neutral: float
    on_sound: Transform
    on_picture: Transform

    def amounts(self) -> tuple[float, ...]:
        """Return all places of the slider."""
        field = self.amount
        steps = round((field.high - field.low) / field.step)
        return tuple(round(field.low + k * field.step, 6) for k in range(steps + 1))

    def apply(self, notes: torch.Tensor, amount: float, *, domain: str) -> torch.Tensor:
        """Return the notes changed.

        Parameters
        ----------
        notes : torch.Tensor
            Sounds (n, 64000) or pictures (n, 1, 64, 64).
        amount : float
        domain : {"sound", "picture"}
        """
        if amount == self.neutral:
            return notes
        return (self.on_sound if domain == "sound" else self.on_picture)(notes, amount)


def band_of(hertz: torch.Tensor) -> torch.Tensor:
    """Return where frequencies lie between the mel bands; the center of the lowest is 0."""
    low, high = (_mel(torch.tensor(f, dtype=hertz.dtype)) for f in (FRONT_END.f_min, 8000.0))
    step = (high - low) / (FRONT_END.n_mels + 1)
    return (_mel(hertz) - low) / step - 1


def _mel(hertz: torch.Tensor) -> torch.Tensor:
    return 2595 * torch.log10(1 + hertz / 700)


def _filtered(sounds: torch.Tensor, gain: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Return sounds whose spectra are multiplied by gains, a function of the place in bands."""
    hertz = torch.fft.rfftfreq(FFT, 1 / SAMPLE_RATE, dtype=torch.float64)
    spectrum = torch.fft.rfft(sounds.double(), FFT) * gain(band_of(hertz))
    return torch.fft.irfft(spectrum, FFT)[..., : sounds.shape[-1]].to(sounds.dtype)


def _tilt(sounds: torch.Tensor, decibels: float) -> torch.Tensor:
    # About the middle band, so that the note stays about as loud.
    middle = (FRONT_END.n_mels - 1) / 2
    return _filtered(sounds, lambda band: 10 ** (decibels * (band.clamp(0, 63) - middle) / 20))


def _cut_bands(sounds: torch.Tensor, bands: float) -> torch.Tensor:
    first = LOW_BANDS * (FRONT_END.n_mels - bands) - 0.5
    return _filtered(sounds, lambda b: ((b < first) | (b >= first + bands)).to(b.dtype))


@lru_cache(maxsize=1)
def _hiss() -> torch.Tensor:
    """Return noise that the browser can make, too."""
    return torch.tensor(list(islice(normal_numbers(1), N_SAMPLES)), dtype=torch.float64)


def _with_noise(sounds: torch.Tensor, level: float) -> torch.Tensor:
    hiss = _hiss()[: sounds.shape[-1]].to(sounds.dtype)
    power = sounds.square().mean(-1, keepdim=True) / hiss.square().mean()
    return sounds + hiss * (power * 10 ** (level / 10)).sqrt()


def _equalized(
    pictures: torch.Tensor, frequency: float, decibels: float, kind: str
) -> torch.Tensor:
    """Return the pictures with the gain of an equalizer at the center of each band."""
    numbers = (torch.tensor(v, dtype=torch.float64) for v in (frequency, decibels))
    b, a = biquad_coefficients(*numbers, kind="peak" if kind == "peak" else "high_shelf")
    low, high = (_mel(torch.tensor(f, dtype=torch.float64)) for f in (FRONT_END.f_min, 8000.0))
    mels = low + (high - low) * torch.arange(1, 65, dtype=torch.float64) / 65
    hertz = 700 * (10 ** (mels / 2595) - 1)
    gains = 20 * biquad_response(b, a, hertz).abs().log10()
    return mel_equalize(pictures, decibels=gains)


def _number(label: str, default: float, low: float, high: float, step: float, unit: str) -> Number:
    return Number(label=label, default=default, low=low, high=high, step=step, unit=unit)


CHANGES: Final[dict[str, Change]] = {
    "pitch_shift": Change(
        "pitch shift",
        "pitch_shift",
        _number("Higher by", 5.0, -12.0, 12.0, 1.0, "semitones"),
        0.0,
        lambda notes, a: pitch_shift(notes, semitones=a),
        lambda notes, a: mel_pitch_shift(notes, semitones=a),
    ),
    "time_stretch": Change(
        "time stretch",
        "time_stretch",
        _number("Faster by a factor of", 1.5, 0.5, 2.0, 0.1, ""),
        1.0,
        lambda notes, a: time_stretch(notes, rate=a),
        lambda notes, a: mel_time_stretch(notes, rate=a),
    ),
    "shelf": Change(
        "equalizer: all above 2 kHz",
        "equalizer",
        _number("Gain above 2 kHz", 12.0, -24.0, 24.0, 3.0, "dB"),
        0.0,
        lambda notes, a: equalize(notes, frequency=SHELF, decibels=a, kind="high_shelf"),
        lambda notes, a: _equalized(notes, SHELF, a, "high_shelf"),
    ),
    "bell": Change(
        "equalizer: a bell at 1 kHz",
        "equalizer",
        _number("Gain at 1 kHz", 12.0, -24.0, 24.0, 3.0, "dB"),
        0.0,
        lambda notes, a: equalize(notes, frequency=BELL, decibels=a),
        lambda notes, a: _equalized(notes, BELL, a, "peak"),
    ),
    "tilt": Change(
        "tilt: brighter or darker",
        "equalizer",
        _number("Tilt", 0.25, -0.5, 0.5, 0.05, "dB per band"),
        0.0,
        _tilt,
        lambda notes, a: mel_tilt(notes, decibels_per_band=a),
    ),
    "noise": Change(
        "noise",
        "noise",
        _number("Noise, relative to the note", -12.0, SILENT, 12.0, 4.0, "dB"),
        SILENT,
        _with_noise,
        lambda notes, a: mel_noise_floor(notes, level=min(0.0, a + NOISE_OFFSET)),
    ),
    "gain": Change(
        "gain",
        "gain",
        _number("Louder by", -12.0, -36.0, 6.0, 3.0, "dB"),
        0.0,
        lambda notes, a: change_gain(notes, decibels=a),
        lambda notes, a: mel_gain(notes, decibels=a),
    ),
    "time_shift": Change(
        "time shift",
        "time_shift",
        _number("Later by", 0.3, -1.0, 1.0, 0.1, "s"),
        0.0,
        lambda notes, a: time_shift(notes, seconds=a),
        lambda notes, a: mel_time_shift(notes, frames=a * FRAMES_PER_SECOND),
    ),
    "attack_gap": Change(
        "gap over the attack",
        "masking",
        _number("Silence of", 0.5, 0.0, 2.0, 0.1, "s"),
        0.0,
        lambda notes, a: mask_time(notes, seconds=a, position=0.0),
        lambda notes, a: mel_mask_frames(notes, frames=a * FRAMES_PER_SECOND, position=0.0),
    ),
    "middle_gap": Change(
        "gap in the middle",
        "masking",
        _number("Silence of", 0.5, 0.0, 2.0, 0.1, "s"),
        0.0,
        lambda notes, a: mask_time(notes, seconds=a, position=MIDDLE),
        lambda notes, a: mel_mask_frames(notes, frames=a * FRAMES_PER_SECOND, position=MIDDLE),
    ),
    "bands": Change(
        "frequencies cut out",
        "masking",
        _number("Mel bands cut out", 8.0, 0.0, 32.0, 2.0, "bands"),
        0.0,
        _cut_bands,
        lambda notes, a: mel_mask_bands(notes, bands=a, position=LOW_BANDS),
    ),
}
"""By name, in the order of the list."""
