"""Averaging at test time: the mean of the predictions for several views of a note.

AlexNet averaged what the softmax gave for ten crops of an image. A view is a function from a
batch to a batch. What is averaged are probabilities; what is returned is the logarithm of that
mean, which takes the place of logits: its softmax is the mean itself.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.models.initialize import require_counts
from utils.models.modes import eval_mode

__all__ = ["View", "test_time_average", "time_crops", "time_shifts"]

View = Callable[[torch.Tensor], torch.Tensor]
"""Takes a batch (batch, 1, mel bands, frames) and returns it, seen differently."""


def test_time_average(
    model: nn.Module, inputs: torch.Tensor, *, views: Sequence[View]
) -> torch.Tensor:
    r"""Return the log of the mean probabilities over several views.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits (batch, classes) for every view; used in eval mode and without gradients,
        and left in the mode in which it was.
    inputs : torch.Tensor, shape (batch, 1, mel bands, frames)
        Log-mel spectrograms.
    views : sequence of callable
        At least one; put ``lambda x: x`` among them for the note as it is.

    Returns
    -------
    torch.Tensor, shape (batch, classes)
        Log-probabilities.

    Raises
    ------
    ParameterError
        If there is no view.

    Notes
    -----
    .. math:: \log \frac{1}{V} \sum_{v=1}^{V} \operatorname{softmax}\big(z(x_v)\big)

    It costs V forward passes. Not for tags, whose probabilities do not sum to 1.

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012, section 4.1.
    """
    if not views:
        raise ParameterError("expected at least one view, got none")
    with eval_mode(model), torch.no_grad():
        each = torch.stack([F.log_softmax(model(view(inputs)), dim=1) for view in views])
    return each.logsumexp(dim=0) - math.log(len(views))


def time_shifts(shifts: Sequence[int]) -> list[View]:
    r"""Return views that start later or earlier, of the same size: for networks of fixed input.

    Parameters
    ----------
    shifts : sequence of int
        Frames; positive moves the note to the right. What moves out is lost, what comes in is
        silence (0).

    Returns
    -------
    list of callable

    Notes
    -----
    .. math:: x'_{b,t} = x_{b,\,t-s}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return [partial(_shift, by=shift) for shift in shifts]


def time_crops(n_frames: int, *, starts: Sequence[int]) -> list[View]:
    r"""Return views of some frames of the note: for networks that take any length.

    Parameters
    ----------
    n_frames : int
        Length of every crop, ≥ 1.
    starts : sequence of int
        First frame of every crop, ≥ 0.

    Returns
    -------
    list of callable
        Each raises ParameterError for a note that is too short.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: x'_{b,t} = x_{b,\,t_0+t}, \qquad 0 \le t < n

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_counts(n_frames=n_frames)
    for start in starts:
        require_counts(0, start=start)
    return [partial(_crop, start=start, n_frames=n_frames) for start in starts]


def _shift(x: torch.Tensor, *, by: int) -> torch.Tensor:
    return F.pad(x, (by, -by))


def _crop(x: torch.Tensor, *, start: int, n_frames: int) -> torch.Tensor:
    if start + n_frames > x.shape[-1]:
        raise ParameterError(f"expected at least {start + n_frames} frames, got {x.shape[-1]}")
    return x[..., start : start + n_frames]
