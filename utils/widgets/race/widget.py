"""A race of optimizers from one start, on any landscape or on the loss plane of a network.

The view computes with ``kit/math``, this face with :mod:`utils.reference`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.descent import (
    LANDSCAPES,
    RATES,
    Descended,
    descend,
    draw_losses,
    draw_path,
    noise_deviation,
)
from utils.reference.adaptive_optimizers import AdaGrad, Adam, AdamW, RMSProp
from utils.reference.optimizers import SGD, Optimizer
from utils.reference.surfaces import Surface
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Numbers

__all__ = ["Race"]

NAMES = {
    "gd": "GD",
    "momentum": "Momentum",
    "nesterov": "Nesterov",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adam": "Adam",
    "adamw": "AdamW",
}
MAKERS: dict[str, Callable[[Mapping[str, Any]], Optimizer]] = {
    "gd": lambda s: SGD(lr=s["lr_gd"]),
    "momentum": lambda s: SGD(lr=s["lr_momentum"], momentum=s["beta_momentum"]),
    "nesterov": lambda s: SGD(
        lr=s["lr_nesterov"], momentum=s["beta_nesterov"], nesterov=s["beta_nesterov"] > 0
    ),
    "adagrad": lambda s: AdaGrad(lr=s["lr_adagrad"]),
    "rmsprop": lambda s: RMSProp(lr=s["lr_rmsprop"], alpha=s["alpha_rmsprop"]),
    "adam": lambda s: Adam(lr=s["lr_adam"], betas=(0.9, s["beta2_adam"])),
    "adamw": lambda s: AdamW(lr=s["lr_adamw"], weight_decay=s["decay_adamw"]),
}
PLANE = "notes"


class Race(CourseWidget):
    r"""Let optimizers run from one start and see who is ahead after every step.

    State: one switch an optimizer (`gd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam`,
    `adamw`), its rate `lr_…`, and `beta_momentum`, `beta_nesterov`, `alpha_rmsprop`,
    `beta2_adam`, `decay_adamw`; `surface`, `start`, `noise`, `seed`, `t` and `log` as for
    :class:`~utils.widgets.descent.widget.Descent`.

    Parameters
    ----------
    runners : sequence of str
        Which optimizers run at first; the others can be switched on.
    surface : str, optional
        A landscape of two dimensions; default: "ravine", or the plane.
    plane : sequence of tensor, optional
        Z₀, Z₁, Z₂ (each n × classes) and n targets: the race is on the mean cross entropy of
        Z₀ + a·Z₁ + b·Z₂. Up to about 200 examples it stays fluent.
    bounds : float
        How far to draw the plane, to both sides of zero.
    start : sequence of float, optional
        Two numbers.
    steps : int
        Of every run, 1 to 300.
    goal : str, optional
        Words; it is reached when `winner` leads after `by` steps.
    winner : str
        For the goal.
    by : int
        For the goal.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If an optimizer or landscape is unknown, or a number is out of range.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "race"
    TITLE = "Race of the optimizers"
    OUTPUTS = ("leader", "loss")

    def __init__(
        self,
        *,
        runners: Sequence[str] = ("gd", "momentum", "rmsprop", "adam"),
        surface: str | None = None,
        plane: Sequence[torch.Tensor] | None = None,
        bounds: float = 4.0,
        start: Sequence[float] | None = None,
        steps: int = 100,
        goal: str | None = None,
        winner: str = "gd",
        by: int = 100,
        **options: Any,
    ) -> None:
        for name in (*runners, winner):
            if name not in NAMES:
                raise ParameterError(f"expected an optimizer of {', '.join(NAMES)}, got {name!r}")
        if not 1 <= steps <= 300:
            raise ParameterError(f"expected steps from 1 to 300, got {steps}")
        self._landscapes = {name: s for name, s in LANDSCAPES.items() if len(s.start) == 2}
        data: dict[str, Any] = {}
        if plane is not None:
            self._landscapes = {PLANE: _plane(plane, bounds)}
            names = ("z0", "z1", "z2", "targets")
            data = {n: v.numpy() for n, v in zip(names, _as_data(plane), strict=True)}
        surface = surface or (PLANE if plane is not None else "ravine")
        if surface not in self._landscapes:
            known = ", ".join(self._landscapes)
            raise ParameterError(f"expected a surface of {known}, got {surface!r}")
        self._steps = steps
        rates = {name: _rates(name, s) for name, s in self._landscapes.items()}
        given = {
            "surface": surface,
            "start": list(self._landscapes[surface].start if start is None else start),
            **rates[surface],
            **{name: name in runners for name in NAMES},
        }
        super().__init__(
            fields=_fields(tuple(self._landscapes), steps),
            options={
                "steps": steps,
                "surfaces": list(self._landscapes),
                "runners": list(NAMES),
                "rates": rates,
                "goal": {"winner": winner, "steps": min(by, steps)},
                "plane": None if plane is None else _plane_options(bounds),
            },
            data=data,
            goal=_goal_text(winner, min(by, steps)) if goal is None else goal,
            **{**given, **options},
        )

    def runs(self, state: Mapping[str, Any]) -> dict[str, Descended]:
        """Return the runs of all that take part, by name.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        surface = self._landscapes[state["surface"]]
        return {
            name: descend(
                surface,
                MAKERS[key](state),
                state["start"],
                steps=self._steps,
                noise=noise_deviation(surface, state["noise"]),
                seed=state["seed"],
            )
            for key, name in NAMES.items()
            if state[key]
        }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return who has which loss after the shown steps, the lowest first."""
        t = state["t"]
        places = []
        for name, run in self.runs(state).items():
            lost = 0 <= run.left <= t
            loss = float("inf") if lost else float(run.losses[t])
            places.append((loss, f"{name} " + ("diverged" if lost else f"{loss:.3g}")))
        order = ", ".join(words for _, words in sorted(places)) or "nobody runs"
        return f"Optimizers on the landscape “{state['surface']}”, loss after {t} steps: {order}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the path of who leads, and all losses."""
        left, right = figure.subplots(1, 2)
        runs = self.runs(state)
        shown = {
            name: Descended(run.path[: state["t"] + 1], run.losses[: state["t"] + 1], run.left)
            for name, run in runs.items()
        }
        if shown:
            leader = min(shown, key=lambda name: float(shown[name].losses[-1]))
            draw_path(self._landscapes[state["surface"]], shown[leader], ax=left)
            left.set_title(f"path of {leader}", fontsize="medium")
        draw_losses(shown, ax=right)


def _plane_options(bounds: float) -> dict[str, Any]:
    return {"bounds": [[-bounds, bounds]] * 2, "start": [-0.75 * bounds, 0.75 * bounds]}


def _as_data(plane: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return logits and targets as they are sent to the browser."""
    if len(plane) != 4 or len({tuple(z.shape) for z in plane[:3]}) != 1 or plane[0].ndim != 2:
        raise ParameterError("expected a plane of Z₀, Z₁, Z₂, n × classes each, and n targets")
    *logits, targets = plane
    if targets.shape != (len(logits[0]),):
        raise ParameterError(f"expected {len(logits[0])} targets, got {tuple(targets.shape)}")
    return [*(z.detach().cpu().to(torch.float64) for z in logits), targets.cpu().to(torch.int32)]


def _plane(plane: Sequence[torch.Tensor], bounds: float) -> Surface:
    """Return the mean cross entropy on the plane as a surface."""
    z0, z1, z2, targets = _as_data(plane)
    picked = torch.nn.functional.one_hot(targets.long(), z0.shape[1]).to(torch.float64)

    def value(theta: torch.Tensor) -> torch.Tensor:
        # In pieces: all points of a picture at once would take half a gigabyte.
        pieces = [loss(points) for points in theta.reshape(-1, 2).split(256)]
        return torch.cat(pieces).reshape(theta.shape[:-1])

    def loss(points: torch.Tensor) -> torch.Tensor:
        a, b = points[:, 0, None, None], points[:, 1, None, None]
        logs = torch.log_softmax(z0 + a * z1 + b * z2, -1)
        return -(logs * picked).sum(-1).mean(-1)

    def slope(theta: torch.Tensor) -> torch.Tensor:
        a, b = theta[..., 0, None, None], theta[..., 1, None, None]
        off = torch.softmax(z0 + a * z1 + b * z2, -1) - picked
        return torch.stack([(off * z).sum(-1).mean(-1) for z in (z1, z2)], -1)

    options = _plane_options(bounds)
    return Surface(
        name=PLANE,
        formula=r"-\frac1n \sum_i \log \hat y_{i, t_i}(Z_0 + a Z_1 + b Z_2)",
        value=value,
        slope=slope,
        minima=(),
        bounds=tuple((low, high) for low, high in options["bounds"]),
        start=tuple(options["start"]),
    )


def _rates(name: str, surface: Surface) -> dict[str, float]:
    """Return rates with which everyone gets somewhere on this landscape."""
    rate = RATES.get(name, 0.5)
    # The first step of an adaptive optimizer is as long as its rate, hence goes by the picture.
    far = surface.bounds[0][1]
    adaptive = {"adagrad": 0.1, "rmsprop": 0.01, "adam": 0.03, "adamw": 0.03}
    return {
        "lr_gd": rate,
        "lr_momentum": 0.3 * rate,
        "lr_nesterov": 0.3 * rate,
        **{f"lr_{key}": round(far * part, 4) for key, part in adaptive.items()},
    }


def _goal_text(winner: str, by: int) -> str:
    return f"Turn the sliders until {NAMES[winner]} is ahead after {by} steps."


def _fields(surfaces: tuple[str, ...], steps: int) -> dict[str, Field]:
    def beta(label: str, default: float) -> Number:
        return Number(label=label, default=default, low=0.0, high=0.999, step=0.001)

    rates = {
        f"lr_{key}": Number(label=f"η {name}", default=0.01, low=1e-5, high=5.0, scale="log")
        for key, name in NAMES.items()
    }
    return {
        "surface": Choice(label="Landscape", default=surfaces[0], options=surfaces),
        "start": Numbers(label="Start", default=(0.0, 0.0), low=-100.0, high=100.0),
        **{key: Boolean(label=name, default=False) for key, name in NAMES.items()},
        **rates,
        "beta_momentum": beta("β", 0.9),
        "beta_nesterov": beta("β", 0.9),
        "alpha_rmsprop": beta("α", 0.99),
        "beta2_adam": beta("β₂", 0.999),
        "decay_adamw": Number(label="λ", default=0.01, low=0.0, high=1.0, step=0.01),
        "noise": Number(label="Noise", default=0.0, low=0.0, high=2.0, step=0.05),
        "seed": Integer(label="Seed", default=0, low=0, high=99),
        "t": Integer(label="Step", default=steps, low=0, high=steps),
        "log": Boolean(label="Logarithmic loss", default=False),
    }
