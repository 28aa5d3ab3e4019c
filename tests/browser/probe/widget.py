"""A widget that has one of everything, for tests of the kit itself."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Boolean, Choice, Integer, Number, Numbers

__all__ = ["Probe"]


class Probe(CourseWidget):
    NAME = "probe"
    TITLE = "Probe"
    GOAL = "Make it larger than 90."
    OUTPUTS = ("area",)
    FIELDS = {  # noqa: RUF012
        "size": Number(label="Size", default=30.0, low=1.0, high=100.0, scale="log", unit="px"),
        "steps": Integer(label="Steps", default=3, low=0, high=20),
        "color": Choice(label="Color", default="accent", options=("accent", "text")),
        "filled": Boolean(label="Filled", default=True),
        "weights": Numbers(label="Weights", default=(0.5, -0.5), low=-1.0, high=1.0),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("text", "A bar of {size} after {steps}: {=area} in all.")
        super().__init__(data={"weights": np.array([1.5, 2.5], dtype=np.float32)}, **options)
        self.answer("double", self._double)

    def _double(self, job: Job) -> tuple[Mapping[str, Any], np.ndarray | None]:
        assert job.array is not None
        return {"words": "doubled"}, job.array * job.payload["gain"]

    def describe(self, state: Mapping[str, Any]) -> str:
        return f"A bar of size {state['size']:g}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        figure.add_subplot().barh(["probe"], [state["size"]])
