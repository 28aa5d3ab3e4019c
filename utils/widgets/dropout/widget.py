"""Dropout on a small net: one mask, and all 1024 nets that masks can make.

The view computes with ``kit/math/dropoutNet.js``, this face with
:mod:`utils.figures.thinned_nets` and :mod:`utils.reference.regularizers`.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.figures.seeded_noise import uniform_numbers
from utils.figures.thinned_nets import INPUT, all_nets, small_net
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number

__all__ = ["Dropout"]


class Dropout(CourseWidget):
    r"""A net with ten hidden units that dropout switches off, in training.

    State: `p`; `mode` ("train" or "eval"); `scaled`, whether what is left is divided by
    1 - p; `mask`, the number of the drawn mask; `averaged`, over how many masks outputs are
    averaged.

    Notes
    -----
    The histogram is exact: all :math:`2^{10}` masks with their probabilities
    :math:`p^{\text{off}} (1-p)^{\text{on}}`. The mean of M independent masks has the
    deviation :math:`\sigma / \sqrt M`.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "dropout"
    TITLE = "Dropout: 1024 nets in one"
    GOAL = (
        "Draw a few masks. Then switch the scaling off: how far does the mean of all nets move "
        "away from the output in evaluation?"
    )
    OUTPUTS = ("output", "evaluation", "mean", "deviation", "averaged_deviation")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "p": Number(label="Dropout rate p", default=0.5, low=0.0, high=0.9, step=0.05),
        "mode": Choice(
            label="Mode", default="train", options=("train", "eval"), labels=("train", "evaluate")
        ),
        "scaled": Boolean(label="Divide by 1 − p", default=True),
        "mask": Integer(label="Mask", default=1, low=1, high=100),
        "averaged": Integer(label="Average over masks", default=1, low=1, high=100),
    }

    def __init__(self, **options: Any) -> None:
        self._net = small_net()
        constants = {"net": self._net.to_dict(), "input": list(INPUT)}
        super().__init__(options=constants, **options)

    def numbers(self, state: Mapping[str, Any]) -> dict[str, float]:
        """Return `output` of this mask, `evaluation`, and `mean` and `deviation` of all nets.

        Parameters
        ----------
        state : mapping
        """
        x = torch.tensor(INPUT, dtype=torch.float64)
        drawn = torch.tensor(list(islice(uniform_numbers(state["mask"]), 10)), dtype=torch.float64)
        ones = torch.ones(10, dtype=torch.float64)
        scale = 1 - state["p"] if state["scaled"] else 1.0
        mask = (drawn >= state["p"]) / scale if state["mode"] == "train" else ones
        outputs, chance = all_nets(self._net, x, p=state["p"], scaled=state["scaled"])
        mean = (chance * outputs).sum()
        return {
            "output": float(self._net(x, mask[:5], mask[5:])),
            "evaluation": float(self._net(x, ones[:5], ones[5:])),
            "mean": float(mean),
            "deviation": float((chance * (outputs - mean).square()).sum().sqrt()),
        }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the outputs of this mask, of evaluation and of all nets."""
        found = self.numbers(state)
        scaled = "scaled" if state["scaled"] else "not scaled"
        part = found["deviation"] / state["averaged"] ** 0.5
        return (
            f"Dropout with p = {state['p']:.2f}, {scaled}, mode {state['mode']}. Output "
            f"{found['output']:.2f}; in evaluation {found['evaluation']:.2f}. All nets: mean "
            f"{found['mean']:.2f}, standard deviation {found['deviation']:.2f}; the mean over "
            f"{state['averaged']} masks deviates by {part:.2f}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw how the outputs of all nets spread."""
        ax = figure.subplots()
        x = torch.tensor(INPUT, dtype=torch.float64)
        outputs, chance = all_nets(self._net, x, p=state["p"], scaled=state["scaled"])
        found = self.numbers(state)
        ax.hist(outputs.numpy(), bins=60, weights=chance.numpy(), color="#56B4E9")
        ax.axvline(found["evaluation"], color="#009E73", linewidth=3, label="evaluation")
        ax.axvline(found["mean"], color="black", linestyle="--", label="mean of all nets")
        ax.axvline(found["output"], color="#D55E00", linestyle=":", linewidth=3, label="this net")
        ax.set(xlabel="output", ylabel="probability")
        ax.legend(frameon=False)
