"""The MLP by hand against the tape's autograd and PyTorch's: ten steps, 1e-6."""

import math

import numpy as np
import pytest
import torch

from tests.reference.helpers import close, randn
from utils.errors import ParameterError
from utils.reference.autograd import Tape
from utils.reference.gradient_flow import layer_gradient_norms
from utils.reference.gradients import check_gradient
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import initialize_mlp, mlp_backward, mlp_forward, mlp_update
from utils.reference.mlp_training import train_mlp

SIZES = ((2, 3, 1), (4, 5, 3, 2, 1), (3, 4, 4, 2))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(sizes, *, dtype=torch.float64, batch=7, gain=1.5):
    """Parameters with biases that are not zero, inputs and targets."""
    parameters = initialize_mlp(sizes, gain=gain, dtype=dtype, generator=seeded())
    parameters = [(w, randn(len(b), dtype=dtype, seed=k)) for k, (w, b) in enumerate(parameters)]
    return (
        parameters,
        randn(batch, sizes[0], dtype=dtype),
        randn(batch, sizes[-1], dtype=dtype, seed=5),
    )


def as_torch(parameters, activation="sigmoid"):
    layers = []
    for weight, bias in parameters:
        layer = torch.nn.Linear(*weight.shape[::-1], dtype=weight.dtype)
        layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
        module = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
        layers += [layer, module[activation]()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_gradients_agree_with_pytorch(sizes, activation):
    parameters, x, y = network(sizes)
    model, leaf = as_torch(parameters, activation), x.clone().requires_grad_()
    loss = torch.nn.functional.mse_loss(model(leaf), y)
    loss.backward()

    forward = mlp_forward(parameters, x, activation=activation)
    close(forward.prediction, model(x).detach())
    close(mean_squared_error(forward.prediction, y), loss.detach())
    gradients = mlp_backward(parameters, forward, y, activation=activation)
    linears = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    for (d_weight, d_bias), layer in zip(gradients.parameters, linears, strict=True):
        close(d_weight, layer.weight.grad, tolerance=1e-10)
        close(d_bias, layer.bias.grad, tolerance=1e-10)
    close(gradients.activations[0], leaf.grad, tolerance=1e-10)


@pytest.mark.parametrize("sizes", SIZES)
def test_every_number_agrees_with_the_tape(sizes):
    parameters, x, y = network(sizes)
    tape = Tape()
    h = [tape.variable(x)]
    z, weights, biases = [], [], []
    for k, (weight, bias) in enumerate(parameters):
        weights.append(tape.variable(weight))
        biases.append(tape.variable(bias))
        z.append(h[-1] @ weights[-1].T + biases[-1])
        h.append(z[-1].sigmoid() if k < len(parameters) - 1 else z[-1])
    loss = ((h[-1] - y.numpy()) ** 2).mean()
    tape.backward(loss)

    forward = mlp_forward(parameters, x)
    gradients = mlp_backward(parameters, forward, y)
    pairs = [
        *zip(forward.pre_activations, (node.data for node in z), strict=True),
        *zip(forward.activations, (node.data for node in h), strict=True),
        *zip(gradients.pre_activations, (node.gradient for node in z), strict=True),
        *zip(gradients.activations, (node.gradient for node in h), strict=True),
        *zip((w for w, _ in gradients.parameters), (n.gradient for n in weights), strict=True),
        *zip((b for _, b in gradients.parameters), (n.gradient for n in biases), strict=True),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-12)


def test_gradients_agree_with_finite_differences():
    parameters, x, y = network((3, 4, 2))

    def loss(weight):
        changed = [(weight, parameters[0][1]), parameters[1]]
        return mean_squared_error(mlp_forward(changed, x).prediction, y)

    def gradient(weight):
        changed = [(weight, parameters[0][1]), parameters[1]]
        return mlp_backward(changed, mlp_forward(changed, x), y).parameters[0][0]

    assert check_gradient(loss, gradient, parameters[0][0])


def test_training_agrees_with_pytorch_step_by_step():
    parameters, x, y = network((2, 5, 1))
    model = as_torch(parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        gradients = mlp_backward(parameters, mlp_forward(parameters, x), y)
        parameters = mlp_update(parameters, gradients, lr=0.1)
    close(mlp_forward(parameters, x).prediction, model(x).detach(), tolerance=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_initialization(dtype):
    parameters = initialize_mlp((400, 300, 2), gain=2.0, dtype=dtype, generator=seeded())
    assert [tuple(w.shape) for w, _ in parameters] == [(300, 400), (2, 300)]
    weight, bias = parameters[0]
    assert weight.dtype == bias.dtype == dtype
    assert weight.std().item() == pytest.approx(2 / 20, rel=0.02)
    assert abs(weight.mean().item()) < 1e-3
    assert not bias.any()
    again = initialize_mlp((400, 300, 2), gain=2.0, dtype=dtype, generator=seeded())
    assert torch.equal(weight, again[0][0])


def test_an_update_leaves_the_old_parameters_alone():
    parameters, x, y = network((2, 3, 1))
    before = [w.clone() for w, _ in parameters]
    gradients = mlp_backward(parameters, mlp_forward(parameters, x), y)
    updated = mlp_update(parameters, gradients, lr=0.5)
    for (new_w, new_b), (w, b), (d_w, d_b), old in zip(
        updated, parameters, gradients.parameters, before, strict=True
    ):
        assert torch.equal(w, old)
        close(new_w, w - 0.5 * d_w)
        close(new_b, b - 0.5 * d_b)


@pytest.fixture(scope="module")
def overfitted():
    """A net that has more parameters than its eight noisy examples can bear."""
    x = torch.linspace(-1, 1, 8).double().unsqueeze(1)
    y = torch.sin(3 * x) + 0.5 * randn(8, 1, seed=5)
    unseen = torch.linspace(-0.95, 0.95, 30).double().unsqueeze(1)
    start = initialize_mlp((1, 20, 20, 1), gain=3.0, dtype=torch.float64, generator=seeded(1))
    validation = (unseen, torch.sin(3 * unseen))
    run = train_mlp(start, (x, y), validation, lr=0.02, steps=600, patience=40, activation="tanh")
    return run, start, (x, y), validation


def test_training_stops_when_the_validation_loss_no_longer_falls(overfitted):
    run, _, _, (unseen, truth) = overfitted
    assert run.best_step == int(np.argmin(run.validation_losses)) > 0
    assert len(run.validation_losses) == len(run.train_losses) == run.best_step + 40 + 1 < 600
    assert run.train_losses[-1] < run.train_losses[run.best_step]  # it went on overfitting
    best = mlp_forward(run.parameters, unseen, activation="tanh").prediction
    assert mean_squared_error(best, truth).item() == run.validation_losses[run.best_step]


def test_training_without_steps_changes_nothing(overfitted):
    _, start, train, validation = overfitted
    run = train_mlp(start, train, validation, lr=0.1, steps=0, patience=1)
    assert run.parameters is start
    assert run.best_step == 0
    assert len(run.train_losses) == 1


def gradient_norms(depth, activation, gain):
    sizes = [32] * depth + [1]
    parameters = initialize_mlp(sizes, gain=gain, dtype=torch.float64, generator=seeded())
    x, y = randn(64, 32), randn(64, 1, seed=1)
    return layer_gradient_norms(parameters, x, y, activation=activation)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_gradient_norms_agree_with_pytorch(activation):
    parameters, x, y = network((3, 4, 4, 2))
    model = as_torch(parameters, activation)
    torch.nn.functional.mse_loss(model(x), y).backward()
    expected = [m.weight.grad.norm() for m in model if isinstance(m, torch.nn.Linear)]
    close(layer_gradient_norms(parameters, x, y, activation=activation), torch.stack(expected))


def test_gradients_vanish_with_sigmoids_explode_with_large_weights_and_live_with_he():
    sigmoid, exploding, he = (
        gradient_norms(12, activation, gain)
        for activation, gain in (("sigmoid", 1.0), ("relu", 4.0), ("relu", math.sqrt(2)))
    )
    assert sigmoid[0] < 1e-5 * sigmoid[-2]
    assert exploding[-2] > 0
    assert exploding[0] > 1e6
    assert 0.05 < he[0] / he[-2] < 20
    # Each sigmoid layer takes at least a factor of four: σ' ≤ 1/4, and |W| is about 1.
    assert (sigmoid[1:-1] / sigmoid[:-2] > 2).all()


def test_bad_arguments():
    parameters, x, y = network((2, 3, 1))
    with pytest.raises(ParameterError, match=r"expected two or more layer sizes ≥ 1, got \[3\]"):
        initialize_mlp([3])
    with pytest.raises(ParameterError, match=r"got \[3, 0, 1\]"):
        initialize_mlp([3, 0, 1])
    with pytest.raises(ParameterError, match="expected gain ≥ 0, got -1"):
        initialize_mlp([3, 1], gain=-1)
    with pytest.raises(ParameterError, match=r"shape \(batch, 2\), got shape=\(7, 1\)"):
        mlp_forward(parameters, y)
    with pytest.raises(ParameterError, match=r"shape \(batch, 2\), got shape=\(2,\)"):
        mlp_forward(parameters, x[0])
    with pytest.raises(ParameterError, match="expected inputs of a floating-point dtype"):
        mlp_forward(parameters, x.long())
    with pytest.raises(ParameterError, match=r"expected an activation of .*'relu'.* got 'step'"):
        mlp_forward(parameters, x, activation="step")
    forward = mlp_forward(parameters, x)
    with pytest.raises(ParameterError, match="expected prediction and target of the same shape"):
        mlp_backward(parameters, forward, y[:, 0])
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        mlp_update(parameters, mlp_backward(parameters, forward, y), lr=0)
    with pytest.raises(ParameterError, match="expected steps ≥ 0 and patience ≥ 1, got 5 and 0"):
        train_mlp(parameters, (x, y), (x, y), lr=1, steps=5, patience=0)
