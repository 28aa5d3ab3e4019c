"""The widget of losses to hear: its words, and its JavaScript against the Python reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.errors import ParameterError
from utils.figures.audio_damages import add_noise, damage, excerpt
from utils.reference.audio_losses import (
    a_weighted_spectral_distance,
    a_weighting,
    multi_scale_stft_loss,
    stft_magnitude,
    waveform_l1,
)
from utils.widgets.audio_losses.widget import DAMAGES, AudioLosses

RATE = 16_000
CASES = [
    ("noise", -60.0),
    ("noise", -12.5),
    ("phase", 0.0),
    ("phase", 77.0),
    ("phase", 180.0),
    ("lowpass", 300.0),
    ("lowpass", 3210.0),
    ("shift", 0.0),
    ("shift", 1.0),
    ("shift", 1.96875),
]


@pytest.fixture(scope="module")
def widget() -> AudioLosses:
    return AudioLosses()


def pluck(n: int) -> np.ndarray:
    """Return a decaying tone with five partials and a little noise, 40 samples late."""
    time = np.maximum(np.arange(n) - 40, 0) / RATE
    tone = sum(np.sin(2 * np.pi * 220 * k * time + k) / k**2 for k in range(1, 6))
    wave = 0.4 * np.exp(-4 * time) * tone
    return add_noise(wave * (np.arange(n) >= 40), decibels=-55)


@needs_node
def test_fourier_transforms(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    golden = []
    for size in (2, 4, 8, 256, 4096):
        z = random.standard_normal(size) + 1j * random.standard_normal(size)
        f = np.fft.fft(z)
        golden.append([z.real.tolist(), z.imag.tolist(), f.real.tolist(), f.imag.tolist()])
    script = """
for (const [a, b, c, d] of golden) {
  const re = Float64Array.from(a), im = Float64Array.from(b);
  fft(re, im);
  compare("forward", [Array.from(re), Array.from(im)], [c, d]);
  inverseFft(re, im);
  compare("back", [Array.from(re), Array.from(im)], [a, b]);
}
let refused = 0;
try { fft(new Float64Array(12), new Float64Array(12)); } catch { refused = 1; }
compare("refused", refused, 1);"""
    worst = node(tmp_path, golden, script, fft="fft, inverseFft")
    assert worst["refused"] == 0
    assert max(worst.values()) < 1e-11, worst


@needs_node
def test_spectrograms_and_weights(tmp_path: Path) -> None:
    # 1000 samples: no multiple of the hops, and both an even and an odd number of frames.
    wave = pluck(1000)
    sizes = [2048, 256, 64]
    frequency = [10.0, 440.0, 1000.0, 2500.0, 8000.0]
    tensor = torch.from_numpy(wave)
    golden = {
        "wave": wave.tolist(),
        "stft": [
            [size, stft_magnitude(tensor, n_fft=size, hop_length=size // 4).T.flatten().tolist()]
            for size in sizes
        ],
        "frequency": frequency,
        "weights": a_weighting(torch.tensor(frequency, dtype=torch.float64)).tolist(),
    }
    script = """
const wave = Float64Array.from(golden.wave);
for (const [size, want] of golden.stft) {
  compare("stft", Array.from(stftMagnitude(wave, size)), want);
}
compare("weights", golden.frequency.map(aWeighting), golden.weights);"""
    modules = {"stft": "stftMagnitude", "audioLosses": "aWeighting"}
    worst = node(tmp_path, golden, script, **modules)
    assert max(worst.values()) < 1e-12, worst


@needs_node
def test_damages_and_distances(tmp_path: Path) -> None:
    long = pluck(6000)
    wave = excerpt(long, count=4096, fade=300)
    target = torch.from_numpy(wave)
    rows = []
    for kind, amount in CASES:
        bad = damage(wave, kind, amount)
        estimate = torch.from_numpy(bad)
        distances = [
            waveform_l1(estimate, target),
            multi_scale_stft_loss(estimate, target),
            a_weighted_spectral_distance(estimate, target, sample_rate=RATE),
        ]
        rows.append([kind, amount, bad.tolist(), [float(d) for d in distances]])
    level = add_noise(wave, decibels=-20, level=0.25).tolist()
    golden = {"long": long.tolist(), "wave": wave.tolist(), "rows": rows, "level": level}
    script = f"""
const wave = excerpt(golden.long, 4096, 300);
compare("excerpt", Array.from(wave), golden.wave);
const bad = createDamages(wave, {RATE}), meter = createMeter(wave, {RATE});
for (const [kind, amount, samples, distances] of golden.rows) {{
  compare(kind, Array.from(bad(kind, amount)), samples);
  const {{ waveform, stft, weighted }} = meter(Float64Array.from(samples));
  compare("distances", [waveform, stft, weighted], distances);
}}
compare("level", Array.from(createDamages(wave, {RATE}, 0.25)("noise", -20)), golden.level);"""
    modules = {"damages": "createDamages, excerpt", "audioLosses": "createMeter"}
    worst = node(tmp_path, golden, script, **modules)
    assert set(worst) == {*DAMAGES, "excerpt", "distances", "level"}
    assert max(worst.values()) < 1e-9, worst


def test_each_distance_calls_another_damage_the_worst(widget: AudioLosses) -> None:
    widget.reset()
    table = widget.distances(widget.state)
    worst = {
        distance: max(DAMAGES, key=lambda kind: table[kind][distance])
        for distance in ("waveform", "stft", "weighted")
    }
    assert worst == {"waveform": "phase", "stft": "noise", "weighted": "lowpass"}
    assert table["phase"]["stft"] == pytest.approx(0, abs=1e-9)
    assert table["shift"]["waveform"] > 10 * table["lowpass"]["waveform"]


def test_waveform_distance_hates_a_flip_on_every_note(widget: AudioLosses) -> None:
    for note in widget.fields["note"].options:  # type: ignore[attr-defined]
        table = widget.distances({**widget.state, "note": note})
        assert max(DAMAGES, key=lambda kind: table[kind]["waveform"]) == "phase"
        assert min(DAMAGES, key=lambda kind: table[kind]["weighted"]) == "phase"


def test_words_and_picture(widget: AudioLosses) -> None:
    widget.reset()
    widget.set(ear_phase="same", shift=0.0)
    text = widget.describe(widget.state)
    assert text.startswith("12 String Guitar, pitch 50 damaged in four ways: noise at -30 dB")
    assert "waveform L1, worst first: phase turned 0.2" in text
    assert text.endswith("Your ear: phase turned: same.")
    figure = Figure()
    widget.draw(widget.state, figure)
    widths = [
        [bar.get_width() for bar in ax.patches if isinstance(bar, Rectangle)] for ax in figure.axes
    ]
    assert [len(row) for row in widths] == [4, 4, 4]
    assert [row[3] for row in widths] == [0, 0, 0], "no shift, no distance"
    widget.reset()


def test_sound_is_what_the_view_gets(widget: AudioLosses) -> None:
    stored = widget.data["pcm"]
    assert stored["dtype"] == "int16"
    pcm = np.frombuffer(stored["buffer"], np.int16).reshape(stored["shape"])
    assert pcm.shape == (3, 32_768)
    mine = excerpt(pcm[1] / 32768, count=8192, fade=480)
    state = {**widget.state, "note": widget.fields["note"].options[1], "shift": 0.0}  # type: ignore[attr-defined]
    np.testing.assert_allclose(widget._damaged(state, "shift"), mine, atol=1e-12)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="1 to 4 notes, got 0"):
        AudioLosses(notes=())
    with pytest.raises(ParameterError, match="got 'kazoo'"):
        AudioLosses(notes=("kazoo",))
