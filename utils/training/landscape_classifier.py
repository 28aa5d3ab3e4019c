r"""The logits of a network's last layer on a plane of its weights.

If only the last layer moves, the network's features never change: they are computed once. The
logits are then an affine function of the coordinates (a, b),

.. math:: \tilde y(a, b) = Z_0 + a Z_1 + b Z_2, \qquad
          Z_0 = H W^T + c, \quad Z_k = H\,\Delta W_k^T + \Delta c_k,

with features H, weight W and bias c, and three matrices of shape (n notes, classes) are all that
a race of optimizers needs, in Python or in a browser. Cross entropy is convex in the logits,
hence on the plane: such a plane has ravines, but no hill between two valleys.

Conventions: logits are (n, classes), points (a, b) are in the last axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from utils.errors import ParameterError
from utils.training.evaluate import device_of, evaluating
from utils.training.landscape_directions import Weights, require_like
from utils.training.landscape_loss import Pairs, load_pairs

__all__ = ["ClassifierPlane", "classifier_features", "classifier_plane", "require_plane"]


@dataclass(frozen=True)
class ClassifierPlane:
    """All that the loss of a linear classifier on a plane depends on.

    Attributes
    ----------
    z0 : torch.Tensor, shape (n, classes)
        Logits at (0, 0).
    z1, z2 : torch.Tensor, shape (n, classes)
        By how much they change with a and with b.
    targets : torch.Tensor of int64, shape (n,)
        The right classes.
    """

    z0: torch.Tensor
    z1: torch.Tensor
    z2: torch.Tensor
    targets: torch.Tensor

    def to_dict(self, *, decimals: int = 4) -> dict[str, Any]:
        """Return what JSON can hold, rounded.

        Rounding changes a loss by at most (1 + abs(a) + abs(b)) · 10^-decimals.
        """
        logits = {"z0": self.z0, "z1": self.z1, "z2": self.z2}
        rounded = {key: z.double().round(decimals=decimals).tolist() for key, z in logits.items()}
        return {**rounded, "targets": self.targets.tolist()}


def classifier_features(
    model: nn.Module, data: Pairs, *, layer: nn.Linear | None = None, batch_size: int = 256
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what goes into a model's last layer, and the targets.

    Parameters
    ----------
    model : torch.nn.Module
        What its last linear layer puts out is what it returns, as with ``LectureCNN``.
    data : NoteSet, torch.utils.data.Dataset, or (inputs, targets)
        A few hundred notes.
    layer : torch.nn.Linear, optional
        The last layer. Default: the last linear one among the model's modules.
    batch_size : int
        Changes speed and memory, not the result.

    Returns
    -------
    features : torch.Tensor
        H, shape (n, in_features), in eval mode, on the model's device.
    targets : torch.Tensor
        Shape (n,).

    Raises
    ------
    ParameterError
        If there is no such layer, or the model does something after it.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    layer = layer if layer is not None or not linear else linear[-1]
    if layer is None:
        raise ParameterError(f"expected a model with a linear layer, got {type(model).__name__}")
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda _, inputs, out: seen.extend((inputs[0], out)))
    features, batches = [], load_pairs(data, device_of(model), batch_size)
    try:
        with evaluating(model):
            for inputs, _ in batches:
                seen.clear()
                logits = model(inputs)
                if len(seen) != 2 or not torch.equal(seen[1], logits):
                    raise ParameterError("expected a model that ends with its linear layer")
                features.append(seen[0])
    finally:
        hook.remove()
    return torch.cat(features), torch.cat([targets for _, targets in batches])


def classifier_plane(
    features: torch.Tensor,
    targets: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    directions: Sequence[Weights],
) -> ClassifierPlane:
    r"""Return the logits of a linear layer on a plane of its weights.

    Parameters
    ----------
    features : torch.Tensor
        H, shape (n, in_features); from :func:`classifier_features`.
    targets : torch.Tensor of int64
        Class indices, shape (n,).
    weight : torch.Tensor
        W at (0, 0), shape (classes, in_features).
    bias : torch.Tensor or None
        c at (0, 0), shape (classes,).
    directions : sequence of dict of str to torch.Tensor
        Two of them, each with "weight" and, if there is a bias, "bias": the directions of
        ``random_plane(model.fc)``, a nearly round bowl, or of ``trajectory_directions`` of
        its snapshots, a ravine.

    Returns
    -------
    ClassifierPlane
        On the CPU, in float64.

    Raises
    ------
    ParameterError
        If shapes do not fit, or a target is not a class.

    Notes
    -----
    .. math:: Z_0 = H W^T + c, \qquad Z_k = H\,\Delta W_k^T + \Delta c_k

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    own = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    if len(directions) != 2:
        raise ParameterError(f"expected 2 directions, got {len(directions)}")
    for name, direction in zip(("first", "second"), directions, strict=True):
        require_like(f"the {name} direction", direction, own)
    if features.ndim != 2 or features.shape[1] != weight.shape[1]:
        raise ParameterError(
            f"expected features (n, {weight.shape[1]}), got {tuple(features.shape)}"
        )
    z0, z1, z2 = (_linear(features, weights) for weights in (own, *directions))
    targets = targets.detach().cpu()
    require_plane(z0, z1, z2, targets)
    return ClassifierPlane(z0, z1, z2, targets)


def require_plane(
    z0: torch.Tensor, z1: torch.Tensor, z2: torch.Tensor, targets: torch.Tensor
) -> None:
    """Raise ParameterError unless there are three equal shapes and a class for each row."""
    if z0.ndim != 2 or not z0.shape == z1.shape == z2.shape or targets.shape != z0.shape[:1]:
        raise ParameterError(
            "expected z0, z1, z2 of one shape (n, classes) and targets (n,), got "
            f"{', '.join(str(tuple(t.shape)) for t in (z0, z1, z2, targets))}"
        )
    if len(targets) == 0 or int(targets.min()) < 0 or int(targets.max()) >= z0.shape[1]:
        raise ParameterError(f"expected at least 1 target, all from 0 to {z0.shape[1] - 1}")


def _linear(features: torch.Tensor, weights: Weights) -> torch.Tensor:
    """Return what a linear layer of these weights puts out, in float64."""
    weight = weights["weight"].detach().cpu().double()
    logits = features.detach().cpu().double() @ weight.T
    return logits + weights["bias"].detach().cpu().double() if "bias" in weights else logits
