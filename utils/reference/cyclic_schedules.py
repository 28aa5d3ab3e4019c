"""Learning-rate schedules that rise again: a new start from better parameters.

Conventions as in :mod:`utils.reference.schedules`: the rate is a function of the step, which
counts from 0, in agreement with ``torch.optim.lr_scheduler``.

References
----------
Smith, "Cyclical learning rates for training neural networks", WACV 2017 (cyclic); Loshchilov
and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017 (cosine).
"""

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_positive
from utils.reference.schedules import cosine_decay

__all__ = ["cosine_restarts", "cyclic"]


def cosine_restarts(
    step: float, *, lr: float, period: int, growth: int = 1, min_lr: float = 0.0
) -> float:
    r"""Return a cosine decay that starts again and again at the full rate ("warm restart").

    Each start finds better parameters than the one before, and the high rate takes them out of
    narrow minima.

    Parameters
    ----------
    step : float
        t ≥ 0; within an epoch, a fraction works too.
    lr : float
        η₀ > 0, the rate at every start.
    period : int
        T ≥ 1, steps until the first restart.
    growth : int
        Every period is this many times as long as the one before, ≥ 1.
    min_lr : float
        What the rate falls towards, from 0 to `lr`.

    Returns
    -------
    float
        The rate of this step.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    As :func:`cosine_decay`, with t the steps since the last start and T the present period.
    PyTorch: ``CosineAnnealingWarmRestarts(T_0=period, T_mult=growth, eta_min=min_lr)``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_at_least(0, step=step)
    require_at_least(1, period=period, growth=growth)
    while step >= period:
        step, period = step - period, period * growth
    return cosine_decay(step, lr=lr, period=period, min_lr=min_lr)


def cyclic(
    step: float, *, lr: float, max_lr: float, up: int, down: int | None = None, shrink: float = 1.0
) -> float:
    r"""Return a rate that climbs and falls along a straight line, cycle after cycle.

    Parameters
    ----------
    step : float
        t ≥ 0.
    lr : float
        The lowest rate, > 0: where it starts.
    max_lr : float
        The highest rate, at least `lr`.
    up : int
        Steps up, ≥ 1.
    down : int, optional
        Steps down, ≥ 1; as many as up if not given.
    shrink : float
        The height of a cycle as a part of the one before, in (0, 1].

    Returns
    -------
    float
        The rate of this step.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: \eta_t = \eta_{\min} + (\eta_{\max} - \eta_{\min})\,s^c
              \begin{cases} x/u & x \le u \\ (u + d - x)/d & x > u \end{cases}

    with c = ⌊t/(u + d)⌋ complete cycles and x = t − c(u + d) steps since. PyTorch:
    ``CyclicLR(mode="triangular")``, and ``"triangular2"`` for s = ½. It also moves the
    momentum, the other way round, unless told not to.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    down = up if down is None else down
    require_positive("lr", lr)
    require_at_least(0, step=step)
    require_at_least(1, up=up, down=down)
    if not (max_lr >= lr and 0 < shrink <= 1):
        raise ParameterError(
            f"expected max_lr ≥ lr={lr} and 0 < shrink ≤ 1, got {max_lr} and {shrink}"
        )
    cycle, x = divmod(step, up + down)
    height = x / up if x <= up else (up + down - x) / down
    return lr + (max_lr - lr) * shrink**cycle * height
