"""Make the embedded notes again: ``python -m utils.notes render [--out DIR] [--check]``.

Needs FluidSynth and the SoundFonts FluidR3_GM and sf_GMbank. The plan of the notes is
:mod:`utils.notes.note_plan`, the files are written by :mod:`utils.notes.embedded_pack`.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt
from tqdm.auto import tqdm

from utils.errors import ParameterError
from utils.notes.fluid import find_font, import_fluidsynth, play_note
from utils.notes.instruments import PARAMETRIC
from utils.notes.note_plan import FONTS, PlannedNote, plan_notes
from utils.notes.soundfont import SoundFont
from utils.notes.synthesizers import ParametricInstrument

__all__ = ["Rendered", "main", "note_waveform", "play_leveled_note", "render_notes"]

PEAK = 0.5
"""Of a note at velocity 127; softer ones go down to a quarter of it."""

_RUMBLE = butter(2, 16.0, "highpass", fs=16_000, output="sos")
_CHUNK = 24


@dataclass(frozen=True)
class Rendered:
    """Notes that were made.

    Attributes
    ----------
    notes : list of PlannedNote
    mels : ndarray of uint8, shape (n, 64, 64)
        Quantized log-mel spectrograms.
    waveforms : dict of str to ndarray of float32, shape (64000,)
        Of the notes that were asked for, by name.
    """

    notes: list[PlannedNote]
    mels: np.ndarray
    waveforms: dict[str, np.ndarray]


def play_leveled_note(font: Path, bank: int, program: int, pitch: int, velocity: int) -> np.ndarray:
    """Return a note of a SoundFont as the data set has it: float32 of shape (64000,), 16 kHz.

    Parameters
    ----------
    font : Path
        A SoundFont file.
    bank, program : int
        As in the SoundFont, from 0.
    pitch, velocity : int
        MIDI.

    Returns
    -------
    ndarray
        3 s held, 1 s released; without DC; the peak depends on the velocity alone.
    """
    return _leveled(play_note(font, bank, program, pitch, velocity), velocity)


def note_waveform(note: PlannedNote, *, font_folder: Path | None = None) -> np.ndarray:
    """Return a planned note as float32 of shape (64000,), 16 kHz."""
    instrument = note.instrument
    if instrument.origin == PARAMETRIC:
        synthesizer = ParametricInstrument(instrument.family, instrument.address[1])
        return _leveled(synthesizer.render(note.pitch, note.velocity), note.velocity)
    font = find_font(instrument.origin, folder=font_folder)
    return play_leveled_note(font, *instrument.address, note.pitch, note.velocity)


def render_notes(
    notes: Sequence[PlannedNote],
    *,
    keep: frozenset[str] = frozenset(),
    font_folder: Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Rendered:
    """Make notes and their spectrograms, in several processes.

    Parameters
    ----------
    notes : sequence of PlannedNote
    keep : frozenset of str
        Names of the notes whose waveforms are wanted, too.
    font_folder : Path, optional
        Where the SoundFonts lie; default: the usual places.
    workers : int, optional
        Processes; default: one a processor, at most 8. 0 works in this one.
    progress : bool
        Show a progress bar.
    """
    if any(note.instrument.origin != PARAMETRIC for note in notes):
        import_fluidsynth()  # better one clear error here than one from each worker
    workers = min(cpu_count() or 1, 8) if workers is None else workers
    chunks = [list(notes[i : i + _CHUNK]) for i in range(0, len(notes), _CHUNK)]
    mels: list[np.ndarray] = []
    waveforms: dict[str, np.ndarray] = {}
    with tqdm(total=len(notes), desc="Rendering", unit="note", disable=not progress) as bar:
        for part, kept in _rendered_chunks([(c, keep, font_folder) for c in chunks], workers):
            mels.append(part)
            waveforms |= kept
            bar.update(len(part))
    return Rendered(list(notes), np.concatenate(mels), waveforms)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m utils.notes render``; return the exit code (1: the rebuild differs).

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``render``; default: none.
    """
    options = _parser().parse_args(list(argv or []))
    if options.workers is not None and options.workers < 0:
        raise ParameterError(f"--workers: expected 0 or more, got {options.workers}")
    if options.out is None and not options.check:
        raise ParameterError(
            "expected --out DIR to write the rebuild, --check to compare it, or both"
        )
    with tempfile.TemporaryDirectory() as scratch:
        return _rebuild(options, options.out or Path(scratch) / "notes")


def _rebuild(options: argparse.Namespace, out: Path) -> int:
    from utils.notes.embedded import DATA
    from utils.notes.embedded_pack import choose_sounds, pack
    from utils.notes.rebuild_check import compare

    paths = [find_font(name, folder=options.fonts) for name in FONTS]
    print("Planning the notes from", " and ".join(str(path) for path in paths))
    notes = plan_notes([SoundFont(path) for path in paths])
    chosen = choose_sounds(notes)
    rendered = render_notes(
        notes, keep=frozenset(chosen), font_folder=options.fonts, workers=options.workers
    )
    pack(rendered, chosen, out, fonts=paths)
    if options.out is not None:
        print(f"Written: {out}")
    if not options.check:
        return 0
    report = compare(out, DATA)
    print(report.text)
    return 0 if report.same else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m utils.notes render",
        description="Rebuild the notes that come with the course from SoundFonts (FluidSynth) "
        "and parametric synthesizers. Takes some minutes.",
    )
    parser.add_argument("--out", type=Path, help="folder for the rebuild")
    parser.add_argument("--check", action="store_true", help="compare the rebuild with what ships")
    parser.add_argument("--fonts", type=Path, help="folder with the .sf2 files")
    parser.add_argument("--workers", type=int, help="processes (default: one a processor)")
    return parser


def _leveled(wave: np.ndarray, velocity: int) -> np.ndarray:
    """Return the wave without rumble and DC, its peak set by the velocity."""
    wave = sosfilt(_RUMBLE, wave.astype(np.float64))
    peak = float(np.abs(wave).max())
    return (wave * (PEAK * (velocity / 127) ** 0.8 / max(peak, 1e-9))).astype(np.float32)


_Job = tuple[list[PlannedNote], frozenset[str], Path | None]
_Result = tuple[np.ndarray, dict[str, np.ndarray]]


def _rendered_chunks(jobs: list[_Job], workers: int) -> Iterator[_Result]:
    if workers == 0:
        yield from map(_render_chunk, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(_render_chunk, jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _render_chunk(job: _Job) -> _Result:
    """Return the spectrograms of some notes, and the waveforms that are to be kept."""
    import torch

    from utils.notes.mel import log_mel_spectrogram, quantize

    torch.set_num_threads(1)  # the other processors have chunks of their own
    notes, keep, folder = job
    waves = np.stack([note_waveform(note, font_folder=folder) for note in notes])
    mels = quantize(log_mel_spectrogram(torch.from_numpy(waves)))[:, 0].numpy()
    kept = {n.note_str: w for n, w in zip(notes, waves, strict=True) if n.note_str in keep}
    return mels, kept
