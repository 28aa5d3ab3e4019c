"""The front end in JavaScript: pictures and sounds against the course's own Python."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.widgets.run_node import run_node
from utils.notes.front_end import FrontEnd
from utils.notes.mel import log_mel_spectrogram, mel_filter_bank
from utils.training.mel_inversion import griffin_lim, magnitude_of_mel, mel_power, stft

FRONT_ENDS = [
    FrontEnd(),
    FrontEnd(n_fft=1024, win_length=1024, hop_length=500, n_mels=32, n_frames=128),
    FrontEnd(n_fft=4096, win_length=4096, hop_length=2000, n_frames=32, dynamic_range=40.0),
    FrontEnd(n_fft=512, win_length=512, hop_length=250, n_mels=128, n_frames=256),
]
ids = [f"{fe.n_fft}-{fe.hop_length}-{fe.n_mels}" for fe in FRONT_ENDS]


def pluck() -> np.ndarray:
    time = np.arange(64_000) / 16_000
    tone = sum(np.sin(2 * np.pi * 220 * k * time + k) / k for k in range(1, 12))
    noise = np.random.default_rng(0).standard_normal(64_000)
    return np.exp(-2 * time) * (0.3 * tone + 0.01 * noise)


def options(fe: FrontEnd) -> dict[str, Any]:
    return {
        "grid": {"size": fe.n_fft, "hop": fe.hop_length, "samples": fe.n_samples},
        "bank": {
            "scale": "mel",
            "bands": fe.n_mels,
            "low": fe.f_min,
            "high": fe.f_max,
            "size": fe.n_fft,
            "rate": fe.sample_rate,
        },
        "level": {"log": True, "range": fe.dynamic_range},
    }


@pytest.mark.parametrize("fe", FRONT_ENDS, ids=ids)
def test_filters(tmp_path: Path, fe: FrontEnd) -> None:
    body = f"""result = filterBank(data.bank).map(({{ first, weights }}) =>
      Array.from({{ length: {fe.n_fft // 2 + 1} }}, (_, k) => weights[k - first] ?? 0));"""
    got = run_node(tmp_path, {"frontEnd": "filterBank"}, body, options(fe))
    expected = mel_filter_bank(front_end=fe, dtype=torch.float64).numpy()
    assert np.allclose(got, expected, atol=1e-9)


def test_linear_filters_stand_at_equal_distances(tmp_path: Path) -> None:
    data = {"scale": "linear", "bands": 10, "low": 0, "high": 8000}
    got = run_node(tmp_path, {"frontEnd": "corners"}, "result = corners(data);", data)
    assert got == pytest.approx(np.linspace(0, 8000, 12).tolist())


@pytest.mark.parametrize("fe", FRONT_ENDS, ids=ids)
def test_pictures(tmp_path: Path, fe: FrontEnd) -> None:
    wave = pluck()
    body = """
      const power = bandPower(data.wave, data.grid, filterBank(data.bank));
      result = Array.from(pictureOf(power, data.level));"""
    names = {"frontEnd": "bandPower, filterBank, pictureOf"}
    got = run_node(tmp_path, names, body, {**options(fe), "wave": wave.tolist()})
    tensor = torch.from_numpy(wave).float()
    expected = log_mel_spectrogram(tensor, front_end=fe).numpy().ravel()
    # Float32 there, float64 here; quiet cells are differences of large numbers.
    assert np.abs(np.array(got) - expected).max() < 2e-3


def test_the_picture_knows_no_loudness_and_power_has_few_steps(tmp_path: Path) -> None:
    body = """
      const bank = filterBank(data.bank);
      const power = bandPower(data.wave, data.grid, bank), soft = power.map((v) => v / 100);
      const a = pictureOf(power, data.level), b = pictureOf(soft, data.level);
      const plain = inSteps(pictureOf(power, { log: false, range: 80 }));
      result = {
        apart: Math.max(...a.map((v, i) => Math.abs(v - b[i]))),
        kept: a.filter((v) => v > 0).length, plain: plain.filter((v) => v > 0).length,
        silent: Math.max(...pictureOf(power.map(() => 0), data.level)),
      };"""
    names = {"frontEnd": "bandPower, filterBank, inSteps, pictureOf"}
    data = {**options(FrontEnd()), "wave": pluck().tolist()}
    got = run_node(tmp_path, names, body, data)
    assert got["apart"] < 1e-9
    assert got["plain"] < got["kept"] / 4
    assert got["silent"] == 0


@pytest.mark.parametrize("fe", FRONT_ENDS, ids=ids)
def test_sounds(tmp_path: Path, fe: FrontEnd) -> None:
    """Three rounds are equal number for number; after 32 the spectra are as near as Python's."""
    wave = torch.from_numpy(pluck()).float()
    picture = log_mel_spectrogram(wave, front_end=fe)[0, 0]
    power = mel_power(picture, front_end=fe).double()
    magnitude = magnitude_of_mel(torch.cat([power, power[:, -1:]], 1), front_end=fe)
    sound = griffin_lim(magnitude, n_iterations=3, front_end=fe)
    body = """
      const p = powerOf(data.picture, data.level), bank = filterBank(data.bank);
      const m = magnitudesOf(p, bank, data.grid), run = createGriffinLim(m, data.grid);
      for (let i = 0; i < 3; i++) run.step();
      const early = Array.from(run.sound());
      for (let i = 3; i < 32; i++) run.step();
      result = { magnitude: Array.from(m), early, late: Array.from(run.sound()) };"""
    names = {"frontEnd": "createGriffinLim, filterBank, magnitudesOf, powerOf"}
    data = {**options(fe), "picture": picture.double().ravel().tolist()}
    got = run_node(tmp_path, names, body, data)
    scale = float(magnitude.max())
    assert np.allclose(got["magnitude"], magnitude.T.ravel(), atol=1e-5 * scale)
    assert np.abs(np.array(got["early"]) - sound.numpy()).max() < 1e-3 * float(sound.abs().max())
    late = torch.tensor(got["late"], dtype=torch.float64)
    ours = griffin_lim(magnitude, n_iterations=32, front_end=fe)
    miss = [float((stft(s, front_end=fe).abs() - magnitude).norm()) for s in (late, ours)]
    assert miss[0] == pytest.approx(miss[1], rel=0.05)
    assert miss[0] < 0.6 * float(magnitude.norm())
