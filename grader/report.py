"""Write a page for each submission: what a student may see.

While the homework is open, that is what the practice split says, and whether the model
keeps the contract; exact figures of the hidden split stay in ``grades.csv``.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from grader.assignment import Assignment
from grader.gradebook import write_atomically
from grader.results import Result
from utils.notes.vocabulary import FAMILIES
from utils.submission.credit import Curve, credit

__all__ = ["render_page", "write_page"]

TEMPLATES = Path(__file__).parent / "templates"
WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 12, 34


def write_page(result: Result, assignment: Assignment, folder: Path) -> Path:
    """Write the page of a result into a folder and return its path.

    Raises
    ------
    StoreError
        The page can't be written.
    """
    path = folder / result.page
    write_atomically(path, render_page(result, assignment))
    return path


def render_page(result: Result, assignment: Assignment) -> str:
    """Return the page of a result as one HTML text without external parts."""
    practice = result.practice
    curve, most = assignment.credit, assignment.credit_points
    return _template().render(
        result=result,
        title=assignment.title,
        practice=practice,
        practice_points=None if practice is None else credit(practice.value, curve, most),
        curve_points=most,
        curve=_draw_curve(curve, result),
        families=FAMILIES,
        matrix=_matrix(result),
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("submission.html")


@dataclass(frozen=True)
class CurveDrawing:
    """The curve of credit in pixels, with the practice score and its interval."""

    line: str
    ticks_x: tuple[tuple[float, str], ...]
    ticks_y: tuple[tuple[float, str], ...]
    at: tuple[float, float] | None
    band: tuple[float, float] | None


def _draw_curve(curve: Curve, result: Result) -> CurveDrawing:
    """Return where the parts of the curve's drawing stand."""
    right = min(1.0, max(curve.scores[-1] + 0.15, result.practice.high if result.practice else 0))

    def x(score: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(score / right, 1.0), 1)

    def y(fraction: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * fraction, 1)

    scores = [0.0, *curve.scores, right]
    line = " ".join(f"{x(s)},{y(curve.fraction(s))}" for s in scores)
    steps = np.arange(0, right + 1e-9, 0.2)
    practice = result.practice
    return CurveDrawing(
        line=line,
        ticks_x=tuple((x(float(s)), f"{s:.0%}") for s in steps),
        ticks_y=tuple((y(f), f"{f:.0%}") for f in (0.0, 0.5, 1.0)),
        at=(x(practice.value), y(curve.fraction(practice.value))) if practice else None,
        band=(x(practice.low), x(practice.high)) if practice else None,
    )


def _matrix(result: Result) -> list[dict[str, Any]] | None:
    """Return the rows of the confusion matrix, with colors."""
    if result.practice_confusion is None:
        return None
    rows = []
    for family, counts in zip(FAMILIES, result.practice_confusion, strict=True):
        total = sum(counts)
        shares = [count / total if total else 0.0 for count in counts]
        right = counts[FAMILIES.index(family)]
        rows.append(
            {
                "family": family,
                "recall": f"{right / total:.0%}" if total else "n/a",
                "cells": [
                    {"count": count, "color": _color(share), "ink": _ink(share), "to": to}
                    for count, share, to in zip(counts, shares, FAMILIES, strict=True)
                    if total
                ],
            }
        )
    return rows


def _color(share: float) -> str:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["cividis"](share))


def _ink(share: float) -> str:
    return "#000" if share > 0.5 else "#fff"
