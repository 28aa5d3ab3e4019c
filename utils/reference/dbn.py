r"""Deep belief network: layers that are learned one by one without labels, then all with them.

Every layer is trained as an RBM on what the layer below makes of the data (greedy layer-wise
pre-training). Then a softmax layer goes on top, and the whole is an ordinary net of sigmoid
layers that is trained on by gradient descent (fine-tuning). It may also just serve as a
feature extractor. In speech recognition such nets took the place of the Gaussian mixtures in
GMM-HMM systems. Labels are class indices; parameters are those of :mod:`utils.reference.mlp`.

References
----------
Hinton et al., "A Fast Learning Algorithm for Deep Belief Nets",
*Neural Computation* 18, 2006.
Hamel and Eck, "Learning Features from Music Audio with Deep Belief Networks", ISMIR 2010.
Dahl, Yu, Deng and Acero, "Context-Dependent Pre-Trained Deep Neural Networks for
Large-Vocabulary Speech Recognition", *IEEE Transactions on Audio, Speech, and Language
Processing* 20, 2012.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_positive
from utils.reference.minibatch import iterate_minibatches
from utils.reference.mlp import Parameters, mlp_forward
from utils.reference.multiclass_losses import cross_entropy
from utils.reference.rbm import RBM, VisibleUnits, hidden_probability, initialize_rbm
from utils.reference.rbm_training import train_rbm

__all__ = ["FineTuning", "accuracy", "dbn_features", "dbn_to_mlp", "fine_tune", "pretrain_dbn"]


class FineTuning(NamedTuple):
    """What fine-tuning leaves behind.

    Attributes
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Those after the last epoch.
    train_losses : list of float
        Cross entropy of the labeled points, before the first epoch and after every one.
    test_accuracies : list of float
        Share of right answers on the held-out points, likewise.
    """

    parameters: Parameters
    train_losses: list[float]
    test_accuracies: list[float]


def pretrain_dbn(
    points: torch.Tensor,
    hidden_sizes: Sequence[int],
    *,
    lr: float,
    epochs: int,
    batch_size: int = 20,
    visible: VisibleUnits = "binary",
    generator: torch.Generator | None = None,
) -> list[RBM]:
    r"""Train one RBM after the other, each on the features of the one below; no labels.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point; in [0, 1] for binary units.
    hidden_sizes : sequence of int
        Hidden units of every layer, from the bottom up; at least one number ≥ 1.
    lr : float
        Learning rate η > 0; for a Gaussian first layer a tenth of it is taken there.
    epochs : int
        Of every layer, ≥ 0.
    batch_size : int
        ≥ 1.
    visible : {"binary", "gaussian"}
        The lowest layer; those above are binary.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    list of RBM
        From the bottom up.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    .. math:: h^{(0)} = x, \qquad h^{(k)} = P\big(h = 1 \mid v = h^{(k-1)};\, \text{RBM}_k\big)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    if not hidden_sizes:
        raise ParameterError("expected at least one hidden layer, got none")
    rbms: list[RBM] = []
    inputs, units = points, visible
    for size in hidden_sizes:
        start = initialize_rbm(
            inputs.shape[1], size, visible=units, dtype=points.dtype, generator=generator
        )
        rate = lr / 10 if units == "gaussian" else lr
        run = train_rbm(
            start, inputs, lr=rate, epochs=epochs, batch_size=batch_size, generator=generator
        )
        rbms.append(run.rbm)
        inputs, units = hidden_probability(run.rbm, inputs), "binary"
    return rbms


def dbn_features(rbms: Sequence[RBM], points: torch.Tensor) -> torch.Tensor:
    r"""Return what the top layer makes of the points: features for any classifier.

    Parameters
    ----------
    rbms : sequence of RBM
        From the bottom up.
    points : torch.Tensor
        x, shape (n, n_features), floating point.

    Returns
    -------
    torch.Tensor
        Shape (n, n_hidden of the top), in [0, 1].

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: h^{(k)} = \sigma\big(W^{(k)} h^{(k-1)} + c^{(k)}\big)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    features = points
    for rbm in rbms:
        features = hidden_probability(rbm, features)
    return features


def dbn_to_mlp(rbms: Sequence[RBM], *, n_classes: int) -> Parameters:
    r"""Return the layers as an ordinary net with a softmax layer of zeros on top.

    Parameters
    ----------
    rbms : sequence of RBM
        From the bottom up, at least one.
    n_classes : int
        ≥ 2.

    Returns
    -------
    list of (torch.Tensor, torch.Tensor)
        For :func:`utils.reference.mlp.mlp_forward`; its output are the logits.

    Raises
    ------
    ParameterError
        If there is no layer or `n_classes` is out of range.

    Notes
    -----
    .. math:: \hat y = \mathrm{softmax}\big(V h^{(K)} + a\big), \qquad V = 0, \quad a = 0

    The visible biases are of no more use.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    if not rbms:
        raise ParameterError("expected at least one RBM, got none")
    require_at_least(2, n_classes=n_classes)
    top = rbms[-1].weight
    softmax_layer = (top.new_zeros(n_classes, len(top)), top.new_zeros(n_classes))
    return [*((rbm.weight, rbm.hidden_bias) for rbm in rbms), softmax_layer]


def accuracy(parameters: Parameters, points: torch.Tensor, labels: torch.Tensor) -> float:
    r"""Return the share of points whose largest logit is that of their class.

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        Of the net, the last layer gives the logits.
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    labels : torch.Tensor of int64
        Shape (n,).

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    .. math:: \frac1N \sum_n \big[\arg\max_i \tilde y_{ni} = y_n\big]

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    logits = mlp_forward(parameters, points).prediction
    return float((logits.argmax(1) == labels).double().mean())


def fine_tune(
    parameters: Parameters,
    train: tuple[torch.Tensor, torch.Tensor],
    test: tuple[torch.Tensor, torch.Tensor],
    *,
    lr: float,
    epochs: int,
    batch_size: int = 20,
    generator: torch.Generator | None = None,
) -> FineTuning:
    r"""Train all layers on labeled points, by mini-batch gradient descent.

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
        The start: pre-trained (:func:`dbn_to_mlp`) or not; left as it is.
    train, test : (torch.Tensor, torch.Tensor)
        Points (n, n_features) and class indices (n,).
    lr : float
        Learning rate η > 0.
    epochs : int
        ≥ 0.
    batch_size : int
        ≥ 1.
    generator : torch.Generator, optional
        Chooses the order of the points.

    Returns
    -------
    FineTuning
        The parameters after the last epoch, and curves.

    Raises
    ------
    ParameterError
        If a number is out of range or the shapes don't fit.

    Notes
    -----
    .. math:: \theta \leftarrow \theta - \eta\,\nabla_\theta L, \qquad
              L = -\frac1B \sum_n \log \hat y_{n, y_n}

    The gradients come from PyTorch: with sigmoids throughout they are those that
    :func:`utils.reference.mlp.mlp_backward` writes out.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, epochs=epochs)
    losses = [_loss(parameters, *train)]
    accuracies = [accuracy(parameters, *test)]
    for _ in range(epochs):
        for x, y in iterate_minibatches(*train, batch_size=batch_size, generator=generator):
            parameters = _descend(parameters, x, y, lr)
        losses.append(_loss(parameters, *train))
        accuracies.append(accuracy(parameters, *test))
    return FineTuning(parameters, losses, accuracies)


def _loss(parameters: Parameters, x: torch.Tensor, y: torch.Tensor) -> float:
    return float(cross_entropy(mlp_forward(parameters, x).prediction, y))


def _descend(parameters: Parameters, x: torch.Tensor, y: torch.Tensor, lr: float) -> Parameters:
    leaves = [tensor.detach().requires_grad_() for layer in parameters for tensor in layer]
    layers = list(zip(leaves[::2], leaves[1::2], strict=True))
    loss = cross_entropy(mlp_forward(layers, x).prediction, y)
    gradients = torch.autograd.grad(loss, leaves)
    new = [p.detach() - lr * g for p, g in zip(leaves, gradients, strict=True)]
    return list(zip(new[::2], new[1::2], strict=True))
