"""A singer who slides and swings, as a pitch tracker that errs measures it: points to fit.

The numbers are those of ``kit/math/melody.js``. Time is u, from -1 to 1; pitch is in
semitones.
"""

from itertools import islice

import torch

from utils.figures.seeded_noise import normal_numbers, uniform_numbers

__all__ = ["measured", "sung"]


def sung(u: torch.Tensor) -> torch.Tensor:
    """Return the true pitch.

    Parameters
    ----------
    u : torch.Tensor
        Time, any shape, from -1 to 1.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    return 2 * torch.sin(3.6 * u) * (0.75 + 0.25 * u) + u


def measured(n: int, *, noise: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return times and measured pitches, each of shape (n,).

    Parameters
    ----------
    n : int
    noise : float
        Standard deviation in semitones.
    seed : int

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    place = torch.tensor(list(islice(uniform_numbers(seed), n)), dtype=torch.float64)
    error = torch.tensor(list(islice(normal_numbers(seed + 1000), n)), dtype=torch.float64)
    u = -1 + 2 * (torch.arange(n, dtype=torch.float64) + 0.1 + 0.8 * place) / n
    return u, sung(u) + noise * error
