"""Kernels whose shapes follow music: along time, along frequency, or both.

A kernel of 1 × n frames sees how one band evolves (rhythm, attack, decay); one of m bands × 1
sees the spectrum of one moment (pitch, timbre). The slides give the shapes; n, m, the numbers of
filters, the pools and the layers above are assumed.
"""

from collections.abc import Sequence
from typing import Final, Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import GlobalAveragePooling
from utils.models.blocks import conv_block
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES
from utils.reference.patches import Size, pair

__all__ = ["ARCHITECTURES", "MusicallyMotivatedCNN", "ParallelBranchCNN"]

ARCHITECTURES: Final = ("time", "frequency", "time-frequency")


class MusicallyMotivatedCNN(nn.Module):
    """One convolution with kernels of time, of frequency or both, and a hidden layer.

    Parameters
    ----------
    architecture : str
        "time", "frequency" or "time-frequency".
    time_frames : int
        n: kernels of the time branch are 1 × n. Their largest value of all bands is kept.
    frequency_bands : int
        m: kernels of the frequency branch are m × 1. Their largest value of all frames is kept.
    filters : int
        Kernels of every branch.
    hidden : int
        Units between the branches and the logits.
    input_size : (int, int)
        Mel bands and frames.
    dropout : float
        Probability of zeroing before the hidden layer.
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights.

    Raises
    ------
    ParameterError
        If the architecture is unknown, or a kernel does not fit into the input.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Pons, Lidy and Serra, "Experimenting with Musically Motivated Convolutional Neural
    Networks", CBMI 2016.
    """

    def __init__(
        self,
        architecture: str = "time-frequency",
        *,
        time_frames: int = 32,
        frequency_bands: int = 32,
        filters: int = 16,
        hidden: int = 64,
        input_size: tuple[int, int] = (64, 64),
        dropout: float = 0.2,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(filters=filters, hidden=hidden, n_classes=n_classes)
        require_counts(time_frames=time_frames, frequency_bands=frequency_bands)
        if architecture not in ARCHITECTURES:
            raise ParameterError(
                f"expected an architecture of {', '.join(ARCHITECTURES)}, got {architecture!r}"
            )
        n_bands, n_frames = pair("input_size", input_size)
        if time_frames > n_frames or frequency_bands > n_bands:
            raise ParameterError(
                f"expected kernels that fit into {n_bands} × {n_frames}, "
                f"got {frequency_bands} bands and {time_frames} frames"
            )
        branches, cells = nn.ModuleDict(), 0
        if architecture != "frequency":
            kernel, pool = (1, time_frames), (n_bands, 1)
            branches["time"] = conv_block(1, filters, kernel_size=kernel, padding=0, pool=pool)
            cells += n_frames - time_frames + 1
        if architecture != "time":
            kernel, pool = (frequency_bands, 1), (1, n_frames)
            branches["frequency"] = conv_block(1, filters, kernel_size=kernel, padding=0, pool=pool)
            cells += n_bands - frequency_bands + 1
        self.branches = branches
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(filters * cells, hidden)
        self.output = nn.Linear(hidden, n_classes)
        initialize(self, generator)

    @classmethod
    def notes(
        cls,
        architecture: str = "time-frequency",
        *,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> Self:
        """Return a small network for notes of 64 × 64; n = m = 32 (assumed).

        Parameters
        ----------
        architecture : str
            "time", "frequency" or "time-frequency".
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        MusicallyMotivatedCNN
        """
        return cls(architecture, n_classes=n_classes, generator=generator)

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
        features = torch.cat([branch(x).flatten(1) for branch in self.branches.values()], dim=1)
        return self.output(torch.relu(self.hidden(self.dropout(features))))


class ParallelBranchCNN(nn.Module):
    """Branches with kernels of several shapes side by side, then 3×3 blocks.

    Parameters
    ----------
    kernels : sequence of int or (int, int)
        One branch each, (mel bands, frames); "same" padding, so that the maps fit together.
    filters : int
        Kernels of every branch.
    channels : sequence of int
        Feature maps of the 3×3 blocks above, each pooled by 2.
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights.

    Raises
    ------
    ParameterError
        If a number is out of range or there is no branch.

    Notes
    -----
    The branches' maps are concatenated, pooled by 4, and at the end averaged globally.

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Pons, Lidy and Serra, "Experimenting with Musically Motivated Convolutional Neural
    Networks", CBMI 2016.
    """

    def __init__(
        self,
        kernels: Sequence[Size] = ((1, 9), (3, 3), (9, 1)),
        *,
        filters: int = 8,
        channels: Sequence[int] = (32, 64),
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(filters=filters, n_classes=n_classes)
        if not kernels:
            raise ParameterError("expected at least one kernel, got none")
        self.branches = nn.ModuleList(
            conv_block(1, filters, kernel_size=pair("kernels", kernel)) for kernel in kernels
        )
        widths = [filters * len(kernels), *channels]
        self.trunk = nn.Sequential(
            nn.MaxPool2d(4),
            *(conv_block(widths[i], widths[i + 1], pool=2) for i in range(len(channels))),
        )
        self.average = GlobalAveragePooling(widths[-1])
        self.output = nn.Linear(widths[-1], n_classes)
        initialize(self, generator)

    @classmethod
    def notes(
        cls, *, n_classes: int = N_FAMILIES, generator: torch.Generator | None = None
    ) -> Self:
        """Return a small network with branches 1×9, 3×3 and 9×1 for notes of 64 × 64.

        Parameters
        ----------
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        ParallelBranchCNN
        """
        return cls(n_classes=n_classes, generator=generator)

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
        maps = torch.cat([branch(x) for branch in self.branches], dim=1)
        return self.output(self.average(self.trunk(maps)))
