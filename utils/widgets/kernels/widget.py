"""What the kernels of a network respond to: pictures, the nine top notes, and their sound.

Everything that the page shows at first is computed by the network when the widget is made. The
page filters the sounds itself; without a kernel it knows the channels that have a picture.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.figures.notes import draw_log_mel
from utils.training.inspect_layers import feature_maps
from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Field, Integer
from utils.widgets.kernels.look import N_TOP, Looker, chance_purity
from utils.widgets.network_notes import front_end_options, heard_notes, trained_network
from utils.widgets.notes_viewer.widget import note_name, packed_files

__all__ = ["KernelViewer"]

AUDIBLE = 3
"""Of each pictured channel, so many top notes can be heard without a kernel."""


class KernelViewer(CourseWidget):
    """Choose a kernel: see it, see and hear its nine top notes, and what it hears in them.

    State: `layer`; `channel`, from 0; `rank` (1 is the note in which the channel fires most
    strongly); `show`, beside the note: "map", the feature map after ReLU, or "projection", what
    the strongest unit responded to, projected back by the deconvnet.

    Parameters
    ----------
    model : torch.nn.Module, optional
        Any network with 2-D convolutions for log-mels of shape (n, 1, 64, 64); it is only
        read. Default: the trained network that ships with the course.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the network has no 2-D convolutions or doesn't take such notes.

    Notes
    -----
    Only the 274 notes that can be heard are ranked. What a kernel hears is the note's
    short-time spectrum times the feature map, spread over the spectrum
    (:func:`utils.training.resynthesis.what_it_hears`).

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """

    NAME = "kernels"
    TITLE = "What a kernel hears"
    GOAL = (
        "Play what a kernel of the first layer hears. Then find a channel of a higher layer "
        "whose top notes agree most in their family, and play what it hears."
    )
    PROJECTED_GOAL = (
        "What did the strongest unit respond to? Play it for three channels: is it an attack, "
        "a partial, the end of the note?"
    )
    OUTPUTS = ("purity", "untrained", "chance")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "layer": Choice(label="Layer", default="conv1", options=("conv1",)),
        "channel": Integer(label="Channel", default=0, low=0, high=0),
        "rank": Integer(label="Top note", default=1, low=1, high=N_TOP),
        "show": Choice(
            label="Beside the note",
            default="map",
            options=("map", "projection"),
            labels=("feature map", "projected back"),
        ),
    }

    def __init__(self, model: nn.Module | None = None, **options: Any) -> None:
        self._looker, facts = _shared() if model is None else _look(model)
        names = tuple(self._looker.layers)
        most = max(layer["channels"] for layer in facts["options"]["layers"])
        # A layer that is asked for without a channel begins with one that has a picture.
        first = facts["first"].get(options.get("layer", names[0]), 0)
        fields = {
            "layer": Choice(label="Layer", default=names[0], options=names),
            "channel": Integer(label="Channel", default=first, low=0, high=most - 1),
        }
        if options.get("show") == "projection":
            options = {"goal": self.PROJECTED_GOAL, **options}
        super().__init__(fields=fields, options=facts["options"], data=facts["data"], **options)
        self.answer("channel", self._channel)
        self.answer("sound", self._sound)

    def _channel(self, job: Job) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        card, blob = self._looker.card(str(job.payload["layer"]), int(job.payload["channel"]))
        card["at"]["mels"] = len(blob)
        blob += self._looker.notes.mels[card["notes"]].tobytes()
        return {"card": card}, np.frombuffer(blob, np.uint8)

    def _sound(self, job: Job) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        known, which = self._looker.notes.sounds, job.payload["note"]
        if not isinstance(which, int) or not 0 <= which < len(known):
            raise ParameterError(f"expected a note from 0 to {len(known) - 1}, got {which!r}")
        return {"note": which}, np.frombuffer(known[which].path.read_bytes(), np.uint8)

    def _card(self, state: Mapping[str, Any]) -> dict[str, Any]:
        most = len(self._looker.tops[state["layer"]].channels)
        return self._looker.card(state["layer"], min(state["channel"], most - 1))[0]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return what the channel likes, and the note that is shown."""
        card = self._card(state)
        words = [f"{card['layer']}, channel {card['channel']}"]
        if "shape" in card:
            words.append(f"{card['name']} ({card['shape'][0]} {card['shape'][1]:.0%})")
        if card["common"] is None:
            return f"{', '.join(words)}: silent in all {len(self._looker.notes.sounds)} notes."
        family, count = card["common"]
        rank = min(state["rank"], len(card["notes"]))
        note = self._looker.notes.sounds[card["notes"][rank - 1]]
        return (
            f"{', '.join(words)}: of its {card['firing']} top notes {count} are "
            f"{family.replace('_', ' ')}. Shown is number {rank}: {note_name(note)}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the note with the window that the unit sees, and the feature map."""
        card = self._card(state)
        rank = min(state["rank"], len(card["notes"])) - 1
        which = card["notes"][rank]
        left, right = figure.subplots(1, 2)
        draw_log_mel(self._looker.notes.mels[which] / 255, ax=left, colorbar=False)
        low, high, first, last = card["windows"][rank]
        hop = front_end_options()["hop"] / front_end_options()["rate"]
        corner = ((first - 0.5) * hop, low - 0.5)
        size = ((last - first) * hop, high - low)
        left.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=2))
        left.set_title(note_name(self._looker.notes.sounds[which]), fontsize=9)
        inputs = self._looker.inputs[which : which + 1]
        maps = feature_maps(self._looker.model, inputs, [card["layer"]])[card["layer"]]
        level = maps[0, card["channel"]].clamp_min(0).cpu().numpy()
        right.imshow(level, origin="lower", aspect="auto", cmap="viridis", extent=(0, 4, 0, 64))
        right.set(title=f"{card['layer']}, channel {card['channel']}", yticks=[])
        right.set_xlabel("time (s)")


@lru_cache(maxsize=1)
def _shared() -> tuple[Looker, dict[str, Any]]:
    """Return what is known of the course's network: computed once a kernel."""
    return _look(trained_network())


def _look(model: nn.Module) -> tuple[Looker, dict[str, Any]]:
    """Return the network's looker, and options, data and first channel for the view."""
    notes = heard_notes()
    looker = Looker(model, notes)
    layers = [looker.layer_facts(layer) for layer in looker.layers]
    cards, blob = [], b""
    for layer in layers:
        for channel in layer["listed"]:
            card, part = looker.card(layer["name"], channel)
            cards.append({**card, "start": len(blob)})
            blob += part
    firing = [card for card in cards if card["common"]]
    pool = sorted({which for card in cards for which in card["notes"]})
    heard = sorted({which for card in firing for which in card["notes"][:AUDIBLE]})
    files, starts = packed_files([notes.sounds[which] for which in heard])
    options = {
        "end": front_end_options(),
        "layers": layers,
        "cards": cards,
        "notes": [[note_name(one), one.preset, one.split] for one in notes.sounds],
        "pool": pool,
        "heard": heard,
        "chance": chance_purity(notes),
        "most": max((card["common"][1] for card in firing), default=0),
    }
    data = {
        "blob": np.frombuffer(blob, np.uint8),
        "mels": notes.mels[pool],
        "files": files,
        "starts": starts,
    }
    # The last assignment of a key wins: the first channel of each layer.
    first = {card["layer"]: card["channel"] for card in reversed(firing)}
    return looker, {"options": options, "data": data, "first": first}
