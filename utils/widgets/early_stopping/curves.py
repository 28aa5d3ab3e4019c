"""Learning curves of a small CNN on notes, as ``store_curves.py`` made them."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["stored_curves"]


@cache
def stored_curves() -> dict[str, Any]:
    """Return the runs by name, and their provenance.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    text = files("utils.widgets.early_stopping").joinpath("curves.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
