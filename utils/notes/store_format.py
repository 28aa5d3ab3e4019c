"""What the files of a store of notes are called and hold; see :mod:`utils.notes.store`."""

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.errors import StoreError

__all__ = [
    "COLUMNS",
    "FORMAT",
    "KINDS",
    "MANIFEST",
    "MELS",
    "NOTES",
    "PARTIAL",
    "check_file",
    "clear_disk_errors",
    "content_id",
    "count_notes",
    "file_sha256",
    "require_space",
]

FORMAT = 1
KINDS = ("general-midi", "nsynth", "private")
MANIFEST, MELS, NOTES = "manifest.json", "mels.npy", "notes.npz"
PARTIAL = ".partial"  # ends the name of the folder in which a store is being built

COLUMNS: Mapping[str, str] = {
    "note_str": "U",
    "family": "i",
    "source": "i",
    "pitch": "i",
    "velocity": "i",
    "instrument_str": "U",
    "group": "U",
    "sample_hash": "U",
    "split": "U",
}
"""Names of the columns that every store has; U = text, i = int64."""


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(front_end: str, mels_sha256: str, columns: Mapping[str, NDArray]) -> str:
    """Return the id of a data set: equal for equal notes, whatever packed them.

    It covers the front end, the file of spectrograms and the content of every column, but
    not name, licence and provenance, nor how ``notes.npz`` was compressed.
    """
    digests = {}
    for name in sorted(columns):
        values = columns[name]
        if values.dtype.kind == "U":
            data = json.dumps(values.tolist()).encode()
        elif values.dtype.kind in "iub":
            data = values.astype("<i8").tobytes()
        else:
            data = values.astype("<f8").tobytes()
        digests[name] = hashlib.sha256(data).hexdigest()
    text = json.dumps([FORMAT, front_end, mels_sha256, digests], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def count_notes(columns: Mapping[str, NDArray]) -> dict[str, Any]:
    """Return the numbers of notes, groups and instruments, and of notes by family and split."""
    from utils.notes.vocabulary import FAMILIES

    per_family = np.bincount(columns["family"], minlength=len(FAMILIES))
    splits, per_split = np.unique(columns["split"], return_counts=True)
    return {
        "notes": len(columns["note_str"]),
        "groups": len(np.unique(columns["group"])),
        "instruments": len(np.unique(columns["instrument_str"])),
        "families": dict(zip(FAMILIES, per_family.tolist(), strict=True)),
        "splits": dict(zip(splits.tolist(), per_split.tolist(), strict=True)),
    }


def check_file(folder: Path, name: str, expected: Mapping[str, Any], *, verify: bool) -> None:
    """Raise StoreError unless a file has the size (and, to verify, the SHA-256) it should have."""
    path = folder / name
    if not path.is_file():
        raise StoreError(f"{folder}: {name} is missing; make or fetch the store again")
    size = path.stat().st_size
    if size != expected["bytes"]:
        raise StoreError(
            f"{path}: expected {expected['bytes']} bytes, got {size}; "
            "the file is damaged: make or fetch the store again"
        )
    if verify and file_sha256(path) != expected["sha256"]:
        raise StoreError(
            f"{path}: its SHA-256 is not the one in the manifest; "
            "the file is damaged: make or fetch the store again"
        )


def require_space(folder: Path, n_bytes: int) -> None:
    """Raise StoreError if the disk has less space than a store will need."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise StoreError(
            f"the store needs {n_bytes / 1e6:.0f} MB in {folder}, "
            f"where {free / 1e6:.0f} MB are free; free some space or choose another folder"
        )


@contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """Turn the operating system's word for a full or read-only disk into a StoreError."""
    full = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
    try:
        yield
    except OSError as error:
        if error.errno in full:
            raise StoreError(
                f"no space left for the store in {folder}; free some space and run the same "
                "again: what is finished is kept"
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise StoreError(f"can't write the store in {folder}: {error}") from error
        raise
