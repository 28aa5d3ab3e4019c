"""A quiz on five pairs of learning curves of real networks.

The curves are those of :mod:`utils.widgets.early_stopping.curves`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from matplotlib.figure import Figure

from utils.figures.style import SPLIT_STYLES
from utils.widgets.base import CourseWidget
from utils.widgets.curve_quiz.cases import ANSWERS, CASES, GUESSING
from utils.widgets.early_stopping.curves import stored_curves
from utils.widgets.fields import Boolean, Field, Integer, Numbers

__all__ = ["CurveQuiz"]


class CurveQuiz(CourseWidget):
    """Five networks learned notes; from their curves the reader says what went wrong.

    State: `card`, from 1; `answers`, for each card the number of the chosen diagnosis, or
    -1; `test`, whether the test loss is shown.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "curve_quiz"
    TITLE = "Read the curves"
    GOAL = "Say of all five networks how their training went. One of them only the test unmasks."
    OUTPUTS = ("right",)
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "card": Integer(label="Network", default=1, low=1, high=len(CASES)),
        "answers": Numbers(
            label="Answers", default=(-1,) * len(CASES), low=-1, high=len(ANSWERS) - 1
        ),
        "test": Boolean(label="Show the test loss", default=False),
    }

    def __init__(self, **options: Any) -> None:
        runs = stored_curves()["runs"]
        cards = [
            {**runs[case.run], "answer": list(ANSWERS).index(case.answer), "why": case.why}
            for case in CASES
        ]
        words = {"names": list(ANSWERS), "looks": list(ANSWERS.values())}
        super().__init__(options={"cards": cards, "guessing": GUESSING, **words}, **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the losses at the ends and, once answered, whether it is right."""
        card = self.config["options"]["cards"][state["card"] - 1]
        train, validation = card["train_loss"], card["validation_loss"]
        text = (
            f"Network {state['card']} of {len(CASES)}. Training loss from {train[0]:.2f} to "
            f"{train[-1]:.2f}; validation loss from {validation[0]:.2f} to {validation[-1]:.2f}, "
            f"smallest {min(validation):.2f} in epoch {validation.index(min(validation)) + 1}."
        )
        if state["test"]:
            text += f" Test loss {card['test_loss']:.2f}."
        given = int(state["answers"][state["card"] - 1])
        if given < 0:
            return text
        verdict = "Right" if given == card["answer"] else "Not this one"
        return f"{text} Answer: {list(ANSWERS)[given]}. {verdict}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the curves of the present network."""
        ax = figure.subplots()
        card = self.config["options"]["cards"][state["card"] - 1]
        epochs = range(1, len(card["train_loss"]) + 1)
        for split in ("train", "validation"):
            style = SPLIT_STYLES[split]
            values = card[f"{split}_loss"]
            ax.plot(epochs, values, color=style.color, linestyle=style.dash, label=split)
        if state["test"]:
            style = SPLIT_STYLES["test"]
            best = min(epochs, key=lambda e: card["validation_loss"][e - 1])
            ax.plot(best, card["test_loss"], style.marker, color=style.color, label="test")
        ax.axhline(GUESSING, color="gray", linestyle=":", label="guessing")
        ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 2.8), title=f"Network {state['card']}")
        ax.legend(frameon=False)
