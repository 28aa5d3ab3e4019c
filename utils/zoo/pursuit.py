"""Write patches with few atoms of a dictionary: orthogonal matching pursuit."""

import torch

from utils.reference.dictionary_learning import unit_norm

__all__ = ["matching_pursuit", "pursuit_errors"]


def matching_pursuit(
    points: torch.Tensor, dictionary: torch.Tensor, n_atoms: int
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return the best approximation of every point with so many atoms, chosen greedily.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    dictionary : torch.Tensor
        D, shape (k, n_features).
    n_atoms : int
        Atoms a point, from 0 to k.

    Returns
    -------
    approximations : torch.Tensor
        After 0, 1, … atoms, shape (n_atoms + 1, n, n_features).
    chosen : torch.Tensor of int64
        Shape (n, n_atoms); −1 where no atom is left that would help.

    Notes
    -----
    The atom that resembles the rest r most is taken, then the best weights of *all* atoms taken
    so far are found, by projecting on the space that they span (q are orthonormal):

    .. math:: j = \arg\max_k |\langle r, d_k \rangle|, \qquad
              \hat x = \sum_i \langle x, q_i \rangle\, q_i, \quad r = x - \hat x

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Pati, Rezaiifar and Krishnaprasad, "Orthogonal Matching Pursuit", 1993.
    """
    atoms = unit_norm(dictionary)
    rest, so_far = points.clone(), torch.zeros_like(points)
    axes = points.new_zeros(n_atoms, *points.shape)
    chosen = torch.full((len(points), n_atoms), -1, dtype=torch.int64)
    steps = [so_far]
    for step in range(n_atoms):
        best = (rest @ atoms.T).abs().argmax(1)
        q = atoms[best]
        for _ in range(2):  # the second time takes away what rounding left
            for axis in axes[:step]:
                q = q - (q * axis).sum(1, keepdim=True) * axis
        length = q.norm(dim=1, keepdim=True)
        useful = length > 1e-4
        q = torch.where(useful, q / length.clamp(min=1e-12), 0)
        so_far = so_far + (rest * q).sum(1, keepdim=True) * q
        rest, axes[step] = points - so_far, q
        chosen[:, step] = torch.where(useful[:, 0], best, -1)
        steps.append(so_far)
    return torch.stack(steps), chosen


def pursuit_errors(points: torch.Tensor, dictionary: torch.Tensor, n_atoms: int) -> list[float]:
    """Return the root mean square error after 0, 1, … atoms a point."""
    steps, _ = matching_pursuit(points, dictionary, n_atoms)
    return [float((step - points).square().mean().sqrt()) for step in steps]
