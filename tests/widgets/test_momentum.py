"""The momentum widget: its paths against torch, its JavaScript against the Python reference."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.test_golden import node
from utils.errors import ParameterError
from utils.figures.tilted_bowl import tilted_bowl
from utils.widgets.momentum.widget import CUT, Momentum

STATES: list[dict[str, Any]] = [
    {"kind": kind, "beta": beta, "lr": lr, "cut": cut, "start": [3.0, -1.0], "steep": 20.0}
    for kind in ("momentum", "nesterov")
    for beta, lr in ((0.0, 0.05), (0.6, 0.04), (0.9, 0.02), (0.9, 0.9))
    for cut in (False, True)
]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_paths_are_those_of_torch(state: dict[str, Any]) -> None:
    widget = Momentum(**state)
    path = widget.run(widget.state)
    theta = torch.tensor(state["start"], dtype=torch.float64, requires_grad=True)
    beta = float(state["beta"])
    nesterov = state["kind"] == "nesterov" and beta > 0
    optimizer = torch.optim.SGD([theta], lr=state["lr"], momentum=beta, nesterov=nesterov)
    for step in range(1, len(path)):
        if state["cut"] and step == CUT:
            optimizer.param_groups[0]["lr"] /= 10
        optimizer.zero_grad()
        ((theta[0] ** 2 + 20 * theta[1] ** 2) / 2).backward()
        optimizer.step()
        torch.testing.assert_close(path[step], theta.detach(), rtol=1e-9, atol=1e-12)


def test_the_slides_point_ahead_is_what_torch_stores() -> None:
    widget = Momentum(kind="nesterov", beta=0.8, lr=0.02)
    _, ahead = widget.slides(widget.state)
    torch.testing.assert_close(ahead, widget.run(widget.state))
    widget.set(cut=True)
    _, ahead = widget.slides(widget.state)
    path = widget.run(widget.state)
    torch.testing.assert_close(ahead[: CUT - 1], path[: CUT - 1])
    assert (ahead[CUT] - path[CUT]).norm() > 0.1


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_golden_vectors(tmp_path: Path) -> None:
    golden = []
    for state in STATES:
        widget = Momentum(**state)
        slides, ahead = widget.slides(widget.state)
        path = widget.run(widget.state)
        golden.append([state, CUT, path.tolist(), slides.tolist(), ahead.tolist()])
    script = """
for (const [s, cut, path, slides, ahead] of golden) {
  const bowl = tiltedBowl(s.steep), nesterov = s.kind === "nesterov";
  const o = { lr: s.lr, beta: s.beta, nesterov, cut: s.cut ? cut : 0 };
  const run = momentumRun(bowl, s.start, 60, o), other = slidesRun(bowl, s.start, 60, o);
  compare("path", run.path, path);
  compare("slides", other.path, slides);
  compare("ahead", other.ahead, ahead);
  const sums = run.kept.map((v, k) => v.map((one, i) => run.path[k][i] + one + run.fresh[k][i]));
  compare("parts", sums, path.slice(1));
  compare("left", Number(run.left), Number(path.length < 61));
}"""
    worst = node(
        tmp_path, golden, script, inertia="momentumRun, slidesRun", tiltedBowl="tiltedBowl"
    )
    assert max(worst.values()) < 1e-10
    assert set(worst) == {"path", "slides", "ahead", "parts", "left"}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_turned_bowls(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    golden = []
    for steep, turn in ((1.0, 0.0), (30.0, 0.0), (30.0, 45.0), (7.0, 20.0)):
        bowl = tilted_bowl(steep, turn=turn)
        points = torch.randn(9, 2, generator=generator, dtype=torch.float64)
        leaf = points.clone().requires_grad_()
        bowl(leaf).sum().backward()
        assert leaf.grad is not None
        torch.testing.assert_close(leaf.grad, bowl.gradient(points))
        golden.append(
            [steep, turn, points.tolist(), bowl(points).tolist(), bowl.gradient(points).tolist()]
        )
    script = """
for (const [steep, turn, points, values, gradients] of golden) {
  const bowl = tiltedBowl(steep, turn);
  compare("values", points.map((p) => bowl.value(p)), values);
  compare("gradients", points.map((p) => bowl.gradient(p)), gradients);
}"""
    worst = node(tmp_path, golden, script, tiltedBowl="tiltedBowl")
    assert max(worst.values()) < 1e-12


@pytest.mark.parametrize("turn", [0.0, 30.0, 45.0])
def test_a_turned_bowl_keeps_its_curvatures(turn: float) -> None:
    bowl = tilted_bowl(12.0, turn=turn)
    angle = math.radians(turn)
    along = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    torch.testing.assert_close(bowl.gradient(along), along)
    across = torch.stack((-along[1], along[0]))
    torch.testing.assert_close(bowl.gradient(across), 12 * across)


def test_bowls_need_a_curvature() -> None:
    with pytest.raises(ParameterError, match="steep"):
        tilted_bowl(0.0)


def test_words_and_picture() -> None:
    widget = Momentum(beta=0.6, lr=0.06, t=30)
    words = widget.describe(widget.state)
    assert "After 30 steps with learning rate 0.06 and β = 0.6" in words
    assert "plain descent has loss" in words
    widget.draw(widget.state, Figure())
    widget.set(lr=0.9)
    assert "momentum diverges" in widget.describe(widget.state)
    widget.draw(widget.state, Figure())


def test_wrong_control() -> None:
    with pytest.raises(ParameterError, match="expected a control of nesterov, slides, got 'lr'"):
        Momentum(show=["lr"])
