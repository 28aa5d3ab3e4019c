"""The front-end explorer: its words and pictures, and both faces against each other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.notes.embedded import load_sound
from utils.notes.front_end import FRONT_END
from utils.notes.mel import log_mel_spectrogram
from utils.widgets.front_end.picture import band_centers, front_end_of, picture_of
from utils.widgets.front_end.widget import NOTES, FrontEndExplorer


@pytest.fixture(scope="module")
def widget() -> FrontEndExplorer:
    return FrontEndExplorer()


def test_the_first_state_is_the_front_end_of_the_course(widget: FrontEndExplorer) -> None:
    assert front_end_of(widget.state).id == FRONT_END.id
    wave = load_sound(NOTES[0])
    expected = log_mel_spectrogram(torch.from_numpy(wave))[0, 0].numpy()
    assert np.abs(picture_of(wave, widget.state) - expected).max() < 2e-3


@pytest.mark.parametrize("scale", ["mel", "linear"])
@pytest.mark.parametrize("level", ["db", "power"])
def test_the_view_computes_the_same(
    tmp_path: Path, widget: FrontEndExplorer, scale: str, level: str
) -> None:
    state = {**widget.state, "scale": scale, "level": level, "bands": "32", "hop": "2000"}
    wave = load_sound(NOTES[1]).astype(np.float64)
    body = """
      const options = data.options, grid = { size: 2048, hop: 2000, samples: 64000 };
      const power = bandPower(data.wave, grid, filterBank(options));
      const picture = Array.from(pictureOf(power, { log: data.log, range: 80 }));
      result = { picture, corners: corners(options) };"""
    names = {"frontEnd": "bandPower, corners, filterBank, pictureOf"}
    options = {"scale": scale, "bands": 32, "low": 20, "high": 8000, "size": 2048, "rate": 16_000}
    data = {"options": options, "log": level == "db", "wave": wave.tolist()}
    got = run_node(tmp_path, names, body, data)
    assert np.allclose(got["corners"], band_centers(state))
    assert np.allclose(got["picture"], picture_of(wave, state).ravel(), atol=1e-6)


def test_loudness_is_gone(widget: FrontEndExplorer) -> None:
    soft = {**widget.state, "gain": -20.0}
    assert widget.describe(soft) == widget.describe(widget.state)
    plain = {**widget.state, "level": "power"}
    assert widget.describe(plain) != widget.describe(widget.state)


def test_words_and_picture(widget: FrontEndExplorer) -> None:
    words = widget.describe({**widget.state, "hop": "500", "bands": "16"})
    assert "128 frames of 16 bands (mel), 2048 numbers for 64000 samples" in words
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2


def test_wrong_notes_are_refused() -> None:
    with pytest.raises(ParameterError, match="can be heard"):
        FrontEndExplorer(notes=["nothing"])


def test_an_unknown_goal_is_refused() -> None:
    assert FrontEndExplorer(goal_by="loudness").config["options"]["goalBy"] == "loudness"
    with pytest.raises(ParameterError, match="goal_by"):
        FrontEndExplorer(goal_by="beauty")
