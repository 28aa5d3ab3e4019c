"""Train the small multi-layer perceptron: repeat, watch, stop (steps 9 and 10).

The steps before, and the conventions, are in :mod:`utils.reference.mlp`.
"""

from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import Parameters, mlp_backward, mlp_forward, mlp_update

__all__ = ["TrainingRun", "train_mlp"]


@dataclass(frozen=True)
class TrainingRun:
    """What a training run leaves behind.

    Attributes
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Those with the lowest validation loss.
    train_losses, validation_losses : list of float
        Before the first update, then after every one.
    best_step : int
        The index of the lowest validation loss.
    """

    parameters: Parameters
    train_losses: list[float]
    validation_losses: list[float]
    best_step: int


def train_mlp(
    parameters: Parameters,
    train: tuple[torch.Tensor, torch.Tensor],
    validation: tuple[torch.Tensor, torch.Tensor],
    *,
    lr: float,
    steps: int,
    patience: int,
    activation: str = "sigmoid",
) -> TrainingRun:
    r"""Train on the whole training set until the validation loss no longer falls (steps 9, 10).

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        The start, as from :func:`initialize_mlp`.
    train, validation : (torch.Tensor, torch.Tensor)
        Inputs (n, n_in) and targets (n, n_outputs).
    lr : float
        Learning rate η > 0.
    steps : int
        Updates at most, ≥ 0.
    patience : int
        Updates without a new lowest validation loss after which training stops, ≥ 1.
    activation : str
        Of the hidden layers.

    Returns
    -------
    TrainingRun
        The best parameters and the loss curves.

    Raises
    ------
    ParameterError
        If a number is out of range, or as in :func:`mlp_forward` and :func:`mlp_backward`.

    Notes
    -----
    .. math:: \theta_{t+1} = \theta_t - \eta\,\nabla L_{\text{train}}(\theta_t), \qquad
              \theta^* = \theta_{\arg\min_t L_{\text{validation}}(\theta_t)}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    if steps < 0 or patience < 1:
        raise ParameterError(f"expected steps ≥ 0 and patience ≥ 1, got {steps} and {patience}")
    best, best_step = parameters, 0
    train_losses: list[float] = []
    validation_losses: list[float] = []
    for step in range(steps + 1):
        forward = mlp_forward(parameters, train[0], activation=activation)
        unseen = mlp_forward(parameters, validation[0], activation=activation)
        train_losses.append(float(mean_squared_error(forward.prediction, train[1])))
        validation_losses.append(float(mean_squared_error(unseen.prediction, validation[1])))
        if validation_losses[step] < validation_losses[best_step]:
            best, best_step = parameters, step
        if step - best_step >= patience or step == steps:
            break
        gradients = mlp_backward(parameters, forward, train[1], activation=activation)
        parameters = mlp_update(parameters, gradients, lr=lr)
    return TrainingRun(best, train_losses, validation_losses, best_step)
