"""Pooling step by step: blocks of a map, and the number that is made of each.

The view computes with ``kit/math/pool.js``, this face with :mod:`utils.reference.pooling`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from utils.errors import ParameterError
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.pooling import avg_pool2d, lp_pool2d, max_pool2d, std_pool2d
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Numbers
from utils.widgets.note_mels import note_mels

__all__ = ["Pooling"]

STORED = 8
SLIDE = ((1, 5, 2, 4), (2, 3, 9, 1), (5, 3, 3, 4), (7, 8, 2, 2))
NOTES = ("guitar_acoustic_3153-050-127", "flute_acoustic_2074-062-100")
KINDS = {
    "max": "maximum",
    "average": "average",
    "deviation": "standard deviation",
    "power": "power average",
}


class Pooling(CourseWidget):
    r"""A map, its blocks, and one number for each: four ways to pool.

    State: `source` ("grid" or a note); `rows`, `cols` of the painted map and its cells
    `image` (8 × 8, of which a corner is shown: :meth:`map_of` cuts it out); `kind` ("max",
    "average", "deviation", "power"), `p`; `kernel_height`, `kernel_width`; `own_stride`,
    and then `stride_height`, `stride_width`; `step` (the block that is shown), `brush`.

    Parameters
    ----------
    image : array_like, shape (rows, cols)
        2 to 8 of each; the default is that of the slides.
    notes : sequence of str
        1 to 4 notes to pool, names of :func:`utils.notes.embedded.sounds`.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the image has another shape, or a note can't be heard.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """

    NAME = "pooling"
    TITLE = "Pooling, block by block"
    GOAL = (
        "Change at least four numbers of the map so that max pooling still gives "
        "the same output as before."
    )
    OUTPUTS = ("value",)

    def __init__(
        self, *, image: ArrayLike = SLIDE, notes: Sequence[str] = NOTES, **options: Any
    ) -> None:
        shipped = note_mels(notes)
        cells = np.asarray(image, dtype=float)
        if cells.ndim != 2 or not all(2 <= size <= STORED for size in cells.shape):
            raise ParameterError(f"expected an image of 2 to 8 a side, got shape={cells.shape}")
        stored = np.zeros((STORED, STORED))
        stored[: cells.shape[0], : cells.shape[1]] = cells
        self._mels = dict(zip(shipped.names, shipped.mels, strict=True))
        first: dict[str, Any] = {
            "image": [float(v) for v in stored.ravel()],
            "rows": cells.shape[0],
            "cols": cells.shape[1],
        }
        super().__init__(
            fields=_fields(shipped.names, shipped.labels),
            data={"mels": shipped.mels, "pcm": shipped.pcm},
            options={"rate": SAMPLE_RATE},
            **{**first, **options},
        )

    def map_of(self, state: Mapping[str, Any]) -> torch.Tensor:
        """Return the map as it is shown, shape (1, 1, rows, cols), float64.

        Parameters
        ----------
        state : mapping
        """
        if state["source"] == "grid":
            image = np.reshape(state["image"], (STORED, STORED))
            cells = image[: state["rows"], : state["cols"]]
        else:
            cells = self._mels[state["source"]] / 255
        return torch.tensor(cells, dtype=torch.float64)[None, None]

    def result(self, state: Mapping[str, Any]) -> torch.Tensor | None:
        """Return the pooled map, or None if a block is larger than the map.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        torch.Tensor of float64, shape (1, 1, out_rows, out_cols), or None
        """
        values, (size, stride) = self.map_of(state), _blocks(state)
        if size[0] > values.shape[2] or size[1] > values.shape[3]:
            return None
        if state["kind"] == "power":
            return lp_pool2d(values, p=state["p"], kernel_size=size, stride=stride)
        pools = {"max": max_pool2d, "average": avg_pool2d, "deviation": std_pool2d}
        return pools[state["kind"]](values, kernel_size=size, stride=stride)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return sizes, and the numbers where they are few."""
        values, (size, stride) = self.map_of(state), _blocks(state)
        text = (
            f"Map {values.shape[2]} × {values.shape[3]}, {KINDS[state['kind']]} of blocks "
            f"{size[0]} × {size[1]}, stride {stride[0]} × {stride[1]}"
        )
        result = self.result(state)
        if result is None:
            return f"{text}. The block is larger than the map."
        text += f": output {result.shape[2]} × {result.shape[3]}"
        if result.numel() <= 16:
            rows = ("[" + ", ".join(f"{v:.3g}" for v in row) + "]" for row in result[0, 0])
            text += f", [{', '.join(rows)}]"
        return f"{text}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the map with the block that is shown, and the output."""
        values, result, (size, stride) = self.map_of(state), self.result(state), _blocks(state)
        axes = figure.subplots(1, 2)
        maps = [values] if result is None else [values, result]
        for ax, title, cells in zip(axes, ("map", KINDS[state["kind"]]), maps, strict=False):
            ax.imshow(cells[0, 0].numpy(), cmap="viridis", vmin=min(0.0, float(values.min())))
            ax.set(title=f"{title} {cells.shape[2]} × {cells.shape[3]}", xticks=[], yticks=[])
            if cells.numel() <= 64:
                middle = float(cells.max()) / 2
                for (row, col), value in np.ndenumerate(cells[0, 0].numpy()):
                    color = "w" if value < middle else "k"
                    ax.text(col, row, f"{value:.3g}", ha="center", va="center", color=color)
        if result is None:
            axes[1].set_axis_off()
            return
        row, col = divmod(min(state["step"], result.numel() - 1), result.shape[3])
        corner = (col * stride[1] - 0.5, row * stride[0] - 0.5)
        axes[0].add_patch(Rectangle(corner, size[1], size[0], fill=False, color="#E69F00", lw=3))


def _blocks(state: Mapping[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the size and the stride of the blocks."""
    size = (state["kernel_height"], state["kernel_width"])
    own = (state["stride_height"], state["stride_width"])
    return size, own if state["own_stride"] else size


def _fields(notes: tuple[str, ...], labels: tuple[str, ...]) -> dict[str, Field]:
    count = STORED * STORED
    return {
        "source": Choice(
            label="Map", default="grid", options=("grid", *notes), labels=("painted", *labels)
        ),
        "image": Numbers(
            label="Map", default=(0.0,) * count, low=-99, high=99, fewest=count, most=count
        ),
        "rows": Integer(label="map height", default=4, low=2, high=STORED),
        "cols": Integer(label="map width", default=4, low=2, high=STORED),
        "kind": Choice(
            label="Pool by", default="max", options=tuple(KINDS), labels=tuple(KINDS.values())
        ),
        "p": Number(label="power p", default=2.0, low=1.0, high=64.0, scale="log", digits=2),
        "kernel_height": Integer(label="block height", default=2, low=1, high=16),
        "kernel_width": Integer(label="block width", default=2, low=1, high=16),
        "own_stride": Boolean(label="Stride of its own (else: the block's size)", default=False),
        "stride_height": Integer(label="stride ↓", default=1, low=1, high=16),
        "stride_width": Integer(label="stride →", default=1, low=1, high=16),
        "step": Integer(label="Block", default=0, low=0, high=8191),
        "brush": Integer(label="brush", default=9, low=0, high=9),
    }
