"""Change the levels in log-mel pictures: gain, equalizer, tilt, noise.

Conventions as in :mod:`utils.notes.augment_mel`. Lecture: ``lectures/04_overfitting.ipynb``
"""

import torch

from utils.errors import ParameterError
from utils.notes.augment_options import Amount, per_note, renormalize, require_pictures
from utils.notes.front_end import FRONT_END
from utils.notes.mel import mel_filter_bank

__all__ = ["mel_equalize", "mel_gain", "mel_noise_floor", "mel_tilt"]

RANGE = FRONT_END.dynamic_range


def mel_gain(pictures: torch.Tensor, *, decibels: Amount) -> torch.Tensor:
    r"""Return the pictures of louder or softer notes: the same pictures.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    decibels : float or torch.Tensor
        G, from -60 to 60.

    Returns
    -------
    torch.Tensor
        Equal to the input, up to rounding.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The gain is out of range.

    Notes
    -----
    All levels rise by G, the maximum too, and the front end subtracts it:

    .. math:: (L + G) - \max(L + G) = L - \max L

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    gain = per_note("decibels", decibels, pictures, axes=3, low=-60, high=60)
    return _raise(pictures, gain)


def mel_equalize(pictures: torch.Tensor, *, decibels: torch.Tensor) -> torch.Tensor:
    r"""Return the pictures with a gain for every band.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    decibels : torch.Tensor, shape (64,) or (n, 64)
        G, from low to high bands.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        Another shape, or gains that are not finite.

    Notes
    -----
    .. math:: L_{bt} \to L_{bt} + G_b, \text{ then minus the maximum}

    Right where the gain hardly changes within a band.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    n, n_bands = pictures.shape[0], pictures.shape[-2]
    if tuple(decibels.shape) not in {(n_bands,), (n, n_bands)}:
        raise ParameterError(
            f"expected decibels of shape ({n_bands},) or ({n}, {n_bands}), "
            f"got shape={tuple(decibels.shape)}"
        )
    if not bool(decibels.isfinite().all()):
        raise ParameterError("expected finite decibels, got NaN or infinity")
    return _raise(pictures, decibels.to(pictures).reshape(-1, 1, n_bands, 1))


def mel_tilt(pictures: torch.Tensor, *, decibels_per_band: Amount) -> torch.Tensor:
    r"""Return the pictures of brighter or darker notes.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    decibels_per_band : float or torch.Tensor
        g, brighter if positive, from -1 to 1.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The slope is out of range.

    Notes
    -----
    .. math:: L_{bt} \to L_{bt} + g\,b, \text{ then minus the maximum}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    slope = per_note("decibels_per_band", decibels_per_band, pictures, axes=3, low=-1, high=1)
    return _raise(pictures, slope * torch.arange(pictures.shape[-2]).to(pictures)[:, None])


def mel_noise_floor(pictures: torch.Tensor, *, level: Amount) -> torch.Tensor:
    r"""Return the pictures with the mean of steady white noise behind the notes.

    Parameters
    ----------
    pictures : torch.Tensor, shape (n, 1, 64, 64)
        Values in [0, 1].
    level : float or torch.Tensor
        N, noise in the band where it is loudest, in dB below the loudest cell; -120 to 0.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No pictures.
    ParameterError
        The level is out of range.

    Notes
    -----
    Powers add. A mel band collects white noise in proportion to the area :math:`a_b` of its
    filter, so high bands have more of it:

    .. math:: L_{bt} \to 10 \log_{10}\!\Big(10^{L_{bt}/10}
              + \frac{a_b}{\max a}\, 10^{N/10}\Big), \text{ then minus the maximum}

    Real noise also flickers from frame to frame; this is its mean.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_pictures(pictures)
    floor = per_note("level", level, pictures, axes=3, low=-120, high=0)
    area = mel_filter_bank(dtype=torch.float64).sum(dim=1).to(pictures)[:, None]
    power = torch.where(pictures > 0, 10 ** (RANGE * (pictures - 1) / 10), 0)
    levels = 10 * torch.log10(power + area / area.max() * 10 ** (floor / 10))
    silent = (pictures.amax(dim=(-2, -1), keepdim=True) <= 0).expand_as(pictures)
    return renormalize(levels / RANGE + 1, ~silent)


def _raise(pictures: torch.Tensor, decibels: torch.Tensor) -> torch.Tensor:
    return renormalize(pictures + decibels / RANGE, pictures > 0)
