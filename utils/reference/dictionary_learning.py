r"""Dictionary learning: atoms that many points can share.

Two steps in turn, and neither can make the loss of :mod:`utils.reference.sparse_coding`
larger: codes for the atoms as they are, then atoms for the codes as they are. Atoms have
length 1, as otherwise long atoms with small codes would cheat the penalty.

References
----------
Olshausen and Field, "Sparse Coding with an Overcomplete Basis Set: A Strategy Employed by V1?",
*Vision Research* 37, 1997.
Mairal, Bach, Ponce and Sapiro, "Online Learning for Matrix Factorization and Sparse Coding",
*JMLR* 11, 2010 (one atom after the other).
Henaff, Jarrett, Kavukcuoglu and LeCun, "Unsupervised Learning of Sparse Features for Scalable
Audio Classification", ISMIR 2011.
"""

from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least
from utils.reference.kmeans import require_rows
from utils.reference.sparse_coding import sparse_coding, sparse_coding_loss

__all__ = ["DictionaryRun", "learn_dictionary", "unit_norm", "update_dictionary"]


@dataclass(frozen=True)
class DictionaryRun:
    """What dictionary learning found.

    Attributes
    ----------
    dictionary : torch.Tensor
        Atoms of length 1, shape (n_atoms, n_features).
    codes : torch.Tensor
        Of the points, shape (n, n_atoms).
    losses : list of float
        At the start (all codes zero), then after every round; never rises.
    """

    dictionary: torch.Tensor
    codes: torch.Tensor
    losses: list[float]


def unit_norm(atoms: torch.Tensor) -> torch.Tensor:
    r"""Return atoms with length 1.

    Parameters
    ----------
    atoms : torch.Tensor
        d, shape (…, n_features), floating point.

    Returns
    -------
    torch.Tensor
        Same shape; an atom of zeros stays one.

    Notes
    -----
    .. math:: d / \lVert d \rVert

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    lengths = torch.linalg.vector_norm(atoms, dim=-1, keepdim=True)
    return atoms / torch.where(lengths > 0, lengths, 1)


def update_dictionary(
    points: torch.Tensor, codes: torch.Tensor, dictionary: torch.Tensor
) -> torch.Tensor:
    r"""Return the dictionary with every atom, one after the other, fitted to its codes.

    Parameters
    ----------
    points : torch.Tensor
        X, shape (n, n_features), floating point.
    codes : torch.Tensor
        H, shape (n, n_atoms).
    dictionary : torch.Tensor
        D, atoms of length 1, shape (n_atoms, n_features).

    Returns
    -------
    torch.Tensor
        Same shape, atoms of length 1. An atom that no point uses becomes what is missed most
        of all at a single point.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    With all other atoms as they are, the best atom of length 1 is

    .. math:: d_k = \frac{R_k^T h_k}{\lVert R_k^T h_k \rVert}, \qquad
              R_k = X - \sum_{j \ne k} h_j\, d_j^T \quad \text{(columns } h_j \text{ of } H)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("dictionary", dictionary)
    require_rows("points", points, width=dictionary.shape[1])
    require_rows("codes", codes, width=len(dictionary))
    atoms = dictionary.clone()
    missed = points - codes @ atoms
    replaced = 0
    for k in range(len(atoms)):
        without_k = missed + torch.outer(codes[:, k], atoms[k])
        if codes[:, k].any():
            direction = without_k.T @ codes[:, k]
        else:  # not twice the same point
            worst = (missed**2).sum(1).argsort(descending=True)
            direction = missed[worst[replaced % len(points)]]
            replaced += 1
        if direction.any():
            atoms[k] = unit_norm(direction)
        missed = without_k - torch.outer(codes[:, k], atoms[k])
    return atoms


def learn_dictionary(
    points: torch.Tensor,
    n_atoms: int,
    *,
    strength: float,
    rounds: int = 20,
    code_steps: int = 20,
    generator: torch.Generator | None = None,
) -> DictionaryRun:
    r"""Learn atoms and codes in turn, starting from points chosen at random.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point; best whitened.
    n_atoms : int
        From 1 to n.
    strength : float
        λ ≥ 0.
    rounds : int
        Updates of the dictionary, ≥ 0.
    code_steps : int
        Steps of FISTA in a round, from the codes of the last one; ≥ 1.
    generator : torch.Generator, optional
        Chooses the first atoms.

    Returns
    -------
    DictionaryRun
        Dictionary, codes and the loss on the way.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: \min_{D,\,h} \sum_{\text{points}} \tfrac12\,\lVert x - h D \rVert^2
              + \lambda \lVert h \rVert_1, \qquad \lVert d_k \rVert = 1

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("points", points)
    require_at_least(0, rounds=rounds)
    require_at_least(1, code_steps=code_steps)
    if not 1 <= n_atoms <= len(points):
        raise ParameterError(f"expected n_atoms from 1 to {len(points)}, got {n_atoms}")
    dictionary = unit_norm(points[torch.randperm(len(points), generator=generator)[:n_atoms]])
    codes = points.new_zeros(len(points), n_atoms)
    losses = [float(sparse_coding_loss(points, codes, dictionary, strength=strength))]
    for _ in range(rounds):
        codes = sparse_coding(
            points, dictionary, strength=strength, steps=code_steps, start=codes
        ).codes
        dictionary = update_dictionary(points, codes, dictionary)
        losses.append(float(sparse_coding_loss(points, codes, dictionary, strength=strength)))
    return DictionaryRun(dictionary, codes, losses)
