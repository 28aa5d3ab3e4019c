"""The Python faces of the widgets of lecture 00: state, words, picture, goals."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.envelopes import ADSR
from utils.figures.note_features import attack, fading, feature_table
from utils.notes.audio import read_sound
from utils.notes.embedded import load_notes, load_sound, sounds
from utils.notes.front_end import FRONT_END
from utils.widgets.base import CourseWidget
from utils.widgets.depth_width.widget import DepthWidth
from utils.widgets.neuron.widget import NAMES, Neuron
from utils.widgets.notes_viewer.widget import NotesViewer, note_name, packed_files
from utils.widgets.tiny_mlp.widget import UNITS, TinyMLP


@pytest.mark.parametrize(
    ("widget", "axes", "words"),
    [
        (NotesViewer, 3, "loudest at"),
        (Neuron, 2, "of 50 notes"),
        (TinyMLP, 2, "13 parameters"),
        (DepthWidth, 2, "after 120 steps"),
    ],
)
def test_picture_and_words(widget: type[CourseWidget], axes: int, words: str) -> None:
    one = widget()
    assert words in one.describe(one.state)
    figure = Figure(figsize=(6.4, 3.6))
    one.draw(one.state, figure)
    assert len(figure.axes) == axes
    assert all(ax.lines or ax.images or ax.collections for ax in figure.axes)


def test_the_viewer_begins_with_three_families_and_pitches() -> None:
    viewer = NotesViewer()
    assert viewer.config["fields"]["note_1"]["labels"][0].startswith("bass, ")
    families = [viewer.state[f"note_{i}"].split("_")[0] for i in (1, 2, 3)]
    assert families == ["flute", "guitar", "organ"]
    pitches = {viewer.state[f"note_{i}"].split("-")[1] for i in (1, 2, 3)}
    assert len(pitches) == 3, "the goal must not be reached at the start"


def test_the_goal_of_the_viewer_can_be_reached() -> None:
    pitches = NotesViewer().config["options"]["pitches"]
    assert max(pitches.count(pitch) for pitch in pitches) >= 3


def test_pictures_and_files_belong_together() -> None:
    viewer = NotesViewer()
    names = viewer.config["fields"]["note_1"]["options"]
    data = viewer.data
    starts = np.frombuffer(data["starts"]["buffer"], np.int32)
    assert len(starts) == len(names) + 1
    row = names.index(viewer.state["note_2"])
    file = data["files"]["buffer"][starts[row] : starts[row + 1]]
    samples, rate = read_sound(io.BytesIO(file))
    np.testing.assert_allclose(samples[:60_000], load_sound(names[row])[:60_000], atol=1e-4)
    assert rate == 16_000
    notes = load_notes().notes()
    own = notes.mels_uint8([list(notes.note_strs).index(names[row])])
    assert own.tobytes() == data["mels"]["buffer"][row * 4096 : (row + 1) * 4096]


def test_bytes_of_files() -> None:
    some = sounds()[:3]
    data, starts = packed_files(some)
    assert data[starts[1] : starts[2]].tobytes() == some[1].path.read_bytes()
    assert starts[-1] == len(data)


def test_names_of_notes() -> None:
    by_pitch = {note.pitch: note_name(note) for note in sounds()}
    assert by_pitch[60].endswith(", C4")
    assert by_pitch[69].endswith(", A4")


def mel(levels: list[float]) -> np.ndarray:
    """Return a picture whose single band has these levels (dB) in its first frames."""
    values = np.zeros((FRONT_END.n_mels, FRONT_END.n_frames))
    values[20, : len(levels)] = 1 + np.array(levels) / FRONT_END.dynamic_range
    return values


def test_attack_is_the_time_until_the_loudest_frame() -> None:
    hop = FRONT_END.hop_length / FRONT_END.sample_rate
    assert attack(mel([0, -10, -20])) == pytest.approx(np.log2(hop))
    assert attack(mel([-30, -20, -10, 0, -5])) == pytest.approx(np.log2(4 * hop))


def test_fading_is_the_loss_two_seconds_later() -> None:
    levels = [-5.0, 0.0, *[-1.0] * 31, -23.0, *[-60.0] * 30]
    assert fading(mel(levels)) == pytest.approx(23, abs=0.1)
    assert fading(mel([0.0] * 64)) == pytest.approx(0)


def test_features_are_standardized_and_named() -> None:
    table = feature_table("mallet", "flute")
    np.testing.assert_allclose(table.values.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(table.values.std(axis=0), 1)
    assert [s.family == "flute" for s in table.sounds] == (table.labels == 1).tolist()
    # A flute speaks more slowly than a marimba, and does not fade.
    slow, faded = table.values[table.labels == 1].mean(axis=0)
    assert slow > 0.5
    assert faded < -0.5


def test_the_neuron_can_part_all_notes_but_not_by_one_feature() -> None:
    neuron = Neuron()
    assert neuron.right({**neuron.state, "w1": 5.0, "w2": -4.7, "b": -1.5}) == 50
    from sklearn.linear_model import LogisticRegression

    table = feature_table("mallet", "flute")
    for column in (0, 1):
        one = table.values[:, [column]]
        assert LogisticRegression(C=100).fit(one, table.labels).score(one, table.labels) < 0.9


@pytest.mark.parametrize("activation", list(NAMES))
def test_the_activation_does_not_move_the_line(activation: str) -> None:
    neuron = Neuron(activation=activation)
    assert neuron.right(neuron.state) == Neuron().right(neuron.state)
    neuron.draw(neuron.state, Figure())


def test_four_bends_make_an_adsr() -> None:
    times, levels = (torch.tensor(part) for part in zip(*ADSR, strict=True))
    slopes = levels.diff() / times.diff()
    steps = torch.cat([slopes[:1], slopes.diff()])
    knobs: dict[str, Any] = {}
    for j in range(UNITS):
        knobs |= {f"w{j + 1}": 1.0, f"b{j + 1}": -float(times[j]), f"v{j + 1}": float(steps[j])}
    net = TinyMLP()
    assert net.loss({**net.state, **knobs}) < 1e-10
    assert net.loss(net.state) > 0.01, "the goal must not be reached at the start"


def test_without_activation_the_net_draws_a_line() -> None:
    net = TinyMLP(activation="identity", v1=3.0, b2=1.0, w3=-4.0)
    assert np.abs(np.diff(net.curve(net.state), 2)).max() < 1e-12
    bent = TinyMLP()
    assert np.abs(np.diff(bent.curve(bent.state), 2)).max() > 0.01


def test_fewer_units_leave_the_last_ones_out() -> None:
    net = TinyMLP(hidden=1, v1=2.0)
    np.testing.assert_allclose(net.curve(net.state), 2 * np.linspace(0, 1, 101))


def test_equal_means() -> None:
    widget = DepthWidth(budget=60, depth=3)
    assert widget.sizes(widget.state) == {"wide": [1, 19, 1], "deep": [1, 4, 4, 4, 1]}


def test_training_goes_down() -> None:
    losses = DepthWidth().runs({**DepthWidth().state, "t": 40, "target": "glissando"})
    assert all(run[-1] < run[0] for run, _ in losses.values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NotesViewer(first=("flute", "guitar")), "expected three families of"),
        (lambda: NotesViewer(pitches=(5,)), "pitches with three notes or more"),
        (lambda: Neuron(families=("flute",)), "expected two families"),
        (lambda: feature_table("flute", "flute"), "two different families"),
        (lambda: attack(np.zeros((3, 3))), r"log-mel of shape \(64, 64\)"),
        (lambda: TinyMLP(w1=11.0), "w1 to be a number from -10 to 10"),
        (lambda: DepthWidth(budget=10), "budget to be a number from 30 to 200"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()
