"""Batch and stochastic gradients against autograd; mini-batches against PyTorch's DataLoader."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.binary_losses import binary_cross_entropy_with_logits_grad
from utils.reference.gradient_descent import gradient_descent
from utils.reference.minibatch import (
    CountedGradient,
    batch_gradient,
    example_gradients,
    iterate_minibatches,
    sgd_gradient,
    steps_per_epoch,
)
from utils.reference.optimizers import SGD

N = 12
functional = torch.nn.functional


def squared_error(theta, x, y):
    return (x @ theta - y) ** 2


def squared_error_grads(theta, inputs, targets):
    return 2 * (inputs @ theta - targets).unsqueeze(1) * inputs


INPUTS, TARGETS, THETA = randn(N, 3), randn(N, seed=1), randn(3, seed=2)
CLASSES = torch.arange(N) % 3
LOSSES = {
    "squared error": (squared_error, functional.mse_loss, TARGETS, THETA),
    "binary cross entropy": (
        lambda w, x, y: functional.binary_cross_entropy_with_logits(x @ w, y),
        functional.binary_cross_entropy_with_logits,
        (TARGETS > 0).double(),
        THETA,
    ),
    "cross entropy": (
        lambda w, x, y: functional.cross_entropy(x @ w, y),
        functional.cross_entropy,
        CLASSES,
        randn(3, 3, seed=2),
    ),
}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("loss", "whole", "targets", "theta"), LOSSES.values(), ids=LOSSES)
def test_the_batch_gradient_is_that_of_the_whole_loss(loss, whole, targets, theta, reduction):
    leaf = theta.clone().requires_grad_()
    whole(INPUTS @ leaf, targets, reduction=reduction).backward()
    each = example_gradients(loss)
    close(batch_gradient(each, theta, INPUTS, targets, reduction=reduction), leaf.grad)
    assert each(theta, INPUTS, targets).shape == (N, *theta.shape)
    assert reduction == "sum" or torch.equal(
        batch_gradient(each, theta, INPUTS, targets),
        batch_gradient(each, theta, INPUTS, targets, reduction="mean"),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_example_gradients_are_those_by_hand(dtype):
    theta, x, y = THETA.to(dtype), INPUTS.to(dtype), TARGETS.to(dtype)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    expected = squared_error_grads(theta, x, y)
    close(example_gradients(squared_error)(theta, x, y), expected, tolerance=tolerance)
    binary = (y > 0).to(dtype)
    slopes = binary_cross_entropy_with_logits_grad(x @ theta, binary, reduction="none")
    each = example_gradients(LOSSES["binary cross entropy"][0])
    close(each(theta, x, binary), slopes.unsqueeze(1) * x, tolerance=tolerance)


@given(lr=st.floats(1e-4, 1e-2), seed=st.integers(0, 100))
def test_sum_or_mean_is_the_learning_rate_times_n(lr, seed):
    start = randn(3, seed=seed)

    def descent(lr, reduction):
        return gradient_descent(
            lambda theta: batch_gradient(
                squared_error_grads, theta, INPUTS, TARGETS, reduction=reduction
            ),
            start,
            lr=lr,
            steps=10,
        )

    close(descent(lr, "sum"), descent(N * lr, "mean"), tolerance=1e-9)


def test_gradient_computations_of_the_lecture():
    counted = CountedGradient(squared_error_grads)
    theta, optimizer = THETA, SGD(lr=0.01)
    for _ in range(5):
        theta = optimizer.step(theta, batch_gradient(counted, theta, INPUTS, TARGETS))
    assert counted.count == 5 * N

    counted = CountedGradient(squared_error_grads)
    for _ in range(16):
        theta = optimizer.step(theta, sgd_gradient(counted, theta, INPUTS, TARGETS))
    assert counted.count == 16

    counted = CountedGradient(squared_error_grads)
    for inputs, targets in iterate_minibatches(INPUTS, TARGETS, batch_size=5):
        batch_gradient(counted, theta, inputs, targets)
    assert counted.count == N


def test_one_example_is_one_of_the_examples():
    each = squared_error_grads(THETA, INPUTS, TARGETS)
    generator = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(200):
        g = sgd_gradient(squared_error_grads, THETA, INPUTS, TARGETS, generator=generator)
        (which,) = (each - g).norm(dim=1).lt(1e-12).nonzero().flatten().tolist()
        seen.add(which)
    assert seen == set(range(N))


@pytest.mark.parametrize("batch_size", [1, 3, 9])
def test_the_estimate_is_right_on_average_and_its_noise_is_known(batch_size):
    generator = torch.Generator().manual_seed(0)
    gradients = torch.stack(
        [
            sgd_gradient(
                squared_error_grads,
                THETA,
                INPUTS,
                TARGETS,
                batch_size=batch_size,
                generator=generator,
            )
            for _ in range(3000)
        ]
    )
    each = squared_error_grads(THETA, INPUTS, TARGETS)
    variance = each.var(0, correction=0) / batch_size * (N - batch_size) / (N - 1)
    close(gradients.var(0) / variance, torch.ones(3).double(), tolerance=0.1)
    error = (gradients.mean(0) - each.mean(0)) / (variance / 3000).sqrt()
    assert error.abs().max() < 3.5


def test_all_examples_are_the_batch_gradient():
    whole = batch_gradient(squared_error_grads, THETA, INPUTS, TARGETS)
    close(sgd_gradient(squared_error_grads, THETA, INPUTS, TARGETS, batch_size=N), whole)


@given(
    n=st.integers(0, 40), batch_size=st.integers(1, 45), shuffle=st.booleans(), drop=st.booleans()
)
def test_every_example_once(n, batch_size, shuffle, drop):
    x = torch.arange(n)
    batches = list(
        iterate_minibatches(x, 10 * x, batch_size=batch_size, shuffle=shuffle, drop_last=drop)
    )
    assert len(batches) == steps_per_epoch(n, batch_size, drop_last=drop)
    if n:
        loader = DataLoader(TensorDataset(x), batch_size=batch_size, drop_last=drop)
        assert len(batches) == len(loader)
    for inputs, targets in batches:
        assert torch.equal(10 * inputs, targets)
        assert len(inputs) == batch_size or not drop
    drawn = [int(i) for inputs, _ in batches for i in inputs]
    assert len(set(drawn)) == len(drawn) == (n - n % batch_size if drop else n)
    assert all(len(inputs) == batch_size for inputs, _ in batches[:-1])
    assert shuffle or drawn == sorted(drawn)


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_are_those_of_pytorch(drop_last):
    options = {"batch_size": 5, "drop_last": drop_last}
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), **options)
    ours = list(iterate_minibatches(INPUTS, TARGETS, shuffle=False, **options))
    for (x, y), (inputs, targets) in zip(ours, loader, strict=True):
        close(x, inputs)
        close(y, targets)
    sampler = RandomSampler(range(N), generator=torch.Generator().manual_seed(3))
    expected = list(BatchSampler(sampler, **options))
    generator = torch.Generator().manual_seed(3)
    shuffled = iterate_minibatches(torch.arange(N), generator=generator, **options)
    assert [batch.tolist() for (batch,) in shuffled] == expected


def test_each_epoch_has_its_own_order():
    generator = torch.Generator().manual_seed(0)
    first, second = (
        [
            int(i)
            for (batch,) in iterate_minibatches(
                CLASSES.argsort(), batch_size=4, generator=generator
            )
            for i in batch
        ]
        for _ in range(2)
    )
    assert first != second
    assert sorted(first) == sorted(second)


def test_steps_of_the_lecture():
    assert steps_per_epoch(1000, 1) == 1000
    assert steps_per_epoch(1000, 1000) == 1
    assert steps_per_epoch(1000, 10) == 100
    assert steps_per_epoch(1000, 64) == 16
    assert steps_per_epoch(1000, 64, drop_last=True) == 15
    assert steps_per_epoch(10, 64) == 1
    assert steps_per_epoch(10, 64, drop_last=True) == 0
    assert steps_per_epoch(0, 64) == 0


def test_bad_arguments():
    with pytest.raises(ParameterError, match="as many inputs as targets, at least 1, got 12 and 3"):
        batch_gradient(squared_error_grads, THETA, INPUTS, TARGETS[:3])
    with pytest.raises(ParameterError, match="as many inputs as targets, at least 1, got 0 and 0"):
        sgd_gradient(squared_error_grads, THETA, INPUTS[:0], TARGETS[:0])
    with pytest.raises(ParameterError, match="expected reduction 'mean' or 'sum', got 'none'"):
        batch_gradient(squared_error_grads, THETA, INPUTS, TARGETS, reduction="none")
    with pytest.raises(ParameterError, match=r"of shape=\(12, 3\), got shape=\(3,\)"):
        batch_gradient(lambda theta, x, y: theta, THETA, INPUTS, TARGETS)
    for batch_size in (0, 13):
        with pytest.raises(ParameterError, match=f"batch_size from 1 to 12, got {batch_size}"):
            sgd_gradient(squared_error_grads, THETA, INPUTS, TARGETS, batch_size=batch_size)
    with pytest.raises(ParameterError, match="expected batch_size ≥ 1, got 0"):
        iterate_minibatches(INPUTS, batch_size=0)
    with pytest.raises(ParameterError, match=r"expected tensors of the same length, got \[12, 2\]"):
        iterate_minibatches(INPUTS, TARGETS[:2], batch_size=1)
    with pytest.raises(ParameterError, match=r"expected tensors of the same length, got \[\]"):
        iterate_minibatches(batch_size=1)
    with pytest.raises(ParameterError, match="expected n_examples ≥ 0, got -1"):
        steps_per_epoch(-1, 1)
