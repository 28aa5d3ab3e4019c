"""Make ``answers.json``, which notes of unknown instruments a CNN names rightly: some seconds.

``python -m utils.widgets.test_spread.store``
"""

import hashlib
import json
import platform
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from utils.notes.embedded import load_notes
from utils.notes.vocabulary import FAMILIES
from utils.zoo.checkpoints import load_checkpoint, stored_sha256

__all__ = ["CHECKPOINT", "FILE", "answers", "make", "source_sha256", "stored_answers"]

FILE = Path(__file__).with_name("answers.json")
CHECKPOINT = "lecture_cnn"
SPLITS = ("practice", "demo_pool")


def source_sha256() -> str:
    """Return the hash of this script, so that a stored result can't outlive a change of it."""
    text = Path(__file__).read_text(encoding="utf-8")  # the same on all systems
    return hashlib.sha256(text.encode()).hexdigest()


def answers(split: str) -> list[dict[str, str]]:
    """Return name, family and answers ("1": right) of each instrument of a split.

    Parameters
    ----------
    split : str
        Whose instruments the network never heard in training.
    """
    model = load_checkpoint(CHECKPOINT)[0]
    notes = load_notes().split(split)
    inputs, families = torch.from_numpy(notes.inputs()), notes.families
    with torch.inference_mode():
        named = torch.cat([model(batch).argmax(1) for batch in inputs.split(128)]).numpy()
    found = []
    for group in np.unique(notes.groups):
        mine = notes.groups == group
        right = "".join("01"[int(one)] for one in named[mine] == families[mine])
        found.append({"name": str(group), "family": FAMILIES[families[mine][0]], "answers": right})
    return found


def make() -> dict[str, Any]:
    """Let the network name all notes, return its answers and where they are from."""
    torch.set_num_threads(1)
    started = time.process_time()
    instruments = [one for split in SPLITS for one in answers(split)]
    return {
        "provenance": {
            "model": f"checkpoint {CHECKPOINT}",
            "checkpoint_sha256": stored_sha256(CHECKPOINT),
            "data": f"embedded notes, splits {' and '.join(SPLITS)}: unknown instruments",
            "dataset_id": load_notes().dataset_id,
            "script_sha256": source_sha256(),
            "seconds": round(time.process_time() - started, 1),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        },
        "instruments": instruments,
    }


def stored_answers() -> dict[str, Any]:
    """Return what :func:`make` has stored."""
    text = files("utils.widgets.test_spread").joinpath("answers.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
