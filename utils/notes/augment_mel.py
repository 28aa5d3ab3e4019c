r"""Change notes as pictures: log-mel spectrograms (n, 1, 64, 64) of front end v1.

Conventions: as in :mod:`utils.notes.mel`, axis -2 is frequency from low to high, axis -1 time
in frames of 62.5 ms, and a value is level / 80 dB + 1 below the loudest cell of the note. A
cell at 0 lies 80 dB or more below, nobody knows how far: it stays 0. The result is what the
front end would give for the changed note, or near it: 1 is the loudest cell again (but for
the masks). Amounts are a number for all notes or a tensor (n,). A silent note stays silent.
Levels (gain, equalizer, noise) are in :mod:`utils.notes.augment_mel_levels`.
Lecture: ``lectures/04_overfitting.ipynb``

References
----------
Park et al., "SpecAugment", Interspeech 2019.
"""

import math

import torch

from utils.errors import ParameterError
from utils.notes.augment_options import Amount, per_note, renormalize, require_pictures
from utils.notes.front_end import FRONT_END

__all__ = [
    "mel_mask_bands",
    "mel_mask_frames",
    "mel_pitch_shift",
    "mel_time_shift",
    "mel_time_stretch",
]


def mel_pitch_shift(pictures: torch.Tensor, *, semitones: Amount) -> torch.Tensor:
    r"""Return the pictures of the notes moved in pitch, roughly.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    semitones : float or torch.Tensor
        s, upward if positive, from -24 to 24.

    Returns
    -------
    torch.Tensor
        Same shape and dtype; what comes in at an edge is silence.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The shift is out of range.

    Notes
    -----
    Each band takes the value from where its frequency came from, between two bands by linear
    interpolation:

    .. math:: y(m) = x\big(\mathrm{mel}(2^{-s/12}\, \mathrm{hz}(m))\big)

    On a logarithmic axis that would be the same number of bands everywhere. On the mel axis
    an octave is 2 bands from C2 and 15 from C7, so partials also move apart, and low ones
    that share a band can't be told apart: only a rough picture of the shifted note.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    ratio = 2 ** (per_note("semitones", semitones, pictures, axes=3, low=-24, high=24) / 12)
    n_bands = pictures.shape[-2]
    low, high = _mel(torch.tensor([FRONT_END.f_min, FRONT_END.f_max], dtype=torch.float64))
    step = (high - low) / (n_bands + 1)
    mels = low + step * torch.arange(1, n_bands + 1)
    frequencies = (700 * (10 ** (mels / 2595) - 1)).to(pictures)
    bands = (_mel(frequencies / ratio) - low.to(pictures)) / step.to(pictures) - 1
    return renormalize(_take(pictures.mT, bands).mT)


def mel_time_shift(pictures: torch.Tensor, *, frames: Amount) -> torch.Tensor:
    r"""Return the pictures later or earlier; silence comes in at the edge.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    frames : float or torch.Tensor
        d, later if positive, from -64 to 64; a frame is 62.5 ms.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The shift is out of range.

    Notes
    -----
    .. math:: y(t) = x(t - d)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    delay = per_note("frames", frames, pictures, axes=3, low=-64, high=64)
    return renormalize(_take(pictures, _frames(pictures) - delay))


def mel_time_stretch(pictures: torch.Tensor, *, rate: Amount) -> torch.Tensor:
    r"""Return the pictures at another speed, by linear interpolation.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    rate : float or torch.Tensor
        r from 0.25 to 4; above 1 is faster, and silence follows the end.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The rate is out of range.

    Notes
    -----
    .. math:: y(t) = x(r t)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    speed = per_note("rate", rate, pictures, axes=3, low=0.25, high=4)
    return renormalize(_take(pictures, _frames(pictures) * speed))


def mel_mask_frames(
    pictures: torch.Tensor, *, frames: Amount, position: Amount, fill: float = 0.0
) -> torch.Tensor:
    r"""Return the pictures with a stretch of time masked (SpecAugment).

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    frames : float or torch.Tensor
        k, the width of the mask, from 0 to 64.
    position : float or torch.Tensor
        From 0, the mask is at the very start, to 1, at the very end.
    fill : float
        What the mask shows, in [0, 1]; 0 is silence.

    Returns
    -------
    torch.Tensor
        Same shape and dtype. Levels outside the mask stay, even if it covers the loudest cell.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        A number is out of range.

    Notes
    -----
    With :math:`t_0 = \text{position} \cdot (64 - k)`, frames whose middle is in
    :math:`[t_0, t_0 + k)` are masked. Uniform draws of both numbers make SpecAugment's masks.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    width = per_note("frames", frames, pictures, axes=3, low=0, high=pictures.shape[-1])
    return _mask(pictures, width, position, fill)


def mel_mask_bands(
    pictures: torch.Tensor, *, bands: Amount, position: Amount, fill: float = 0.0
) -> torch.Tensor:
    r"""Return the pictures with a range of frequencies masked (SpecAugment).

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    bands : float or torch.Tensor
        k, the width of the mask, from 0 to 64.
    position : float or torch.Tensor
        From 0, the lowest bands, to 1, the highest.
    fill : float
        What the mask shows, in [0, 1]; 0 is silence.

    Returns
    -------
    torch.Tensor
        Same shape and dtype. Levels outside the mask stay, even if it covers the loudest cell.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        A number is out of range.

    Notes
    -----
    :func:`mel_mask_frames` on the other axis.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    width = per_note("bands", bands, pictures, axes=3, low=0, high=pictures.shape[-2])
    return _mask(pictures.mT, width, position, fill).mT


def _mel(frequencies: torch.Tensor) -> torch.Tensor:
    return 2595 / math.log(10) * torch.log1p(frequencies / 700)


def _frames(pictures: torch.Tensor) -> torch.Tensor:
    return torch.arange(pictures.shape[-1]).to(pictures)


def _take(pictures: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the values at places (…, 64) between the cells of the last axis; outside is 0."""
    n = pictures.shape[-1]
    before = places.floor()
    share = (places - before).expand(pictures.shape)

    def at(index: torch.Tensor) -> torch.Tensor:
        inside = (index >= 0) & (index < n)
        cells = index.clamp(0, n - 1).long().expand(pictures.shape)
        return pictures.gather(-1, cells) * inside

    return (1 - share) * at(before) + share * at(before + 1)


def _mask(
    pictures: torch.Tensor, width: torch.Tensor, position: Amount, fill: float
) -> torch.Tensor:
    """Return the pictures with cells of the last axis masked."""
    if not 0 <= fill <= 1:
        raise ParameterError(f"expected fill from 0 to 1, got {fill}")
    place = per_note("position", position, pictures, axes=3, low=0, high=1)
    start = place * (pictures.shape[-1] - width)
    middle = _frames(pictures) + 0.5
    return torch.where((middle >= start) & (middle < start + width), fill, pictures)
