"""The convolutional network of the lectures, exactly as on the slides.

Shapes are written without the batch axis, channels first (channels × mel bands ×
frames), as PyTorch stores them.

=========  ==================  ==============  ==========
layer      what it does        output shape    parameters
=========  ==================  ==============  ==========
input      log-mel             1 × 64 × 64
conv1      3×3, ReLU, pool     16 × 32 × 32           160
conv2      3×3, ReLU, pool     32 × 16 × 16         4 640
conv3      3×3, ReLU, pool     64 × 8 × 8          18 496
conv4      3×3, ReLU, pool     128 × 4 × 4         73 856
fc         linear              11                  22 539
=========  ==================  ==============  ==========

119 691 parameters in all.
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["LectureCNN"]

N_FEATURES: Final = 128 * 4 * 4
"""Four poolings by 2 leave 4 × 4 of the 64 × 64 input, in 128 channels."""


class LectureCNN(nn.Module):
    """Four convolutions, each with ReLU and max pooling, and one linear layer.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    Raises
    ------
    ParameterError
        If ``n_classes`` is not a positive whole number.

    Notes
    -----
    There is no softmax at the end: the loss (cross entropy) contains it.

    Taught in ``lectures/05_cnns.ipynb`` (row C6) and used in homework 3.
    """

    def __init__(self, n_classes: int = N_FAMILIES) -> None:
        super().__init__()
        if not isinstance(n_classes, int) or n_classes < 1:
            raise ParameterError(f"expected n_classes to be an int >= 1, got {n_classes!r}")
        self.conv1 = nn.Conv2d(1, 16, 3, padding="same")
        self.conv2 = nn.Conv2d(16, 32, 3, padding="same")
        self.conv3 = nn.Conv2d(32, 64, 3, padding="same")
        self.conv4 = nn.Conv2d(64, 128, 3, padding="same")
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(N_FEATURES, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of notes.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, 64, 64)
            Log-mel spectrograms in [0, 1].

        Returns
        -------
        torch.Tensor, shape (batch, n_classes)
        """
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = self.pool(F.relu(self.conv3(x)))
        x = self.pool(F.relu(self.conv4(x)))
        x = torch.flatten(x, 1)
        return self.fc(x)
