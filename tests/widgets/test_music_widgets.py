"""Back ends, transposition, timeline: the networks that they ship, their words and pictures."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import AttentionPooling, StatisticsPooling
from utils.models.view_averaging import test_time_average as average_views
from utils.models.view_averaging import time_shifts
from utils.notes.embedded import load_notes
from utils.notes.vocabulary import FAMILIES
from utils.training.metrics import group_balanced_accuracy
from utils.widgets.back_ends import nets, store
from utils.widgets.back_ends.widget import BackEnds, chosen_sounds, mels_of, moments
from utils.widgets.shift_break import store as shift_store
from utils.widgets.shift_break.widget import ShiftBreak
from utils.widgets.timeline.events import EVENTS
from utils.widgets.timeline.widget import Timeline

CHECKED = 160  # practice notes; all of them take a minute


@pytest.fixture(scope="module")
def some_practice() -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    inputs, families, groups = store.practice_notes()
    return inputs[:CHECKED], families[:CHECKED], groups[:CHECKED]


@pytest.mark.parametrize(
    ("path", "sources"),
    [(nets.STORED, store.SOURCES), (shift_store.STORED, shift_store.SOURCES)],
    ids=["back_ends", "shift_break"],
)
def test_what_is_stored_is_not_stale(path: Any, sources: Any) -> None:
    provenance = json.loads(path.read_text(encoding="utf-8"))["provenance"]
    assert provenance["sha256"] == store.source_digest(sources), "run the script again"
    assert provenance["dataset_id"] == load_notes().dataset_id
    assert path.stat().st_size < 300_000


def test_the_two_networks_belong_together() -> None:
    stored = shift_store.load_stored()
    assert stored["provenance"]["back_ends"] == nets.load_stored()["provenance"]["sha256"]


@pytest.mark.full
def test_the_stored_accuracy_is_that_of_the_stored_weights() -> None:
    inputs, families, groups = store.practice_notes()
    front, heads = nets.load_nets()
    maps = store.logits_of(front, inputs)
    for name, facts in nets.load_stored()["measured"].items():
        found = store.score(store.logits_of(heads[name], maps), families, groups)
        assert found == pytest.approx(facts["accuracy"][0], abs=0.01), name
    pair = shift_store.load_pair()
    logits = store.logits_of(pair["1-D"], inputs)
    plain = shift_store.load_stored()["measured"]["1-D"]["accuracy"][12]
    assert store.score(logits, families, groups) == pytest.approx(plain, abs=0.01)


def test_all_networks_know_more_than_chance(some_practice: Any) -> None:
    inputs, families, groups = some_practice
    front, heads = nets.load_nets()
    maps = store.logits_of(front, inputs)
    for name, back in heads.items():
        answers = store.logits_of(back, maps).argmax(1)
        assert group_balanced_accuracy(families, answers, groups) > 0.2, name


def test_packing_keeps_half_precision() -> None:
    model = nets.head("attention", torch.Generator().manual_seed(0))
    again = nets.unpack(nets.head("attention"), json.loads(json.dumps(nets.pack(model))))
    for ours, packed in zip(model.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(packed, ours.half().float())
    assert not any(p.requires_grad for p in again.parameters())


def test_heads_are_those_of_the_lecture() -> None:
    assert isinstance(nets.head("statistics")[0], StatisticsPooling)
    assert isinstance(nets.head("attention")[0], AttentionPooling)
    maps = torch.randn(3, 64, 1, 16, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(nets.head("max")[0](maps), maps.flatten(2).max(2).values)
    with pytest.raises(ParameterError, match="a back end of"):
        nets.head("median")


def test_delays_move_notes_by_whole_frames() -> None:
    x = torch.rand(40, 1, 2, 20, generator=torch.Generator().manual_seed(0)) + 0.1
    y = store.delayed(x, torch.Generator().manual_seed(1))
    seen = set()
    for one, moved in zip(x, y, strict=True):
        by = int((moved[0, 0] == 0).sum())
        seen.add(by)
        torch.testing.assert_close(moved[..., by:], one[..., : 20 - by])
        assert not moved[..., :by].any()
    assert seen == set(range(9))


def test_moments_of_known_back_ends() -> None:
    maps = torch.rand(2, 64, 1, 16, generator=torch.Generator().manual_seed(2))
    assert moments(nets.head("average"), maps) == pytest.approx(1 / 16)
    maps[:, :, :, 5] += 1  # all maxima
    shares = moments(nets.head("max"), maps)
    assert shares[:, 5] == pytest.approx(1)
    assert shares.sum(1) == pytest.approx(1)
    torch.manual_seed(0)
    second = nn.Sequential(nn.Flatten(), nn.Linear(64 * 16, 11))
    assert (moments(second, maps) > 0).all()


def test_what_the_lecture_says_of_back_ends() -> None:
    measured = nets.load_stored()["measured"]
    second = {name: facts["kept"][store.SHIFTS.index(16)] for name, facts in measured.items()}
    assert max(second, key=lambda name: second[name]) == "attention"
    assert second["mlp"] == min(second.values())
    plain = {name: facts["accuracy"][0][0] for name, facts in measured.items()}
    assert min(plain["rnn"], plain["mlp"]) > plain["attention"]
    views = nets.load_stored()["views"]
    assert views[-1][0] > views[0][0]


def test_what_the_lecture_says_of_transposition() -> None:
    measured = shift_store.load_stored()["measured"]
    fifth = shift_store.SEMITONES.index(7)
    for key in ("kept", "alike"):
        assert measured["2-D"][key][fifth] > measured["1-D"][key][fifth]
    for kind, net in shift_store.load_pair().items():
        assert measured[kind]["kept"][12] == measured[kind]["alike"][12] == 1
        assert measured[kind]["parameters"] == sum(p.numel() for p in net.parameters())


def test_first_layers_are_those_of_the_networks() -> None:
    x = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    pair = shift_store.load_pair()
    one = shift_store.first_layer("1-D", pair["1-D"], x)
    two = shift_store.first_layer("2-D", pair["2-D"], x)
    assert one.shape == (2, 32, 1, 61)
    assert two.shape == (2, 16, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            torch.nn.functional.max_pool2d(one, (1, 4)), pair["1-D"].get_submodule("blocks.0")(x)
        )
        torch.testing.assert_close(
            torch.nn.functional.max_pool2d(two, (4, 2)), pair["2-D"].get_submodule("0.0")(x)
        )


def test_back_ends_tell_what_the_networks_say() -> None:
    widget = BackEnds(back_end="mlp", shift=1.0)
    note = chosen_sounds([widget.state["note"]])
    inputs, _ = mels_of(note)
    front, heads = nets.load_nets()
    with torch.no_grad():
        moved = time_shifts([16])[0](inputs)
        probs = heads["mlp"](front(moved)).softmax(1)[0]
    words = widget.describe(widget.state)
    assert f"as {FAMILIES[int(probs.argmax())]} (probability {probs.max():.2f})" in words
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 4


def test_the_goal_of_back_ends_can_be_reached() -> None:
    widget = BackEnds()
    plain, later = widget._probs[:, 0].argmax(2), widget._probs[:, 4].argmax(2)
    assert (plain != later).any()
    assert (plain == later).any()


def test_the_goal_of_transposition_can_be_reached() -> None:
    widget = ShiftBreak()
    truth = [FAMILIES.index(note.family) for note in widget._sounds]
    right = widget._probs.argmax(3) == np.array(truth)
    assert (right[0] != right[1]).sum() > 5
    assert widget.alike("1-D", {**widget.state, "semitones": 0}) == pytest.approx(1)


@pytest.mark.parametrize("semitones", [-12, 0, 7])
def test_words_and_picture_of_a_transposition(semitones: int) -> None:
    widget = ShiftBreak(semitones=semitones)
    words = widget.describe(widget.state)
    assert f"{semitones:+d} semitones" in words
    assert "1-D (19787 parameters)" in words
    assert "2-D (25531 parameters)" in words
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 4


def test_the_timeline_averages_as_the_reference_does() -> None:
    widget = Timeline(views=5)
    note = [sound.note_str for sound in widget._sounds].index(widget.state["note"])
    inputs, _ = mels_of(widget._sounds)
    front, heads = nets.load_nets()
    net = nn.Sequential(front, heads["mlp"])
    expected = average_views(net, inputs, views=time_shifts(store.VIEWS[:5])).exp()[note]
    assert widget.mean(widget.state) == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_goal_of_the_timeline_can_be_reached() -> None:
    assert any(event.name == "AlexNet" for event in EVENTS)
    probs = Timeline()._probs
    means = np.stack([probs[:k].mean(0) for k in range(1, 10)]).argmax(2)
    assert (means[0] != means[1:]).any()


def test_the_timeline_holds_the_facts_of_the_slides() -> None:
    assert [event.layers for event in EVENTS if event.layers] == [8, 8, 19, 22, 152, 152, 152]
    assert [event.year for event in EVENTS] == sorted(event.year for event in EVENTS)
    alex = next(event for event in EVENTS if event.name == "AlexNet")
    for fact in ("60 million", "1.2 million", "15.3 %", "2 048", "a week"):
        assert fact in alex.text


@pytest.mark.parametrize("event", range(len(EVENTS)))
def test_words_of_the_timeline(event: int) -> None:
    widget = Timeline(event=event)
    assert EVENTS[event].text in widget.describe(widget.state)


def test_picture_of_the_timeline() -> None:
    figure = Figure()
    widget = Timeline()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 3


@pytest.mark.parametrize("made", [BackEnds, ShiftBreak, Timeline])
def test_notes_that_cannot_be_heard(made: Any) -> None:
    with pytest.raises(ParameterError, match="can be heard"):
        made(notes=["kazoo"])
    with pytest.raises(ParameterError, match="1 to 6 notes"):
        made(notes=[])
