"""Where the notes of a hidden split can come from.

==================  ==========================================================
``demo``            the public demo pool of the embedded notes
``nsynth:PATH``     NSynth's test split: the .tar.gz, its folder, or a store
``folder:PATH``     own recordings: NSynth's record format, or
                    ``PATH/<family>/<instrument>/*.wav`` (FLAC, OGG, MP3, …)
``soundfont:PATH…`` SoundFonts, played by FluidSynth as the embedded notes are
==================  ==========================================================

Each ends in a :class:`~utils.notes.store.NoteStore`; :mod:`grader.hidden_split` does
the rest. A store is built in a work folder, and a build that was interrupted goes on.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from utils.errors import ParameterError
from utils.notes.embedded import load_notes
from utils.notes.nsynth import Note, NoteRecord, iter_notes
from utils.notes.store import NoteSet, NoteStore, build_store
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES, VELOCITIES

__all__ = ["SourceNotes", "open_source"]

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
PRESET_NOTES = 20
"""Notes that are played of each preset of a SoundFont."""


@dataclass(frozen=True)
class SourceNotes:
    """Notes for a hidden split.

    Attributes
    ----------
    notes : NoteSet
    public : bool
        Anyone can get these notes with their labels.
    text : str
        Where they come from, for the manifest: no path of this machine.
    skipped : tuple of (str, str)
        Notes that could not be read, and why.
    """

    notes: NoteSet
    public: bool
    text: str
    skipped: tuple[tuple[str, str], ...] = ()


def open_source(spec: Sequence[str], *, work: Path, progress: bool = True) -> SourceNotes:
    """Return the notes that a ``--from`` option names.

    Parameters
    ----------
    spec : sequence of str
        ``demo``, ``nsynth:PATH``, ``folder:PATH`` or ``soundfont:PATH`` with more paths.
    work : Path
        A folder for the store that has to be built first; the caller removes it.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ParameterError
        Another word, a missing path or a folder without sounds.
    """
    kind, _, first = spec[0].partition(":")
    paths = [Path(path).expanduser() for path in (first, *spec[1:]) if path]
    if kind == "demo" and not paths:
        return SourceNotes(load_notes().split("demo_pool"), True, "the demo pool of the course")
    makers: dict[str, Callable[[list[Path], Path, bool], SourceNotes]] = {
        "nsynth": _from_nsynth,
        "folder": _from_folder,
        "soundfont": _from_soundfonts,
    }
    if kind not in makers or not paths or (len(paths) > 1 and kind != "soundfont"):
        raise ParameterError(
            "expected demo, nsynth:PATH, folder:PATH or soundfont:PATH [PATH …], "
            f"got {' '.join(spec)}"
        )
    for path in paths:
        if not path.exists():
            raise ParameterError(f"expected a file or folder at {path}, there is none")
    return makers[kind](paths, work, progress)


def _from_nsynth(paths: list[Path], work: Path, progress: bool) -> SourceNotes:
    """Return NSynth's notes, from an archive, a folder or a store that is built already."""
    path = paths[0]
    if (path / "mels.npy").is_file():
        store = NoteStore.open(path, verify=True)
        if store.kind != "nsynth":
            raise ParameterError(f"expected a store of NSynth at {path}, got kind {store.kind!r}")
        return SourceNotes(store.notes(), True, f"NSynth, {store.manifest['name']}")
    skipped: list[tuple[str, str]] = []
    store = build_store(
        iter_notes(path, on_error="skip", skipped=skipped),
        work / "nsynth",
        name=path.name,
        kind="nsynth",
        licence="CC BY 4.0",
        provenance="NSynth (Engel et al. 2017)",
        progress=progress,
        overwrite=True,
    )
    return SourceNotes(store.notes(), True, f"NSynth, {path.name}", tuple(skipped))


def _from_folder(paths: list[Path], work: Path, progress: bool) -> SourceNotes:
    """Return private recordings, in NSynth's format or sorted into folders."""
    path = paths[0]
    skipped: list[tuple[str, str]] = []
    if (path / "examples.json").is_file():
        notes: Iterator[Note] = iter_notes(path, on_error="skip", skipped=skipped)
        total = None
    else:
        files = _sorted_files(path)
        notes, total = _folder_notes(files, skipped), len(files)
    store = build_store(
        notes,
        work / "folder",
        total=total,
        name="private notes",
        kind="private",
        licence="private",
        provenance="recordings of the instructor",
        progress=progress,
        overwrite=True,
    )
    return SourceNotes(store.notes(), False, "private recordings", tuple(skipped))


def _sorted_files(path: Path) -> list[Path]:
    """Return the sounds of ``path/<family>/<instrument>/``, or raise ParameterError."""
    files = sorted(
        file
        for file in path.glob("*/*/*")
        if file.suffix.lower() in SOUND_SUFFIXES and not file.name.startswith(".")
    )
    unknown = sorted({file.parent.parent.name for file in files} - set(FAMILIES))
    if unknown:
        raise ParameterError(
            f"expected folders named {', '.join(FAMILIES)}, got {', '.join(unknown)}"
        )
    if not files:
        raise ParameterError(
            f"expected examples.json or <family>/<instrument>/*.wav in {path}, got neither"
        )
    return files


def _folder_notes(files: list[Path], skipped: list[tuple[str, str]]) -> Iterator[Note]:
    """Yield a note for each file; pitch and velocity are unknown and stand as 0."""
    from utils.errors import AudioError
    from utils.notes.audio import prepare_waveform, read_sound

    instruments = sorted({file.parent for file in files})
    for number, file in enumerate(files):
        instrument = instruments.index(file.parent)
        family = file.parent.parent.name
        try:
            waveform = prepare_waveform(*read_sound(file))
        except AudioError as error:
            skipped.append((f"{family}/{file.parent.name}/{file.name}", str(error)))
            continue
        record = _record(
            number,
            family=family,
            instrument=instrument,
            instrument_str=f"{family}_acoustic_private{instrument:03d}",
            source="acoustic",
            pitch=0,
            velocity=0,
        )
        # Several files of an instrument may have one pitch: the number keeps the names apart.
        yield Note(replace(record, note_str=f"{record.note_str}-{number:05d}"), waveform)


def _from_soundfonts(paths: list[Path], work: Path, progress: bool) -> SourceNotes:
    """Return notes of the General MIDI presets of SoundFonts; groups share no recording."""
    plan, groups, hashes = _plan_presets(paths)
    fonts = ", ".join(path.name for path in paths)
    store = build_store(
        plan,
        work / "soundfont",
        total=len(plan),
        name=fonts,
        kind="general-midi",
        licence="that of the SoundFonts",
        provenance=f"rendered from {fonts}",
        group_of=lambda record: groups[record.instrument_str],
        sample_hash_of=lambda note: hashes[note.record.instrument_str],
        progress=progress,
        overwrite=True,
    )
    return SourceNotes(store.notes(), False, f"SoundFonts: {fonts}")


class _Presets:
    """Renders the planned notes one by one; has a length for the progress bar."""

    def __init__(self, planned: list[tuple[NoteRecord, Path, int, int]]) -> None:
        self.planned = planned

    def __len__(self) -> int:
        return len(self.planned)

    def __iter__(self) -> Iterator[Note]:
        from utils.notes.render import play_leveled_note

        for record, font, bank, program in self.planned:
            yield Note(
                record, play_leveled_note(font, bank, program, record.pitch, record.velocity)
            )


def _plan_presets(paths: list[Path]) -> tuple[_Presets, dict[str, str], dict[str, str]]:
    """Return the notes to play, and group and sample hashes of each instrument."""
    from utils.notes.general_midi import label_of
    from utils.notes.soundfont import SoundFont, sample_groups

    planned: list[tuple[NoteRecord, Path, int, int]] = []
    names: list[str] = []
    samples: list[frozenset[str]] = []
    for font in (SoundFont(path) for path in paths):
        for preset in font.presets:
            label = label_of(font.path.stem, preset.bank, preset.program)
            if label is None:
                continue
            tag = f"{font.path.stem}/{preset.bank}/{preset.program}"
            name = f"{label.family}_{label.source}_9{len(names):03d}"
            names.append(name)
            samples.append(font.preset_hashes(preset))
            rng = np.random.default_rng(list(hashlib.sha256(tag.encode()).digest()))
            for pitch, velocity in _choose_keys(preset, rng):
                record = _record(
                    len(planned),
                    family=label.family,
                    instrument=9000 + len(names),
                    instrument_str=name,
                    source=label.source,
                    pitch=pitch,
                    velocity=velocity,
                )
                planned.append((record, font.path, preset.bank, preset.program))
    roots = sample_groups(samples)
    groups = {name: f"soundfont {names[root]}" for name, root in zip(names, roots, strict=True)}
    hashes = {name: " ".join(sorted(s)) for name, s in zip(names, samples, strict=True)}
    return _Presets(planned), groups, hashes


def _choose_keys(preset, rng: np.random.Generator) -> list[tuple[int, int]]:  # type: ignore[no-untyped-def]
    """Return pitches and velocities at which a preset sounds, an octave around its recordings."""
    playable = [
        (pitch, velocity)
        for pitch in range(24, 97)
        for velocity in VELOCITIES
        if any(zone.sounds_at(pitch, velocity) for zone in preset.zones)
        and abs(preset.stretch(pitch, velocity)) <= 12
    ]
    order = rng.permutation(len(playable))[:PRESET_NOTES]
    return [playable[k] for k in order]


def _record(
    number: int,
    *,
    family: str,
    instrument: int,
    instrument_str: str,
    source: str,
    pitch: int,
    velocity: int,
) -> NoteRecord:
    """Return a record in NSynth's format."""
    return NoteRecord(
        note=number,
        note_str=f"{instrument_str}-{pitch:03d}-{velocity:03d}",
        instrument=instrument,
        instrument_str=instrument_str,
        pitch=pitch,
        velocity=velocity,
        sample_rate=16_000,
        qualities=(0,) * len(QUALITIES),
        qualities_str=(),
        instrument_family=FAMILIES.index(family),
        instrument_family_str=family,
        instrument_source=SOURCES.index(source),
        instrument_source_str=source,
    )
