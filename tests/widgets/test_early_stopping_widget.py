"""The early-stopping widget: the rule of the JavaScript, the stored curves, the words."""

import json
import math
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.training.early_stopping import EarlyStopping
from utils.widgets.early_stopping.curves import stored_curves
from utils.widgets.early_stopping.store_curves import RUNS, source_sha256
from utils.widgets.early_stopping.widget import Patience


def by_hand(values: list[float], patience: int, delta: float, mode: str) -> list[object]:
    """Return best, its epoch, epochs waited, stop, by the class of the course."""
    stopping = EarlyStopping(patience, min_delta=delta, mode=mode)  # type: ignore[arg-type]
    stop = next((i for i, value in enumerate(values, 1) if stopping.step(value)), None)
    return [stopping.best, stopping.best_step, stopping.waited, stop]


def test_golden_rule(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    curves = [torch.rand(25, generator=generator).tolist() for _ in range(6)]
    curves += [[0.5, 0.5, 0.4, 0.4, 0.4], [1.0], [], [math.nan, math.nan, 0.3, math.nan, 0.2]]
    curves += [run["validation_loss"] for run in stored_curves()["runs"].values()]
    cases = [
        (values, patience, delta, mode)
        for values in curves
        for patience in (1, 2, 5, 30)
        for delta in (0.0, 0.05)
        for mode in ("min", "max")
    ]
    body = """
result = data.map(([values, patience, minDelta, mode]) => {
  const found = earlyStopping(values.map((v) => v ?? NaN), { patience, minDelta, mode });
  return [found.best, found.bestStep, found.waited, found.stop];
});"""
    plain = [[[None if math.isnan(v) else v for v in case[0]], *case[1:]] for case in cases]
    found = run_node(tmp_path, {"earlyStopping": "earlyStopping"}, body, plain)
    assert found == [by_hand(*case) for case in cases]
    assert {stop is None for *_, stop in found} == {True, False}


def test_the_curves_are_of_this_script_and_these_notes() -> None:
    found = stored_curves()
    assert set(found["runs"]) == set(RUNS)
    assert found["provenance"]["script_sha256"] == source_sha256()
    contents = json.loads(files("utils.notes").joinpath("data/contents.json").read_text("utf-8"))
    assert found["provenance"]["dataset_id"] == contents["dataset_id"]
    assert {"python", "torch"} == set(found["provenance"]["versions"])
    for name, run in RUNS.items():
        assert len(found["runs"][name]["validation_loss"]) == run.epochs


def test_a_little_patience_is_rewarded() -> None:
    widget = Patience()
    losses = widget.watched(widget.state)
    best = losses.index(min(losses)) + 1
    stops = {}
    for patience in range(1, 31):
        widget.set(patience=patience)
        stops[patience] = widget.verdict(widget.state)
    assert stops[1]["best_step"] < best
    assert stops[10]["best_step"] == best
    assert stops[10]["stop"] == best + 10
    assert all(one["stop"] is None or one["stop"] <= 60 for one in stops.values())


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_words_and_picture(monitor: str) -> None:
    widget = Patience(patience=5, monitor=monitor)
    found = widget.verdict(widget.state)
    words = widget.describe(widget.state)
    assert f"Best epoch {found['best_step']} with {monitor}" in words
    assert words.endswith("5 epochs in vain.")
    figure = Figure()
    widget.draw(widget.state, figure)
    assert figure.axes[0].get_ylabel() == monitor
    widget.set(epoch=3)
    assert widget.describe(widget.state).endswith("training goes on.")
