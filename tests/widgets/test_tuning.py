"""The tuning widget: path and sound in JavaScript, words and picture."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.reference.gradient_descent import gradient_descent
from utils.widgets.tuning.widget import Tuning

IMPORTS = {"tuning": "tuningPath, tuningSound"}
RATE = 16_000


@pytest.mark.parametrize("lr", [0.05, 0.3, 1.0, 1.9, 2.3])
def test_path(tmp_path: Path, lr: float) -> None:
    found = run_node(tmp_path, IMPORTS, f"result = tuningPath(-40, {lr}, 9);", None)
    start = torch.tensor([-40.0], dtype=torch.float64)
    wanted = gradient_descent(lambda theta: theta, start, lr=lr, steps=9)
    assert found == pytest.approx(wanted[:, 0].tolist(), rel=1e-12, abs=1e-12)


def beats(sound: np.ndarray) -> float:
    """Return how often a second the loudness rises and falls."""
    envelope = np.abs(sound).reshape(-1, 160).mean(1)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean(), 4000))
    frequencies = np.fft.rfftfreq(4000, 160 / RATE)
    slow = frequencies < 30
    return float(frequencies[slow][spectrum[slow].argmax()])


def test_a_string_that_is_off_beats_with_the_one_in_tune(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(22_000) / RATE)
    body = f"""
const {{ samples, each }} = tuningSound(Float32Array.from(data), {RATE}, [40, 0, -20], 1);
result = {{ samples: Array.from(samples), each }};
"""
    found = run_node(tmp_path, IMPORTS, body, tone.tolist())
    assert found["each"] == pytest.approx(1.0, abs=1e-3)
    off, tuned, low = np.array(found["samples"]).reshape(3, -1)
    assert beats(off[:16_000]) == pytest.approx(440 * (2 ** (40 / 1200) - 1), rel=0.05)
    assert beats(low[:16_000]) == pytest.approx(440 * (1 - 2 ** (-20 / 1200)), rel=0.05)
    middle = slice(1000, 15_000)
    np.testing.assert_allclose(tuned[middle], tone[middle], atol=1e-6)
    higher = np.sin(2 * np.pi * 440 * 2 ** (40 / 1200) * np.arange(16_000) / RATE)
    np.testing.assert_allclose(2 * off[middle] - tone[middle], higher[middle], atol=0.02)
    assert np.abs(found["samples"]).max() <= 1


def test_a_short_note_is_never_read_beyond_its_end(tmp_path: Path) -> None:
    body = f"""
const {{ samples }} = tuningSound(new Float32Array(3000).fill(0.5), {RATE}, [1e9, -1e9], 5);
result = [samples.length, samples.every(Number.isFinite)];
"""
    length, finite = run_node(tmp_path, IMPORTS, body, None)
    assert finite
    assert 0 < length < 6000


def test_words_say_each_step() -> None:
    widget = Tuning(lr=0.5, steps=2)
    assert "off by 40.0, 20.0, 10.0 cents" in widget.describe(widget.state)


def test_the_note_is_loud_enough_and_small() -> None:
    pcm = Tuning().data["pcm"]
    wave = np.frombuffer(pcm["buffer"], dtype=np.int16)
    assert np.abs(wave).max() == pytest.approx(0.9 * 32767, abs=2)
    assert len(pcm["buffer"]) < 50_000


def test_picture() -> None:
    widget = Tuning(steps=4)
    figure = Figure()
    widget.draw(widget.state, figure)
    left, right = figure.axes
    assert len(left.lines[1].get_xdata()) == 5
    assert right.get_ylabel() == "θ (cents)"
