"""The start of every network of deck E: He's weights, drawn from a generator.

Biases start at 0, batch norm at γ = 1 and β = 0; recurrent weights are uniform, as in PyTorch.
The same generator state gives the same weights, whatever was drawn elsewhere before.
"""

import math

import torch
from torch import nn

from utils.errors import ParameterError
from utils.reference.initialization import he_normal

__all__ = ["initialize", "require_counts"]


def initialize(model: nn.Module, generator: torch.Generator | None = None) -> None:
    r"""Draw all weights anew, in the order of definition.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place; its convolutions, linear and recurrent layers.
    generator : torch.Generator, optional
        Source of the random numbers; PyTorch's own if not given.

    Notes
    -----
    .. math:: w \sim \mathcal N(0, 2 / n_{\text{in}}), \qquad
              w_{\text{recurrent}} \sim \mathcal U(-1/\sqrt h, 1/\sqrt h)

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                weight = module.weight
                shape = tuple(weight.shape)
                weight.copy_(he_normal(shape, dtype=weight.dtype, generator=generator))
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.RNNBase):
                bound = 1 / math.sqrt(module.hidden_size)
                for parameter in module.parameters():
                    parameter.uniform_(-bound, bound, generator=generator)


def require_counts(lowest: int = 1, **values: int) -> None:
    """Raise ParameterError unless every value is a whole number and at least `lowest`."""
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ParameterError(f"expected {name} to be an int >= {lowest}, got {value!r}")
