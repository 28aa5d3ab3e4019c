"""The block that the networks of deck E are stacks of.

Convolution, batch norm, activation function, max pooling, dropout: in this order, each but the
first optional. With batch norm the convolution has no bias, because β does its work.
"""

from collections import OrderedDict

import torch
from torch import nn

from utils.models.modes import eval_mode
from utils.reference.patches import Size

__all__ = ["conv_block", "shape_after"]


def conv_block(
    in_channels: int,
    out_channels: int,
    *,
    kernel_size: Size = 3,
    padding: str | Size = "same",
    pool: Size | None = None,
    batch_norm: bool = True,
    activation: type[nn.Module] = nn.ReLU,
    dropout: float = 0.0,
) -> nn.Sequential:
    r"""Return one block of a convolutional network.

    Parameters
    ----------
    in_channels, out_channels : int
        Feature maps before and after.
    kernel_size : int or (int, int)
        Of the convolution, (mel bands, frames).
    padding : "same", int or (int, int)
        Of the convolution, with zeros.
    pool : int or (int, int), optional
        Max pooling, kernel and stride; none if not given.
    batch_norm : bool
        Whether the maps are normalized before the activation function.
    activation : type of torch.nn.Module
        Called without arguments.
    dropout : float
        Probability of zeroing, in [0, 1); 0 leaves the layer out.

    Returns
    -------
    torch.nn.Sequential
        With the names conv, norm, activation, pool, dropout.

    Notes
    -----
    .. math:: y = \operatorname{dropout}(\operatorname{maxpool}(f(\mathrm{BN}(w * x))))

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv"] = nn.Conv2d(
        in_channels, out_channels, kernel_size, padding=padding, bias=not batch_norm
    )
    if batch_norm:
        layers["norm"] = nn.BatchNorm2d(out_channels)
    layers["activation"] = activation()
    if pool is not None:
        layers["pool"] = nn.MaxPool2d(pool)
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    return nn.Sequential(layers)


def shape_after(module: nn.Module, input_size: tuple[int, int]) -> tuple[int, ...]:
    """Return the shape, without the batch axis, that comes out for (mel bands, frames)."""
    with eval_mode(module), torch.no_grad():
        return tuple(module(torch.zeros(1, 1, *input_size)).shape[1:])
