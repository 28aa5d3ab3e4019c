"""The landscape of the reader's own network, with and without skips, and its training on it.

Training and looking happen in the kernel's worker thread, coarse first; the view draws what has
come so far. Before that, and without a kernel, a stored result is shown.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Field, Integer, Number
from utils.widgets.own_landscape.look import PLANES, look_at, planes_of
from utils.widgets.own_landscape.networks import (
    NAMES,
    Network,
    Pair,
    given_networks,
    note_pair,
    raw_notes,
    train_network,
)
from utils.widgets.own_landscape.store import EPOCHS, LOOK_NOTES, facts_of, load_stored

__all__ = ["OwnLandscape"]


class OwnLandscape(CourseWidget):
    r"""Look at the loss around a network's weights, with and without skips, side by side.

    Two residual networks with the same first weights learn the same notes; only the skips
    differ. Or the reader's own networks are looked at.

    State: `plane` ("random": filter-normalized; "path": the plane that comes closest to the
    training), `view` ("contour", "surface"), `blocks` and `seed` (for the next training), `t`
    (percent of the training that is shown), `azimuth` and `elevation` of the 3-D view.

    Parameters
    ----------
    models : torch.nn.Module or mapping of str to torch.nn.Module, optional
        One to three trained networks of the reader's own; they are only read. Default: the
        widget trains two.
    data : (inputs, targets), optional
        On which the loss of `models` is measured; default: 128 notes as (1, 64, 64) log-mels.
    snapshots : mapping of str to sequence, or sequence, optional
        Weights of `models` during training
        (:func:`utils.training.landscape_directions.snapshot`), the last ones where it ended.
        With three or more there is the plane of the path, too.
    resolution : int
        Points a side of a landscape made in the kernel; odd, at least 3.
    epochs : int
        Of the widget's own training.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If models or snapshots cannot be used.

    Notes
    -----
    .. math:: f(a, b) = L(\theta^* + a\,\delta + b\,\eta)

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
    """

    NAME = "own_landscape"
    TITLE = "The landscape of your own network"
    GOAL = (
        "Choose the plane of the training path, go to the end of the training, and see where the "
        "network without skips gets stuck."
    )
    OUTPUTS = ("first", "second")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "plane": Choice(
            label="Plane",
            default="random",
            options=PLANES,
            labels=("random, filter-normalized", "of the training path"),
        ),
        "view": Choice(
            label="Seen",
            default="contour",
            options=("contour", "surface"),
            labels=("from above", "in 3-D"),
        ),
        "blocks": Integer(label="Residual blocks", default=12, low=1, high=16),
        "seed": Integer(label="Seed", default=1, low=0, high=99),
        "t": Integer(label="Part of the training", default=50, low=0, high=100, unit="%"),
        "azimuth": Number(label="Turn", default=-35.0, low=-180.0, high=180.0, unit="°"),
        "elevation": Number(label="Tilt", default=40.0, low=5.0, high=89.0, unit="°"),
    }

    def __init__(
        self,
        models: nn.Module | Mapping[str, nn.Module] | None = None,
        *,
        data: Pair | None = None,
        snapshots: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
        resolution: int = 17,
        epochs: int = EPOCHS,
        **options: Any,
    ) -> None:
        self._given = None if models is None else given_networks(models, snapshots)
        self._data, self._resolution, self._epochs = data, resolution, epochs
        self._trained: tuple[tuple[int, int], list[Network]] | None = None
        stored = load_stored()
        self.provenance = stored["provenance"]
        self.networks: list[dict[str, Any]] = (
            stored["networks"] if self._given is None else [facts_of(n) for n in self._given]
        )
        if self._given is not None:
            goal = "Is your network in a wide valley or in a narrow one? Look."
            options = {"goal": goal, **options}
        super().__init__(
            options={
                "networks": self.networks,
                "own": self._given is not None,
                "made": _made(self.provenance),
            },
            **options,
        )
        self.answer("look", self._look)

    def _look(self, job: Job) -> tuple[dict[str, Any], np.ndarray | None]:
        state = self._checked(job.payload["state"])
        networks = self._given or self._train(job, state["blocks"], state["seed"])
        facts = [facts_of(network) for network in networks]
        job.report({"phase": "networks", "networks": facts})
        planes = sorted(PLANES, key=lambda plane: plane != state["plane"])
        for plane in planes:
            if any(plane in planes_of(network) for network in networks):
                self._look_at(job, networks, facts, plane=plane, seed=state["seed"])
        self.networks = facts
        return {"phase": "done"}, None

    def _look_at(
        self,
        job: Job,
        networks: list[Network],
        facts: list[dict[str, Any]],
        *,
        plane: str,
        seed: int,
    ) -> None:
        def tick(done: int, total: int) -> None:
            job.check()
            if done % 20 == 0:
                job.report({"phase": "look", "plane": plane, "done": done, "total": total})

        views = look_at(
            networks,
            self._pair(),
            plane,
            resolution=self._resolution,
            seed=seed,
            progress=tick,
        )
        for which, view in views:
            facts[which]["planes"][plane] = view
            values = np.array(view["values"], dtype=np.float32)
            rest = {key: value for key, value in view.items() if key != "values"}
            job.report({"phase": "view", "plane": plane, "which": which, "view": rest}, values)

    def _pair(self) -> Pair:
        """Return the notes on which the loss is measured."""
        if self._data is not None:
            return self._data
        if self._given is not None:
            return raw_notes(LOOK_NOTES)
        inputs, targets = note_pair()
        return inputs[:LOOK_NOTES], targets[:LOOK_NOTES]

    def _train(self, job: Job, blocks: int, seed: int) -> list[Network]:
        """Return both trained networks, those of the last time if nothing changed."""
        if self._trained is None or self._trained[0] != (blocks, seed):
            networks = []
            for name in NAMES:

                def report(done: int, total: int, loss: float, name: str = name) -> None:
                    facts = {"name": name, "done": done, "total": total, "loss": loss}
                    job.report({"phase": "train", **facts})

                networks.append(
                    train_network(
                        name, blocks=blocks, seed=seed, epochs=self._epochs, report=report
                    )
                )
            self._trained = (blocks, seed), networks
        return self._trained[1]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how high the loss is in the middle and at the rim."""
        plane = "a random plane" if state["plane"] == "random" else "the plane of its training"
        parts = []
        for network in self.networks:
            view = network["planes"].get(state["plane"])
            if view is None:
                parts.append(f"{network['name']}: not looked at yet.")
                continue
            values = np.array(view["values"]).reshape(view["size"], view["size"])
            rim = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
            parts.append(
                f"{network['name']} ({network['parameters']} parameters): on {plane} the lowest "
                f"loss is {values.min():.2f}, the middle of the rim's {np.median(rim):.2f}."
            )
        return "Loss landscape. " + " ".join(parts)

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the contours of all networks with one color scale."""
        axes = np.atleast_1d(figure.subplots(1, len(self.networks)))
        views = [network["planes"].get(state["plane"]) for network in self.networks]
        found = [math.log(v) for view in views if view for v in view["values"]]
        levels = np.linspace(min(found, default=0), max(found, default=1), 16)
        for ax, network, view in zip(axes, self.networks, views, strict=True):
            ax.set_title(network["name"], fontsize="medium")
            if view is None:
                ax.text(0.5, 0.5, "not looked at yet", ha="center", transform=ax.transAxes)
                continue
            size = view["size"]
            grid = np.log(np.array(view["values"])).reshape(size, size)
            first, second = (np.linspace(view[key][0], view[key][1], size) for key in "xy")
            ax.contourf(first, second, grid, levels=levels, cmap="viridis")
            if "trajectory" in view:
                ax.plot(*np.array(view["trajectory"]).T, color="white", marker="o", markersize=2)
            ax.plot(0, 0, marker="*", color="white", markeredgecolor="black", markersize=11)
            ax.set(xlabel="along δ", ylabel="along η")


def _made(provenance: Mapping[str, Any]) -> str:
    """Return in words what the stored result was made of."""
    settings = provenance["settings"]
    return (
        f"{2 * settings['blocks'] + 1} convolutions, seed {settings['seed']}, PyTorch "
        f"{provenance['versions']['torch'].split('+')[0]}, notes {provenance['dataset_id'][:8]}"
    )
