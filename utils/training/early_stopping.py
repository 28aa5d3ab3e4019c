"""Stop training when the model has not become better for a while.

Taught in ``lectures/04_overfitting.ipynb`` (row F6). The rule is: stop when the
watched value *no longer* improves, with some patience because it is noisy.
"""

import math
from typing import Literal

from utils.errors import ParameterError

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Say when to stop, from one value an epoch.

    Parameters
    ----------
    patience : int
        Stop after so many epochs in a row without improvement; at least 1.
    min_delta : float
        An improvement must be larger than this; at least 0.
    mode : {"min", "max"}
        Whether a smaller value is better (a loss) or a larger one (an accuracy).

    Attributes
    ----------
    best : float or None
        Best value so far.
    best_step : int or None
        When it came; steps are counted from 1.
    waited : int
        Steps in a row without improvement.

    Raises
    ------
    ParameterError
        If an argument is outside its range.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.step(loss) for loss in (1.0, 0.8, 0.9, 0.85)]
    [False, False, False, True]
    """

    def __init__(
        self, patience: int, *, min_delta: float = 0.0, mode: Literal["min", "max"] = "min"
    ) -> None:
        if not isinstance(patience, int) or patience < 1:
            raise ParameterError(f"expected patience to be an int >= 1, got {patience!r}")
        if not 0 <= min_delta < math.inf:
            raise ParameterError(f"expected min_delta to be a number >= 0, got {min_delta!r}")
        if mode not in ("min", "max"):
            raise ParameterError(f'expected mode to be "min" or "max", got {mode!r}')
        self.patience = patience
        self.min_delta = min_delta
        self.mode = mode
        self.best: float | None = None
        self.best_step: int | None = None
        self.waited = 0
        self._steps = 0

    def step(self, value: float) -> bool:
        """Take the value of one more epoch; return True when it is time to stop.

        NaN is never an improvement.
        """
        self._steps += 1
        if self._improves(value):
            self.best, self.best_step, self.waited = value, self._steps, 0
        else:
            self.waited += 1
        return self.waited >= self.patience

    def _improves(self, value: float) -> bool:
        if self.best is None:
            return not math.isnan(value)
        gain = self.best - value if self.mode == "min" else value - self.best
        return gain > self.min_delta
