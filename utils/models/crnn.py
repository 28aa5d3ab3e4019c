"""The convolutional recurrent network: 3×3 blocks, then two GRUs through time.

The pools leave one mel band and a few frames, and the GRUs summarize those. The slides give no
numbers. Assumed, after the paper: pools (2,2) (3,3) (4,4) (4,4), 1366 frames padded by 37 on both
sides so that 15 remain, ELU, batch norm; and channels 64-128-128-128, 32 units in each GRU,
dropout of 0.1 after a block and of 0.3 after the GRUs.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import RNNBackEnd
from utils.models.blocks import conv_block, shape_after
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES
from utils.reference.patches import Size

__all__ = ["CRNN"]


class CRNN(nn.Module):
    """Convolutional blocks, two GRUs over the frames that are left, one linear layer.

    Parameters
    ----------
    channels : sequence of int
        Feature maps of every block.
    pools : sequence of int or (int, int)
        Max pooling of every block, as many as `channels`.
    input_size : (int, int)
        Mel bands and frames.
    pad_frames : int
        Frames of zeros put on both sides of the input.
    hidden : int
        Units of each GRU.
    n_classes : int
        Number of logits: families, or tags.
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
    Choi, Fazekas, Sandler and Cho, "Convolutional Recurrent Neural Networks for Music
    Classification", ICASSP 2017.
    """

    def __init__(
        self,
        channels: Sequence[int],
        pools: Sequence[Size],
        *,
        input_size: tuple[int, int] = (64, 64),
        pad_frames: int = 0,
        hidden: int = 32,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(hidden=hidden, n_classes=n_classes)
        require_counts(0, pad_frames=pad_frames)
        if not channels or len(channels) != len(pools):
            raise ParameterError(
                f"expected as many pools as channels, got {len(pools)} and {len(channels)}"
            )
        widths = [1, *channels]
        self.blocks = nn.Sequential(
            nn.ZeroPad2d((pad_frames, pad_frames, 0, 0)),
            *(
                conv_block(w, c, pool=pool, activation=nn.ELU, dropout=0.1)
                for w, c, pool in zip(widths[:-1], channels, pools, strict=True)
            ),
        )
        n_bands = shape_after(self.blocks, input_size)[1]
        self.recurrent = RNNBackEnd(channels[-1], n_bands, hidden, n_layers=2)
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(hidden, n_classes)
        initialize(self, generator)

    @classmethod
    def paper(cls, *, n_classes: int = 50, generator: torch.Generator | None = None) -> Self:
        """Return the network for 96 × 1366 and 50 tags.

        Parameters
        ----------
        n_classes : int
            Number of tags.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        CRNN
        """
        return cls(
            (64, 128, 128, 128),
            ((2, 2), (3, 3), (4, 4), (4, 4)),
            input_size=(96, 1366),
            pad_frames=37,
            n_classes=n_classes,
            generator=generator,
        )

    @classmethod
    def notes(
        cls, *, n_classes: int = N_FAMILIES, generator: torch.Generator | None = None
    ) -> Self:
        """Return a small network for notes of 64 × 64, of which 8 frames are left (assumed).

        Parameters
        ----------
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        CRNN
        """
        pools = ((2, 2), (2, 2), (4, 2), (4, 1))
        return cls((16, 32, 32, 32), pools, n_classes=n_classes, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, mel bands, frames)
            Log-mel spectrograms.

        Returns
        -------
        torch.Tensor, shape (batch, n_classes)
        """
        return self.output(self.dropout(self.recurrent(self.blocks(x))))
