"""Draw a note: its waveform, its log-mel spectrogram.

Time runs to the right in seconds, frequency upwards in Hz.
"""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.figures.style import axes_or_new
from utils.notes.front_end import FRONT_END, SAMPLE_RATE, FrontEnd

__all__ = ["describe_log_mel", "describe_waveform", "draw_log_mel", "draw_waveform"]

TICKS_HZ = (100, 400, 1000, 2000, 4000, 7000)
QUIET = 0.01
"""A waveform below this fraction of its maximum (-40 dB) counts as silent in words."""


def draw_waveform(
    waveform: ArrayLike, *, sample_rate: int = SAMPLE_RATE, ax: Axes | None = None
) -> Axes:
    """Draw amplitude over time.

    Parameters
    ----------
    waveform : array_like, shape (n_samples,)
    sample_rate : int
        In Hz.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the waveform has another shape or is empty.
    """
    samples = _checked_waveform(waveform)
    ax = axes_or_new(ax, height=2.2)
    ax.plot(np.arange(len(samples)) / sample_rate, samples, linewidth=0.5, color="#0072B2")
    limit = max(1.0, float(np.abs(samples).max()))
    ax.set(xlim=(0, len(samples) / sample_rate), ylim=(-limit, limit))
    ax.set(xlabel="time (s)", ylabel="amplitude")
    return ax


def describe_waveform(waveform: ArrayLike, *, sample_rate: int = SAMPLE_RATE) -> str:
    """Say in words what :func:`draw_waveform` shows.

    Parameters
    ----------
    waveform : array_like, shape (n_samples,)
    sample_rate : int
        In Hz.

    Raises
    ------
    ParameterError
        If the waveform has another shape or is empty.
    """
    samples = np.abs(_checked_waveform(waveform))
    start = f"Waveform of {len(samples) / sample_rate:.2f} s"
    peak = samples.max()
    if peak == 0:
        return f"{start}: silence."
    heard = np.flatnonzero(samples >= QUIET * peak) / sample_rate
    return (
        f"{start}: heard from {heard[0]:.2f} s to {heard[-1]:.2f} s, "
        f"largest amplitude {peak:.2f} at {samples.argmax() / sample_rate:.2f} s."
    )


def draw_log_mel(
    log_mel: ArrayLike,
    *,
    front_end: FrontEnd = FRONT_END,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a log-mel spectrogram.

    Parameters
    ----------
    log_mel : array_like, shape (n_mels, n_frames) or (1, n_mels, n_frames)
        Values in [0, 1] as the front end returns them, mel axis from low to high.
    front_end : FrontEnd
        Says what bands, frames and values stand for.
    colorbar : bool
        Show which color is which level, in dB below the maximum.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the array has another shape.
    """
    level = _level(log_mel, front_end)
    ax = axes_or_new(ax, width=5.0, height=3.4)
    hop = front_end.hop_length / front_end.sample_rate
    n_mels, n_frames = level.shape
    # A frame is centered on its time, so its column reaches half a hop to both sides.
    extent = (-hop / 2, (n_frames - 0.5) * hop, -0.5, n_mels - 0.5)
    image = ax.imshow(
        level,
        origin="lower",
        aspect="auto",
        extent=extent,
        interpolation="nearest",
        cmap="viridis",
        vmin=-front_end.dynamic_range,
        vmax=0,
    )
    ticks = [hz for hz in TICKS_HZ if front_end.f_min <= hz <= front_end.f_max]
    ax.set_yticks(_band(np.array(ticks), front_end), [str(hz) for hz in ticks])
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", ylim=extent[2:])
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label="level (dB)")
    return ax


def describe_log_mel(log_mel: ArrayLike, *, front_end: FrontEnd = FRONT_END) -> str:
    """Say in words what :func:`draw_log_mel` shows.

    Parameters
    ----------
    log_mel : array_like, shape (n_mels, n_frames) or (1, n_mels, n_frames)
        Values in [0, 1].
    front_end : FrontEnd
        Says what bands, frames and values stand for.

    Raises
    ------
    ParameterError
        If the array has another shape.
    """
    level = _level(log_mel, front_end)
    n_mels, n_frames = level.shape
    hop = front_end.hop_length / front_end.sample_rate
    start = f"Log-mel spectrogram, {n_mels} bands, {n_frames * hop:.1f} s"
    if level.max() <= -front_end.dynamic_range:
        return f"{start}: silence."
    band, frame = np.unravel_index(level.argmax(), level.shape)
    strong_bands = np.flatnonzero(level.max(axis=1) >= -20)
    strong_frames = np.flatnonzero(level.max(axis=0) >= -20)
    low, loudest, high = _center(np.array([strong_bands[0], band, strong_bands[-1]]), front_end)
    return (
        f"{start}: loudest at {frame * hop:.2f} s near {loudest:.0f} Hz; within 20 dB of that "
        f"from {low:.0f} to {high:.0f} Hz, "
        f"between {strong_frames[0] * hop:.2f} and {strong_frames[-1] * hop:.2f} s."
    )


def _checked_waveform(waveform: ArrayLike) -> NDArray[np.float64]:
    samples = np.asarray(waveform, dtype=np.float64)
    if samples.ndim != 1 or samples.size == 0:
        raise ParameterError(f"expected a waveform of shape (n_samples,), got {samples.shape}")
    return samples


def _level(log_mel: ArrayLike, front_end: FrontEnd) -> NDArray[np.float64]:
    """Return dB below the maximum, of shape (n_mels, n_frames)."""
    values = np.asarray(log_mel, dtype=np.float64)
    expected = (front_end.n_mels, front_end.n_frames)
    if values.shape not in (expected, (1, *expected)):
        raise ParameterError(f"expected a log-mel of shape {expected}, got {values.shape}")
    return (values.reshape(expected) - 1) * front_end.dynamic_range


def _mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return HTK mels: 2595 · log10(1 + hz / 700)."""
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def _band(hz: NDArray[np.float64], front_end: FrontEnd) -> NDArray[np.float64]:
    """Return the (fractional) number of the band whose triangle peaks at a frequency."""
    low, high = _mel(front_end.f_min), _mel(front_end.f_max)
    # n_mels triangles have n_mels + 2 corners; band 0 peaks at corner 1.
    return (_mel(hz) - low) / (high - low) * (front_end.n_mels + 1) - 1


def _center(band: NDArray[np.int64], front_end: FrontEnd) -> NDArray[np.float64]:
    """Return the frequency in Hz at which a band's triangle peaks; undoes :func:`_band`."""
    low, high = _mel(front_end.f_min), _mel(front_end.f_max)
    mel = low + (band + 1) / (front_end.n_mels + 1) * (high - low)
    return 700 * (10 ** (mel / 2595) - 1)
