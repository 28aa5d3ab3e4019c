"""The audition: rules and votes, stored answers and experiment, the kernel's part, the words."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.augment_labels import LABEL_SURVIVAL
from utils.notes.embedded import sounds
from utils.notes.vocabulary import FAMILIES
from utils.training.metrics import accuracy
from utils.widgets.augmentation.answers import (
    CHECKPOINT,
    DOMAINS,
    NOTES,
    answers_sha256,
    ask,
    load_answers,
    pictures_of,
    places,
    unseen_sounds,
    waves_of,
)
from utils.widgets.augmentation.changes import CHANGES
from utils.widgets.augmentation.experiment import (
    ARMS,
    SEEDS,
    difference,
    experiment_sha256,
    load_experiment,
    measured,
)
from utils.widgets.augmentation.verdicts import LABELS, LIMITS, VERDICTS, rules, table_says
from utils.widgets.augmentation.widget import AugmentationAudition
from utils.widgets.compute import Job, Stopped
from utils.zoo.checkpoints import load_checkpoint, stored_sha256


def dataset_id() -> str:
    contents = files("utils.notes").joinpath("data/contents.json").read_text("utf-8")
    return str(json.loads(contents)["dataset_id"])


def job(**state: Any) -> Job:
    return Job({"id": 1, "op": "ask", "payload": {"state": state}}, [], lambda *_, **__: None)


def test_golden_rules(tmp_path: Path) -> None:
    cases = [
        (name, label, amount, domain)
        for name, change in CHANGES.items()
        for label in LABELS
        for amount in change.amounts()
        for domain in DOMAINS
    ]
    neutral = {name: change.neutral for name, change in CHANGES.items()}
    body = """
result = data.cases.map(([name, label, amount, domain]) =>
  tableSays(data.rules[name][label], amount, { neutral: data.neutral[name], domain }));"""
    data = {"cases": cases, "rules": rules(), "neutral": neutral}
    found = run_node(tmp_path, {"labelVotes": "tableSays"}, body, data)
    assert found == [table_says(n, label, a, domain=d) for n, label, a, d in cases]
    assert set(found) == set(VERDICTS)


def test_the_numbers_of_the_rules_are_those_of_the_words() -> None:
    assert set(LIMITS) == set(CHANGES)
    for name, label in [
        ("pitch_shift", "family"),
        ("time_stretch", "family"),
        ("time_stretch", "pitch"),
        ("shelf", "family"),
        ("noise", "family"),
        ("noise", "pitch"),
        ("noise", "velocity"),
        ("time_shift", "family"),
    ]:
        within = LABEL_SURVIVAL[CHANGES[name].operation][label].within  # type: ignore[index]
        numbers = {abs(float(text)) for text in re.findall(r"[\d.]+", within)}
        limits = {abs(v) for v in LIMITS[name][label] if np.isfinite(v)}
        assert limits - {0.0} <= numbers, (name, label)


def test_what_the_table_says() -> None:
    assert table_says("pitch_shift", "pitch", 5) == "changes"
    assert [table_says("pitch_shift", "family", a) for a in (0, 2, 3)] == [
        "survives",
        "survives",
        "lost",
    ]
    assert table_says("gain", "velocity", -12) == "lost"
    assert table_says("gain", "velocity", -12, domain="picture") == "survives"
    assert table_says("attack_gap", "velocity", 0.1) == "lost"


def test_the_answers_are_of_this_code_and_this_network() -> None:
    found = load_answers()
    provenance = found["provenance"]
    assert provenance["code_sha256"] == answers_sha256()
    assert provenance["checkpoint_sha256"] == stored_sha256(CHECKPOINT)
    assert provenance["dataset_id"] == dataset_id()
    assert provenance["practice_notes"] == len(unseen_sounds())
    assert tuple(found["notes"]) == NOTES
    shape = (len(NOTES), 2, len(places()), len(FAMILIES))
    assert found["probabilities"].shape == shape
    assert found["right"].shape == found["mean"].shape == shape[1:3]
    total = found["probabilities"].astype(float).sum(3) / 255
    assert np.abs(total - 1).max() < 0.03


@pytest.mark.parametrize(
    ("change", "amount", "domain"),
    [("noise", -28.0, "sound"), ("pitch_shift", -3.0, "picture"), ("gain", 6.0, "picture")],
)
def test_some_answers_again(change: str, amount: float, domain: str) -> None:
    model, _ = load_checkpoint(CHECKPOINT)
    waves = waves_of(NOTES)
    found = ask(model, waves, pictures_of(waves), change=change, amount=amount, domain=domain)
    place = places().index((change, amount))
    stored = load_answers()["probabilities"][:, DOMAINS.index(domain), place] / 255
    assert np.abs(found - stored).max() < 0.02


def test_gain_changes_no_answer_and_neutral_is_neutral() -> None:
    answers = load_answers()["probabilities"].astype(int)
    gains = [k for k, (name, _) in enumerate(places()) if name == "gain"]
    assert np.ptp(answers[:, :, gains], axis=2).max() <= 1
    still = [k for k, (name, a) in enumerate(places()) if a == CHANGES[name].neutral]
    assert len(still) == len(CHANGES)
    assert np.ptp(answers[:, :, still], axis=2).max() <= 1


def test_of_the_dozen_the_network_knows_ten() -> None:
    family = {sound.note_str: sound.family for sound in sounds()}
    first = places().index(("gain", 0.0))
    best = load_answers()["probabilities"][:, 0, first].argmax(1)
    known = [FAMILIES[k] == family[note] for k, note in zip(best, NOTES, strict=True)]
    assert sum(known) == 10
    assert {family[note] for note in NOTES} == set(FAMILIES)
    assert {sound.split for sound in sounds() if sound.note_str in NOTES} == {"practice"}


def test_the_experiment_is_of_this_code() -> None:
    found = load_experiment()
    assert found["provenance"]["code_sha256"] == experiment_sha256()
    assert found["provenance"]["dataset_id"] == dataset_id()
    pairs = {(run["arm"], run["seed"]) for run in found["runs"]}
    assert pairs == {(arm, seed) for arm in ARMS for seed in SEEDS}
    for name, gain in found["differences"].items():
        means = {
            arm: np.mean([r["scores"][name]["by_group"] for r in found["runs"] if r["arm"] == arm])
            for arm in ARMS
        }
        assert gain["mean"] == pytest.approx(means["augmented"] - means["plain"], abs=2e-4)
        assert gain["low"] <= gain["mean"] <= gain["high"]


def test_what_the_experiment_measures() -> None:
    right = np.array([True, True, True, False, False, True])
    groups = np.array(["a", "a", "a", "a", "b", "b"])
    ones = np.ones(6, dtype=int)
    assert measured(right, groups) == {
        "accuracy": round(accuracy(ones, right.astype(int)), 4),
        "by_group": 0.625,
    }
    gain = difference([right, right], [right, np.ones(6, dtype=bool)], groups)
    assert gain == {"mean": 0.1875, "low": 0.125, "high": 0.25}  # groups: 1/8 and 1/4


def test_the_kernel_asks_a_network_of_the_reader() -> None:
    model = LectureCNN().eval()
    widget = AugmentationAudition(NOTES[:2], model=model, change="gain", note=NOTES[1])
    assert widget.config["options"]["rows"] == [-1, -1]
    assert widget.probabilities(widget.state) is None
    payload, array = widget._ask(job(**widget.state))
    assert payload == {"note": NOTES[1], "change": "gain", "domain": "sound"}
    assert array is not None
    assert array.shape == (len(CHANGES["gain"].amounts()), len(FAMILIES))
    waves = waves_of(NOTES[1:2])
    with torch.no_grad():
        wanted = model(pictures_of(waves)).softmax(1)[0].numpy()
    assert np.abs(array - wanted).max() < 0.01
    stopped = job(**widget.state)
    stopped.stop()
    with pytest.raises(Stopped):
        widget._ask(stopped)


def test_the_kernel_gives_the_stored_answers() -> None:
    widget = AugmentationAudition(change="middle_gap", domain="picture")
    _, array = widget._ask(job(**widget.state))
    assert array is not None
    near = CHANGES["middle_gap"].amounts().index(0.5)
    stored = widget.probabilities(widget.state)
    assert stored is not None
    assert list(stored.values()) == pytest.approx(array[near].tolist(), abs=0.02)


def test_notes_beyond_the_dozen_are_left_to_the_kernel() -> None:
    other = next(s.note_str for s in sounds() if s.note_str not in NOTES)
    widget = AugmentationAudition([NOTES[3], other])
    assert widget.config["options"]["rows"] == [3, -1]


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("change", list(CHANGES))
def test_words_and_picture(change: str, domain: str) -> None:
    widget = AugmentationAudition(change=change, domain=domain)
    text = widget.describe(widget.state)
    assert CHANGES[change].words in text
    assert "The network says" not in text  # not before a vote
    widget.set(votes=[0, 0, 0, 0, 0])
    assert "The network says" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match="expected 2 to 16 notes"):
        AugmentationAudition(NOTES[:1])
    with pytest.raises(ParameterError, match="can be heard"):
        AugmentationAudition(["a", "b"])
    with pytest.raises(ParameterError, match=r"expected a torch\.nn\.Module"):
        AugmentationAudition(model="cnn")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="expected noise"):
        AugmentationAudition(noise=-100.0)
