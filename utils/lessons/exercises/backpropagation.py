"""Exercises of lecture 02 on going backward: nodes, a hidden layer, modules, norms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.activations import sigmoid_grad
from utils.reference.autograd import Tape

__all__ = ["EXERCISES"]


def _array(*numbers: Any) -> Any:
    return np.array(numbers, dtype=float)


def _product(incoming: Any, a: Any, b: Any) -> Any:
    """Let the tape go back through (a · b) · incoming, summed."""
    tape = Tape()
    x, y = tape.variable(a), tape.variable(b)
    tape.backward((x * y * tape.constant(incoming)).sum())
    return x.gradient, y.gradient


PRODUCT = Exercise(
    key="G5.product_backward",
    task="Return ∂L/∂a and ∂L/∂b of the node y = a · b, given the incoming ∂L/∂y.",
    solution="""\
def product_backward(incoming, a, b):
    return incoming * b, incoming * a
""",
    reference=_product,
    cases=lambda: [
        Case((_array(2.0)[0], _array(3.0)[0], _array(-5.0)[0])),
        Case((_array(1.0, -0.5), _array(4.0, 2.0), _array(0.3, 7.0))),
    ],
    outputs=("∂L/∂a", "∂L/∂b"),
    hints=(
        "Chain rule: the incoming gradient times the slope of this node.",
        "The slope of a · b with respect to a is … the other one.",
        "`incoming * b` goes to a. What goes to b?",
    ),
    mistakes=(
        Mistake(
            "The two are swapped: the slope with respect to a is b.",
            "incoming * b, incoming * a",
            "incoming * a, incoming * b",
        ),
        Mistake(
            "The incoming gradient is missing: the chain rule multiplies by it.",
            "incoming * b, incoming * a",
            "b, a",
        ),
        Mistake(
            "That is the rule of the sum node: a product passes on the other factor.",
            "incoming * b, incoming * a",
            "incoming, incoming",
        ),
        Mistake(
            "That is a value going forward: both are incoming * a * b.",
            "incoming * b, incoming * a",
            "incoming * a * b, incoming * a * b",
        ),
    ),
)


def _hidden_delta(delta_above: Any, weights_above: Any, z: Any) -> torch.Tensor:
    """Spell the sum over the units above out, unit by unit."""
    d_h = torch.zeros_like(z)
    for j in range(z.shape[1]):
        for i in range(len(weights_above)):
            d_h[:, j] += delta_above[:, i] * weights_above[i, j]
    return d_h * sigmoid_grad(z)


def _delta_cases() -> Sequence[Case]:
    g = torch.Generator().manual_seed(3)
    cases = []
    for batch, n_above, n_hidden in ((1, 2, 2), (3, 2, 4)):
        shapes = ((batch, n_above), (n_above, n_hidden), (batch, n_hidden))
        cases.append(Case(tuple(torch.randn(shape, generator=g) for shape in shapes)))
    return cases


HIDDEN_DELTA = Exercise(
    key="G6.hidden_delta",
    task="Return ∂L/∂z of a hidden sigmoid layer from ∂L/∂z of the layer above.",
    solution="""\
def hidden_delta(delta_above, weights_above, z):
    h = torch.sigmoid(z)
    d_h = delta_above @ weights_above
    return d_h * h * (1 - h)
""",
    reference=_hidden_delta,
    cases=_delta_cases,
    hints=(
        "Two steps down: through the weights above, then through the sigmoid.",
        "Each hidden unit feeds **all** units above: sum over them, `delta_above @ weights_above`.",
        "Then times the sigmoid's slope `h * (1 - h)` with `h = torch.sigmoid(z)`.",
    ),
    mistakes=(
        Mistake("The slope of the sigmoid is missing: you stopped at ∂L/∂h.", " * h * (1 - h)", ""),
        Mistake("The slope of the sigmoid is h · (1 − h), not h.", " * (1 - h)", ""),
        Mistake("The slope needs h = σ(z): you used z itself.", "torch.sigmoid(z)", "z"),
        Mistake(
            "The weights are transposed: (batch, above) @ (above, hidden) needs no `.T`.",
            "delta_above @ weights_above",
            "delta_above @ weights_above.T",
        ),
        Mistake(
            "The sum over the units above is missing: you used the first unit only.",
            "delta_above @ weights_above",
            "delta_above[:, :1] * weights_above[0]",
        ),
    ),
)


def _observe_gain(kind: Function, case: Case) -> dict[str, Any]:
    gain, x, incoming = case.arguments
    module = kind(gain)
    output = module.forward(x)
    back = module.backward(incoming, x)
    if output is None or back is None or back is ...:
        return {"": output if output is None or output is ... else back}
    d_x, d_parameters = back
    return {
        "forward": output,
        "∂L/∂x": d_x,
        "names of the parameters": sorted(d_parameters),
        "∂L/∂gain": d_parameters.get("gain", np.nan),
    }


class _Gain:
    """The module with the tape as its backward pass."""

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def forward(self, x: Any) -> Any:
        return self.gain * x

    def backward(self, incoming: Any, x: Any) -> tuple[Any, dict[str, Any]]:
        tape = Tape()
        node, gain = tape.variable(x), tape.variable(self.gain)
        tape.backward((gain * node * tape.constant(incoming)).sum())
        return node.gradient, {"gain": gain.gradient}


GAIN = Exercise(
    key="G7.Gain",
    task="Write a module that turns the volume up by a learnable factor, forward and backward.",
    solution="""\
class Gain:
    def __init__(self, gain):
        self.parameters = {"gain": np.array(gain)}
    def forward(self, x):
        return self.parameters["gain"] * x
    def backward(self, incoming, x):
        d_gain = (incoming * x).sum()
        return incoming * self.parameters["gain"], {"gain": d_gain}
""",
    reference=_Gain,
    cases=lambda: [
        Case((1.5, _array(1.0, -2.0, 0.5), _array(0.2, 1.0, -1.0)), "gain 1.5, three samples")
    ],
    observe=_observe_gain,
    hints=(
        "It is a product node: each side gets the incoming gradient times the other side.",
        "One gain multiplies all samples, so its gradient is a sum over all of them.",
        "`incoming * gain` goes to x; `(incoming * x).sum()` goes to the gain.",
    ),
    mistakes=(
        Mistake("One gain serves all samples: its gradient is the sum over them.", ".sum()", ""),
        Mistake(
            "The gradient for x needs the gain, not x.",
            'return incoming * self.parameters["gain"]',
            "return incoming * x",
        ),
        Mistake("The incoming gradient is missing in the gain's gradient.", "(incoming * x)", "x"),
        Mistake(
            "The gradient for x is the gain times what comes in: you passed it on unchanged.",
            'return incoming * self.parameters["gain"]',
            "return incoming",
        ),
        Mistake("Forward multiplies by the gain; you add it.", '["gain"] * x', '["gain"] + x'),
    ),
)


def _observe_norms(function: Function, case: Case) -> dict[str, Any]:
    torch_state = torch.Generator().manual_seed(5)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 4), nn.Sigmoid())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    model(case.arguments[0]).square().mean().backward()
    value = function(model)
    if isinstance(value, list | tuple):
        value = torch.stack([torch.as_tensor(x) for x in value if x is not ...])
    return {"": value}


def _norms(model: nn.Module) -> torch.Tensor:
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    return (
        torch.stack([(m.weight.grad**2).sum() for m in layers if m.weight.grad is not None]) ** 0.5
    )


NORMS = Exercise(
    key="G8.layer_gradient_norms",
    task="Return the length of the weights' gradient in every layer, from first to last.",
    solution="""\
def layer_gradient_norms(model):
    norms = [p.grad.norm() for p in model.parameters() if p.ndim == 2]
    return torch.stack(norms)
""",
    reference=_norms,
    cases=lambda: [Case((torch.linspace(-1, 1, 15).view(5, 3),), "a net of two layers")],
    observe=_observe_norms,
    hints=(
        "`model.parameters()` gives weights and biases in turn; a weight has two axes.",
        "After `backward`, the gradient of a parameter p is `p.grad`; its length `.norm()`.",
        "`torch.stack([p.grad.norm() for p in model.parameters() if p.ndim == 2])`.",
    ),
    mistakes=(
        Mistake("The biases are in it: weights only, `p.ndim == 2`.", " if p.ndim == 2", ""),
        Mistake("These are the weights' own lengths: take `p.grad`.", "p.grad.norm()", "p.norm()"),
        Mistake("The root is missing: these are squares.", ".norm()", ".square().sum()"),
        Mistake(
            "That is the mean size of an element: the length is `.norm()`.",
            ".norm()",
            ".abs().mean()",
        ),
        Mistake(
            "You count from the last layer: begin with the first.",
            "stack(norms)",
            "stack(norms[::-1])",
        ),
    ),
)

EXERCISES = (PRODUCT, HIDDEN_DELTA, GAIN, NORMS)
