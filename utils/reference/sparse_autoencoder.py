r"""A sparse auto-encoder: a net that copies its input through hidden units that mostly rest.

Points are rows, (n, n_features). The encoder is a sigmoid layer, the decoder a linear one
(for whitened or standardized points; a sigmoid would fit values in [0, 1]). Each hidden unit
is asked to be on in a share ρ of the points. Everything is averaged over the points.
Training is in :mod:`utils.reference.sparse_autoencoder_training`.

References
----------
Ng, "Sparse Autoencoder", lecture notes of CS294A, Stanford University, 2011.
Lee, Ekanadham and Ng, "Sparse Deep Belief Net Model for Visual Area V2", NeurIPS 2007 (the
idea of a target activation).
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

from utils.errors import ParameterError
from utils.reference.activations import sigmoid
from utils.reference.checks import require_at_least
from utils.reference.kmeans import require_rows

__all__ = [
    "AutoEncoder",
    "decode",
    "encode",
    "initialize_autoencoder",
    "sparse_autoencoder_grad",
    "sparse_autoencoder_loss",
]


class AutoEncoder(NamedTuple):
    """The parameters of an auto-encoder, or their gradients.

    Attributes
    ----------
    encoder : torch.Tensor
        W, shape (n_hidden, n_features): one detector a row.
    encoder_bias : torch.Tensor
        b, shape (n_hidden,).
    decoder : torch.Tensor
        D, shape (n_hidden, n_features): one atom a row.
    decoder_bias : torch.Tensor
        c, shape (n_features,).
    """

    encoder: torch.Tensor
    encoder_bias: torch.Tensor
    decoder: torch.Tensor
    decoder_bias: torch.Tensor


def initialize_autoencoder(
    n_features: int,
    n_hidden: int,
    *,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> AutoEncoder:
    r"""Return random weights and zero biases.

    Parameters
    ----------
    n_features, n_hidden : int
        Sizes of the two layers, ≥ 1.
    dtype : torch.dtype
        Of the parameters.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    AutoEncoder
        The parameters.

    Raises
    ------
    ParameterError
        If a size is out of range.

    Notes
    -----
    .. math:: W \sim \mathcal N(0, 1 / n_{\text{features}}), \qquad
              D \sim \mathcal N(0, 1 / n_{\text{hidden}}), \qquad b = c = 0

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_at_least(1, n_features=n_features, n_hidden=n_hidden)
    shape = (n_hidden, n_features)
    encoder, decoder = (torch.randn(shape, dtype=dtype, generator=generator) for _ in range(2))
    return AutoEncoder(
        encoder / math.sqrt(n_features),
        torch.zeros(n_hidden, dtype=dtype),
        decoder / math.sqrt(n_hidden),
        torch.zeros(n_features, dtype=dtype),
    )


def encode(net: AutoEncoder, points: torch.Tensor) -> torch.Tensor:
    r"""Return the hidden units of every point: its features.

    Parameters
    ----------
    net : AutoEncoder
        The parameters.
    points : torch.Tensor
        x, shape (n, n_features), floating point.

    Returns
    -------
    torch.Tensor
        h, shape (n, n_hidden), in [0, 1].

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: h = \sigma(W x + b)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("points", points, width=net.encoder.shape[1])
    return sigmoid(points @ net.encoder.T + net.encoder_bias)


def decode(net: AutoEncoder, hidden: torch.Tensor) -> torch.Tensor:
    r"""Return the points that hidden units stand for.

    Parameters
    ----------
    net : AutoEncoder
        The parameters.
    hidden : torch.Tensor
        h, shape (n, n_hidden), floating point.

    Returns
    -------
    torch.Tensor
        Shape (n, n_features).

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: \hat x = \sum_j h_j\, d_j + c

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("hidden", hidden, width=len(net.decoder))
    return hidden @ net.decoder + net.decoder_bias


def sparse_autoencoder_loss(
    net: AutoEncoder,
    points: torch.Tensor,
    *,
    sparsity: float = 0.05,
    sparsity_weight: float = 1.0,
    strength: float = 0.0,
) -> torch.Tensor:
    r"""Compute squared error plus sparsity penalty plus weight penalty.

    Parameters
    ----------
    net : AutoEncoder
        The parameters.
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    sparsity : float
        ρ in (0, 1), the share of points at which a hidden unit should be on.
    sparsity_weight : float
        μ ≥ 0.
    strength : float
        λ ≥ 0, of the L2 penalty on both weight matrices.

    Returns
    -------
    torch.Tensor
        A scalar, finite for all finite parameters.

    Raises
    ------
    ParameterError
        If the shapes don't fit or an option is out of range.

    Notes
    -----
    .. math:: L = \frac1N \sum_n \tfrac12\,\lVert x_n - \hat x_n \rVert^2
              + \mu \sum_j \mathrm{KL}(\rho \,\Vert\, \hat\rho_j)
              + \lambda \big(\lVert W \rVert^2 + \lVert D \rVert^2\big), \qquad
              \hat\rho_j = \frac1N \sum_n h_{nj}

    .. math:: \mathrm{KL}(\rho \,\Vert\, \hat\rho) = \rho \log\frac{\rho}{\hat\rho}
              + (1 - \rho) \log\frac{1 - \rho}{1 - \hat\rho}

    The logarithms come from those of the sigmoid: a mean of 0 in floating point is no problem.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _check_options(sparsity, sparsity_weight, strength)
    missed = points - decode(net, encode(net, points))
    log_on, log_off = _log_means(_pre_activations(net, points))
    entropy = sparsity * math.log(sparsity) + (1 - sparsity) * math.log(1 - sparsity)
    divergence = (entropy - sparsity * log_on - (1 - sparsity) * log_off).sum()
    weights = (net.encoder**2).sum() + (net.decoder**2).sum()
    return (missed**2).sum() / 2 / len(points) + sparsity_weight * divergence + strength * weights


def sparse_autoencoder_grad(
    net: AutoEncoder,
    points: torch.Tensor,
    *,
    sparsity: float = 0.05,
    sparsity_weight: float = 1.0,
    strength: float = 0.0,
) -> AutoEncoder:
    r"""Compute the gradient of :func:`sparse_autoencoder_loss`, written out.

    Parameters
    ----------
    net, points, sparsity, sparsity_weight, strength : as for sparse_autoencoder_loss
        The parameters, the points and the options.

    Returns
    -------
    AutoEncoder
        The derivatives with respect to the parameters.

    Raises
    ------
    ParameterError
        As in :func:`sparse_autoencoder_loss`.

    Notes
    -----
    Back through the sigmoid, the penalty joins what comes from the decoder:

    .. math:: \frac{\partial L}{\partial z_{nj}} = \frac1N \Big( (\hat x_n - x_n) \cdot d_j
              + \mu \Big( -\frac{\rho}{\hat\rho_j} + \frac{1 - \rho}{1 - \hat\rho_j} \Big) \Big)\,
              h_{nj} (1 - h_{nj})

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _check_options(sparsity, sparsity_weight, strength)
    n, h = len(points), encode(net, points)
    d_output = (decode(net, h) - points) / n
    z = _pre_activations(net, points)
    log_on, log_off = _log_means(z)
    on = (F.logsigmoid(z) - log_on).exp()  # h / ρ̂, also where both are nearly 0
    off = (F.logsigmoid(-z) - log_off).exp()
    penalty = (-sparsity * on * sigmoid(-z) + (1 - sparsity) * off * h) / n
    d_z = d_output @ net.decoder.T * h * sigmoid(-z) + sparsity_weight * penalty
    return AutoEncoder(
        d_z.T @ points + 2 * strength * net.encoder,
        d_z.sum(0),
        h.T @ d_output + 2 * strength * net.decoder,
        d_output.sum(0),
    )


def _pre_activations(net: AutoEncoder, points: torch.Tensor) -> torch.Tensor:
    return points @ net.encoder.T + net.encoder_bias


def _log_means(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log ρ̂ and log(1 - ρ̂) of every hidden unit."""
    n = math.log(len(z))
    return F.logsigmoid(z).logsumexp(0) - n, F.logsigmoid(-z).logsumexp(0) - n


def _check_options(sparsity: float, sparsity_weight: float, strength: float) -> None:
    if not 0 < sparsity < 1:
        raise ParameterError(f"expected 0 < sparsity < 1, got {sparsity}")
    require_at_least(0, sparsity_weight=sparsity_weight, strength=strength)
