"""Dictionary learning: the loss never rises, atoms are the best ones, hidden atoms are found."""

import itertools

import pytest
import scipy.optimize
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.dictionary_learning import learn_dictionary, unit_norm, update_dictionary
from utils.reference.sparse_coding import sparse_coding_loss


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_unit_norm():
    close(unit_norm(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), torch.tensor([[0.6, 0.8], [0, 0]]))


def test_one_atom_agrees_with_scipy():
    points, codes = randn(10, 2), randn(10, 1, seed=1)

    def loss(angle):
        atom = torch.tensor([[angle, 0.0]]).double()
        atom = torch.cat([atom[:, :1].cos(), atom[:, :1].sin()], 1)
        return float(sparse_coding_loss(points, codes, atom, strength=0))

    lows = [
        scipy.optimize.minimize_scalar(loss, bounds=(a, a + 3.2), method="bounded")
        for a in (-3.2, 0.0)
    ]
    best = min(lows, key=lambda low: low.fun)
    atom = update_dictionary(points, codes, unit_norm(randn(1, 2, seed=2)))
    expected = torch.tensor([[best.x, best.x - torch.pi / 2]]).double().cos()
    close(atom, expected, tolerance=1e-4)


@given(seed=st.integers(0, 200), strength=st.floats(0.01, 2), dtype=st.sampled_from(DTYPES))
def test_the_loss_never_rises(seed, strength, dtype):
    points = randn(12, 4, seed=seed, dtype=dtype)
    run = learn_dictionary(
        points, 6, strength=strength, rounds=6, code_steps=3, generator=generator(seed)
    )
    slack = 1e-5 if dtype == torch.float32 else 1e-12
    assert all(b <= a * (1 + slack) for a, b in itertools.pairwise(run.losses))
    close(run.dictionary.norm(dim=1), torch.ones(6, dtype=dtype), tolerance=1e-5)
    final = sparse_coding_loss(points, run.codes, run.dictionary, strength=strength)
    assert run.losses[-1] == float(final)
    assert run.losses[0] == pytest.approx(float((points**2).sum()) / 2)


def test_no_atom_can_be_turned_to_a_lower_loss():
    points, codes = randn(15, 4), randn(15, 3, seed=1)
    dictionary = unit_norm(randn(3, 4, seed=2))
    for _ in range(300):  # until all atoms fit each other
        dictionary = update_dictionary(points, codes, dictionary)
    slope = codes.T @ (codes @ dictionary - points)
    along = (slope * dictionary).sum(1, keepdim=True) * dictionary
    close(slope, along, tolerance=1e-6)


def test_unused_atoms_become_what_is_missed_most():
    points = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 5.0], [0.0, 3.0, 0.0]])
    codes = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    dictionary = torch.tensor([[1.0, 0.0, 0.0]]).repeat(3, 1)
    close(update_dictionary(points, codes, dictionary), torch.eye(3)[[0, 2, 1]])


def test_hidden_atoms_are_found():
    atoms = unit_norm(randn(6, 10, seed=9))
    on = torch.rand(300, 6, generator=generator(1)) < 0.2
    points = (on * randn(300, 6, seed=2)) @ atoms
    run = learn_dictionary(points, 6, strength=0.05, rounds=60, generator=generator(3))
    likeness = (run.dictionary @ atoms.T).abs()
    assert likeness.amax(0).min() > 0.97
    assert 0.1 < (run.codes != 0).double().mean() < 0.4
    assert run.losses[-1] < 0.3 * run.losses[0]


def test_the_generator_decides():
    points = randn(12, 4)
    a, b, c = (
        learn_dictionary(points, 5, strength=0.1, rounds=2, generator=generator(s)).dictionary
        for s in (0, 0, 1)
    )
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_bad_arguments():
    points = randn(4, 3)
    with pytest.raises(ParameterError, match="expected n_atoms from 1 to 4, got 5"):
        learn_dictionary(points, 5, strength=1)
    with pytest.raises(ParameterError, match="expected rounds ≥ 0, got -1"):
        learn_dictionary(points, 2, strength=1, rounds=-1)
    with pytest.raises(ParameterError, match="expected code_steps ≥ 1, got 0"):
        learn_dictionary(points, 2, strength=1, code_steps=0)
    with pytest.raises(ParameterError, match=r"expected codes of shape \(n, 4\)"):
        update_dictionary(points, points, points)
