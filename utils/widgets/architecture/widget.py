"""An architecture calculator: layers, shapes, parameters, MACs, receptive field, PyTorch code.

The view computes with ``kit/math/architecture.js``; this face builds the network and asks
:mod:`utils.models.summarize` and :mod:`utils.models.receptive_field`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from utils.errors import ParameterError
from utils.models.receptive_field import receptive_field_windows
from utils.models.summarize import Summary, summarize
from utils.notes.front_end import FRONT_END
from utils.reference.receptive_field import (
    ReceptiveField,
    field_duration,
    field_frequencies,
    receptive_field,
)
from utils.widgets.architecture.layers import KINDS, NUMBERS, PRESETS, Layer, build, flat, read
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number, Numbers
from utils.widgets.note_mels import note_mels

__all__ = ["Architecture"]

MOST_LAYERS = 32
LOCAL = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
NOTES = ("guitar_acoustic_3153-050-127", "flute_acoustic_2074-062-100")
LABELS = {
    "conv": "convolution",
    "relu": "ReLU",
    "norm": "batch norm",
    "max": "max pooling",
    "average": "average pooling",
    "global": "global average",
    "flatten": "flatten",
    "linear": "linear",
    "dropout": "dropout",
}


class Architecture(CourseWidget):
    r"""A network in layers, what each costs, and what one unit sees of a note.

    State: `layers` (ten numbers each, see :mod:`utils.widgets.architecture.layers`),
    `selected` (which layer, from 0), `in_channels`, `bands`, `frames` (the input), `note`,
    and `at_time`, `at_pitch`: which unit of the layer, in percent of its map.

    Parameters
    ----------
    preset : str
        A network of :data:`utils.widgets.architecture.layers.PRESETS`.
    layers : sequence of Layer, optional
        1 to 32, in place of the preset.
    notes : sequence of str
        1 to 4 notes for the background, names of :func:`utils.notes.embedded.sounds`.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the preset is unknown, there are too many layers, or a note can't be heard.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """

    NAME = "architecture"
    TITLE = "Build a network"
    GOAL = (
        "Let a unit of the last map see the whole note, 64 × 64 cells, with fewer than "
        "the 119 691 parameters of the slides' CNN; the end stays at 11 numbers."
    )
    OUTPUTS = ("parameters", "macs", "milliseconds", "hertz")

    def __init__(
        self,
        *,
        preset: str = "slides",
        layers: Sequence[Layer] | None = None,
        notes: Sequence[str] = NOTES,
        **options: Any,
    ) -> None:
        if preset not in PRESETS:
            raise ParameterError(f"expected a preset of {', '.join(PRESETS)}, got {preset!r}")
        chosen = PRESETS[preset][1] if layers is None else list(layers)
        if not 1 <= len(chosen) <= MOST_LAYERS:
            raise ParameterError(f"expected 1 to {MOST_LAYERS} layers, got {len(chosen)}")
        shipped = note_mels(notes)
        self._mels = dict(zip(shipped.names, shipped.mels, strict=True))
        local = [i for i, layer in enumerate(chosen) if layer.kind in ("conv", "max", "average")]
        first: dict[str, Any] = {"layers": flat(chosen), "selected": local[-1] if local else 0}
        super().__init__(
            fields=_fields(shipped.names, shipped.labels),
            data={"mels": shipped.mels, "pcm": shipped.pcm},
            options={
                "presets": {key: [name, flat(list_)] for key, (name, list_) in PRESETS.items()},
                "kinds": {kind: LABELS[kind] for kind in KINDS},
                "most": MOST_LAYERS,
                "front_end": {
                    "sampleRate": FRONT_END.sample_rate,
                    "window": FRONT_END.win_length,
                    "hop": FRONT_END.hop_length,
                    "low": FRONT_END.f_min,
                    "high": FRONT_END.f_max,
                },
            },
            **{**first, **options},
        )

    def model(self) -> nn.Sequential:
        """Return the network of the present state, with new weights.

        Raises
        ------
        ParameterError
            If the layers do not fit together.
        """
        model, error = build(read(self.state["layers"]), _input_shape(self.state))
        if error:
            raise ParameterError(f"expected layers that fit together, got {error}")
        return model.train()

    def summary(self, state: Mapping[str, Any]) -> tuple[Summary | None, str]:
        """Return the table of the layers, and what is wrong with the first that does not fit.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        table : Summary or None
            Of the layers before the misfit; None if there is none.
        error : str
        """
        # Shapes alone, without numbers: networks of any size cost nothing.
        with torch.device("meta"):
            model, error = build(read(state["layers"]), _input_shape(state))
            return (summarize(model, _input_shape(state)) if len(model) else None), error

    def field(self, state: Mapping[str, Any]) -> ReceptiveField | None:
        """Return the receptive field of the selected layer; None if it sees everything.

        Parameters
        ----------
        state : mapping
        """
        layers = read(state["layers"])[: state["selected"] + 1]
        with torch.device("meta"):
            model, error = build(layers, _input_shape(state))
            if error or any(layer.kind in ("global", "flatten", "linear") for layer in layers):
                return None
            local = [name for name, module in model.named_children() if isinstance(module, LOCAL)]
            if not local:
                return receptive_field([])
            size = (state["bands"], state["frames"])
            if state["in_channels"] > 1:
                model, _ = build(layers, (1, *size))
            return receptive_field(receptive_field_windows(model, size, layer=local[-1]))

    def _shape(self, state: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the output's shape of the selected layer, which fits."""
        with torch.device("meta"):
            model, _ = build(read(state["layers"])[: state["selected"] + 1], _input_shape(state))
            return summarize(model, _input_shape(state)).rows[-1].output_shape or ()

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return totals, and what a unit of the selected layer sees."""
        table, error = self.summary(state)
        if table is None:
            return f"The first layer does not fit: {error}."
        text = (
            f"{len(read(state['layers']))} layers on {state['bands']} × {state['frames']} cells: "
            f"{table.total_parameters:,} parameters, {table.total_macs:,} MACs."
        )
        if error:
            return f"{text} Then {error}."
        field = self.field(state)
        if field is None:
            return f"{text} Layer {state['selected'] + 1} sees the whole note."
        bottom, _ = _first_cell(field, self._shape(state), state)
        low, high = field_frequencies(bottom, field.size[0], n_mels=state["bands"])
        return (
            f"{text} A unit of layer {state['selected'] + 1} sees {field.size[0]} × "
            f"{field.size[1]} cells: {field_duration(field.size[1]):.5g} ms, "
            f"{low:.0f} to {high:.0f} Hz."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the note with the receptive field on it, and the table of layers."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        bands, frames = state["bands"], state["frames"]
        mel = self._mels[state["note"]]
        if mel.shape == (bands, frames):
            left.imshow(mel, extent=(0, frames, 0, bands), cmap="viridis")
        left.set(xlim=(0, frames), ylim=(0, bands), xlabel="frame", ylabel="mel band")
        field = self.field(state)
        if field is not None:
            bottom, start = _first_cell(field, self._shape(state), state)
            box = Rectangle((start, bottom), field.size[1], field.size[0], fill=False)
            box.set(color="#E69F00", linewidth=3)
            left.add_patch(box)
        right.set_axis_off()
        table, error = self.summary(state)
        words = f"{table}\n{error}" if table else error
        right.text(0, 1, words, family="monospace", fontsize=6, va="top")


def _input_shape(state: Mapping[str, Any]) -> tuple[int, int, int]:
    return state["in_channels"], state["bands"], state["frames"]


def _first_cell(field: ReceptiveField, shape: tuple[int, ...], state: Mapping[str, Any]) -> Any:
    """Return band and frame of the first cell that the chosen unit of a map sees."""
    parts = (state["at_pitch"] / 100, state["at_time"] / 100)
    sizes = (state["bands"], state["frames"])
    unit = [
        min(count - 1, max(0, math.floor((part * size - start - r / 2) / step + 0.5)))
        for part, size, count, start, r, step in zip(
            parts, sizes, shape[1:], field.start, field.size, field.step, strict=True
        )
    ]
    rows, columns = field.of_unit(unit[0], unit[1])
    return rows.start, columns.start


def _fields(notes: tuple[str, ...], labels: tuple[str, ...]) -> dict[str, Field]:
    return {
        "at_time": Number(
            label="unit in time", default=50.0, low=0.0, high=100.0, step=1.0, unit="%"
        ),
        "at_pitch": Number(
            label="unit in pitch", default=50.0, low=0.0, high=100.0, step=1.0, unit="%"
        ),
        "layers": Numbers(
            label="Layers",
            default=tuple(flat(PRESETS["slides"][1])),
            low=-1,
            high=4096,
            fewest=NUMBERS,
            most=NUMBERS * MOST_LAYERS,
        ),
        "selected": Integer(label="Layer", default=0, low=0, high=MOST_LAYERS - 1),
        "in_channels": Integer(label="channels", default=1, low=1, high=8),
        "bands": Integer(label="mel bands", default=64, low=8, high=256),
        "frames": Integer(label="frames", default=64, low=8, high=1500),
        "note": Choice(label="Note", default=notes[0], options=notes, labels=labels),
    }
