"""A small store of notes that a model can learn nothing from."""

from pathlib import Path

import numpy as np

from utils.notes.store import NoteStore, write_store


def small_store(path: Path, *, notes: int = 66, split: str = "practice", **changes) -> NoteStore:
    """Write notes of every family, two instruments each; spectrograms are noise."""
    numbers = np.arange(notes)
    columns = {
        "note_str": [f"note-{i}" for i in numbers],
        "family": numbers % 11,
        "source": [0] * notes,
        "pitch": [60] * notes,
        "velocity": [100] * notes,
        "instrument_str": [f"instrument-{i % 22}" for i in numbers],
        "group": [f"{split}-{i % 22}" for i in numbers],
        "sample_hash": [f"{i:064x}" for i in numbers],
        "split": [split] * notes,
    }
    mels = np.random.default_rng(0).integers(0, 256, (notes, 64, 64), dtype=np.uint8)
    about = {"name": split, "kind": "general-midi", "licence": "none", "provenance": "a test"}
    return write_store(path, mels, columns, **(about | changes))
