"""Notes, folders and archives for the tests: made by formula, the same everywhere."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from utils.notes.nsynth import Note, NoteRecord
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES

SAMPLE_RATE = 16_000
N_SAMPLES = 64_000


def tone(*, pitch: int = 60, brightness: float = 0.6, decay: float = 1.0) -> NDArray[np.float32]:
    """Return a decaying harmonic tone of 4 s, rounded to 16 bit."""
    time = np.arange(N_SAMPLES) / SAMPLE_RATE
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    partials = [k for k in range(1, 9) if k * frequency < 7900]
    wave = sum(brightness**k * np.sin(2 * np.pi * k * frequency * time) for k in partials)
    return to_16_bit(0.3 * np.exp(-decay * time) * wave)


def to_16_bit(waveform: NDArray) -> NDArray[np.float32]:
    """Return the nearest waveform that a 16-bit WAV file can hold."""
    return (np.clip(np.rint(waveform * 32768), -32768, 32767) / 32768).astype(np.float32)


def make_record(number: int = 0, **changes: object) -> dict[str, object]:
    """Return a record of NSynth; numbers give different notes, three an instrument."""
    family = number // 3 % len(FAMILIES)
    source = number // 3 % len(SOURCES)
    instrument_str = f"{FAMILIES[family]}_{SOURCES[source]}_{number // 3:03d}"
    pitch, velocity = 40 + number % 48, (25, 50, 75, 100, 127)[number % 5]
    flags = [int(number % 7 == i) for i in range(len(QUALITIES))]
    record: dict[str, object] = {
        "note": number,
        "note_str": f"{instrument_str}-{pitch:03d}-{velocity:03d}",
        "instrument": number // 3,
        "instrument_str": instrument_str,
        "pitch": pitch,
        "velocity": velocity,
        "sample_rate": SAMPLE_RATE,
        "qualities": flags,
        "qualities_str": [QUALITIES[i] for i, flag in enumerate(flags) if flag],
        "instrument_family": family,
        "instrument_family_str": FAMILIES[family],
        "instrument_source": source,
        "instrument_source_str": SOURCES[source],
    }
    return record | changes


def make_note(number: int = 0) -> Note:
    """Return a note with its record."""
    raw = make_record(number)
    waveform = tone(pitch=40 + number % 48, brightness=0.4 + number % 11 * 0.05)
    return Note(NoteRecord.from_dict(str(raw["note_str"]), raw), waveform)


def make_notes(n: int) -> Iterator[Note]:
    """Yield n notes."""
    return (make_note(number) for number in range(n))


def quick_notes(n: int) -> Iterator[Note]:
    """Yield n different notes without computing a tone for each."""
    base = tone()
    for number in range(n):
        raw = make_record(number)
        record = NoteRecord.from_dict(str(raw["note_str"]), raw)
        yield Note(record, to_16_bit(np.roll(base, 97 * number) * 0.8 ** (number % 5)))


def wav_bytes(waveform: NDArray, sample_rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> bytes:
    """Return the content of a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, waveform, sample_rate, format="WAV", subtype=subtype)
    return file.getvalue()


def data_set_files(notes: Iterable[Note]) -> dict[str, bytes]:
    """Return the files of an NSynth data set by their path in it."""
    files, records = {}, {}
    for record, waveform in notes:
        records[record.note_str] = record.to_dict()
        files[f"audio/{record.note_str}.wav"] = wav_bytes(waveform)
    return {"examples.json": json.dumps(records).encode()} | files


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files of a data set as an unpacked folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_archive(
    path: Path, files: dict[str, bytes], *, records_last: bool = False, mode: str = "w:gz"
) -> Path:
    """Write the files of a data set as NSynth's archives hold them."""
    names = sorted(files, key=lambda name: (name == "examples.json") == records_last)
    with tarfile.open(path, mode) as tar:
        for folder in ("nsynth-test", "nsynth-test/audio"):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        for name in names:
            info = tarfile.TarInfo(f"nsynth-test/{name}")
            info.size = len(files[name])
            tar.addfile(info, io.BytesIO(files[name]))
    return path
