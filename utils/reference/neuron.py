"""One neuron: a weighted sum, a bias and an activation function."""

from collections.abc import Callable

import torch

from utils.errors import ParameterError
from utils.reference.activations import sigmoid, sigmoid_grad
from utils.reference.checks import require_float

__all__ = ["neuron", "neuron_grad"]

Function = Callable[[torch.Tensor], torch.Tensor]


def neuron(
    inputs: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | float = 0.0,
    *,
    activation: Function = sigmoid,
) -> torch.Tensor:
    r"""Return the output of a neuron for one input or for many.

    Parameters
    ----------
    inputs : torch.Tensor
        x, shape (..., n), floating point.
    weights : torch.Tensor
        w, shape (n,). With n = 2 the line w·x + b = 0 parts the plane.
    bias : torch.Tensor or float
        b, a scalar.
    activation : Callable
        φ, for example any of :mod:`utils.reference.activations`.

    Returns
    -------
    torch.Tensor
        ŷ, shape (...).

    Raises
    ------
    ParameterError
        If the shapes don't fit or `inputs` is not floating point.

    Notes
    -----
    .. math:: \hat y = \varphi(w_1 x_1 + \dots + w_n x_n + b)
              = \varphi(\mathbf w \cdot \mathbf x + b)

    Lecture: ``lectures/00_neural_networks.ipynb``

    References
    ----------
    Rosenblatt, "The Perceptron: A Probabilistic Model for Information Storage and
    Organization in the Brain", *Psychological Review* 65, 1958.
    """
    return activation(_pre_activation(inputs, weights, bias))


def neuron_grad(
    inputs: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | float = 0.0,
    *,
    activation_grad: Function = sigmoid_grad,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    r"""Return how a neuron's output changes with its weights, its bias and its inputs.

    Parameters
    ----------
    inputs, weights, bias
        As for :func:`neuron`.
    activation_grad : Callable
        φ', the derivative of the activation function.

    Returns
    -------
    d_weights : torch.Tensor
        ∂ŷ/∂w, shape (..., n), one row an input.
    d_bias : torch.Tensor
        ∂ŷ/∂b, shape (...).
    d_inputs : torch.Tensor
        ∂ŷ/∂x, shape (..., n).

    Raises
    ------
    ParameterError
        As in :func:`neuron`.

    Notes
    -----
    With z = w·x + b,

    .. math:: \frac{\partial\hat y}{\partial w_i} = \varphi'(z)\,x_i, \qquad
              \frac{\partial\hat y}{\partial b} = \varphi'(z), \qquad
              \frac{\partial\hat y}{\partial x_i} = \varphi'(z)\,w_i

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    slope = activation_grad(_pre_activation(inputs, weights, bias))
    return slope.unsqueeze(-1) * inputs, slope, slope.unsqueeze(-1) * weights


def _pre_activation(
    inputs: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | float
) -> torch.Tensor:
    require_float("inputs", inputs)
    if weights.ndim != 1 or inputs.ndim == 0 or inputs.shape[-1] != len(weights):
        raise ParameterError(
            "expected inputs of shape (..., n) and weights of shape (n,), "
            f"got shape={tuple(inputs.shape)} and shape={tuple(weights.shape)}"
        )
    return (inputs * weights).sum(-1) + bias
