"""Activations of a deep network before any training: do the layers keep their range?

The view computes with ``kit/math/signals.js``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.figures.activations import (
    ACTIVATIONS,
    activation_size,
    draw_activation_sizes,
    draw_activations,
    forward_layers,
    note_spectra,
    reach_of,
    stuck_share,
)
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number

__all__ = ["Activations"]

MOST_LAYERS = 12


class Activations(CourseWidget):
    r"""Send 64 real notes through a deep network with random weights, and watch every layer.

    State: `gain` (of the weights, which have the deviation gain/√64), `activation`, `layers`,
    `standardize` (the input), `batch_norm`, `seed` (of the weights).

    Parameters
    ----------
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \operatorname{Var}(z) = n \operatorname{Var}(w) \operatorname{E}(x^2)
              = g^2 \operatorname{E}(x^2)

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "activations"
    TITLE = "Do the activations keep their range?"
    GOAL = (
        "Keep all layers of a ReLU network between half and twice the size of its input, "
        "without batch norm."
    )
    OUTPUTS = ("first", "last", "ratio", "stuck")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "gain": Number(
            label="Gain of the first weights", default=0.5, low=0.1, high=4, scale="log"
        ),
        "activation": Choice(
            label="Activation",
            default="tanh",
            options=tuple(ACTIVATIONS),
            labels=("tanh", "ReLU", "sigmoid", "none (linear)"),
        ),
        "layers": Integer(label="Layers", default=8, low=1, high=MOST_LAYERS),
        "standardize": Boolean(label="Standardized input", default=True),
        "batch_norm": Boolean(label="Batch norm", default=False),
        "seed": Integer(label="Seed", default=0, low=0, high=99),
    }

    def __init__(self, **options: Any) -> None:
        spectra = note_spectra().numpy().astype(np.float32)
        super().__init__(data={"inputs": spectra}, options={"most": MOST_LAYERS}, **options)

    def signals(self, state: Mapping[str, Any]) -> list[torch.Tensor]:
        """Return the input and the activations of every layer.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        keys = ("layers", "gain", "activation", "standardize", "batch_norm", "seed")
        return forward_layers(note_spectra(), **{key: state[key] for key in keys})

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how large the activations are at both ends."""
        signals = self.signals(state)
        first, last = activation_size(signals[0]), activation_size(signals[-1])
        norm = ", batch norm" if state["batch_norm"] else ""
        stuck = stuck_share(signals[-1], state["activation"])
        return (
            f"{state['layers']} layers of {state['activation']}, gain {state['gain']:.3g}{norm}: "
            f"the input has the size {first:.3g}, layer {state['layers']} has {last:.3g}, and "
            f"{stuck:.0%} of its activations have no slope."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the histograms of all layers, and their sizes."""
        left, right = figure.subplots(1, 2)
        signals = self.signals(state)
        draw_activations(signals, reach=reach_of(state, signals), ax=left)
        left.set_title(f"{state['activation']}, gain {state['gain']:.3g}", fontsize="medium")
        draw_activation_sizes(signals, ax=right)
