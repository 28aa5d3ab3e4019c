"""How much gradient reaches each layer: vanishing and exploding gradients."""

import torch

from utils.reference.mlp import Parameters, mlp_backward, mlp_forward

__all__ = ["layer_gradient_norms"]


def layer_gradient_norms(
    parameters: Parameters,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    *,
    activation: str = "sigmoid",
) -> torch.Tensor:
    r"""Compute the length of the weights' gradient in every layer of an MLP.

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Weight (n_out, n_in) and bias (n_out,) of every layer, for example from
        :func:`utils.reference.mlp.initialize_mlp`, whose gain decides much of what is seen.
    inputs : torch.Tensor
        x, shape (batch, n_in), floating point.
    targets : torch.Tensor
        y, shape (batch, n_outputs).
    activation : str
        Of the hidden layers.

    Returns
    -------
    torch.Tensor
        Shape (n_layers,), from the first layer to the last.

    Raises
    ------
    ParameterError
        If the activation is unknown or a shape does not fit.

    Notes
    -----
    .. math:: \Big\lVert\frac{\partial L}{\partial W^{(k)}}\Big\rVert_F, \qquad
              \frac{\partial L}{\partial h^{(k)}} = \frac{\partial L}{\partial h^{(L)}}
              \prod_{l=L}^{k+1} \operatorname{diag}\big(g'(z^{(l)})\big)\, W^{(l)}

    Every layer multiplies the gradient once more. The sigmoid's g' is at most 1/4, so the
    lower layers of a deep net learn next to nothing, unless large weights make up for it;
    with weights too large the product explodes.

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Bengio, Simard and Frasconi, "Learning Long-Term Dependencies with Gradient Descent Is
    Difficult", *IEEE Transactions on Neural Networks* 5, 1994; Glorot and Bengio,
    "Understanding the Difficulty of Training Deep Feedforward Neural Networks", AISTATS 2010.
    """
    forward = mlp_forward(parameters, inputs, activation=activation)
    gradients = mlp_backward(parameters, forward, targets, activation=activation)
    return torch.stack([d_weight.norm() for d_weight, _ in gradients.parameters])
