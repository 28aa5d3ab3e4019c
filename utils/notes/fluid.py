"""Play single notes of a SoundFont with FluidSynth, without its reverb, chorus and dither."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import CourseError
from utils.notes.audio import prepare_waveform

__all__ = ["FONT_FOLDERS", "RenderError", "find_font", "import_fluidsynth", "play_note"]

FONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/sounds/sf2",
    "/opt/homebrew/share/sounds/sf2",
)
"""Where the SoundFonts are looked for."""

PACKAGES = "libfluidsynth3 fluid-soundfont-gm csound-soundfont"
_INSTALL = f"On Debian and Ubuntu: apt install {PACKAGES}"
_RATE = 48_000  # at 16 kHz FluidSynth's own interpolation would alias
_GAIN = 0.5


class RenderError(CourseError, RuntimeError):
    """FluidSynth or a SoundFont is missing or can't be used."""


def import_fluidsynth() -> Any:
    """Return the module ``fluidsynth``, or raise an error that says what to install."""
    try:
        import fluidsynth
    except ImportError as error:
        msg = (
            f"FluidSynth is needed to render notes ({error}). {_INSTALL}; "
            "and for Python: pip install pyfluidsynth"
        )
        raise RenderError(msg) from error
    return fluidsynth


def find_font(name: str, *, folder: str | Path | None = None) -> Path:
    """Return the path of a SoundFont.

    Parameters
    ----------
    name : str
        The file's name without ``.sf2``.
    folder : str or Path, optional
        Where it lies; default: the usual places.

    Raises
    ------
    RenderError
        If it is not there; says what to install.
    """
    folders = (str(folder),) if folder is not None else FONT_FOLDERS
    for place in folders:
        path = Path(place) / f"{name}.sf2"
        if path.is_file():
            return path
    raise RenderError(f"expected {name}.sf2 in {', '.join(folders)}, found none. {_INSTALL}")


def play_note(font: Path, bank: int, program: int, pitch: int, velocity: int) -> np.ndarray:
    """Return a note, 3 s held and 1 s released: float32 of shape (64000,) at 16 kHz.

    A new synthesizer plays it: what an old one played before would change the result.
    """
    fluidsynth = import_fluidsynth()
    settings = {
        "synth.reverb.active": 0,
        "synth.chorus.active": 0,
        "synth.dynamic-sample-loading": 1,
        "synth.cpu-cores": 1,
    }
    synth = fluidsynth.Synth(gain=_GAIN, samplerate=float(_RATE), channels=16, **settings)
    try:
        number = synth.sfload(str(font))
        if number < 0:
            raise RenderError(f"FluidSynth can't load {font}")
        if synth.program_select(0, number, bank, program) != 0:
            raise RenderError(f"{font.name} has no preset at bank {bank}, program {program}")
        synth.noteon(0, pitch, velocity)
        held = _samples(fluidsynth, synth, 3 * _RATE)
        synth.noteoff(0, pitch)
        released = _samples(fluidsynth, synth, _RATE)
    finally:
        synth.delete()
    return prepare_waveform(np.concatenate([held, released]), _RATE)


def _samples(fluidsynth: Any, synth: Any, n: int) -> np.ndarray:
    """Return the next samples, shape (n, 2), as floats: pyfluidsynth only gives dithered 16 bit."""
    write = fluidsynth.cfunc(
        "fluid_synth_write_float",
        ctypes.c_int,
        ("synth", ctypes.c_void_p, 1),
        ("len", ctypes.c_int, 1),
        ("lout", ctypes.c_void_p, 1),
        ("loff", ctypes.c_int, 1),
        ("lincr", ctypes.c_int, 1),
        ("rout", ctypes.c_void_p, 1),
        ("roff", ctypes.c_int, 1),
        ("rincr", ctypes.c_int, 1),
    )
    buffer = np.zeros((n, 2), np.float32)
    write(synth.synth, n, buffer.ctypes.data, 0, 2, buffer.ctypes.data, 1, 2)
    return buffer
