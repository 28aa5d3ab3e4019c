"""Train the sparse auto-encoder of :mod:`utils.reference.sparse_autoencoder`."""

import torch

from utils.reference.checks import require_at_least, require_positive
from utils.reference.minibatch import iterate_minibatches
from utils.reference.sparse_autoencoder import (
    AutoEncoder,
    sparse_autoencoder_grad,
    sparse_autoencoder_loss,
)

__all__ = ["train_sparse_autoencoder"]


def train_sparse_autoencoder(
    net: AutoEncoder,
    points: torch.Tensor,
    *,
    lr: float,
    epochs: int,
    batch_size: int = 100,
    sparsity: float = 0.05,
    sparsity_weight: float = 1.0,
    strength: float = 0.0,
    generator: torch.Generator | None = None,
) -> tuple[AutoEncoder, list[float]]:
    r"""Train by mini-batch gradient descent.

    Parameters
    ----------
    net : AutoEncoder
        The start; it is left as it is.
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    lr : float
        Learning rate η > 0.
    epochs : int
        ≥ 0.
    batch_size : int
        ≥ 1. The share ρ is measured in every batch, so a small batch is a rough measure.
    sparsity, sparsity_weight, strength : float
        As for :func:`sparse_autoencoder_loss`.
    generator : torch.Generator, optional
        Chooses the order of the points.

    Returns
    -------
    net : AutoEncoder
        The trained parameters.
    losses : list of float
        Of all points, before the first epoch and after every one.

    Raises
    ------
    ParameterError
        If a number is out of range, or as in :func:`sparse_autoencoder_loss`.

    Notes
    -----
    .. math:: \theta \leftarrow \theta - \eta\,\frac{\partial L}{\partial\theta}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, epochs=epochs)
    options = {"sparsity": sparsity, "sparsity_weight": sparsity_weight, "strength": strength}
    losses = [float(sparse_autoencoder_loss(net, points, **options))]
    for _ in range(epochs):
        for (batch,) in iterate_minibatches(points, batch_size=batch_size, generator=generator):
            gradient = sparse_autoencoder_grad(net, batch, **options)
            net = AutoEncoder(*(p - lr * g for p, g in zip(net, gradient, strict=True)))
        losses.append(float(sparse_autoencoder_loss(net, points, **options)))
    return net, losses
