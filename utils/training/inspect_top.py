"""The notes that a channel likes best, and where in them it fires."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.reference.receptive_field import ReceptiveField
from utils.training.batches import Batches, Data
from utils.training.evaluate import device_of, evaluating
from utils.training.inspect_layers import layer_outputs
from utils.training.inspect_path import field_of, path_to

__all__ = ["TopActivations", "top_activations", "top_activations_by_layer"]


Best = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class TopActivations:
    """The strongest activations of some channels, one a note at most, strongest first.

    Attributes
    ----------
    channels : torch.Tensor of int64, shape (k,)
        The channels that were asked for.
    values : torch.Tensor, shape (k, n_top)
        Largest activation of the channel in the note.
    notes : torch.Tensor of int64, shape (k, n_top)
        Positions of the notes in the data set.
    rows, columns : torch.Tensor of int64, shape (k, n_top)
        Where in the feature map; 0 for layers without one.
    field : ReceptiveField or None
        Of the layer's units; None for layers whose units see all, or a network of another kind.
    """

    channels: torch.Tensor
    values: torch.Tensor
    notes: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    field: ReceptiveField | None

    def window(
        self, position: int, rank: int, *, shape: tuple[int, int] = (64, 64)
    ) -> tuple[range, range]:
        """Return the part of the input that made a unit fire.

        Parameters
        ----------
        position : int
            Of the channel in ``channels``.
        rank : int
            0 is the strongest.
        shape : (int, int)
            Height and width of the input; what the field sees of the padding is cut off.

        Returns
        -------
        (range, range)
            Rows (mel bands) and columns (frames) of the input; all of it without a field.
        """
        if self.field is None:
            return range(shape[0]), range(shape[1])
        at = (int(self.rows[position, rank]), int(self.columns[position, rank]))
        rows, columns = self.field.of_unit(*at)
        return (
            range(max(rows.start, 0), min(rows.stop, shape[0])),
            range(max(columns.start, 0), min(columns.stop, shape[1])),
        )


def top_activations(
    model: nn.Module,
    layer: str,
    notes: Data | torch.Tensor | NDArray[np.float32],
    *,
    n_top: int = 9,
    channels: Sequence[int] | None = None,
    batch_size: int = 64,
) -> TopActivations:
    r"""Return, for every channel, the notes in which it fires most strongly.

    Reads the notes once, batch by batch, and keeps only the best: the memory needed does not
    grow with their number.

    Parameters
    ----------
    model : torch.nn.Module
        Stays on its device; runs in eval mode, without gradients.
    layer : str
        Name as for :func:`utils.training.inspect_layers.feature_maps`.
    notes : NoteSet, torch.utils.data.Dataset, torch.Tensor or numpy.ndarray
        Labels are not looked at.
    n_top : int
        Notes a channel, ≥ 1; fewer if there are fewer.
    channels : sequence of int, optional
        Which; all if not given.
    batch_size : int
        Changes speed and memory, not the result.

    Returns
    -------
    TopActivations
        On the CPU. Of equal activations, the earlier note and the cell first in reading order
        come first.

    Raises
    ------
    ParameterError
        If the layer or a channel does not exist, or there are no notes.

    Notes
    -----
    .. math:: \operatorname*{top}_n \; \max_{h, w} a_{n, c, h, w}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    options: dict[str, Any] = {"n_top": n_top, "channels": channels, "batch_size": batch_size}
    return top_activations_by_layer(model, [layer], notes, **options)[layer]


def top_activations_by_layer(
    model: nn.Module,
    layers: Sequence[str],
    notes: Data | torch.Tensor | NDArray[np.float32],
    *,
    n_top: int = 9,
    channels: Sequence[int] | None = None,
    batch_size: int = 64,
) -> dict[str, TopActivations]:
    """Return the same as :func:`top_activations` for several layers in one run.

    Parameters
    ----------
    model : torch.nn.Module
        As there.
    layers : sequence of str
        At least one.
    notes, n_top, channels, batch_size
        As there; the channels are those of each layer.

    Returns
    -------
    dict of str to TopActivations

    Raises
    ------
    ParameterError
        As there.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    if n_top < 1:
        raise ParameterError(f"expected n_top ≥ 1, got {n_top}")
    device, first = device_of(model), 0
    best: dict[str, Best] = {}
    made: dict[str, tuple[torch.Tensor, int, ReceptiveField | None]] = {}
    with evaluating(model):
        for inputs in _batches(notes, batch_size):
            for layer, maps in layer_outputs(model, inputs.to(device), layers).items():
                if layer not in made:
                    field = _field(model, inputs[:1], layer)
                    made[layer] = _channels(maps, channels), int(maps.shape[-1]), field
                chosen = made[layer][0]
                best[layer] = _merge(best.get(layer), _largest(maps, chosen, first), n_top)
            first += len(inputs)
    found = {}
    for layer, (chosen, width, field) in made.items():
        values, places, cells = best[layer]
        found[layer] = TopActivations(chosen, values, places, cells // width, cells % width, field)
    return found


def _largest(maps: torch.Tensor, chosen: torch.Tensor, first: int) -> Best:
    """Return each note's largest value a channel, the note's place, and the cell."""
    values, cells = maps[:, chosen.to(maps.device)].reshape(len(maps), len(chosen), -1).max(-1)
    places = first + torch.arange(len(maps)).expand(len(chosen), -1)
    return values.T.cpu(), places, cells.T.cpu()


def _merge(best: Best | None, new: Best, n_top: int) -> Best:
    """Return the strongest of those kept so far and of the new notes."""
    joined = (
        new if best is None else tuple(torch.cat(both, 1) for both in zip(best, new, strict=True))
    )
    # Stable, so that the batch size doesn't decide between equal values.
    order = joined[0].argsort(dim=1, descending=True, stable=True)[:, :n_top]
    values, places, cells = (part.gather(1, order) for part in joined)
    return values, places, cells


def _channels(maps: torch.Tensor, channels: Sequence[int] | None) -> torch.Tensor:
    n = maps.shape[1] if maps.ndim > 1 else 0
    wanted = list(range(n)) if channels is None else list(channels)
    if not wanted or not all(0 <= channel < n for channel in wanted):
        raise ParameterError(f"expected channels from 0 to {n - 1}, got {wanted}")
    return torch.tensor(wanted)


def _field(model: nn.Module, inputs: torch.Tensor, layer: str) -> ReceptiveField | None:
    try:
        return field_of(path_to(model, inputs, layer)[0])
    except ParameterError:
        return None


def _batches(
    notes: Data | torch.Tensor | NDArray[np.float32], batch_size: int
) -> Iterator[torch.Tensor]:
    if not isinstance(notes, torch.Tensor | np.ndarray):
        yield from (inputs for inputs, _ in Batches(notes, batch_size))
        return
    if len(notes) == 0 or batch_size < 1:
        raise ParameterError(
            f"expected at least 1 note and batch_size ≥ 1, got {len(notes)} and {batch_size}"
        )
    yield from torch.as_tensor(notes).split(batch_size)
