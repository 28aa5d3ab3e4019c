"""A small net with dropout, and all the nets that dropout can make of it.

The arithmetic of the view is in ``kit/math/dropoutNet.js``.
"""

from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import torch

from utils.figures.seeded_noise import normal_numbers

__all__ = ["INPUT", "SmallNet", "all_nets", "small_net"]

INPUT = (0.8, -0.5, 1.0)
"""Three features of a note, standardized."""


@dataclass(frozen=True)
class SmallNet:
    """Three inputs, two hidden layers of five units with ReLU, one output.

    Attributes
    ----------
    weights, biases : tuple of torch.Tensor
        Of the three layers, shapes (n_out, n_in) and (n_out,).
    """

    weights: tuple[torch.Tensor, ...]
    biases: tuple[torch.Tensor, ...]

    def __call__(self, x: torch.Tensor, m1: torch.Tensor, m2: torch.Tensor) -> torch.Tensor:
        """Return the outputs under masks (…, 5) of both hidden layers, shape (…)."""
        h1 = m1 * torch.relu(self.weights[0] @ x + self.biases[0])
        h2 = m2 * torch.relu(h1 @ self.weights[1].T + self.biases[1])
        return h2 @ self.weights[2][0] + self.biases[2][0]

    def to_dict(self) -> dict[str, Any]:
        """Return the weights as JSON for the view."""
        names = [f"{kind}{k}" for k in (1, 2, 3) for kind in "wb"]
        pairs = zip(self.weights, self.biases, strict=True)
        values = [tensor.tolist() for pair in pairs for tensor in pair]
        found = dict(zip(names, values, strict=True))
        return {**found, "w3": found["w3"][0], "b3": found["b3"][0]}


def small_net(seed: int = 48) -> SmallNet:
    """Return the net with random weights.

    Parameters
    ----------
    seed : int

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    numbers = normal_numbers(seed)
    sizes = ((5, 3), (5, 5), (1, 5))
    weights, biases = [], []
    for n_out, n_in in sizes:
        drawn = torch.tensor(list(islice(numbers, n_out * n_in)), dtype=torch.float64)
        # Two decimals, so that the weights can be read off the drawing.
        weights.append((drawn.reshape(n_out, n_in) * (2 / n_in) ** 0.5).mul(100).round() / 100)
        biases.append(torch.full((n_out,), 0.3 if n_out > 1 else 0.0, dtype=torch.float64))
    return SmallNet(tuple(weights), tuple(biases))


def all_nets(
    net: SmallNet, x: torch.Tensor, *, p: float, scaled: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the outputs of all 1024 thinned nets and their probabilities, each (1024,).

    Parameters
    ----------
    net : SmallNet
    x : torch.Tensor
        Shape (3,).
    p : float
        Dropout rate, 0 ≤ p < 1.
    scaled : bool
        Whether what is left is divided by 1 - p.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    kept = torch.tensor(list(product((0.0, 1.0), repeat=10)), dtype=torch.float64)
    chance = (kept * (1 - p) + (1 - kept) * p).prod(dim=1)
    masks = kept / (1 - p) if scaled else kept
    return net(x, masks[:, :5], masks[:, 5:]), chance
