"""Compare a rebuild of the embedded notes with the ones that ship."""

import json
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from utils.notes.store import NoteStore

__all__ = ["Comparison", "compare", "mel_distance"]

DB_PER_STEP = 80 / 255
MEAN_TOLERANCE = 0.5
"""dB; other versions of FluidSynth interpolate and filter a little differently."""
NOTE_TOLERANCE = 3.0
"""dB, mean of a note."""


@dataclass(frozen=True)
class Comparison:
    """A verdict and its reasons, for people."""

    same: bool
    text: str


def mel_distance(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference of spectrograms in dB, for each note.

    Parameters
    ----------
    ours, theirs : ndarray of uint8, shape (n, 64, 64)
    """
    difference = np.abs(ours.astype(np.int16) - theirs.astype(np.int16))
    return difference.reshape(len(ours), -1).mean(axis=1) * DB_PER_STEP


def compare(rebuilt: Path, shipped: Path) -> Comparison:
    """Compare two folders that :func:`utils.notes.embedded_pack.pack` wrote.

    Records, splits, groups and sample hashes have to be equal; spectrograms may differ as
    far as another version of FluidSynth makes them.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as a,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as b,
    ):
        ours, theirs = _unpacked(rebuilt, Path(a)), _unpacked(shipped, Path(b))
        lines: list[str] = []
        problems = _different_columns(ours, theirs)
        if not problems:
            lines, problems = _different_mels(np.array(ours.mels), np.array(theirs.mels))
    fonts = [store.manifest["provenance"]["soundfonts"] for store in (ours, theirs)]
    if fonts[0] != fonts[1]:
        lines.append("The SoundFonts are not the files from which the shipped notes were made.")
    if _sounds(rebuilt) != _sounds(shipped):
        problems.append("the list of sounds differs")
    lines += [f"DIFFERENT: {problem}" for problem in problems]
    verdict = "The rebuild is what ships." if not problems else "The rebuild is NOT what ships."
    return Comparison(not problems, "\n".join([*lines, verdict]))


def _different_columns(ours: NoteStore, theirs: NoteStore) -> list[str]:
    if len(ours) != len(theirs):
        return [f"{len(ours)} notes are made, {len(theirs)} ship"]
    problems = []
    for name in sorted(set(ours.columns) | set(theirs.columns)):
        if name not in ours.columns or name not in theirs.columns:
            problems.append(f"only one of them has the column {name}")
        elif (count := int((ours.columns[name] != theirs.columns[name]).sum())) > 0:
            problems.append(f"the column {name} differs in {count} notes")
    return problems


def _different_mels(ours: np.ndarray, theirs: np.ndarray) -> tuple[list[str], list[str]]:
    distance = mel_distance(ours, theirs)
    identical = int((ours == theirs).all(axis=(1, 2)).sum())
    lines = [
        f"{len(ours)} records, splits, groups and sample hashes are equal.",
        f"Spectrograms: {identical} identical; mean difference {distance.mean():.4f} dB, "
        f"of the worst note {distance.max():.3f} dB "
        f"(allowed: {MEAN_TOLERANCE} and {NOTE_TOLERANCE}).",
    ]
    problems = []
    if distance.mean() > MEAN_TOLERANCE:
        problems.append(f"the spectrograms differ by {distance.mean():.2f} dB on average")
    if far := int((distance > NOTE_TOLERANCE).sum()):
        problems.append(f"{far} spectrograms differ by more than {NOTE_TOLERANCE} dB")
    return lines, problems


def _unpacked(folder: Path, scratch: Path) -> NoteStore:
    with tarfile.open(folder / "notes.tar.xz", "r:xz") as archive:
        # the filter came with Python 3.11.4; an archive of our own can do without it
        safe: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(scratch, **safe)
    return NoteStore.open(scratch, verify=True)


def _sounds(folder: Path) -> Any:
    return json.loads((folder / "contents.json").read_text(encoding="utf-8"))["sounds"]
