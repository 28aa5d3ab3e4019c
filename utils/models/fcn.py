"""FCN-3 to FCN-7: 3×3 kernels and pooling so large that one cell is left.

=======  ==========================  ======================================
network  channels                    pools (mel bands, frames)
=======  ==========================  ======================================
FCN-3    256-768-2048                (3,5) (4,16) (8,17)
FCN-4    128-384-768-2048            (2,4) (4,5) (3,8) (4,8)
FCN-5    128-256-512-1024-2048       (2,4) (2,4) (2,4) (3,5) (4,4)
FCN-6    FCN-5, then 1024 by 1×1     those of FCN-5
FCN-7    FCN-6, then 1024 by 1×1     those of FCN-5
=======  ==========================  ======================================

They see 96 mel bands × 1366 frames and predict 50 tags. ReLU, batch norm before it and dropout
of 0.5 after every pooling are not on the slides: assumed, as in the paper. "Same" padding follows
from the printed sizes. The paper's table prints 24×85 and 12×21 for FCN-4 too; its pools give
12×68 and 4×8, and the printed sizes are those of FCN-5.

The networks return logits; for tags the loss is binary cross-entropy with logits.
"""

from collections.abc import Sequence
from typing import Final, Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.blocks import conv_block
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES
from utils.reference.patches import Size, pair

__all__ = ["FCN"]

Pools = tuple[tuple[int, int], ...]

PAPER: Final[dict[int, tuple[tuple[int, ...], Pools]]] = {
    3: ((256, 768, 2048), ((3, 5), (4, 16), (8, 17))),
    4: ((128, 384, 768, 2048), ((2, 4), (4, 5), (3, 8), (4, 8))),
    5: ((128, 256, 512, 1024, 2048), ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4))),
}
NOTES: Final[dict[int, tuple[tuple[int, ...], Pools]]] = {
    3: ((16, 32, 64), ((4, 4), (4, 4), (4, 4))),
    4: ((16, 32, 48, 64), ((2, 2), (4, 4), (2, 2), (4, 4))),
    5: ((16, 24, 32, 48, 64), ((2, 2), (2, 2), (2, 2), (2, 2), (4, 4))),
}
LAYERS: Final = (3, 4, 5, 6, 7)


class FCN(nn.Module):
    r"""A fully convolutional network that pools the whole input into one cell.

    Parameters
    ----------
    channels : sequence of int
        Feature maps after every 3×3 convolution.
    pools : sequence of int or (int, int)
        Max pooling after each of them; as many as `channels`.
    pointwise : sequence of int
        Feature maps of the 1×1 convolutions on top; none for FCN-3 to FCN-5.
    input_size : (int, int)
        Mel bands and frames.
    n_classes : int
        Number of logits: families, or tags.
    dropout : float
        Probability of zeroing after every pooling, in [0, 1).
    generator : torch.Generator, optional
        For the initial weights.

    Raises
    ------
    ParameterError
        If a number is out of range, or the pools do not leave exactly one cell.

    Notes
    -----
    With pools p the sizes are

    .. math:: h_l = \lfloor h_{l-1} / p_l \rfloor, \qquad h_L = w_L = 1

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Choi, Fazekas and Sandler, "Automatic Tagging Using Deep Convolutional Neural Networks",
    ISMIR 2016.
    """

    def __init__(
        self,
        channels: Sequence[int],
        pools: Sequence[Size],
        *,
        pointwise: Sequence[int] = (),
        input_size: tuple[int, int] = (64, 64),
        n_classes: int = N_FAMILIES,
        dropout: float = 0.5,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(n_classes=n_classes)
        _require_one_cell(channels, pools, input_size)
        widths = [1, *channels, *pointwise]
        n = len(channels)
        self.blocks = nn.Sequential(
            *(
                conv_block(widths[i], widths[i + 1], pool=pools[i], dropout=dropout)
                for i in range(n)
            ),
            *(
                conv_block(widths[i], widths[i + 1], kernel_size=1)
                for i in range(n, len(widths) - 1)
            ),
        )
        self.output = nn.Linear(widths[-1], n_classes)
        initialize(self, generator)

    @classmethod
    def paper(
        cls, n_layers: int = 4, *, n_classes: int = 50, generator: torch.Generator | None = None
    ) -> Self:
        """Return FCN-3 to FCN-7 as on the slides: 96 × 1366, 50 tags.

        Parameters
        ----------
        n_layers : int
            From 3 to 7.
        n_classes : int
            Number of tags.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        FCN
        """
        channels, pools = PAPER[_base(n_layers)]
        extra = (1024,) * (n_layers - len(channels))
        return cls(
            channels,
            pools,
            pointwise=extra,
            input_size=(96, 1366),
            n_classes=n_classes,
            generator=generator,
        )

    @classmethod
    def notes(
        cls,
        n_layers: int = 4,
        *,
        n_classes: int = N_FAMILIES,
        dropout: float = 0.2,
        generator: torch.Generator | None = None,
    ) -> Self:
        """Return a small FCN-3 to FCN-7 for notes of 64 × 64; its widths and pools are assumed.

        Parameters
        ----------
        n_layers : int
            From 3 to 7.
        n_classes : int
            Number of logits.
        dropout : float
            Probability of zeroing; 0.2, since so few channels need little (assumed).
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        FCN
        """
        channels, pools = NOTES[_base(n_layers)]
        extra = (64,) * (n_layers - len(channels))
        return cls(
            channels,
            pools,
            pointwise=extra,
            n_classes=n_classes,
            dropout=dropout,
            generator=generator,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, mel bands, frames)
            Log-mel spectrograms of the network's input size.

        Returns
        -------
        torch.Tensor, shape (batch, n_classes)
        """
        return self.output(self.blocks(x).flatten(1))


def _base(n_layers: int) -> int:
    """Return the network whose pools are used: FCN-6 and FCN-7 stand on FCN-5."""
    if n_layers not in LAYERS:
        raise ParameterError(f"expected n_layers from 3 to 7, got {n_layers!r}")
    return min(n_layers, 5)


def _require_one_cell(
    channels: Sequence[int], pools: Sequence[Size], input_size: tuple[int, int]
) -> None:
    """Raise ParameterError unless the pools fit the channels and leave one cell."""
    if not channels or len(channels) != len(pools):
        raise ParameterError(
            f"expected as many pools as channels, got {len(pools)} and {len(channels)}"
        )
    height, width = pair("input_size", input_size)
    for pool in pools:
        down, across = pair("pools", pool)
        height, width = height // down, width // across
    if (height, width) != (1, 1):
        raise ParameterError(
            f"expected pools that leave 1 × 1 of {tuple(input_size)}, got {height} × {width}"
        )
