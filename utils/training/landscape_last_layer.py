r"""The plane on which the last layer of a network learned: a real loss for a race of optimizers.

The network's features stay as they are, and its last layer learns anew by plain gradient
descent, from zero: all classes equally likely, loss log K. Its way lies nearly in a plane (98 %
of it and more), and there the loss has a long ravine, as losses of networks do. A random plane
through the same weights would be a dull, round bowl.

Conventions: as in :mod:`utils.training.landscape_classifier`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.training.landscape_classifier import (
    ClassifierPlane,
    classifier_features,
    classifier_plane,
)
from utils.training.landscape_directions import Weights, snapshot
from utils.training.landscape_loss import Pairs
from utils.training.landscape_trajectory import project, trajectory_directions

__all__ = ["LastLayerPlane", "last_layer_plane", "last_layer_run"]

EVERY = 5
"""Steps between snapshots: more of them only make the principal plane slower to find."""


@dataclass(frozen=True)
class LastLayerPlane:
    """A plane and the run that it was laid through.

    Attributes
    ----------
    plane : ClassifierPlane
        (0, 0) is where the run ended.
    path : torch.Tensor, shape (steps // 5 + 1, 2)
        The run's coordinates at its start and after every fifth step.
    explained : (float, float)
        Which fractions of the run lie along the two directions.
    """

    plane: ClassifierPlane
    path: torch.Tensor
    explained: tuple[float, float]


def last_layer_run(
    features: torch.Tensor, targets: torch.Tensor, *, n_classes: int, steps: int = 300
) -> list[dict[str, torch.Tensor]]:
    r"""Return the weights of a linear layer before its training and after every fifth step.

    Parameters
    ----------
    features : torch.Tensor
        H, shape (n, in_features).
    targets : torch.Tensor of int64
        Class indices, shape (n,).
    n_classes : int
        K ≥ 2.
    steps : int
        Of gradient descent on the mean cross entropy; at least 10.

    Returns
    -------
    list of dict of str to torch.Tensor
        "weight" and "bias", in float64, steps // 5 + 1 times.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    The learning rate is half of the stability limit at the start, where each ŷ is 1/K and the
    largest curvature 1/K times the largest eigenvalue c of :math:`(H H^T + 1)/n`:

    .. math:: \eta = \frac12 \cdot \frac{2 K}{c}

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if n_classes < 2 or steps < 2 * EVERY:
        raise ParameterError(f"expected n_classes ≥ 2, steps ≥ 10, got {n_classes} and {steps}")
    h, y = features.detach().cpu().double(), targets.detach().cpu()
    layer = nn.utils.skip_init(nn.Linear, h.shape[1], n_classes, dtype=torch.float64)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    c = float(torch.linalg.eigvalsh((h @ h.T + 1) / len(h))[-1])
    optimizer = torch.optim.SGD(layer.parameters(), lr=n_classes / c)
    snapshots = [snapshot(layer)]
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        F.cross_entropy(layer(h), y).backward()
        optimizer.step()
        if step % EVERY == 0:
            snapshots.append(snapshot(layer))
    return snapshots


def last_layer_plane(
    model: nn.Module, data: Pairs, *, steps: int = 300, layer: nn.Linear | None = None
) -> LastLayerPlane:
    """Return the plane of a run of a model's last layer; the model itself stays as it is.

    Parameters
    ----------
    model : torch.nn.Module
        Any that ends with a linear layer, such as the learner's own.
    data : NoteSet, torch.utils.data.Dataset, or (inputs, targets)
        One or two hundred notes: what the loss is the mean of.
    steps : int
        See :func:`last_layer_run`.
    layer : torch.nn.Linear, optional
        Default: the last linear one.

    Returns
    -------
    LastLayerPlane

    Raises
    ------
    ParameterError
        If the model has no such layer, or an option is out of range.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    features, targets = classifier_features(model, data, layer=layer)
    if layer is None:
        layer = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    snapshots = last_layer_run(features, targets, n_classes=layer.out_features, steps=steps)
    return _plane_of(features, targets, snapshots)


def _plane_of(
    features: torch.Tensor, targets: torch.Tensor, snapshots: Sequence[Weights]
) -> LastLayerPlane:
    found = trajectory_directions(snapshots)
    last = snapshots[-1]
    plane = classifier_plane(features, targets, last["weight"], last["bias"], found.directions)
    explained = found.explained or (0.0, 0.0)
    return LastLayerPlane(plane, project(snapshots, found), (explained[0], explained[1]))
