"""The 1-D network: its first kernel covers all mel bands and slides along time only.

After the first layer the maps are 1 × frames. That takes few parameters and little time, but a
note a semitone higher meets other weights: features are not invariant to pitch.

On the slides: first kernel 128 bands × 4 frames, channels 256-256-256-512, max pooling in time
4-2-2, then mean, maximum and L2 over time. Assumed: kernels of 4 frames in the other layers too
and no padding, 599 frames (3 s), two hidden layers of 2048, 40 outputs, ReLU and no batch norm.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import StatisticsPooling
from utils.models.blocks import conv_block
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["CNN1D"]


class CNN1D(nn.Module):
    """Convolutions along time, statistics over time, linear layers.

    Parameters
    ----------
    channels : sequence of int
        Feature maps of every convolution.
    kernel_sizes : sequence of int
        In frames; the first kernel covers all mel bands as well.
    pools : sequence of int
        Max pooling in time after every convolution; 1 is none.
    paddings : sequence of int
        Frames of zeros on both sides.
    n_bands : int
        Mel bands of the input.
    hidden : sequence of int
        Units of the layers between statistics and logits.
    batch_norm : bool
        Whether every convolution is followed by batch norm.
    dropout : float
        Probability of zeroing, after the statistics.
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights.

    Raises
    ------
    ParameterError
        If a number is out of range or the sequences differ in length.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    van den Oord, Dieleman and Schrauwen, "Deep Content-based Music Recommendation", NIPS 2013.
    """

    def __init__(
        self,
        channels: Sequence[int] = (256, 256, 256, 512),
        *,
        kernel_sizes: Sequence[int] = (4, 4, 4, 4),
        pools: Sequence[int] = (4, 2, 2, 1),
        paddings: Sequence[int] = (0, 0, 0, 0),
        n_bands: int = 128,
        hidden: Sequence[int] = (2048, 2048),
        batch_norm: bool = False,
        dropout: float = 0.0,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(n_bands=n_bands, n_classes=n_classes)
        lengths = {len(s) for s in (channels, kernel_sizes, pools, paddings)}
        if len(lengths) != 1 or not channels:
            raise ParameterError(
                f"expected channels, kernel_sizes, pools and paddings of one length, got {lengths}"
            )
        widths, heights = [1, *channels], [n_bands] + [1] * (len(channels) - 1)
        self.blocks = nn.Sequential(
            *(
                conv_block(
                    widths[i],
                    widths[i + 1],
                    kernel_size=(heights[i], kernel_sizes[i]),
                    padding=(0, paddings[i]),
                    pool=(1, pools[i]) if pools[i] > 1 else None,
                    batch_norm=batch_norm,
                )
                for i in range(len(channels))
            )
        )
        self.statistics = StatisticsPooling(channels[-1])
        self.dropout = nn.Dropout(dropout)
        units = [self.statistics.n_features, *hidden]
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(units[i], units[i + 1]), nn.ReLU())
                for i in range(len(hidden))
            )
        )
        self.output = nn.Linear(units[-1], n_classes)
        initialize(self, generator)

    @classmethod
    def paper(cls, *, n_classes: int = 40, generator: torch.Generator | None = None) -> Self:
        """Return the network of the slides, for 128 mel bands and, assumed, 599 frames.

        Parameters
        ----------
        n_classes : int
            Number of outputs, assumed.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        CNN1D
        """
        return cls(n_classes=n_classes, generator=generator)

    @classmethod
    def notes(
        cls, *, n_classes: int = N_FAMILIES, generator: torch.Generator | None = None
    ) -> Self:
        """Return a small network for 64 mel bands and at least 19 frames; all of it assumed.

        Parameters
        ----------
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        CNN1D
        """
        return cls(
            (64, 64, 64, 128),
            kernel_sizes=(4, 3, 3, 3),
            paddings=(0, 1, 1, 1),
            n_bands=64,
            hidden=(64,),
            batch_norm=True,
            dropout=0.2,
            n_classes=n_classes,
            generator=generator,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, n_bands, frames)
            Log-mel spectrograms; any number of frames that leaves one after the poolings.

        Returns
        -------
        torch.Tensor, shape (batch, n_classes)
        """
        return self.output(self.hidden(self.dropout(self.statistics(self.blocks(x)))))
