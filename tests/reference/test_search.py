"""Random and evolutionary search: budgets, boxes, bookkeeping, and that selection helps."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import close
from utils.errors import ParameterError
from utils.reference.search import evolution_search, random_search

LOW, HIGH = torch.tensor([-4.0, 0.0]).double(), torch.tensor([4.0, 2.0]).double()
SEARCHES = (random_search, evolution_search)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def bowl(point):
    return ((point - torch.tensor([1.0, 1.5])) ** 2).sum()


@pytest.mark.parametrize("search", SEARCHES)
@given(budget=st.integers(1, 70), seed=st.integers(0, 5))
def test_the_budget_is_kept_and_every_call_is_recorded(search, budget, seed):
    calls = []

    def counted(point):
        calls.append(point.clone())
        return bowl(point)

    result = search(counted, LOW, HIGH, budget=budget, generator=seeded(seed))
    assert len(calls) == budget == result.n_evaluations
    close(result.points, torch.stack(calls))
    close(result.values, torch.stack([bowl(point) for point in calls]))
    assert ((result.points >= LOW) & (result.points <= HIGH)).all()
    assert result.best_value == result.values.min()
    assert bowl(result.best_point) == result.best_value
    assert (result.best_so_far.diff() <= 0).all()
    assert result.best_so_far[-1] == result.best_value
    assert result.best_so_far[0] == result.values[0]


@pytest.mark.parametrize("search", SEARCHES)
def test_generators_decide(search):
    first, again, other = (
        search(bowl, LOW, HIGH, budget=50, generator=seeded(s)).points for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_points_fill_the_box():
    points = random_search(bowl, LOW, HIGH, budget=2000, generator=seeded()).points
    close(points.mean(0), (LOW + HIGH) / 2, tolerance=0.2)
    close(points.std(0), (HIGH - LOW) / math.sqrt(12), tolerance=0.1)
    # Two coordinates are drawn on their own.
    assert abs(torch.corrcoef(points.T)[0, 1]) < 0.05


def test_selection_beats_chance():
    def worst(search):
        return max(
            search(bowl, LOW, HIGH, budget=300, generator=seeded(s)).best_value for s in range(8)
        )

    assert worst(evolution_search) < 0.005
    assert worst(random_search) > 0.02


def test_mutations_shrink_from_generation_to_generation():
    options = {"budget": 400, "population": 100, "parents": 1, "generator": seeded()}
    result = evolution_search(lambda p: 0.0, LOW, HIGH, mutation=0.02, decay=0.5, **options)
    generations = result.points.reshape(4, 100, 2)
    widths = [generation.std(0) / (HIGH - LOW) for generation in generations]
    assert (widths[0] > 0.25).all()  # the whole box
    for width, expected in zip(widths[1:], (0.02, 0.01, 0.005), strict=True):
        torch.testing.assert_close(width, torch.full((2,), expected).double(), rtol=0.25, atol=0)


def test_children_mix_the_coordinates_of_their_parents():
    # Only two points of the first generation are good; later ones lie on the corners of the
    # rectangle that they span.
    result = evolution_search(
        bowl, LOW, HIGH, budget=200, population=100, parents=2, mutation=1e-9, generator=seeded(3)
    )
    first, children = result.points[:100], result.points[100:]
    parents = first[result.values[:100].argsort()[:2]]
    found = {
        tuple(int((child[k] - parents[1, k]).abs() < 1e-6) for k in (0, 1)) for child in children
    }
    assert found == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("search", SEARCHES)
def test_nan_is_worse_than_anything(search):
    def half_broken(point):
        return torch.tensor(math.nan) if point[0] > 0 else bowl(point)

    result = search(half_broken, LOW, HIGH, budget=60, generator=seeded())
    assert math.isfinite(result.best_value)
    assert result.best_point[0] <= 0
    assert half_broken(result.best_point) == result.best_value


@pytest.mark.parametrize("search", SEARCHES)
def test_numbers_are_values_too(search):
    result = search(lambda p: float(p[0]), LOW, HIGH, budget=30, generator=seeded())
    assert result.best_value == result.points[:, 0].min()


@pytest.mark.parametrize("search", SEARCHES)
def test_bad_arguments(search):
    with pytest.raises(ParameterError, match="expected budget ≥ 1, got 0"):
        search(bowl, LOW, HIGH, budget=0)
    with pytest.raises(ParameterError, match=r"expected low < high of shape \(d,\), got \[4.0"):
        search(bowl, HIGH, LOW, budget=5)
    with pytest.raises(ParameterError, match="expected low < high"):
        search(bowl, LOW[0], HIGH[0], budget=5)
    with pytest.raises(ParameterError, match="expected low and high of the same shape"):
        search(bowl, LOW, HIGH[:1], budget=5)
    with pytest.raises(ParameterError, match=r"returns a scalar, got shape=\(2,\)"):
        search(lambda p: p, LOW, HIGH, budget=5)


def test_bad_evolution():
    with pytest.raises(ParameterError, match="expected 1 ≤ parents ≤ population, got 30 and 20"):
        evolution_search(bowl, LOW, HIGH, budget=5, parents=30)
    with pytest.raises(ParameterError, match="expected 1 ≤ parents ≤ population, got 0 and 20"):
        evolution_search(bowl, LOW, HIGH, budget=5, parents=0)
    with pytest.raises(ParameterError, match="expected mutation > 0, got 0"):
        evolution_search(bowl, LOW, HIGH, budget=5, mutation=0)
    with pytest.raises(ParameterError, match=r"expected 0 < decay ≤ 1, got 1.5"):
        evolution_search(bowl, LOW, HIGH, budget=5, decay=1.5)
