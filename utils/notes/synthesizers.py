"""Parametric instruments of our own: each is one seeded draw of an engine's parameters.

They fill the families of which SoundFonts have few instruments that share no
recording. Every instrument is an instrument group of its own.
"""

from dataclasses import dataclass

import numpy as np

from utils.errors import ParameterError
from utils.notes.front_end import N_SAMPLES
from utils.notes.synthesis import recording
from utils.notes.synthesizers_blown import BLOWN
from utils.notes.synthesizers_plucked import PLUCKED
from utils.notes.synthesizers_struck import STRUCK
from utils.notes.synthesizers_sustained import SUSTAINED
from utils.notes.vocabulary import FAMILIES

__all__ = ["ENGINES", "SEED", "ParametricInstrument"]

SEED = 1983
"""Another seed, other instruments."""

_ALL = PLUCKED | STRUCK | BLOWN | SUSTAINED

ENGINES = {family: _ALL[family] for family in FAMILIES}
"""Family → pairs of an engine's name and function."""


@dataclass(frozen=True)
class ParametricInstrument:
    """One instrument: draw number ``number`` of a family.

    Attributes
    ----------
    family : str
        One of :data:`utils.notes.vocabulary.FAMILIES`.
    number : int
        From 0; the engines of the family take turns.
    """

    family: str
    number: int

    def __post_init__(self) -> None:
        if self.family not in FAMILIES or self.number < 0:
            msg = f"expected a family of {FAMILIES} and a number from 0, got {self}"
            raise ParameterError(msg)

    @property
    def name(self) -> str:
        """The engine's name and the draw's number."""
        engines = ENGINES[self.family]
        return f"{engines[self.number % len(engines)][0]} {self.number}"

    def render(self, pitch: int, velocity: int) -> np.ndarray:
        """Return a note: float32 of shape (64000,), peak 0.5 at full velocity, same every time.

        Parameters
        ----------
        pitch : int
            MIDI number.
        velocity : int
            1 to 127.
        """
        engines = ENGINES[self.family]
        seeds = [SEED, FAMILIES.index(self.family), self.number]
        draw = np.random.default_rng(seeds)
        voice, record = engines[self.number % len(engines)][1](draw), recording(draw)
        cents = float(np.clip(draw.normal(0, 5), -12, 12))  # nobody is quite in tune
        rng = np.random.default_rng([*seeds, pitch, velocity])
        frequency = 440.0 * 2 ** ((pitch - 69) / 12 + cents / 1200)
        wave = record(voice(frequency, velocity / 127, rng), rng)
        wave = wave - wave.mean()
        fade = np.clip((N_SAMPLES - np.arange(N_SAMPLES)) / 160, 0, 1)
        peak = float(np.abs(wave).max())
        return (wave * fade * (0.5 * (velocity / 127) ** 0.8 / max(peak, 1e-9))).astype(np.float32)
