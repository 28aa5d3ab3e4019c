"""The score: every instrument counts the same."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from utils.errors import ParameterError
from utils.submission.score import score_details, score_logits


def logits_for(predictions: list[int]) -> np.ndarray:
    """Return logits whose largest one is that of the prediction."""
    logits = np.random.default_rng(0).uniform(-1, 1, (len(predictions), 11))
    logits[np.arange(len(predictions)), predictions] = 3
    return logits


def test_mean_over_instruments_not_over_notes() -> None:
    # instrument a: 4 of 4 right; b: 0 of 1; c: 1 of 2
    families, groups = [0, 0, 0, 0, 1, 2, 2], list("aaaabcc")
    score = score_logits(logits_for([0, 0, 0, 0, 0, 2, 1]), families, groups, split="practice")
    assert score.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert (score.n_notes, score.n_groups, score.split, score.front_end) == (7, 3, "practice", "")
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_equal_answers_get_equal_intervals() -> None:
    generator = np.random.default_rng(1)
    families, groups = generator.integers(0, 11, 300), generator.integers(0, 30, 300)
    logits = generator.standard_normal((300, 11))
    one, two = (score_logits(logits, families, groups, split="hidden") for _ in range(2))
    assert one == two
    other = score_logits(logits, families, groups, split="hidden", seed=1)
    assert (other.low, other.high) != (one.low, one.high)


def test_it_reads_well_and_stays() -> None:
    score = score_logits(logits_for([0, 1]), [0, 1], ["a", "b"], split="hidden", front_end="f")
    assert str(score) == (
        "hidden score 100.0% (95 % interval 100.0% to 100.0%; 2 notes of 2 instruments)"
    )
    with pytest.raises(FrozenInstanceError):
        score.value = 1.0  # type: ignore[misc]


def test_confusion_and_recall() -> None:
    details = score_details(logits_for([0, 1, 1]), np.array([0, 0, 1]))
    assert details.confusion[0, :2].tolist() == [1, 1]
    assert details.recall[:2].tolist() == [0.5, 1.0]
    assert np.isnan(details.recall[2:]).all()


@pytest.mark.parametrize(
    ("logits", "match"),
    [
        (np.zeros((2, 10)), r"shape \(n, 11\), got \(2, 10\)"),
        (np.zeros(11), "shape"),
        (np.full((2, 11), np.nan), "finite"),
        (np.zeros((3, 11)), "expected 3 families"),
    ],
)
def test_wrong_answers(logits: np.ndarray, match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        score_logits(logits, [0, 1], ["a", "b"], split="hidden")
