"""One front end, six back ends: what each makes of a note, and of the same note later.

All networks run in Python when the widget is made; the page holds what they gave, so that it
is alive without a kernel.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.figures.notes import draw_log_mel
from utils.models.view_averaging import time_shifts
from utils.notes.embedded import Sound, load_notes, sounds
from utils.notes.front_end import SAMPLE_RATE
from utils.notes.vocabulary import FAMILIES
from utils.widgets.back_ends.nets import FRAMES, NAMES, load_nets, load_stored
from utils.widgets.back_ends.store import SHIFTS, logits_of
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Number
from utils.widgets.notes_viewer.widget import note_name, packed_files

__all__ = ["LABELS", "NOTES", "BackEnds", "chosen_sounds", "made_with", "moments"]

NOTES = (
    "flute_acoustic_2077-074-100",
    "vocal_synthetic_5015-072-100",
    "mallet_synthetic_4503-055-050",
    "reed_acoustic_3109-082-075",
)
LABELS: Final = ("average", "maximum", "mean + max + L2", "attention", "RNN (GRU)", "MLP")
SECONDS = 4.0
STEP = 0.25


class BackEnds(CourseWidget):
    r"""Swap the back end under the same feature maps, and let the note begin later.

    State: `back_end` (one of "average", "max", "statistics", "attention", "rnn", "mlp"),
    `note`, `shift` (s by which the note begins later).

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
    How much a moment counts is the size of the answer's gradient there:

    .. math:: s_t \propto \Big\lVert \frac{\partial z_{\hat c}}{\partial h_t} \Big\rVert,
              \qquad \sum_t s_t = 1

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    NAME = "back_ends"
    TITLE = "Six back ends under one front end"
    GOAL = (
        "Let a note begin 1 s later or more. Find a back end that changes its answer, "
        "and one that keeps it."
    )
    OUTPUTS = ("name", "answer", "sure", "right", "parameters")

    def __init__(self, *, notes: Sequence[str] = NOTES, **options: Any) -> None:
        self._sounds = chosen_sounds(notes)
        stored = load_stored()
        self.provenance, self.measured = stored["provenance"], stored["measured"]
        inputs, self._mels = mels_of(self._sounds)
        front, heads = load_nets(stored)
        self._maps, self._probs, self._moments = _run(front, heads, inputs)
        names = tuple(note.note_str for note in self._sounds)
        labels = tuple(f"{note_name(note)} ({note.preset})" for note in self._sounds)
        files, starts = packed_files(self._sounds)
        super().__init__(
            fields={
                "back_end": Choice(
                    label="Back end", default="average", options=NAMES, labels=LABELS
                ),
                "note": Choice(label="Note", default=names[0], options=names, labels=labels),
                "shift": Number(
                    label="begins later by", default=0.0, low=0.0, high=2.0, step=STEP, unit="s"
                ),
            },
            data={
                "mels": self._mels,
                "maps": self._maps,
                "probs": self._probs.astype(np.float32),
                "moments": self._moments.astype(np.float32),
                "files": files,
                "starts": starts,
            },
            options={
                "rate": SAMPLE_RATE,
                "seconds": SECONDS,
                "step": STEP,
                "families": [family.replace("_", " ") for family in FAMILIES],
                "truth": [FAMILIES.index(note.family) for note in self._sounds],
                "measured": [self.measured[name] for name in NAMES],
                "made": made_with(self.provenance),
            },
            **options,
        )

    def _at(self, state: Mapping[str, Any]) -> tuple[int, int, int]:
        """Return the numbers of back end, shift and note."""
        note = [sound.note_str for sound in self._sounds].index(state["note"])
        return NAMES.index(state["back_end"]), round(state["shift"] / STEP), note

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the answer, what counted, and how it does on all practice notes."""
        back, shift, note = self._at(state)
        probs, share = self._probs[back, shift, note], self._moments[back, shift, note]
        facts = self.measured[state["back_end"]]
        best = int(share.argmax())
        return (
            f"{LABELS[back]} ({facts['parameters']} parameters) hears "
            f"{note_name(self._sounds[note])}, begun {state['shift']:g} s later, as "
            f"{FAMILIES[int(probs.argmax())]} (probability {probs.max():.2f}). The moment that "
            f"counts most is {best * STEP:g} s, with {100 * share[best]:.0f} %. Practice notes "
            f"right at this shift: {100 * facts['accuracy'][shift][0]:.0f} %, same answer as "
            f"without it: {100 * facts['kept'][shift]:.0f} %."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the note, what counts, the probabilities and the accuracy against the shift."""
        back, shift, note = self._at(state)
        (mel, bars), (when, curves) = figure.subplots(2, 2)
        moved = np.zeros((64, 64))
        by = SHIFTS[shift]
        moved[:, by:] = self._mels[note][:, : 64 - by] / 255
        draw_log_mel(moved, ax=mel, colorbar=False)
        bars.barh(range(11), self._probs[back, shift, note])
        bars.set_yticks(range(11), FAMILIES, fontsize=6)
        bars.set(xlim=(0, 1), xlabel="probability")
        when.bar((np.arange(FRAMES) + 0.5) * STEP, self._moments[back, shift, note], width=0.2)
        when.set(xlim=(0, SECONDS), xlabel="time (s)", ylabel="counts")
        for name, label in zip(NAMES, LABELS, strict=True):
            accuracy = [row[0] for row in self.measured[name]["accuracy"]]
            width = 3 if name == state["back_end"] else 1
            curves.plot(np.array(SHIFTS) / 16, accuracy, linewidth=width, label=label)
        curves.set(xlabel="begins later by (s)", ylabel="right", ylim=(0, 1))
        curves.legend(fontsize=5)


def chosen_sounds(names: Sequence[str], *, most: int = 6) -> list[Sound]:
    """Return embedded notes that can be heard.

    Parameters
    ----------
    names : sequence of str
        Of :func:`utils.notes.embedded.sounds`.
    most : int
        So many at most.

    Raises
    ------
    ParameterError
        If one is unknown, or there are none or too many.
    """
    known = {sound.note_str: sound for sound in sounds()}
    if not 1 <= len(names) <= most:
        raise ParameterError(f"expected 1 to {most} notes, got {len(names)}")
    if unknown := [name for name in names if name not in known]:
        raise ParameterError(f"expected notes that can be heard, got {unknown[0]!r}")
    return [known[name] for name in names]


def mels_of(notes: Sequence[Sound]) -> tuple[torch.Tensor, NDArray[np.uint8]]:
    """Return log-mels of the store, (n, 1, 64, 64), and the same as bytes (n, 64, 64).

    Parameters
    ----------
    notes : sequence of Sound
    """
    store = load_notes().notes()
    rows = {str(name): row for row, name in enumerate(store.note_strs)}
    places = [rows[note.note_str] for note in notes]
    inputs = torch.from_numpy(store.inputs(np.array(places)))
    return inputs, np.asarray(store.mels_uint8(places)).reshape(-1, 64, 64)


def made_with(provenance: Mapping[str, Any]) -> str:
    """Return in words what a stored result was made of.

    Parameters
    ----------
    provenance : mapping
    """
    return (
        f"{provenance['made_by']}; seed {provenance['seed']}, PyTorch "
        f"{provenance['versions']['torch'].split('+')[0]}, notes {provenance['dataset_id'][:8]}"
    )


def moments(head: nn.Module, maps: torch.Tensor) -> NDArray[np.float64]:
    """Return how much each frame counts for the answer, (n, frames), each row with sum 1.

    Parameters
    ----------
    head : torch.nn.Module
        Back end and linear layer.
    maps : torch.Tensor, shape (n, channels, bands, frames)
    """
    maps = maps.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(head(maps).amax(1).sum(), maps)
    size = gradient.square().sum((1, 2)).sqrt().numpy().astype(np.float64)
    return size / np.maximum(size.sum(1, keepdims=True), 1e-12)


def _run(
    front: nn.Module, heads: Mapping[str, nn.Module], inputs: torch.Tensor
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """Return maps as bytes (shifts, notes, 64, 16), probabilities and moments of all back ends."""
    maps = [logits_of(front, view(inputs)) for view in time_shifts(SHIFTS)]
    probs = [[logits_of(heads[name], one).softmax(1) for one in maps] for name in NAMES]
    counts = [[moments(heads[name], one) for one in maps] for name in NAMES]
    every = torch.stack(maps)[:, :, :, 0]
    # Channels differ in size a lot; each by its own largest value over all notes.
    scaled = 255 * every / every.amax((0, 1, 3), keepdim=True).clamp(min=1e-6)
    return (
        scaled.round().to(torch.uint8).numpy(),
        np.stack([[p.numpy() for p in row] for row in probs]).astype(np.float64),
        np.stack([np.stack(row) for row in counts]),
    )
