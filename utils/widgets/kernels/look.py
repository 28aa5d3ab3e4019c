"""Look into a network: its layers, and for a channel its kernel, top notes and what it saw.

A *card* is what the page shows of one channel: plain JSON, and bytes that lie behind each other
in one row; ``at`` says where its parts begin. Maps are kept after ReLU as bytes of the largest
value of each note; projections as 128 plus 127 times the part of their largest magnitude,
only inside the window that the unit sees.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END
from utils.reference.receptive_field import ReceptiveField, field_duration
from utils.training.deconvnet import deconvnet
from utils.training.inspect_layers import feature_maps, kernels, module_of
from utils.training.inspect_path import path_to
from utils.training.inspect_shapes import SHAPES, shape_name, shape_shares
from utils.training.inspect_top import TopActivations, top_activations_by_layer
from utils.widgets.network_notes import HeardNotes, untrained_copy

__all__ = ["N_TOP", "Looker", "chance_purity", "purity"]

N_TOP = 9
LISTED = 8
DRAWS = 2000


class Looker:
    """A network, and the notes that its channels like best.

    Parameters
    ----------
    model : torch.nn.Module
        With 2-D convolutions; takes log-mels of shape (n, 1, 64, 64). It is only read.
    notes : HeardNotes

    Attributes
    ----------
    layers : list of str
        Names of its 2-D convolutions.
    tops : dict of str to TopActivations
        Of every layer.

    Raises
    ------
    ParameterError
        If the network has no such layer or doesn't take such notes.
    """

    def __init__(self, model: nn.Module, notes: HeardNotes) -> None:
        self.model, self.notes = model, notes
        self.inputs = notes.inputs()
        self.layers = conv_layers(model)
        self.tops = self._tops(model)

    @cached_property
    def _untrained(self) -> dict[str, TopActivations]:
        return self._tops(untrained_copy(self.model))

    def _tops(self, model: nn.Module) -> dict[str, TopActivations]:
        try:
            return top_activations_by_layer(model, self.layers, self.inputs, n_top=N_TOP)
        except RuntimeError as error:
            raise ParameterError(
                f"expected a network for log-mels of shape (n, 1, 64, 64), got: {error}"
            ) from error

    def families(self, top: TopActivations, channel: int) -> list[str]:
        """Return the families of the top notes of a channel; empty if it never fires."""
        if float(top.values[channel, 0]) <= 0:
            return []
        fires = top.values[channel] > 0
        return [self.notes.sounds[i].family for i in top.notes[channel][fires].tolist()]

    def layer_facts(self, layer: str) -> dict[str, Any]:
        """Return what is said of a layer: sizes, window, purity of the top notes.

        Parameters
        ----------
        layer : str
        """
        top, twin = self.tops[layer], self._untrained[layer]
        pure = [self.families(top, k) for k in range(len(top.channels))]
        plain = [self.families(twin, k) for k in range(len(twin.channels))]
        return {
            "name": layer,
            "channels": len(top.channels),
            "listed": self.listed(layer),
            "silent": sum(not families for families in pure),
            "window": _window_facts(top.field),
            "purity": purity(pure),
            "untrained": purity(plain),
        }

    def listed(self, layer: str) -> list[int]:
        """Return the channels with a picture: all of a small layer, or the eight strongest.

        Parameters
        ----------
        layer : str
        """
        top = self.tops[layer]
        if len(top.channels) <= 2 * LISTED:
            return list(range(len(top.channels)))
        strength = top.values.mean(dim=1)
        return sorted(strength.argsort(descending=True)[:LISTED].tolist())

    def card(self, layer: str, channel: int) -> tuple[dict[str, Any], bytes]:
        """Return what the page shows of a channel.

        Parameters
        ----------
        layer : str
        channel : int

        Returns
        -------
        (dict, bytes)

        Raises
        ------
        ParameterError
            If there is no such channel.
        """
        if layer not in self.tops or not 0 <= channel < len(self.tops[layer].channels):
            raise ParameterError(f"expected a channel of {self.layers}, got {layer} {channel}")
        top = self.tops[layer]
        order = top.notes[channel].tolist()
        windows = [_corners(top, channel, rank) for rank in range(len(order))]
        families = self.families(top, channel)
        common = Counter(families).most_common(1)
        facts: dict[str, Any] = {
            "layer": layer,
            "channel": channel,
            "notes": order,
            "values": [round(float(v), 4) for v in top.values[channel]],
            "windows": windows,
            "common": [common[0][0], common[0][1]] if common else None,
            "firing": len(families),
        }
        blob = bytearray()
        facts["at"] = {"thumb": 0}
        facts["thumb"], part = self._thumb(layer, channel, facts)
        blob += part
        facts["direct"] = self._direct(layer, channel)
        if facts["direct"] is None:
            facts["at"]["maps"] = len(blob)
            facts["map"], part = self._maps(layer, channel, order)
            blob += part
        part = self._projections(layer, channel, order, windows)
        facts["at"]["projections"] = len(blob) if part else None
        return facts, bytes(blob + part)

    def _thumb(self, layer: str, channel: int, facts: dict[str, Any]) -> tuple[list[int], bytes]:
        """Return the kernel of the first layer as a picture, or the mean of the top patches."""
        kernel = kernels(self.model, layer)[channel]
        if len(kernel) == 1:
            shares = shape_shares(kernel[0])
            best = max(SHAPES, key=lambda name: shares[name])
            facts["name"], facts["shape"] = shape_name(kernel[0]), [best, round(shares[best], 3)]
            values = kernel[0] / kernel[0].abs().max().clamp_min(1e-12)
            return list(values.shape), _signed_bytes(values)
        patch = mean_patch(self.notes.mels[facts["notes"]], facts["windows"], self.tops[layer])
        return list(patch.shape), patch.astype(np.uint8).tobytes()

    def _direct(self, layer: str, channel: int) -> dict[str, Any] | None:
        """Return kernel and bias if the page can compute the map from the note by itself."""
        conv = module_of(self.model, layer)
        path, _ = path_to(self.model, self.inputs[:1], layer)
        plain = (
            isinstance(conv, nn.Conv2d)
            and [step.name for step in path] == ["convolution"]
            and (conv.in_channels, conv.stride, conv.dilation) == (1, (1, 1), (1, 1))
        )
        if not plain:
            return None
        weight, bias = conv.weight[channel, 0].detach(), conv.bias  # type: ignore[index]
        padding = list(path[0].args[4])
        return {
            "size": list(weight.shape),
            "kernel": [float(v) for v in weight.flatten()],
            "bias": 0.0 if bias is None else float(bias[channel].detach()),  # type: ignore[index]
            "padding": [padding[0], padding[-1]],
        }

    def _maps(self, layer: str, channel: int, order: Sequence[int]) -> tuple[list[int], bytes]:
        maps = feature_maps(self.model, self.inputs[list(order)], [layer])[layer][:, channel]
        maps = maps.clamp_min(0).cpu()
        peaks = maps.flatten(1).amax(1).clamp_min(1e-12)
        return list(maps.shape[1:]), (
            maps / peaks[:, None, None] * 255
        ).round().byte().numpy().tobytes()

    def _projections(
        self, layer: str, channel: int, order: Sequence[int], windows: Sequence[Sequence[int]]
    ) -> bytes:
        """Return the deconvnet's pictures, cut to the windows; nothing where it has no way."""
        try:
            pictures = deconvnet(self.model, self.inputs[list(order)], layer, channel).cpu()
        except ParameterError:
            return b""
        parts = []
        for picture, (low, high, first, last) in zip(pictures[:, 0], windows, strict=True):
            cut = picture[low:high, first:last]
            parts.append(_signed_bytes(cut / cut.abs().max().clamp_min(1e-12)))
        return b"".join(parts)


def conv_layers(model: nn.Module) -> list[str]:
    """Return the names of a network's 2-D convolutions in their order.

    Parameters
    ----------
    model : torch.nn.Module

    Raises
    ------
    ParameterError
        If it has none.
    """
    if not isinstance(model, nn.Module):
        raise ParameterError(f"expected a torch.nn.Module, got {type(model).__name__}")
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    if not names:
        raise ParameterError("expected a network with 2-D convolutions, got none")
    return names


def purity(families: Sequence[Sequence[str]]) -> float:
    """Return how much the top notes of channels agree in their family.

    Parameters
    ----------
    families : sequence of sequence of str
        Of the top notes of each channel; empty ones (silent channels) are left out.

    Returns
    -------
    float
        Mean share of the most common family, in [0, 1].
    """
    shares = [Counter(own).most_common(1)[0][1] / len(own) for own in families if own]
    return round(float(np.mean(shares)), 4) if shares else 0.0


def chance_purity(notes: HeardNotes, *, seed: int = 0) -> float:
    """Return the purity of nine notes drawn by chance, the mean of 2000 draws.

    Parameters
    ----------
    notes : HeardNotes
    seed : int
    """
    rng = np.random.default_rng(seed)
    names = np.array([sound.family for sound in notes.sounds])
    return purity([rng.choice(names, N_TOP, replace=False).tolist() for _ in range(DRAWS)])


def mean_patch(
    mels: NDArray[np.uint8], windows: Sequence[Sequence[int]], top: TopActivations
) -> NDArray[np.float64]:
    """Return the mean of the parts of notes that made a channel fire, aligned.

    Parameters
    ----------
    mels : array, shape (n, 64, 64)
    windows : sequence of (low, high, first, last)
        Rows and columns of each note.
    top : TopActivations
        Gives the size of the window.
    """
    if top.field is None:
        return mels.mean(axis=0)
    height, width = top.field.size
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for mel, (low, high, first, last) in zip(mels, windows, strict=True):
        # What is cut off at the rim of the picture is missing on that side.
        row = 0 if low > 0 else height - (high - low)
        column = 0 if first > 0 else width - (last - first)
        place = np.s_[row : row + high - low, column : column + last - first]
        total[place] += mel[low:high, first:last]
        count[place] += 1
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0)


def _corners(top: TopActivations, channel: int, rank: int) -> list[int]:
    rows, columns = top.window(channel, rank)
    return [rows.start, rows.stop, columns.start, columns.stop]


def _window_facts(field: ReceptiveField | None) -> dict[str, Any] | None:
    if field is None:
        return None
    return {
        "bands": min(field.size[0], FRONT_END.n_mels),
        "frames": min(field.size[1], FRONT_END.n_frames),
        "seconds": round(field_duration(min(field.size[1], FRONT_END.n_frames)) / 1000, 4),
    }


def _signed_bytes(values: torch.Tensor) -> bytes:
    """Return values in [-1, 1] as bytes around 128."""
    return (128 + 127 * values.detach().cpu()).round().byte().numpy().tobytes()
