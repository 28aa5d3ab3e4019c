"""Make the stored landscapes: ``python -m utils.widgets.own_landscape.store`` (about two minutes).

They are what a page without a kernel shows, and what the widget shows first. The file says what
it was made of: the notes, the seeds, the versions, the scripts.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch

from utils.notes.embedded import load_notes
from utils.widgets.own_landscape.look import PLANES, look_at
from utils.widgets.own_landscape.networks import NAMES, Network, note_pair, train_network

__all__ = ["EPOCHS", "LOOK_NOTES", "STORED", "facts_of", "load_stored", "main"]

STORED = Path(__file__).with_name("stored.json")
BLOCKS, SEED, EPOCHS, RESOLUTION = 12, 1, 10, 25
LOOK_NOTES = 128


def load_stored() -> dict[str, Any]:
    """Return ``provenance`` and ``networks``."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def facts_of(network: Network) -> dict[str, Any]:
    """Return what is said of a network beside its landscape.

    Parameters
    ----------
    network : Network
    """
    return {
        "name": network.name,
        "parameters": network.parameters,
        "losses": [float(f"{loss:.4g}") for loss in network.losses],
        "planes": {},
    }


def provenance() -> dict[str, Any]:
    """Return what the landscapes depend on."""
    names = ("networks.py", "look.py", "store.py")
    sources = b"".join(Path(__file__).with_name(name).read_bytes() for name in names)
    return {
        "made_by": "python -m utils.widgets.own_landscape.store",
        "sha256": hashlib.sha256(sources).hexdigest(),
        "dataset_id": load_notes().dataset_id,
        "settings": {"blocks": BLOCKS, "seed": SEED, "epochs": EPOCHS, "notes": LOOK_NOTES},
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
    }


def main() -> None:
    """Train both networks, look at them on both planes, write the file."""
    networks = [train_network(name, blocks=BLOCKS, seed=SEED, epochs=EPOCHS) for name in NAMES]
    inputs, targets = note_pair()
    data = inputs[:LOOK_NOTES], targets[:LOOK_NOTES]
    stored = [facts_of(network) for network in networks]
    for plane in PLANES:
        for which, view in look_at(networks, data, plane, resolution=RESOLUTION, seed=SEED):
            stored[which]["planes"][plane] = view
            print(plane, networks[which].name, view["computed"], flush=True)
    document = {"provenance": provenance(), "networks": stored}
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
