"""From any sound to 64 000 samples at 16 kHz.

Conventions: a waveform is a float32 array of shape ``(samples,)``, full scale is
1.0. Several channels come as ``(samples, channels)``, the layout that soundfile
returns and that is the transpose of torchaudio's.
"""

import hashlib
from math import gcd
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import AudioError, ParameterError
from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE

__all__ = ["pcm_sha256", "prepare_waveform", "read_sound"]

MAX_CHANNELS = 32
MAX_LEVEL = 2.0**31  # full scale of the widest PCM format, had it not been scaled to 1
MAX_SAMPLE_RATE = 1_000_000
FILTER_HALF_WIDTH = 64  # zero crossings of the resampling filter on each side


def read_sound(file: str | PathLike[str] | BinaryIO) -> tuple[NDArray[np.float32], int]:
    """Return the waveform of a sound file and its sample rate.

    Parameters
    ----------
    file : path or binary file
        Any format that libsndfile reads: WAV (16, 24, 32 bit, float), FLAC, OGG, MP3, …

    Returns
    -------
    waveform : ndarray of float32, shape (samples,) or (samples, channels)
        Integer formats are scaled to [-1, 1).
    sample_rate : int
        In Hz.

    Raises
    ------
    AudioError
        The file is missing or no sound file.
    """
    import soundfile

    name = Path(file).name if isinstance(file, str | PathLike) else "the file"
    if isinstance(file, str | PathLike) and not Path(file).is_file():
        raise AudioError(f"expected a sound file, got {name}, which does not exist")
    try:
        waveform, sample_rate = soundfile.read(file, dtype="float32")
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"expected a sound file, got {name}: {error}") from error
    return waveform, int(sample_rate)


def prepare_waveform(
    audio: ArrayLike,
    sample_rate: float,
    *,
    to_rate: int = SAMPLE_RATE,
    n_samples: int | None = N_SAMPLES,
) -> NDArray[np.float32]:
    """Return a sound as a note: mono, resampled, and cut or zero-padded at the end.

    Parameters
    ----------
    audio : array_like, shape (samples,) or (samples, channels)
        Floating point samples are taken as they are. Integer samples (int8, int16, int32,
        uint8) are scaled by the full scale of their type to [-1, 1). Channels are averaged.
    sample_rate : int
        Of ``audio``, in Hz.
    to_rate : int
        Of the result, in Hz.
    n_samples : int or None
        Length of the result; None keeps the whole sound.

    Returns
    -------
    waveform : ndarray of float32, shape (n_samples,)
        Silence stays silence; the level isn't changed.

    Raises
    ------
    AudioError
        ``audio`` is empty, holds NaN or infinity, or has another shape or type.
    ParameterError
        A rate or ``n_samples`` is no positive whole number.
    """
    rate = _whole_number("sample_rate", sample_rate, MAX_SAMPLE_RATE)
    to_rate = _whole_number("to_rate", to_rate, MAX_SAMPLE_RATE)
    if n_samples is not None:
        n_samples = _whole_number("n_samples", n_samples, 2**40)
    samples = _as_samples(audio)
    if n_samples is not None:
        # What lies behind the end, beyond the reach of the filter, can't be heard in the result.
        reach = FILTER_HALF_WIDTH * max(1, -(-rate // to_rate)) + 1
        samples = samples[: -(-n_samples * rate // to_rate) + reach]
    mono = _to_mono(samples)
    waveform = _resample(mono, rate, to_rate).astype(np.float32)
    if n_samples is None:
        return waveform
    result = np.zeros(n_samples, np.float32)
    result[: len(waveform)] = waveform[:n_samples]
    return result


def pcm_sha256(waveform: NDArray[np.float32]) -> str:
    """Return the SHA-256 of a waveform as 16-bit PCM (little endian), as hexadecimal digits.

    Two sounds with one hash are the same recording, so they must stand on the same side
    of a split. For a note of NSynth this is the hash of the samples in its WAV file.
    """
    pcm = np.rint(np.asarray(waveform, np.float32) * np.float32(32768))
    np.clip(pcm, -32768, 32767, out=pcm)
    return hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()


def _whole_number(name: str, value: float, maximum: int) -> int:
    """Return ``value`` as an int, or say what was expected."""
    try:
        whole = int(value)
        fits = not isinstance(value, bool) and whole == value and 1 <= whole <= maximum
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise ParameterError(f"{name}: expected a whole number from 1 to {maximum}, got {value!r}")
    return whole


def _as_samples(audio: ArrayLike) -> NDArray:
    """Return ``audio`` as an array of shape (samples,) or (samples, channels)."""
    try:
        samples = np.asarray(audio)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors on a GPU
        raise AudioError(f"expected an array of samples: {error}") from error
    known = samples.dtype.kind == "f" or samples.dtype in (np.int8, np.int16, np.int32, np.uint8)
    if not known:
        raise AudioError(
            "expected samples as floating point, int8, int16, int32 or uint8 (other types have "
            f"no known full scale), got dtype={samples.dtype}"
        )
    if samples.ndim not in (1, 2):
        raise AudioError(
            f"expected shape (samples,) or (samples, channels), got shape={samples.shape}"
        )
    if samples.size == 0:
        raise AudioError(f"expected at least one sample, got shape={samples.shape}")
    if samples.ndim == 2 and samples.shape[1] > min(MAX_CHANNELS, samples.shape[0]):
        raise AudioError(
            f"expected shape (samples, channels), got shape={samples.shape}, which looks like "
            "(channels, samples): transpose it with audio.T"
        )
    return samples


def _to_mono(samples: NDArray) -> NDArray[np.float64]:
    """Return the mean of the channels; integers are scaled to [-1, 1)."""
    values = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        values -= 128
    if samples.dtype.kind in "iu":
        values /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    bad = ~np.isfinite(values)
    if bad.any():
        raise AudioError(
            f"expected finite samples, got {int(bad.sum())} NaN or infinite of {values.size}"
        )
    loudest = float(np.abs(values).max())
    if loudest > MAX_LEVEL:
        raise AudioError(f"expected samples of about -1 to 1, got {loudest:.3g}")
    return values if values.ndim == 1 else values.mean(axis=1)


def _resample(mono: NDArray[np.float64], rate: int, to_rate: int) -> NDArray[np.float64]:
    """Return ``mono`` at ``to_rate``: its filter passes up to 90 % of the lower Nyquist frequency.

    SciPy's default filter lets through what lies just above the Nyquist frequency, which a
    range of 80 dB shows; this one is longer and stops it by 90 dB.
    """
    if rate == to_rate:
        return mono
    from scipy.signal import firwin, resample_poly

    divisor = gcd(rate, to_rate)
    up, down = to_rate // divisor, rate // divisor
    widest = max(up, down)
    taps = firwin(2 * FILTER_HALF_WIDTH * widest + 1, 0.95 / widest, window=("kaiser", 9.0))
    return resample_poly(mono, up, down, window=taps)
