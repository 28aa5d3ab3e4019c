"""Parametric organs, strings, synth leads and voices.

Each engine draws the parameters of one instrument and returns a voice; see
:mod:`utils.notes.synthesis`.
"""

import numpy as np

from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE
from utils.notes.synthesis import (
    HELD,
    SAMPLE_TIMES,
    TIMES,
    Engine,
    Voice,
    ensemble,
    envelope,
    glottal_tilt,
    harmonics,
    low_pass,
    noise,
    partials,
    peaks,
    pitch_curve,
    samples_of,
    saw,
    square,
)
from utils.notes.synthesis_strings import (
    plucked_string,
)

__all__ = ["SUSTAINED"]

_K = np.arange(1, 241)


_DRAWBARS = np.array([0.5, 1.5, 1, 2, 3, 4, 5, 6, 8])


def _tonewheel(draw: np.random.Generator) -> Voice:
    bars = draw.integers(0, 9, 9) * (draw.random(9) < 0.7)
    bars[2] = max(bars[2], 6)
    levels = np.where(bars > 0, 10 ** ((bars - 8) * 3 / 20), 0.0)
    click, percussion = draw.uniform(0, 0.15), draw.uniform(0, 0.8) * (draw.random() < 0.4)
    rate, depth = draw.choice([0.0, 0.8, 6.7]), draw.uniform(4, 14)
    swing = draw.uniform(0.05, 0.25)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=0.006, decay=1, sustain=1, release=0.012)
        f0 = pitch_curve(
            frequency, rng=rng, rate=rate, depth=depth if rate else 0, onset=0.01, drift=0.5
        )
        wave = partials(f0, _DRAWBARS, levels[:, None] * level, rng=rng)
        ping = np.exp(-TIMES / 0.2)
        wave += percussion * partials(f0, np.array([3.0]), ping[None, :], rng=rng)
        if rate:
            wave *= 1 + swing * np.sin(2 * np.pi * rate * SAMPLE_TIMES + rng.uniform(0, 6))
        return wave + click * np.abs(wave).max() * noise(rng, low=800, high=5000) * np.exp(
            -SAMPLE_TIMES / 0.004
        )

    return voice


def _pipe_organ(draw: np.random.Generator) -> Voice:
    ranks = np.concatenate(
        [[1.0], draw.choice([0.5, 2, 2, 3, 4, 4, 6, 8], int(draw.integers(1, 5)))]
    )
    slopes, gains = draw.uniform(6, 20, len(ranks)), draw.uniform(0.2, 0.8, len(ranks))
    gains[0], reedy = 1.0, draw.uniform(0, 0.5) * (draw.random() < 0.3)
    attack, chiff = draw.uniform(0.02, 0.09), draw.uniform(0, 0.06)
    release, wind = draw.uniform(0.05, 0.35), 10 ** draw.uniform(-3, -2)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=1, sustain=1, release=release)
        wave = np.zeros(N_SAMPLES)
        for rank, slope, gain in zip(ranks, slopes, gains, strict=True):
            f0 = pitch_curve(
                frequency * rank * 2 ** (rng.normal(0, 1.5) / 1200), rng=rng, drift=0.7
            )
            levels = gain * (10 ** (-slope * np.log2(_K) / 20) + reedy / _K)
            wave += harmonics(f0, levels[:, None] * level, rng=rng)
        puff = chiff * np.exp(-SAMPLE_TIMES / 0.03) + wind * samples_of(level)
        return wave + np.abs(wave).max() * puff * noise(rng, low=500, high=5000)

    return voice


def _bowed(draw: np.random.Generator) -> Voice:
    body = draw.uniform([220, 420, 800, 1800, 2600], [320, 560, 1200, 2400, 3600])
    body, gains = body * draw.choice([0.5, 0.75, 1.0]), draw.uniform(0.5, 2.5, 5)
    attack, depth, rate = draw.uniform(0.05, 0.25), draw.uniform(5, 30), draw.uniform(4.8, 6.5)
    players = int(draw.choice([1, 1, 6]))
    rosin, slope, release = (
        10 ** draw.uniform(-2.6, -1.7),
        draw.uniform(1.5, 5),
        draw.uniform(0.06, 0.3),
    )

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack * (1.5 - velocity), decay=0.5, sustain=0.9, release=release)
        f = _K * frequency
        levels = saw(240) * (0.15 + peaks(f, body, 0.15 * body, gains))
        levels = levels * glottal_tilt(np.maximum(f, 1500) / 15, slope=slope * (1.5 - velocity))
        cents = rng.normal(0, 9, players) if players > 1 else np.zeros(1)
        wave = ensemble(frequency, levels[:, None] * level, cents, rng,
                       depth=depth, rate=rate, onset=0.7, drift=5, scoop=8)  # fmt: skip
        scrape = noise(rng, low=1500, high=6500) * (
            samples_of(level) + np.exp(-SAMPLE_TIMES / 0.05)
        )
        return wave + rosin * np.abs(wave).max() * scrape

    return voice


def _string_machine(draw: np.random.Generator) -> Voice:
    shape = saw(240) if draw.random() < 0.6 else square(240, width=draw.uniform(0.1, 0.4))
    attack, release = draw.uniform(0.06, 0.6), draw.uniform(0.1, 0.5)
    cutoff, high_pass = 900 * 2 ** draw.uniform(0, 2.4), 60 * 2 ** draw.uniform(0, 3.3)
    rate, depth, octave = draw.uniform(0.4, 6), draw.uniform(2, 14), draw.uniform(0, 1.2)
    cents = draw.uniform(-1, 1, int(draw.integers(2, 6))) * draw.uniform(5, 16)
    swell = draw.uniform(-0.6, 0.6)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack, decay=1, sustain=0.95, release=release)
        level = level * (1 + swell * TIMES / HELD)
        f = _K * frequency
        levels = shape + octave * np.where(_K % 2 == 0, 2 / _K, 0)
        levels = levels * low_pass(f, cutoff * (0.7 + 0.5 * velocity), order=1)[:, 0]
        levels = levels / (1 + (high_pass / f) ** 2)
        return ensemble(
            frequency, levels[:, None] * level, cents, rng,
            depth=depth, rate=rate, onset=0.01, drift=4,
        )  # fmt: skip

    return voice


def _pizzicato(draw: np.random.Generator) -> Voice:
    body, gains = draw.uniform([200, 400, 900], [320, 600, 1500]), draw.uniform(1, 3, 3)
    seconds, position = draw.uniform(0.35, 1.2), draw.uniform(0.1, 0.4)
    brightness = draw.uniform(0.05, 0.45)
    players = int(draw.choice([1, 4]))

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for _ in range(players):
            wave += plucked_string(
                frequency * 2 ** (rng.normal(0, 6) / 1200), rng=rng, position=position,
                brightness=brightness + 0.3 * velocity, sustain=seconds * (300 / frequency) ** 0.3,
            )  # fmt: skip
        spectrum = np.fft.rfft(wave)
        f = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE)
        return np.fft.irfft(spectrum * (0.4 + peaks(f, body, 0.3 * body, gains)), N_SAMPLES)

    return voice


def _lead(draw: np.random.Generator) -> Voice:
    shape = str(draw.choice(["saw", "square", "pulse", "sync", "super"]))
    levels = {"saw": saw(240), "super": saw(240), "square": square(240)}.get(
        shape, square(240, width=draw.uniform(0.08, 0.35))
    )
    spread = {"super": draw.uniform(8, 22), "saw": draw.uniform(0, 8)}.get(shape, 0.0)
    cents = np.linspace(-spread, spread, {"super": 7, "saw": 2}.get(shape, 1))
    cutoff, resonance = draw.uniform(3, 16), draw.uniform(0, 3)
    sweep, seconds = draw.uniform(0, 12), draw.uniform(0.1, 0.8)
    depth, rate, glide = draw.uniform(0, 35), draw.uniform(4.5, 7), draw.uniform(0, 150)
    edge = draw.uniform(2, 7)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=0.005, decay=0.6, sustain=0.8, release=0.05)
        f = _K * frequency
        opened = (cutoff + sweep * velocity * np.exp(-TIMES / seconds)) * (150 + 0.6 * frequency)
        gains = levels[:, None] * low_pass(f, opened, resonance=resonance, order=2)
        if shape == "sync":
            ridge = edge * (1 + np.exp(-TIMES / seconds)) * frequency
            gains = gains * (0.3 + 3 * np.exp(-(((f[:, None] - ridge) / (1.2 * frequency)) ** 2)))
        return ensemble(frequency, gains * level, cents, rng, depth=depth, rate=rate, onset=0.5,
                       drift=1, scoop=glide, scoop_time=0.03)  # fmt: skip

    return voice


_VOWELS = {
    "a": ([750, 1150, 2600, 3300], [1, 0.6, 0.2, 0.15]),
    "o": ([430, 800, 2500, 3300], [1, 0.4, 0.08, 0.06]),
    "u": ([330, 700, 2400, 3200], [1, 0.25, 0.04, 0.03]),
    "e": ([420, 1950, 2600, 3400], [1, 0.4, 0.25, 0.12]),
    "i": ([290, 2250, 3000, 3600], [1, 0.3, 0.25, 0.15]),
}


def _singer(draw: np.random.Generator) -> Voice:
    centers, strengths = _VOWELS[str(draw.choice(list(_VOWELS)))]
    center = np.array(centers) * draw.uniform(0.9, 1.25) * draw.normal(1, 0.03, 4)
    widths, gains = np.array([80, 100, 140, 180]) * draw.uniform(0.8, 1.6), np.array(strengths)
    slope, attack = draw.uniform(5, 10), draw.uniform(0.05, 0.25)
    depth, rate = draw.uniform(10, 60), draw.uniform(4.8, 6.5)
    players, breath = int(draw.choice([1, 1, 5, 8])), 10 ** draw.uniform(-2.5, -1.4)
    machine = draw.random() < 0.2  # a vocoder: no vibrato, no jitter

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        level = envelope(attack=attack * (1.4 - velocity), decay=1, sustain=0.9, release=0.12)
        f = _K * frequency
        levels = glottal_tilt(f, slope=slope * (1.25 - 0.4 * velocity))
        levels = levels * (0.01 + peaks(f, center, widths, gains))
        cents = rng.normal(0, 12, players) if players > 1 else np.zeros(1)
        wave = ensemble(frequency, levels[:, None] * level, cents, rng, rate=rate, onset=0.6,
                       depth=0 if machine else depth, drift=1 if machine else 9,
                       scoop=0 if machine else 40, scoop_time=0.08)  # fmt: skip
        spectrum = np.fft.rfft(noise(rng, low=200, high=6000))
        bins = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE)
        air = np.fft.irfft(spectrum * (0.05 + peaks(bins, center, 2 * widths, gains)), N_SAMPLES)
        return wave + breath * np.abs(wave).max() * air / air.std() * samples_of(level)

    return voice


SUSTAINED: dict[str, tuple[tuple[str, Engine], ...]] = {
    "organ": (("tonewheel organ", _tonewheel), ("pipe organ", _pipe_organ)),
    "string": (
        ("bowed string", _bowed),
        ("string machine", _string_machine),
        ("pizzicato", _pizzicato),
    ),
    "synth_lead": (("synth lead", _lead),),
    "vocal": (("singer", _singer),),
}
"""Family → its engines, by name."""
