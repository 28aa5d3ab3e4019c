"""Notes for widgets that look at spectrograms: the log-mel as bytes, and the sound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.notes.embedded import load_sound, sounds
from utils.notes.mel import log_mel_spectrogram, quantize

__all__ = ["NoteMels", "note_mels"]


@dataclass(frozen=True)
class NoteMels:
    """Some embedded notes.

    Attributes
    ----------
    names : tuple of str
    labels : tuple of str
        Instrument and pitch, to read.
    mels : array of uint8, shape (n, 64, 64)
        Level / 255; the first row is the highest band, as one looks at it.
    pcm : array of int16, shape (n, 64000)
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    mels: NDArray[np.uint8]
    pcm: NDArray[np.int16]


def note_mels(names: Sequence[str]) -> NoteMels:
    """Return notes that can be heard, with their log-mel spectrograms.

    Parameters
    ----------
    names : sequence of str
        1 to 4 of :func:`utils.notes.embedded.sounds`.

    Returns
    -------
    NoteMels

    Raises
    ------
    ParameterError
        If there are none or more than 4, or one can't be heard.
    """
    if not 1 <= len(names) <= 4:
        raise ParameterError(f"expected 1 to 4 notes, got {len(names)}")
    known = {sound.note_str: sound for sound in sounds()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ParameterError(f"expected notes that can be heard, got {unknown[0]!r}")
    waves = np.stack([load_sound(name) for name in names]).astype(np.float32)
    mels = quantize(log_mel_spectrogram(torch.from_numpy(waves)))[:, 0].flip(1)
    labels = tuple(f"{known[name].preset}, pitch {known[name].pitch}" for name in names)
    pcm = np.round(waves * 32767).clip(-32768, 32767).astype(np.int16)
    return NoteMels(tuple(names), labels, mels.numpy(), pcm)
