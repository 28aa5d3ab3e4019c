"""The parameters of front end v1, and the id that models and stores carry.

This module needs no torch, so that the grader can compare ids cheaply; the
computation itself is in :mod:`utils.notes.mel`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

__all__ = ["FRONT_END", "FRONT_END_ID", "N_SAMPLES", "SAMPLE_RATE", "FrontEnd"]


@dataclass(frozen=True)
class FrontEnd:
    """How a waveform becomes a log-mel spectrogram.

    A change of any value, or of what the code computes from them, needs a new
    ``version``: models are only comparable on the same front end.

    Attributes
    ----------
    version : int
        Counts the front ends of the course.
    sample_rate : int
        In Hz.
    n_samples : int
        Length of a note; longer sounds are cut, shorter ones zero-padded, at the end.
    n_fft, win_length, hop_length : int
        Periodic Hann window, centered frames, reflect padding; in samples.
    n_mels : int
        Triangles on the HTK mel scale, without area normalization.
    f_min, f_max : float
        Lowest and highest frequency of the filter bank, in Hz.
    n_frames : int
        The first frames that are kept.
    floor : float
        Power below which everything counts as silence.
    dynamic_range : float
        In dB below the note's maximum; maps to [0, 1].
    """

    version: int = 1
    sample_rate: int = 16_000
    n_samples: int = 64_000
    n_fft: int = 2048
    win_length: int = 2048
    hop_length: int = 1000
    n_mels: int = 64
    f_min: float = 20.0
    f_max: float = 8000.0
    n_frames: int = 64
    floor: float = 1e-10
    dynamic_range: float = 80.0

    @property
    def id(self) -> str:
        """SHA-256 of the parameters, as hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


FRONT_END = FrontEnd()
FRONT_END_ID = FRONT_END.id
SAMPLE_RATE = FRONT_END.sample_rate
N_SAMPLES = FRONT_END.n_samples
