"""Batch norm against PyTorch in both modes, step by step; standardization against scikit-learn."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.normalization import (
    batch_norm,
    batch_norm_grad,
    input_statistics,
    standardize_inputs,
)

SHAPES = [(6, 3), (2, 1), (4, 3, 5), (3, 2, 4, 5), (1, 2, 3, 2)]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-11}


def torch_layer(shape, dtype, **options):
    """Return PyTorch's layer, with a scale, shift and running statistics of its own."""
    kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    layer = kind(shape[1], dtype=dtype, **options)
    for i, tensor in enumerate([layer.weight.data, layer.bias.data, layer.running_mean]):
        tensor.copy_(randn(shape[1], dtype=dtype, seed=i + 5))
    layer.running_var.copy_(randn(shape[1], dtype=dtype, seed=9).square() + 0.1)
    return layer


def arguments(layer):
    statistics = (layer.running_mean.clone(), layer.running_var.clone())
    return (layer.weight.detach(), layer.bias.detach(), *statistics)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.3, "eps": 0.1}])
def test_values_statistics_and_gradients_agree_with_pytorch(dtype, shape, training, options):
    layer = torch_layer(shape, dtype, **options).train(training)
    before = arguments(layer)
    kept = [tensor.clone() for tensor in before]
    x = (3 * randn(*shape, dtype=dtype) + 2).requires_grad_()
    upstream = randn(*shape, dtype=dtype, seed=1)
    expected = layer(x)
    output, mean, var = batch_norm(x.detach(), *before, training=training, **options)
    tolerance = TOLERANCE[dtype]
    close(output, expected.detach(), tolerance=tolerance)
    close(mean, layer.running_mean, tolerance=tolerance)
    close(var, layer.running_var, tolerance=tolerance)
    assert all(torch.equal(a, b) for a, b in zip(kept, before, strict=True))

    leaves = (x, layer.weight, layer.bias)
    expected_grads = torch.autograd.grad(expected, leaves, upstream)
    scale, _, *statistics = before
    eps = {"eps": options.get("eps", 1e-5)}
    by_hand = batch_norm_grad(x.detach(), upstream, scale, *statistics, training=training, **eps)
    through = batch_norm(x, *leaves[1:], *statistics, training=training, **options).output
    by_autograd = torch.autograd.grad(through, leaves, upstream)
    tolerance *= 10
    for ours, autograd, theirs in zip(by_hand, by_autograd, expected_grads, strict=True):
        close(ours, theirs, tolerance=tolerance)
        close(autograd, theirs, tolerance=tolerance)


def test_half_precision_is_kept():
    x, two = randn(6, 2).half(), torch.ones(2).half()
    output, mean, var = batch_norm(x, two, two, two, two, training=True)
    grads = batch_norm_grad(x, x, two, two, two, training=True)
    statistics = input_statistics(x)
    assert {t.dtype for t in (output, mean, var, *grads, *statistics)} == {torch.float16}


def test_running_statistics_over_many_batches_and_then_evaluation():
    layer = torch_layer((8, 3), torch.float64)
    scale, shift, mean, var = arguments(layer)
    for step in range(50):
        x = 2 * randn(8, 3, seed=step) + 5
        layer(x)
        _, mean, var = batch_norm(x, scale, shift, mean, var, training=True)
    close(mean, layer.running_mean)
    close(var, layer.running_var)
    close(mean, torch.full((3,), 5.0).double(), tolerance=0.2)
    x = randn(1, 3)  # alone, which training could not do
    output = batch_norm(x, scale, shift, mean, var, training=False).output
    close(output, layer.eval()(x).detach())


@given(seed=st.integers(0, 999), factor=st.floats(0.5, 9), level=st.floats(-9, 9))
def test_properties(seed, factor, level):
    x, upstream = randn(7, 3, 2, seed=seed), randn(7, 3, 2, seed=seed + 1)
    ones, zeros = torch.ones(3).double(), torch.zeros(3).double()
    options = {"training": True, "eps": 1e-12}
    y = batch_norm(x, ones, zeros, zeros, ones, **options).output
    close(y.mean(dim=(0, 2)), zeros, tolerance=1e-9)
    close(y.var(dim=(0, 2), correction=0), ones, tolerance=1e-9)
    moved = batch_norm(factor * x + level, ones, zeros, zeros, ones, **options).output
    close(moved, y, tolerance=1e-8)  # so the inputs' scale and shift get no gradient:
    grad, _, _ = batch_norm_grad(x, upstream, ones, zeros, ones, **options)
    close(grad.sum(dim=(0, 2)), zeros, tolerance=1e-9)
    close((grad * x).sum(dim=(0, 2)), zeros, tolerance=1e-9)


def test_modes_differ_as_they_should():
    ones, zeros = torch.ones(2), torch.zeros(2)
    x = randn(5, 2, dtype=torch.float32)
    other = torch.cat([x[:1], randn(4, 2, dtype=torch.float32, seed=1)])

    def first(x, training):
        return batch_norm(x, ones, zeros, zeros, ones, training=training).output[0]

    close(first(x, False), first(other, False))
    assert (first(x, True) - first(other, True)).abs().max() > 0.01


@pytest.mark.parametrize("dtype", DTYPES)
def test_standardization_agrees_with_scikit_learn(dtype):
    train, test = 3 * randn(40, 4, dtype=dtype) + 7, randn(9, 4, dtype=dtype, seed=1)
    train[:, 2] = 0.1  # constants
    train[:, 3] = 0
    scaler = StandardScaler().fit(train.numpy())
    mean, std = input_statistics(train)
    close(mean, torch.as_tensor(scaler.mean_).to(dtype), tolerance=1e-6)
    close(std, torch.as_tensor(scaler.scale_).to(dtype), tolerance=1e-6)
    for x in (train, test):
        ours = standardize_inputs(x, mean=mean, std=std)
        close(ours, torch.as_tensor(scaler.transform(x.numpy())).to(dtype), tolerance=1e-5)


@given(seed=st.integers(0, 999), shape=st.sampled_from([(9, 3), (4, 2, 3), (2, 2, 3, 3)]))
def test_standardized_inputs_have_mean_0_and_variance_1_and_come_back(seed, shape):
    x = 5 * randn(*shape, seed=seed) - 3
    mean, std = input_statistics(x)
    y = standardize_inputs(x, mean=mean, std=std)
    mean_after, std_after = input_statistics(y)
    close(mean_after, torch.zeros_like(mean), tolerance=1e-10)
    close(std_after, torch.ones_like(std), tolerance=1e-10)
    back = y.movedim(1, -1) * std + mean
    close(back.movedim(-1, 1), x, tolerance=1e-10)


def test_bad_arguments():
    x, two, three = torch.zeros(4, 2), torch.ones(2), torch.ones(3)
    good = [two, two, two, two]
    for i, name in enumerate(["scale", "shift", "running_mean", "running_var"]):
        bad = copy.copy(good)
        bad[i] = three
        with pytest.raises(ParameterError, match=rf"{name} of shape \(2,\), got shape=\(3,\)"):
            batch_norm(x, *bad, training=False)
    with pytest.raises(ParameterError, match=r"inputs of shape \(n, channels, …\).* got .*\(4,\)"):
        batch_norm(x[:, 0], *good, training=True)
    with pytest.raises(ParameterError, match=r"not empty, got shape=\(0, 2\)"):
        batch_norm(x[:0], *good, training=True)
    with pytest.raises(ParameterError, match=r"two or more values a channel .* shape=\(1, 2\)"):
        batch_norm(x[:1], *good, training=True)
    with pytest.raises(ParameterError, match=r"expected momentum from 0 to 1, got 1\.5"):
        batch_norm(x, *good, training=True, momentum=1.5)
    with pytest.raises(ParameterError, match="expected eps > 0, got 0"):
        batch_norm(x, *good, training=True, eps=0)
    with pytest.raises(ParameterError, match="expected upstream and inputs of the same shape"):
        batch_norm_grad(x, x[1:], two, two, two, training=True)
    with pytest.raises(ParameterError, match=r"expected mean of shape \(2,\)"):
        standardize_inputs(x, mean=three, std=two)
    with pytest.raises(ParameterError, match=r"expected std > 0, got 0\.0"):
        standardize_inputs(x, mean=two, std=torch.tensor([1.0, 0.0]))
    with pytest.raises(ParameterError, match="expected inputs of a floating-point dtype"):
        input_statistics(x.long())
