"""Parametric basses and guitars.

Each engine draws the parameters of one instrument and returns a voice; see
:mod:`utils.notes.synthesis`.
"""

import numpy as np
from scipy.signal import resample_poly

from utils.notes.front_end import N_SAMPLES
from utils.notes.synthesis import (
    SAMPLE_TIMES,
    TIMES,
    Engine,
    Voice,
    envelope,
    harmonics,
    low_pass,
    modes,
    peaks,
    pitch_curve,
    samples_of,
    saw,
    square,
)
from utils.notes.synthesis_strings import (
    damped,
    frequency_modulation,
    plucked_string,
    string_modes,
    thump,
)

__all__ = ["PLUCKED"]


def _electric_bass(draw: np.random.Generator) -> Voice:
    position, pickup = draw.uniform(0.08, 0.28), draw.uniform(0.06, 0.2)
    stiffness, seconds = 10 ** draw.uniform(-4.6, -3.7), draw.uniform(0.7, 2.2)
    tone, finger = draw.uniform(500, 2500), draw.uniform(0.0, 0.08)
    damping, release = draw.uniform(500, 1500), draw.uniform(0.04, 0.15)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        frequencies, levels, times = string_modes(
            frequency, position=position, stiffness=stiffness, slope=1.1, damping=damping,
            seconds=seconds * (80 / frequency) ** 0.25,
        )  # fmt: skip
        levels = levels * np.sin(np.pi * np.arange(1, 81) * pickup)
        levels = levels * low_pass(frequencies, tone * (0.6 + velocity), order=2)[:, 0]
        wave = modes(frequencies, levels, times)
        attack = thump(rng, low=80, high=1200 + 1500 * velocity, seconds=0.012)
        wave = wave * (1 - np.exp(-SAMPLE_TIMES / 0.004))
        return damped(wave + finger * np.abs(wave).max() * attack * velocity, release)

    return voice


def _synth_bass(draw: np.random.Generator) -> Voice:
    shape = saw(240) if draw.random() < 0.5 else square(240, width=draw.uniform(0.25, 0.5))
    sub, detune = draw.uniform(0, 0.3), draw.uniform(0, 8)
    closed, opened = draw.uniform(1.2, 3), draw.uniform(4, 14)
    seconds, resonance = draw.uniform(0.08, 0.5), draw.uniform(0, 2.5)
    sustain, decay = draw.uniform(0.15, 0.6), draw.uniform(0.3, 1.0)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        k = np.arange(1, 241)
        sweep = closed + opened * velocity * np.exp(-TIMES / seconds)
        cutoff = np.clip(sweep * (60 + 0.35 * frequency), 60, 5000)
        filtered = shape[:, None] * low_pass(k * frequency, cutoff, resonance=resonance, order=3)
        level = envelope(attack=0.004, decay=decay, sustain=sustain, release=0.06)
        wave = np.zeros(N_SAMPLES)
        for cents in (-detune, detune):
            f0 = pitch_curve(frequency * 2 ** (cents / 1200), rng=rng, drift=1.0)
            wave += harmonics(f0, filtered * level, rng=rng)
        under = sub * samples_of(level) * np.sin(np.pi * frequency * SAMPLE_TIMES)
        return wave + under * np.abs(wave).max()

    return voice


def _fm_bass(draw: np.random.Generator) -> Voice:
    ratio, index = draw.choice([1.0, 1.0, 2.0, 3.0]), draw.uniform(1.5, 5)
    seconds, floor = draw.uniform(0.06, 0.4), draw.uniform(0.02, 0.25)
    sustain, decay = draw.uniform(0.05, 0.5), draw.uniform(0.3, 1.2)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        depth = index * (0.3 + velocity) * min(1.0, (300 / frequency) ** 0.5)
        wave = frequency_modulation(
            frequency, ratio=ratio, index=depth, seconds=seconds, floor=floor
        )
        level = envelope(attack=0.003, decay=decay, sustain=sustain, release=0.08)
        return wave * samples_of(level)

    return voice


def _acoustic_guitar(draw: np.random.Generator) -> Voice:
    nylon = draw.random() < 0.5
    position, slope = draw.uniform(0.1, 0.35), draw.uniform(1.3, 1.7) if nylon else 1.0
    seconds, damping = draw.uniform(0.4, 1.1), draw.uniform(900, 2500) * (1 if nylon else 2)
    body = draw.uniform([90, 180, 350, 700], [125, 240, 480, 1100])
    gains, stiffness = draw.uniform(0.5, 2.5, 4), 10 ** draw.uniform(-5, -4)
    courses = (1.0, 1.0013) if draw.random() < 0.25 else (1.0,)
    release = draw.uniform(0.05, 0.4)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for course in courses:
            frequencies, levels, times = string_modes(
                frequency * course, position=position, stiffness=stiffness, damping=damping,
                slope=slope + 0.4 * (1 - velocity), seconds=seconds * (220 / frequency) ** 0.3,
            )  # fmt: skip
            color = 0.35 + peaks(frequencies, body, body * 0.25, gains)
            wave += modes(frequencies, levels * color, times)
        knock = modes(body, gains * 0.06, np.full(4, 0.03))
        pick = thump(rng, low=1500, high=5000, seconds=0.004) * 0.05 * velocity
        return damped(wave + (knock + pick) * np.abs(wave).max(), release)

    return voice


def _electric_guitar(draw: np.random.Generator) -> Voice:
    position, pickup = draw.uniform(0.06, 0.25), draw.uniform(0.05, 0.25)
    drive = 0.0 if draw.random() < 0.4 else 10 ** draw.uniform(0.3, 1.6)
    tone, seconds = draw.uniform(2200, 5000), draw.uniform(0.7, 2.0)
    damping, muted = draw.uniform(1200, 3000), draw.random() < 0.15
    chorus = draw.uniform(0, 6)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for cents in (-chorus, chorus):
            frequencies, levels, times = string_modes(
                frequency * 2 ** (cents / 1200), position=position, stiffness=3e-5, slope=0.9,
                seconds=(0.12 if muted else seconds) * (220 / frequency) ** 0.3, damping=damping,
            )  # fmt: skip
            levels = levels * np.sin(np.pi * np.arange(1, 81) * pickup)
            levels = levels * low_pass(frequencies, tone * (0.5 + velocity / 2), order=2)[:, 0]
            wave += modes(frequencies, levels, times)
        wave = wave / np.abs(wave).max()
        wave += 0.04 * velocity * thump(rng, low=1000, high=4000, seconds=0.004)
        if drive:
            fine = np.tanh(drive * (0.4 + velocity) * resample_poly(wave, 4, 1))
            wave = resample_poly(fine, 1, 4)
        return damped(wave, 0.06)

    return voice


def _plucked(draw: np.random.Generator) -> Voice:
    brightness, position = draw.uniform(0.35, 0.95), draw.uniform(0.08, 0.4)
    sustain, release = draw.uniform(1.5, 5), draw.uniform(0.08, 0.5)
    strings = int(draw.integers(1, 3))

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for _ in range(strings):
            wave += plucked_string(
                frequency * 2 ** (rng.normal(0, 3) / 1200), rng=rng, position=position,
                brightness=brightness * (0.6 + 0.4 * velocity),
                sustain=sustain * (220 / frequency) ** 0.3,
            )  # fmt: skip
        return damped(wave, release)

    return voice


PLUCKED: dict[str, tuple[tuple[str, Engine], ...]] = {
    "bass": (
        ("electric bass", _electric_bass),
        ("synth bass", _synth_bass),
        ("FM bass", _fm_bass),
    ),
    "guitar": (
        ("acoustic guitar", _acoustic_guitar),
        ("electric guitar", _electric_guitar),
        ("Karplus-Strong string", _plucked),
    ),
}
"""Family → its engines, by name."""
