"""The notes that come with the course: about 5 000 spectrograms, and a few hundred to hear.

They lie compressed beside this module, in ``data/``, whose data card says what they are.
The first :func:`load_notes` expands them into the user's cache; from then on they open
in milliseconds.

The splits are "train", "validation", "practice" and "demo_pool". **The demo pool is
public**: it ships with its labels, so it can stand in for a hidden split in a
demonstration, never in a course.
"""

import json
import os
import shutil
import tarfile
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import ParameterError, StoreError
from utils.notes.audio import prepare_waveform, read_sound
from utils.notes.front_end import SAMPLE_RATE
from utils.notes.nsynth import NoteRecord
from utils.notes.store import NoteSet, NoteStore
from utils.notes.store_format import file_sha256
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES

__all__ = [
    "ARCHIVE",
    "DATA",
    "Sound",
    "cache_dir",
    "load_notes",
    "load_sound",
    "records",
    "sounds",
]

DATA = Path(__file__).parent / "data"
"""Where the shipped files lie."""

ARCHIVE = DATA / "notes.tar.xz"
CONTENTS = DATA / "contents.json"
CACHE_VARIABLE = "MUSIC_AI_COURSE_CACHE"
_A_DAY = 86_400
_MEMBERS = ("manifest.json", "mels.npy", "notes.npz")


@dataclass(frozen=True)
class Sound:
    """A note to hear.

    Attributes
    ----------
    note_str : str
        The name that it has in the store, too.
    family, instrument_str, split : str
    preset : str
        What the SoundFont or the engine calls the instrument.
    pitch, velocity : int
        MIDI.
    path : Path
        An MP3 file of 4 s at 16 kHz.
    """

    note_str: str
    family: str
    instrument_str: str
    preset: str
    split: str
    pitch: int
    velocity: int
    path: Path


def cache_dir() -> Path:
    """Return the folder for expanded and downloaded data.

    The environment variable MUSIC_AI_COURSE_CACHE names it; otherwise it is the operating
    system's place for caches.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser().absolute()
    import pooch

    return Path(pooch.os_cache("music-ai-course"))


def load_notes(*, verify: bool = False) -> NoteStore:
    """Return the embedded notes, expanded into the cache where they aren't yet.

    Several processes may do so at once. What is damaged is expanded again.

    Parameters
    ----------
    verify : bool
        Compare the checksums of the expanded files, too, not only their sizes and times.

    Returns
    -------
    NoteStore
        Splits "train", "validation", "practice" and "demo_pool" (public!).

    Raises
    ------
    StoreError
        The shipped archive is missing or damaged, or the cache can't be written.
    """
    contents = _contents()
    target = cache_dir() / f"notes-{contents['dataset_id'][:16]}"
    try:
        return _open(target, contents, verify=verify)
    except StoreError:
        _expand(target, contents)
    return _open(target, contents, verify=True)


def records(notes: NoteSet) -> list[NoteRecord]:
    """Return the records of embedded notes as NSynth's ``examples.json`` has them.

    Parameters
    ----------
    notes : NoteSet
        Of the store that :func:`load_notes` returns. Nobody annotated the qualities: all 0.
    """
    columns = notes.columns()
    made = []
    for row, note in enumerate(notes.index.tolist()):
        family, source = int(columns["family"][row]), int(columns["source"][row])
        made.append(
            NoteRecord(
                note=note,
                note_str=str(columns["note_str"][row]),
                instrument=int(columns["instrument"][row]),
                instrument_str=str(columns["instrument_str"][row]),
                pitch=int(columns["pitch"][row]),
                velocity=int(columns["velocity"][row]),
                sample_rate=SAMPLE_RATE,
                qualities=(0,) * len(QUALITIES),
                qualities_str=(),
                instrument_family=family,
                instrument_family_str=FAMILIES[family],
                instrument_source=source,
                instrument_source_str=SOURCES[source],
            )
        )
    return made


def sounds() -> list[Sound]:
    """Return the notes that can be heard, ordered by name."""
    return [
        Sound(path=DATA / "sounds" / f"{entry['note_str']}.mp3", **entry)
        for entry in _contents()["sounds"]
    ]


def load_sound(note_str: str) -> np.ndarray:
    """Return the waveform of a note of :func:`sounds`: float32 of shape (64000,) at 16 kHz.

    Raises
    ------
    ParameterError
        If there is no such sound.
    """
    known = {entry["note_str"] for entry in _contents()["sounds"]}
    if note_str not in known:
        msg = f"expected the name of one of the {len(known)} sounds, got {note_str!r}"
        raise ParameterError(msg)
    return prepare_waveform(*read_sound(DATA / "sounds" / f"{note_str}.mp3"))


@lru_cache(maxsize=1)
def _contents() -> dict[str, Any]:
    try:
        return json.loads(CONTENTS.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"the notes that ship with the course are not in {DATA}: {error}"
        raise StoreError(msg) from error


def _open(target: Path, contents: dict[str, Any], *, verify: bool) -> NoteStore:
    """Open the expanded store; StoreError if it is missing, incomplete or changed."""
    if verify or not _untouched(target):
        for name, expected in contents["archive"]["members"].items():
            path = target / name
            if not path.is_file() or file_sha256(path) != expected:
                raise StoreError(f"{path} is missing or not as it was shipped")
        _remember_times(target)
    return NoteStore.open(target)


def _remember_times(folder: Path) -> None:
    """Note the times of files that are right, so that they need not be read again."""
    with suppress(OSError):
        (folder / "times.json").write_text(json.dumps(_times(folder)))


def _untouched(target: Path) -> bool:
    """Return whether the files have the times that they had after the expansion."""
    try:
        return json.loads((target / "times.json").read_text()) == _times(target)
    except (OSError, ValueError):
        return False


def _times(target: Path) -> dict[str, int]:
    return {name: (target / name).stat().st_mtime_ns for name in _MEMBERS}


def _expand(target: Path, contents: dict[str, Any]) -> None:
    """Expand the archive beside ``target``, then put it there in one step."""
    packed = _checked_archive(contents)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=target.name + ".new-", dir=target.parent))
    except OSError as error:
        msg = (
            f"can't write into the cache {target.parent} ({error.strerror}): "
            f"set {CACHE_VARIABLE} to a folder that can be written"
        )
        raise StoreError(msg) from error
    _remove_abandoned(target)
    try:
        with tarfile.open(packed, "r:xz") as archive:
            for name in _MEMBERS:
                # extract(filter="data") came with Python 3.11.4; this needs no filter
                source = archive.extractfile(name)
                if source is None:
                    raise KeyError(name)
                with source, (new / name).open("wb") as file:
                    shutil.copyfileobj(source, file)
        _remember_times(new)
        _put(new, target, contents)
    except (OSError, tarfile.TarError, KeyError) as error:
        raise StoreError(f"can't expand {packed.name} into {target.parent}: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _remove_abandoned(target: Path) -> None:
    """Remove what expansions left that were killed more than a day ago."""
    for left in target.parent.glob(f"{target.name}.*-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _A_DAY:
                shutil.rmtree(left)


def _put(new: Path, target: Path, contents: dict[str, Any]) -> None:
    """Rename ``new`` to ``target``; if another process was faster and right, keep its work."""
    for _ in range(3):
        try:
            new.rename(target)
            return
        except OSError:
            try:
                _open(target, contents, verify=True)
                return
            except StoreError:
                aside = Path(tempfile.mkdtemp(prefix=target.name + ".old-", dir=target.parent))
                with suppress(OSError):  # another process may have been faster here, too
                    target.rename(aside / "damaged")
                shutil.rmtree(aside, ignore_errors=True)
    raise StoreError(f"can't put the notes into {target}; remove it by hand")


def _checked_archive(contents: dict[str, Any]) -> Path:
    expected = contents["archive"]["sha256"]
    try:
        found = file_sha256(ARCHIVE)
    except OSError as error:
        raise StoreError(f"{ARCHIVE} is missing; install the course again") from error
    if found != expected:
        raise StoreError(f"{ARCHIVE} is damaged (SHA-256 {found}); install the course again")
    return ARCHIVE
