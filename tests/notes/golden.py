"""Golden spectrograms of front end v1: signals made by formula, computed in NumPy.

``python -m tests.notes.golden`` writes ``data/front_end_v<version>.npz`` anew. That is right
only together with a new ``FrontEnd.version``: old models would see other inputs.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from utils.notes.front_end import FRONT_END, FRONT_END_ID

GOLDEN_FILE = Path(__file__).parent / "data" / f"front_end_v{FRONT_END.version}.npz"
STEPS = 40_000  # of the stored values: 0.002 dB


def signals() -> dict[str, NDArray[np.float32]]:
    """Return waveforms of shape (64000,) that use everything the front end does."""
    time = np.arange(64_000) / 16_000
    harmonic = sum(0.7**k * np.sin(2 * np.pi * 220 * k * time) for k in range(1, 31))
    clicks = np.zeros(64_000)
    clicks[::1777] = 0.9
    short = np.zeros(64_000)
    short[:9000] = np.sin(2 * np.pi * 523.25 * time[:9000])
    waves = {
        "sine": 0.5 * np.sin(2 * np.pi * 1000 * time),
        "decaying": 0.2 * np.exp(-2 * time) * harmonic,
        "chirp": 0.8 * np.sin(2 * np.pi * (30 * time + 980 * time**2)),
        "clicks": clicks,
        "short": short,
        "noise": _noise(),
        "offset": 0.02 + 0.05 * np.sin(2 * np.pi * 65.4 * time),
        "faint": 1e-7 * np.sin(2 * np.pi * 440 * time),
        "silent": np.zeros(64_000),
    }
    return {name: wave.astype(np.float32) for name, wave in waves.items()}


def _noise() -> NDArray[np.float64]:
    """Return the noise of a linear congruential generator, in [-1, 1)."""
    state, values = 1, np.empty(64_000)
    for i in range(len(values)):
        state = (1_103_515_245 * state + 12_345) % 2**31
        values[i] = state / 2**30 - 1
    return values


def reference(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the front end's values (64, 64) as DESIGN says them, in float64 and plainly."""
    padded = np.pad(waveform.astype(np.float64), 1024, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    frames = np.stack([padded[1000 * t : 1000 * t + 2048] * window for t in range(64)])
    power = np.abs(np.fft.rfft(frames)) ** 2

    def to_mel(frequency: float) -> float:
        return 1127.0104805 * np.log1p(frequency / 700)

    corners = 700 * np.expm1(np.linspace(to_mel(20), to_mel(8000), 66) / 1127.0104805)
    bins = np.arange(1025) * 16_000 / 2048
    weights = np.stack([np.interp(bins, corners[m : m + 3], [0, 1, 0]) for m in range(64)])
    mel_power = weights @ power.T
    if mel_power.max() <= 1e-10:
        return np.zeros((64, 64))
    level = 10 * np.log10(np.maximum(mel_power, 1e-10))
    return np.clip(level - level.max(), -80, 0) / 80 + 1


def main() -> None:
    """Write the golden file."""
    values = np.stack([reference(wave) for wave in signals().values()])
    quantized = np.rint(values * STEPS).astype(np.uint16)
    names = np.asarray(list(signals()))
    np.savez_compressed(GOLDEN_FILE, values=quantized, names=names, front_end=FRONT_END_ID)


if __name__ == "__main__":
    main()
