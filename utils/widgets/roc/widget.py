"""A detector of one tag: a threshold over its scores, the ROC point, and the accuracy.

The view computes with ``kit/math/roc.js``, this face with :mod:`utils.reference.roc`. The
scores are simple features of embedded notes, not of a network.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.notes.embedded import load_notes, load_sound, sounds
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.notes.store import NoteSet
from utils.notes.vocabulary import FAMILIES
from utils.reference.roc import roc_auc, roc_curve
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Number

__all__ = ["Roc"]

LIMIT = 3.0
TAGS = {
    "mallet": "mallet (score: fast decay)",
    "guitar": "guitar (score: brightness)",
    "bass": "bass (score: brightness)",
}
SECONDS = 1.5
COLORS = {"tagged": "#D55E00", "others": "#0072B2"}


class Roc(CourseWidget):
    """A threshold over two histograms of scores, and the point that it makes on the ROC curve.

    State: `tag`; `threshold` in standard deviations of the score; `share`, the percentage of
    all notes that truly have the tag; `flip`, whether the scores are multiplied by -1.

    Parameters
    ----------
    split : str
        Of the embedded notes.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "roc"
    TITLE = "A rare tag: accuracy, ROC curve and AUC"
    GOAL = (
        "Be right for more than 95 % of all notes and yet find fewer than 5 % of the tagged "
        "ones. Which number sees through it?"
    )
    OUTPUTS = ("tpr", "fpr", "accuracy", "never", "auc")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "tag": Choice(
            label="Tag", default="mallet", options=tuple(TAGS), labels=tuple(TAGS.values())
        ),
        "threshold": Number(
            label="Threshold", default=0.5, low=-LIMIT, high=LIMIT, step=0.05, digits=3
        ),
        "share": Number(
            label="Tagged notes", default=10.0, low=1.0, high=50.0, scale="log", unit="%", digits=2
        ),
        "flip": Boolean(label="Flip the scores (× −1)", default=False),
    }

    def __init__(self, *, split: str = "validation", **options: Any) -> None:
        notes = load_notes().split(split)
        family = np.asarray(FAMILIES)[notes.column("family")]
        features = tag_features(notes)
        self._scores = {tag: _standard(features[tag]) for tag in TAGS}
        self._labels = {tag: (family == tag).astype(np.uint8) for tag in TAGS}
        examples = [_examples(notes, self._scores[tag], self._labels[tag]) for tag in TAGS]
        pcm = np.stack([[_pcm(notes.note_strs[row]) for row in rows] for rows in examples])
        super().__init__(
            data={
                "scores": np.stack(list(self._scores.values())),
                "labels": np.stack(list(self._labels.values())),
                "pcm": pcm,
            },
            options={
                "rate": SAMPLE_RATE,
                "examples": examples,
                "families": [[str(family[row]) for row in rows] for rows in examples],
            },
            **options,
        )

    def numbers(self, state: Mapping[str, Any]) -> dict[str, float]:
        """Return `tpr`, `fpr`, `accuracy`, `never` (accuracy of always saying no) and `auc`.

        Parameters
        ----------
        state : mapping
        """
        scores, labels = self._signed(state)
        yes = scores >= state["threshold"]
        tpr, fpr = float(yes[labels == 1].mean()), float(yes[labels == 0].mean())
        share = state["share"] / 100
        return {
            "tpr": tpr,
            "fpr": fpr,
            "accuracy": share * tpr + (1 - share) * (1 - fpr),
            "never": 1 - share,
            "auc": roc_auc(torch.from_numpy(scores), torch.from_numpy(labels)),
        }

    def _signed(self, state: Mapping[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        sign = np.float32(-1 if state["flip"] else 1)
        return sign * self._scores[state["tag"]], self._labels[state["tag"]]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the rates, the accuracy and the area."""
        found = self.numbers(state)
        flipped = ", flipped" if state["flip"] else ""
        return (
            f"Tag {TAGS[state['tag']]}{flipped}; {state['share']:.2g} % of the notes have it. "
            f"At threshold {state['threshold']:.2f} {found['tpr']:.0%} of the tagged notes are "
            f"found and {found['fpr']:.0%} of the others are wrongly tagged. Accuracy "
            f"{found['accuracy']:.1%}; always saying no: {found['never']:.1%}. "
            f"AUC {found['auc']:.3f}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the histograms with the threshold, and the ROC curve with its point."""
        left, right = figure.subplots(1, 2)
        scores, labels = self._signed(state)
        shares = {"others": 1 - state["share"] / 100, "tagged": state["share"] / 100}
        for value, (name, share) in enumerate(shares.items()):
            chosen = scores[labels == value]
            weights = np.full(len(chosen), share / len(chosen))
            style = {"color": COLORS[name], "alpha": 0.6, "label": name}
            left.hist(chosen, bins=24, range=(-LIMIT, LIMIT), weights=weights, **style)
        left.axvline(state["threshold"], color="black", linestyle="--")
        left.set(xlabel="score", ylabel="part of all notes")
        left.legend(frameon=False)
        fpr, tpr, _ = roc_curve(torch.from_numpy(scores), torch.from_numpy(labels))
        found = self.numbers(state)
        right.plot(fpr, tpr, color=COLORS["tagged"], linewidth=2)
        right.plot([0, 1], [0, 1], color="gray", linestyle=":")
        right.plot(found["fpr"], found["tpr"], "o", color="black", markersize=9)
        right.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
        right.set_title(f"AUC {found['auc']:.3f}")


def tag_features(notes: NoteSet) -> dict[str, NDArray[np.float64]]:
    """Return one number a note for each tag: how fast it decays, how bright it is (twice).

    Parameters
    ----------
    notes : NoteSet

    Returns
    -------
    dict of str to array
        By tag; shape (n,): decibels lost from the first second to the third, and the center
        of the spectrum in mel bands.
    """
    decibels = (notes.inputs()[:, 0].astype(np.float64) - 1) * FRONT_END.dynamic_range
    power = 10 ** (decibels / 10)
    level = 10 * np.log10(power.sum(1))
    quarter = level.shape[1] // 4
    decay = level[:, :quarter].mean(1) - level[:, 2 * quarter : 3 * quarter].mean(1)
    spectrum = power.mean(2)
    bright = spectrum @ np.arange(spectrum.shape[1]) / spectrum.sum(1)
    return {"mallet": decay, "guitar": bright, "bass": bright}


def _standard(feature: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the feature in standard deviations from its mean, within the figure."""
    score = (feature - feature.mean()) / feature.std()
    return np.clip(score, -LIMIT + 0.05, LIMIT - 0.05).astype(np.float32)


def _examples(notes: NoteSet, scores: NDArray[np.float32], labels: NDArray[np.uint8]) -> list[int]:
    """Return two notes to hear: the tagged one and the other one with the highest scores."""
    audible = np.isin(notes.note_strs, [sound.note_str for sound in sounds()])
    best = [np.where(audible & (labels == value), scores, -np.inf) for value in (1, 0)]
    return [int(np.argmax(one)) for one in best]


def _pcm(note_str: str) -> NDArray[np.int16]:
    """Return the beginning of a sound as 16-bit numbers, faded out."""
    wave = load_sound(note_str)[: int(SECONDS * SAMPLE_RATE)]
    fade = np.minimum(1, np.arange(len(wave))[::-1] / 2400)
    return np.round(wave * fade * 32767).astype(np.int16)
