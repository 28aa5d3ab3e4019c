"""Front end v1: from waveforms to log-mel spectrograms, in pure torch.

Conventions: axis -2 is frequency, from low to high; axis -1 is time. Values are
``level / 80 dB + 1``, where the level is relative to the loudest cell of the same
note: 1 is the loudest cell, 0 is 80 dB or more below it. A note's loudness is gone.

It computes what ``torchaudio.transforms.MelSpectrogram(norm=None, mel_scale="htk")``
and ``librosa.feature.melspectrogram(norm=None, htk=True)`` compute. If the numbers
change, :attr:`utils.notes.front_end.FrontEnd.version` must change too.
"""

from functools import lru_cache
from math import log10

import torch

from utils.errors import AudioError, ParameterError
from utils.notes.front_end import FRONT_END, FrontEnd

__all__ = ["dequantize", "log_mel_spectrogram", "mel_filter_bank", "quantize"]

CPU_CHUNK = 16  # notes at once: their spectra fit the cache, which doubles the speed
GPU_CHUNK = 512  # about 270 MB for the complex spectra
MAX_LEVEL = 2.0**31  # above, the power would overflow float32


def log_mel_spectrogram(waveform: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    r"""Return log-mel spectrograms with values in [0, 1].

    .. math:: 1 + \frac{1}{80}\,\max(-80,\; L - \max L), \quad
              L = 10 \log_{10} \max(B\,|\mathrm{STFT}(x)|^2,\; 10^{-10})

    with the mel filter bank :math:`B`. A note whose power is nowhere above the floor is
    silent: all its values are 0.

    Parameters
    ----------
    waveform : torch.Tensor of floating point, shape (n, samples) or (samples,)
        At 16 kHz, on any device; longer notes are cut and shorter ones zero-padded to
        64 000 samples. Other sounds: :func:`utils.notes.audio.prepare_waveform`.
    front_end : FrontEnd
        The parameters; models of the course are only comparable on the default.

    Returns
    -------
    log_mel : torch.Tensor of float32, shape (n, 1, 64, 64)
        On the device of ``waveform``. A note gives the same in any batch.

    Raises
    ------
    AudioError
        Wrong type or shape, or NaN, infinity or absurd levels in a waveform.
    """
    notes = _checked(waveform, front_end)
    device = notes.device
    if len(notes) == 0:
        return torch.empty((0, 1, front_end.n_mels, front_end.n_frames), device=device)
    # Half precision would overflow in the power; the caller's autocast must not reach it.
    with torch.autocast(device.type, enabled=False):
        chunk = CPU_CHUNK if device.type == "cpu" else GPU_CHUNK
        parts = [_log_mel(part, front_end) for part in notes.split(chunk)]
    return torch.cat(parts).unsqueeze(1)


def mel_filter_bank(
    *, front_end: FrontEnd = FRONT_END, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    r"""Return the weights of the triangular mel filters.

    The corners stand at equal distances on the HTK scale
    :math:`m = 2595 \log_{10}(1 + f/700)`, the peaks are 1 (no area normalization).

    Parameters
    ----------
    front_end : FrontEnd
        Gives ``n_mels``, ``f_min``, ``f_max``, ``n_fft`` and ``sample_rate``.
    dtype : torch.dtype
        Of the result.

    Returns
    -------
    weights : torch.Tensor, shape (n_mels, n_fft // 2 + 1)
        From low to high, on the CPU.

    Raises
    ------
    ParameterError
        The frequencies don't ascend or pass the Nyquist frequency.

    References
    ----------
    Young et al., "The HTK Book", section 5.4.
    """
    nyquist = front_end.sample_rate / 2
    if not 0 <= front_end.f_min < front_end.f_max <= nyquist:
        raise ParameterError(
            f"expected 0 <= f_min < f_max <= {nyquist:g} Hz, "
            f"got f_min={front_end.f_min:g}, f_max={front_end.f_max:g}"
        )
    # In float64: the lowest triangles are few bins wide, and their flanks are differences
    # of close numbers.
    low, high = (2595 * log10(1 + f / 700) for f in (front_end.f_min, front_end.f_max))
    mels = torch.linspace(low, high, front_end.n_mels + 2, dtype=torch.float64, device="cpu")
    corners = 700 * (10 ** (mels / 2595) - 1)
    bins = torch.linspace(0, nyquist, front_end.n_fft // 2 + 1, dtype=torch.float64, device="cpu")
    widths = corners.diff()
    distances = bins[None, :] - corners[:, None]
    rising = distances[:-2] / widths[:-1, None]
    falling = -distances[2:] / widths[1:, None]
    return torch.minimum(rising, falling).clamp_min(0).to(dtype)


def quantize(values: torch.Tensor) -> torch.Tensor:
    """Return values in [0, 1] as uint8, in steps of 1/255 (0.31 dB)."""
    return (values * 255).round().clamp(0, 255).to(torch.uint8)


def dequantize(quantized: torch.Tensor) -> torch.Tensor:
    """Return uint8 as float32 values in [0, 1], like :func:`utils.notes.store.dequantize`."""
    return quantized.to(torch.float32) / 255


def _checked(waveform: torch.Tensor, front_end: FrontEnd) -> torch.Tensor:
    """Return float32 notes of shape (n, n_samples)."""
    if not isinstance(waveform, torch.Tensor):
        raise AudioError(f"expected a torch.Tensor, got {type(waveform).__name__}")
    if not waveform.is_floating_point():
        raise AudioError(
            f"expected floating point samples, got dtype={waveform.dtype}: "
            "utils.notes.audio.prepare_waveform scales integers"
        )
    shape = tuple(waveform.shape)
    if waveform.ndim not in (1, 2) or (waveform.numel() and shape[-1] < front_end.n_fft):
        raise AudioError(
            f"expected shape (n, {front_end.n_samples}) or ({front_end.n_samples},), "
            f"got shape={shape}; shorter than {front_end.n_fft} samples is no note"
        )
    if waveform.numel() == 0 and shape[0] != 0:
        raise AudioError(f"expected at least {front_end.n_fft} samples a note, got shape={shape}")
    if waveform.ndim == 1 and shape[0] == 0:
        raise AudioError("expected at least one note, got shape=(0,)")
    notes = waveform.reshape(-1, shape[-1])[:, : front_end.n_samples].to(torch.float32)
    _refuse_bad_samples(notes)
    return torch.nn.functional.pad(notes, (0, front_end.n_samples - notes.shape[1]))


def _refuse_bad_samples(notes: torch.Tensor) -> None:
    """Raise AudioError if a sample is NaN, infinite or absurdly loud."""
    if notes.numel() == 0:
        return
    levels = notes.detach().abs().amax(dim=1)  # NaN spreads to the maximum
    bad = ~(levels <= MAX_LEVEL)
    if bool(bad.any()):
        first = int(bad.nonzero()[0, 0])
        raise AudioError(
            f"expected finite samples of about -1 to 1, got a largest magnitude of "
            f"{float(levels[first]):.3g} in note {first} ({int(bad.sum())} such notes)"
        )


def _log_mel(notes: torch.Tensor, front_end: FrontEnd) -> torch.Tensor:
    """Return values in [0, 1] of shape (n, n_mels, n_frames)."""
    window, weights = _constants(front_end, notes.device)
    spectrum = torch.stft(
        notes,
        front_end.n_fft,
        front_end.hop_length,
        front_end.win_length,
        window,
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )[..., : front_end.n_frames]
    power = spectrum.real.square() + spectrum.imag.square()
    mel_power = weights @ power
    level = 10 * torch.log10(mel_power.clamp_min(front_end.floor))
    below = level - level.amax(dim=(-2, -1), keepdim=True)
    values = below.clamp_min(-front_end.dynamic_range) / front_end.dynamic_range + 1
    heard = mel_power.amax(dim=(-2, -1), keepdim=True) > front_end.floor
    return torch.where(heard, values, torch.zeros_like(values))


@lru_cache(maxsize=16)
def _constants(front_end: FrontEnd, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return window and filter bank on a device, made once."""
    # Made under the caller's inference mode, they would be useless for gradients later.
    with torch.inference_mode(False), torch.no_grad():
        window = torch.hann_window(
            front_end.win_length, periodic=True, dtype=torch.float32, device=device
        )
        return window, mel_filter_bank(front_end=front_end).to(device)
