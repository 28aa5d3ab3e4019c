"""The JavaScript of the small nets against the Python reference, by golden vectors."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.widgets.test_golden import node
from utils.figures.envelopes import ENVELOPES, PITCH_LINES
from utils.reference.activations import ACTIVATIONS
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import Parameters, mlp_backward, mlp_forward
from utils.reference.parameter_count import count_parameters, matching_width
from utils.widgets.depth_width.widget import GAINS, DepthWidth, first_parameters, train
from utils.widgets.tiny_mlp.widget import TinyMLP

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
SHAPES = [
    ([1, 5, 1], "tanh"),
    ([1, 4, 3, 1], "relu"),
    ([1, 3, 4, 2, 1], "gelu"),
    ([1, 2, 1], "identity"),
]


def flat(parameters: Parameters) -> list[float]:
    return [v for pair in parameters for tensor in pair for v in tensor.flatten().tolist()]


def test_activations_and_slopes(tmp_path: Path) -> None:
    z = torch.cat(
        [torch.linspace(-12, 12, 241), torch.tensor([-800.0, -40.0, 40.0, 800.0])]
    ).double()
    golden = {
        name: [z.tolist(), one.function(z).tolist(), one.grad(z).tolist()]
        for name, one in ACTIVATIONS.items()
    }
    script = """
if (Object.keys(ACTIVATIONS).join() !== Object.keys(golden).join()) throw new Error("names");
for (const [name, [z, value, slope]] of Object.entries(golden)) {
  compare(name, z.map(ACTIVATIONS[name].value), value);
  compare(`${name} slope`, z.map(ACTIVATIONS[name].slope), slope);
}"""
    worst = node(tmp_path, golden, script, activations="ACTIVATIONS")
    assert set(worst) == {*ACTIVATIONS, *(f"{name} slope" for name in ACTIVATIONS)}
    assert max(worst.values()) < 1e-13, worst


def test_targets(tmp_path: Path) -> None:
    t = np.linspace(0, 1, 97)
    golden = {
        "t": t.tolist(),
        "envelopes": {name: curve(t).tolist() for name, curve in ENVELOPES.items()},
        "lines": {name: curve(t).tolist() for name, curve in PITCH_LINES.items()},
    }
    script = """
for (const [group, table] of [["envelopes", ENVELOPES], ["lines", PITCH_LINES]]) {
  if (Object.keys(table).join() !== Object.keys(golden[group]).join()) throw new Error("names");
  for (const [name, y] of Object.entries(golden[group])) {
    compare(group, golden.t.map(table[name]), y);
  }
}"""
    worst = node(tmp_path, golden, script, envelopes="ENVELOPES, PITCH_LINES")
    assert max(worst.values()) < 1e-12, worst


def test_forward_loss_and_gradient(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(6)
    golden = []
    for sizes, activation in SHAPES:
        x = torch.linspace(-1, 1, 17, dtype=torch.float64)
        y = torch.randn(17, generator=generator, dtype=torch.float64)
        # Biases that are not zero, or a lost bias would not be seen.
        parameters: Parameters = [
            (
                torch.randn(n_out, n_in, generator=generator, dtype=torch.float64),
                torch.randn(n_out, generator=generator, dtype=torch.float64),
            )
            for n_in, n_out in pairwise(sizes)
        ]
        forward = mlp_forward(parameters, x[:, None], activation=activation)
        back = mlp_backward(parameters, forward, y[:, None], activation=activation)
        golden.append(
            {
                "net": {"sizes": sizes, "activation": activation},
                "theta": flat(parameters),
                "x": x.tolist(),
                "y": y.tolist(),
                "curve": forward.prediction.flatten().tolist(),
                "loss": float(mean_squared_error(forward.prediction, y[:, None])),
                "gradient": flat(back.parameters),
            }
        )
    script = """
for (const g of golden) {
  const found = lossAndGradient(g.net, g.theta, g.x, g.y);
  compare("curve", Array.from(drawnCurve(g.net, g.theta, g.x)), g.curve);
  compare("loss", found.loss, g.loss);
  compare("gradient", found.gradient, g.gradient);
}"""
    worst = node(tmp_path, golden, script, curveNet="drawnCurve, lossAndGradient")
    assert max(worst.values()) < 1e-12, worst


def test_sizes_and_first_parameters(tmp_path: Path) -> None:
    golden: dict[str, Any] = {"sizes": [], "first": []}
    for budget in (30, 60, 135, 200):
        for depth in (1, 2, 3, 5):
            sizes = [1, *[matching_width(budget, hidden_layers=depth)] * depth, 1]
            golden["sizes"].append([budget, depth, sizes, count_parameters(sizes)])
            first = first_parameters(sizes, seed=budget, gain=1.5)
            golden["first"].append([sizes, budget, flat(first)])
    script = """
for (const [budget, depth, sizes, count] of golden.sizes) {
  compare("sizes", matchingSizes(budget, depth), sizes);
  compare("count", countParameters(sizes), count);
}
for (const [sizes, seed, theta] of golden.first) {
  compare("first", firstParameters(sizes, { seed, gain: 1.5 }), theta);
}"""
    names = "countParameters, firstParameters, matchingSizes"
    worst = node(tmp_path, golden, script, curveNet=names)
    assert max(worst.values()) < 1e-12, worst


@pytest.mark.parametrize("activation", list(GAINS))
def test_whole_trainings(tmp_path: Path, activation: str) -> None:
    state = {**DepthWidth().state, "activation": activation, "t": 60, "target": "siren", "seed": 2}
    runs = DepthWidth().runs(state)
    golden = {
        "state": state,
        "options": {"points": 64, "gains": GAINS},
        "runs": {name: [losses, curve.tolist()] for name, (losses, curve) in runs.items()},
    }
    script = """
const pair = createPair(golden.state, golden.options);
for (const [name, [losses, curve]] of Object.entries(golden.runs)) {
  pair[name].advance(60);
  compare(`${name} losses`, pair[name].losses, losses);
  compare(`${name} curve`, Array.from(pair[name].curves[60]), curve);
}"""
    worst = node(tmp_path, golden, script, **{"../../depth_width/runs": "createPair"})
    assert max(worst[f"{name} losses"] for name in runs) < 1e-9, worst
    # The curves are kept in single precision.
    assert max(worst[f"{name} curve"] for name in runs) < 1e-6, worst


def test_the_tiny_net(tmp_path: Path) -> None:
    golden = []
    widget = TinyMLP()
    for change in (
        {},
        {"hidden": 2},
        {"activation": "tanh", "c": 0.3, "w2": -4.0, "target": "pluck"},
    ):
        state = {**widget.state, **change}
        golden.append([state, widget.curve(state).tolist(), widget.loss(state)])
    script = """
for (const [state, curve, loss] of golden) {
  compare("curve", Array.from(levels(state)), curve);
  compare("loss", errorOf(state).loss, loss);
  const sum = TIMES.map((_, i) => state.c);
  for (let j = 1; j <= state.hidden; j++) partOf(state, j).forEach((v, i) => { sum[i] += v; });
  compare("sum of the parts", Array.from(sum), curve);
}"""
    worst = node(
        tmp_path, golden, script, **{"../../tiny_mlp/net": "TIMES, errorOf, levels, partOf"}
    )
    assert max(worst.values()) < 1e-12, worst


def test_no_step_leaves_the_net_alone() -> None:
    target = PITCH_LINES["vibrato"](np.linspace(0, 1, 16))
    first = first_parameters([1, 3, 1], seed=0, gain=1.0)
    losses, curve = train(first, target, activation="tanh", lr=0.01, steps=0)
    x = torch.linspace(-1, 1, 16, dtype=torch.float64)[:, None]
    np.testing.assert_allclose(curve, mlp_forward(first, x, activation="tanh").prediction[:, 0])
    assert len(losses) == 1
