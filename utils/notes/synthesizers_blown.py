"""Parametric brass, flutes and reeds.

Each engine draws the parameters of one instrument and returns a voice; see
:mod:`utils.notes.synthesis`.
"""

import numpy as np

from utils.notes.synthesis import (
    HELD,
    SAMPLE_TIMES,
    TIMES,
    Engine,
    Voice,
    ensemble,
    envelope,
    low_pass,
    noise,
    peaks,
    samples_of,
    saw,
    square,
)

__all__ = ["BLOWN"]

_K = np.arange(1, 241)


def _brass(draw: np.random.Generator) -> Voice:
    attack, swell = draw.uniform(0.02, 0.09), draw.uniform(0.3, 1.2)
    sustain, release = draw.uniform(0.7, 1), draw.uniform(0.03, 0.12)
    width, formant = draw.uniform(350, 1400), draw.uniform(500, 1500)
    scoop, depth = draw.uniform(0, 60), draw.uniform(0, 14)
    mute = draw.random() < 0.2
    rate, players = draw.uniform(4.5, 6), int(draw.choice([1, 1, 1, 3]))
    breath = draw.uniform(0.0, 0.01)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=0.3, sustain=sustain, release=release)
        # The louder, the brighter: what makes brass sound like brass (Risset, 1969).
        open_up = (0.35 + velocity) * (level + 0.15 * swell * TIMES / HELD) + 0.05
        f = _K * frequency
        bright = np.exp(-f[:, None] / (width * open_up[None, :] + 0.5 * frequency))
        centers, floor = ([1600, 2800], 0.05) if mute else ([formant, 2.3 * formant], 0.4)
        color = floor + peaks(f, np.array(centers), np.array([500, 650]), np.array([1, 0.5]))
        cents = rng.normal(0, 6, players) if players > 1 else np.zeros(1)
        wave = ensemble(
            frequency, bright * color[:, None] * level, cents, rng,
            rate=rate, depth=depth, onset=0.8, scoop=scoop, scoop_time=attack * 0.6,
        )  # fmt: skip
        return wave + breath * np.abs(wave).max() * noise(rng, low=400, high=4000) * samples_of(
            level
        )

    return voice


def _synth_brass(draw: np.random.Generator) -> Voice:
    shape = saw(240) if draw.random() < 0.6 else square(240, width=draw.uniform(0.2, 0.45))
    cents = np.linspace(-1, 1, int(draw.integers(1, 4))) * draw.uniform(1, 16)
    attack, sustain, release = (
        draw.uniform(0.01, 0.15),
        draw.uniform(0.5, 1),
        draw.uniform(0.05, 0.3),
    )
    rise, floor, opened = draw.uniform(0.03, 0.3), draw.uniform(1, 4), draw.uniform(3, 14)
    resonance, depth, back = draw.uniform(0, 1.5), draw.uniform(0, 12), draw.uniform(0.2, 1.5)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=0.5, sustain=sustain, release=release)
        sweep = (1 - np.exp(-TIMES / rise)) * (0.5 + 0.5 * np.exp(-TIMES / back))
        cutoff = (floor + opened * velocity * sweep) * (120 + 0.5 * frequency)
        levels = shape[:, None] * low_pass(_K * frequency, cutoff, resonance=resonance, order=2)
        return ensemble(frequency, levels * level, cents, rng, drift=2, depth=depth, onset=0.8)

    return voice


def _flute(draw: np.random.Generator) -> Voice:
    slope, second = draw.uniform(9, 20), draw.uniform(0.05, 0.5)
    attack, breath = draw.uniform(0.04, 0.16), 10 ** draw.uniform(-2.2, -0.9)
    depth, beat, rate = draw.uniform(0, 15), draw.uniform(0, 0.25), draw.uniform(4, 6)
    chiff, third = draw.uniform(0, 0.5), draw.uniform(0.02, 0.3)
    release, sustain = draw.uniform(0.04, 0.15), draw.uniform(0.55, 1)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=0.4, sustain=sustain, release=release)
        levels = 10 ** (-slope * (1.3 - 0.5 * velocity) * np.log2(_K) / 20)
        levels[1:3] = np.array([second, third]) * (0.5 + 0.7 * velocity)
        tone = ensemble(frequency, levels[:, None] * level, np.zeros(1), rng,
                       depth=depth, rate=rate, onset=0.6, scoop=15, scoop_time=0.03)  # fmt: skip
        tone *= 1 + beat * np.sin(2 * np.pi * rate * SAMPLE_TIMES + rng.uniform(0, 6)) * np.clip(
            SAMPLE_TIMES, 0, 1
        )
        air = noise(rng, low=max(300, 0.7 * frequency), high=min(7000, 4 * frequency + 1500))
        puff = samples_of(level) + chiff * 6 * np.exp(-SAMPLE_TIMES / 0.04) * np.clip(
            SAMPLE_TIMES / 0.01, 0, 1
        )
        return tone + breath * (1.3 - velocity / 2) * np.abs(tone).max() * air * puff

    return voice


def _blown_pipe(draw: np.random.Generator) -> Voice:
    breath, attack = 10 ** draw.uniform(-2.2, -0.9), draw.uniform(0.015, 0.12)
    odd, even = draw.uniform(0.05, 0.6), draw.uniform(0.01, 0.35)
    chiff, puff_time = draw.uniform(0.2, 3), draw.uniform(0.02, 0.12)
    width, depth = draw.uniform(0.1, 0.6), draw.uniform(0, 25)
    sustain, release, flutter = draw.uniform(0.35, 1), draw.uniform(0.04, 0.3), draw.uniform(0, 0.3)
    scoop, rate = draw.uniform(0, 80), draw.uniform(3.5, 6.5)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=0.25, sustain=sustain, release=release)
        levels = np.where(_K % 2 == 1, odd ** ((_K - 1) / 2), even ** (_K / 2))
        tone = ensemble(
            frequency, levels[:, None] * level, np.zeros(1), rng,
            rate=rate, depth=depth, onset=1, scoop=scoop, scoop_time=0.05,
        )  # fmt: skip
        tone *= 1 + flutter * np.sin(2 * np.pi * rate * SAMPLE_TIMES + rng.uniform(0, 6))
        center = min(frequency, 5000)
        air = noise(rng, low=center * (1 - width), high=min(center * (2 + 3 * width), 7500))
        burst = np.exp(-SAMPLE_TIMES / puff_time) * np.clip(SAMPLE_TIMES / 0.01, 0, 1)
        return tone + breath * np.abs(tone).max() * air * (samples_of(level) + chiff * burst)

    return voice


_FORMANTS = {
    "clarinet": ([1500, 3700], [0.6, 0.3]),
    "saxophone": ([750, 1700], [2.5, 1.0]),
    "oboe": ([1150, 2900], [4.0, 1.5]),
    "bassoon": ([480, 1150], [4.0, 1.0]),
}


def _reed(kinds: tuple[str, str]) -> Engine:
    """Return an engine for two kinds of reed instruments."""

    def engine(draw: np.random.Generator) -> Voice:
        kind = str(draw.choice(kinds))
        centers, strengths = _FORMANTS[kind]
        center = np.array(centers) * draw.uniform(0.85, 1.15) * draw.normal(1, 0.05, 2)
        gains = np.array(strengths) * draw.uniform(0.7, 1.4, 2)
        # A cylinder that is closed at the reed has odd harmonics only, up to the tone holes.
        even, holes = draw.uniform(0.01, 0.08), draw.uniform(1500, 3000)
        even = even if kind == "clarinet" else 1.0
        slope, tail = draw.uniform(1.5, 5), draw.uniform(9, 15)
        attack, depth = draw.uniform(0.015, 0.05), draw.uniform(0, 14) * (kind != "clarinet")
        sustain, release = draw.uniform(0.75, 1), draw.uniform(0.02, 0.08)
        breath, growl = 10 ** draw.uniform(-3.2, -2), draw.uniform(0, 0.08) * (kind == "saxophone")

        def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
            level = envelope(attack=attack, decay=0.2, sustain=sustain, release=release)
            f = _K * frequency
            odd_even = np.where(_K % 2 == 1, 1.0, even + (1 - even) * np.clip(f / holes - 1, 0, 1))
            decibels = slope * np.log2(_K) + tail * np.log2(np.maximum(f / holes, 1))
            levels = odd_even * 10 ** (-decibels / 20)
            levels = levels * (0.25 + peaks(f, center, 0.2 * center, gains))
            bright = low_pass(f, (1000 + 5000 * velocity) * (0.4 + level) + frequency, order=1)
            wave = ensemble(
                frequency, levels[:, None] * bright * level, np.zeros(1), rng,
                depth=depth, rate=5, onset=0.9, scoop=15, scoop_time=0.02,
            )  # fmt: skip
            wave *= 1 + growl * noise(rng, low=20, high=90)
            air = noise(rng, low=1000, high=6000) * samples_of(level)
            return wave + breath * np.abs(wave).max() * air

        return voice

    return engine


BLOWN: dict[str, tuple[tuple[str, Engine], ...]] = {
    "brass": (("brass", _brass), ("synth brass", _synth_brass)),
    "flute": (("flute", _flute), ("blown pipe", _blown_pipe)),
    "reed": (
        ("single reed", _reed(("clarinet", "saxophone"))),
        ("double reed", _reed(("oboe", "bassoon"))),
    ),
}
"""Family → its engines, by name."""
