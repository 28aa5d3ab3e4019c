"""Few atoms a patch, against scikit-learn's orthogonal matching pursuit."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.linear_model import orthogonal_mp

from utils.zoo.pursuit import matching_pursuit, pursuit_errors


def problem(k=12, n_features=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(7, n_features, generator=generator, dtype=torch.float64)
    return points, torch.randn(k, n_features, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("n_atoms", [1, 3, 6])
def test_against_scikit_learn(n_atoms):
    points, atoms = problem()
    words = (atoms / atoms.norm(dim=1, keepdim=True)).T.numpy()
    codes = orthogonal_mp(words, points.T.numpy(), n_nonzero_coefs=n_atoms)
    steps, chosen = matching_pursuit(points, atoms, n_atoms)
    np.testing.assert_allclose(steps[-1].numpy(), (words @ codes).T, atol=1e-10)
    for row, code in zip(chosen, codes.T, strict=True):
        assert set(row.tolist()) == set(np.flatnonzero(code).tolist())


def test_error_falls_to_zero_with_enough_atoms():
    points, atoms = problem(k=30)
    errors = pursuit_errors(points, atoms, 20)
    assert errors[0] == pytest.approx(float(points.square().mean().sqrt()))
    assert all(after <= before for before, after in pairwise(errors))
    assert errors[-1] < 1e-9


def test_no_atom_left_that_helps():
    points, _ = problem()
    atom = torch.ones(1, 20, dtype=torch.float64)
    steps, chosen = matching_pursuit(points, atom.repeat(3, 1), 3)
    assert (chosen[:, 1:] == -1).all()
    assert torch.allclose(steps[3], steps[1])
    assert torch.allclose(steps[1], points.mean(1, keepdim=True).expand(-1, 20))
