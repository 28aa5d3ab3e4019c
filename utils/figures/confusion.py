"""Draw a confusion matrix: which family is taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.figures.style import axes_or_new
from utils.notes.vocabulary import FAMILIES

__all__ = ["describe_confusion", "draw_confusion"]


def draw_confusion(
    matrix: ArrayLike, *, names: Sequence[str] = FAMILIES, ax: Axes | None = None
) -> Axes:
    """Draw each row in percent of its notes: the diagonal is each family's recall.

    Parameters
    ----------
    matrix : array_like of int, shape (n_classes, n_classes)
        Counts, rows are the truth, as ``metrics.confusion_matrix`` returns them.
        A row without notes is hatched and says n/a.
    names : sequence of str
        Of the classes.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the matrix is not square, or has negative counts or other names.
    """
    counts, shares = _checked(matrix, names)
    n_classes = len(names)
    ax = axes_or_new(ax, width=6.2, height=5.4)
    ax.imshow(np.nan_to_num(shares), cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for row in range(n_classes):
        if counts[row].sum() == 0:
            _draw_empty_row(ax, row, n_classes)
            continue
        for column in np.flatnonzero(counts[row]):
            share = float(shares[row, column])
            # Where viridis turns from dark to light: 4:1 contrast or better on both sides.
            color = "white" if share < 0.45 else "black"
            text = f"{100 * share:.0f}"
            ax.text(int(column), row, text, ha="center", va="center", color=color, fontsize="small")
    sizes = [f"{name} ({n})" for name, n in zip(names, counts.sum(axis=1), strict=True)]
    ax.set_yticks(range(n_classes), sizes)
    ax.set_xticks(range(n_classes), names, rotation=90)
    ax.set(xlabel="predicted family", ylabel="true family (notes)")
    ax.set_title("% of a family's notes", fontsize="medium", loc="right")
    return ax


def describe_confusion(
    matrix: ArrayLike, *, names: Sequence[str] = FAMILIES, n_mistakes: int = 3
) -> str:
    """Say in words what :func:`draw_confusion` shows.

    Parameters
    ----------
    matrix : array_like of int, shape (n_classes, n_classes)
        Counts, rows are the truth.
    names : sequence of str
        Of the classes.
    n_mistakes : int
        How many of the most frequent mistakes to name.

    Raises
    ------
    ParameterError
        If the matrix is not square, or has negative counts or other names.
    """
    counts, shares = _checked(matrix, names)
    recall = [
        f"{name} n/a" if np.isnan(share) else f"{name} {share:.0%}"
        for name, share in zip(names, shares.diagonal(), strict=True)
    ]
    mistakes = np.nan_to_num(shares)
    np.fill_diagonal(mistakes, 0)
    worst = np.argsort(-mistakes, axis=None, kind="stable")[:n_mistakes]
    named = [
        f"{share:.0%} of {names[row]} taken for {names[column]}"
        for row, column in zip(*np.unravel_index(worst, mistakes.shape), strict=True)
        if (share := mistakes[row, column]) > 0
    ]
    return (
        f"Confusion matrix of {counts.sum()} notes. Found: {', '.join(recall)}. "
        f"Most frequent mistakes: {'; '.join(named) or 'none'}."
    )


def _checked(
    matrix: ArrayLike, names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return counts and shares of each row; a row without notes has NaN."""
    counts = np.asarray(matrix)
    expected = (len(names), len(names))
    if counts.shape != expected:
        raise ParameterError(f"expected a matrix of shape {expected}, got {counts.shape}")
    if not np.issubdtype(counts.dtype, np.integer) or counts.min() < 0:
        raise ParameterError("expected counts: whole numbers >= 0")
    sizes = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sizes, out=np.full(expected, np.nan), where=sizes > 0)
    return counts, shares


def _draw_empty_row(ax: Axes, row: int, n_classes: int) -> None:
    """Cover a row that has no notes, and say so."""
    box = Rectangle(
        (-0.5, row - 0.5),
        n_classes,
        1,
        facecolor=ax.get_facecolor(),
        edgecolor="gray",
        hatch="///",
        linewidth=0,
    )
    ax.add_patch(box)
    ax.text(
        (n_classes - 1) / 2,
        row,
        "n/a: no notes",
        ha="center",
        va="center",
        fontsize="small",
        bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 2},
    )
