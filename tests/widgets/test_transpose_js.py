"""Transposed pictures and sounds in JavaScript, against Python."""

from pathlib import Path

import numpy as np
import torch

from tests.widgets.run_node import run_node
from utils.notes.augment_mel import mel_pitch_shift
from utils.notes.front_end import FRONT_END


def test_pictures_are_those_of_python(tmp_path: Path) -> None:
    pictures = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)).double()
    pictures[pictures < 0.3] = 0
    shifts = (-12, -5, 0, 1, 7.5, 12)
    golden = {"values": pictures.ravel().tolist(), "shifts": shifts}
    body = f"""
result = data.shifts.map((semitones) => Array.from(transposePicture(data.values, {{
  bands: 64, frames: 64, semitones, range: {{ low: {FRONT_END.f_min}, high: {FRONT_END.f_max} }},
}})));"""
    made = run_node(tmp_path, {"transpose": "transposePicture"}, body, golden)
    for semitones, ours in zip(shifts, made, strict=True):
        expected = mel_pitch_shift(pictures, semitones=float(semitones)).ravel()
        torch.testing.assert_close(torch.tensor(ours).double(), expected, atol=5e-4, rtol=0)


def test_sounds_keep_their_length_and_change_their_pitch(tmp_path: Path) -> None:
    rate, hz = 16_000, 330.0
    tone = np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32)
    shifts = [-12, -3, 0, 4, 12]
    body = "result = data.shifts.map((s) => Array.from(transposeSound(data.tone, s)));"
    made = run_node(
        tmp_path,
        {"transpose": "transposeSound"},
        body,
        {"tone": tone.tolist(), "shifts": shifts},
    )
    for semitones, sound in zip(shifts, made, strict=True):
        assert len(sound) == len(tone)
        middle = np.array(sound)[2000:-2000]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17))
        found = spectrum.argmax() * rate / (1 << 17)
        assert abs(12 * np.log2(found / (hz * 2 ** (semitones / 12)))) < 0.15
        assert 0.5 < np.sqrt(np.mean(middle**2)) / np.sqrt(0.5) < 1.2
