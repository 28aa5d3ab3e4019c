"""Models that are chosen by their score on a few validation notes: a simulation.

The numbers are those of ``kit/math/selection.js``. The models err independently of each
other, which real ones do not quite: they find the same notes hard.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from utils.figures.seeded_noise import normal_numbers, uniform_numbers

__all__ = ["Models", "draw_models", "expected_optimism"]


@dataclass(frozen=True)
class Models:
    """Accuracies of k models.

    Attributes
    ----------
    truth, validation, test : ndarray, shape (k,)
        On all notes there could be, on the validation notes, on the test notes.
    """

    truth: NDArray[np.float64]
    validation: NDArray[np.float64]
    test: NDArray[np.float64]

    @property
    def best(self) -> int:
        """The model with the best validation score; of equal ones, the first."""
        return int(self.validation.argmax())


def draw_models(
    models: int, *, notes: int, truth: float, spread: float, seed: int, test_notes: int
) -> Models:
    """Return the accuracies of models whose answers are right by chance.

    Parameters
    ----------
    models : int
        k.
    notes : int
        In the validation set.
    truth, spread : float
        Mean and standard deviation of the true accuracies.
    seed : int
    test_notes : int
        In the test set.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    worth = np.array(list(islice(normal_numbers(seed), models)))
    true = np.clip(truth + spread * worth, 0.02, 0.98) if spread else np.full(models, truth)
    scores = [
        binom.ppf(np.array(list(islice(uniform_numbers(seed + by), models))), n, true) / n
        for by, n in ((1000, notes), (2000, test_notes))
    ]
    return Models(true, *scores)


def expected_optimism(models: int, *, notes: int, truth: float) -> float:
    r"""Return by how much the best of k equally good models flatters itself, in the mean.

    Parameters
    ----------
    models : int
        k ≥ 1.
    notes : int
        n, of the validation set.
    truth : float
        p, the true accuracy of every model.

    Notes
    -----
    With the probability :math:`F(j)` of at most j right answers among n,

    .. math:: \frac1n \sum_{j=0}^{n-1} \big(1 - F(j)^k\big) - p

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    below = binom.cdf(np.arange(notes), notes, truth)
    return float((1 - below**models).mean() - truth)
