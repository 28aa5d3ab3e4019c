"""A neuron with two inputs: its weights, its bias, its activation, and what it decides.

The points are real notes of two families, seen by two numbers: attack and fading. The view
computes with ``kit/math/activations.js``, this face with :mod:`utils.reference.neuron`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.note_features import feature_table
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.activations import ACTIVATIONS
from utils.reference.neuron import neuron
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Number
from utils.widgets.notes_viewer.widget import note_name, packed_files

__all__ = ["Neuron"]

LIMIT = 8.0
NAMES = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "softplus": "softplus",
    "gelu": "GELU",
    "identity": "none",
}
X, Y = (-1.4, 3.0), (-1.4, 2.2)
STYLES = (("o", "#0072B2"), ("s", "#D55E00"))


class Neuron(CourseWidget):
    r"""A neuron's output over the plane of its two inputs, and its activation function.

    State: `w1`, `w2`, `b`, `activation`.

    Parameters
    ----------
    families : sequence of str
        The two families whose notes are the points; the neuron should answer the second.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If these are not two families with notes to hear.

    Notes
    -----
    .. math:: \hat y = \varphi(z), \qquad z = w_1 x_1 + w_2 x_2 + b

    Lecture: ``lectures/00_neural_networks.ipynb``
    """

    NAME = "neuron"
    TITLE = "One neuron, two inputs"
    OUTPUTS = ("right", "count", "wrong", "middle", "turn")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "w1": Number(label="Weight w₁ (attack)", default=1.0, low=-LIMIT, high=LIMIT, step=0.1),
        "w2": Number(label="Weight w₂ (fading)", default=1.0, low=-LIMIT, high=LIMIT, step=0.1),
        "b": Number(label="Bias b", default=0.0, low=-LIMIT, high=LIMIT, step=0.1),
        "activation": Choice(
            label="Activation φ",
            default="sigmoid",
            options=tuple(NAMES),
            labels=tuple(NAMES.values()),
        ),
    }

    def __init__(
        self,
        *,
        families: Sequence[str] = ("mallet", "flute"),
        goal: str | None = None,
        **options: Any,
    ) -> None:
        if len(families) != 2:
            raise ParameterError(f"expected two families, got {families}")
        self._families = tuple(families)
        self._table = feature_table(*families)
        files, starts = packed_files(self._table.sounds)
        first, second = families
        super().__init__(
            goal=f"Part the notes: every {second} on the red side (z > 0), every {first} on the "
            "blue one (z < 0). Click a note to hear it."
            if goal is None
            else goal,
            data={
                "points": self._table.values,
                "labels": self._table.labels.astype("uint8"),
                "files": files,
                "starts": starts,
            },
            options={
                "rate": SAMPLE_RATE,
                "families": list(families),
                "names": [note_name(note) for note in self._table.sounds],
                "x": list(X),
                "y": list(Y),
            },
            **options,
        )

    def right(self, state: Mapping[str, Any]) -> int:
        """Return how many notes lie on their side of the line z = 0.

        Parameters
        ----------
        state : mapping
        """
        z = self._output(state, torch.from_numpy(self._table.values), activation="identity")
        return int(((z > 0).numpy() == (self._table.labels == 1)).sum())

    @staticmethod
    def _output(state: Mapping[str, Any], inputs: torch.Tensor, *, activation: str) -> torch.Tensor:
        weights = torch.tensor([state["w1"], state["w2"]], dtype=torch.float64)
        function = ACTIVATIONS[activation].function
        return neuron(inputs, weights, state["b"], activation=function)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the neuron's numbers and how many notes it parts rightly."""
        n = len(self._table.labels)
        return (
            f"A neuron with weights {state['w1']:.3g} (attack) and {state['w2']:.3g} (fading), "
            f"bias {state['b']:.3g}, activation {NAMES[state['activation']]}. "
            f"{self.right(state)} of {n} notes ({' and '.join(self._families)}) lie on their "
            "side of the line z = 0."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the output over the plane with the notes, and the activation function."""
        plane, unit = figure.subplots(1, 2)
        x1, x2 = torch.meshgrid(
            torch.linspace(*X, 60, dtype=torch.float64),
            torch.linspace(*Y, 60, dtype=torch.float64),
            indexing="xy",
        )
        grid = torch.stack([x1, x2], -1)
        image = self._output(state, grid, activation=state["activation"])
        plane.imshow(image.numpy(), origin="lower", extent=(*X, *Y), aspect="auto", cmap="RdBu_r")
        sums = self._output(state, grid, activation="identity")
        if sums.min() < 0 < sums.max():
            plane.contour(x1.numpy(), x2.numpy(), sums.numpy(), levels=[0], colors="black")
        for label, (marker, color) in enumerate(STYLES):
            points = self._table.values[self._table.labels == label].T
            name = self._families[label]
            plane.scatter(*points, marker=marker, c=color, ec="white", label=name)
        plane.legend(fontsize=8)
        plane.set(xlabel="attack x₁", ylabel="fading x₂")
        z = torch.linspace(-6, 6, 200, dtype=torch.float64)
        unit.plot(z.numpy(), ACTIVATIONS[state["activation"]].function(z).numpy())
        unit.set(xlabel="weighted sum z", ylabel="output ŷ")
