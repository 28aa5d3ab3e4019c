"""Make the runs for pages without a kernel: ``python -m utils.widgets.overfitting_lab.store``.

Some minutes on one core. The file says what it was made of: notes, seed, versions, scripts.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import torch

from utils.notes.embedded import load_notes
from utils.widgets.overfitting_lab.training import EPOCHS, train_lab

__all__ = ["STORED", "load_stored", "main", "settings_of", "source_sha256", "stored_settings"]

STORED = Path(__file__).with_name("stored.json")
SOURCES = ("notes.py", "store.py", "training.py")

PLAIN: dict[str, Any] = {
    "exam": "notes",
    "dropout": 0.0,
    "decay": 0.0,
    "augment": 0.0,
    "early_stop": False,
    "patience": 5,
    "instruments": 66,
    "width": 16,
    "seed": 0,
}


def settings_of(**changes: Any) -> dict[str, Any]:
    """Return the settings of the first view, with changes."""
    return PLAIN | changes


def stored_settings() -> Iterator[dict[str, Any]]:
    """Yield those of every stored run: all cures with 22, 66 and 154 instruments, two widths."""
    for instruments in (66, 22, 154):
        for dropout, decay, augment in product((0.0, 0.5), (0.0, 1.0), (0.0, 0.25)):
            yield settings_of(
                instruments=instruments, dropout=dropout, decay=decay, augment=augment
            )
    for width in (4, 32):
        yield settings_of(width=width)
        yield settings_of(width=width, dropout=0.5, decay=1.0)


@cache
def load_stored() -> dict[str, Any]:
    """Return the stored runs, and where they come from."""
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def source_sha256() -> str:
    """Return the hash of the scripts, so that stored runs can't outlive a change of them."""
    folder = Path(__file__).parent
    text = "".join((folder / name).read_text(encoding="utf-8") for name in SOURCES)
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    """Train with all settings and write the file."""
    torch.set_num_threads(1)
    runs, start = [], time.perf_counter()
    for settings in stored_settings():
        run = train_lab(lambda settings=settings: settings)  # type: ignore[misc]
        runs.append(_compact(run.to_dict()))
        ends = ", ".join(f"{part} {run.accuracy[part][-1]:.2f}" for part in run.accuracy)
        print(f"{time.perf_counter() - start:4.0f} s, {settings}: {ends}", flush=True)
    provenance = {
        "made_by": "python -m utils.widgets.overfitting_lab.store",
        "sha256": source_sha256(),
        "dataset_id": load_notes().dataset_id,
        "seed": PLAIN["seed"],
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
        "seconds": round(time.perf_counter() - start),
    }
    document = {"provenance": provenance, "epochs": EPOCHS, "runs": runs}
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def _compact(run: dict[str, Any]) -> dict[str, Any]:
    """Return a run with three digits after the point."""
    for name in ("loss", "accuracy"):
        run[name] = {part: [round(x, 3) for x in values] for part, values in run[name].items()}
    return run


if __name__ == "__main__":
    main()
