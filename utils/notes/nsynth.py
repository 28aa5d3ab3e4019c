"""NSynth's format: ``examples.json`` (one record a note) and ``audio/<note_str>.wav``.

Reads an unpacked folder, or the official ``.tar.gz`` as a stream: nothing is unpacked
to disk and one note at a time is in memory, beside the records (0.8 GB while those of the
289 205 training notes are read, half of it afterwards).

References
----------
Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", ICML 2017.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from utils.errors import AudioError, DownloadError, ParameterError, RecordError
from utils.notes.audio import read_sound
from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE
from utils.notes.nsynth_archive import iter_archive, parse_records
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES

__all__ = ["Note", "NoteRecord", "iter_notes", "read_records"]

# A note's name becomes a file name: no path, no hidden file, no control character.
SAFE_NAME = re.compile(r"(?!\.)[^/\\\x00-\x1f\x7f:*?\"<>|]{1,200}")
LIMITS = {"note": 2**53, "instrument": 2**53, "pitch": 128, "velocity": 128}
LIMITS |= {"sample_rate": 1_000_001, "instrument_family": len(FAMILIES)}
LIMITS |= {"instrument_source": len(SOURCES)}


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """What is known of a note; the attributes are NSynth's keys, verbatim.

    Attributes
    ----------
    note : int
        Number of the note.
    note_str : str
        Its name, in NSynth ``<instrument_str>-<pitch>-<velocity>``.
    instrument, instrument_str : int, str
        Number and name of the instrument.
    pitch, velocity : int
        MIDI, 0 to 127.
    sample_rate : int
        In Hz.
    qualities : tuple of int
        Flags, in the order of :data:`utils.notes.vocabulary.QUALITIES`.
    qualities_str : tuple of str
        Names of the flags that are set.
    instrument_family, instrument_family_str : int, str
        See :data:`utils.notes.vocabulary.FAMILIES`.
    instrument_source, instrument_source_str : int, str
        See :data:`utils.notes.vocabulary.SOURCES`.
    """

    note: int
    note_str: str
    instrument: int
    instrument_str: str
    pitch: int
    velocity: int
    sample_rate: int
    qualities: tuple[int, ...]
    qualities_str: tuple[str, ...]
    instrument_family: int
    instrument_family_str: str
    instrument_source: int
    instrument_source_str: str

    @classmethod
    def from_dict(cls, note_str: str, record: Mapping[str, Any]) -> Self:
        """Return the record of a note from ``examples.json``; further keys are left out.

        Raises
        ------
        RecordError
            A key is missing, has a wrong type or value, or contradicts another; the
            message names the note.
        """
        try:
            _check_record(note_str, record)
        except RecordError as error:
            raise RecordError(f"note {note_str!r}: {error}") from None
        values = {field.name: record[field.name] for field in fields(cls)}
        values["qualities"] = tuple(values["qualities"])
        values["qualities_str"] = tuple(values["qualities_str"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as ``examples.json`` has it."""
        values = asdict(self)
        values["qualities"] = list(self.qualities)
        values["qualities_str"] = list(self.qualities_str)
        return values


class Note(NamedTuple):
    """A note: its record and its samples (float32 of shape (64000,), 16 kHz)."""

    record: NoteRecord
    waveform: NDArray[np.float32]


def iter_notes(
    path: str | PathLike[str],
    *,
    on_error: Literal["raise", "skip"] = "raise",
    skipped: list[tuple[str, str]] | None = None,
) -> Iterator[Note]:
    """Yield the notes of a data set in NSynth's format.

    Sounds without a record are left out, so a shortened ``examples.json`` chooses notes.

    An archive is read once, from front to back, if ``examples.json`` stands in it before
    the first sound. If not, a first pass decompresses up to where it stands and stops there,
    and a second one reads the sounds. (gzip can't be entered in the middle.)

    Parameters
    ----------
    path : path
        An unpacked folder with ``examples.json`` and ``audio/``, or an official archive
        (``.tar.gz``; an uncompressed ``.tar`` will do).
    on_error : {"raise", "skip"}
        What to do with a note whose record or sound is broken or missing.
    skipped : list, optional
        Gets ``(note_str, reason)`` of each note that was skipped.

    Yields
    ------
    Note
        In the order of ``examples.json`` (folder) or of the sounds (archive).

    Raises
    ------
    RecordError
        A note is broken and ``on_error`` is "raise"; the message names it.
    DownloadError
        ``path`` is no such data set, or the archive is truncated or damaged: always an
        error, whatever ``on_error`` says.
    """
    if on_error not in ("raise", "skip"):
        raise ParameterError(f"on_error: expected 'raise' or 'skip', got {on_error!r}")
    log = skipped if skipped is not None else []
    sounds = _folder_sounds if Path(path).is_dir() else _archive_sounds
    return _notes(sounds(Path(path)), on_error=on_error, skipped=log)


def read_records(path: str | PathLike[str]) -> dict[str, dict[str, Any]]:
    """Return ``examples.json`` of a folder or archive as it stands, by note_str.

    Raises
    ------
    DownloadError
        ``path`` is no such data set.
    """
    path = Path(path)
    if not path.is_dir():
        for member in iter_archive(path, sounds=False):
            if not member.note_str:
                return parse_records(member.data, path)
        raise DownloadError(f"{path.name}: expected an examples.json in it, got none")
    examples = path / "examples.json"
    if not examples.is_file():
        raise DownloadError(
            f"{path}: expected a folder with examples.json and audio/, or an NSynth .tar.gz"
        )
    return parse_records(examples.read_bytes(), path)


Sound = tuple[str, Any, Path | BytesIO | None]
"""note_str, record as read, and its sound (None: there is none)."""


def _folder_sounds(path: Path) -> Iterator[Sound]:
    """Yield every record of a folder with the file of its sound."""
    for note_str, record in read_records(path).items():
        file = path / "audio" / f"{note_str}.wav"
        # An unsafe name must not even be looked for; its record is refused later.
        found = SAFE_NAME.fullmatch(note_str) and file.is_file()
        yield note_str, record, file if found else None


def _archive_sounds(path: Path) -> Iterator[Sound]:
    """Yield every record of an archive with its sound, those without a sound last."""
    records: dict[str, Any] | None = None
    for note_str, data in iter_archive(path):
        if records is None:
            # Sounds come first: look ahead for the records with a reader of their own.
            records = read_records(path) if note_str else parse_records(data, path)
        if note_str in records:
            yield note_str, records.pop(note_str), BytesIO(data)
    if records is None:
        raise DownloadError(f"{path.name}: expected an examples.json in it, got none")
    for note_str, record in records.items():
        yield note_str, record, None


def _notes(
    sounds: Iterator[Sound], *, on_error: str, skipped: list[tuple[str, str]]
) -> Iterator[Note]:
    """Yield checked notes; raise or log the others."""
    for note_str, raw, sound in sounds:
        try:
            record = NoteRecord.from_dict(note_str, raw)
            note = Note(record, _read_note(record, sound))
        except RecordError as error:
            if on_error == "raise":
                raise
            skipped.append((note_str, str(error)))
            continue
        yield note


def _read_note(record: NoteRecord, sound: Path | BytesIO | None) -> NDArray[np.float32]:
    """Return the samples of a note, or raise RecordError."""
    where = f"note {record.note_str!r}"
    if sound is None:
        raise RecordError(f"{where}: its sound audio/{record.note_str}.wav is missing")
    try:
        waveform, sample_rate = read_sound(sound)
    except AudioError as error:
        raise RecordError(f"{where}: {error}") from error
    if not sample_rate == record.sample_rate == SAMPLE_RATE:
        raise RecordError(
            f"{where}: expected {SAMPLE_RATE} Hz, got {sample_rate} Hz in the sound and "
            f"{record.sample_rate} Hz in the record"
        )
    if waveform.shape != (N_SAMPLES,):
        raise RecordError(
            f"{where}: expected {N_SAMPLES} samples, mono, got shape={waveform.shape} (truncated?)"
        )
    if not np.isfinite(waveform).all():
        raise RecordError(f"{where}: its sound holds NaN or infinite samples")
    return waveform


def _check_record(note_str: str, record: Any) -> None:
    """Raise RecordError unless the record is complete and agrees with itself."""
    if not isinstance(record, Mapping):
        raise RecordError(f"expected a record with keys, got {type(record).__name__}")
    missing = [field.name for field in fields(NoteRecord) if field.name not in record]
    if missing:
        raise RecordError(f"missing {', '.join(missing)}")
    for key, limit in LIMITS.items():
        value = record[key]
        if type(value) is not int or not 0 <= value < limit:
            raise RecordError(
                f"{key}: expected a whole number from 0 to {limit - 1}, got {value!r}"
            )
    for key in ("note_str", "instrument_str"):
        if not isinstance(record[key], str) or not SAFE_NAME.fullmatch(record[key]):
            raise RecordError(f"{key}: expected a name that can be a file's, got {record[key]!r}")
    if record["note_str"] != note_str:
        raise RecordError(f"note_str: expected {note_str!r}, got {record['note_str']!r}")
    _check_name(record, "instrument_family", FAMILIES)
    _check_name(record, "instrument_source", SOURCES)
    _check_qualities(record["qualities"], record["qualities_str"])


def _check_name(record: Mapping[str, Any], key: str, names: tuple[str, ...]) -> None:
    expected, got = names[record[key]], record[f"{key}_str"]
    if got != expected:
        raise RecordError(f"{key}_str: expected {expected!r} for {record[key]}, got {got!r}")


def _check_qualities(flags: Any, names: Any) -> None:
    fine = isinstance(flags, list | tuple) and len(flags) == len(QUALITIES)
    if not fine or any(type(flag) is not int or flag not in (0, 1) for flag in flags):
        raise RecordError(f"qualities: expected {len(QUALITIES)} flags of 0 or 1, got {flags!r}")
    expected = [name for name, flag in zip(QUALITIES, flags, strict=True) if flag]
    if not isinstance(names, list | tuple) or list(names) != expected:
        raise RecordError(f"qualities_str: expected {expected}, got {names!r}")
