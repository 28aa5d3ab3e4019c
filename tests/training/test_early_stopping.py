"""When to stop, by hand-counted sequences."""

import math

import pytest

from utils.errors import ParameterError
from utils.training.early_stopping import EarlyStopping


def stops_at(stopping, values):
    """Return the number of the step that says stop, or None."""
    return next((n for n, value in enumerate(values, 1) if stopping.step(value)), None)


@pytest.mark.parametrize(
    ("patience", "values", "expected"),
    [
        (1, [3, 2, 2.5, 1], 3),
        (2, [3, 2, 2.5, 1.9, 2, 2.1], 6),  # an improvement sets the count back
        (3, [3, 2, 2.5, 2.4, 2.3], 5),
        (3, [3, 2, 1, 0.5], None),
        (2, [1, 1, 1], 3),  # equal is no improvement
    ],
)
def test_patience_counts_epochs_in_a_row(patience, values, expected):
    assert stops_at(EarlyStopping(patience), values) == expected


def test_mode_max_watches_an_accuracy():
    stopping = EarlyStopping(2, mode="max")
    assert stops_at(stopping, [0.2, 0.5, 0.4, 0.45]) == 4
    assert (stopping.best, stopping.best_step, stopping.waited) == (0.5, 2, 2)


def test_min_delta_asks_for_more():
    assert stops_at(EarlyStopping(2, min_delta=0.1), [1.0, 0.95, 0.91]) == 3
    assert stops_at(EarlyStopping(2, min_delta=0.01), [1.0, 0.95, 0.91]) is None


def test_nan_never_improves():
    stopping = EarlyStopping(2)
    assert stops_at(stopping, [math.nan, 1.0, math.nan, math.nan]) == 4
    assert (stopping.best, stopping.best_step) == (1.0, 2)


@pytest.mark.parametrize("patience", [0, -1, 1.5, None])
def test_refuses_other_patience(patience):
    with pytest.raises(ParameterError, match="patience to be an int >= 1, got"):
        EarlyStopping(patience)


@pytest.mark.parametrize("min_delta", [-0.1, math.nan, math.inf])
def test_refuses_other_min_delta(min_delta):
    with pytest.raises(ParameterError, match="min_delta to be a number >= 0, got"):
        EarlyStopping(1, min_delta=min_delta)


def test_refuses_other_mode():
    with pytest.raises(ParameterError, match='mode to be "min" or "max", got \'loss\''):
        EarlyStopping(1, mode="loss")
