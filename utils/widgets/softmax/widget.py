"""Softmax and cross entropy: scores as bars to drag, probabilities and the loss beside them.

The view computes with ``kit/math/softmax.js``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.reference.softmax import log_softmax
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Number, Numbers

__all__ = ["Softmax"]

LIMIT = 6.0
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


class Softmax(CourseWidget):
    r"""Scores, their softmax at a temperature, and the cross entropy for a true class.

    State: `logits` (a score a class), `shift` (added to all scores: changes nothing),
    `temperature`, `target` (the true class, by name).

    Parameters
    ----------
    classes : sequence of str
        2 to 6 names.
    logits : sequence of float
        First scores, from -6 to 6; one a class.
    target : str, optional
        First true class; default: the second.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If there are fewer than 2 or more than 6 classes, or not a score for each.

    Notes
    -----
    .. math:: \hat y_i = \frac{e^{\tilde y_i / T}}{\sum_j e^{\tilde y_j / T}}, \qquad
              L = -\sum_i y_i \log \hat y_i

    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "softmax"
    TITLE = "From scores to probabilities"
    GOAL = (
        "Get the cross entropy below 0.1 without moving a score. "
        "Does that still work when another class is the true one?"
    )
    OUTPUTS = ("loss", "prob", "top")

    def __init__(
        self,
        *,
        classes: Sequence[str] = ("bass", "flute", "guitar", "vocal"),
        logits: Sequence[float] = (0.5, 2.0, -1.0, 1.0),
        target: str | None = None,
        **options: Any,
    ) -> None:
        names = tuple(classes)
        if not 2 <= len(names) <= len(COLORS) or len(set(names)) < len(names):
            raise ParameterError(f"expected 2 to {len(COLORS)} different classes, got {names}")
        fields = {
            "logits": Numbers(
                label="Score", default=(0.0,) * len(names), low=-LIMIT, high=LIMIT, step=0.1
            ),
            "shift": Number(label="Add to all scores", default=0.0, low=-4.0, high=4.0, step=0.1),
            "temperature": Number(
                label="Temperature T", default=1.0, low=0.1, high=10.0, scale="log", digits=2
            ),
            "target": Choice(label="True class", default=names[1], options=names),
        }
        super().__init__(fields=fields, logits=list(logits), target=target or names[1], **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return scores, probabilities and loss in words."""
        logs = self._log_probs(state)
        target = self._names.index(state["target"])
        scores = ", ".join(f"{n} {v + state['shift']:.1f}" for n, v in self._pairs(state))
        probs = ", ".join(
            f"{name} {value:.1%}"
            for name, value in zip(self._names, logs.exp().tolist(), strict=True)
        )
        return (
            f"Scores: {scores}. Softmax at temperature {state['temperature']:.2g}: {probs}. "
            f"True class {state['target']}: cross entropy {-logs[target].item():.2f}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the bars of the scores and of the probabilities."""
        left, right = figure.subplots(1, 2)
        probs = self._log_probs(state).exp().tolist()
        scores = [value + state["shift"] for _, value in self._pairs(state)]
        edges = [2.5 if name == state["target"] else 0.0 for name in self._names]
        colors = COLORS[: len(self._names)]
        left.bar(self._names, scores, color=colors)
        left.axhline(0, color="gray", linewidth=0.8)
        left.set(title="scores (logits)", ylim=(-LIMIT, LIMIT))
        right.bar(self._names, probs, color=colors, edgecolor="black", linewidth=edges)
        right.set(title=f"softmax, true class: {state['target']}", ylim=(0, 1))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.fields["target"].spec()["options"])

    def _pairs(self, state: Mapping[str, Any]) -> list[tuple[str, float]]:
        return list(zip(self._names, state["logits"], strict=True))

    def _log_probs(self, state: Mapping[str, Any]) -> torch.Tensor:
        logits = torch.tensor(state["logits"], dtype=torch.float64) + state["shift"]
        return log_softmax(logits, temperature=state["temperature"])
