"""The likelihood of a tiny restricted Boltzmann machine, counted out.

For a machine of useful size nobody can: that is why training only estimates its slope.
Conventions are those of :mod:`utils.reference.rbm`.
"""

import math

import torch

from utils.errors import ParameterError
from utils.reference.activations import softplus
from utils.reference.rbm import RBM, free_energy

__all__ = ["log_likelihood", "log_partition"]


def log_partition(rbm: RBM) -> torch.Tensor:
    r"""Compute the logarithm of Z by counting all hidden states: for tiny machines only.

    Parameters
    ----------
    rbm : RBM
        The parameters, with 16 hidden units at most.

    Returns
    -------
    torch.Tensor
        A scalar.

    Raises
    ------
    ParameterError
        If there are too many hidden units.

    Notes
    -----
    .. math:: Z = \sum_h e^{c \cdot h} \prod_i \big(1 + e^{b_i + t_i}\big)
              \quad \text{or} \quad
              \sum_h e^{c \cdot h} \prod_i \sqrt{2\pi}\, e^{b_i t_i + t_i^2 / 2},
              \qquad t = W^T h

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    n_hidden, n_visible = rbm.weight.shape
    if n_hidden > 16:
        raise ParameterError(f"expected at most 16 hidden units, got {n_hidden}")
    states = torch.arange(2**n_hidden, device=rbm.weight.device)[:, None]
    h = ((states >> torch.arange(n_hidden, device=states.device)) & 1).to(rbm.weight)
    t = h @ rbm.weight
    if rbm.visible == "binary":
        log_integral = softplus(t + rbm.visible_bias).sum(1)
    else:
        gaussian = n_visible / 2 * math.log(2 * math.pi)
        log_integral = (rbm.visible_bias * t + t**2 / 2).sum(1) + gaussian
    return (h @ rbm.hidden_bias + log_integral).logsumexp(0)


def log_likelihood(rbm: RBM, v: torch.Tensor) -> torch.Tensor:
    r"""Compute the logarithm of the probability (density) of every point.

    Parameters
    ----------
    rbm : RBM
        The parameters, with 16 hidden units at most.
    v : torch.Tensor
        Visible units, shape (n, n_visible), floating point.

    Returns
    -------
    torch.Tensor
        Shape (n,).

    Raises
    ------
    ParameterError
        If the shapes don't fit or there are too many hidden units.

    Notes
    -----
    .. math:: \log P(v) = -F(v) - \log Z

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return -free_energy(rbm, v) - log_partition(rbm)
