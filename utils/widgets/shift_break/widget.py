"""Transpose a note, hear it, and see what two networks make of it: one 1-D, one 2-D.

Both run in Python when the widget is made, on every transposition; the page holds what they
gave. The transposed picture and sound are made by the view (``kit/math/transpose.js``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from utils.figures.notes import draw_log_mel
from utils.notes.augment_mel import mel_pitch_shift
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.notes.vocabulary import FAMILIES
from utils.widgets.back_ends.store import logits_of
from utils.widgets.back_ends.widget import chosen_sounds, made_with, mels_of
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Integer
from utils.widgets.notes_viewer.widget import note_name, packed_files
from utils.widgets.shift_break.store import (
    KINDS,
    SEMITONES,
    first_layer,
    load_pair,
    load_stored,
)

__all__ = ["NOTES", "ShiftBreak"]

NOTES = (
    "vocal_synthetic_5019-057-025",
    "flute_acoustic_2077-074-100",
    "mallet_synthetic_4503-055-050",
    "bass_synthetic_2038-046-075",
)


class ShiftBreak(CourseWidget):
    r"""Features of a 1-D and of a 2-D network under transposition.

    State: `note`, `semitones` (from -12 to 12).

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
    How strongly kernel k of the first layer reacts is its mean over the whole map; how much two
    notes are alike is the cosine of these strengths:

    .. math:: r_k = \operatorname{mean}_{ij} \mathrm{ReLU}(w_k * x + b_k), \qquad
              \cos = \frac{r \cdot r'}{\lVert r \rVert \lVert r' \rVert}

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    NAME = "shift_break"
    TITLE = "Transpose a note: which features stay?"
    GOAL = (
        "Find a note and a transposition after which one network still names the "
        "instrument family, and the other does not."
    )
    OUTPUTS = ("one", "two", "alike_one", "alike_two")

    def __init__(self, *, notes: Sequence[str] = NOTES, **options: Any) -> None:
        self._sounds = chosen_sounds(notes)
        stored = load_stored()
        self.provenance, self.measured = stored["provenance"], stored["measured"]
        inputs, self._mels = mels_of(self._sounds)
        self._strengths, self._probs = _run(load_pair(stored), inputs)
        names = tuple(note.note_str for note in self._sounds)
        labels = tuple(f"{note_name(note)} ({note.preset})" for note in self._sounds)
        files, starts = packed_files(self._sounds)
        super().__init__(
            fields={
                "note": Choice(label="Note", default=names[0], options=names, labels=labels),
                "semitones": Integer(label="Semitones", default=0, low=-12, high=12),
            },
            data={
                "mels": self._mels,
                "probs": self._probs.astype(np.float32),
                "one": self._strengths["1-D"].astype(np.float32),
                "two": self._strengths["2-D"].astype(np.float32),
                "files": files,
                "starts": starts,
            },
            options={
                "rate": SAMPLE_RATE,
                "seconds": FRONT_END.n_frames * FRONT_END.hop_length / SAMPLE_RATE,
                "range": {"low": FRONT_END.f_min, "high": FRONT_END.f_max},
                "families": [family.replace("_", " ") for family in FAMILIES],
                "truth": [FAMILIES.index(note.family) for note in self._sounds],
                "measured": [self.measured[kind] for kind in KINDS],
                "made": made_with(self.provenance),
            },
            **options,
        )

    def _at(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """Return the numbers of shift and note."""
        note = [sound.note_str for sound in self._sounds].index(state["note"])
        return SEMITONES.index(state["semitones"]), note

    def alike(self, kind: str, state: Mapping[str, Any]) -> float:
        """Return the cosine of the first layer's strengths with those of the note as it is.

        Parameters
        ----------
        kind : {"1-D", "2-D"}
        state : mapping
        """
        shift, note = self._at(state)
        now, plain = (self._strengths[kind][at, note] for at in (shift, SEMITONES.index(0)))
        return float(now @ plain / (np.linalg.norm(now) * np.linalg.norm(plain)))

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return both answers, and how much the first features have changed."""
        shift, note = self._at(state)
        sound, parts = self._sounds[note], []
        for k, kind in enumerate(KINDS):
            probs, facts = self._probs[k, shift, note], self.measured[kind]
            parts.append(
                f"{kind} ({facts['parameters']} parameters): {FAMILIES[int(probs.argmax())]} "
                f"({100 * probs.max():.0f} %); first features {self.alike(kind, state):.2f} like "
                f"before; practice notes right at this shift: "
                f"{100 * facts['accuracy'][shift][0]:.0f} %, same answer as before: "
                f"{100 * facts['kept'][shift]:.0f} %."
            )
        return f"{note_name(sound)}, {state['semitones']:+d} semitones. {' '.join(parts)}"

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the transposed note, the first features, and the accuracies."""
        shift, note = self._at(state)
        (mel, right), (one, two) = figure.subplots(2, 2)
        picture = torch.from_numpy(self._mels[note] / 255.0)[None, None]
        moved = mel_pitch_shift(picture, semitones=float(state["semitones"]))
        draw_log_mel(moved[0, 0].numpy(), ax=mel, colorbar=False)
        for ax, kind in ((one, "1-D"), (two, "2-D")):
            now, plain = (self._strengths[kind][at, note] for at in (shift, SEMITONES.index(0)))
            ax.bar(range(len(now)), now, label="transposed")
            ax.step(range(len(plain)), plain, where="mid", color="black", label="as it is")
            ax.set(xlabel=f"kernel, {kind}", ylabel="strength")
            ax.legend(fontsize=6)
        for kind, style in zip(KINDS, ("-", "--"), strict=True):
            values = [100 * row[0] for row in self.measured[kind]["accuracy"]]
            right.plot(SEMITONES, values, style, label=kind)
        right.axvline(state["semitones"], color="gray")
        right.set(xlabel="semitones", ylabel="right (%)", ylim=(0, 80))
        right.legend(fontsize=6)


def _run(
    pair: Mapping[str, nn.Module], inputs: torch.Tensor
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return strengths (shifts, notes, kernels) by kind, and probabilities of both."""
    moved = torch.cat([mel_pitch_shift(inputs, semitones=float(s)) for s in SEMITONES])
    shape = (len(SEMITONES), len(inputs), -1)
    strengths = {
        kind: first_layer(kind, net, moved).mean((2, 3)).reshape(shape).double().numpy()
        for kind, net in pair.items()
    }
    probs = [logits_of(pair[kind], moved).softmax(1).reshape(shape).numpy() for kind in KINDS]
    return strengths, np.stack(probs).astype(np.float64)
