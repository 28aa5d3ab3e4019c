"""A timeline of images and music, and averaging over views at test time, on notes.

The network is the one of :mod:`utils.widgets.back_ends` with an MLP on all cells, as AlexNet
had: such a network cares where in time a note lies, so views differ.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.models.view_averaging import time_shifts
from utils.notes.front_end import SAMPLE_RATE
from utils.notes.vocabulary import FAMILIES
from utils.widgets.back_ends.nets import load_nets, load_stored
from utils.widgets.back_ends.store import VIEWS, logits_of
from utils.widgets.back_ends.widget import chosen_sounds, made_with, mels_of
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Integer
from utils.widgets.notes_viewer.widget import note_name, packed_files
from utils.widgets.timeline.events import EVENTS

__all__ = ["NOTES", "Timeline"]

NOTES = (
    "keyboard_synthetic_4408-075-100",
    "bass_synthetic_4003-095-025",
    "synth_lead_synthetic_3081-039-127",
    "reed_synthetic_4702-064-050",
)
FRAME_MS = 62.5


class Timeline(CourseWidget):
    r"""Steps from shallow features to deep networks; and several views of a note, averaged.

    State: `event` (which step, from 0), `note`, `views` (how many are averaged).

    Parameters
    ----------
    notes : sequence of str
        1 to 6 notes that can be heard, names of :func:`utils.notes.embedded.sounds`.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a note can't be heard, or there are too many.

    Notes
    -----
    .. math:: \bar p = \frac1V \sum_{v=1}^V \operatorname{softmax}\big(z(x_v)\big)

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012.
    """

    NAME = "timeline"
    TITLE = "From shallow to deep, and AlexNet's last trick"
    GOAL = (
        "Walk to AlexNet. Then do as it did: find a note on which the mean of several views "
        "answers otherwise than the first view alone."
    )
    OUTPUTS = ("answer", "sure", "right")

    def __init__(self, *, notes: Sequence[str] = NOTES, **options: Any) -> None:
        self._sounds = chosen_sounds(notes)
        stored = load_stored()
        self.provenance, self.accuracy = stored["provenance"], stored["views"]
        inputs, _ = mels_of(self._sounds)
        front, heads = load_nets(stored)
        net = torch.nn.Sequential(front, heads["mlp"])
        probs = [logits_of(net, view(inputs)).softmax(1) for view in time_shifts(VIEWS)]
        self._probs = torch.stack(probs).double().numpy()
        names = tuple(note.note_str for note in self._sounds)
        labels = tuple(f"{note_name(note)} ({note.preset})" for note in self._sounds)
        files, starts = packed_files(self._sounds)
        super().__init__(
            fields={
                "event": Integer(label="Step", default=0, low=0, high=len(EVENTS) - 1),
                "note": Choice(label="Note", default=names[0], options=names, labels=labels),
                "views": Integer(label="Views averaged", default=1, low=1, high=len(VIEWS)),
            },
            data={"probs": self._probs.astype(np.float32), "files": files, "starts": starts},
            options={
                "rate": SAMPLE_RATE,
                "events": [event._asdict() for event in EVENTS],
                "delays": [FRAME_MS * view / 1000 for view in VIEWS],
                "families": [family.replace("_", " ") for family in FAMILIES],
                "truth": [FAMILIES.index(note.family) for note in self._sounds],
                "accuracy": self.accuracy,
                "made": made_with(self.provenance),
            },
            **options,
        )

    def mean(self, state: Mapping[str, Any]) -> np.ndarray:
        """Return the mean probabilities of the chosen views.

        Parameters
        ----------
        state : mapping
        """
        note = [sound.note_str for sound in self._sounds].index(state["note"])
        return np.asarray(self._probs[: state["views"], note].mean(0))

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the step in words, and the averaged answer."""
        event, mean = EVENTS[state["event"]], self.mean(state)
        middle, low, high = self.accuracy[state["views"] - 1]
        return (
            f"{event.year}, {event.name}: {event.text} Mean of {state['views']} views: "
            f"{FAMILIES[int(mean.argmax())]} ({100 * mean.max():.0f} %). Of 789 practice notes "
            f"{100 * middle:.0f} % are right ({100 * low:.0f} to {100 * high:.0f} %)."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the layers of the winners, the mean probabilities, and accuracy against views."""
        grid = figure.add_gridspec(2, 2)
        years = figure.add_subplot(grid[0, :])
        bars, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
        winners = [event for event in EVENTS if event.layers]
        years.bar([e.year for e in winners], [e.layers for e in winners], width=0.6)
        for k, event in enumerate(e for e in EVENTS if not e.layers):
            years.text(event.year, 1.2 * 2 ** (k % 4), event.name, fontsize=6)
        years.set(yscale="log", xlim=(2005.5, 2019.5), ylabel="layers", ylim=(1, 300))
        bars.barh(range(11), self.mean(state))
        bars.set_yticks(range(11), FAMILIES, fontsize=5)
        bars.set(xlim=(0, 1), xlabel="mean probability")
        middle = [100 * row[0] for row in self.accuracy]
        right.plot(range(1, len(middle) + 1), middle, marker="o")
        right.axvline(state["views"], color="gray")
        right.set(xlabel="views", ylabel="right (%)", ylim=(0, 100))
