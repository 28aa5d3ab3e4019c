"""The selection widget: draws and the exact expectation, against SciPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import binom

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.figures.selection import draw_models, expected_optimism
from utils.widgets.selection.widget import Selection


@needs_node
def test_golden_probabilities(tmp_path: Path) -> None:
    golden = []
    for n, p in [(1, 0.5), (20, 0.7), (500, 0.02), (2000, 0.7), (2000, 0.98)]:
        below = binom.cdf(np.arange(n + 1), n, p)
        means = [expected_optimism(k, notes=n, truth=p) for k in (1, 2, 37, 200)]
        golden.append([n, p, below.tolist(), means])
    script = """
for (const [n, p, below, means] of golden) {
  const found = binomialBelow(n, p);
  compare("below", Array.from(found), below);
  compare("expected", [1, 2, 37, 200].map((k) => expectedBest(found, k) - p), means);
}"""
    worst = node(tmp_path, golden, script, selection="binomialBelow, expectedBest")
    assert max(worst.values()) < 1e-9, worst


@needs_node
@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_golden_draws(tmp_path: Path, spread: float) -> None:
    golden = []
    for seed, notes in [(1, 20), (7, 137), (99, 2000)]:
        options: dict[str, Any] = {"notes": notes, "truth": 0.7, "spread": spread, "seed": seed}
        found = draw_models(60, test_notes=1000, **options)
        best = [int(found.validation[:k].argmax()) for k in range(1, 61)]
        columns = [found.truth, found.validation, found.test]
        golden.append([{**options, "models": 60, "testNotes": 1000}, *map(list, columns), best])
    script = """
for (const [options, truth, validation, test, best] of golden) {
  const found = drawModels(options);
  for (const [name, values] of Object.entries({ truth, validation, test })) {
    compare(name, found.map((one) => one[name]), values);
  }
  compare("best", bestSoFar(found), best);
}"""
    worst = node(tmp_path, golden, script, selection="drawModels, bestSoFar")
    assert max(worst.values()) < 1e-12, worst


def test_the_expectation_is_that_of_many_draws() -> None:
    seen = []
    for seed in range(300):
        found = draw_models(20, notes=50, truth=0.7, spread=0, seed=seed, test_notes=1000)
        seen.append(found.validation.max() - 0.7)
    wanted = expected_optimism(20, notes=50, truth=0.7)
    assert np.mean(seen) == pytest.approx(wanted, abs=4 * np.std(seen) / 300**0.5)
    assert expected_optimism(1, notes=50, truth=0.7) == pytest.approx(0, abs=1e-12)
    assert expected_optimism(20, notes=2000, truth=0.7) < wanted / 5


def test_words_and_picture() -> None:
    widget = Selection(models=40)
    assert widget.describe(widget.state).startswith("Simulation: 40 models, 100 validation notes.")
    assert "In the mean" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[1].lines) == 2
    widget.set(spread=5.0, notes=123.4)
    assert "123 validation notes" in widget.describe(widget.state)
    assert "In the mean" not in widget.describe(widget.state)
