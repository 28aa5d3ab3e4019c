"""The search race: its JavaScript against the reference, draw for draw; words and picture."""

from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.reference.gradient_descent import gradient_descent
from utils.reference.gradients import numerical_gradient
from utils.reference.search import evolution_search, random_search
from utils.widgets.search_race.widget import LANDSCAPES, SearchRace

IMPORTS = {"search": "LANDSCAPES, descent, evolutionSearch, randomSearch, seededDraws"}


@pytest.mark.parametrize("dims", [1, 2, 7])
@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes(tmp_path: Path, name: str, dims: int) -> None:
    generator = torch.Generator().manual_seed(dims)
    points = 4 * torch.randn(6, dims, dtype=torch.float64, generator=generator)
    body = f"""
const {{ value, gradient }} = LANDSCAPES[{name!r}];
result = data.map((p) => [value(p), gradient(p)]);
"""
    function, slope, _ = LANDSCAPES[name]
    for point, (value, gradient) in zip(
        points, run_node(tmp_path, IMPORTS, body, points.tolist()), strict=True
    ):
        assert value == pytest.approx(float(function(point)), rel=1e-12)
        assert gradient == pytest.approx(slope(point).tolist(), rel=1e-12, abs=1e-12)
        assert gradient == pytest.approx(numerical_gradient(function, point).tolist(), abs=1e-5)


def recorded(dims: int, budget: int, seed: int) -> dict[str, list[Any]]:
    """Return the random numbers that the reference's evolution draws, in its order."""
    generator = torch.Generator().manual_seed(seed)
    log: dict[str, list[Any]] = {"uniform": [], "pairs": [], "coins": [], "normal": []}
    log["uniform"].append(torch.rand(20, dims, generator=generator, dtype=torch.float64).tolist())
    done = 20
    while done < budget:
        n = min(20, budget - done)
        log["pairs"].append(torch.randint(5, (2, n), generator=generator).tolist())
        log["coins"].append((torch.rand((n, dims), generator=generator) < 0.5).tolist())
        log["normal"].append(
            torch.randn((n, dims), generator=generator, dtype=torch.float64).tolist()
        )
        done += n
    return log


@pytest.mark.parametrize("name", LANDSCAPES)
def test_evolution_with_the_same_random_numbers(tmp_path: Path, name: str) -> None:
    dims, budget = 3, 130
    high = torch.full((dims,), 4.0, dtype=torch.float64)
    generator = torch.Generator().manual_seed(9)
    wanted = evolution_search(LANDSCAPES[name][0], -high, high, budget=budget, generator=generator)
    body = f"""
const {{ log, high }} = data, low = high.map((v) => -v);
const next = Object.entries(log).map(([k, list]) => [k, () => list.shift()]);
const options = {{ budget: {budget}, draws: Object.fromEntries(next) }};
result = evolutionSearch(LANDSCAPES[{name!r}].value, low, high, options);
"""
    data = {"log": recorded(dims, budget, 9), "high": high.tolist()}
    found = run_node(tmp_path, IMPORTS, body, data)
    torch.testing.assert_close(torch.tensor(found["points"]).double(), wanted.points)
    assert found["values"] == pytest.approx(wanted.values.tolist(), rel=1e-9)
    assert found["best"] == pytest.approx(wanted.best_so_far.tolist(), rel=1e-9)


def test_random_search_with_the_same_random_numbers(tmp_path: Path) -> None:
    high = torch.tensor([4.0, 2.0], dtype=torch.float64)
    value = LANDSCAPES["many pits"][0]
    generator = torch.Generator().manual_seed(5)
    wanted = random_search(value, -high, high, budget=50, generator=generator)
    units = torch.rand(50, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    body = """
const options = { budget: 50, draws: { uniform: () => data.units } };
const low = data.high.map((v) => -v);
result = randomSearch(LANDSCAPES["many pits"].value, low, data.high, options);
"""
    found = run_node(tmp_path, IMPORTS, body, {"units": units.tolist(), "high": high.tolist()})
    assert found["best"] == pytest.approx(wanted.best_so_far.tolist(), rel=1e-12)


def test_descent_pays_for_each_gradient(tmp_path: Path) -> None:
    body = "result = descent(LANDSCAPES.ravine, data, { budget: 20, price: 4, lr: 0.05 });"
    found = run_node(tmp_path, IMPORTS, body, [3.0, -2.0])
    assert found["cost"] == [1, 5, 9, 13, 17]
    start = torch.tensor([3.0, -2.0], dtype=torch.float64)
    path = gradient_descent(LANDSCAPES["ravine"][1], start, lr=0.05, steps=4)
    torch.testing.assert_close(torch.tensor(found["points"]).double(), path)


def test_draws_of_a_seed_stay_in_range(tmp_path: Path) -> None:
    body = """
const draws = seededDraws(3);
result = {
  uniform: draws.uniform(50, 2).flat(), normal: draws.normal(400, 2).flat(),
  pairs: draws.pairs(5, 60), coins: draws.coins(50, 2).flat(),
};
"""
    found = run_node(tmp_path, IMPORTS, body, None)
    assert all(0 <= v < 1 for v in found["uniform"])
    assert set(map(tuple, [sorted(set(row)) for row in found["pairs"]])) == {(0, 1, 2, 3, 4)}
    assert 20 < sum(found["coins"]) < 80
    normal = torch.tensor(found["normal"])
    assert abs(normal.mean()) < 0.15
    assert abs(normal.std() - 1) < 0.1


def losses(widget: SearchRace) -> dict[str, float]:
    """Return the lowest loss of each searcher."""
    return {name: values[-1] for name, (_, values) in widget._curves(widget.state).items()}


def test_who_wins_where() -> None:
    pits = losses(SearchRace(landscape="many pits", budget=600))
    assert min(pits["evolution"], pits["random search"]) < pits["gradient descent"]
    many = losses(SearchRace(landscape="bowl", dims=30, budget=600))
    assert many["gradient descent"] < 0.01 < many["evolution"] < many["random search"]


def test_differences_make_gradients_dear() -> None:
    cheap = losses(SearchRace(dims=40, budget=600))["gradient descent"]
    dear = losses(SearchRace(dims=40, budget=600, price="differences"))["gradient descent"]
    assert dear > 1000 * cheap


def test_words_and_picture() -> None:
    widget = SearchRace()
    assert "bowl in 2 dimensions, 200 evaluations; lowest loss: gradient" in widget.describe(
        widget.state
    )
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].lines) == 3
