"""The five networks of the curve quiz, and why each is what it is."""

import math
from dataclasses import dataclass

__all__ = ["ANSWERS", "CASES", "GUESSING", "Case"]

GUESSING = math.log(11)
"""Cross entropy of a network that finds all 11 families equally probable."""

ANSWERS = {
    "underfitting": "both losses stay high and lie close together",
    "good fit": "both losses fall, side by side, and end low",
    "overfitting": "training loss falls on and on while validation loss turns and rises",
    "learning rate too high": "both losses jump up and down and settle far too high",
    "leak": "validation loss falls with training loss, but the test loss is far higher",
}
"""Diagnoses, and how the curves of each look."""


@dataclass(frozen=True)
class Case:
    """One network.

    Attributes
    ----------
    run : str
        Name of its stored curves.
    answer : str
        One of :data:`ANSWERS`.
    why : str
        What gives it away, and what would help.
    """

    run: str
    answer: str
    why: str


CASES = (
    Case(
        "few_noisy",
        "overfitting",
        "From about epoch 16 on it learns its 300 notes by heart: training loss goes to nearly "
        "0, validation loss rises. More notes, augmentation, dropout or an early stop help.",
    ),
    Case(
        "underfit",
        "underfitting",
        "It sees only four numbers of each note. That is too little even for its own training "
        "notes, so more notes do not help. It needs a more expressive model.",
    ),
    Case(
        "high_rate",
        "learning rate too high",
        "The jumps give it away: every step lands on another slope. The model could do better: a "
        "CNN half as wide comes down to 0.88 with a smaller η.",
    ),
    Case(
        "good",
        "good fit",
        "Both losses fall together. Training loss is even a little higher: dropout makes it "
        "harder, and it is measured while the weights still change.",
    ),
    Case(
        "leak",
        "leak",
        "Too good for 300 notes. The validation notes were among the training notes, so they say "
        "nothing about new ones: the test loss is over three times as high.",
    ),
)
