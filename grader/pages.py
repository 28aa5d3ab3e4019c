"""What all pages share: the templates, and one piecewise linear curve in pixels.

A page is one HTML text without any external part, for light and dark screens and phones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np

from utils.notes.vocabulary import FAMILIES
from utils.submission.credit import Curve

__all__ = ["CurveDrawing", "draw_curve", "matrix_rows", "render", "share_color", "share_ink"]

TEMPLATES = Path(__file__).parent / "templates"
_UNSEEN = ("Cc", "Cf", "Cs")
"""Unicode's categories of control and format characters, and of halves of characters."""

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 12, 34
_BRIGHT = 0.47
"""From this share on black stands out more than white on cividis."""


def render(template: str, **values: Any) -> str:
    """Return a page; whatever stands in the values is text, never markup."""
    return str(_template(template).render(**values))


@cache
def _template(name: str) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _visible(value: Any) -> Any:
    """Return a value; a text of a student's, or a file's name, without what turns text around."""
    if not isinstance(value, str) or value.isprintable():
        return value
    seen = ("\ufffd" if category(c) in _UNSEEN and c not in "\n\t" else c for c in value)
    return type(value)("".join(seen))


@dataclass(frozen=True)
class CurveDrawing:
    """The curve of credit in pixels.

    Attributes
    ----------
    line : str
        Points of the curve.
    ticks_x, ticks_y : tuple of (float, str)
        Where, and what stands there.
    at : tuple of float or None
        The practice score.
    band : tuple of float or None
        Its interval.
    hidden : tuple of float or None
        The hidden score; None while nobody may know it.
    """

    line: str
    ticks_x: tuple[tuple[float, str], ...]
    ticks_y: tuple[tuple[float, str], ...]
    at: tuple[float, float] | None
    band: tuple[float, float] | None
    hidden: tuple[float, float] | None


def draw_curve(
    curve: Curve,
    *,
    practice: tuple[float, float, float] | None = None,
    hidden: float | None = None,
) -> CurveDrawing:
    """Return where the parts of the curve's drawing stand.

    Parameters
    ----------
    curve : Curve
    practice : tuple of float, optional
        Score, lower and upper end of its interval.
    hidden : float, optional
        The score on the hidden notes.
    """
    right = min(1.0, max(curve.scores[-1] + 0.15, practice[2] if practice else 0, hidden or 0))

    def x(score: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(score / right, 1.0), 1)

    def y(fraction: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * fraction, 1)

    def point(score: float) -> tuple[float, float]:
        return x(score), y(curve.fraction(score))

    line = " ".join(f"{a},{b}" for a, b in map(point, [0.0, *curve.scores, right]))
    return CurveDrawing(
        line=line,
        ticks_x=tuple((x(float(s)), f"{s:.0%}") for s in np.arange(0, right + 1e-9, 0.2)),
        ticks_y=tuple((y(f), f"{f:.0%}") for f in (0.0, 0.5, 1.0)),
        at=point(practice[0]) if practice else None,
        band=(x(practice[1]), x(practice[2])) if practice else None,
        hidden=None if hidden is None else point(hidden),
    )


def matrix_rows(confusion: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Return the rows of a confusion matrix, with colors; rows are the true families."""
    rows = []
    for family, counts in zip(FAMILIES, confusion, strict=True):
        total = sum(counts)
        shares = [count / total if total else 0.0 for count in counts]
        right = counts[FAMILIES.index(family)]
        rows.append(
            {
                "family": family,
                "recall": f"{right / total:.0%}" if total else "n/a",
                "cells": [
                    {
                        "count": count,
                        "color": share_color(share),
                        "ink": share_ink(share),
                        "to": to,
                    }
                    for count, share, to in zip(counts, shares, FAMILIES, strict=True)
                    if total
                ],
            }
        )
    return rows


def share_color(share: float) -> str:
    """Return the color of a share from 0 to 1, in cividis."""
    return _palette()[round(255 * share)]


@cache
def _palette() -> tuple[str, ...]:
    """Return the 256 colors: a class has too many cells to ask matplotlib for each."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return tuple(to_hex(colormaps["cividis"](i)) for i in range(256))


def share_ink(share: float) -> str:
    """Return the color of a text on :func:`share_color`."""
    return "#000" if share > _BRIGHT else "#fff"
