"""The ten steps: every number against the reference and PyTorch; words and picture."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.reference.mlp import initialize_mlp, mlp_backward, mlp_forward, mlp_update
from utils.widgets.mlp_steps.widget import MLPSteps

IMPORTS = {
    "mlp": "asGraph, backwardPass, forwardPass, squaredError, updated",
    "tape": "backward, forward",
}
BODY = """
result = data.map(({ layers, x, target, activation }) => {
  const pass = forwardPass(layers, x, activation);
  const back = backwardPass(layers, pass, target, activation);
  const { graph, places } = asGraph(layers, x, target);
  const values = forward(graph), { gradients } = backward(graph, values);
  const read = (place) => (Array.isArray(place) ? place.map(read) : gradients[place]);
  const readLayer = ({ weight, bias }) => ({ weight: read(weight), bias: read(bias) });
  return {
    z: pass.z, h: pass.h, dz: back.dz, dh: back.dh, layers: back.layers,
    loss: squaredError(pass.h.at(-1), target), next: updated(layers, back.layers, 0.3),
    tape: activation === "sigmoid" ? places.map(readLayer) : null,
    tapeLoss: values.at(-1),
  };
});
"""


def close(found: object, wanted: torch.Tensor) -> None:
    """Compare nested lists with a tensor, each number by itself."""
    torch.testing.assert_close(
        torch.tensor(found, dtype=torch.float64), wanted.detach(), rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("sizes", [(2, 2, 2, 2, 1), (3, 4, 2), (2, 1)])
def test_all_numbers(tmp_path: Path, activation: str, sizes: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(len(sizes))
    parameters = initialize_mlp(sizes, gain=1.5, dtype=torch.float64, generator=generator)
    parameters = [(w, torch.randn(b.shape, generator=generator).double()) for w, b in parameters]
    x = torch.randn(1, sizes[0], generator=generator, dtype=torch.float64)
    target = torch.randn(1, sizes[-1], generator=generator, dtype=torch.float64)
    layers = [{"weight": w.tolist(), "bias": b.tolist()} for w, b in parameters]
    case = {"layers": layers, "x": x[0].tolist(), "target": target[0].tolist()}
    (found,) = run_node(tmp_path, IMPORTS, BODY, [{**case, "activation": activation}])

    forward = mlp_forward(parameters, x, activation=activation)
    back = mlp_backward(parameters, forward, target, activation=activation)
    for name, wanted in (
        ("z", forward.pre_activations),
        ("h", forward.activations),
        ("dz", back.pre_activations),
        ("dh", back.activations),
    ):
        for got, one in zip(found[name], wanted, strict=True):
            close(got, one[0])
    for name, wanted in (
        ("layers", back.parameters),
        ("next", mlp_update(parameters, back, lr=0.3)),
        ("tape", back.parameters if found["tape"] else []),
    ):
        for got, (weight, bias) in zip(found[name] or [], wanted, strict=True):
            close(got["weight"], weight)
            close(got["bias"], bias)
    close(found["loss"], ((forward.prediction - target) ** 2).mean())
    if activation == "sigmoid":
        close(found["tapeLoss"], ((forward.prediction - target) ** 2).mean())


def test_first_gradients_are_those_of_autograd() -> None:
    widget = MLPSteps()
    options = widget.config["options"]
    layers = [
        [torch.tensor(layer[key], dtype=torch.float64, requires_grad=True) for key in layer]
        for layer in options["layers"]
    ]
    (x, target), h = options["train"], torch.tensor(options["train"][0], dtype=torch.float64)
    assert len(x) == 2
    for k, (weight, bias) in enumerate(layers):
        h = weight @ h + bias
        h = torch.sigmoid(h) if k < len(layers) - 1 else h
    ((h - target) ** 2).sum().backward()
    norms = ", ".join(f"{weight.grad.norm():.3g}" for weight, _ in layers)
    assert f"layers 1 to 4: {norms}." in widget.describe(widget.state)


def test_the_validation_loss_falls_and_rises_again() -> None:
    widget = MLPSteps()
    _, losses, checks = widget._run(widget.state)
    best = min(range(len(checks)), key=checks.__getitem__)
    assert 3 < best < 30
    assert checks[-1] > 10 * checks[best]
    assert losses[-1] < 1e-3 < losses[0]
    assert f"lowest after {best} updates" in widget.describe(widget.state)


def test_the_picture_has_both_losses_and_a_bar_a_layer() -> None:
    widget = MLPSteps(step=10, rounds=5)
    figure = Figure()
    widget.draw(widget.state, figure)
    left, right = figure.axes
    assert [line.get_label() for line in left.lines[:2]] == ["train", "validation"]
    assert len(right.patches) == 4
