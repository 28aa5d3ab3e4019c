"""The note browser: what it finds, what it hands over, and any data set in NSynth's format."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.io import wavfile
from torch import nn

from utils.errors import ParameterError
from utils.notes.embedded import load_notes, load_sound
from utils.notes.nsynth import iter_notes
from utils.notes.store import build_store
from utils.notes.vocabulary import FAMILIES
from utils.widgets.compute import Job
from utils.widgets.confusion.widget import Confusion
from utils.widgets.note_browser.collection import collect
from utils.widgets.note_browser.widget import NoteBrowser

RECORDS = Path(__file__).parents[1] / "notes" / "data" / "nsynth_records.json"


@pytest.fixture(scope="module")
def widget() -> NoteBrowser:
    return NoteBrowser()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Genuine records of NSynth, with sounds of our own."""
    place = tmp_path_factory.mktemp("nsynth")
    records = json.loads(RECORDS.read_text())
    (place / "audio").mkdir()
    (place / "examples.json").write_text(json.dumps(records))
    for k, name in enumerate(records):
        tone = 0.3 * np.sin(2 * np.pi * (200 + 50 * k) * np.arange(64_000) / 16_000)
        wavfile.write(place / "audio" / f"{name}.wav", 16_000, (tone * 32767).astype(np.int16))
    return place


def ask(widget: NoteBrowser, row: int) -> tuple[dict[str, Any], Any]:
    return widget._note(Job({"id": 1, "op": "note", "payload": {"row": row}}, [], lambda *_: None))


def test_all_notes_are_there(widget: NoteBrowser) -> None:
    found = [
        len(widget.rows({"family": family, "pitch": pitch, "velocity": "any"}))
        for family in FAMILIES
        for pitch in range(24, 97)
    ]
    assert sum(found) == len(load_notes())
    state = {**widget.state, "velocity": "25"}
    rows = widget.rows(state)
    assert all(widget._all.velocity[row] == 25 for row in rows)
    assert all(widget._all.pitch[row] == state["pitch"] for row in rows)


def test_some_sounds_travel(widget: NoteBrowser) -> None:
    rows = np.frombuffer(widget.data["rows"]["buffer"], np.int32)
    assert len(rows) == 66
    families = [FAMILIES[widget._all.family[row]] for row in rows]
    assert all(families.count(name) == 6 for name in FAMILIES)
    # The goal needs one pitch in four families, and a page without a kernel must reach it.
    pitches = widget._all.pitch[rows].tolist()
    assert max(pitches.count(pitch) for pitch in pitches) >= 4
    assert widget.rows(widget.state)[0] in rows


def test_the_kernel_hands_over_any_note(widget: NoteBrowser) -> None:
    heard, silent = next(iter(widget._all.heard)), 0
    while silent in widget._all.heard:
        silent += 1
    payload, sound = ask(widget, heard)
    assert len(payload["mel"]) == 4096
    assert sound is not None
    assert np.abs(sound / 32767 - load_sound(widget._all.names[heard])).max() < 1e-3
    payload, sound = ask(widget, silent)
    assert payload["row"] == silent
    assert sound is None
    assert payload["mel"] == load_notes().notes().mels_uint8([silent]).ravel().tolist()


def test_a_folder_of_nsynth(folder: Path) -> None:
    records = json.loads(RECORDS.read_text())
    found = collect(folder=folder)
    assert found.names == list(records)
    for row, expected in enumerate(records.values()):
        record = found.record(row)
        assert record == {key: expected[key] for key in record}
    widget = NoteBrowser(folder=folder)
    payload, sound = ask(widget, 3)
    assert sound is not None
    assert max(payload["mel"]) == 255
    assert "No note" in widget.describe({**widget.state, "family": "vocal", "velocity": "50"})


def test_a_store_of_nsynth(folder: Path, tmp_path: Path) -> None:
    notes = list(iter_notes(folder))
    store = build_store(
        notes,
        tmp_path / "store",
        name="some of NSynth",
        kind="nsynth",
        licence="CC BY 4.0",
        provenance={},
        workers=1,
        progress=False,
    )
    widget = NoteBrowser(notes=store, folder=folder)
    row = widget.rows(widget.state)[0]
    payload, sound = ask(widget, row)
    assert payload["mel"] == store.mels[row].ravel().tolist()
    assert sound is not None
    assert "instrument: -1" in widget.describe(widget.state)
    answers = Confusion(model=Head(), notes=store.notes(), each=1)
    assert f"{len(notes)} notes" in answers.describe(answers.state)


class Head(nn.Module):
    """A model that looks at some cells."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0, 5:16, 10]


def test_a_note_without_sound_and_picture_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "examples.json").write_text((folder / "examples.json").read_text())
    with pytest.raises(ParameterError, match="expected a sound of"):
        NoteBrowser(folder=tmp_path)._all.mel(0)


def test_words_and_picture(widget: NoteBrowser) -> None:
    assert "5131 notes" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    widget.draw({**widget.state, "family": "keyboard", "pitch": 25}, figure)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match="travelling"):
        NoteBrowser(travelling=-1)
    with pytest.raises(ParameterError, match="at least one note"):
        NoteBrowser(notes=load_notes().split("train").subset([]))
