"""Make the runs that a page without a kernel shows: ``python -m utils.widgets.schedule.store``.

The file says what it was made of: the notes, the seeds, the versions, the script.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch

from utils.figures.schedules import KINDS, KNOTS
from utils.notes.embedded import load_notes
from utils.widgets.schedule.training import train_with

__all__ = ["STORED", "defaults", "load_stored", "main"]

STORED = Path(__file__).with_name("stored.json")
# A level line, to be drawn over.
HAND = (0.1,) * KNOTS


def defaults(kind: str) -> dict[str, Any]:
    """Return the settings with which a kind is stored.

    Parameters
    ----------
    kind : str
        Of ``KINDS``.
    """
    plain = {"lr": 0.1, "every": 150, "factor": 0.2, "rate": 0.005, "hand": list(HAND)}
    return {"kind": kind, **plain}


def load_stored() -> dict[str, Any]:
    """Return the stored runs by kind, and where they come from."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def provenance() -> dict[str, Any]:
    """Return what the runs depend on."""
    sources = [Path(__file__), Path(__file__).with_name("training.py")]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return {
        "made_by": "python -m utils.widgets.schedule.store",
        "sha256": digest,
        "dataset_id": load_notes().dataset_id,
        "seeds": {"weights": 0, "order": 1, "notes": 0},
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
    }


def main() -> None:
    """Train with every kind and write the file."""
    runs = {}
    for kind in KINDS:
        settings = defaults(kind)
        run = train_with(settings)
        print(f"{kind}: validation loss {run.validation[-1]:.3f}, accuracy {run.accuracy:.3f}")
        runs[kind] = {"settings": settings, **run.to_dict()}
    document = {"provenance": provenance(), "runs": runs}
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
