"""All activation functions of the lectures, with their derivatives, under one roof.

The equations stand in :mod:`utils.reference.saturating` (sigmoid, tanh) and
:mod:`utils.reference.rectifiers` (ReLU, leaky ReLU, softplus, GELU).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from utils.reference.rectifiers import (
    gelu,
    gelu_grad,
    leaky_relu,
    leaky_relu_grad,
    relu,
    relu_grad,
    softplus,
    softplus_grad,
    softplus_naive,
)
from utils.reference.saturating import sigmoid, sigmoid_grad, sigmoid_naive, tanh, tanh_grad

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "gelu",
    "gelu_grad",
    "leaky_relu",
    "leaky_relu_grad",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "sigmoid_naive",
    "softplus",
    "softplus_grad",
    "softplus_naive",
    "tanh",
    "tanh_grad",
]


@dataclass(frozen=True)
class Activation:
    """An activation function together with its derivative.

    Attributes
    ----------
    name : str
        As in :data:`ACTIVATIONS`.
    function, grad : Callable
        From a tensor z to φ(z) and φ'(z).
    """

    name: str
    function: Callable[[torch.Tensor], torch.Tensor]
    grad: Callable[[torch.Tensor], torch.Tensor]


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", lambda z: z, torch.ones_like),
        Activation("sigmoid", sigmoid, sigmoid_grad),
        Activation("tanh", tanh, tanh_grad),
        Activation("relu", relu, relu_grad),
        Activation("leaky_relu", leaky_relu, leaky_relu_grad),
        Activation("softplus", softplus, softplus_grad),
        Activation("gelu", gelu, gelu_grad),
    )
}
"""The activations of the lectures by name; "identity" is no activation at all."""
