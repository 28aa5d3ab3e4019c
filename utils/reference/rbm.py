r"""Restricted Boltzmann machine: visible and hidden units that make each other likely.

Visible units v are binary, or Gaussian with unit variance for standardized frames; hidden
units h are binary. There are no connections within a layer, hence "restricted": given one
layer, the units of the other are independent. Points are rows, (n, n_visible); weights are
(n_hidden, n_visible), so a row can be looked at as an atom, and the layer is later a layer of
a net. Training is in :mod:`utils.reference.rbm_training`, the likelihood
in :mod:`utils.reference.rbm_likelihood`.

References
----------
Smolensky, "Information Processing in Dynamical Systems: Foundations of Harmony Theory", in
*Parallel Distributed Processing* 1, MIT Press, 1986.
Hinton, "A Practical Guide to Training Restricted Boltzmann Machines", 2010.
"""

from typing import Literal, NamedTuple

import torch

from utils.errors import ParameterError
from utils.reference.activations import sigmoid, softplus
from utils.reference.checks import require_at_least
from utils.reference.kmeans import require_rows

__all__ = [
    "RBM",
    "VisibleUnits",
    "energy",
    "free_energy",
    "gibbs_step",
    "hidden_probability",
    "initialize_rbm",
    "visible_mean",
]

VisibleUnits = Literal["binary", "gaussian"]


class RBM(NamedTuple):
    """The parameters of a restricted Boltzmann machine.

    Attributes
    ----------
    weight : torch.Tensor
        W, shape (n_hidden, n_visible).
    hidden_bias : torch.Tensor
        c, shape (n_hidden,).
    visible_bias : torch.Tensor
        b, shape (n_visible,).
    visible : {"binary", "gaussian"}
        What the visible units are.
    """

    weight: torch.Tensor
    hidden_bias: torch.Tensor
    visible_bias: torch.Tensor
    visible: VisibleUnits = "binary"


def initialize_rbm(
    n_visible: int,
    n_hidden: int,
    *,
    visible: VisibleUnits = "binary",
    std: float = 0.01,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> RBM:
    r"""Return small random weights and zero biases.

    Parameters
    ----------
    n_visible, n_hidden : int
        Sizes of the two layers, ≥ 1.
    visible : {"binary", "gaussian"}
        What the visible units are.
    std : float
        s ≥ 0, of the weights; 0.01 is Hinton's advice.
    dtype : torch.dtype
        Of the parameters.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    RBM
        The parameters.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    .. math:: W \sim \mathcal N(0, s^2), \qquad b = c = 0

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_at_least(1, n_visible=n_visible, n_hidden=n_hidden)
    require_at_least(0, std=std)
    if visible not in ("binary", "gaussian"):
        raise ParameterError(f"expected visible 'binary' or 'gaussian', got {visible!r}")
    weight = std * torch.randn(n_hidden, n_visible, dtype=dtype, generator=generator)
    return RBM(weight, weight.new_zeros(n_hidden), weight.new_zeros(n_visible), visible)


def energy(rbm: RBM, v: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    r"""Compute the energy of states of all units: the lower, the likelier.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Visible units, shape (n, n_visible), floating point.
    h : torch.Tensor
        Hidden units, shape (n, n_hidden).

    Returns
    -------
    torch.Tensor
        E, shape (n,).

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: P(v, h) = \frac{e^{-E(v, h)}}{Z}, \qquad E(v, h) = A(v) - c \cdot h - h^T W v

    with :math:`A(v) = -b \cdot v` for binary and
    :math:`\tfrac12 \lVert v - b \rVert^2` for Gaussian visible units.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("h", h, width=len(rbm.hidden_bias))
    return _visible_energy(rbm, v) - h @ rbm.hidden_bias - (h @ rbm.weight * v).sum(1)


def free_energy(rbm: RBM, v: torch.Tensor) -> torch.Tensor:
    r"""Compute the energy of visible units, with all hidden states taken into account.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Visible units, shape (n, n_visible), floating point.

    Returns
    -------
    torch.Tensor
        F, shape (n,): :math:`P(v) = e^{-F(v)} / Z`.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    The sum over 2 to the power of n_hidden states falls apart into one factor a unit:

    .. math:: F(v) = -\log \sum_h e^{-E(v, h)}
              = A(v) - \sum_j \log\big(1 + e^{c_j + W_j v}\big)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return _visible_energy(rbm, v) - softplus(v @ rbm.weight.T + rbm.hidden_bias).sum(1)


def hidden_probability(rbm: RBM, v: torch.Tensor) -> torch.Tensor:
    r"""Return the probability that each hidden unit is on: the features of a point.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Visible units, shape (n, n_visible), floating point; probabilities will do too.

    Returns
    -------
    torch.Tensor
        Shape (n, n_hidden).

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: P(h_j = 1 \mid v) = \sigma(c_j + W_j v)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("v", v, width=len(rbm.visible_bias))
    return sigmoid(v @ rbm.weight.T + rbm.hidden_bias)


def visible_mean(rbm: RBM, h: torch.Tensor) -> torch.Tensor:
    r"""Return what the visible units are expected to be: the point that the features stand for.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    h : torch.Tensor
        Hidden units, shape (n, n_hidden), floating point; probabilities will do too.

    Returns
    -------
    torch.Tensor
        Shape (n, n_visible): the probability of 1, or the mean of the Gaussian.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: \mathrm E[v_i \mid h] = \sigma\big(b_i + (W^T h)_i\big)
              \quad \text{or} \quad b_i + (W^T h)_i

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("h", h, width=len(rbm.hidden_bias))
    total = h @ rbm.weight + rbm.visible_bias
    return sigmoid(total) if rbm.visible == "binary" else total


def gibbs_step(
    rbm: RBM, v: torch.Tensor, *, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Return new visible units: draw all hidden units, then all visible ones.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Visible units, shape (n, n_visible), floating point.
    generator : torch.Generator, optional
        Source of randomness, on the device of `v`.

    Returns
    -------
    torch.Tensor
        Same shape. Repeated for long, they follow the distribution of the machine.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: h \sim P(h \mid v), \qquad v' \sim P(v \mid h)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    h = torch.bernoulli(hidden_probability(rbm, v), generator=generator)
    mean = visible_mean(rbm, h)
    if rbm.visible == "binary":
        return torch.bernoulli(mean, generator=generator)
    noise = torch.randn(mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
    return mean + noise


def _visible_energy(rbm: RBM, v: torch.Tensor) -> torch.Tensor:
    require_rows("v", v, width=len(rbm.visible_bias))
    if rbm.visible == "binary":
        return -v @ rbm.visible_bias
    return ((v - rbm.visible_bias) ** 2).sum(1) / 2
