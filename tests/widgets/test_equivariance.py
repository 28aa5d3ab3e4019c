"""The equivariance widget: its notes really moved, its measure, and its JavaScript."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.mel import log_mel_spectrogram
from utils.training.constant_q import constant_q, constant_q_picture
from utils.training.translation import equivariance_error
from utils.widgets.equivariance.measure import changes, first_layer, rigid_move
from utils.widgets.equivariance.tones import (
    CQ_BINS,
    CQ_LOW,
    EARLIEST,
    LATEST,
    REACH,
    pictures,
    placed,
    waveform,
)
from utils.widgets.equivariance.widget import Equivariance


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return LectureCNN().eval()


@pytest.fixture(scope="module")
def widget(model: nn.Module) -> Equivariance:
    return Equivariance(model)


def _sound(pitch: int, start: int) -> torch.Tensor:
    samples = np.zeros(64_000, dtype=np.float32)
    note = waveform("string", pitch)
    samples[start : start + len(note)] = note
    return torch.from_numpy(samples)


@pytest.mark.parametrize("time", [EARLIEST, -1, 7, LATEST])
def test_a_placed_picture_is_that_of_the_moved_sound(time: int) -> None:
    wave = _sound(62, (8 + time) * 1000)
    both = pictures("string", 60)
    mel = log_mel_spectrogram(wave[None])[0, 0]
    assert torch.allclose(placed(both["mel"][REACH + 2], time), mel, atol=0.003)
    cq = constant_q_picture(constant_q(wave, f_min=CQ_LOW, n_bins=CQ_BINS))
    # Float32: what lies 80 dB below the loudest bin is rounding noise.
    assert torch.allclose(placed(both["constant_q"][REACH + 2], time), cq, atol=0.01)


def test_partials_lie_where_they_should() -> None:
    spectrum = np.abs(np.fft.rfft(waveform("string", 57)[:16_000]))
    for partial in range(1, 8):
        around = spectrum[220 * partial - 60 : 220 * partial + 60]
        assert np.argmax(around) == 60


def test_a_vowel_keeps_its_formants() -> None:
    def loudest(pitch: int) -> int:
        return int(np.argmax(np.abs(np.fft.rfft(waveform("vowel", pitch)[:16_000]))))

    assert abs(loudest(48) - 700) < 80
    assert abs(loudest(52) - 700) < 90


def test_moves_in_time_leave_nothing_over(widget: Equivariance) -> None:
    for axis in ("mel", "constant_q"):
        move = widget.move({**widget.state, "axis": axis, "time": 9, "pitch": 0})
        assert (move.rows, move.error) == (0, 0.0)


def test_the_error_is_that_of_the_reference_for_a_kernel_without_background() -> None:
    """With no bias and the right rows, it is the error of the training package."""
    torch.manual_seed(3)
    conv = nn.Conv2d(1, 1, 3, padding="same", bias=False)
    layers = nn.Sequential(conv, nn.ReLU())
    picture = placed(pictures("string", 60)["mel"][REACH])
    expected = equivariance_error(layers, picture[None, None], "1", (4, 6))
    before = layers(picture[None, None])[0, 0].detach()
    after = layers(torch.nn.functional.pad(picture, (6, 0, 4, 0))[None, None, :64, :64])
    move = rigid_move(before, after[0, 0].detach(), time=6, background=0.0)
    assert move.rows == 4
    assert move.error == pytest.approx(expected, abs=0.02)


def test_pitch_moves_rigidly_on_constant_q_only(widget: Equivariance) -> None:
    state = {**widget.state, "tone": "string", "time": 0}
    for pitch in (-5, 4, 5, 9):
        cq = widget.move({**state, "axis": "constant_q", "pitch": pitch})
        mel = widget.move({**state, "axis": "mel", "pitch": pitch})
        assert cq.rows == pitch
        assert cq.error < 0.2
        assert mel.error > 1.8 * cq.error


def test_a_vowel_moves_less_rigidly_than_a_string(widget: Equivariance) -> None:
    state = {**widget.state, "axis": "constant_q", "pitch": 7}
    assert widget.move({**state, "tone": "vowel"}).error > widget.move(state).error


def test_changes_are_those_of_the_features(model: nn.Module) -> None:
    found = changes(model, "string", 60, "conv1")
    assert found["time"].shape == (4, LATEST - EARLIEST + 1)
    assert found["pitch"].shape == (4, 2 * REACH + 1)
    assert not found["time"][:, -EARLIEST].any()
    mels = pictures("string", 60)["mel"]
    with torch.no_grad():
        first, moved = (model(placed(mels[REACH], time)[None, None])[0] for time in (0, 5))
    wanted = float((moved - first).norm() / first.norm())
    assert found["time"][3, 5 - EARLIEST] == pytest.approx(wanted, rel=1e-4)
    assert (found["time"][2] <= 1.5 * found["time"][1] + 1e-6).all()


def test_own_networks() -> None:
    torch.manual_seed(1)
    own = nn.Sequential(
        nn.Conv2d(1, 4, (5, 3), padding="same"),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d((2, 2)),
        nn.Flatten(),
        nn.Linear(16, 11),
    )
    widget = Equivariance(own, pitch_of_note=72)
    assert first_layer(own).weight.shape == (4, 5, 3)
    assert widget.fields["kernel"].spec()["high"] == 4
    for wrong in (nn.Linear(3, 3), nn.Conv2d(2, 4, 3), nn.Conv2d(1, 4, 2), nn.Conv2d(1, 99, 3)):
        with pytest.raises(ParameterError, match="whose first convolution"):
            Equivariance(nn.Sequential(wrong))
    with pytest.raises(ParameterError, match="pitch from 48 to 84"):
        Equivariance(own, pitch_of_note=20)


def test_words_and_picture(widget: Equivariance) -> None:
    text = widget.describe(widget.state)
    assert "6 frames and 2 semitones, constant-Q" in text
    assert "follows by 2 rows" in text
    widget.draw(widget.state, Figure())


def test_a_silent_kernel_is_told() -> None:
    silent = nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.Flatten(), nn.Linear(8192, 11))
    with torch.no_grad():
        silent[0].weight.fill_(-1.0)
        silent[0].bias.zero_()
    widget = Equivariance(silent)
    assert "does not respond" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())


def test_golden_sounds(tmp_path: Path) -> None:
    body = "result = data.map(([tone, pitch]) => Array.from(noteSound(tone, pitch, 16000)));"
    notes = [("string", 48), ("vowel", 67), ("string", 96)]
    for ours, note in zip(
        run_node(tmp_path, {"movedNote": "noteSound"}, body, notes), notes, strict=True
    ):
        assert np.allclose(ours, waveform(*note), atol=1e-9)


def test_golden_moves(tmp_path: Path, widget: Equivariance) -> None:
    golden = []
    for axis, tone, time, pitch, kernel in [
        ("mel", "string", 3, 5, 3),
        ("constant_q", "vowel", -4, -7, 6),
        ("mel", "vowel", 0, 12, 10),
        ("constant_q", "string", 9, 0, 16),
    ]:
        state = {"axis": axis, "tone": tone, "time": time, "pitch": pitch, "kernel": kernel}
        kept = pictures(tone, 60)[axis]
        move, (before, after) = widget.move(state), widget.maps(state)
        golden.append(
            {
                "kept": [kept[REACH].tolist(), kept[REACH + pitch].tolist()],
                "weight": widget.layer.weight[kernel - 1].ravel().tolist(),
                "bias": float(widget.layer.bias[kernel - 1]),
                "time": time,
                "maps": [before.ravel().tolist(), after.ravel().tolist()],
                "rows": move.rows,
                "error": min(move.error, 1e9),
                "moved": move.moved.ravel().tolist(),
            }
        )
    body = """
result = data.map((g) => {
  const maps = g.kept.map((kept, i) => featureMap(
    placeNote({ values: kept.flat(), rows: kept.length, cols: 37 }, 64, 5 + i * g.time),
    { weight: g.weight, rows: 3, cols: 3, bias: g.bias }));
  const move = rigidMove(maps[0], maps[1], g.time, Math.max(0, g.bias));
  return { maps: maps.map((m) => Array.from(m.values)), rows: move.rows,
    error: Math.min(1e9, move.error), moved: Array.from(move.moved) };
});"""
    made = run_node(tmp_path, {"movedNote": "featureMap, placeNote, rigidMove"}, body, golden)
    for ours, g in zip(made, golden, strict=True):
        assert ours["rows"] == g["rows"]
        assert ours["error"] == pytest.approx(g["error"], abs=1e-4)
        assert np.allclose(ours["maps"], g["maps"], atol=1e-5)
        assert np.allclose(ours["moved"], g["moved"], atol=1e-5)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="a tone of string, vowel"):
        waveform("bell", 60)
    with pytest.raises(ParameterError, match="a time from"):
        placed(pictures("string", 60)["mel"], LATEST + 1)


def test_the_goal_can_be_reached_with_the_network_that_ships() -> None:
    widget = Equivariance(pitch=7)
    assert widget.move(widget.state).error < 0.1
    assert widget.move({**widget.state, "axis": "mel"}).error > 0.3
    time = widget.changes["string"]["time"]
    # Flattened maps change more and more; their maxima stay near where they were.
    assert time[1, -1] > 3 * time[2, -1]


def test_a_move_must_keep_half_of_the_map() -> None:
    """A scrap that fits by chance is no match of the whole."""
    before, after = torch.zeros(40, 64), torch.zeros(40, 64)
    before[38, :], before[0, :], after[5, :] = 1.0, 0.1, 0.1
    assert rigid_move(before, after, time=0, background=0.0).rows != 5
