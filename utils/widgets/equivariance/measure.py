"""How well a feature map moves along with its note, and what a whole network makes of it.

The view computes the first part with ``kit/math/movedNote.js``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.training.inspect_layers import feature_maps
from utils.widgets.equivariance.tones import EARLIEST, LATEST, REACH, pictures, placed

__all__ = ["CURVES", "FirstLayer", "RigidMove", "changes", "first_layer", "rigid_move"]

MOST_KERNELS, MOST_CELLS = 32, 81
FARTHEST = 26
"""Rows up or down within which the best move is looked for."""
CURVES = ("first", "last", "pooled", "scores")


@dataclass(frozen=True)
class FirstLayer:
    """Kernels of a network that see the spectrogram itself.

    Attributes
    ----------
    name : str
        Of the layer.
    weight : torch.Tensor, shape (kernels, height, width)
    bias : torch.Tensor, shape (kernels,)
    """

    name: str
    weight: torch.Tensor
    bias: torch.Tensor

    def feature_map(self, picture: torch.Tensor, kernel: int) -> torch.Tensor:
        """Return what a kernel makes of a picture, after ReLU; the same size.

        Parameters
        ----------
        picture : torch.Tensor, shape (rows, frames)
        kernel : int
            From 0.
        """
        one = slice(kernel, kernel + 1)
        weight = self.weight[one, None].to(picture)
        z = nn.functional.conv2d(
            picture[None, None], weight, self.bias[one].to(picture), padding="same"
        )
        return z[0, 0].relu()


@dataclass(frozen=True)
class RigidMove:
    """The move, up or down as a whole, by which an old map comes closest to a new one.

    Attributes
    ----------
    rows : int
        Rows up.
    error : float
        Length of the difference over the length of the moved map; 0 is a perfect match.
    moved : torch.Tensor, shape (rows, frames)
        The old map, moved.
    """

    rows: int
    error: float
    moved: torch.Tensor


def first_layer(model: nn.Module) -> FirstLayer:
    """Return the first convolution of a network.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    FirstLayer

    Raises
    ------
    ParameterError
        If it is not a convolution of one channel with stride 1, odd kernels of at most 81 cells
        in all and at most 32 of them.
    """
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        odd = all(size % 2 for size in layer.kernel_size)
        plain = layer.stride == (1, 1) and layer.dilation == (1, 1) and layer.in_channels == 1
        if not (odd and plain and layer.out_channels <= MOST_KERNELS):
            break
        weight = layer.weight.detach()[:, 0].float().cpu().clone()
        if weight[0].numel() > MOST_CELLS:
            break
        bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias.detach().float().cpu()
        return FirstLayer(name, weight, bias.clone())
    raise ParameterError(
        f"expected a network whose first convolution has 1 channel, stride 1 and at most "
        f"{MOST_KERNELS} odd kernels of at most {MOST_CELLS} cells, got {type(model).__name__}"
    )


def rigid_move(
    before: torch.Tensor, after: torch.Tensor, *, time: int, background: float
) -> RigidMove:
    r"""Return the best move of a map as a whole, and what is left over.

    Parameters
    ----------
    before, after : torch.Tensor, shape (rows, frames)
        The maps of a note, and of the same note moved.
    time : int
        Frames by which it was moved; known, and taken over.
    background : float
        What the map holds where there is silence.

    Returns
    -------
    RigidMove
        Of moves that keep half of the map's strength inside.

    Notes
    -----
    With b the background, over the rows that exist before and after:

    .. math:: \min_r \frac{\lVert F(T x) - T_r F(x) \rVert}{\lVert T_r F(x) - b \rVert}

    Lecture: ``lectures/05_cnns.ipynb``
    """
    height = len(before)
    strength = float(((before - background) ** 2).sum())
    best = RigidMove(0, float("inf"), before)
    for rows in sorted(range(-FARTHEST, FARTHEST + 1), key=abs):
        moved = torch.full_like(before, background)
        to = slice(max(rows, 0), height + min(rows, 0))
        moved[to] = before[max(-rows, 0) : height - max(rows, 0)].roll(time, dims=1)
        kept = float(((moved[to] - background) ** 2).sum())
        if 2 * kept < strength or kept == 0:
            continue
        error = (float(((after[to] - moved[to]) ** 2).sum()) / kept) ** 0.5
        if error < best.error:
            best = RigidMove(rows, error, moved)
    return best


def changes(model: nn.Module, tone: str, pitch: int, first: str) -> dict[str, NDArray[np.float32]]:
    """Return how much a network's features change when a note is moved, one way at a time.

    Parameters
    ----------
    model : torch.nn.Module
        Takes log-mels (n, 1, 64, 64), gives (n, classes).
    tone : "string" or "vowel"
    pitch : int
        MIDI number.
    first : str
        Name of the first layer.

    Returns
    -------
    dict of str to ndarray of float32, shape (4, moves)
        "time" and "pitch"; rows as in :data:`CURVES`: the maps of the first layer, the last maps,
        the maximum of each of the last maps, the logits. Lengths of the differences to the note
        that is not moved, over the length of its features.
    """
    mels = pictures(tone, pitch)["mel"]
    moves = {
        "time": [placed(mels[REACH], time) for time in range(EARLIEST, LATEST + 1)],
        "pitch": list(placed(mels)),
    }
    stays = {"time": -EARLIEST, "pitch": REACH}
    return {
        way: _changes(_features(model, first, moved), stays[way]) for way, moved in moves.items()
    }


def _features(
    model: nn.Module, first: str, moved: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...]:
    inputs = torch.stack(list(moved))[:, None]
    found = feature_maps(model, inputs)
    maps = [one for one in found.values() if one.ndim == 4 and one[0, 0].numel() > 1]
    last = maps[-1].relu()
    scores = feature_maps(model, inputs, [""])[""]
    return found[first].relu(), last, last.amax(dim=(2, 3)), scores


def _changes(features: Sequence[torch.Tensor], stays: int) -> NDArray[np.float32]:
    rows = []
    for feature in features:
        flat = feature.flatten(1)
        size = flat[stays].norm().clamp_min(1e-12)
        rows.append((flat - flat[stays]).norm(dim=1) / size)
    return torch.stack(rows).cpu().numpy().astype(np.float32)
