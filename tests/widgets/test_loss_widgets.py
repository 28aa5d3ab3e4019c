"""The widgets of lecture 01 on lines, logits and names: mathematics, words, pictures, goals."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from utils.errors import ParameterError
from utils.figures.line_fits import BEATS, ONSETS, Loss, fit_line, onset_times, tempo
from utils.figures.note_points import note_points
from utils.reference.binary_losses import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
)
from utils.reference.losses import l1_loss, l1_loss_grad, l2_loss, l2_loss_grad
from utils.reference.robust_losses import huber_loss, huber_loss_grad
from utils.widgets.logistic.widget import Logistic
from utils.widgets.loss_names.widget import NAMES, LossNames
from utils.widgets.outlier.widget import Outlier
from utils.widgets.residuals.widget import Residuals

MATH = Path(__file__).resolve().parents[2] / "utils" / "widgets" / "kit" / "math"
LOSSES: tuple[Loss, ...] = ("L1", "L2", "Huber")

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def run_node(tmp_path: Path, golden: Any, body: str) -> dict[str, float]:
    """Return the largest difference of each group that the script compares."""
    (tmp_path / "golden.json").write_text(json.dumps(golden))
    script = f"""
import {{ readFileSync }} from "node:fs";
import * as fits from {json.dumps((MATH / "lineFits.js").as_uri())};
import * as logistic from {json.dumps((MATH / "logistic.js").as_uri())};
const golden = JSON.parse(readFileSync(process.argv[2], "utf8")), worst = {{}};
const compare = (group, a, b) => {{
  const off = Math.abs(a - b) / Math.max(1, Math.abs(b));
  worst[group] = Math.max(worst[group] ?? 0, Number.isNaN(off) ? Infinity : off);
}};
{body}
console.log(JSON.stringify(worst));
"""
    (tmp_path / "golden.mjs").write_text(script)
    run = subprocess.run(
        ["node", str(tmp_path / "golden.mjs"), str(tmp_path / "golden.json")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


def some_points() -> list[tuple[list[float], list[float]]]:
    """Return onsets with a wrong note here and there, and clouds."""
    rng = np.random.default_rng(0)
    sets = [(list(map(float, BEATS)), onset_times(k, off).tolist()) for k, off in CASES]
    clouds = [(rng.normal(size=n).tolist(), rng.standard_cauchy(n).tolist()) for n in (7, 9, 13)]
    return sets + clouds


CASES = [(8, 1.5), (0, 3.0), (9, -3.0), (4, 0.35), (2, 0.0)]


@needs_node
def test_lines_in_the_browser_are_those_of_scipy(tmp_path: Path) -> None:
    golden = []
    for x, y in some_points():
        for delta in (0.05, 0.3, 5.0):
            lines = {n: fit_line(x, y, loss=n, delta=delta).tolist() for n in LOSSES}
            golden.append({"x": x, "y": y, "delta": delta, "lines": lines})
    worst = run_node(
        tmp_path,
        golden,
        """
for (const { x, y, delta, lines } of golden) {
  for (const [name, [slope, start]] of Object.entries(lines)) {
    const line = fits.fitLine(name, x, y, delta);
    const sum = (one) => fits.errors(one, x, y).map((r) => fits.LOSSES[name].loss(r, delta))
      .reduce((a, b) => a + b, 0);
    compare(name + " loss", sum(line), sum({ slope, start }));
    compare(name + " line", line.slope, slope);
    compare(name + " line", line.start, start);
  }
}
""",
    )
    assert worst["L2 line"] < 1e-10
    assert worst["L1 loss"] < 1e-9
    assert worst["L1 line"] < 1e-8
    assert worst["Huber loss"] < 1e-9
    assert worst["Huber line"] < 1e-4, "a nearly flat valley; the loss itself agrees"


@needs_node
def test_losses_in_the_browser_are_the_reference(tmp_path: Path) -> None:
    r = torch.tensor([-2.5, -0.3, -0.1, 0.0, 0.2, 0.3, 1.7], dtype=torch.float64)
    z = torch.tensor([-700.0, -6.0, -0.4, 0.0, 3.0, 40.0, 800.0], dtype=torch.float64)
    zero, table = torch.zeros_like(r), {}
    table["L1"] = [l1_loss(r, zero), l1_loss_grad(r, zero)]
    table["L2"] = [l2_loss(r, zero), l2_loss_grad(r, zero)]
    table["Huber"] = [huber_loss(r, zero, delta=0.3), huber_loss_grad(r, zero, delta=0.3)]
    logits = {}
    for y in (0, 1):
        target = torch.full_like(z, y)
        leaf = z.clone().requires_grad_()
        squared = l2_loss(torch.sigmoid(leaf), target)
        squared.sum().backward()
        assert leaf.grad is not None
        logits[y] = {
            "BCE": [
                binary_cross_entropy_with_logits(z, target, reduction="none"),
                binary_cross_entropy_with_logits_grad(z, target, reduction="none"),
            ],
            "MSE": [squared.detach(), leaf.grad],
        }
    golden = {
        "r": r.tolist(),
        "z": z.tolist(),
        "table": {k: [v.tolist() for v in pair] for k, pair in table.items()},
        "logits": {
            y: {k: [v.tolist() for v in pair] for k, pair in both.items()}
            for y, both in logits.items()
        },
    }
    worst = run_node(
        tmp_path,
        golden,
        """
for (const [name, [values, slopes]] of Object.entries(golden.table)) golden.r.forEach((r, i) => {
  compare(name, fits.LOSSES[name].loss(r, 0.3), values[i]);
  compare(name, fits.LOSSES[name].grad(r, 0.3), slopes[i]);
});
for (const y of [0, 1]) {
  for (const [name, [values, slopes]] of Object.entries(golden.logits[y])) {
    golden.z.forEach((z, i) => {
      compare(name, logistic.LOGIT_LOSSES[name].loss(z, y), values[i]);
      compare(name, logistic.LOGIT_LOSSES[name].grad(z, y), slopes[i]);
    });
  }
}
""",
    )
    assert set(worst) == {"L1", "L2", "Huber", "BCE", "MSE"}
    assert max(worst.values()) < 1e-12


@needs_node
def test_steps_in_the_browser_are_those_of_autograd(tmp_path: Path) -> None:
    notes = note_points("guitar", "flute")
    x, y = torch.tensor(notes.features), torch.tensor(notes.labels)
    golden: dict[str, Any] = {"x": notes.features.T.tolist(), "y": notes.labels.tolist()}
    for name in ("BCE", "MSE"):
        theta = torch.tensor([-6.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
        for _ in range(20):
            z = x @ theta[:2] + theta[2]
            cross = torch.nn.functional.binary_cross_entropy_with_logits
            loss = cross(z, y) if name == "BCE" else (torch.sigmoid(z) - y).square().mean()
            (slope,) = torch.autograd.grad(loss, theta)
            theta = (theta - slope).detach().requires_grad_()
        golden[name] = theta.tolist()
    worst = run_node(
        tmp_path,
        golden,
        """
const notes = { x1: golden.x[0], x2: golden.x[1], y: golden.y };
for (const name of ["BCE", "MSE"]) {
  const start = { w1: -6, w2: 0, b: 0 };
  const { w1, w2, b } = logistic.descend(name, start, notes, { lr: 1, steps: 20 });
  [w1, w2, b].forEach((v, i) => compare(name, v, golden[name][i]));
}
""",
    )
    assert set(worst) == {"BCE", "MSE"}
    assert max(worst.values()) < 1e-10


def test_the_signed_error_vanishes_for_the_worst_line() -> None:
    widget = Residuals(left=5.5, right=0.0)
    text = widget.describe(widget.state)
    assert "Mean signed error 0.00 s" in text or "Mean signed error -0.00 s" in text
    assert "mean absolute error 2.78 s" in text
    assert "backward" in text


def test_the_outlier_pulls_the_squared_error_only() -> None:
    widget = Outlier()
    text = widget.describe(widget.state)
    assert "at 6.03 s" in text
    assert "L1: 121 bpm, it pulls with 1.00" in text
    assert "L2: 107 bpm, it pulls with 2.32" in text
    assert "Huber: 117 bpm, it pulls with 0.30" in text
    widget.set(delta=5.0)
    assert "Huber: 107 bpm" in widget.describe(widget.state)
    far = onset_times(9, 3.0)
    assert 60 / fit_line(BEATS, far, loss="L2")[0] < 100, "the goal can be reached"
    assert abs(60 / fit_line(BEATS, far, loss="L1")[0] - 120) <= 2


def test_squared_error_has_no_slope_where_it_is_surely_wrong() -> None:
    widget = Logistic(logit=-6.0, label="1")
    text = widget.describe(widget.state)
    assert "BCE 6.00 with slope -0.998" in text
    assert "squared error 1.00 with slope -0.005" in text
    assert "right for 12% of 42 notes" in text


def test_names_know_their_fields() -> None:
    widget = LossNames(loss="machine learning", loss_wish="less", reward_wish="less")
    assert widget.describe(widget.state).startswith("2 of 12 right.")
    right = {name: field for name, (field, _, _) in NAMES.items()}
    right |= {f"{name}_wish": wish for name, (_, wish, _) in NAMES.items()}
    widget.set(**right)
    assert widget.describe(widget.state).startswith("12 of 12 right.")


@pytest.mark.parametrize("make", [Residuals, Outlier, Logistic, LossNames])
def test_pictures_follow_the_state(make: Any) -> None:
    widget = make()
    figure = Figure()
    widget.draw(widget.state, figure)
    assert figure.axes


def test_the_picture_of_the_outlier_has_its_pull() -> None:
    widget = Outlier()
    figure = Figure()
    widget.draw(widget.state, figure)
    bars = [bar.get_height() for bar in figure.axes[1].patches if isinstance(bar, Rectangle)]
    assert len(bars) == 30
    assert max(bars) == pytest.approx(2.32, abs=0.005)


def test_one_view_alone() -> None:
    widget = Logistic(views=("boundary",))
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 1
    with pytest.raises(ParameterError, match="expected views among curves, boundary"):
        Logistic(views=("curve",))


def test_onsets_are_those_of_a_scale_at_120() -> None:
    slope, start = np.polyfit(BEATS, ONSETS, 1)
    assert tempo(slope) == "120 bpm"
    assert start == pytest.approx(0.5, abs=0.05)
