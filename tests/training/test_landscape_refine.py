"""Grids from coarse to fine, on functions whose heights are known."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

import utils.training.landscape_refine as refine
from utils.errors import ParameterError
from utils.training.landscape_refine import Landscape, axis, levels, refine_surface


def tilted(a: float, b: float) -> float:
    """Not symmetric in anything."""
    return a**2 + 3 * b**2 + 0.5 * a * b + 0.3 * b


class Counted:
    """A function that remembers where it was called."""

    def __init__(self, function=tilted):
        self.function = function
        self.points = []

    def __call__(self, a, b):
        self.points.append((a, b))
        return self.function(a, b)


def surfaces(height=tilted, **options):
    return list(refine_surface(height, **({"progress": False} | options)))


@pytest.mark.parametrize(
    ("resolution", "sizes"),
    [(3, [3]), (5, [5]), (9, [5, 9]), (17, [5, 9, 17]), (33, [5, 9, 17, 33]), (21, [5, 7, 11, 21])],
)
def test_levels_double(resolution, sizes):
    assert [len(level) for level in levels(resolution)] == sizes


@pytest.mark.parametrize("resolution", [3, 5, 7, 17, 19, 51])
def test_levels_are_nested_symmetric_and_have_middle_and_ends(resolution):
    found = levels(resolution)
    assert found[-1].tolist() == list(range(resolution))
    for level in found:
        assert {0, resolution // 2, resolution - 1} <= set(level)
        assert (resolution - 1 - level[::-1] == level).all()
    for coarse, fine in itertools.pairwise(found):
        assert set(coarse) < set(fine)


def test_the_end_is_the_whole_grid_with_rows_along_the_second_direction():
    last = surfaces(span=((-1, 3), (0, 0.5)), resolution=9)[-1]
    assert last.complete
    assert last.first == pytest.approx(np.linspace(-1, 3, 9))
    assert last.second == pytest.approx(np.linspace(0, 0.5, 9))
    a, b = np.meshgrid(np.linspace(-1, 3, 9), np.linspace(0, 0.5, 9))
    np.testing.assert_allclose(last.values, tilted(a, b))


def test_no_point_is_computed_twice_and_the_middle_comes_first():
    height = Counted()
    found = surfaces(height, resolution=17, span=2)
    assert [int(f.computed.sum()) for f in found] == [25, 81, 289]
    assert len(height.points) == len(set(height.points)) == 289
    assert height.points[0] == (0, 0)
    radius = [math.hypot(*p) for p in height.points]
    assert radius[:25] == sorted(radius[:25])
    assert radius[25:81] == sorted(radius[25:81])


def test_the_iterator_computes_no_further_than_asked():
    height = Counted()
    steps = refine_surface(height, resolution=17, progress=False)
    assert height.points == []
    first = next(steps)
    assert len(height.points) == 25
    before = first.values.copy()
    next(steps)
    assert np.array_equal(first.values, before), "a landscape given away must not change"
    assert first.computed.sum() == 25


@pytest.mark.parametrize("resolution", [17, 21])
def test_what_is_missing_is_interpolated_between_what_is_there(resolution):
    for found in surfaces(resolution=resolution, span=((-1, 1), (0, 5)))[:-1]:
        level = np.flatnonzero(found.computed[0])
        grid = (found.second[level], found.first[level])
        coarse = found.values[np.ix_(level, level)]
        b, a = np.meshgrid(found.second, found.first, indexing="ij")
        expected = RegularGridInterpolator(grid, coarse)((b, a))
        np.testing.assert_allclose(found.values, expected, atol=1e-12)
        np.testing.assert_allclose(found.values[found.computed], tilted(a, b)[found.computed])


def test_interpolation_of_a_plane_is_exact():
    first = surfaces(lambda a, b: 2 * a - b + 1, resolution=17)[0]
    a, b = np.meshgrid(first.first, first.second)
    np.testing.assert_allclose(first.values, 2 * a - b + 1, atol=1e-12)


@pytest.fixture
def clock(monkeypatch):
    """Make every point take one second."""
    now = [0.0]
    monkeypatch.setattr(refine, "monotonic", lambda: now[0])

    def height(a, b):
        now[0] += 1
        return tilted(a, b)

    return height


def test_a_budget_ends_within_a_level(clock):
    found = surfaces(clock, resolution=17, budget_seconds=40)
    assert [int(f.computed.sum()) for f in found] == [25, 40]
    coarse, last = found
    assert not last.complete
    a, b = np.meshgrid(last.first, last.second)
    np.testing.assert_allclose(last.values[last.computed], tilted(a, b)[last.computed])
    assert np.array_equal(last.values[~last.computed], coarse.values[~last.computed])
    assert not np.array_equal(last.values, coarse.values)
    assert (last.computed & coarse.computed).sum() == 25


def test_the_coarsest_level_is_finished_whatever_the_budget(clock):
    assert [int(f.computed.sum()) for f in surfaces(clock, budget_seconds=0)] == [25]
    assert surfaces(clock, budget_seconds=1000)[-1].complete


def test_progress_is_told():
    told = []
    surfaces(resolution=5, progress=lambda done, total: told.append((done, total)))
    assert told == [(i + 1, 25) for i in range(25)]


def test_a_bar_is_shown_only_if_wanted(capsys):
    surfaces(resolution=3, progress=False)
    assert capsys.readouterr().err == ""
    surfaces(resolution=3, progress=True)
    assert "9/9" in capsys.readouterr().err


def test_heights_that_are_not_finite_stay_and_become_none_in_json():
    def cliff(a, b):
        return math.inf if a > 0.9 else math.nan if b < -0.9 else 1.5

    last = surfaces(cliff, resolution=3)[-1]
    assert last.complete
    assert np.isinf(last.values[:, 2]).all()
    document = json.loads(json.dumps(last.to_dict(), allow_nan=False))
    assert document["values"] == [[None, None, None], [1.5, 1.5, None], [1.5, 1.5, None]]


def test_json_and_back():
    found = surfaces(resolution=9, span=((0, 1), (2, 5)))[0]
    again = Landscape.from_dict(json.loads(json.dumps(found.to_dict())))
    for name in ("first", "second", "values", "computed"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
        assert getattr(again, name).dtype == getattr(found, name).dtype
    assert math.isnan(
        Landscape.from_dict(
            {"first": [0], "second": [0], "values": [[None]], "computed": [[True]]}
        ).values[0, 0]
    )
    with pytest.raises(ParameterError, match=r"values of shape \(9, 8\), got \(9, 9\)"):
        Landscape.from_dict(found.to_dict() | {"first": [0] * 8})
    with pytest.raises(ParameterError, match=r"computed of shape \(9, 9\), got \(1, 1\)"):
        Landscape.from_dict(found.to_dict() | {"computed": [[True]]})


def test_the_axis_has_exactly_zero_in_the_middle():
    for resolution in (3, 21, 51):
        values = axis(0.7, resolution)
        assert values[resolution // 2] == 0
        np.testing.assert_allclose(values, np.linspace(-0.7, 0.7, resolution), atol=1e-15)
    assert axis((0, 1), 5).tolist() == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resolution": 16}, "odd number ≥ 3, got 16"),
        ({"resolution": 1}, "odd number ≥ 3, got 1"),
        ({"resolution": 5.0}, "odd number ≥ 3, got 5.0"),
        ({"span": 0}, "from low to high, got 0 to 0"),
        ({"span": math.inf}, "finite span"),
        ({"span": ((1, 0), (0, 1))}, "got 1 to 0"),
        ({"span": ((0, 1), (0, math.nan))}, "got 0 to nan"),
        ({"budget_seconds": -1}, "budget_seconds ≥ 0, got -1"),
    ],
)
def test_wrong_options_are_refused_at_once(options, words):
    with pytest.raises(ParameterError, match=words):
        refine_surface(tilted, **options)
