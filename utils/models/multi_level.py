"""Features of several levels and scales of networks that were trained before.

Each scale is a network of its own, trained on windows of its own length. Its layers are the
levels. A sound is cut into windows; of every chosen layer the maximum over each window's map is
taken, and the mean over the windows. All that, concatenated, goes into an MLP.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.initialize import initialize, require_counts
from utils.notes.vocabulary import N_FAMILIES

__all__ = ["MultiLevelFeatures", "Scale", "layer_outputs"]


@dataclass(frozen=True)
class Scale:
    """A trained network, what to take from it, and how much sound it sees at once.

    Attributes
    ----------
    backbone : torch.nn.Module
        Takes (batch, 1, mel bands, `n_frames`).
    layers : tuple of str
        Names as in ``backbone.named_modules()``, of layers that give (batch, channels, …).
    n_frames : int
        Length of its windows, which follow each other without gap; frames that are left over
        at the end are not seen.
    """

    backbone: nn.Module
    layers: tuple[str, ...]
    n_frames: int


def layer_outputs(
    model: nn.Module, inputs: torch.Tensor, layers: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Return what some layers of a model give for a batch.

    Parameters
    ----------
    model : torch.nn.Module
        Used in the mode in which it is.
    inputs : torch.Tensor
        What it takes.
    layers : sequence of str
        Names as in ``model.named_modules()``.

    Returns
    -------
    dict from str to torch.Tensor
        In the order of `layers`; of a layer that is called several times, the last output.

    Raises
    ------
    ParameterError
        If a layer does not exist or is not called.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    modules = dict(model.named_modules())
    if unknown := [name for name in layers if name not in modules]:
        raise ParameterError(f"expected layers of {type(model).__name__}, got {unknown}")
    found: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            found[name] = output

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in layers]
    try:
        model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    if silent := [name for name in layers if name not in found]:
        raise ParameterError(f"expected layers that are called, got {silent}")
    return {name: found[name] for name in layers}


class MultiLevelFeatures(nn.Module):
    r"""An MLP with two hidden layers on frozen features of all levels and scales.

    Parameters
    ----------
    scales : sequence of Scale
        Trained networks; they are copied and frozen, yours stay as they are.
    hidden : (int, int)
        Units of the two hidden layers (assumed).
    input_size : (int, int)
        Mel bands and frames of the sounds.
    dropout : float
        Probability of zeroing after each hidden layer (assumed).
    n_classes : int
        Number of logits.
    generator : torch.Generator, optional
        For the initial weights of the MLP.

    Raises
    ------
    ParameterError
        If there is no scale, a layer does not exist, or a window is longer than the sounds.

    Notes
    -----
    For layer l of the network of scale s, and windows t = 1 … T:

    .. math:: f_{s,l} = \frac{1}{T} \sum_t \max_{i,j}\; h^{(l)}_{:,i,j}(x_t)

    The features never change: compute them once with :meth:`features`, and train ``mlp`` alone.

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Lee and Nam, "Multi-Level and Multi-Scale Feature Aggregation Using Pre-trained
    Convolutional Neural Networks for Music Auto-Tagging", IEEE SPL 2017.
    """

    def __init__(
        self,
        scales: Sequence[Scale],
        *,
        hidden: tuple[int, int] = (64, 64),
        input_size: tuple[int, int] = (64, 64),
        dropout: float = 0.2,
        n_classes: int = N_FAMILIES,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_counts(n_classes=n_classes)
        if not scales or not all(scale.layers for scale in scales):
            raise ParameterError("expected at least one scale with at least one layer, got none")
        for scale in scales:
            require_counts(n_frames=scale.n_frames)
            if scale.n_frames > input_size[1]:
                raise ParameterError(
                    f"expected windows of at most {input_size[1]} frames, got {scale.n_frames}"
                )
        copies = [copy.deepcopy(scale.backbone).requires_grad_(False).eval() for scale in scales]
        self.backbones = nn.ModuleList(copies)
        self.layers = [tuple(scale.layers) for scale in scales]
        self.n_frames = [scale.n_frames for scale in scales]
        self.n_features = self.features(torch.zeros(1, 1, *input_size)).shape[1]
        first, second = hidden
        self.mlp = nn.Sequential(
            nn.Linear(self.n_features, first),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(second, n_classes),
        )
        initialize(self.mlp, generator)

    def train(self, mode: bool = True) -> Self:
        """Switch the MLP's mode; the frozen networks stay in eval mode."""
        super().train(mode)
        self.backbones.eval()
        return self

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the concatenated features of all scales and levels.

        Parameters
        ----------
        x : torch.Tensor, shape (batch, 1, mel bands, frames)
            Log-mel spectrograms.

        Returns
        -------
        torch.Tensor, shape (batch, n_features)
        """
        levels = []
        for backbone, layers, width in zip(self.backbones, self.layers, self.n_frames, strict=True):
            starts = range(0, x.shape[3] - width + 1, width)
            windows = [
                layer_outputs(backbone, x[..., start : start + width], layers) for start in starts
            ]
            for name in layers:
                largest = [window[name].flatten(2).amax(dim=2) for window in windows]
                levels.append(torch.stack(largest).mean(dim=0))
        return torch.cat(levels, dim=1)

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
        return self.mlp(self.features(x))
