"""The words of NSynth's records, in NSynth's order.

References
----------
Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet
Autoencoders", ICML 2017.
"""

__all__ = ["FAMILIES", "N_FAMILIES", "QUALITIES", "SOURCES", "VELOCITIES"]

FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
"""Instrument families; the position is the class label."""

N_FAMILIES = len(FAMILIES)

SOURCES = ("acoustic", "electronic", "synthetic")
"""How the sound was made; the position is ``instrument_source``."""

QUALITIES = (
    "bright",
    "dark",
    "distortion",
    "fast_decay",
    "long_release",
    "multiphonic",
    "nonlinear_env",
    "percussive",
    "reverb",
    "tempo-synced",
)
"""Sound qualities; the positions are those of the ``qualities`` flags."""

VELOCITIES = (25, 50, 75, 100, 127)
