"""Front end, back end, linear layer: a network whose back end can be swapped.

The front end finds local features, the back end summarizes them over time.
"""

from typing import Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import build_back_end
from utils.models.blocks import conv_block, shape_after
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["FrontBackNet"]


class FrontBackNet(nn.Module):
    """Any front end with any of the back ends.

    Parameters
    ----------
    front_end : torch.nn.Module
        From (batch, 1, mel bands, frames) to maps (batch, channels, bands, frames); used as it
        is, with the weights that it has.
    back_end : str
        One of ``back_ends.BACK_ENDS``.
    input_size : (int, int)
        Mel bands and frames.
    hidden : int
        Units of the back ends "rnn" and "mlp".
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights of back end and last layer.

    Raises
    ------
    ParameterError
        If the front end gives no maps, or a name or number is out of range.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Pons et al., "End-to-end Learning for Music Audio Tagging at Scale", ISMIR 2018.
    """

    def __init__(
        self,
        front_end: nn.Module,
        back_end: str,
        *,
        input_size: tuple[int, int] = (64, 64),
        hidden: int = 64,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(n_classes=n_classes)
        shape = shape_after(front_end, input_size)
        if len(shape) != 3:
            raise ParameterError(
                f"expected a front end that gives (channels, bands, frames), got shape={shape}"
            )
        channels, n_bands, n_frames = shape
        self.front_end = front_end
        self.back_end = build_back_end(
            back_end, channels, map_size=(n_bands, n_frames), hidden=hidden, generator=generator
        )
        self.output = nn.Linear(self.back_end.n_features, n_classes)
        initialize(self.output, generator)

    @classmethod
    def notes(
        cls,
        back_end: str = "average",
        *,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> Self:
        """Return a network for notes of 64 × 64: three 3×3 blocks (assumed), then the back end.

        The front end comes first from the generator, hence is the same for all back ends.

        Parameters
        ----------
        back_end : str
            One of ``back_ends.BACK_ENDS``.
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        FrontBackNet
        """
        front_end = nn.Sequential(
            conv_block(1, 16, pool=(4, 2)),
            conv_block(16, 32, pool=(4, 2)),
            conv_block(32, 64, pool=(2, 2)),
        )
        initialize(front_end, generator)
        return cls(front_end, back_end, n_classes=n_classes, generator=generator)

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
        return self.output(self.back_end(self.front_end(x)))
