"""Modules on the tape: the built-in ones against PyTorch, own ones, and broken ones."""

import numpy as np
import pytest
import torch

from tests.reference.helpers import randn
from utils.errors import ParameterError
from utils.reference.autograd import Tape
from utils.reference.autograd_modules import (
    Linear,
    ReLU,
    Sigmoid,
    Tanh,
    check_module,
    parameter_gradients,
    place,
)


def seeded():
    return np.random.default_rng(0)


ACTIVATIONS = {Sigmoid: torch.nn.Sigmoid, Tanh: torch.nn.Tanh, ReLU: torch.nn.ReLU}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_net_of_modules_agrees_with_pytorch(activation):
    layers = [Linear(3, 5, generator=seeded()), activation(), Linear(5, 2, generator=seeded())]
    layers[0].parameters["bias"] += 0.3
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 5), ACTIVATIONS[activation](), torch.nn.Linear(5, 2)
    ).double()
    for layer, theirs in zip(layers, model, strict=True):
        for name, value in layer.parameters.items():
            getattr(theirs, name).data = torch.from_numpy(value.copy())
    x, y = randn(4, 3), randn(4, 2, seed=1)

    tape = Tape()
    nodes = [tape.variable(x, name="x")]
    for layer in layers:
        nodes.append(place(layer, nodes[-1]))
    loss = ((nodes[-1] - y.numpy()) ** 2).mean()
    tape.backward(loss)

    leaf = x.clone().requires_grad_()
    expected = torch.nn.functional.mse_loss(model(leaf), y)
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(nodes[0].gradient, leaf.grad.numpy(), rtol=1e-9)
    for layer, node, theirs in zip(layers, nodes[1:], model, strict=True):
        gradients = parameter_gradients(layer, node)
        assert gradients.keys() == layer.parameters.keys()
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, getattr(theirs, name).grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("module", [Linear(3, 2, generator=seeded()), Sigmoid(), Tanh(), ReLU()])
def test_modules_pass_their_own_check(module):
    checks = check_module(module, randn(4, 3).numpy(), generator=seeded())
    assert checks.keys() == {"x", *module.parameters}
    assert all(checks.values())


class Scale:
    """A module as a student would write it: y = s x."""

    def __init__(self):
        self.parameters = {"s": np.array(1.5)}

    def forward(self, x):
        return self.parameters["s"] * x

    def backward(self, incoming, x):
        return incoming * self.parameters["s"], {"s": (incoming * x).sum()}


def test_a_module_of_ones_own_takes_part_in_training():
    module = Scale()
    assert all(check_module(module, randn(5).numpy()).values())
    for _ in range(50):
        tape = Tape()
        output = place(module, tape.variable([1.0, 2.0]))
        tape.backward(((output - np.array([3.0, 6.0])) ** 2).mean())
        module.parameters["s"] = (
            module.parameters["s"] - 0.1 * parameter_gradients(module, output)["s"]
        )
    assert module.parameters["s"] == pytest.approx(3)


def test_a_wrong_backward_is_found_and_named():
    class Wrong(Scale):
        def backward(self, incoming, x):
            return incoming, {"s": -(incoming * x).sum()}

    module = Wrong()
    checks = check_module(module, randn(5).numpy(), generator=seeded())
    assert not checks["x"]
    assert not checks["s"]
    assert checks["s"].relative_error == pytest.approx(1)  # the opposite
    assert module.parameters["s"] == 1.5  # the check puts everything back


def test_gradients_of_a_wrong_shape_are_refused():
    class NoSum(Scale):
        def backward(self, incoming, x):
            return incoming * self.parameters["s"], {"s": incoming * x}

    class Forgotten(Scale):
        def backward(self, incoming, x):
            return incoming, {}

    tape = Tape()
    output = place(NoSum(), tape.variable([1.0, 2.0]))
    with pytest.raises(ParameterError, match=r"NoSum's backward .* shape=\(\) for NoSum.s, got"):
        tape.backward(output.sum())
    output = place(Forgotten(), tape.variable([1.0, 2.0]))
    with pytest.raises(ParameterError, match=r"Forgotten.backward to return gradients for \['s'\]"):
        tape.backward(output.sum())
    with pytest.raises(ParameterError, match="expected shapes that fit Linear"):
        place(Linear(3, 2), tape.variable(np.ones((4, 5))))


def test_gradients_are_zero_for_a_module_that_the_loss_does_not_need():
    tape = Tape()
    x = tape.variable([[1.0, 2.0, 3.0]])
    linear = Linear(3, 2)
    output = place(linear, x)
    tape.backward(x.sum())
    assert not parameter_gradients(linear, output)["weight"].any()


def test_weights_start_in_range():
    weight = Linear(400, 300, generator=seeded()).parameters["weight"]
    assert weight.shape == (300, 400)
    assert weight.std() == pytest.approx(1 / 20, rel=0.02)
    again = Linear(400, 300, generator=seeded()).parameters["weight"]
    assert (weight == again).all()
