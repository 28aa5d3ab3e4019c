"""Contrastive divergence against the exact gradient of the likelihood; sparsity; training."""

import pytest
import torch

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from tests.reference.test_rbm import machine, states
from utils.errors import ParameterError
from utils.reference.rbm import RBM, free_energy, hidden_probability, initialize_rbm
from utils.reference.rbm_likelihood import log_likelihood
from utils.reference.rbm_training import (
    contrastive_divergence,
    reconstruction_error,
    sparsity_penalty,
    sparsity_penalty_grad,
    train_rbm,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def exact_gradient(rbm, v):
    """Return PyTorch's gradient of the mean log likelihood, with Z from all hidden states."""
    leaves = [p.clone().requires_grad_() for p in rbm[:3]]
    return torch.autograd.grad(log_likelihood(RBM(*leaves, rbm.visible), v).mean(), leaves)


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_contrastive_divergence_becomes_the_gradient_of_the_likelihood(visible):
    rbm = machine(visible, n_visible=3, n_hidden=2)
    data = states(3)[[1, 1, 6, 7]] if visible == "binary" else randn(4, 3, seed=5)
    exact = flat(exact_gradient(rbm, data))
    g, many = generator(), data.repeat(5000, 1)
    errors, estimates = [], []
    for k in (1, 3, 40):
        estimates.append(flat(contrastive_divergence(rbm, many, k=k, generator=g)))
        errors.append(float((estimates[-1] - exact).norm() / exact.norm()))
    assert errors[2] < 0.04
    assert errors[2] < errors[1] < errors[0]
    assert torch.cosine_similarity(estimates[0], exact, dim=0) > 0.5


def test_contrastive_divergence_is_zero_on_average_where_data_come_from_the_machine():
    rbm, vs = machine(n_visible=3, n_hidden=2), states(3)
    drawn = torch.multinomial(
        (-free_energy(rbm, vs)).softmax(0), 40000, True, generator=generator()
    )
    gradient = contrastive_divergence(rbm, vs[drawn], generator=generator(1))
    assert flat(gradient).abs().max() < 0.02


@pytest.mark.parametrize("dtype", DTYPES)
def test_sparsity_gradient_agrees_with_autograd(dtype):
    rbm, v = machine(dtype=dtype), randn(9, 4, dtype=dtype, seed=3)
    mean = torch.sigmoid(v @ rbm.weight.T + rbm.hidden_bias).mean(0)
    close(sparsity_penalty(rbm, v, target=0.1), (mean - 0.1).square().sum(), tolerance=1e-5)

    def penalty(bias):
        return sparsity_penalty(rbm._replace(hidden_bias=bias), v, target=0.1)

    gradient = sparsity_penalty_grad(rbm, v, target=0.1)
    close(gradient, gradient_of(penalty, rbm.hidden_bias), tolerance=1e-6)
    assert (gradient > 0).all()  # all are on too often


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_reconstruction_error_agrees_with_pytorch(visible):
    rbm, v = machine(visible), randn(9, 4, seed=3)
    output = torch.sigmoid(v @ rbm.weight.T + rbm.hidden_bias) @ rbm.weight + rbm.visible_bias
    output = torch.sigmoid(output) if visible == "binary" else output
    expected = torch.nn.functional.mse_loss(output, v)
    assert reconstruction_error(rbm, v) == pytest.approx(float(expected))


def test_training_raises_the_likelihood():
    patterns = torch.tensor([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1.0]]).repeat(50, 1)
    start = initialize_rbm(6, 4, generator=generator())
    run = train_rbm(start, patterns, lr=0.2, epochs=40, generator=generator(1))
    assert float(log_likelihood(start, patterns).mean()) == pytest.approx(-6 * 0.693, abs=0.05)
    assert float(log_likelihood(run.rbm, patterns).mean()) > -1.2  # at best -log 2 = -0.69
    assert len(run.errors) == len(run.activations) == 41
    assert run.errors[0] == pytest.approx(0.25, abs=0.01)
    assert run.errors[-1] == reconstruction_error(run.rbm, patterns) < 0.03
    again = train_rbm(start, patterns, lr=0.2, epochs=40, generator=generator(1))
    assert torch.equal(run.rbm.weight, again.rbm.weight)


def test_gaussian_units_learn_real_numbers():
    sources = torch.bernoulli(torch.full((300, 2), 0.5), generator=generator())
    data = sources @ torch.tensor([[3.0, 0.0, -3.0], [0.0, 3.0, 3.0]])
    data = data + 0.5 * randn(300, 3, dtype=torch.float32)
    start = initialize_rbm(3, 4, visible="gaussian", std=0.1, generator=generator(1))
    run = train_rbm(start, data, lr=0.03, epochs=30, generator=generator(2))
    assert (log_likelihood(run.rbm, data) - log_likelihood(start, data)).mean() > 3
    assert run.errors[-1] < 0.2 * run.errors[0]


def test_sparsity_makes_units_rest():
    data = torch.bernoulli(torch.full((200, 8), 0.4), generator=generator())
    start = initialize_rbm(8, 10, generator=generator(1))
    dense, sparse = (
        train_rbm(start, data, lr=0.1, epochs=30, target=0.1, sparsity_weight=w,
                  generator=generator(2))
        for w in (0, 20)
    )  # fmt: skip
    assert dense.activations[0] == pytest.approx(0.5, abs=0.02)
    assert dense.activations[-1] > 0.3
    assert sparse.activations[-1] < 0.2
    means = hidden_probability(sparse.rbm, data).mean(0)
    assert float(means.mean()) == pytest.approx(sparse.activations[-1])


def test_one_full_batch_is_one_step_uphill():
    rbm, data = machine(), states(4)
    run = train_rbm(rbm, data, lr=0.3, epochs=1, batch_size=16, target=0.2, sparsity_weight=2,
                    k=3, generator=generator())  # fmt: skip
    g = generator()
    order = torch.randperm(16, generator=g)
    up = contrastive_divergence(rbm, data[order], k=3, generator=g)
    rest = sparsity_penalty_grad(rbm, data, target=0.2)
    close(run.rbm.weight, rbm.weight + 0.3 * up.weight)
    close(run.rbm.hidden_bias, rbm.hidden_bias + 0.3 * (up.hidden_bias - 2 * rest))
    close(run.rbm.visible_bias, rbm.visible_bias + 0.3 * up.visible_bias)


def test_bad_arguments():
    rbm, v = machine(), states(4)
    with pytest.raises(ParameterError, match="expected k ≥ 1, got 0"):
        contrastive_divergence(rbm, v, k=0)
    with pytest.raises(ParameterError, match="expected 0 < target < 1, got 1"):
        sparsity_penalty(rbm, v, target=1)
    with pytest.raises(ParameterError, match="expected 0 < target < 1, got 0"):
        sparsity_penalty_grad(rbm, v, target=0)
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        train_rbm(rbm, v, lr=0, epochs=1)
    with pytest.raises(ParameterError, match="expected sparsity_weight ≥ 0, got -1"):
        train_rbm(rbm, v, lr=1, epochs=1, sparsity_weight=-1)
    with pytest.raises(ParameterError, match=r"expected v of shape \(n, 4\)"):
        train_rbm(rbm, v[:, 1:], lr=1, epochs=1)
