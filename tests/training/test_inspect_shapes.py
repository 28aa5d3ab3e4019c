"""Names of small kernels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.training.inspect_shapes import SHAPES, shape_name, shape_parts, shape_shares

ONSET = [[-1, 0, 1]] * 3
LOWER_EDGE = [[-1] * 3, [0] * 3, [1] * 3]
PARTIAL = [[-1] * 3, [2] * 3, [-1] * 3]


@pytest.mark.parametrize(
    ("kernel", "name", "shape"),
    [
        (np.ones((3, 3)), "loud", "brightness"),
        (-np.ones((3, 3)), "quiet", "brightness"),
        (ONSET, "onset", "edge in time"),
        (-np.array(ONSET), "decay", "edge in time"),
        (LOWER_EDGE, "lower edge", "edge in frequency"),
        (PARTIAL, "partial", "line along time"),
        (np.transpose(PARTIAL), "click", "line along frequency"),
        (-np.transpose(PARTIAL), "short gap", "line along frequency"),
        (np.outer([-1, 2, -1], [-1, 0, 1]), "onset of a partial", "end of a line along time"),
        (np.outer([-1, 2, -1], [-1, 2, -1]), "dot", "dot"),
    ],
)
def test_pure_shapes_get_their_names(kernel: object, name: str, shape: str) -> None:
    assert shape_name(kernel) == name
    assert shape_shares(kernel)[shape] == pytest.approx(1)


@given(st.lists(st.floats(-10, 10), min_size=9, max_size=9))
def test_nine_shapes_make_up_any_three_by_three_kernel(values: list[float]) -> None:
    kernel = np.reshape(values, (3, 3))
    parts = shape_parts(kernel)
    assert np.square(parts).sum() == pytest.approx(np.square(kernel).sum(), abs=1e-9)
    basis = np.stack([shape_parts(unit) for unit in np.eye(9).reshape(9, 3, 3)], axis=1)
    np.testing.assert_allclose(basis @ basis.T, np.eye(9), atol=1e-12)
    np.testing.assert_allclose(basis.T @ parts, values, atol=1e-9)


def test_shares_are_those_of_least_squares() -> None:
    kernel = np.random.default_rng(0).normal(size=(5, 7))
    rows, columns = np.linspace(-1, 1, 5), np.linspace(-1, 1, 7)
    design = np.stack(
        [np.outer(rows**i, columns**j).ravel() for i in range(3) for j in range(3)], axis=1
    )
    fit = design @ np.linalg.lstsq(design, kernel.ravel(), rcond=None)[0]
    explained = np.square(fit).sum() / np.square(kernel).sum()
    assert sum(shape_shares(kernel).values()) == pytest.approx(explained)


def test_moving_a_kernel_up_or_turning_time_around_changes_its_sign() -> None:
    kernel = np.array(ONSET) + 0.1
    assert shape_name(kernel[:, ::-1]) == "decay"
    assert shape_name(np.array(LOWER_EDGE)[::-1]) == "upper edge"


def test_small_large_and_empty_kernels() -> None:
    assert shape_name([[2.0]]) == "loud"
    assert shape_shares([[1.0, 3.0]])["edge in time"] == pytest.approx(0.2)
    checks = (-1.0) ** np.add.outer(np.arange(8), np.arange(8))
    assert shape_name(checks) == "fine pattern"
    assert shape_name(torch.from_numpy(checks)) == "fine pattern"
    assert shape_name(np.zeros((3, 3))) == "nothing"
    assert set(shape_shares(np.zeros((3, 3))).values()) == {0.0}
    assert tuple(shape_shares(ONSET)) == SHAPES


@pytest.mark.parametrize("kernel", [[1, 2, 3], np.ones((1, 3, 3)), [[np.nan]], np.ones((0, 3))])
def test_wrong_kernels(kernel: object) -> None:
    with pytest.raises(ParameterError, match="expected a finite kernel with two axes"):
        shape_parts(kernel)
