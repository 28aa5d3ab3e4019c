"""From answers to points; labels stay with the parent."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Assignment, Limits, ModelQuestion, TrainingData
from grader.hidden_split import HiddenSplit
from grader.model_tests import ModelTests
from grader.policy.keys import AttemptPolicy
from grader.sandbox.parent import ModelRun
from grader.scoring import Scorer
from tests.grader.test_assignment import TESTS
from tests.submission.stores import small_store
from utils.errors import StoreError
from utils.notes.store import NoteSet
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.credit import Curve

CHANCE = 1 / N_FAMILIES


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> NoteSet:
    return small_store(tmp_path_factory.mktemp("practice") / "s").split("practice")


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return Assignment(
        name="hw9",
        title="Homework 9",
        folder=tmp_path,
        notebook="hw9.ipynb",
        submission=("hw9.ipynb", "model.onnx"),
        training_data=TrainingData("embedded", "general-midi"),
        model_question=ModelQuestion("q2_model", 20, 4),
        credit=Curve([[0.2, 0.0], [0.7, 1.0]]),
        credit_points=16,
        limits=Limits(),
    )


def hidden_split(
    *, notes: int = 880, kind: str = "general-midi", shift: bool = False
) -> HiddenSplit:
    """Return 880 hidden notes of 44 instruments, 4 a family."""
    families = np.arange(notes) % 11
    return HiddenSplit(
        path=Path("hidden"),
        manifest={"hidden_id": "ab" * 32, "kind": kind, "domain_shift": shift},
        mels=np.random.default_rng(1).integers(0, 256, (notes, 64, 64), dtype=np.uint8),
        families=families,
        groups=np.array([f"hidden-{i % 44}" for i in range(notes)]),
        halves=np.where(np.arange(notes) % 44 < 22, "public", "private"),
    )


def run_of(logits: np.ndarray) -> ModelRun:
    return ModelRun(logits.astype("f4"), "f" * 64, (), 1, (), 0.1)


def answers(families: np.ndarray, accuracy: float, seed: int = 0) -> np.ndarray:
    """Return logits that are right for a part of the notes, at random for the others."""
    generator = np.random.default_rng(seed)
    logits = generator.standard_normal((len(families), 11))
    right = generator.random(len(families)) < accuracy
    logits[right, families[right]] += 9
    return logits


@pytest.fixture
def scorer(assignment: Assignment, practice: NoteSet) -> Scorer:
    return Scorer(assignment, hidden_split(), practice, ModelTests(TESTS, assignment))


def test_models_see_hidden_notes_then_practice_notes(scorer: Scorer, practice: NoteSet) -> None:
    assert np.array_equal(scorer.mels[:880], hidden_split().mels)
    assert np.array_equal(scorer.mels[880:], practice.mels_uint8())


def test_points_are_cases_and_curve(scorer: Scorer, practice: NoteSet) -> None:
    hidden, known = answers(hidden_split().families, 0.5), answers(practice.families, 1.0)
    marks = scorer.mark(run_of(np.concatenate([hidden, known])))
    assert marks.score.split == "hidden"
    assert marks.score.value == pytest.approx(0.5 + 0.5 * CHANCE, abs=0.05)
    assert (marks.score.n_notes, marks.score.n_groups) == (880, 44)
    assert marks.practice.split == "practice"
    assert marks.practice.value == 1.0
    assert np.array_equal(marks.practice_confusion, 6 * np.eye(11))
    curve = 16 * (marks.score.value - 0.2) / 0.5
    assert marks.points == pytest.approx(4 + curve, abs=0.01)
    assert [case.points for case in marks.cases] == [1, 3]


def test_a_model_at_chance_gets_what_the_contract_is_worth(
    scorer: Scorer, practice: NoteSet
) -> None:
    nothing = np.random.default_rng(4).standard_normal((880 + len(practice), 11))
    marks = scorer.mark(run_of(nothing))
    assert marks.points == 1.0
    assert [case.passed for case in marks.cases] == [True, False]


def test_rotated_labels_take_every_model_down(assignment: Assignment, practice: NoteSet) -> None:
    right = hidden_split()
    tests = ModelTests(TESTS, assignment)
    rotated = replace(right, families=(right.families + 1) % 11)
    scorers = [Scorer(assignment, split, practice, tests) for split in (right, rotated)]
    for accuracy in (0.2, 0.6, 0.95):
        hidden = answers(right.families, accuracy)
        run = run_of(np.concatenate([hidden, answers(practice.families, accuracy)]))
        upright, turned = (scorer.mark(run).score.value for scorer in scorers)
        assert upright > accuracy - 0.05
        assert turned < CHANCE + 0.03


def test_repeats_depend_on_the_model_alone(scorer: Scorer) -> None:
    one, again, other = (scorer.repeats(model) for model in (b"a", b"a", b"b"))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert len(set(one.tolist())) == 64
    assert one.max() < len(scorer.mels)


def test_notes_of_another_kind(assignment: Assignment, practice: NoteSet) -> None:
    tests = ModelTests(TESTS, assignment)
    with pytest.raises(StoreError, match="expected hidden notes of kind 'general-midi'"):
        Scorer(assignment, hidden_split(kind="nsynth"), practice, tests)
    Scorer(assignment, hidden_split(kind="nsynth", shift=True), practice, tests)


def test_points_may_come_from_the_private_half_alone(
    assignment: Assignment, practice: NoteSet
) -> None:
    split = hidden_split()
    half = split.halves == "private"
    logits = answers(split.families, 0.9)
    logits[~half] = 0  # knows nothing of the public half
    run = run_of(np.concatenate([logits, answers(practice.families, 1.0)]))
    attempts = AttemptPolicy(graded_on="private")
    tests = ModelTests(TESTS, assignment)
    whole = Scorer(assignment, split, practice, tests).mark(run)
    private = Scorer(replace(assignment, attempts=attempts), split, practice, tests).mark(run)
    assert (private.score.n_notes, private.score.n_groups) == (440, 22)
    assert private.score.value > 0.85 > 0.6 > whole.score.value
    assert private.points > whole.points
    assert whole.public_score == private.public_score < 0.15
