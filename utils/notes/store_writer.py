"""Write a store of notes, all or nothing; see :mod:`utils.notes.store`."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError, StoreError
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store_format import (
    COLUMNS,
    FORMAT,
    KINDS,
    MANIFEST,
    MELS,
    NOTES,
    clear_disk_errors,
    content_id,
    count_notes,
    file_sha256,
)
from utils.notes.store_reader import NoteStore
from utils.notes.vocabulary import N_FAMILIES, SOURCES

__all__ = [
    "check_columns",
    "check_description",
    "check_target",
    "commit",
    "write_files",
    "write_store",
]

LIMITS = {"family": N_FAMILIES, "source": len(SOURCES), "pitch": 128, "velocity": 128}
HASHES = re.compile(r"[0-9a-f]{64}( [0-9a-f]{64})*")


def write_store(
    out: str | PathLike[str],
    mels: NDArray[np.uint8],
    columns: Mapping[str, ArrayLike],
    *,
    name: str,
    kind: str,
    licence: str,
    provenance: Any,
    front_end: str = FRONT_END_ID,
    overwrite: bool = False,
) -> NoteStore:
    """Write spectrograms and columns as a store, and return it opened.

    The folder appears at once and complete, or not at all.

    Parameters
    ----------
    out : path
        The new folder.
    mels : ndarray of uint8, shape (n, 64, 64)
        Quantized spectrograms; may be memory-mapped.
    columns : mapping of str to array_like, each of shape (n,)
        All of :data:`utils.notes.store_format.COLUMNS`; more are kept as they are.
    name, kind, licence : str
        ``kind`` is "general-midi", "nsynth" or "private".
    provenance : str, list or dict
        Where the notes come from; anything that JSON can hold.
    front_end : str
        Id of the front end that made ``mels``.
    overwrite : bool
        Replace a store that is there.

    Raises
    ------
    ParameterError
        Shapes, types or values are wrong, or a note occurs twice.
    StoreError
        ``out`` is there already, or the disk is full.
    """
    target = check_target(out, overwrite=overwrite)
    check_description(name=name, kind=kind, licence=licence, provenance=provenance)
    mels = np.asanyarray(mels)
    if mels.dtype != np.uint8 or mels.ndim != 3 or mels.shape[1:] != (64, 64):
        raise ParameterError(
            f"mels: expected uint8 of shape (n, 64, 64), got {mels.dtype} of {mels.shape}"
        )
    checked = check_columns(columns, len(mels))
    about = {"name": name, "kind": kind, "licence": licence, "provenance": provenance}
    new = target.with_name(f"{target.name}.new-{os.getpid()}")
    with clear_disk_errors(target.parent):
        try:
            _remove(new)
            new.mkdir(parents=True)
            pieces = (mels[i : i + 1024] for i in range(0, len(mels), 1024))
            write_files(new, pieces, checked, front_end=front_end, about=about)
            commit(new, target, overwrite=overwrite)
        finally:
            _remove(new)
    return NoteStore.open(target, front_end=front_end)


def check_target(out: str | PathLike[str], *, overwrite: bool) -> Path:
    """Return the absolute path of a folder that may be written, or raise StoreError."""
    target = Path(out).absolute()
    occupied = target.exists() and not (target.is_dir() and not any(target.iterdir()))
    if occupied and not overwrite:
        raise StoreError(
            f"{target} exists already; remove it, choose another folder or set overwrite=True"
        )
    if occupied and not (target / MANIFEST).is_file():
        raise StoreError(f"{target} is no store of notes and is not overwritten")
    return target


def check_description(*, name: str, kind: str, licence: str, provenance: Any) -> None:
    """Raise ParameterError unless the manifest can say this."""
    for key, value in {"name": name, "licence": licence}.items():
        if not isinstance(value, str) or not value.strip():
            raise ParameterError(f"{key}: expected some text, got {value!r}")
    if kind not in KINDS:
        raise ParameterError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    try:
        json.dumps(provenance, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"provenance: expected what JSON can hold: {error}") from error


def check_columns(columns: Mapping[str, ArrayLike], n: int) -> dict[str, NDArray]:
    """Return the columns as arrays of text or int64, or raise ParameterError."""
    if n == 0:
        raise ParameterError("expected at least one note, got none")
    missing = sorted(set(COLUMNS) - set(columns))
    if missing:
        raise ParameterError(f"the columns {', '.join(missing)} are missing")
    checked = {}
    for name, values in columns.items():
        column = np.asarray(values)
        wanted = COLUMNS.get(name, column.dtype.kind)
        if column.shape != (n,) or column.dtype.kind not in ("U" if wanted == "U" else "iufb"):
            raise ParameterError(
                f"column {name}: expected {n} {'texts' if wanted == 'U' else 'numbers'}, "
                f"got {column.dtype} of shape {column.shape}"
            )
        if wanted == "i" and column.dtype.kind not in "iu":
            raise ParameterError(f"column {name}: expected whole numbers, got {column.dtype}")
        checked[name] = column.astype(np.int64) if wanted == "i" else column
    _check_values(checked)
    return checked


def _check_values(columns: Mapping[str, NDArray]) -> None:
    """Raise ParameterError for values out of range, empty names and notes that occur twice."""
    for name, limit in LIMITS.items():
        low, high = int(columns[name].min()), int(columns[name].max())
        if low < 0 or high >= limit:
            raise ParameterError(f"column {name}: expected 0 to {limit - 1}, got {low} to {high}")
    for name in ("note_str", "instrument_str", "group"):
        if (columns[name] == "").any():
            raise ParameterError(f"column {name}: expected a name for every note, got an empty one")
    names, times = np.unique(columns["note_str"], return_counts=True)
    if (times > 1).any():
        raise ParameterError(f"column note_str: {names[times.argmax()]} occurs {times.max()} times")
    for text in columns["sample_hash"].tolist():
        if not HASHES.fullmatch(text):
            raise ParameterError(
                "column sample_hash: expected SHA-256s of 64 hexadecimal digits, joined by "
                f"single spaces, got {text[:80]!r}"
            )


def write_files(
    folder: Path,
    pieces: Iterable[NDArray[np.uint8]],
    columns: Mapping[str, NDArray],
    *,
    front_end: str,
    about: Mapping[str, Any],
) -> None:
    """Write the three files of a store, manifest last, and wait until the disk has them."""
    n = len(columns["note_str"])
    with (folder / MELS).open("wb") as file:
        _write_mels(file, pieces, n)
        _flush(file)
    with (folder / NOTES).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)
        _flush(file)
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_sha256(folder / name)}
        for name in (MELS, NOTES)
    }
    manifest = {
        "format": FORMAT,
        "dataset_id": content_id(front_end, str(files[MELS]["sha256"]), columns),
        "front_end": front_end,
        **about,
        "counts": count_notes(columns),
        "files": files,
    }
    with (folder / MANIFEST).open("wb") as file:
        file.write((json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())
        _flush(file)


def _write_mels(file: BinaryIO, pieces: Iterable[NDArray[np.uint8]], n: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (n, 64, 64)}
    np.lib.format.write_array_header_1_0(file, header)
    written = 0
    for piece in pieces:
        file.write(np.ascontiguousarray(piece).data)
        written += len(piece)
    if written != n:
        raise StoreError(f"expected {n} spectrograms, got {written}")


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def commit(new: Path, target: Path, *, overwrite: bool) -> None:
    """Move a finished store to its place: one rename, so nobody ever sees half of it."""
    check_target(target, overwrite=overwrite)
    if not target.exists():
        new.rename(target)
        return
    old = target.with_name(f"{target.name}.old-{os.getpid()}")
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
