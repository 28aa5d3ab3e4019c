"""The sound of a class: the picture that a network would like best, step by step, and its sound.

The first pictures are stored; the kernel grows others. The page turns pictures into sound.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.figures.notes import draw_log_mel
from utils.notes.vocabulary import FAMILIES
from utils.widgets.base import CourseWidget
from utils.widgets.class_sound.grow import PARTS, Growth, grow, scale_of
from utils.widgets.class_sound.store import NETWORKS, SETTINGS, load_stored
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Field, Integer, Number
from utils.widgets.network_notes import (
    HeardNotes,
    front_end_options,
    heard_notes,
    trained_network,
    untrained_copy,
)
from utils.widgets.notes_viewer.widget import note_name, packed_files

__all__ = ["ClassSound"]

LABELS = tuple(name.replace("_", " ") for name in FAMILIES)


class ClassSound(CourseWidget):
    r"""Watch gradient ascent write the note that a class likes best, and hear it.

    State: `family`; `network` ("trained", or the same one before training); `kept`, which of
    the kept pictures is shown (0 is the noise of the beginning); and for the next growth in the
    kernel `steps`, `smooth`, `quiet` (weights against the spread of the network's logits) and
    `jitter` (cells).

    Parameters
    ----------
    model : torch.nn.Module, optional
        Takes log-mels of shape (n, 1, 64, 64), puts out one logit a family; it is only read.
        Default: the trained network that ships with the course, with stored pictures.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the model is no network or doesn't put out one logit a family.

    Notes
    -----
    .. math:: x \leftarrow x + \eta\, \nabla_x \big(\text{logit}_c(x)
              - \text{penalties}(x)\big)

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009.
    """

    NAME = "class_sound"
    TITLE = "The sound of a class"
    GOAL = (
        "Hear the vocal and the mallet picture of the trained network: what has it understood "
        "of them? Then hear one of the untrained network."
    )
    OUTPUTS = ("logit", "best", "probability")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "family": Choice(label="Class", default="vocal", options=FAMILIES, labels=LABELS),
        "network": Choice(
            label="Network",
            default="trained",
            options=NETWORKS,
            labels=("trained", "before training"),
        ),
        "kept": Integer(label="Picture", default=len(PARTS) - 2, low=0, high=len(PARTS) - 1),
        "steps": Integer(label="Steps", default=SETTINGS["steps"], low=20, high=400, step=20),
        "smooth": Number(label="Smoothness", default=SETTINGS["smooth"], low=0.0, high=40.0),
        "quiet": Number(label="Silence", default=SETTINGS["quiet"], low=0.0, high=20.0),
        "jitter": Integer(label="Jitter", default=SETTINGS["jitter"], low=0, high=8, unit="cells"),
    }

    def __init__(self, model: nn.Module | None = None, **options: Any) -> None:
        self._notes = heard_notes()
        self._models = _models(model)
        self._scales: dict[str, Any] = {}
        facts, pictures, made = _stored() if model is None else _first(self._models, self._notes)
        self._facts, self._pictures = facts, pictures
        data, starts = packed_files([self._notes.sounds[row] for row in self._examples()])
        super().__init__(
            options={
                "end": front_end_options(),
                "networks": facts,
                "made": made,
                "examples": [note_name(self._notes.sounds[row]) for row in self._examples()],
            },
            data={
                "pictures": pictures,
                "means": _means(self._notes),
                "files": data,
                "starts": starts,
            },
            **options,
        )
        self.answer("grow", self._grow)

    def _examples(self) -> list[int]:
        """Return one note of each family, the one nearest to the middle of the keyboard."""
        sounds = self._notes.sounds
        return [
            min(
                (row for row, sound in enumerate(sounds) if sound.family == family),
                key=lambda row: abs(sounds[row].pitch - 60),
            )
            for family in FAMILIES
        ]

    def _grow(self, job: Job) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        state = self._checked(job.payload["state"])
        name, family = state["network"], FAMILIES.index(state["family"])
        model = self._models[name]
        if name not in self._scales:
            self._scales[name] = scale_of(model, self._notes)
        scale = self._scales[name]

        def report(growth: Growth) -> None:
            job.report(growth.facts(), np.stack(growth.pictures))

        growth = grow(
            model,
            family,
            scale=scale,
            report=report,
            tick=lambda done: job.report({"done": done}),
            **{key: state[key] for key in ("steps", "smooth", "quiet", "jitter")},
        )
        place = NETWORKS.index(name), family
        self._facts[name]["classes"][family] = growth.facts()
        self._facts[name]["best"] = scale.best
        self._pictures[place] = np.stack(growth.pictures)
        return {"best": scale.best, **growth.facts()}, np.stack(growth.pictures)

    def _shown(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], NDArray[np.uint8]] | None:
        """Return what is known of the class, and the picture; None if it has not grown."""
        family, name = FAMILIES.index(state["family"]), state["network"]
        facts = self._facts[name]["classes"][family]
        if facts is None:
            return None
        return facts, self._pictures[NETWORKS.index(name), family, state["kept"]]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how sure the network is of the picture, against its best real note."""
        family, shown = FAMILIES.index(state["family"]), self._shown(state)
        start = f"The picture that the network ({state['network']}) likes as {LABELS[family]}"
        if shown is None:
            return f"{start} has not been grown yet."
        facts, at = shown[0], state["kept"]
        best = self._facts[state["network"]]["best"][family]
        return (
            f"{start}, after {facts['steps'][at]} of {facts['steps'][-1]} steps: logit "
            f"{facts['logits'][at]:.3g} (best real note {best:.3g}), probability "
            f"{facts['probabilities'][at]:.0%}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the picture beside the mean of the family's real notes."""
        left, right = figure.subplots(1, 2)
        shown, family = self._shown(state), FAMILIES.index(state["family"])
        if shown is None:
            left.text(0.5, 0.5, "not grown yet", ha="center", transform=left.transAxes)
        else:
            draw_log_mel(shown[1] / 255, ax=left, colorbar=False)
        left.set_title(f"{LABELS[family]}, {state['network']}", fontsize=9)
        draw_log_mel(_means(self._notes)[family] / 255, ax=right, colorbar=False)
        right.set_title("mean of real notes", fontsize=9)


def _models(model: nn.Module | None) -> dict[str, nn.Module]:
    """Return the network and its twin before training."""
    if model is not None and not isinstance(model, nn.Module):
        raise ParameterError(f"expected a torch.nn.Module, got {type(model).__name__}")
    trained = trained_network() if model is None else model
    return dict(zip(NETWORKS, (trained, untrained_copy(trained)), strict=True))


def _stored() -> tuple[dict[str, Any], NDArray[np.uint8], str]:
    document, pictures = load_stored()
    made = document["provenance"]
    words = (
        f"checkpoint {made['checkpoint']}, {made['settings']['steps']} steps, seed "
        f"{made['settings']['seed']}, PyTorch {made['versions']['torch'].split('+')[0]}"
    )
    return document["networks"], pictures, words


def _first(
    models: Mapping[str, nn.Module], notes: HeardNotes
) -> tuple[dict[str, Any], NDArray[np.uint8], str]:
    """Return what is known of a network before anything has grown."""
    facts = {}
    for name, model in models.items():
        try:
            best = scale_of(model, notes).best
        except RuntimeError as error:
            raise ParameterError(
                f"expected a network for log-mels of shape (n, 1, 64, 64), got: {error}"
            ) from error
        if len(best) != len(FAMILIES):
            raise ParameterError(f"expected {len(FAMILIES)} logits, got {len(best)}")
        facts[name] = {"best": best, "classes": [None] * len(FAMILIES)}
    shape = (len(NETWORKS), len(FAMILIES), len(PARTS), 64, 64)
    return facts, np.zeros(shape, np.uint8), ""


def _means(notes: HeardNotes) -> NDArray[np.uint8]:
    """Return the mean spectrogram of each family's notes that can be heard."""
    families = np.array([sound.family for sound in notes.sounds])
    means = [notes.mels[families == name].mean(axis=0) for name in FAMILIES]
    return np.stack(means).round().astype(np.uint8)
