"""Notes to browse: their columns, and the picture and sound of each, wherever they lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.notes.audio import prepare_waveform, read_sound
from utils.notes.embedded import Sound, load_notes, sounds
from utils.notes.front_end import SAMPLE_RATE
from utils.notes.mel import log_mel_spectrogram, quantize
from utils.notes.nsynth import NoteRecord, read_records
from utils.notes.store import NoteSet, NoteStore
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES

__all__ = ["Collection", "collect"]


@dataclass
class Collection:
    """Notes, each at its row.

    Attributes
    ----------
    names, instruments : list of str
        Names of the notes; names of the instruments, each once.
    family, pitch, velocity, source : array of uint8
    instrument : array of uint16 or more
        Row of the instrument in `instruments`.
    numbers : list of int
        NSynth's number of each instrument; -1 where the store doesn't know it.
    qualities : array of uint16
        Bit k is the flag of quality k.
    notes : NoteSet or None
        Where the pictures lie.
    folder : Path or None
        Where the sounds lie, as ``audio/<note_str>.wav``.
    heard : dict of int to Sound
        Rows of embedded sounds.
    """

    names: list[str]
    instruments: list[str]
    family: NDArray[np.uint8]
    pitch: NDArray[np.uint8]
    velocity: NDArray[np.uint8]
    source: NDArray[np.uint8]
    instrument: NDArray[np.uint32]
    numbers: list[int]
    qualities: NDArray[np.uint16]
    notes: NoteSet | None = None
    folder: Path | None = None
    heard: dict[int, Sound] = field(default_factory=dict)

    def wave(self, row: int) -> NDArray[np.float32] | None:
        """Return the sound of a note, or None where there is none.

        Parameters
        ----------
        row : int
        """
        if row in self.heard:
            return prepare_waveform(*read_sound(self.heard[row].path))
        if self.folder is None:
            return None
        path = self.folder / "audio" / f"{self.names[row]}.wav"
        return prepare_waveform(*read_sound(path)) if path.is_file() else None

    def mel(self, row: int) -> NDArray[np.uint8]:
        """Return the picture of a note as bytes, shape (64, 64).

        Parameters
        ----------
        row : int

        Raises
        ------
        ParameterError
            If there is neither a picture nor a sound.
        """
        if self.notes is not None:
            return np.asarray(self.notes.mels_uint8([row])[0])
        wave = self.wave(row)
        if wave is None:
            raise ParameterError(f"expected a sound of {self.names[row]}, got none")
        return quantize(log_mel_spectrogram(torch.from_numpy(wave)))[0, 0].numpy()

    def record(self, row: int) -> dict[str, Any]:
        """Return what is known of a note, under the keys of NSynth's ``examples.json``.

        Parameters
        ----------
        row : int
        """
        family, source = int(self.family[row]), int(self.source[row])
        which = int(self.instrument[row])
        flags = [int(self.qualities[row]) >> k & 1 for k in range(len(QUALITIES))]
        return {
            "note_str": self.names[row],
            "instrument_str": self.instruments[which],
            "instrument": self.numbers[which],
            "pitch": int(self.pitch[row]),
            "velocity": int(self.velocity[row]),
            "sample_rate": SAMPLE_RATE,
            "instrument_family": family,
            "instrument_family_str": FAMILIES[family],
            "instrument_source": source,
            "instrument_source_str": SOURCES[source],
            "qualities_str": [name for name, on in zip(QUALITIES, flags, strict=True) if on],
        }


def collect(
    notes: NoteStore | NoteSet | None = None, folder: str | PathLike[str] | None = None
) -> Collection:
    """Return notes to browse.

    Parameters
    ----------
    notes : NoteStore or NoteSet, optional
        Default: the embedded notes, or all records of the folder.
    folder : path, optional
        An unpacked folder of NSynth: ``examples.json`` and ``audio/``.

    Raises
    ------
    ParameterError
        If there is no note.
    """
    place = None if folder is None else Path(folder)
    if notes is None and place is not None:
        found = _of_records(list(_records(place)), place)
    else:
        chosen = load_notes() if notes is None else notes
        whole = chosen.notes() if isinstance(chosen, NoteStore) else chosen
        found = _of_set(whole, place)
    if not found.names:
        raise ParameterError("expected at least one note to browse, got none")
    return found


def _records(folder: Path) -> Sequence[NoteRecord]:
    return [NoteRecord.from_dict(name, record) for name, record in read_records(folder).items()]


def _of_records(records: list[NoteRecord], folder: Path) -> Collection:
    columns = {
        "family": [r.instrument_family for r in records],
        "pitch": [r.pitch for r in records],
        "velocity": [r.velocity for r in records],
        "source": [r.instrument_source for r in records],
        "instrument_str": [r.instrument_str for r in records],
        "instrument": [r.instrument for r in records],
    }
    bits = [sum(on << k for k, on in enumerate(r.qualities)) for r in records]
    made = _collection([r.note_str for r in records], columns, np.array(bits, np.uint16))
    made.folder = folder
    return made


def _of_set(notes: NoteSet, folder: Path | None) -> Collection:
    columns = notes.columns()
    names = [str(name) for name in columns["note_str"]]
    made = _collection(names, columns, np.zeros(len(notes), np.uint16))
    made.notes, made.folder = notes, folder
    known = {sound.note_str: sound for sound in sounds()}
    made.heard = {row: known[name] for row, name in enumerate(names) if name in known}
    return made


def _collection(
    names: list[str], columns: Mapping[str, Any], qualities: NDArray[np.uint16]
) -> Collection:
    instruments, first, which = np.unique(
        np.asarray(columns["instrument_str"]), return_index=True, return_inverse=True
    )
    numbers = columns.get("instrument")
    known = np.full(len(instruments), -1) if numbers is None else np.asarray(numbers)[first]

    def byte(key: str) -> NDArray[np.uint8]:
        return np.asarray(columns[key]).astype(np.uint8)

    return Collection(
        names=names,
        instruments=[str(name) for name in instruments],
        instrument=which.astype(np.uint32),
        numbers=[int(number) for number in known],
        qualities=qualities,
        family=byte("family"),
        pitch=byte("pitch"),
        velocity=byte("velocity"),
        source=byte("source"),
    )
