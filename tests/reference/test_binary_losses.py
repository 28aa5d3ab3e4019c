"""Binary cross entropy and hinge loss against PyTorch and scikit-learn."""

import math

import pytest
import sklearn.metrics
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, floats, gradient_of, randn
from utils.errors import ParameterError
from utils.reference import binary_losses as losses
from utils.reference.losses import mean_squared_error
from utils.reference.saturating import sigmoid

REDUCTIONS = ("mean", "sum", "none")


def hard_targets(*shape, dtype=torch.float64):
    return (randn(*shape, seed=9) > 0).to(dtype)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("shape", [(6,), (3, 4)])
def test_cross_entropy_agrees_with_pytorch(reduction, dtype, soft, shape):
    logits = 3 * randn(*shape, dtype=dtype)
    targets = (
        torch.sigmoid(randn(*shape, seed=5)).to(dtype)
        if soft
        else hard_targets(*shape, dtype=dtype)
    )
    probs = torch.sigmoid(logits)

    def from_probs(p, y):
        return F.binary_cross_entropy(p, y, reduction=reduction)

    def from_logits(z, y):
        return F.binary_cross_entropy_with_logits(z, y, reduction=reduction)

    # In float32, 1 - p has lost digits before either implementation sees it.
    loose = 2e-5 if dtype == torch.float32 else None
    options = {"reduction": reduction}
    close(
        losses.binary_cross_entropy(probs, targets, **options),
        from_probs(probs, targets),
        tolerance=loose,
    )
    close(
        losses.binary_cross_entropy_grad(probs, targets, **options),
        gradient_of(from_probs, probs, targets),
        tolerance=loose,
    )
    close(
        losses.binary_cross_entropy_with_logits(logits, targets, **options),
        from_logits(logits, targets),
    )
    close(
        losses.binary_cross_entropy_with_logits_grad(logits, targets, **options),
        gradient_of(from_logits, logits, targets),
    )
    close(
        losses.binary_cross_entropy_naive(logits, targets, **options),
        from_logits(logits, targets),
        tolerance=loose,
    )


def test_cross_entropy_agrees_with_scikit_learn():
    probs, targets = torch.sigmoid(randn(50)), hard_targets(50)
    expected = sklearn.metrics.log_loss(targets.numpy(), probs.numpy())
    assert losses.binary_cross_entropy(probs, targets).item() == pytest.approx(expected, rel=1e-12)


@given(p=st.floats(0.01, 0.99), z=floats)
def test_one_formula_holds_both_branches(p, z):
    probs, logits = torch.tensor([p]).double(), torch.tensor([z]).double()
    one, zero = torch.ones(1).double(), torch.zeros(1).double()
    close(losses.binary_cross_entropy(probs, one), -probs.log().sum())
    close(losses.binary_cross_entropy(probs, zero), -(1 - probs).log().sum())
    # Swapping the classes changes nothing.
    close(
        losses.binary_cross_entropy_with_logits(-logits, one),
        losses.binary_cross_entropy_with_logits(logits, zero),
    )


def test_certainty():
    right, wrong = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])
    targets = torch.tensor([0.0, 1.0])
    assert losses.binary_cross_entropy(right, targets) == 0
    assert losses.binary_cross_entropy(wrong, targets) == math.inf
    assert losses.binary_cross_entropy_grad(right, targets, reduction="sum").tolist() == [1, -1]
    assert losses.binary_cross_entropy_grad(wrong, targets).tolist() == [math.inf, -math.inf]


def test_naive_form_fails_at_1000():
    logits, zero, one = torch.tensor([1000.0]), torch.tensor([0.0]), torch.tensor([1.0])
    assert losses.binary_cross_entropy_naive(logits, zero) == math.inf
    assert losses.binary_cross_entropy_naive(logits, one).isnan()
    assert losses.binary_cross_entropy_with_logits(logits, zero) == 1000
    assert losses.binary_cross_entropy_with_logits(logits, one) == 0
    assert losses.binary_cross_entropy_with_logits_grad(logits, zero) == 1


def test_why_not_the_squared_error():
    logits, target = torch.tensor([-20.0]), torch.tensor([1.0])  # surely wrong
    squared = gradient_of(lambda z: mean_squared_error(sigmoid(z), target), logits)
    assert squared.abs().item() < 1e-8  # learns nothing
    assert losses.binary_cross_entropy_with_logits_grad(logits, target).item() == pytest.approx(-1)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [0.5, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_hinge_loss(reduction, margin, dtype):
    scores, targets = randn(30, dtype=dtype), 2 * hard_targets(30, dtype=dtype) - 1
    scores[0] = margin * targets[0]  # on the corner: gradient 0

    def reference(s, y):
        values = F.relu(margin - y * s)
        return {"mean": values.mean(), "sum": values.sum(), "none": values}[reduction]

    options = {"margin": margin, "reduction": reduction}
    close(losses.hinge_loss(scores, targets, **options), reference(scores, targets))
    close(
        losses.hinge_loss_grad(scores, targets, **options),
        gradient_of(reference, scores, targets),
    )


def test_hinge_loss_agrees_with_scikit_learn():
    scores, targets = randn(40), 2 * hard_targets(40) - 1
    expected = sklearn.metrics.hinge_loss(targets.numpy(), scores.numpy())
    assert losses.hinge_loss(scores, targets).item() == pytest.approx(expected, rel=1e-12)


def test_bad_arguments():
    half = torch.full((2,), 0.5)
    for function in (losses.binary_cross_entropy, losses.binary_cross_entropy_grad):
        with pytest.raises(
            ParameterError, match="expected probs from 0 to 1, got values from -1 to 2"
        ):
            function(torch.tensor([-1.0, 2.0]), half)
        with pytest.raises(ParameterError, match="expected targets from 0 to 1, got values from 3"):
            function(half, torch.full((2,), 3.0))
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits", "hinge_loss"):
        for function in (getattr(losses, name), getattr(losses, f"{name}_grad")):
            with pytest.raises(ParameterError, match="of the same shape"):
                function(half, torch.ones(2, 1))
    with pytest.raises(ParameterError, match="of the same shape"):
        losses.binary_cross_entropy_naive(half, torch.ones(2, 1))
    with pytest.raises(
        ParameterError, match="expected reduction 'mean', 'sum' or 'none', got 'max'"
    ):
        losses.binary_cross_entropy(half, half, reduction="max")
    with pytest.raises(
        ParameterError, match="expected reduction 'mean', 'sum' or 'none', got 'max'"
    ):
        losses.binary_cross_entropy_grad(half, half, reduction="max")
    for function in (losses.hinge_loss, losses.hinge_loss_grad):
        with pytest.raises(ParameterError, match=r"expected targets -1 or \+1, got \[0.0, 1.0\]"):
            function(half, torch.tensor([0.0, 1.0]))
        with pytest.raises(ParameterError, match="expected margin > 0, got 0"):
            function(half, torch.ones(2), margin=0)
