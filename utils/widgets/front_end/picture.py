"""Pictures of a note by any front end: mel or linear bands, decibels or plain power."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from utils.notes.front_end import FRONT_END, FrontEnd
from utils.notes.mel import mel_filter_bank

__all__ = ["CENTERS_FROM", "band_centers", "front_end_of", "picture_of"]

CENTERS_FROM = ("mel", "linear")
FLOOR = 1e-10


def front_end_of(state: Mapping[str, Any]) -> FrontEnd:
    """Return the parameters that a state of the widget stands for.

    Parameters
    ----------
    state : mapping
        With `window`, `hop`, `bands` (texts) and `range` in dB.
    """
    window, hop, bands = (int(state[key]) for key in ("window", "hop", "bands"))
    return FrontEnd(
        n_fft=window,
        win_length=window,
        hop_length=hop,
        n_mels=bands,
        n_frames=FRONT_END.n_samples // hop,
        dynamic_range=float(state["range"]),
    )


def band_centers(state: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the corners of the bands' triangles in Hz, two more than bands.

    Parameters
    ----------
    state : mapping
        With `bands` and `scale` ("mel" or "linear").
    """
    low, high, count = FRONT_END.f_min, FRONT_END.f_max, int(state["bands"]) + 2
    if state["scale"] == "linear":
        return np.linspace(low, high, count)
    bottom, top = (float(2595 * np.log10(1 + hz / 700)) for hz in (low, high))
    mels = np.linspace(bottom, top, count)
    return 700 * (10 ** (mels / 2595) - 1)


def picture_of(wave: NDArray[np.floating], state: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the picture of a note: levels from 0 to 1, shape (bands, frames).

    Parameters
    ----------
    wave : array of shape (64000,)
    state : mapping
        Of the widget; `level` is "db" or "power".
    """
    fe = front_end_of(state)
    window = torch.hann_window(fe.n_fft, dtype=torch.float64)
    samples = torch.from_numpy(np.asarray(wave, dtype=np.float64))
    spectrum = torch.stft(samples, fe.n_fft, fe.hop_length, window=window, return_complex=True)
    power = (_bank(state, fe) @ spectrum.abs().square()[:, : fe.n_frames]).numpy()
    top = max(float(power.max()), FLOOR)
    if state["level"] == "power":
        return power / top
    level = 10 * np.log10(np.maximum(power, FLOOR) / top)
    return np.maximum(level, -fe.dynamic_range) / fe.dynamic_range + 1


def _bank(state: Mapping[str, Any], fe: FrontEnd) -> torch.Tensor:
    if state["scale"] == "mel":
        return mel_filter_bank(front_end=fe, dtype=torch.float64)
    corners = torch.from_numpy(band_centers(state))
    bins = torch.linspace(0, fe.sample_rate / 2, fe.n_fft // 2 + 1, dtype=torch.float64)
    width = corners[1] - corners[0]
    return (1 - (bins - corners[1:-1, None]).abs() / width).clamp_min(0)
