r"""Say what a small kernel looks for, by computation instead of by eye.

A kernel is written as a sum of *shapes*: a profile along frequency times a profile along time,
each of them constant, rising, or a bump. They are orthonormal, so the squares of the kernel's
parts add up to its energy, and a 3×3 kernel is made of its nine shapes exactly. Rows are mel
bands from low to high, columns are frames.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError

__all__ = ["SHAPES", "shape_name", "shape_parts", "shape_shares"]

SHAPES = (
    "brightness",
    "edge in time",
    "line along frequency",
    "edge in frequency",
    "corner",
    "edge of a line along frequency",
    "line along time",
    "end of a line along time",
    "dot",
)
"""Names of the nine shapes: profile along frequency (slow) and along time (fast)."""

SIGNED = {
    "brightness": ("loud", "quiet"),
    "edge in time": ("onset", "decay"),
    "line along frequency": ("click", "short gap"),
    "edge in frequency": ("lower edge", "upper edge"),
    "corner": ("rising corner", "falling corner"),
    "edge of a line along frequency": ("lower end of a click", "upper end of a click"),
    "line along time": ("partial", "gap between partials"),
    "end of a line along time": ("onset of a partial", "end of a partial"),
    "dot": ("dot", "hole"),
}
"""What a shape is when its part is positive, and when it is negative."""


def shape_parts(kernel: ArrayLike) -> NDArray[np.float64]:
    r"""Return the parts that the nine shapes have in a kernel.

    Parameters
    ----------
    kernel : array_like, shape (height, width)
        K; rows are mel bands from low to high, columns are frames.

    Returns
    -------
    numpy.ndarray, shape (9,)
        c, in the order of ``SHAPES``; 0 for shapes that need more cells than there are.

    Raises
    ------
    ParameterError
        If the kernel doesn't have two axes, or isn't finite.

    Notes
    -----
    .. math:: c_{ij} = \sum_{h, w} K_{hw}\, f_i(h)\, t_j(w)

    with the discrete orthonormal polynomials of degree 0, 1 and 2 along frequency (f) and time
    (t), the last with its middle up. For three cells they are
    :math:`(1, 1, 1) / \sqrt 3`, :math:`(-1, 0, 1) / \sqrt 2` and :math:`(-1, 2, -1) / \sqrt 6`.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    values = np.asarray(kernel, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise ParameterError(f"expected a finite kernel with two axes, got shape={values.shape}")
    along_frequency, along_time = map(_profiles, values.shape)
    return (along_frequency @ values @ along_time.T).ravel()


def shape_shares(kernel: ArrayLike) -> dict[str, float]:
    """Return which part of a kernel's energy each shape has.

    Parameters
    ----------
    kernel : array_like, shape (height, width)
        Rows are mel bands from low to high, columns are frames.

    Returns
    -------
    dict of str to float
        In [0, 1]; the sum is 1 for kernels up to 3×3, less for larger ones: the rest are finer
        patterns. All are 0 for an empty kernel.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    energy = float(np.square(np.asarray(kernel, dtype=np.float64)).sum())
    squares = np.square(shape_parts(kernel))
    return {
        name: float(square / energy) if energy > 0 else 0.0
        for name, square in zip(SHAPES, squares, strict=True)
    }


def shape_name(kernel: ArrayLike) -> str:
    """Return what a kernel looks for most: the name of the shape with the largest share.

    Parameters
    ----------
    kernel : array_like, shape (height, width)
        Rows are mel bands from low to high, columns are frames.

    Returns
    -------
    str
        Such as "onset" (louder later) or "lower edge" (louder above); "nothing" for an empty
        kernel, "fine pattern" if more than half of it is none of the nine shapes.

    Notes
    -----
    Lecture: ``lectures/05_cnns.ipynb``
    """
    parts, shares = shape_parts(kernel), shape_shares(kernel)
    known = sum(shares.values())
    if known < 0.5:
        return "fine pattern" if np.asarray(kernel).any() else "nothing"
    best = int(np.abs(parts).argmax())
    return SIGNED[SHAPES[best]][int(parts[best] < 0)]


def _profiles(size: int) -> NDArray[np.float64]:
    """Return the constant, the rising and the bump profile: shape (3, size), orthonormal."""
    places = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
    degrees = min(3, size)
    q, r = np.linalg.qr(np.stack([places**k for k in range(degrees)], axis=1))
    signs = np.sign(np.diag(r)) * np.array([1.0, 1.0, -1.0])[:degrees]
    profiles = np.zeros((3, size))
    profiles[:degrees] = (q * signs).T
    return profiles
