"""The page's spectra, masks and mel inversion against those of Python."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.widgets.run_node import run_node
from utils.notes.mel import log_mel_spectrogram, mel_filter_bank
from utils.training.mel_inversion import griffin_lim, istft, magnitude_of_mel, mel_power, stft
from utils.training.resynthesis import bin_mask, map_to_mask, masked_resynthesis
from utils.widgets.network_notes import front_end_options

IMPORTS = {
    "noteSound": "stft, istft, melBank, mapToMask, binMask, masked, loud, decibels",
    "melInversion": "magnitudeOf, griffinLim",
}


def note() -> torch.Tensor:
    t = torch.arange(64_000) / 16_000
    tone = sum(torch.sin(2 * torch.pi * 220 * k * t) / k for k in range(1, 9))
    noise = torch.randn(64_000, generator=torch.Generator().manual_seed(0))
    return ((tone + 0.1 * noise) * torch.exp(-t)).float() / 4


def node(folder: Path, body: str, **data: Any) -> Any:
    return run_node(folder, IMPORTS, body, {"end": front_end_options(), **data})


def close(actual: Any, expected: torch.Tensor, tolerance: float) -> None:
    wanted = expected.double().numpy().ravel()
    got = np.array(actual, dtype=np.float64)
    assert np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max()


def test_spectra_and_back(tmp_path: Path) -> None:
    wave = note()
    got = node(
        tmp_path,
        "const s = stft(data.wave, data.end);"
        "result = {re: [...s.re.slice(0, 3075)], im: [...s.im.slice(0, 3075)],"
        " last: [...s.re.slice(-1025)], back: [...istft(s, data.end)]};",
        wave=wave.tolist(),
    )
    spectrum = stft(wave)
    close(got["re"], spectrum.real[:, :3].T, 1e-4)
    close(got["im"], spectrum.imag[:, :3].T, 1e-4)
    close(got["last"], spectrum.real[:, -1], 1e-4)
    close(got["back"], wave, 1e-5)


def test_a_changed_spectrum_gives_the_same_sound(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    spectrum = torch.randn(1025, 65, dtype=torch.complex64, generator=generator)
    got = node(
        tmp_path,
        "result = [...istft({re: Float64Array.from(data.re), im: Float64Array.from(data.im)},"
        " data.end)];",
        re=spectrum.real.T.flatten().tolist(),
        im=spectrum.imag.T.flatten().tolist(),
    )
    close(got, istft(spectrum), 1e-4)


def test_the_bank(tmp_path: Path) -> None:
    got = node(
        tmp_path,
        "result = melBank(data.end).map((b) => { const row = new Array(1025).fill(0);"
        " b.weights.forEach((w, i) => { row[b.first + i] = w; }); return row; });",
    )
    np.testing.assert_allclose(got, mel_filter_bank(dtype=torch.float64).numpy(), atol=1e-9)


def test_masks_and_what_they_leave(tmp_path: Path) -> None:
    wave = note()
    feature_map = torch.randn(16, 16, generator=torch.Generator().manual_seed(2))
    mask = map_to_mask(feature_map)
    got = node(
        tmp_path,
        "const mask = mapToMask({values: data.map, rows: 16, cols: 16}, data.end);"
        "const bins = binMask(mask, data.end), parts = masked(data.wave, mask, data.end);"
        "result = {mask: [...mask], bins: [...bins], kept: [...loud(parts.kept)],"
        " sum: parts.kept.map((v, i) => v + parts.rest[i]).reduce((m, v, i) =>"
        " Math.max(m, Math.abs(v - data.wave[i])), 0),"
        " level: decibels(parts.kept, data.wave)};",
        wave=wave.tolist(),
        map=feature_map.flatten().tolist(),
    )
    close(got["mask"], mask, 1e-6)
    close(got["bins"], bin_mask(mask).T, 1e-6)
    close(got["kept"], masked_resynthesis(wave, mask), 1e-4)
    assert got["sum"] < 1e-5
    assert -40 < got["level"] < 0


def test_an_empty_map_leaves_silence(tmp_path: Path) -> None:
    got = node(
        tmp_path,
        "const mask = mapToMask({values: new Array(64).fill(-1), rows: 8, cols: 8}, data.end);"
        "result = [Math.max(...mask), Math.max(...loud(masked(data.wave, mask, data.end).kept))];",
        wave=note().tolist(),
    )
    assert got == [0, 0]


def test_mel_inversion(tmp_path: Path) -> None:
    picture = log_mel_spectrogram(note())[0, 0]
    picture[:5] = 0
    got = node(
        tmp_path,
        "const m = magnitudeOf(data.picture, data.end, 20);"
        "const steps = griffinLim(m, data.end, {iterations: 2});"
        "steps.next(); steps.next(); const wave = steps.next().value;"
        "result = {magnitude: [...m], wave: [...wave]};",
        picture=picture.flatten().tolist(),
    )
    # In float64, because the phases of weak bins turn around for a rounding error.
    shifted = (picture.double().clamp(0, 1) - 1) * 8
    power = torch.where(picture > 0, 10**shifted, 0.0)
    torch.testing.assert_close(power.float(), mel_power(picture))
    magnitude = magnitude_of_mel(torch.cat([power, power[:, -1:]], 1), n_iterations=20)
    close(got["magnitude"], magnitude.T, 1e-6)
    close(got["wave"], griffin_lim(magnitude, n_iterations=2), 1e-4)
