"""The credit curve belongs to one hidden split."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Assignment, load_assignment
from grader.cli import main
from grader.hidden_split import HiddenSplit, build_hidden
from grader.policy.binding import (
    LOCK,
    CreditError,
    ReferenceScore,
    bind,
    check_curve,
    demand_bound,
    score_references,
)
from grader.policy.keys import AttemptPolicy
from tests.submission.models import model
from utils.submission.credit import Curve
from utils.submission.score import ModelScore


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hidden")
    build_hidden(["demo"], folder / "a", n_notes=88, progress=False)
    build_hidden(["demo"], folder / "b", n_notes=66, progress=False)
    return folder


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    text = (load_assignment("hw3_nsynth_cnn").folder / "assignment.toml").read_text()
    (tmp_path / "assignment.toml").write_text(text)
    return load_assignment(tmp_path)


def test_another_split_is_refused(assignment: Assignment, hidden: Path) -> None:
    first, second = HiddenSplit.open(hidden / "a"), HiddenSplit.open(hidden / "b")
    demand_bound(assignment, first)  # nothing is bound yet
    bind(assignment, first)
    demand_bound(assignment, first)
    with pytest.raises(
        CreditError, match=rf"set on hidden split {first.id[:12]}, got {second.id[:12]}"
    ):
        demand_bound(assignment, second)


def test_another_curve_or_half_is_refused(assignment: Assignment, hidden: Path) -> None:
    split = HiddenSplit.open(hidden / "a")
    bind(assignment, split)
    easier = replace(assignment, credit=Curve([[0.1, 0.0], [0.5, 1.0]]))
    half = replace(assignment, attempts=AttemptPolicy(graded_on="private"))
    for changed in (easier, half, replace(assignment, credit_points=8.0)):
        with pytest.raises(CreditError, match="was changed after it was bound"):
            demand_bound(changed, split)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "hidden_id": "a", "curve": "b"}'])
def test_a_damaged_lock_is_refused(assignment: Assignment, hidden: Path, text: str) -> None:
    (assignment.folder / LOCK).write_text(text)
    with pytest.raises(CreditError, match=LOCK):
        demand_bound(assignment, HiddenSplit.open(hidden / "a"))


def test_reference_models_are_scored_on_the_notes_that_count(
    assignment: Assignment, hidden: Path
) -> None:
    split = HiddenSplit.open(hidden / "a")
    (whole,) = score_references(assignment, split, {"m": model()})
    private = replace(assignment, attempts=AttemptPolicy(graded_on="private"))
    (half,) = score_references(private, split, {"m": model()})
    assert whole.score.n_notes == 88
    assert half.score.n_notes == int((split.halves == "private").sum())
    assert whole.low <= whole.fraction <= whole.high
    assert whole.fraction == pytest.approx(assignment.credit.fraction(whole.score.value))


def reference(name: str, value: float, spread: float = 0.05) -> ReferenceScore:
    curve = Curve([[0.15, 0.0], [0.40, 0.5], [0.55, 0.8], [0.70, 1.0]])
    score = ModelScore(value, value - spread, value + spread, 800, 66, "hidden", "")
    return ReferenceScore(name, score, *map(curve.fraction, (score.value, score.low, score.high)))


@pytest.mark.parametrize(
    ("references", "words"),
    [
        ([reference("strong", 0.68), reference("weak", 0.45)], []),
        ([reference("strong", 0.60), reference("weak", 0.45)], ["too hard: the best reference"]),
        ([reference("strong", 0.80), reference("weak", 0.72)], ["too easy: even weak"]),
        ([reference("strong", 0.68), reference("weak", 0.62)], ["too flat"]),
        ([reference("strong", 0.68, 0.2), reference("weak", 0.5, 0.2)], ["too few instruments"]),
        ([reference("strong", 0.68)], ["at least two reference models"]),
        ([], ["at least two reference models"]),
    ],
)
def test_what_speaks_against_a_curve(references: list[ReferenceScore], words: list[str]) -> None:
    found = check_curve(references)
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_the_verb_checks_binds_and_rebinds(
    assignment: Assignment, hidden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(model())
    command = ["credit", str(assignment.folder), "--models", str(tmp_path / "m.onnx"), "--hidden"]
    assert main([*command, str(hidden / "a")]) == 3
    assert "is not bound" in capsys.readouterr().out
    assert main([*command, str(hidden / "a"), "--bind"]) == 3
    assert not (assignment.folder / LOCK).exists()
    assert main([*command, str(hidden / "a"), "--bind", "--anyway"]) == 0
    lock = json.loads((assignment.folder / LOCK).read_text())
    assert lock["hidden_id"] == HiddenSplit.open(hidden / "a").id
    assert np.isfinite(lock["references"]["m"])
    assert main([*command, str(hidden / "b"), "--bind", "--anyway"]) == 1
    assert "bound to another hidden split" in capsys.readouterr().err
    assert main([*command, str(hidden / "b"), "--rebind", "--anyway"]) == 0
    demand_bound(assignment, HiddenSplit.open(hidden / "b"))
