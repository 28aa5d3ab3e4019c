"""The mean loss of a network at any point around its weights.

Conventions: θ* is the point in the middle, δ and η are the two directions, a and b the
coordinates; the loss is the mean over all given notes, in eval mode (no dropout). The model is
only read: its weights, buffers, gradients and modes are the same afterwards, bit for bit, also
after an error or Ctrl-C.

Batch norm is what most often goes wrong in such pictures. Its running statistics were measured
at θ*; a step away the layers before it put out something else, and the network with the old
statistics is one that no training would ever meet: its loss is far too high, the valley far too
narrow. ``batch_norm="recompute"``, the default, takes the statistics of the given notes at every
point anew, which is the function that training descends. ``"keep"`` leaves those of θ*, as the
authors' own code does; its value at (0, 0) is that of ``evaluate``.

References
----------
Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
NeurIPS 2018, arXiv:1712.09913.
"""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from utils.errors import ParameterError
from utils.training.batches import Batch, Batches, Data
from utils.training.evaluate import Loss, device_of, evaluating
from utils.training.landscape_directions import Plane, Weights, random_plane, require_like

__all__ = ["BatchNorm", "LossAt", "Pairs", "load_pairs"]

BatchNorm = Literal["recompute", "keep"]
"""Statistics of the notes at every point, or those of the model."""

Pairs = Data | Batch
"""Notes, a map-style data set of (input, label), or two tensors (inputs, targets)."""


class LossAt:
    r"""The mean loss at a point of a plane: ``LossAt(model, data)(0.5, -0.2)``.

    Parameters
    ----------
    model : torch.nn.Module
        Its buffers, and the weights if there is no plane, are copied now: training it further
        does not move the landscape.
    data : NoteSet, torch.utils.data.Dataset, or (inputs, targets)
        A few hundred notes; all are loaded at once.
    plane : Plane, optional
        Its origin is θ*. Default: :func:`random_plane`.
    loss : callable
        Takes outputs and targets, returns the mean over a batch.
    batch_norm : {"recompute", "keep"}
        See the top of this module. No difference without batch norm.
    batch_size : int
        Changes speed and memory, not the result. Recomputed statistics need all the notes in
        one batch, and take no notice of it.
    generator : torch.Generator, optional
        Draws the random plane.

    Raises
    ------
    ParameterError
        If there are no notes, the plane is of another model, or an option is out of range.

    Notes
    -----
    .. math:: f(a, b) = \frac1N \sum_{n=1}^{N} L\big(\hat y_n(\theta^* + a\delta + b\eta), y_n\big)

    Recomputed statistics are exact: the batch mean and the biased variance of all N notes, as a
    forward pass in train mode uses them; no running average is involved, and none is left.

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    def __init__(
        self,
        model: nn.Module,
        data: Pairs,
        plane: Plane | None = None,
        *,
        loss: Loss = F.cross_entropy,
        batch_norm: BatchNorm = "recompute",
        batch_size: int = 256,
        generator: torch.Generator | None = None,
    ) -> None:
        if batch_norm not in get_args(BatchNorm):
            raise ParameterError(f"expected batch_norm 'recompute' or 'keep', got {batch_norm!r}")
        device = device_of(model)
        plane = random_plane(model, generator=generator) if plane is None else plane
        own = dict(model.named_parameters())
        for name in ("origin", "first", "second"):
            require_like(f"the plane's {name}", getattr(plane, name), own)
        self.model, self.loss = model, loss
        origin, first, second = (_on(device, w) for w in (plane.origin, *plane.directions))
        self.plane = Plane(origin, first, second)
        self._buffers = {name: tensor.detach().clone() for name, tensor in model.named_buffers()}
        self._fresh = [
            module
            for module in model.modules()
            if isinstance(module, _BatchNorm)
            and (batch_norm == "recompute" or module.running_mean is None)
        ]
        self._batches = load_pairs(data, device, batch_size, whole=bool(self._fresh))

    def __call__(self, a: float, b: float = 0.0) -> float:
        """Return the mean loss at the coordinates (a, b)."""
        weights = self.weights(a, b)
        total = torch.zeros((), dtype=torch.float64)
        with evaluating(self.model):
            for module in self._fresh:
                module.training = True
            for inputs, targets in self._batches:
                # Train mode writes running averages: into these copies, which nobody reads.
                state = {**weights, **{name: t.clone() for name, t in self._buffers.items()}}
                value = self.loss(functional_call(self.model, state, (inputs,)), targets)
                if value.ndim != 0:
                    raise ParameterError(
                        "expected loss to return one number, the mean over the batch, "
                        f"got shape {tuple(value.shape)}"
                    )
                total += value.item() * len(targets)
        return float(total) / sum(len(targets) for _, targets in self._batches)

    def weights(self, a: float, b: float = 0.0) -> dict[str, torch.Tensor]:
        """Return θ* + aδ + bη, on the model's device."""
        first, second = self.plane.directions
        return {
            name: origin + a * first[name] + b * second[name]
            for name, origin in self.plane.origin.items()
        }


def load_pairs(
    data: Pairs, device: torch.device, batch_size: int, *, whole: bool = False
) -> list[Batch]:
    """Return all notes on the device, in batches or as one."""
    if isinstance(data, tuple):
        inputs, targets = data
        if len(inputs) != len(targets) or len(inputs) == 0:
            raise ParameterError(
                "expected as many inputs as targets, at least 1, "
                f"got {len(inputs)} and {len(targets)}"
            )
    else:
        batches = list(Batches(data, batch_size))
        inputs, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ParameterError(f"expected batch_size to be an int >= 1, got {batch_size!r}")
    size = len(inputs) if whole else batch_size
    inputs, targets = inputs.detach().to(device), targets.to(device)
    return list(zip(inputs.split(size), targets.split(size), strict=True))


def _on(device: torch.device, weights: Weights) -> dict[str, torch.Tensor]:
    """Return copies on the device."""
    return {name: tensor.detach().to(device, copy=True) for name, tensor in weights.items()}
