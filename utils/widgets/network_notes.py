"""For widgets that look into networks: the trained one, an untrained twin, the notes to hear."""

import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.notes.embedded import Sound, load_notes, sounds
from utils.notes.front_end import FRONT_END
from utils.zoo.checkpoints import load_checkpoint

__all__ = ["HeardNotes", "front_end_options", "heard_notes", "trained_network", "untrained_copy"]

CHECKPOINT = "lecture_cnn"


@dataclass(frozen=True)
class HeardNotes:
    """The embedded notes that can be heard.

    Attributes
    ----------
    sounds : tuple of Sound
        Ordered by name.
    mels : array of uint8, shape (n, 64, 64)
        As stored: level / 255, bands from low to high.
    """

    sounds: tuple[Sound, ...]
    mels: NDArray[np.uint8]

    def inputs(self) -> torch.Tensor:
        """Return what a network sees of them: shape (n, 1, 64, 64), float32 in [0, 1]."""
        return torch.from_numpy(self.mels).float()[:, None] / 255


@lru_cache(maxsize=1)
def heard_notes() -> HeardNotes:
    """Return the notes of :func:`utils.notes.embedded.sounds` with their spectrograms."""
    store = load_notes().notes()
    rows = {str(name): row for row, name in enumerate(store.note_strs)}
    heard = tuple(sounds())
    return HeardNotes(heard, store.mels_uint8([rows[sound.note_str] for sound in heard]))


def front_end_options() -> dict[str, Any]:
    """Return the front end as ``kit/math/noteSound.js`` takes it."""
    return {
        "rate": FRONT_END.sample_rate,
        "samples": FRONT_END.n_samples,
        "size": FRONT_END.n_fft,
        "hop": FRONT_END.hop_length,
        "low": FRONT_END.f_min,
        "high": FRONT_END.f_max,
        "bands": FRONT_END.n_mels,
        "frames": FRONT_END.n_frames,
        "range": FRONT_END.dynamic_range,
    }


@lru_cache(maxsize=1)
def trained_network() -> nn.Module:
    """Return the network that ships with the course, in eval mode; it is only to be read."""
    return load_checkpoint(CHECKPOINT)[0].eval()


def untrained_copy(model: nn.Module, *, seed: int = 0) -> nn.Module:
    """Return the same network before any training, in eval mode.

    Parameters
    ----------
    model : torch.nn.Module
        Is left as it is.
    seed : int
        Of the first weights; PyTorch's own random numbers go on as if nothing had happened.
    """
    twin = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in twin.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
    return twin.eval()
