"""Back ends: from feature maps of any front end to one vector of features.

All take maps (batch, channels, mel bands, frames). Those that go through time (rnn, attention)
see at each frame all channels of all bands.

==============  ======================================================  ==================
name            what it does                                            features
==============  ======================================================  ==================
``average``     global average pooling                                  channels
``statistics``  mean, maximum and L2, concatenated                      3 · channels
``rnn``         a GRU over the frames; its last state                   hidden
``mlp``         one hidden layer with ReLU on all cells                 hidden
``attention``   mean over the frames, weighted by a learned softmax     channels · bands
==============  ======================================================  ==================
"""

import math
from typing import Final, Literal, get_args

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.initialize import initialize, require_counts

__all__ = [
    "BACK_ENDS",
    "AttentionPooling",
    "BackEnd",
    "BackEndName",
    "GlobalAveragePooling",
    "MLPBackEnd",
    "RNNBackEnd",
    "StatisticsPooling",
    "build_back_end",
]

BackEndName = Literal["average", "statistics", "rnn", "mlp", "attention"]
BACK_ENDS: Final[tuple[str, ...]] = get_args(BackEndName)


class BackEnd(nn.Module):
    """What all back ends have in common.

    Attributes
    ----------
    n_features : int
        Length of the vector that comes out.
    """

    n_features: int


class GlobalAveragePooling(BackEnd):
    r"""The mean of every feature map; no parameters.

    Parameters
    ----------
    in_channels : int
        Feature maps.

    Notes
    -----
    .. math:: y_c = \frac{1}{hw} \sum_{i,j} x_{c,i,j}

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.n_features = in_channels

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, channels) of maps (batch, channels, mel bands, frames)."""
        return maps.mean(dim=(2, 3))


class StatisticsPooling(BackEnd):
    r"""Mean, maximum and L2 of every feature map; no parameters.

    Parameters
    ----------
    in_channels : int
        Feature maps.

    Notes
    -----
    L2 is divided by the root of the number of cells, which makes it the root mean square: the
    three are then of the same size however long the sound is (assumed; the slides say "L2").

    .. math:: y = \Big[\operatorname{mean}_{ij} x,\; \max_{ij} x,\;
              \sqrt{\tfrac{1}{hw} \textstyle\sum_{ij} x^2}\Big]

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Pons et al., "End-to-end Learning for Music Audio Tagging at Scale", ISMIR 2018.
    van den Oord, Dieleman and Schrauwen, "Deep Content-based Music Recommendation", NIPS 2013.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.n_features = 3 * in_channels

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, 3 · channels) of maps (batch, channels, mel bands, frames)."""
        cells = maps.shape[2] * maps.shape[3]
        # A root of the mean of squares has no gradient in a map of zeros; the norm has: 0.
        rms = torch.linalg.vector_norm(maps, dim=(2, 3)) / math.sqrt(cells)
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3)), rms], dim=1)


class RNNBackEnd(BackEnd):
    """A GRU over the frames, and its state after the last one.

    Parameters
    ----------
    in_channels : int
        Feature maps.
    n_bands : int
        Their height.
    hidden : int
        Size of the state.
    n_layers : int
        GRUs on top of each other.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """

    def __init__(self, in_channels: int, n_bands: int, hidden: int, *, n_layers: int = 1) -> None:
        super().__init__()
        self.n_features = hidden
        self.gru = nn.GRU(in_channels * n_bands, hidden, n_layers, batch_first=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, hidden) of maps (batch, channels, mel bands, frames)."""
        states, _ = self.gru(maps.flatten(1, 2).transpose(1, 2))
        return states[:, -1]


class MLPBackEnd(BackEnd):
    """All cells into one hidden layer; unlike the others it is bound to one length.

    Parameters
    ----------
    in_channels : int
        Feature maps.
    n_bands, n_frames : int
        Their height and width.
    hidden : int
        Units of the layer.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """

    def __init__(self, in_channels: int, n_bands: int, n_frames: int, hidden: int) -> None:
        super().__init__()
        self.n_features = hidden
        self.hidden = nn.Linear(in_channels * n_bands * n_frames, hidden)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, hidden) of maps (batch, channels, mel bands, frames)."""
        return torch.relu(self.hidden(maps.flatten(1)))


class AttentionPooling(BackEnd):
    r"""The mean over the frames in which those that matter count more.

    Parameters
    ----------
    in_channels : int
        Feature maps.
    n_bands : int
        Their height.

    Notes
    -----
    With h_t all channels of all bands of frame t:

    .. math:: a = \operatorname{softmax}_t(v^\top h_t + b), \qquad y = \sum_t a_t h_t

    b cancels in the softmax, so there is none. With v = 0 it is the plain mean.

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    def __init__(self, in_channels: int, n_bands: int) -> None:
        super().__init__()
        self.n_features = in_channels * n_bands
        self.score = nn.Linear(self.n_features, 1, bias=False)

    def weights(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the share of every frame (batch, frames), which sum to 1."""
        return self.score(maps.flatten(1, 2).transpose(1, 2)).squeeze(2).softmax(dim=1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, channels · bands) of maps (batch, channels, bands, frames)."""
        return (maps.flatten(1, 2) * self.weights(maps).unsqueeze(1)).sum(dim=2)


def build_back_end(
    name: str,
    in_channels: int,
    *,
    map_size: tuple[int, int],
    hidden: int = 64,
    generator: torch.Generator | None = None,
) -> BackEnd:
    """Return a back end by its name.

    Parameters
    ----------
    name : str
        One of ``BACK_ENDS``: "average", "statistics", "rnn", "mlp" or "attention".
    in_channels : int
        Feature maps that the front end gives.
    map_size : (int, int)
        Their mel bands and frames.
    hidden : int
        Units of "rnn" and "mlp".
    generator : torch.Generator, optional
        For the initial weights.

    Returns
    -------
    BackEnd
        Its ``n_features`` says how long the vector is.

    Raises
    ------
    ParameterError
        If the name is unknown or a number is out of range.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    n_bands, n_frames = map_size
    require_counts(in_channels=in_channels, n_bands=n_bands, n_frames=n_frames, hidden=hidden)
    back_end: BackEnd
    match name:
        case "average":
            back_end = GlobalAveragePooling(in_channels)
        case "statistics":
            back_end = StatisticsPooling(in_channels)
        case "rnn":
            back_end = RNNBackEnd(in_channels, n_bands, hidden)
        case "mlp":
            back_end = MLPBackEnd(in_channels, n_bands, n_frames, hidden)
        case "attention":
            back_end = AttentionPooling(in_channels, n_bands)
        case _:
            raise ParameterError(f"expected a back end of {', '.join(BACK_ENDS)}, got {name!r}")
    initialize(back_end, generator)
    return back_end
