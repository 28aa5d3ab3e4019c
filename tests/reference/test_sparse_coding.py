"""Sparse codes against scikit-learn's lasso; the loss falls; FISTA is faster."""

import itertools

import pytest
import sklearn.decomposition
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.dictionary_learning import unit_norm
from utils.reference.sparse_coding import reconstruct, sparse_coding, sparse_coding_loss

TOLERANCES = {torch.float32: 1e-4, torch.float64: 1e-6}


def problem(dtype=torch.float64, seed=0):
    """Return points and a dictionary with more atoms than features."""
    return randn(6, 5, dtype=dtype, seed=seed), unit_norm(randn(8, 5, dtype=dtype, seed=seed + 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("fast", "steps"), [(True, 400), (False, 3000)])
@pytest.mark.parametrize("strength", [0.1, 0.5, 1.5])
def test_codes_agree_with_scikit_learn(dtype, fast, steps, strength):
    points, dictionary = problem(dtype)
    expected = sklearn.decomposition.sparse_encode(
        points.double().numpy(), dictionary.double().numpy(),
        algorithm="lasso_cd", alpha=strength, max_iter=20000,
    )  # fmt: skip
    run = sparse_coding(points, dictionary, strength=strength, steps=steps, fast=fast)
    assert run.codes.dtype == dtype
    best = sparse_coding_loss(
        points, torch.tensor(expected, dtype=dtype), dictionary, strength=strength
    )
    assert run.losses[-1] <= float(best) * (1 + TOLERANCES[dtype])
    close(run.codes, torch.tensor(expected, dtype=dtype), tolerance=0.02)
    assert ((run.codes == 0) == torch.from_numpy(expected == 0)).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 300), strength=st.floats(0, 3), fast=st.booleans())
def test_at_the_end_no_direction_goes_down(seed, strength, fast):
    points, dictionary = problem(seed=seed)
    start = randn(6, 8, seed=seed + 2)
    run = sparse_coding(points, dictionary, strength=strength, steps=60, fast=fast, start=start)
    assert all(b <= a + 1e-12 * abs(a) for a, b in itertools.pairwise(run.losses))
    final = sparse_coding_loss(points, run.codes, dictionary, strength=strength)
    assert run.losses[-1] == float(final)
    assert run.losses[0] == float(sparse_coding_loss(points, start, dictionary, strength=strength))
    codes = sparse_coding(points, dictionary, strength=strength, steps=500, start=start).codes
    slope = (reconstruct(codes, dictionary) - points) @ dictionary.T
    assert (slope.abs() <= strength + 1e-3).all()
    close(slope[codes != 0], -strength * codes[codes != 0].sign(), tolerance=1e-3)


def test_orthonormal_atoms_have_a_closed_form():
    points, basis = randn(7, 4), torch.linalg.qr(randn(4, 4, seed=1))[0]
    h = points @ basis.T
    expected = torch.where(h > 0.3, h - 0.3, torch.where(h < -0.3, h + 0.3, 0))
    run = sparse_coding(points, basis, strength=0.3, steps=1)
    close(run.codes, expected)
    free = sparse_coding(points, basis, strength=0, steps=1).codes
    close(reconstruct(free, basis), points)


def test_fista_needs_fewer_steps():
    points, dictionary = randn(20, 30), unit_norm(randn(60, 30, seed=1))
    slow, fast = (
        sparse_coding(points, dictionary, strength=0.05, steps=60, fast=fast).losses
        for fast in (False, True)
    )
    best = sparse_coding(points, dictionary, strength=0.05, steps=1000).losses[-1]
    assert fast[-1] - best < 0.1 * (slow[-1] - best)


def test_loss_by_hand():
    points, dictionary = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    codes = torch.tensor([[-1.0, 0.5]])
    loss = sparse_coding_loss(points, codes, dictionary, strength=2.0)
    assert float(loss) == (4 + 2.25) / 2 + 2 * 1.5


def test_bad_arguments():
    points, dictionary = problem()
    with pytest.raises(ParameterError, match="expected strength ≥ 0, got -1"):
        sparse_coding(points, dictionary, strength=-1)
    with pytest.raises(ParameterError, match="expected steps ≥ 0, got -1"):
        sparse_coding(points, dictionary, strength=1, steps=-1)
    with pytest.raises(ParameterError, match="expected a dictionary with an atom, got all zero"):
        sparse_coding(points, 0 * dictionary, strength=1)
    with pytest.raises(ParameterError, match=r"expected points of shape \(n, 5\)"):
        sparse_coding(points[:, 1:], dictionary, strength=1)
    with pytest.raises(ParameterError, match=r"expected codes of shape \(n, 8\)"):
        reconstruct(points, dictionary)
