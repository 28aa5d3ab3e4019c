"""Parametric keyboards and mallets.

Each engine draws the parameters of one instrument and returns a voice; see
:mod:`utils.notes.synthesis`.
"""

import numpy as np

from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE
from utils.notes.synthesis import (
    HELD,
    SAMPLE_TIMES,
    Engine,
    Voice,
    low_pass,
    modes,
)
from utils.notes.synthesis_strings import (
    damped,
    frequency_modulation,
    string_modes,
    thump,
)

__all__ = ["STRUCK"]


def _piano(draw: np.random.Generator) -> Voice:
    position, stiffness = draw.uniform(0.09, 0.14), 10 ** draw.uniform(-4.0, -3.2)
    detune, hardness = draw.uniform(0.3, 2.0), draw.uniform(700, 2200)
    if draw.random() < 0.25:
        detune = draw.uniform(6, 14)  # an upright in a saloon
    seconds, knock, release = (
        draw.uniform(1.2, 3),
        draw.uniform(0.02, 0.12),
        draw.uniform(0.05, 0.2),
    )

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for cents, share, speed in ((-detune, 1.0, 1.0), (0.0, 1.0, 0.35), (detune, 0.6, 2.2)):
            frequencies, levels, times = string_modes(
                frequency * 2 ** (cents / 1200), position=position, slope=0.7,
                stiffness=stiffness * (frequency / 260) ** 0.8, damping=1800,
                seconds=seconds * speed * (260 / frequency) ** 0.6,
            )  # fmt: skip
            hammer = np.exp(-frequencies / (hardness * (0.35 + velocity) + frequency))
            wave += share * modes(frequencies, levels * hammer, times)
        thud = thump(rng, low=60, high=500 + 900 * velocity, seconds=0.03)
        return damped(wave + knock * np.abs(wave).max() * thud, release)

    return voice


def _electric_piano(draw: np.random.Generator) -> Voice:
    tine, index = draw.choice([7.0, 11.0, 14.0, 15.0]), draw.uniform(0.3, 1.6)
    body, growl = draw.choice([1.0, 2.0]), draw.uniform(0.3, 1.8)
    seconds, tremolo = draw.uniform(0.8, 2.5), draw.uniform(0, 0.35)
    rate, release, mix = draw.uniform(3, 6.5), draw.uniform(0.05, 0.2), draw.uniform(0.1, 0.5)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = frequency_modulation(
            frequency, ratio=body, index=growl * velocity, seconds=seconds * 0.7, floor=0.2
        )
        bell = frequency_modulation(
            frequency, ratio=tine, index=index * (0.2 + velocity), seconds=0.25
        )
        wave = (1 - mix) * wave + mix * bell
        wave *= np.exp(-SAMPLE_TIMES / (seconds * (260 / frequency) ** 0.4))
        wave *= 1 + tremolo * np.sin(2 * np.pi * rate * SAMPLE_TIMES + rng.uniform(0, 2 * np.pi))
        return damped(wave * (1 - np.exp(-SAMPLE_TIMES / 0.002)), release)

    return voice


def _harpsichord(draw: np.random.Generator) -> Voice:
    position, slope = draw.uniform(0.06, 0.2), draw.uniform(0.3, 0.7)
    seconds, octave = draw.uniform(0.5, 1.4), draw.uniform(0, 0.7)
    clavinet = draw.random() < 0.35
    tone = draw.uniform(2500, 4500) if clavinet else 7000.0

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        wave = np.zeros(N_SAMPLES)
        for ratio, share in ((1.0, 1.0), (2.003, 0.0 if clavinet else octave)):
            frequencies, levels, times = string_modes(
                frequency * ratio, position=position, stiffness=4e-5, damping=2500, slope=slope,
                seconds=seconds * (260 / frequency) ** 0.5,
            )  # fmt: skip
            color = low_pass(frequencies, tone * (0.5 + velocity / 2), order=2)[:, 0]
            wave += share * modes(frequencies, levels * color, times)
        pluck = thump(rng, low=1500, high=6000, seconds=0.003) * 0.08
        jack = np.roll(thump(rng, low=300, high=3000, seconds=0.015), int(HELD * SAMPLE_RATE))
        jack[: int(HELD * SAMPLE_RATE)] = 0
        return damped(wave + pluck * np.abs(wave).max(), 0.04) + 0.02 * jack * np.abs(wave).max()

    return voice


_BARS = {
    "marimba": ([1, 3.95, 9.2, 16.5], (0.12, 0.5)),
    "xylophone": ([1, 3.0, 6.1, 10.2], (0.06, 0.25)),
    "vibraphone": ([1, 4.0, 9.9, 18.0], (0.8, 2.5)),
    "glockenspiel": ([1, 2.756, 5.404, 8.933], (0.5, 1.8)),
    "bell": ([0.5, 1, 1.19, 1.5, 2.0, 2.51, 3.01, 4.1], (0.8, 2.5)),
    "steel drum": ([1, 2.0, 3.01, 4.05, 5.3], (0.2, 0.6)),
    "kalimba": ([1, 5.4, 13.3], (0.25, 0.8)),
    "music box": ([1, 2.01, 6.27, 9.5], (0.5, 1.4)),
}


def _bars(draw: np.random.Generator) -> Voice:
    ratios, (short, long) = _BARS[str(draw.choice(list(_BARS)))]
    ratio = np.array(ratios) * np.concatenate([[1], draw.normal(1, 0.015, len(ratios) - 1)])
    level = draw.uniform(0.15, 1.0, len(ratio)) / ratio**0.7
    level[int(np.argmin(np.abs(ratio - 1)))] = 1.0
    seconds, faster = draw.uniform(short, long), draw.uniform(0.4, 1.0)
    stick, contact = draw.uniform(0.02, 0.2), draw.uniform(800, 5000)
    motor = draw.uniform(0.2, 0.6) if draw.random() < 0.25 else 0.0

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        frequencies = frequency * ratio
        color = np.exp(-frequencies / (contact * (0.4 + velocity) + 2 * frequency))
        times = seconds * (500 / frequency) ** 0.4 / ratio**faster
        wave = modes(frequencies, level * color, times)
        wave *= 1 + motor * np.sin(2 * np.pi * 5 * SAMPLE_TIMES + rng.uniform(0, 2 * np.pi))
        hit = thump(rng, low=200, high=contact * (0.6 + velocity), seconds=0.006)
        return wave + stick * velocity * np.abs(wave).max() * hit

    return voice


def _fm_bell(draw: np.random.Generator) -> Voice:
    ratio, index = draw.choice([2.76, 3.5, 4.0, 5.0, 7.0]), draw.uniform(0.5, 2.5)
    seconds, bite = draw.uniform(0.3, 1.6), draw.uniform(0.1, 0.6)

    def voice(frequency: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
        depth = index * (0.25 + velocity)
        wave = frequency_modulation(frequency, ratio=ratio, index=depth, seconds=bite * seconds)
        return wave * np.exp(-SAMPLE_TIMES / (seconds * (500 / frequency) ** 0.3))

    return voice


STRUCK: dict[str, tuple[tuple[str, Engine], ...]] = {
    "keyboard": (
        ("piano", _piano),
        ("electric piano", _electric_piano),
        ("harpsichord", _harpsichord),
    ),
    "mallet": (("bars", _bars), ("FM bell", _fm_bell)),
}
"""Family → its engines, by name."""
