"""The keys of the convolution widget's state."""

from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Numbers

__all__ = ["IMAGE", "KERNEL", "convolution_fields"]

IMAGE = (3, 12, 12)
"""Channels, rows, columns that may be painted."""
KERNEL = (4, 3, 5, 5)
"""Kernels, channels, rows, columns."""
PADDINGS = {"valid": "valid: none", "same": "same", "number": "number"}


def convolution_fields(notes: tuple[str, ...], labels: tuple[str, ...]) -> dict[str, Field]:
    """Return the fields; notes with these labels can be the input.

    Parameters
    ----------
    notes, labels : tuple of str
        Names, and what they are called.

    Returns
    -------
    dict of str to Field
    """
    return {
        "source": Choice(
            label="Input", default="grid", options=("grid", *notes), labels=("painted", *labels)
        ),
        "image": _numbers(IMAGE, "Input"),
        "kernel": _numbers(KERNEL, "Kernel"),
        "rows": Integer(label="height", default=4, low=1, high=IMAGE[1]),
        "cols": Integer(label="width", default=4, low=1, high=IMAGE[2]),
        "channels": Integer(label="channels", default=1, low=1, high=IMAGE[0]),
        "kernel_height": Integer(label="height", default=3, low=1, high=KERNEL[2]),
        "kernel_width": Integer(label="width", default=3, low=1, high=KERNEL[3]),
        "kernels": Integer(label="how many", default=1, low=1, high=KERNEL[0]),
        "shown": Integer(label="Kernel shown", default=1, low=1, high=KERNEL[0]),
        "padding": Choice(
            label="Zeros",
            default="valid",
            options=tuple(PADDINGS),
            labels=tuple(PADDINGS.values()),
        ),
        "pad_height": Integer(label="top, bottom", default=1, low=0, high=4),
        "pad_width": Integer(label="left, right", default=1, low=0, high=4),
        "stride_height": Integer(label="stride ↓", default=1, low=1, high=4),
        "stride_width": Integer(label="stride →", default=1, low=1, high=4),
        "dilation_height": Integer(label="dilation ↓", default=1, low=1, high=3),
        "dilation_width": Integer(label="dilation →", default=1, low=1, high=3),
        "step": Integer(label="Place", default=0, low=0, high=8191),
        "brush": Number(label="Brush", default=1.0, low=-3.0, high=3.0, step=0.5),
        "predict": Boolean(label="Predict first", default=False),
        "guess_height": Integer(label="Output height", default=0, low=0, high=72),
        "guess_width": Integer(label="Output width", default=0, low=0, high=72),
        "locked": Boolean(label="Locked in", default=False),
    }


def _numbers(shape: tuple[int, ...], label: str) -> Numbers:
    count = 1
    for size in shape:
        count *= size
    return Numbers(
        label=label, default=(0.0,) * count, low=-9.0, high=9.0, fewest=count, most=count
    )
