"""Which family is taken for which: a confusion matrix whose cells play the notes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.figures.confusion import describe_confusion, draw_confusion
from utils.notes.embedded import load_notes, sounds
from utils.notes.front_end import FRONT_END, N_SAMPLES, SAMPLE_RATE
from utils.notes.store import NoteSet
from utils.notes.vocabulary import FAMILIES
from utils.widgets.base import CourseWidget
from utils.widgets.confusion.answers import Answers, answers_of, examples_of
from utils.widgets.fields import Choice, Integer

__all__ = ["Confusion"]


class Confusion(CourseWidget):
    """The confusion matrix of a model, each family's error bar, and the mistakes to hear.

    State: `note`, which of the notes is chosen (mistakes first, the surest before the others);
    `show` ("counts", "percent").

    Parameters
    ----------
    model : torch.nn.Module, optional
        Takes log-mels (n, 1, 64, 64), returns logits (n, 11). Default: the lecture CNN that
        comes trained with the course.
    notes : NoteSet, optional
        Default: the practice notes.
    each : int
        Notes to hear for each cell; all that have a recording are there.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the model returns no logits of 11 families, or `each` is less than 1.

    Notes
    -----
    The error bars are of 95 %, by instrument. A note without a recording is played as what its
    picture keeps, made in the browser (Griffin and Lim).

    Lecture: ``lectures/06_nsynth.ipynb``
    """

    NAME = "confusion"
    TITLE = "What is taken for what"
    GOAL = "Listen to three of the surest mistakes. Would you have been wrong, too?"
    OUTPUTS = ("score", "low", "high", "groups")

    def __init__(
        self,
        *,
        model: nn.Module | None = None,
        notes: NoteSet | None = None,
        each: int = 2,
        **options: Any,
    ) -> None:
        if each < 1:
            raise ParameterError(f"expected each >= 1, got {each}")
        self._found = answers_of(
            _trained() if model is None else model,
            load_notes().split("practice") if notes is None else notes,
        )
        self._examples = examples_of(self._found, each=each)
        super().__init__(
            fields={
                "note": Integer(
                    label="Note, the surest mistakes first",
                    default=0,
                    low=0,
                    high=max(1, len(self._examples) - 1),
                ),
                "show": Choice(
                    label="Show",
                    default="percent",
                    options=("percent", "counts"),
                    labels=("% of a family's notes", "numbers of notes"),
                ),
            },
            data=_data(self._found, self._examples),
            options=_options(self._found, self._examples),
            **options,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the score, the matrix in words, and the chosen note."""
        value, low, high = self._found.score
        row = self._examples[min(state["note"], len(self._examples) - 1)]
        truth, called = self._found.notes.families[row], self._found.called[row]
        return (
            f"Score {value:.1%} (95 % by instrument: {low:.1%} to {high:.1%}, "
            f"{self._found.groups} instrument groups). "
            f"{describe_confusion(self._found.matrix)} "
            f"Chosen: {self._found.notes.note_strs[row]}, {FAMILIES[truth]}, called "
            f"{FAMILIES[called]} with {self._found.probabilities[row, called]:.0%}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the matrix; the chosen note's cell is framed."""
        ax = figure.subplots()
        draw_confusion(self._found.matrix, ax=ax)
        row = self._examples[min(state["note"], len(self._examples) - 1)]
        cell = self._found.called[row], self._found.notes.families[row]
        ax.plot(*cell, "s", markersize=16, markerfacecolor="none", markeredgecolor="red")


def _trained() -> nn.Module:
    """Return the lecture CNN as it comes with the course."""
    from utils.zoo.checkpoints import load_checkpoint

    model, _ = load_checkpoint("lecture_cnn")
    return model


def _data(answers: Answers, examples: list[int]) -> dict[str, Any]:
    known = {sound.note_str: sound for sound in sounds()}
    names = [str(answers.notes.note_strs[row]) for row in examples]
    files = [known[name].path.read_bytes() if name in known else b"" for name in names]
    return {
        "matrix": answers.matrix.astype(np.int32),
        "truth": answers.notes.families[examples].astype(np.uint8),
        "called": answers.called[examples].astype(np.uint8),
        "probabilities": answers.probabilities[examples],
        "mels": answers.notes.mels_uint8(examples),
        "files": np.frombuffer(b"".join(files), np.uint8),
        "starts": np.cumsum([0, *map(len, files)]).astype(np.int32),
    }


def _options(answers: Answers, examples: list[int]) -> dict[str, Any]:
    known = {sound.note_str: sound.preset for sound in sounds()}
    names = [str(answers.notes.note_strs[row]) for row in examples]
    return {
        "families": FAMILIES,
        "names": names,
        "presets": [known.get(name, "") for name in names],
        "score": answers.score,
        "recall": answers.recall,
        "groups": answers.groups,
        "rate": SAMPLE_RATE,
        "samples": N_SAMPLES,
        "size": FRONT_END.n_fft,
        "hop": FRONT_END.hop_length,
        "bands": FRONT_END.n_mels,
        "range": FRONT_END.dynamic_range,
        "low": FRONT_END.f_min,
        "high": FRONT_END.f_max,
    }
