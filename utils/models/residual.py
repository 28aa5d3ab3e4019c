"""A small residual network whose skips can be switched off.

With and without skips it has the same parameters, and the same initial weights for the same
generator: whatever differs afterwards, the skips did it. For that the width is the same
everywhere, because a skip between widths would need weights of its own.
"""

from typing import Self

import torch
from torch import nn

from utils.models.blocks import conv_block
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["ResidualBlock", "ResidualCNN"]


class ResidualBlock(nn.Module):
    r"""Two 3×3 convolutions, and the input added to what they give.

    Parameters
    ----------
    width : int
        Feature maps, before and after.
    skip : bool
        Whether the input is added.
    batch_norm : bool
        Whether each convolution is followed by batch norm.

    Notes
    -----
    .. math:: y = \mathrm{ReLU}\big(F(x) + s\,x\big), \qquad s = 1 \text{ or } 0

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """

    def __init__(self, width: int, *, skip: bool = True, batch_norm: bool = True) -> None:
        super().__init__()
        self.skip = skip
        self.first = conv_block(width, width, batch_norm=batch_norm)
        self.second = conv_block(width, width, batch_norm=batch_norm, activation=nn.Identity)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return feature maps of the same shape."""
        y = self.second(self.first(x))
        return torch.relu(y + x if self.skip else y)


class ResidualCNN(nn.Module):
    """A convolution, residual blocks, global average pooling, one linear layer.

    Parameters
    ----------
    n_blocks : int
        Residual blocks of two convolutions each, ≥ 1.
    width : int
        Feature maps everywhere.
    skip : bool
        Whether the blocks have their skips.
    batch_norm : bool
        Whether convolutions are followed by batch norm.
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    The first convolution is pooled by 4; after the first half of the blocks the maps are
    pooled by 2. All numbers are assumed.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
    """

    def __init__(
        self,
        n_blocks: int = 4,
        width: int = 16,
        *,
        skip: bool = True,
        batch_norm: bool = True,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(n_blocks=n_blocks, width=width, n_classes=n_classes)
        self.stem = conv_block(1, width, pool=4, batch_norm=batch_norm)
        parts: list[nn.Module] = [
            ResidualBlock(width, skip=skip, batch_norm=batch_norm) for _ in range(n_blocks)
        ]
        parts.insert((n_blocks + 1) // 2, nn.MaxPool2d(2))
        self.blocks = nn.Sequential(*parts)
        self.output = nn.Linear(width, n_classes)
        initialize(self, generator)

    @classmethod
    def notes(
        cls,
        *,
        skip: bool = True,
        batch_norm: bool = True,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> Self:
        """Return the network of the landscape lecture: below 20 000 parameters.

        Parameters
        ----------
        skip, batch_norm : bool
            Whether it has skips, and batch norm.
        n_classes : int
            Number of logits.
        generator : torch.Generator, optional
            For the initial weights.

        Returns
        -------
        ResidualCNN
        """
        return cls(skip=skip, batch_norm=batch_norm, n_classes=n_classes, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, mel bands, frames)
            Log-mel spectrograms, at least 8 × 8.

        Returns
        -------
        torch.Tensor, shape (batch, n_classes)
        """
        return self.output(self.blocks(self.stem(x)).mean(dim=(2, 3)))
