"""What the table of labels says to an amount, in numbers: for votes to be compared with it.

:data:`utils.notes.augment_labels.LABEL_SURVIVAL` says in words within which range a label
survives. Here the ranges are numbers on the sliders of the audition; where the words leave
it open ("any moderate gain"), the number is an assumption of this widget.
``kit/math/labelVotes.js`` judges by the same rules.
"""

import math
from typing import Any, Final, Literal, TypeAlias

from utils.notes.augment_labels import LABEL_SURVIVAL
from utils.widgets.augmentation.changes import CHANGES

__all__ = ["LABELS", "VERDICTS", "Label", "Verdict", "rules", "table_says"]

Label: TypeAlias = Literal["family", "pitch", "velocity"]
Verdict: TypeAlias = Literal["survives", "changes", "lost"]

LABELS: Final[tuple[Label, ...]] = ("family", "pitch", "velocity")
VERDICTS: Final[dict[Verdict, str]] = {
    "survives": "still true",
    "changes": "moves along",
    "lost": "lost or doubtful",
}

ANY: Final = (-math.inf, math.inf)
_EQUALIZER: Final = {"family": (-6.0, 6.0), "pitch": (-12.0, 12.0), "velocity": (-1.0, 1.0)}
_GAP: Final = {"family": (0.0, 0.5), "pitch": (0.0, 0.5), "velocity": (0.0, 0.5)}

LIMITS: Final[dict[str, dict[str, tuple[float, float]]]] = {
    "pitch_shift": {"family": (-2.0, 2.0), "pitch": ANY, "velocity": (-2.0, 2.0)},
    "time_stretch": {"family": (0.9, 1.1), "pitch": (0.5, 2.0), "velocity": (0.9, 1.1)},
    "shelf": _EQUALIZER,
    "bell": _EQUALIZER,
    # Per band: what the random operations of augment.py take, and 20 dB from end to end.
    "tilt": {"family": (-0.15, 0.15), "pitch": (-0.3, 0.3), "velocity": (-0.01, 0.01)},
    "noise": {
        "family": (-math.inf, -20.0),
        "pitch": (-math.inf, 0.0),
        "velocity": (-math.inf, -30.0),
    },
    "gain": {"family": (-math.inf, 6.0), "pitch": (-math.inf, 6.0), "velocity": (-1.0, 1.0)},
    "time_shift": {"family": (0.0, 0.25), "pitch": (-2.0, 2.0), "velocity": (0.0, 0.25)},
    "attack_gap": {**_GAP, "velocity": (0.0, 0.0)},
    "middle_gap": _GAP,
    "bands": {"family": (0.0, 8.0), "pitch": (0.0, 8.0), "velocity": (0.0, 8.0)},
}
"""Change → label → lowest and highest amount within which the table vouches for the label."""


def table_says(change: str, label: Label, amount: float, *, domain: str = "sound") -> Verdict:
    """Return what the table says of a label after a change.

    Parameters
    ----------
    change : str
        Of ``CHANGES``.
    label : {"family", "pitch", "velocity"}
    amount : float
    domain : {"sound", "picture"}
        Pictures carry no loudness, so that a gain leaves their velocity alone.
    """
    rule = rules()[change][label]
    if amount == CHANGES[change].neutral:
        return "survives"
    if rule["moves"]:
        return "changes"
    low, high = rule[domain]
    return "survives" if low <= amount <= high else "lost"


def rules() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rules as JSON: change → label → moves, limits by domain, range, reason."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, change in CHANGES.items():
        found[name] = {}
        for label in LABELS:
            survival = LABEL_SURVIVAL[change.operation][label]
            low, high = (max(-1e9, min(1e9, limit)) for limit in LIMITS[name][label])
            loose = name == "gain" and label == "velocity"
            found[name][label] = {
                "moves": survival.fate == "changes",
                "sound": [low, high],
                "picture": [-1e9, 1e9] if loose else [low, high],
                "fate": survival.fate,
                "within": survival.within,
                "reason": survival.reason,
            }
    return found
