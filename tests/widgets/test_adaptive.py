"""The widget of adaptive rates: its runs against torch, its JavaScript against the reference."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.test_golden import node
from utils.figures.tilted_bowl import tilted_bowl
from utils.widgets.adaptive.widget import Adaptive

STATES: list[dict[str, Any]] = [
    {"kind": kind, "lr": lr, "memory": memory, "turn": turn, "steep": 20.0, "start": [3.0, -1.0]}
    for kind in ("adagrad", "rmsprop", "adam")
    for lr, memory in ((0.05, 0.9), (1.0, 0.999))
    for turn in (0.0, 45.0)
]
TORCH: dict[str, Any] = {
    "adagrad": lambda p, s: torch.optim.Adagrad(p, lr=s["lr"]),
    "rmsprop": lambda p, s: torch.optim.RMSprop(p, lr=s["lr"], alpha=s["memory"]),
    "adam": lambda p, s: torch.optim.Adam(p, lr=s["lr"], betas=(0.9, s["memory"])),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_runs_are_those_of_torch(state: dict[str, Any]) -> None:
    widget = Adaptive(**state)
    path, rates = widget.run(widget.state)
    theta = torch.tensor(state["start"], dtype=torch.float64, requires_grad=True)
    optimizer = TORCH[state["kind"]]([theta], state)
    bowl = tilted_bowl(state["steep"], turn=state["turn"])
    for _ in range(60):
        optimizer.zero_grad()
        bowl.value(theta).backward()
        optimizer.step()
    torch.testing.assert_close(path[-1], theta.detach(), rtol=1e-7, atol=1e-8)
    if state["kind"] != "adam":
        gradients = bowl.gradient(path[:-1])
        torch.testing.assert_close(path[1:], path[:-1] - rates * gradients)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_golden_vectors(tmp_path: Path) -> None:
    golden = []
    for state in STATES:
        widget = Adaptive(**state)
        path, rates = widget.run(widget.state)
        plain = widget.plain(widget.state)
        golden.append([state, path.tolist(), rates.tolist(), plain.tolist()])
    script = """
for (const [s, path, rates, plain] of golden) {
  const bowl = tiltedBowl(s.steep, s.turn), run = axisRun(s.kind, s, bowl, s.start, 60);
  compare("path", run.path, path);
  compare("rates", run.rates, rates);
  const steps = run.signals.map((g, k) => g.map((v, i) => run.path[k][i] - v * run.rates[k][i]));
  compare("steps", steps, path.slice(1));
  const gd = { lr: 2 / (1 + s.steep), memory: 0 };
  compare("plain", axisRun("gd", gd, bowl, s.start, 60).path, plain);
  compare("shares", shares([3, -1]), [0.75, 0.25]);
  compare("nothing", shares([0, 0]), [0, 0]);
}"""
    worst = node(tmp_path, golden, script, axisRates="axisRun, shares", tiltedBowl="tiltedBowl")
    assert max(worst.values()) < 1e-7


def test_what_the_lecture_says_about_a_turned_ravine() -> None:
    losses = {}
    for turn in (0.0, 45.0):
        widget = Adaptive(kind="adagrad", lr=1.0, turn=turn)
        path, _ = widget.run(widget.state)
        losses[turn] = tilted_bowl(30.0, turn=turn)(path[-1]).item()
    assert losses[0.0] < 0.005
    assert 0.05 < losses[45.0] < 0.1


def test_words_and_picture() -> None:
    widget = Adaptive(t=5)
    assert widget.describe(widget.state).startswith("adagrad on a bowl of curvature 1 along and 30")
    assert "After 5 steps the loss is" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[1].lines) == 2
