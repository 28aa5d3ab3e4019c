"""Penalties against autograd, torch.optim and scikit-learn; dropout against PyTorch's layer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Lasso, Ridge

from tests.reference.helpers import DTYPES, close, floats, gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference.regularizers import (
    dropout,
    dropout_grad,
    dropout_mask,
    l1_penalty,
    l1_penalty_grad,
    l2_penalty,
    l2_penalty_grad,
    soft_threshold,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 1, 3, 3)])
@pytest.mark.parametrize(
    ("penalty", "grad", "order"),
    [(l1_penalty, l1_penalty_grad, 1), (l2_penalty, l2_penalty_grad, 2)],
)
def test_values_and_gradients_of_penalties(dtype, shape, penalty, grad, order):
    w = randn(*shape, dtype=dtype)
    w.flatten()[0] = 0  # the corner of L1
    expected = 0.3 * torch.linalg.vector_norm(w, order) ** order
    close(penalty(w, strength=0.3), expected)
    close(grad(w, strength=0.3), gradient_of(lambda w: penalty(w, strength=0.3), w))
    close(grad(w, strength=0.3), gradient_of(lambda w: 0.3 * (w.abs() ** order), w))


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_l2_is_weight_decay_of_twice_lambda(options):
    strength, x, y = 0.05, randn(20, 4), randn(20, seed=1)

    def trained(weight_decay, penalty, n_steps=50):
        w = torch.ones(4, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.05, weight_decay=weight_decay, **options)
        for _ in range(n_steps):
            optimizer.zero_grad()
            (((x @ w - y) ** 2).mean() + penalty(w)).backward()
            optimizer.step()
        return w.detach()

    by_penalty = trained(0.0, lambda w: l2_penalty(w, strength=strength))
    close(by_penalty, trained(2 * strength, lambda w: 0))
    assert (by_penalty - trained(strength, lambda w: 0)).abs().max() > 1e-3


def test_ridge_and_lasso_agree_with_scikit_learn():
    x, noise = randn(50, 6), randn(50, seed=1)
    y = x @ torch.tensor([3.0, -2, 0, 0, 0.05, 0]).double() + 0.1 * noise
    strength, lr = 0.2, 0.1
    ridge, lasso = torch.zeros(6).double(), torch.zeros(6).double()
    for _ in range(500):
        gradient = 2 * x.T @ (x @ ridge - y) / len(x)
        ridge = ridge - lr * (gradient + l2_penalty_grad(ridge, strength=strength))
        gradient = 2 * x.T @ (x @ lasso - y) / len(x)
        lasso = soft_threshold(lasso - lr * gradient, threshold=lr * strength)
    # scikit-learn: Σ(…)² + αΣw² for ridge, and half the mean square + αΣ|w| for the lasso
    theirs = Ridge(alpha=strength * len(x), fit_intercept=False).fit(x, y).coef_
    close(ridge, torch.as_tensor(theirs), tolerance=1e-6)
    theirs = Lasso(alpha=strength / 2, fit_intercept=False, tol=1e-10).fit(x, y).coef_
    close(lasso, torch.as_tensor(theirs), tolerance=1e-6)
    assert (lasso == 0).tolist() == [False, False, True, True, True, True]
    assert (ridge != 0).all()


@given(w=vectors(), threshold=st.floats(0, 10))
def test_soft_threshold(w, threshold):
    v = soft_threshold(w, threshold=threshold)
    close(v, torch.nn.functional.softshrink(w, threshold))
    assert ((v == 0) == (w.abs() <= threshold)).all()

    def cost(v):
        return (v - w) ** 2 / 2 + threshold * v.abs()

    for step in (-0.1, 0.1, -3, 3):  # it is the minimum
        assert (cost(v) <= cost(v + step) + 1e-9).all()
    close(soft_threshold(-w, threshold=threshold), -v)
    assert (soft_threshold(w, threshold=0) == w).all()


@given(w=vectors(), factor=floats)
def test_penalties_scale(w, factor):
    size = abs(factor)
    close(l1_penalty(factor * w, strength=2), size * l1_penalty(w, strength=2), tolerance=1e-9)
    close(l2_penalty(factor * w, strength=2), size**2 * l2_penalty(w, strength=2), tolerance=1e-9)
    close(l2_penalty(w, strength=2), (w * l2_penalty_grad(w, strength=1)).sum(), tolerance=1e-9)
    close(l1_penalty(w, strength=1), (w * l1_penalty_grad(w, strength=1)).sum(), tolerance=1e-9)


N = 20_000


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.8])
def test_dropout_has_the_rate_and_the_values_of_pytorch(p):
    x = randn(N, dtype=torch.float32).abs() + 0.1
    torch.manual_seed(0)
    theirs = torch.nn.Dropout(p)(x)
    ours = dropout(x, p=p, generator=seeded())
    four_errors = 4 * math.sqrt(p * (1 - p) / N)
    assert abs((ours == 0).float().mean().item() - p) <= four_errors
    assert abs((ours == 0).float().mean() - (theirs == 0).float().mean()) <= 2 * four_errors
    both = (ours != 0) & (theirs != 0)
    close(ours[both], theirs[both])
    # Neighbors are dropped independently of each other.
    pairs = ((ours[::2] == 0) & (ours[1::2] == 0)).float().mean().item()
    assert abs(pairs - p * p) <= 4 * math.sqrt(p * p * (1 - p * p) / (N / 2))


@pytest.mark.parametrize("dtype", [torch.bfloat16, *DTYPES])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
def test_the_mask_and_the_way_back(dtype, p):
    x, upstream = randn(6, 7, dtype=dtype), randn(6, 7, dtype=dtype, seed=1)
    mask = dropout_mask(x, p=p, generator=seeded(3))
    assert mask.shape == x.shape
    assert mask.dtype == dtype
    assert ((mask == 0) | (mask == torch.tensor(1 / (1 - p), dtype=dtype))).all()
    close(dropout(x, p=p, generator=seeded(3)), mask * x)
    expected = gradient_of(lambda x: upstream * dropout(x, p=p, generator=seeded(3)), x)
    close(dropout_grad(upstream, mask), expected)


def test_expectation_is_kept_and_evaluation_is_the_average_of_the_masks():
    x, w, generator = randn(8), randn(3, 8, seed=1), seeded()
    thinned = torch.stack([dropout(x, p=0.3, generator=generator) for _ in range(4000)])
    spread = thinned.std(dim=0) / math.sqrt(4000)
    assert ((thinned.mean(dim=0) - x).abs() < 5 * spread).all()
    outputs = thinned @ w.T  # an ensemble of linear nets
    error = (outputs.mean(dim=0) - w @ dropout(x, p=0.3, training=False)).abs()
    assert (error < 5 * outputs.std(dim=0) / math.sqrt(4000)).all()


@given(p=st.floats(0, 0.95), seed=st.integers(0, 99))
def test_modes_and_seeds(p, seed):
    x = randn(30)
    assert torch.equal(dropout(x, p=p, training=False), x)
    one, again = (dropout(x, p=p, generator=seeded(seed)) for _ in range(2))
    assert torch.equal(one, again)
    assert torch.equal(dropout(x, p=0, generator=seeded(seed)), x)
    # The same random numbers at a higher rate drop all that were dropped, and more.
    more = dropout(x, p=min(p + 0.04, 0.99), generator=seeded(seed))
    assert (more[one == 0] == 0).all()


def test_no_generator_means_pytorchs_own():
    x = torch.ones(100)
    torch.manual_seed(1)
    one = dropout(x)
    assert not torch.equal(one, dropout(x))
    torch.manual_seed(1)
    assert torch.equal(one, dropout(x))


def test_bad_arguments():
    w = torch.zeros(3)
    for function in (l1_penalty, l1_penalty_grad, l2_penalty, l2_penalty_grad):
        with pytest.raises(ParameterError, match="expected strength ≥ 0, got -1"):
            function(w, strength=-1)
        with pytest.raises(ParameterError, match="expected weights of a floating-point dtype"):
            function(w.long(), strength=1)
    with pytest.raises(ParameterError, match="expected threshold ≥ 0, got nan"):
        soft_threshold(w, threshold=float("nan"))
    for p in (-0.1, 1.0, float("nan")):
        with pytest.raises(ParameterError, match=f"expected 0 ≤ p < 1, got {p}"):
            dropout_mask(w, p=p)
        for training in (True, False):
            with pytest.raises(ParameterError, match="expected 0 ≤ p < 1"):
                dropout(w, p=p, training=training)
    with pytest.raises(ParameterError, match="expected inputs of a floating-point dtype"):
        dropout(w.long())
    with pytest.raises(ParameterError, match="expected upstream and mask of the same shape"):
        dropout_grad(w, w[1:])
