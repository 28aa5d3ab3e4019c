r"""Train a restricted Boltzmann machine: contrastive divergence, and units that mostly rest.

The log likelihood rises where the data make a pair of units agree more often than the machine
does when left alone. What the machine does is found by Gibbs steps, which never end; contrastive
divergence starts them at the data and stops after k. Conventions are those of
:mod:`utils.reference.rbm`; the gradients of the likelihood point uphill.

References
----------
Hinton, "Training Products of Experts by Minimizing Contrastive Divergence",
*Neural Computation* 14, 2002.
Lee, Ekanadham and Ng, "Sparse Deep Belief Net Model for Visual Area V2", NeurIPS 2007.
"""

from typing import NamedTuple

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_positive
from utils.reference.minibatch import iterate_minibatches
from utils.reference.rbm import RBM, gibbs_step, hidden_probability, visible_mean

__all__ = [
    "RBMGradient",
    "RBMRun",
    "contrastive_divergence",
    "reconstruction_error",
    "sparsity_penalty",
    "sparsity_penalty_grad",
    "train_rbm",
]


class RBMGradient(NamedTuple):
    """Derivatives with respect to the parameters of an RBM.

    Attributes
    ----------
    weight : torch.Tensor
        Shape (n_hidden, n_visible).
    hidden_bias : torch.Tensor
        Shape (n_hidden,).
    visible_bias : torch.Tensor
        Shape (n_visible,).
    """

    weight: torch.Tensor
    hidden_bias: torch.Tensor
    visible_bias: torch.Tensor


class RBMRun(NamedTuple):
    """What a training run leaves behind.

    Attributes
    ----------
    rbm : RBM
        The trained parameters.
    errors : list of float
        :func:`reconstruction_error` of all points, before the first epoch and after every one.
    activations : list of float
        Mean probability of a hidden unit to be on, likewise.
    """

    rbm: RBM
    errors: list[float]
    activations: list[float]


def contrastive_divergence(
    rbm: RBM, v: torch.Tensor, *, k: int = 1, generator: torch.Generator | None = None
) -> RBMGradient:
    r"""Estimate the gradient of the mean log likelihood by k Gibbs steps from the data.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Data, shape (n, n_visible), floating point; binary or probabilities, or real numbers
        for Gaussian units.
    k : int
        ≥ 1: more steps, less bias.
    generator : torch.Generator, optional
        Source of randomness, on the device of `v`.

    Returns
    -------
    RBMGradient
        Uphill, averaged over the points.

    Raises
    ------
    ParameterError
        If the shapes don't fit or `k` < 1.

    Notes
    -----
    .. math:: \frac{\partial \log P(v)}{\partial W_{ji}}
              = \langle h_j v_i \rangle_{\text{data}} - \langle h_j v_i \rangle_{\text{model}}
              \approx \langle h_j v_i \rangle_0 - \langle h_j v_i \rangle_k

    and :math:`\langle h_j \rangle`, :math:`\langle v_i \rangle` likewise for the biases; for
    h its probability is used, which has less noise than a draw.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_at_least(1, k=k)
    h_data = hidden_probability(rbm, v)
    v_model = v
    for _ in range(k):
        v_model = gibbs_step(rbm, v_model, generator=generator)
    h_model = hidden_probability(rbm, v_model)
    return RBMGradient(
        (h_data.T @ v - h_model.T @ v_model) / len(v),
        (h_data - h_model).mean(0),
        (v - v_model).mean(0),
    )


def sparsity_penalty(rbm: RBM, v: torch.Tensor, *, target: float) -> torch.Tensor:
    r"""Compute how far the hidden units are from being on as seldom as they should.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Data, shape (n, n_visible), floating point.
    target : float
        ρ in (0, 1), the share of points at which a unit should be on.

    Returns
    -------
    torch.Tensor
        A scalar ≥ 0.

    Raises
    ------
    ParameterError
        If the shapes don't fit or `target` is out of range.

    Notes
    -----
    .. math:: \sum_j \Big( \rho - \frac1N \sum_n P(h_j = 1 \mid v_n) \Big)^2

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_target(target)
    return ((target - hidden_probability(rbm, v).mean(0)) ** 2).sum()


def sparsity_penalty_grad(rbm: RBM, v: torch.Tensor, *, target: float) -> torch.Tensor:
    r"""Compute the gradient of :func:`sparsity_penalty` with respect to the hidden biases.

    Lee et al. leave the weights out of it: a bias is enough to make a unit rest.

    Parameters
    ----------
    rbm, v, target : as for sparsity_penalty
        The parameters, the data and the share.

    Returns
    -------
    torch.Tensor
        Shape (n_hidden,).

    Raises
    ------
    ParameterError
        As in :func:`sparsity_penalty`.

    Notes
    -----
    With :math:`q_{nj} = P(h_j = 1 \mid v_n)` and its mean :math:`\bar q_j`,

    .. math:: \frac{\partial}{\partial c_j} = -2\,(\rho - \bar q_j)\,
              \frac1N \sum_n q_{nj} (1 - q_{nj})

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_target(target)
    q = hidden_probability(rbm, v)
    return -2 * (target - q.mean(0)) * (q * (1 - q)).mean(0)


def reconstruction_error(rbm: RBM, v: torch.Tensor) -> float:
    r"""Return the mean squared error of going up and down once, without chance.

    It is not what training minimizes, but easy to watch.

    Parameters
    ----------
    rbm : RBM
        The parameters.
    v : torch.Tensor
        Data, shape (n, n_visible), floating point.

    Returns
    -------
    float
        Averaged over points and units.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: \frac{1}{N I} \sum_{n,i} \big(v_{ni} - \mathrm E[v_i \mid P(h \mid v_n)]\big)^2

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return float(((v - visible_mean(rbm, hidden_probability(rbm, v))) ** 2).mean())


def train_rbm(
    rbm: RBM,
    v: torch.Tensor,
    *,
    lr: float,
    epochs: int,
    batch_size: int = 20,
    k: int = 1,
    target: float = 0.05,
    sparsity_weight: float = 0.0,
    generator: torch.Generator | None = None,
) -> RBMRun:
    r"""Train by mini-batches; a sparse RBM if `sparsity_weight` is above zero.

    Parameters
    ----------
    rbm : RBM
        The start, as from :func:`utils.reference.rbm.initialize_rbm`; it is left as it is.
    v : torch.Tensor
        Data, shape (n, n_visible), floating point.
    lr : float
        Learning rate η > 0; for Gaussian units ten times smaller than for binary ones.
    epochs : int
        ≥ 0.
    batch_size : int
        ≥ 1.
    k : int
        Gibbs steps of an update, ≥ 1.
    target : float
        ρ in (0, 1), as for :func:`sparsity_penalty`.
    sparsity_weight : float
        μ ≥ 0.
    generator : torch.Generator, optional
        Source of randomness, on the device of `v`.

    Returns
    -------
    RBMRun
        The trained parameters, and curves.

    Raises
    ------
    ParameterError
        If the shapes don't fit or a number is out of range.

    Notes
    -----
    .. math:: \theta \leftarrow \theta + \eta\,\Big(
              \widehat{\frac{\partial \log P}{\partial\theta}}
              - \mu\,\frac{\partial\,\text{sparsity penalty}}{\partial\theta} \Big)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, epochs=epochs, sparsity_weight=sparsity_weight)
    errors = [reconstruction_error(rbm, v)]
    activations = [float(hidden_probability(rbm, v).mean())]
    for _ in range(epochs):
        for (batch,) in iterate_minibatches(v, batch_size=batch_size, generator=generator):
            up = contrastive_divergence(rbm, batch, k=k, generator=generator)
            rest = sparsity_weight * sparsity_penalty_grad(rbm, batch, target=target)
            rbm = rbm._replace(
                weight=rbm.weight + lr * up.weight,
                hidden_bias=rbm.hidden_bias + lr * (up.hidden_bias - rest),
                visible_bias=rbm.visible_bias + lr * up.visible_bias,
            )
        errors.append(reconstruction_error(rbm, v))
        activations.append(float(hidden_probability(rbm, v).mean()))
    return RBMRun(rbm, errors, activations)


def _require_target(target: float) -> None:
    if not 0 < target < 1:
        raise ParameterError(f"expected 0 < target < 1, got {target}")
