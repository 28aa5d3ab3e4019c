"""The fully convolutional networks FCN-3 to FCN-7 as layers of the architecture calculator."""

from utils.errors import ParameterError
from utils.models.fcn import LAYERS, PAPER
from utils.widgets.architecture.layers import Layer

__all__ = ["fcn_layers"]


def fcn_layers(n_layers: int = 4, *, n_classes: int = 50) -> list[Layer]:
    """Return FCN-3 to FCN-7 as on the slides, for 96 mel bands × 1366 frames.

    Batch norm and dropout, which change no shape, are left out.

    Parameters
    ----------
    n_layers : int
        From 3 to 7.
    n_classes : int
        Tags.

    Returns
    -------
    list of Layer
        For ``Architecture(layers=…, bands=96, frames=1366)``.

    Raises
    ------
    ParameterError
        If there is no such network.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Choi, Fazekas and Sandler, "Automatic Tagging Using Deep Convolutional Neural Networks",
    ISMIR 2016.
    """
    if n_layers not in LAYERS:
        raise ParameterError(f"expected n_layers from 3 to 7, got {n_layers!r}")
    layers: list[Layer] = []
    for channels, pool in zip(*PAPER[min(n_layers, 5)], strict=True):
        layers += [Layer("conv", channels), Layer("relu"), Layer("max", kernel=pool, stride=pool)]
    for _ in range(n_layers - 5):
        layers += [Layer("conv", 1024, (1, 1)), Layer("relu")]
    return [*layers, Layer("flatten"), Layer("linear", n_classes)]
