"""Running a model, and judging its answers."""

import numpy as np
import pytest

from tests.submission.models import GOOD, RUNNING, model
from utils.errors import ParameterError
from utils.submission.codes import Code, Rejection
from utils.submission.inference import (
    BATCH_SIZE,
    Answers,
    check_answers,
    choose_repeats,
    run_model,
)


@pytest.fixture(scope="module")
def notes() -> np.ndarray:
    # not a multiple of the batch size
    return np.random.default_rng(0).random((BATCH_SIZE + 37, 1, 64, 64), np.float32)


@pytest.fixture(scope="module")
def repeats(notes: np.ndarray) -> np.ndarray:
    return choose_repeats(len(notes), np.random.default_rng(1))


@pytest.mark.parametrize("name", RUNNING)
def test_refused_when_it_runs(name: str, notes: np.ndarray, repeats: np.ndarray) -> None:
    content, code = RUNNING[name]
    with pytest.raises(Rejection) as caught:
        check_answers(run_model(content, notes, repeats), repeats)
    assert caught.value.code == code, caught.value.detail
    assert "ONNXRuntimeError" not in caught.value.detail


@pytest.mark.parametrize("name", GOOD)
def test_runs(name: str, notes: np.ndarray, repeats: np.ndarray) -> None:
    check_answers(run_model(GOOD[name], notes, repeats), repeats)


def test_logits_are_those_of_the_model(notes: np.ndarray, repeats: np.ndarray) -> None:
    kernel = np.random.default_rng(5).standard_normal((11, 1, 64, 64)) * 0.05
    expected = notes.reshape(len(notes), -1) @ kernel.astype("f4").reshape(11, -1).T
    answers = run_model(model(), notes, repeats)
    np.testing.assert_allclose(answers.logits, expected, atol=1e-3)
    np.testing.assert_allclose(answers.shuffled, expected[repeats], atol=1e-3)
    np.testing.assert_allclose(answers.single, expected[repeats[:16]], atol=1e-3)


def test_the_notebook_keeps_its_small_numbers(notes: np.ndarray, repeats: np.ndarray) -> None:
    run_model(model(), notes, repeats)
    assert np.full(4, 1e-310).sum() > 0  # 0 where denormal numbers are flushed


def test_nothing_is_printed(
    notes: np.ndarray, repeats: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    run_model(model(), notes, repeats)
    for content, _ in RUNNING.values():
        with pytest.raises(Rejection):
            check_answers(run_model(content, notes, repeats), repeats)
    assert capfd.readouterr() == ("", "")


def test_few_notes(notes: np.ndarray) -> None:
    repeats = choose_repeats(3, np.random.default_rng(0))
    assert sorted(repeats) == [0, 1, 2]
    answers = run_model(model(), notes[:3], repeats)
    assert len(answers.single) == 3
    check_answers(answers, repeats)


def test_it_can_be_stopped_before_each_batch(notes: np.ndarray, repeats: np.ndarray) -> None:
    seen: list[int] = []
    run_model(model(), notes, repeats, before_batch=seen.append)
    assert seen == [0, 64]


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 64, 64), "f4"), np.zeros((2, 1, 64, 64)), np.zeros((2, 1, 32, 32), "f4")]
)
def test_wrong_notes(wrong: np.ndarray) -> None:
    with pytest.raises(ParameterError, match=r"expected float32 \(n, 1, 64, 64\)"):
        run_model(model(), wrong, np.array([0]))


def answers(change: float, *, at: str, scale: float = 10.0) -> tuple[Answers, np.ndarray]:
    """Return answers of which one repeated value is off by a fraction of the largest logit."""
    logits = np.random.default_rng(2).uniform(-scale, scale, (80, 11)).astype("f4")
    repeats = np.arange(79, 15, -1)
    parts = {"shuffled": logits[repeats].copy(), "single": logits[repeats[:16]].copy()}
    parts[at][7, 3] += change * np.abs(logits).max()
    return Answers(logits, parts["shuffled"], parts["single"]), repeats


@pytest.mark.parametrize("at", ["shuffled", "single"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_tolerance(at: str, scale: float) -> None:
    for rounding in (1e-6, -1e-4):
        check_answers(*answers(rounding, at=at, scale=scale))
    # batch norm in train mode moves logits by 3 % and more
    for change in (3e-3, -3e-2, np.nan, np.inf):
        with pytest.raises(Rejection, match="when its batch changes") as caught:
            check_answers(*answers(change, at=at, scale=scale))
        assert caught.value.code == Code.BATCH_DEPENDENT


@pytest.mark.parametrize("at", ["shuffled", "single"])
def test_one_huge_logit_hides_nothing_and_may_be_rounded(at: str) -> None:
    for change, position in ((0.05, 7), (0.05, 3)):
        given, repeats = answers(0, at=at)
        given.logits[repeats[3]] *= 1e5
        again = getattr(given, at)
        again[3] *= 1e5
        given.shuffled[3] = given.single[3] = given.logits[repeats[3]]
        again[position, 2] += change
        if position == 3:  # a millionth of that note's logits
            check_answers(given, repeats)
        else:
            with pytest.raises(Rejection, match="when its batch changes"):
                check_answers(given, repeats)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_bad_logit_is_enough(value: float) -> None:
    good, repeats = answers(0, at="single")
    good.logits[5, 10] = value
    with pytest.raises(Rejection, match="1 of 80 notes") as caught:
        check_answers(good, repeats)
    assert caught.value.code == Code.NONFINITE


def test_all_zeros_are_a_finite_answer() -> None:
    zeros = np.zeros((20, 11), "f4")
    check_answers(Answers(zeros, zeros[:4], zeros[:4]), np.arange(4))
