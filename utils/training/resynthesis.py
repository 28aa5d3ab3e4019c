"""Hear what a kernel responds to: a note through a mask made from a feature map.

The phases are the note's own, so that the result sounds like the note with parts missing.
Pictures that belong to no note: :func:`utils.training.mel_inversion.mel_to_waveform`.
"""

import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, FrontEnd
from utils.notes.mel import log_mel_spectrogram, mel_filter_bank
from utils.training.inspect_layers import feature_maps
from utils.training.mel_inversion import istft, normalize_peak, stft

__all__ = ["bin_mask", "map_to_mask", "masked_resynthesis", "what_it_hears"]


def what_it_hears(
    model: nn.Module, layer: str, channel: int, waveform: torch.Tensor
) -> torch.Tensor:
    """Return the parts of a note that a channel responds to, as sound.

    Parameters
    ----------
    model : torch.nn.Module
        Takes log-mel spectrograms of the course's front end.
    layer : str
        Name as for :func:`utils.training.inspect_layers.feature_maps`.
    channel : int
        From 0.
    waveform : torch.Tensor
        A note, shape (64000,), at 16 kHz.

    Returns
    -------
    torch.Tensor of float32, shape (64000,)
        With a peak of 1; silence if the channel doesn't respond.

    Raises
    ------
    ParameterError
        If the layer has no such channel or no maps.

    Notes
    -----
    A map is not exactly where the sound is: each cell sees a receptive field, more in higher
    layers, and a channel may respond to what is *absent*.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    maps = feature_maps(model, log_mel_spectrogram(waveform), [layer])[layer]
    if maps.ndim != 4 or not 0 <= channel < maps.shape[1]:
        raise ParameterError(f"expected a channel of {tuple(maps.shape[1:])}, got {channel}")
    return masked_resynthesis(waveform, map_to_mask(maps[0, channel].cpu()))


def map_to_mask(feature_map: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    r"""Return a feature map as a mask over the cells of the log-mel spectrogram.

    Parameters
    ----------
    feature_map : torch.Tensor
        a, shape (height, width); what is negative counts as 0.
    front_end : FrontEnd
        Gives the size of the picture.

    Returns
    -------
    torch.Tensor, shape (64, 64)
        In [0, 1], with a largest value of 1 before the upsampling; all 0 if nothing responds.

    Raises
    ------
    ParameterError
        If the map doesn't have two axes.

    Notes
    -----
    .. math:: \text{upsample}\Big(\frac{\max(0, a)}{\max a}\Big) \quad \text{(bilinear)}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if feature_map.ndim != 2:
        raise ParameterError(f"expected shape (height, width), got {tuple(feature_map.shape)}")
    positive = feature_map.detach().clamp_min(0)
    tiny = torch.finfo(positive.dtype).tiny
    size = (front_end.n_mels, front_end.n_frames)
    mask = positive / positive.max().clamp_min(tiny)
    return F.interpolate(mask[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def masked_resynthesis(
    waveform: torch.Tensor, mask: torch.Tensor, *, front_end: FrontEnd = FRONT_END
) -> torch.Tensor:
    r"""Return a note of which only the cells under a mask are left.

    Parameters
    ----------
    waveform : torch.Tensor
        x, shape (64000,), at 16 kHz.
    mask : torch.Tensor
        Shape (64, 64), mel bands and frames, in [0, 1].
    front_end : FrontEnd
        The parameters of the spectrogram.

    Returns
    -------
    torch.Tensor of float32, shape (64000,)
        With a peak of 1; silence if nothing is left.

    Raises
    ------
    ParameterError
        If a shape is wrong, or the mask holds NaN.

    Notes
    -----
    .. math:: \text{ISTFT}\big(M \odot \text{STFT}(x)\big)

    with the mask M over the STFT's bins of :func:`bin_mask`. A mask of ones gives the note.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if waveform.shape != (front_end.n_samples,):
        expected = (front_end.n_samples,)
        raise ParameterError(f"expected shape={expected}, got shape={tuple(waveform.shape)}")
    with torch.no_grad():
        spectrum = stft(waveform.float(), front_end=front_end)
        weights = bin_mask(mask.float(), front_end=front_end).to(spectrum.device)
        return normalize_peak(istft(spectrum * weights, front_end=front_end))


def bin_mask(mask: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    r"""Return a mask over mel bands as one over the bins of the STFT.

    Parameters
    ----------
    mask : torch.Tensor
        m, shape (64, 64), in [0, 1].
    front_end : FrontEnd
        Gives the mel filter bank B.

    Returns
    -------
    torch.Tensor, shape (1025, 65)
        In [0, 1]. Bins that no band hears follow the nearest band; the last frame, which the
        front end drops, repeats the one before.

    Raises
    ------
    ParameterError
        If the shape is wrong or a value is outside [0, 1].

    Notes
    -----
    Every bin takes the mean of the bands that hear it:

    .. math:: M_{k,t} = \frac{\sum_b B_{b,k}\, m_{b,t}}{\sum_b B_{b,k}}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    size = (front_end.n_mels, front_end.n_frames)
    if tuple(mask.shape) != size or not bool(((mask >= 0) & (mask <= 1)).all()):
        raise ParameterError(f"expected a mask of {size} in [0, 1], got {tuple(mask.shape)}")
    bank = mel_filter_bank(front_end=front_end, dtype=mask.dtype).to(mask.device)
    heard = bank.sum(dim=0)
    middle = int(heard.argmax())
    bank[0, :middle] += (heard[:middle] == 0).to(bank)
    bank[-1, middle:] += (heard[middle:] == 0).to(bank)
    weights = (bank / bank.sum(dim=0)).T @ mask
    return torch.cat([weights, weights[:, -1:]], dim=1).clamp(0, 1)
