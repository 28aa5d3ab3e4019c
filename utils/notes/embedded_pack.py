"""Write the files of the embedded notes: archive, sounds, table of contents, data card."""

import json
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import ParameterError
from utils.notes.data_card import data_card
from utils.notes.note_plan import PlannedNote
from utils.notes.render import Rendered
from utils.notes.store import NoteStore, write_store
from utils.notes.store_format import file_sha256
from utils.notes.vocabulary import FAMILIES, SOURCES

__all__ = ["MEMBERS", "choose_sounds", "note_columns", "pack"]

MEMBERS = ("manifest.json", "mels.npy", "notes.npz")
NAME = "Embedded notes"
KIND = "general-midi"
LICENCE = "CC BY 4.0; recordings: FluidR3_GM (MIT), sf_GMbank (public domain)"
SOUND_SPLITS = ("train", "validation", "practice")
_SEED = 220


def choose_sounds(notes: Sequence[PlannedNote]) -> list[str]:
    """Return the names of the notes that ship as sounds: none of the demo pool.

    One of each instrument group, and three more of one training group a family, so that
    pitches of one instrument can be compared.
    """
    rng = np.random.default_rng(_SEED)
    groups: dict[str, list[PlannedNote]] = {}
    for note in notes:
        if note.instrument.split in SOUND_SPLITS:
            groups.setdefault(note.instrument.group, []).append(note)
    chosen = {str(rng.choice([n.note_str for n in members])) for members in groups.values()}
    for family in FAMILIES:
        candidates = [
            members
            for members in groups.values()
            if members[0].instrument.family == family and members[0].instrument.split == "train"
        ]
        members = candidates[int(rng.integers(len(candidates)))]
        ordered = sorted(members, key=lambda note: (note.pitch, note.note_str))
        spread = np.linspace(1, len(ordered) - 2, 4).round().astype(int)
        chosen |= {ordered[k].note_str for k in spread}
    return sorted(chosen)


def note_columns(notes: Sequence[PlannedNote]) -> dict[str, list[Any]]:
    """Return the columns of the store: those of every store and number, origin, preset."""
    instruments = [note.instrument for note in notes]
    return {
        "note_str": [note.note_str for note in notes],
        "family": [FAMILIES.index(i.family) for i in instruments],
        "source": [SOURCES.index(i.source) for i in instruments],
        "pitch": [note.pitch for note in notes],
        "velocity": [note.velocity for note in notes],
        "instrument_str": [i.instrument_str for i in instruments],
        "group": [i.group for i in instruments],
        "sample_hash": [note.sample_hash for note in notes],
        "split": [i.split for i in instruments],
        "instrument": [i.number for i in instruments],
        "origin": [i.origin for i in instruments],
        "preset": [i.name for i in instruments],
    }


def pack(rendered: Rendered, chosen: Sequence[str], out: Path, *, fonts: Sequence[Path]) -> None:
    """Write ``notes.tar.xz``, ``contents.json``, ``DATA_CARD.md`` and ``sounds/`` into a folder.

    Parameters
    ----------
    rendered : Rendered
        All notes, with the waveforms of ``chosen``.
    chosen : sequence of str
        Names of the notes to hear.
    out : Path
        A new folder, or one that an earlier call wrote.
    fonts : sequence of Path
        The SoundFonts, whose checksums are noted.
    """
    if out.exists() and any(out.iterdir()) and not (out / "contents.json").is_file():
        raise ParameterError(f"expected a new folder or an earlier rebuild, got {out}")
    (out / "sounds").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, ignore_cleanup_errors=True) as scratch:
        store = write_store(
            Path(scratch) / "store",
            rendered.mels,
            note_columns(rendered.notes),
            name=NAME,
            kind=KIND,
            licence=LICENCE,
            provenance=_provenance(fonts),
        )
        columns = {name: np.array(store.columns[name]) for name in store.columns}
        _write_archive(store, out / "notes.tar.xz")
        files = {name: file_sha256(store.path / name) for name in MEMBERS}
    contents = {
        "format": 1,
        "dataset_id": store.dataset_id,
        "demo_pool": "public: it ships with its labels; never a hidden split of a course",
        "archive": {
            "bytes": (out / "notes.tar.xz").stat().st_size,
            "sha256": file_sha256(out / "notes.tar.xz"),
            "members": files,
        },
        "sounds": _write_sounds(rendered, chosen, out / "sounds"),
    }
    _write_text(out / "contents.json", json.dumps(contents, indent=1) + "\n")
    _write_text(out / "DATA_CARD.md", data_card(columns, store.manifest, contents))


def _provenance(fonts: Sequence[Path]) -> dict[str, Any]:
    return {
        "warning": "the split demo_pool is public: it ships with its labels",
        "soundfonts": {path.stem: file_sha256(path) for path in fonts},
        "parametric": "utils/notes/synthesizers.py",
        "made_by": "python -m utils.notes render",
        "documentation": "utils/notes/data/DATA_CARD.md",
    }


def _write_archive(store: NoteStore, target: Path) -> None:
    """Pack the store; the same bytes for the same content."""
    with tarfile.open(target, "w:xz", preset=9) as archive:
        for name in MEMBERS:
            member = archive.gettarinfo(store.path / name, name)
            member.mtime, member.mode = 0, 0o644
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            with (store.path / name).open("rb") as file:
                archive.addfile(member, file)


def _write_sounds(rendered: Rendered, chosen: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Write MP3 files (every browser plays them); return the table of contents."""
    import soundfile

    for old in folder.glob("*.mp3"):
        old.unlink()
    planned = {note.note_str: note for note in rendered.notes}
    entries = []
    for name in chosen:
        note = planned[name]
        soundfile.write(
            folder / f"{name}.mp3",
            rendered.waveforms[name],
            16_000,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=0.0,
            bitrate_mode="VARIABLE",
        )
        entries.append(
            {
                "note_str": name,
                "family": note.instrument.family,
                "instrument_str": note.instrument.instrument_str,
                "preset": note.instrument.name,
                "split": note.instrument.split,
                "pitch": note.pitch,
                "velocity": note.velocity,
            }
        )
    return entries


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
