"""From score to points: no step, no fall, nothing too steep."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.submission.credit import MAX_SLOPE, Curve, credit, curve_from_table, read_credit

CURVE = Curve([[0.15, 0.0], [0.30, 0.5], [0.45, 0.85], [0.60, 1.0]])


@pytest.mark.parametrize(
    ("score", "points"),
    [(0.0, 0), (0.15, 0), (0.225, 4), (0.30, 8), (0.45, 13.6), (0.525, 14.8), (0.6, 16), (1, 16)],
)
def test_credit_follows_the_corners(score: float, points: float) -> None:
    assert credit(score, CURVE, 16) == pytest.approx(points)


@given(st.floats(0, 0.99))
def test_one_accuracy_point_is_worth_at_most_five_percent(score: float) -> None:
    gain = credit(score + 0.01, CURVE, 100) - credit(score, CURVE, 100)
    assert 0 <= gain <= 5 + 1e-9


def test_the_steepest_allowed_curve() -> None:
    steepest = Curve([[0.5, 0.0], [0.7, 1.0]])
    assert steepest.fraction(0.6) == pytest.approx(0.5)
    assert pytest.approx(MAX_SLOPE) == 1 / 0.2


@pytest.mark.parametrize(
    ("corners", "match"),
    [
        ([[0.5, 1.0]], "at least two corners, got 1"),
        ([[0.5, 0.0], [0.69, 1.0]], "at most 5 % of the points per accuracy point, got 5.3 %"),
        ([[0.2, 0.0], [0.2, 0.5], [0.9, 1.0]], "strictly rising scores"),
        ([[0.9, 0.0], [0.2, 1.0]], "strictly rising scores"),
        ([[0.1, 0.5], [0.5, 0.2], [0.9, 1.0]], "fractions that never fall"),
        ([[0.1, 0.0], [0.9, 0.9]], "last fraction to be 1, got 0.9"),
        ([[0.1, -0.1], [0.9, 1.0]], "every fraction in"),
        ([[10, 0.0], [90, 1.0]], "every score in"),
        ([[float("nan"), 0.0], [0.9, 1.0]], "every score in"),
        ([[0.1], [0.9]], "a list of pairs"),
        ("curve", "a list of pairs"),
        (None, "a list of pairs"),
    ],
)
def test_no_other_curve_is_taken(corners: object, match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        Curve(corners)  # type: ignore[arg-type]


@pytest.mark.parametrize("score", [-0.01, 1.01, 54.3, float("nan")])
def test_a_score_is_a_fraction(score: float) -> None:
    with pytest.raises(ParameterError, match=r"expected a score in \[0, 1\]"):
        credit(score, CURVE, 16)


def test_curves_are_values() -> None:
    assert Curve([[0.2, 0], [0.8, 1]]) == Curve(((0.2, 0.0), (0.8, 1.0)))
    assert len({Curve([[0.2, 0], [0.8, 1]]), Curve([[0.2, 0], [0.8, 1]])}) == 1


def test_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text('name = "x"\n[credit]\npoints = 16\ncurve = [[0.2, 0.0], [0.8, 1.0]]\n')
    assert read_credit(path) == (Curve([[0.2, 0.0], [0.8, 1.0]]), 16.0)
    path.write_text('name = "x"\n')
    with pytest.raises(ParameterError, match=r"expected a section \[credit\]"):
        read_credit(path)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"curve": [[0, 0], [1, 1]]}, r"got \['curve'\]"),
        ({"curve": [[0, 0], [1, 1]], "points": 1, "bonus": 2}, "bonus"),
        ({"curve": [[0, 0], [1, 1]], "points": "many"}, "points: expected a number"),
        ({"curve": [[0, 0], [1, 1]], "points": True}, "points: expected a number"),
        ({"curve": [[0, 0], [1, 1]], "points": -1}, "points: expected a number"),
        ({"curve": [[0, 0], [0.1, 1]], "points": 1}, r"\[credit\] curve: expected at most"),
    ],
)
def test_a_wrong_section(table: dict, match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        curve_from_table(table)
