r"""A curve through points with a small net: the width is the capacity.

The counterpart of :mod:`utils.reference.polynomial`: one hidden layer, the gradients of
:mod:`utils.reference.mlp` and the steps of Adam.
"""

from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.adaptive_optimizers import Adam
from utils.reference.checks import require_at_least, require_float, require_same_shape
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import Parameters, initialize_mlp, mlp_backward, mlp_forward

__all__ = ["MLPCurve", "mlp_fit"]


@dataclass(frozen=True)
class MLPCurve:
    """A net with one input and one output that can be called on points.

    Attributes
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Weight and bias of the hidden and of the output layer.
    domain : (float, float)
        The ends of the axis that become -1 and 1 before the net sees them.
    activation : str
        Of the hidden layer.
    losses : list of float
        Training loss before each step, and after the last.
    """

    parameters: Parameters
    domain: tuple[float, float]
    activation: str
    losses: list[float]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the predictions ŷ, shape (n,), at the points x (n,)."""
        scaled = _scale(x, self.domain)
        return mlp_forward(self.parameters, scaled, activation=self.activation).prediction[:, 0]


def mlp_fit(
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    width: int,
    steps: int = 1000,
    lr: float = 0.02,
    strength: float = 0.0,
    activation: str = "tanh",
    generator: torch.Generator | None = None,
) -> MLPCurve:
    r"""Return a net with one hidden layer, trained on all points at once.

    Parameters
    ----------
    x : torch.Tensor
        Points, shape (n,), floating point, not all equal.
    y : torch.Tensor
        Targets, shape (n,), of about unit size.
    width : int
        Hidden units ≥ 1: the capacity; the net has 3 · width + 1 parameters.
    steps : int
        Steps of Adam ≥ 0; 1000 take less than a second.
    lr : float
        Learning rate η > 0.
    strength : float
        λ ≥ 0 of the L2 penalty on the weights (not on the biases).
    activation : str
        Of the hidden layer, a key of :data:`utils.reference.activations.ACTIVATIONS`.
    generator : torch.Generator, optional
        Source of the first weights.

    Returns
    -------
    MLPCurve
        After the last step.

    Raises
    ------
    ParameterError
        If the shapes don't fit or a number is out of range.

    Notes
    -----
    .. math:: \hat y(u) = c + \sum_{j=1}^{\text{width}} v_j\, g(w_j u + b_j), \qquad
              u = \frac{2x - a - b}{b - a}

    with the smallest and largest points a and b. At first, the units bend at random places
    between them, :math:`b_j = -w_j u_j`, and with a gain of 4 (both assumed): zero biases
    would bend all at the middle.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_float("x", x)
    require_same_shape("y", y, "x", x)
    require_at_least(0, strength=strength, steps=steps)
    if x.ndim != 1 or x.numel() < 2 or not float(x.min()) < float(x.max()):
        raise ParameterError(f"expected two different points or more, got x={x.tolist()}")
    domain = (float(x.min()), float(x.max()))
    inputs, targets = _scale(x, domain), y[:, None]
    parameters = _start(width, x.dtype, generator)
    optimizer = Adam(lr=lr)
    losses = []
    for _ in range(steps):
        forward = mlp_forward(parameters, inputs, activation=activation)
        losses.append(float(mean_squared_error(forward.prediction, targets)))
        gradients = mlp_backward(parameters, forward, targets, activation=activation).parameters
        pulled = [
            (d_w + 2 * strength * w, d_b)
            for (w, _), (d_w, d_b) in zip(parameters, gradients, strict=True)
        ]
        (w, b), (v, c) = parameters
        w, b, v, c = optimizer.step([w, b, v, c], [*pulled[0], *pulled[1]])
        parameters = [(w, b), (v, c)]
    curve = MLPCurve(parameters, domain, activation, losses)
    losses.append(float(mean_squared_error(curve(x), y)))
    return curve


def _start(width: int, dtype: torch.dtype, generator: torch.Generator | None) -> Parameters:
    (w, _), output = initialize_mlp((1, width, 1), gain=4.0, dtype=dtype, generator=generator)
    places = 2 * torch.rand(width, dtype=dtype, generator=generator) - 1
    return [(w, -w[:, 0] * places), output]


def _scale(x: torch.Tensor, domain: tuple[float, float]) -> torch.Tensor:
    low, high = domain
    return ((2 * x - low - high) / (high - low))[:, None]
