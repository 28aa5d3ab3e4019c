"""Make ``notes_plane.json``, the loss plane of a CNN that learned notes: half a minute.

``python -m utils.widgets.race.store_plane``
"""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import torch

from utils.models.initialize import initialize
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_notes
from utils.training.fit import fit
from utils.training.landscape_last_layer import last_layer_plane

__all__ = ["make", "source_sha256"]

FILE = Path(__file__).with_name("notes_plane.json")
SEED, EPOCHS, N_TRAIN, N_VALIDATION, N_PLANE = 0, 3, 1024, 256, 120


def source_sha256() -> str:
    """Return the hash of this script, so that a stored result can't outlive a change of it."""
    text = Path(__file__).read_text(encoding="utf-8")  # the same on all systems
    return hashlib.sha256(text.encode()).hexdigest()


def make() -> dict[str, Any]:
    """Train the CNN, let its last layer learn anew, return the plane and where it is from."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(SEED)
    store = load_notes()
    notes = store.split("train")
    order = torch.randperm(len(notes), generator=generator).numpy()
    train = notes.subset(order[:N_TRAIN])
    validation = notes.subset(order[N_TRAIN : N_TRAIN + N_VALIDATION])
    model = LectureCNN()
    initialize(model, generator)
    fit(
        model,
        train,
        validation,
        epochs=EPOCHS,
        generator=generator,
        history_path=None,
        progress=False,
    )
    found = last_layer_plane(model, notes.subset(order[N_TRAIN : N_TRAIN + N_PLANE]))
    return {
        "provenance": {
            "model": f"LectureCNN, {EPOCHS} epochs of {N_TRAIN} notes, Adam",
            "plane": f"principal plane of a run of its last layer on {N_PLANE} other notes",
            "explained": [round(part, 4) for part in found.explained],
            "dataset_id": store.dataset_id,
            "script_sha256": source_sha256(),
            "seed": SEED,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        },
        **found.plane.to_dict(),
        "path": found.path.double().round(decimals=4).tolist(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
