"""Convolution step by step: paint input and kernel, see each product, the sum and the sizes.

The view computes with ``kit/math/conv.js``, this face with :mod:`utils.reference.conv`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.reference.conv import conv2d, conv_output_size
from utils.widgets.base import CourseWidget
from utils.widgets.convolution.fields import IMAGE, KERNEL, convolution_fields
from utils.widgets.note_mels import note_mels

__all__ = ["Convolution"]

NOTES = ("guitar_acoustic_3153-050-127", "flute_acoustic_2074-062-100")
AXES = ("height", "width")
GOALS = {
    "size": "Turn on “predict first”, find a setting for which PyTorch has to round down, "
    "and say the size before you see it.",
    "match": "Step through all places. Then spoil a match: how many cells of its patch must you "
    "flip until its 9 is a 1? (A press flips a cell.)",
    "deaf": "Make kernel 1 deaf to the second channel, and to that one only: which of its cells "
    "must be 0? (With the brush at 0 you can paint them.)",
}


class Convolution(CourseWidget):
    r"""A kernel that steps over an input; painted cells, or the log-mel of a note.

    State: `source` ("grid" or a note); `rows`, `cols`, `channels` of the painted input;
    `kernel_height`, `kernel_width`, `kernels`; `padding` ("valid", "same", "number") with
    `pad_height`, `pad_width`; `stride_height`, `stride_width`, `dilation_height`,
    `dilation_width`; `shown` (which kernel, from 1), `step` (place in the output, row by
    row), `brush`; `predict`, `guess_height`, `guess_width`, `locked`. `image` (3 × 12 × 12)
    and `kernel` (4 × 3 × 5 × 5) hold as much as may ever be shown, a corner of them is:
    :meth:`tensors` cuts it out. There is no bias.

    Parameters
    ----------
    image : array_like, shape (rows, cols) or (channels, rows, cols), optional
        Default: the slides' diagonal of 1 in -1, 4 × 4. At most 3 × 12 × 12.
    kernel : array_like, shape (height, width), (channels, height, width) or with kernels first
        Default: the same, 3 × 3. At most 4 × 3 × 5 × 5.
    notes : sequence of str
        1 to 4 notes that can be the input, names of :func:`utils.notes.embedded.sounds`.
    aim : {"size", "match", "deaf"}
        Which goal the widget sets and checks: say a size that is rounded down, spoil a match,
        or make kernel 1 deaf to the second of several channels.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If an array is too large or the channels differ, a note can't be heard, or there is
        no such aim.

    Notes
    -----
    With "same" and a stride the same zeros are put at both ends, as ``padding=1`` does for a
    3×3 kernel; PyTorch has the word at stride 1 only.

    Lecture: ``lectures/05_cnns.ipynb``
    """

    NAME = "convolution"
    TITLE = "Convolution, step by step"
    GOAL = GOALS["size"]
    OUTPUTS = ("sum", "out_height", "out_width")

    def __init__(
        self,
        *,
        image: ArrayLike | None = None,
        kernel: ArrayLike | None = None,
        notes: Sequence[str] = NOTES,
        aim: str = "size",
        **options: Any,
    ) -> None:
        if aim not in GOALS:
            raise ParameterError(f"expected an aim of {', '.join(GOALS)}, got {aim!r}")
        shipped = note_mels(notes)
        cells = _block("image", np.eye(4) * 2 - 1 if image is None else image, IMAGE)
        weights = _block("kernel", np.eye(3) * 2 - 1 if kernel is None else kernel, KERNEL)
        if kernel is not None and np.ndim(kernel) > 2 and weights.shape[1] != cells.shape[0]:
            raise ParameterError(
                f"expected a kernel of {cells.shape[0]} channels, got {weights.shape[1]}"
            )
        if weights.shape[1] == 1:
            # Kernels for channels that come later are the same as the first.
            weights = np.repeat(weights, KERNEL[1], axis=1)
        self._mels = dict(zip(shipped.names, shipped.mels, strict=True))
        first: dict[str, Any] = {
            "image": _stored(cells, IMAGE),
            "kernel": _stored(weights, KERNEL),
            "channels": cells.shape[0],
            "rows": cells.shape[1],
            "cols": cells.shape[2],
            "kernels": weights.shape[0],
            "kernel_height": weights.shape[2],
            "kernel_width": weights.shape[3],
        }
        super().__init__(
            fields=convolution_fields(shipped.names, shipped.labels),
            data={"mels": shipped.mels, "pcm": shipped.pcm},
            options={"rate": SAMPLE_RATE, "hop": FRONT_END.hop_length, "aim": aim},
            **{"goal": GOALS[aim], **first, **options},
        )

    def tensors(self, state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return input and kernel as they are shown.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        inputs : torch.Tensor of float64, shape (1, channels, rows, cols)
            Row 0 is at the top: of a note, the highest mel band.
        kernel : torch.Tensor of float64, shape (kernels, channels, height, width)
        """
        if state["source"] == "grid":
            stored = np.reshape(state["image"], IMAGE)
            image = stored[: state["channels"], : state["rows"], : state["cols"]]
        else:
            image = self._mels[state["source"]][None] / 255
        kernel = np.reshape(state["kernel"], KERNEL)[
            : state["kernels"], : len(image), : state["kernel_height"], : state["kernel_width"]
        ]
        return torch.tensor(image, dtype=torch.float64)[None], torch.tensor(kernel)

    def result(self, state: Mapping[str, Any]) -> torch.Tensor | None:
        """Return the output, or None if the kernel does not fit.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        torch.Tensor of float64, shape (1, kernels, out_height, out_width), or None
        """
        inputs, kernel = self.tensors(state)
        stride = (state["stride_height"], state["stride_width"])
        dilation = (state["dilation_height"], state["dilation_width"])
        padding: Any = state["padding"]
        if padding == "number":
            padding = (state["pad_height"], state["pad_width"])
        elif padding == "same" and stride != (1, 1):
            padding = tuple(
                d * (k - 1) // 2 for d, k in zip(dilation, kernel.shape[2:], strict=True)
            )
        try:
            for axis in range(2):
                pad: Any = padding if isinstance(padding, str) else padding[axis]
                conv_output_size(
                    inputs.shape[2 + axis],
                    kernel.shape[2 + axis],
                    stride=stride[axis] if padding != "same" else 1,
                    padding=pad,
                    dilation=dilation[axis],
                )
        except ParameterError:
            return None
        return conv2d(inputs, kernel, stride=stride, padding=padding, dilation=dilation)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return sizes, and the sum at the place that is shown."""
        inputs, kernel = self.tensors(state)
        shapes = [" × ".join(map(str, x.shape[1:])) for x in (inputs, kernel)]
        text = f"Input {shapes[0]}, {len(kernel)} kernel(s) of {shapes[1]}"
        result = self.result(state)
        if result is None:
            return f"{text}. The kernel does not fit into the input."
        if state["predict"] and not state["locked"]:
            return f"{text}. How large is the output?"
        out = result[0, min(state["shown"], len(kernel)) - 1]
        step = min(state["step"], out.numel() - 1)
        row, column = divmod(step, out.shape[1])
        return (
            f"{text}. Output {' × '.join(map(str, result.shape[1:]))}. "
            f"Row {row}, column {column}: {out[row, column]:g}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw input, kernel and output; of several channels the first."""
        inputs, kernel = self.tensors(state)
        axes = figure.subplots(1, 3, width_ratios=(4, 2, 4))
        shown = min(state["shown"], len(kernel)) - 1
        _matrix(axes[0], inputs[0, 0], "input", signed=state["source"] == "grid")
        _matrix(axes[1], kernel[shown, 0], "kernel", signed=True)
        result = self.result(state)
        if result is None or (state["predict"] and not state["locked"]):
            axes[2].set_axis_off()
            axes[2].text(0.5, 0.5, "does not fit" if result is None else "?", ha="center")
        else:
            _matrix(axes[2], result[0, shown], "output", signed=True)


def _block(name: str, values: ArrayLike, most: tuple[int, ...]) -> np.ndarray:
    """Return an array with leading axes of 1 added, if it is not larger than `most`."""
    array = np.asarray(values, dtype=float)
    array = array.reshape((1,) * (len(most) - array.ndim) + array.shape)
    if array.ndim != len(most) or not array.size or any(np.array(array.shape) > most):
        raise ParameterError(f"expected {name} of at most {most}, got shape={np.shape(values)}")
    return array


def _stored(array: np.ndarray, shape: tuple[int, ...]) -> list[float]:
    """Return a flat list in which the array is the corner of zeros."""
    block = np.zeros(shape)
    block[tuple(slice(n) for n in array.shape)] = array
    return [float(v) for v in block.ravel()]


def _matrix(ax: Axes, values: torch.Tensor, title: str, *, signed: bool) -> None:
    """Draw a matrix as colors, with numbers where they fit."""
    most = float(values.abs().max()) or 1.0
    low, cmap = (-most, "RdBu_r") if signed else (0.0, "viridis")
    ax.imshow(values.numpy(), cmap=cmap, vmin=low, vmax=most)
    ax.set(title=f"{title} {values.shape[0]} × {values.shape[1]}", xticks=[], yticks=[])
    if max(values.shape) <= 6:
        for (row, column), value in np.ndenumerate(values.numpy()):
            dark = signed and abs(value) > 0.6 * most
            ax.text(column, row, f"{value:g}", ha="center", va="center", color="w" if dark else "k")
