"""Softmax and log-softmax against PyTorch: values, gradients, invariances, overflow."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, floats, gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference.softmax import (
    log_softmax,
    log_softmax_grad,
    log_softmax_naive,
    softmax,
    softmax_grad,
    softmax_naive,
)


@pytest.mark.parametrize("dtype", [torch.bfloat16, *DTYPES])
@pytest.mark.parametrize(("shape", "dim"), [((4,), -1), ((2, 5), 0), ((2, 5), 1), ((2, 3, 4), 1)])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_values_agree_with_pytorch(dtype, shape, dim, temperature):
    logits = (4 * randn(*shape)).to(dtype)
    options = {"dim": dim, "temperature": temperature}
    close(softmax(logits, **options), torch.softmax(logits / temperature, dim))
    close(log_softmax(logits, **options), torch.log_softmax(logits / temperature, dim))


@pytest.mark.parametrize(
    ("ours", "grad"), [(softmax, softmax_grad), (log_softmax, log_softmax_grad)]
)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("dim", "temperature"), [(-1, 1.0), (0, 0.5), (1, 3.0)])
def test_gradients_agree_with_pytorch(ours, grad, dtype, dim, temperature):
    logits, upstream = randn(3, 4, dtype=dtype, seed=1), randn(3, 4, dtype=dtype, seed=2)
    theirs = {softmax: torch.softmax, log_softmax: torch.log_softmax}[ours]
    expected = gradient_of(lambda z: upstream * theirs(z / temperature, dim), logits)
    options = {"dim": dim, "temperature": temperature}
    close(grad(logits, upstream, **options), expected)
    close(gradient_of(lambda z: upstream * ours(z, **options), logits), expected)


@given(logits=vectors(2), shift=floats)
def test_properties(logits, shift):
    probs = softmax(logits)
    assert probs.sum().item() == pytest.approx(1)
    close(softmax(logits + shift), probs)
    assert (probs[logits.argsort()].diff() >= 0).all()  # order is kept
    ratio = log_softmax(logits)[0] - log_softmax(logits)[1]  # differences become ratios
    close(ratio, logits[0] - logits[1])
    close(log_softmax(logits).exp(), probs)
    assert abs(softmax_grad(logits, logits).sum().item()) < 1e-9


@given(z=floats)
def test_two_classes_are_a_sigmoid(z):
    logits = torch.tensor([0.0, z], dtype=torch.float64)
    close(softmax(logits)[1], torch.sigmoid(logits[1]))


@given(logits=st.lists(st.floats(-5, 5), min_size=3, max_size=3, unique_by=lambda x: round(x, 1)))
def test_temperature_sharpens_and_flattens(logits):
    z = torch.tensor(logits, dtype=torch.float64)
    assert softmax(z, temperature=1e-3).max() > 1 - 1e-6
    close(softmax(z, temperature=1e9), torch.full((3,), 1 / 3).double(), tolerance=1e-6)


def test_naive_forms_agree_where_they_work_and_fail_at_1000():
    logits = randn(3, 4)
    close(softmax_naive(logits), softmax(logits))
    close(log_softmax_naive(logits, dim=0), log_softmax(logits, dim=0))

    far = torch.tensor([1000.0, 0.0])
    assert softmax_naive(far).isnan().any()  # infinity over infinity
    assert log_softmax_naive(-far).isinf().any()  # log 0
    close(softmax(far), torch.tensor([1.0, 0.0]))
    close(log_softmax(-far), torch.tensor([-1000.0, 0.0]))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_bad_temperature(temperature):
    for function in (softmax, log_softmax):
        with pytest.raises(ParameterError, match="expected temperature > 0, got"):
            function(torch.zeros(2), temperature=temperature)


def test_bad_arguments():
    for function in (softmax, softmax_naive, log_softmax, log_softmax_naive):
        with pytest.raises(ParameterError, match="expected logits of a floating-point dtype"):
            function(torch.zeros(2, dtype=torch.int64))
    for function in (softmax_grad, log_softmax_grad):
        with pytest.raises(ParameterError, match="expected upstream and logits of the same shape"):
            function(torch.zeros(2), torch.zeros(3))
