"""What students see of hidden scores while the homework is open.

Exact scores of many tries give the labels away. The Ladder shows a new value only if it
beats the best one shown so far by a step, and shows it rounded to that step.

Source: Blum and Hardt, "The Ladder: a reliable leaderboard for machine learning
competitions", 2015.
"""

import math

__all__ = ["STEP", "ladder_value"]

STEP = 0.02


def ladder_value(accuracy: float, best: float | None = None, *, step: float = STEP) -> float:
    """Return the value that is shown after a try.

    Parameters
    ----------
    accuracy : float
        On the public half of the hidden split, from 0 to 1.
    best : float or None
        The value shown before; None: this is the first try.
    step : float
        Of the values.

    Returns
    -------
    float
        A multiple of ``step``, never lower than ``best``.
    """
    shown = round(math.floor(accuracy / step + 0.5) * step, 10)
    if best is None or accuracy >= best + step:
        return shown if best is None else max(shown, best)
    return best
