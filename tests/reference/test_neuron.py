"""One neuron against torch.nn, and what its weights and bias mean."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.activations import ACTIVATIONS
from utils.reference.neuron import neuron, neuron_grad


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3)])
def test_agrees_with_pytorch(name, dtype, shape):
    activation = ACTIVATIONS[name]
    x, w, b = randn(*shape, dtype=dtype), randn(3, dtype=dtype, seed=1), randn(dtype=dtype, seed=2)
    layer = torch.nn.Linear(3, 1, dtype=dtype)
    layer.weight.data, layer.bias.data = w[None, :].clone(), b.reshape(1).clone()
    leaf = x.clone().requires_grad_()
    expected = activation.function(layer(leaf)).squeeze(-1)
    close(neuron(x, w, b, activation=activation.function), expected.detach())

    expected.sum().backward()
    d_w, d_b, d_x = neuron_grad(x, w, b, activation_grad=activation.grad)
    close(d_w.reshape(-1, 3).sum(0), layer.weight.grad[0], tolerance=1e-5)
    close(d_b.sum(), layer.bias.grad[0], tolerance=1e-5)
    close(d_x, leaf.grad)
    assert d_w.shape == shape
    assert d_b.shape == shape[:-1]


def test_by_hand():
    x, w = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])
    assert neuron(x, w, 1.0, activation=ACTIVATIONS["identity"].function) == -1  # 1 - 3 + 1
    assert neuron(x, w, 1.0).item() == pytest.approx(1 / (1 + math.e))
    assert neuron(x, w, activation=ACTIVATIONS["relu"].function) == 0


@given(angle=st.floats(0, 6.3), b=st.floats(-3, 3), along=st.floats(-5, 5))
def test_the_decision_line_is_perpendicular_to_the_weights(angle, b, along):
    w = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    on_the_line = -b * w + along * torch.stack([-w[1], w[0]])
    assert neuron(on_the_line, w, b).item() == pytest.approx(0.5)
    assert neuron(on_the_line + w, w, b) > 0.7
    assert neuron(on_the_line - w, w, b) < 0.3


def test_bad_arguments():
    for function in (neuron, neuron_grad):
        with pytest.raises(ParameterError, match=r"got shape=\(4, 2\) and shape=\(3,\)"):
            function(torch.zeros(4, 2), torch.zeros(3))
        with pytest.raises(ParameterError, match=r"got shape=\(2,\) and shape=\(1, 2\)"):
            function(torch.zeros(2), torch.zeros(1, 2))
        with pytest.raises(ParameterError, match=r"got shape=\(\) and shape=\(1,\)"):
            function(torch.tensor(1.0), torch.zeros(1))
        with pytest.raises(ParameterError, match="expected inputs of a floating-point dtype"):
            function(torch.tensor([1]), torch.zeros(1))
