"""Regression losses against PyTorch and scikit-learn: values, gradients, best constants."""

import pytest
import sklearn.metrics
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, floats, gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference import losses
from utils.reference.robust_losses import huber_loss, huber_loss_grad

ELEMENTWISE = {
    "signed_error": lambda p, t: p - t,
    "l1_loss": lambda p, t: F.l1_loss(p, t, reduction="none"),
    "l2_loss": lambda p, t: F.mse_loss(p, t, reduction="none"),
}
MEANS = {"mean_absolute_error": F.l1_loss, "mean_squared_error": F.mse_loss}


@pytest.mark.parametrize("name", [*ELEMENTWISE, *MEANS])
@pytest.mark.parametrize("dtype", [torch.bfloat16, *DTYPES])
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_values_and_gradients_agree_with_pytorch(name, dtype, shape):
    prediction, target = randn(*shape, seed=1).to(dtype), randn(*shape, seed=2).to(dtype)
    reference = (ELEMENTWISE | MEANS)[name]
    close(getattr(losses, name)(prediction, target), reference(prediction, target))
    close(
        getattr(losses, f"{name}_grad")(prediction, target),
        gradient_of(reference, prediction, target),
    )


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_huber_agrees_with_pytorch(delta, dtype):
    prediction, target = 2 * randn(40, dtype=dtype, seed=1), randn(40, dtype=dtype, seed=2)
    prediction[0] = target[0] + delta  # on the seam

    def reference(p, t):
        return F.huber_loss(p, t, delta=delta, reduction="none")

    close(huber_loss(prediction, target, delta=delta), reference(prediction, target))
    close(
        huber_loss_grad(prediction, target, delta=delta),
        gradient_of(reference, prediction, target),
    )


def test_means_agree_with_scikit_learn():
    prediction, target = randn(30, seed=3), randn(30, seed=4)
    arrays = target.numpy(), prediction.numpy()
    for ours, theirs in (
        (losses.mean_absolute_error, sklearn.metrics.mean_absolute_error),
        (losses.mean_squared_error, sklearn.metrics.mean_squared_error),
    ):
        assert ours(prediction, target).item() == pytest.approx(theirs(*arrays), rel=1e-12)


def test_the_signed_error_is_no_loss():
    target = torch.tensor([1.0, 2.0])
    bad = target + torch.tensor([5.0, -5.0])
    assert losses.signed_error(bad, target).mean() == 0  # errors cancel: "perfect"
    assert losses.signed_error(target - 100, target).mean() == -100  # "better than perfect"
    assert losses.mean_absolute_error(bad, target) == 5
    assert losses.mean_squared_error(bad, target) == 25


@given(target=vectors(2), shift=st.floats(-3, 3))
def test_the_best_constants_are_the_median_and_the_mean(target, shift):
    def cost(loss, constant):
        return loss(torch.full_like(target, float(constant)), target).item()

    for loss, best in (
        (losses.mean_absolute_error, target.median()),
        (losses.mean_squared_error, target.mean()),
    ):
        assert cost(loss, best) <= cost(loss, best + shift) + 1e-9


@given(prediction=floats, target=floats)
def test_huber_lies_between(prediction, target):
    p, t = torch.tensor([prediction]).double(), torch.tensor([target]).double()
    huber = huber_loss(p, t, delta=1.5)
    assert (huber <= losses.l2_loss(p, t) / 2 + 1e-9).all()
    assert (huber <= 1.5 * losses.l1_loss(p, t) + 1e-9).all()
    close(huber_loss(t, p, delta=1.5), huber)


def test_an_outlier_pulls_the_squared_error_only():
    target = torch.tensor([0.0, 0.0, 0.0, 100.0])
    zero = torch.zeros(4)
    assert losses.mean_absolute_error_grad(zero, target).tolist() == [0, 0, 0, -0.25]
    assert losses.mean_squared_error_grad(zero, target).tolist() == [0, 0, 0, -50]
    assert huber_loss_grad(zero, target).tolist() == [0, 0, 0, -1]


@pytest.mark.parametrize("name", [*ELEMENTWISE, *MEANS])
def test_bad_arguments(name):
    for function in (getattr(losses, name), getattr(losses, f"{name}_grad")):
        with pytest.raises(
            ParameterError, match=r"same shape, got shape=\(3,\) and shape=\(3, 1\)"
        ):
            function(torch.zeros(3), torch.zeros(3, 1))
        with pytest.raises(ParameterError, match="expected target of a floating-point dtype"):
            function(torch.zeros(3), torch.zeros(3, dtype=torch.int64))
        with pytest.raises(ParameterError, match="expected prediction of a floating-point dtype"):
            function(torch.zeros(3, dtype=torch.int64), torch.zeros(3))


@pytest.mark.parametrize("function", [huber_loss, huber_loss_grad])
@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan")])
def test_huber_needs_a_positive_delta(function, delta):
    with pytest.raises(ParameterError, match="expected delta > 0, got"):
        function(torch.zeros(2), torch.zeros(2), delta=delta)
