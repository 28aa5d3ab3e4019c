"""Make the stored pictures: ``python -m utils.widgets.class_sound.store`` (some seconds).

They are what the widget shows first, and all that a page without a kernel shows. ``stored.npz``
holds the pictures in 64 levels; ``stored.json`` the rest, and what all was made of.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.notes.embedded import load_notes
from utils.notes.vocabulary import FAMILIES
from utils.widgets.class_sound.grow import Growth, grow, scale_of
from utils.widgets.network_notes import CHECKPOINT, heard_notes, trained_network, untrained_copy
from utils.zoo.checkpoints import stored_sha256
from utils.zoo.provenance import code_sha256, versions

__all__ = ["NETWORKS", "SETTINGS", "STORED", "load_stored", "main", "provenance"]

STORED = Path(__file__).with_name("stored.json")
PICTURES = Path(__file__).with_name("stored.npz")
NETWORKS = ("trained", "untrained")
SETTINGS: dict[str, Any] = {"steps": 100, "smooth": 8.0, "quiet": 3.0, "jitter": 3, "seed": 0}
MODULES = (
    "utils.training.activation_maximization",
    "utils.widgets.class_sound.grow",
    "utils.widgets.class_sound.store",
)
LEVELS = 4
"""Neighboring bytes that are stored as one: 64 levels."""


def load_stored() -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """Return the facts, and the pictures: shape (networks, families, kept, 64, 64)."""
    with np.load(PICTURES, allow_pickle=False) as arrays:
        pictures = arrays["pictures"]
    return json.loads(STORED.read_text(encoding="utf-8")), pictures * LEVELS + LEVELS // 2


def provenance() -> dict[str, Any]:
    """Return what the pictures depend on."""
    return {
        "made_by": "python -m utils.widgets.class_sound.store",
        "sha256": code_sha256(MODULES),
        "checkpoint": CHECKPOINT,
        "checkpoint_sha256": stored_sha256(CHECKPOINT),
        "dataset_id": load_notes().dataset_id,
        "settings": SETTINGS,
        "versions": versions(),
    }


def main() -> None:
    """Grow all classes with the trained network and before training; write both files."""
    start, notes, model = time.process_time(), heard_notes(), trained_network()
    models = dict(zip(NETWORKS, (model, untrained_copy(model)), strict=True))
    facts: dict[str, Any] = {}
    pictures = []
    for name, network in models.items():
        scale = scale_of(network, notes)
        grown: list[Growth] = [
            grow(network, family, scale=scale, **SETTINGS) for family in range(len(FAMILIES))
        ]
        facts[name] = {"best": scale.best, "classes": [growth.facts() for growth in grown]}
        pictures.append([growth.pictures for growth in grown])
    np.savez_compressed(PICTURES, pictures=np.array(pictures, np.uint8) // LEVELS)
    seconds = round(time.process_time() - start, 1)
    document = {"provenance": {**provenance(), "seconds": seconds}, "networks": facts}
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
