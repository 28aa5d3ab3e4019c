"""The gradient-flow widget: its JavaScript against the reference, its words and picture."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.reference.gradient_flow import layer_gradient_norms
from utils.reference.mlp import initialize_mlp, mlp_forward
from utils.widgets.gradient_flow.widget import BATCH, WIDTH, GradientFlow

IMPORTS = {"flow": "gradientFlow, randomBatch, randomWeights"}


def flat(matrix: torch.Tensor) -> dict[str, object]:
    """Return a matrix as the JavaScript has it."""
    rows, cols = matrix.shape
    return {"rows": rows, "cols": cols, "values": matrix.flatten().tolist()}


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_norms_for_the_same_weights(tmp_path: Path, activation: str) -> None:
    generator = torch.Generator().manual_seed(2)
    sizes = [5, 4, 6, 3, 1]
    parameters = initialize_mlp(sizes, gain=1.7, dtype=torch.float64, generator=generator)
    inputs = torch.randn(7, 5, dtype=torch.float64, generator=generator)
    targets = torch.randn(7, 1, dtype=torch.float64, generator=generator)
    body = """
const typed = (m) => ({ ...m, values: Float64Array.from(m.values) });
const { activation, weights, inputs, targets } = data;
result = gradientFlow(weights.map(typed), typed(inputs), typed(targets), activation);
"""
    weights = [flat(weight) for weight, _ in parameters]
    data = {"weights": weights, "inputs": flat(inputs), "targets": flat(targets)}
    found = run_node(tmp_path, IMPORTS, body, {**data, "activation": activation})
    wanted = layer_gradient_norms(parameters, inputs, targets, activation=activation)
    assert found["norms"] == pytest.approx(wanted.tolist(), rel=1e-10)
    layers = mlp_forward(parameters, inputs, activation=activation).activations[1:]
    spreads = [float(h.std(correction=0)) for h in layers]
    assert found["spreads"] == pytest.approx(spreads, rel=1e-8)


def test_picture_and_live_view_have_the_same_numbers(tmp_path: Path) -> None:
    widget = GradientFlow(depth=9, gain=1.3, activation="tanh", seed=4)
    body = f"""
const sizes = [...Array.from({{ length: 9 }}, () => {WIDTH}), 1];
const inputs = randomBatch({BATCH}, {WIDTH}, 1004), targets = randomBatch({BATCH}, 1, 2004);
result = gradientFlow(randomWeights(sizes, 1.3, 4), inputs, targets, "tanh").norms;
"""
    found = run_node(tmp_path, IMPORTS, body, None)
    assert found == pytest.approx(widget._norms(widget.state), rel=1e-10)


@pytest.mark.parametrize(
    ("activation", "gain", "verdict"),
    [
        ("sigmoid", 1.0, "vanishes"),
        ("tanh", 1.0, "arrives"),
        ("relu", 1.41, "arrives"),
        ("relu", 3.0, "explodes"),
        ("relu", 0.7, "vanishes"),
        ("tanh", 3.0, "explodes"),
    ],
)
def test_what_happens_in_twenty_layers(activation: str, gain: float, verdict: str) -> None:
    widget = GradientFlow(depth=20, activation=activation, gain=gain)
    assert f"it {verdict}" in widget.describe(widget.state)


def test_one_bar_a_layer() -> None:
    widget = GradientFlow(depth=7)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].patches) == 7
    assert figure.axes[0].get_yscale() == "log"
