"""A small multi-layer perceptron, trained by hand: no autograd, every gradient written out.

Training goes in ten steps, each with its line of code here:

1. initialize all weights at random (:func:`initialize_mlp`);
2. forward: compute every z and h up to ŷ and keep them (:func:`mlp_forward`);
3. the loss at the output and the gradient of the output layer;
4. back through the sigmoid: from ∂L/∂h to ∂L/∂z;
5. the weights of that layer, and ∂L/∂h of the layer below;
6. the next lower layer: step 4 again;
7. and step 5 again;
8. so on down to the first layer (3 to 8: :func:`mlp_backward`), then update all weights
   (:func:`mlp_update`);
9. repeat forward and backward;
10. watch the validation loss, which needs the forward pass only, and stop when it no longer
    falls (9 and 10: :func:`utils.reference.mlp_training.train_mlp`).

Conventions: a batch is a matrix with one example a row, (batch, n_in); a weight matrix is
(n_out, n_in) as in PyTorch, so z = h Wᵀ + b. Hidden layers share an activation, the output
is linear. The loss is the squared error averaged over batch and outputs.

References
----------
Rumelhart, Hinton and Williams, "Learning Representations by Back-Propagating Errors",
*Nature* 323, 1986.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from utils.errors import ParameterError
from utils.reference.activations import ACTIVATIONS, Activation
from utils.reference.checks import require_float, require_positive
from utils.reference.losses import mean_squared_error_grad

__all__ = [
    "ForwardPass",
    "MLPGradients",
    "Parameters",
    "initialize_mlp",
    "mlp_backward",
    "mlp_forward",
    "mlp_update",
]

Parameters = list[tuple[torch.Tensor, torch.Tensor]]
"""One (weight, bias) a layer, from the input to the output."""


@dataclass(frozen=True)
class ForwardPass:
    """The numbers that the backward pass needs, kept while going forward.

    Attributes
    ----------
    pre_activations : list of torch.Tensor
        z of layers 1 … L, each (batch, n_out).
    activations : list of torch.Tensor
        h of layers 0 … L: the first is the input x, the last is ŷ.
    """

    pre_activations: list[torch.Tensor]
    activations: list[torch.Tensor]

    @property
    def prediction(self) -> torch.Tensor:
        """The output ŷ, shape (batch, n_outputs)."""
        return self.activations[-1]


@dataclass(frozen=True)
class MLPGradients:
    """The gradients of the loss, in the order of the layers.

    Attributes
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        ∂L/∂W and ∂L/∂b of layers 1 … L.
    pre_activations : list of torch.Tensor
        ∂L/∂z of layers 1 … L.
    activations : list of torch.Tensor
        ∂L/∂h of layers 0 … L: the first is ∂L/∂x, the last is ∂L/∂ŷ.
    """

    parameters: Parameters
    pre_activations: list[torch.Tensor]
    activations: list[torch.Tensor]


def initialize_mlp(
    layer_sizes: Sequence[int],
    *,
    gain: float = 1.0,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> Parameters:
    r"""Return random weights and zero biases (step 1).

    Parameters
    ----------
    layer_sizes : sequence of int
        Units from the input to the output, at least two numbers ≥ 1.
    gain : float
        g ≥ 0, the scale of the weights: 1 suits tanh, √2 ReLU.
    dtype : torch.dtype
        Of the parameters.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    list of (torch.Tensor, torch.Tensor)
        Weight (n_out, n_in) and bias (n_out,) of every layer.

    Raises
    ------
    ParameterError
        If `layer_sizes` or `gain` is out of range.

    Notes
    -----
    .. math:: w \sim \mathcal N(0, g^2 / n_{\text{in}}), \qquad b = 0

    Equal weights would stay equal for ever; dividing by the inputs keeps the sums in range.

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    if len(layer_sizes) < 2 or min(layer_sizes) < 1:
        raise ParameterError(f"expected two or more layer sizes ≥ 1, got {list(layer_sizes)}")
    if gain < 0:
        raise ParameterError(f"expected gain ≥ 0, got {gain}")
    return [
        (
            torch.randn(n_out, n_in, dtype=dtype, generator=generator) * gain / math.sqrt(n_in),
            torch.zeros(n_out, dtype=dtype),
        )
        for n_in, n_out in pairwise(layer_sizes)
    ]


def mlp_forward(
    parameters: Parameters, inputs: torch.Tensor, *, activation: str = "sigmoid"
) -> ForwardPass:
    r"""Compute the output and keep every intermediate value (step 2).

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Weight (n_out, n_in) and bias (n_out,) of every layer.
    inputs : torch.Tensor
        x, shape (batch, n_in), floating point.
    activation : str
        Of the hidden layers, a key of :data:`utils.reference.activations.ACTIVATIONS`.

    Returns
    -------
    ForwardPass
        All z and h; ``.prediction`` is ŷ.

    Raises
    ------
    ParameterError
        If the activation is unknown or the inputs don't fit the first layer.

    Notes
    -----
    .. math:: z^{(k)} = W^{(k)} h^{(k-1)} + b^{(k)}, \quad h^{(k)} = g(z^{(k)}), \quad
              h^{(0)} = x, \quad \hat y = z^{(L)}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    g = _activation(activation).function
    require_float("inputs", inputs)
    n_in = parameters[0][0].shape[1]
    if inputs.ndim != 2 or inputs.shape[1] != n_in:
        raise ParameterError(
            f"expected inputs of shape (batch, {n_in}), got shape={tuple(inputs.shape)}"
        )
    z: list[torch.Tensor] = []
    h = [inputs]
    for k, (weight, bias) in enumerate(parameters, start=1):
        z.append(h[-1] @ weight.T + bias)
        h.append(g(z[-1]) if k < len(parameters) else z[-1])
    return ForwardPass(z, h)


def mlp_backward(
    parameters: Parameters,
    forward: ForwardPass,
    targets: torch.Tensor,
    *,
    activation: str = "sigmoid",
) -> MLPGradients:
    r"""Compute all gradients of the mean squared error, from the output down (steps 3–8).

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        As for :func:`mlp_forward`.
    forward : ForwardPass
        What :func:`mlp_forward` kept for these parameters.
    targets : torch.Tensor
        y, shape (batch, n_outputs).
    activation : str
        The same as for the forward pass.

    Returns
    -------
    MLPGradients
        For the parameters, and on the way for every z and h.

    Raises
    ------
    ParameterError
        If the activation is unknown or the targets' shape differs from the prediction's.

    Notes
    -----
    For one example,

    .. math:: \frac{\partial L}{\partial z_j} = \frac{\partial L}{\partial h_j}\, g'(z_j), \qquad
              g'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} \text{ for the sigmoid}

    .. math:: \frac{\partial L}{\partial W_{ij}^{(k)}}
              = \frac{\partial L}{\partial z_i^{(k)}}\, h_j^{(k-1)}, \qquad
              \frac{\partial L}{\partial h_j^{(k-1)}}
              = \sum_i \frac{\partial L}{\partial z_i^{(k)}}\, W_{ij}^{(k)}

    The last sum runs over all units above: each of them was fed by this one.

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    g_prime = _activation(activation).grad
    h = forward.activations
    d_parameters: Parameters = []
    d_z: list[torch.Tensor] = []
    d_h = [mean_squared_error_grad(forward.prediction, targets)]  # step 3
    for k in reversed(range(len(parameters))):
        is_output = k == len(parameters) - 1  # linear: step 3 goes straight to its weights
        slope = 1 if is_output else g_prime(forward.pre_activations[k])
        d_z.insert(0, d_h[0] * slope)  # step 4
        d_parameters.insert(0, (d_z[0].T @ h[k], d_z[0].sum(0)))  # step 5: sum over the batch
        d_h.insert(0, d_z[0] @ parameters[k][0])  # step 5: sum over the units above
    return MLPGradients(d_parameters, d_z, d_h)


def mlp_update(parameters: Parameters, gradients: MLPGradients, *, lr: float) -> Parameters:
    r"""Return the parameters after one step of gradient descent (end of step 8).

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Weights and biases; they are left as they are.
    gradients : MLPGradients
        Of the loss at these parameters.
    lr : float
        Learning rate η > 0.

    Returns
    -------
    list of (torch.Tensor, torch.Tensor)
        The new weights and biases.

    Raises
    ------
    ParameterError
        If `lr` ≤ 0.

    Notes
    -----
    .. math:: \theta \leftarrow \theta - \eta\,\frac{\partial L}{\partial\theta}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    require_positive("lr", lr)
    return [
        (weight - lr * d_weight, bias - lr * d_bias)
        for (weight, bias), (d_weight, d_bias) in zip(parameters, gradients.parameters, strict=True)
    ]


def _activation(name: str) -> Activation:
    if name not in ACTIVATIONS:
        raise ParameterError(f"expected an activation of {sorted(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
