"""Atoms as small pictures, and the error of notes that are rebuilt from them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from utils.figures.style import axes_or_new

__all__ = ["draw_atoms", "draw_pursuit"]


def draw_atoms(
    atoms: NDArray[np.float64] | NDArray[np.int8],
    *,
    n_frames: int = 4,
    per_row: int = 16,
    ax: Axes | None = None,
) -> Axes:
    """Draw atoms beside each other: time to the right, frequency up, red above the mean.

    Parameters
    ----------
    atoms : numpy.ndarray, shape (k, bands · n_frames)
        Each is scaled by its largest value.
    n_frames : int
        Width of an atom.
    per_row : int
        Atoms in a row.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    pictures = np.asarray(atoms, dtype=float).reshape(len(atoms), -1, n_frames)
    pictures = pictures / np.abs(pictures).max(axis=(1, 2), keepdims=True).clip(1e-12)
    framed = np.pad(pictures[:, ::-1], ((0, 0), (2, 2), (1, 1)), constant_values=np.nan)
    lines = [np.hstack(list(framed[i : i + per_row])) for i in range(0, len(framed), per_row)]
    width = max(line.shape[1] for line in lines)
    padded = [
        np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=np.nan) for line in lines
    ]
    ax.imshow(np.vstack(padded), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    ax.set(xticks=[], yticks=[])
    return ax


def draw_pursuit(
    errors: Mapping[str, Sequence[float]], *, chosen: str, count: int, ax: Axes | None = None
) -> Axes:
    """Draw how the error falls with the number of atoms.

    Parameters
    ----------
    errors : mapping of str to sequence of float
        In dB, after 0, 1, … atoms, by dictionary.
    chosen : str
        The dictionary that is drawn thick.
    count : int
        Atoms that are used now.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    for name, values in errors.items():
        if name != chosen:
            ax.plot(values, color="0.7", linewidth=1)
    ax.plot(errors[chosen], color="#0072B2", linewidth=3)
    ax.plot(count, errors[chosen][count], "o", color="black")
    ax.set(xlabel="atoms of a patch", ylabel="error (dB)", ylim=(0, None))
    return ax
