"""A phase-locked vocoder: other speeds at the same pitch; and resampling by the spectrum.

Conventions: waveforms (b, n) in float64, any sample rate.

References
----------
Flanagan and Golden, "Phase Vocoder", *Bell System Technical Journal* 45, 1966.
Puckette, "Phase-Locked Vocoder", IEEE Workshop on Applications of Signal Processing to Audio
and Acoustics, 1995.
"""

import torch

__all__ = ["N_FFT", "resample_to", "stretch_to"]

N_FFT = 2048  # assumed: 128 ms at 16 kHz separate the partials of the lowest notes
HOP = N_FFT // 4


def stretch_to(notes: torch.Tensor, n_out: int) -> torch.Tensor:
    """Return notes (b, n) stretched to n_out samples at the same pitch.

    A frame is taken from the note at its own place, and turned so that it continues the frame
    before by the phase that passes in the note within one hop.
    """
    centers = torch.arange(n_out // HOP + 2, device=notes.device) * HOP
    places = (centers * (notes.shape[-1] / n_out)).round().long()
    padded = torch.nn.functional.pad(notes, (N_FFT // 2 + HOP, 4 * N_FFT))
    windows = padded.unfold(-1, N_FFT, 1)
    window = torch.hann_window(N_FFT, dtype=notes.dtype, device=notes.device)
    here, before = (torch.fft.rfft(windows[:, at] * window) for at in (places + HOP, places))
    frames = [here[:, 0]]
    for t in range(1, len(places)):
        # The bins of one partial have alternating signs. Where they stick together, each
        # follows the strongest, and no partial cancels itself (Puckette).
        last = torch.nn.functional.pad(frames[-1], (1, 1))
        turn = (last[:, 1:-1] - last[:, :-2] - last[:, 2:]) * before[:, t].conj()
        frames.append(here[:, t] * torch.where(turn.abs() > 0, turn.sgn(), 1))
    spectrum = torch.stack(frames, dim=-1)
    return torch.istft(spectrum, N_FFT, HOP, window=window, length=n_out)


def resample_to(notes: torch.Tensor, n_out: int) -> torch.Tensor:
    """Return the notes with n_out samples in place of n, by cutting or filling the spectrum."""
    n = notes.shape[-1]
    spectrum = torch.fft.rfft(notes)[..., : (min(n, n_out) + 1) // 2]  # below either Nyquist
    return torch.fft.irfft(spectrum, n_out) * (n_out / n)
