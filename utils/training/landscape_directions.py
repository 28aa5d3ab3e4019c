"""Directions in which to look at a loss landscape, and planes that two of them span.

Conventions: weights and directions are dicts from the names of ``model.named_parameters()`` to
tensors, always on the CPU; buffers (the running statistics of batch norm) are no part of them.
θ* is the point in the middle, δ and η are the two directions, a and b the coordinates:
θ(a, b) = θ* + aδ + bη.

References
----------
Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
NeurIPS 2018, arXiv:1712.09913.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from utils.errors import ParameterError

__all__ = [
    "Plane",
    "Weights",
    "filter_normalize",
    "flatten",
    "random_direction",
    "random_plane",
    "require_like",
    "snapshot",
]

Weights = Mapping[str, torch.Tensor]
"""The parameters of a model by name; or a direction: how each of them moves."""


@dataclass(frozen=True)
class Plane:
    """A plane in the space of all weights.

    Attributes
    ----------
    origin : dict of str to torch.Tensor
        θ*, the point with the coordinates (0, 0).
    first, second : dict of str to torch.Tensor
        δ and η; neither unit vectors nor at right angles unless their maker says so.
    explained : (float, float), optional
        Of a trajectory: how much of its squared distance from θ* lies along each.
    """

    origin: Weights
    first: Weights
    second: Weights
    explained: tuple[float, float] | None = None

    @property
    def directions(self) -> tuple[Weights, Weights]:
        """Both directions."""
        return self.first, self.second

    @property
    def cosine(self) -> float:
        """Cosine of the angle between the directions."""
        first, second = (flatten(direction, self.origin) for direction in self.directions)
        return float(first @ second / (first.norm() * second.norm()))


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the model's parameters, as a point of a trajectory.

    Parameters
    ----------
    model : torch.nn.Module
        Any.

    Returns
    -------
    dict of str to torch.Tensor
        On the CPU, without gradients; training goes on without changing it.

    Notes
    -----
    ``fit(..., on_epoch_end=lambda _: snapshots.append(snapshot(model)))`` makes a trajectory.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    return {name: p.detach().to("cpu", copy=True) for name, p in model.named_parameters()}


def random_direction(
    model: nn.Module, *, generator: torch.Generator | None = None
) -> dict[str, torch.Tensor]:
    r"""Return a direction of independent normal random numbers.

    Parameters
    ----------
    model : torch.nn.Module
        Whose parameters are to move.
    generator : torch.Generator, optional
        Of the CPU. Equal generators give equal directions.

    Returns
    -------
    dict of str to torch.Tensor
        Shapes and dtypes of the parameters.

    Notes
    -----
    .. math:: d_k \sim \mathcal N(0, 1)

    Not to be used as it is: see :func:`filter_normalize`.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    return {
        name: torch.randn(p.shape, dtype=p.dtype, generator=generator)
        for name, p in model.named_parameters()
    }


def filter_normalize(direction: Weights, model: nn.Module) -> dict[str, torch.Tensor]:
    r"""Return the direction with each filter as long as the same filter of the model.

    A ReLU network computes the same if a filter is scaled up and what follows is scaled down,
    and with batch norm even if nothing follows. A step of one length is then large for one
    network and small for its equal; a step in proportion to the filters is the same for both.

    Parameters
    ----------
    direction : dict of str to torch.Tensor
        d, one tensor for each parameter of the model, of its shape.
    model : torch.nn.Module
        With the weights θ.

    Returns
    -------
    dict of str to torch.Tensor
        A filter is a slice along a weight's first axis: an output channel of a convolution, a
        neuron's row of a linear layer. Biases and the parameters of normalization are 0.

    Raises
    ------
    ParameterError
        If names or shapes are not those of the model.

    Notes
    -----
    For filter j of layer i, in the Frobenius norm,

    .. math:: d_{i,j} \leftarrow \frac{d_{i,j}}{\lVert d_{i,j} \rVert} \lVert \theta_{i,j} \rVert

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 4.
    """
    weights = snapshot(model)
    require_like("direction", direction, weights)
    fixed = _normalization_parameters(model)
    return {
        name: torch.zeros_like(w) if w.ndim < 2 or name in fixed else _scale(direction[name], w)
        for name, w in weights.items()
    }


def random_plane(model: nn.Module, *, generator: torch.Generator | None = None) -> Plane:
    """Return a plane through the model's weights along two filter-normalized directions.

    Parameters
    ----------
    model : torch.nn.Module
        Its weights are θ*.
    generator : torch.Generator, optional
        Of the CPU. Equal generators give equal planes.

    Returns
    -------
    Plane
        The directions are *not* made orthogonal, as in Li et al.: among thousands of weights
        two random directions are nearly so (``plane.cosine``), and orthogonalization would
        change the lengths of the second one's filters.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    first, second = (
        filter_normalize(random_direction(model, generator=generator), model) for _ in range(2)
    )
    return Plane(snapshot(model), first, second)


def require_like(name: str, weights: Weights, like: Weights) -> None:
    """Raise ParameterError unless both have tensors of the same names and shapes."""
    got = {key: tuple(value.shape) for key, value in weights.items()}
    expected = {key: tuple(value.shape) for key, value in like.items()}
    for key in sorted(got.keys() | expected.keys()):
        if got.get(key) != expected.get(key):
            raise ParameterError(
                f"expected {name} to have {key!r} of shape {expected.get(key, 'none at all')}, "
                f"got {got.get(key, 'none at all')}"
            )


def flatten(weights: Weights, like: Weights) -> torch.Tensor:
    """Return all numbers in one row of float64, in the order of the names in `like`."""
    return torch.cat([weights[name].detach().double().flatten() for name in like])


def _scale(direction: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the direction, each of its filters as long as the weight's."""
    length = direction.flatten(1).norm(dim=1)
    factor = torch.where(length > 0, weight.flatten(1).norm(dim=1) / length, 0.0)
    return direction * factor.reshape(-1, *[1] * (weight.ndim - 1))


def _normalization_parameters(model: nn.Module) -> set[str]:
    """Return the names of parameters that look like filters, but belong to layer norm."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in model.named_modules()
        if isinstance(module, nn.LayerNorm | nn.RMSNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
