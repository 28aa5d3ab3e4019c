"""Learning-rate schedules that fall: the rate as a function of the step.

Conventions: `step` counts from 0, in epochs or in updates as you like, and every function
returns the rate that this step is taken with::

    optimizer.lr = cosine_decay(step, lr=0.1, period=100)

Nothing is remembered. Only :func:`reduce_on_plateau` needs more than the step: the losses so
far. All agree with ``torch.optim.lr_scheduler``; where the names differ, the notes say so.
Schedules that rise again are in :mod:`utils.reference.cyclic_schedules`.

References
----------
Robbins and Monro, "A stochastic approximation method", *Annals of Mathematical Statistics*
22(3), 1951 (why the rate has to fall); Loshchilov and Hutter, "SGDR: stochastic gradient descent
with warm restarts", ICLR 2017 (cosine).
"""

import math
from collections.abc import Sequence

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_fraction, require_positive

__all__ = [
    "cosine_decay",
    "exponential_decay",
    "inverse_time_decay",
    "reduce_on_plateau",
    "step_decay",
]


def step_decay(step: int, *, lr: float, every: int, factor: float = 0.1) -> float:
    r"""Return a rate that falls at once, by the same factor after every so many steps.

    Parameters
    ----------
    step : int
        t ≥ 0.
    lr : float
        η₀ > 0, the rate at the start.
    every : int
        n ≥ 1, steps at the same rate.
    factor : float
        γ in (0, 1]. The lecture divides by 5 or 10: 0.2 or 0.1.

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
    .. math:: \eta_t = \eta_0\,\gamma^{\lfloor t/n \rfloor}

    PyTorch: ``StepLR(step_size=every, gamma=factor)``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, step=step)
    require_at_least(1, every=every)
    if not 0 < factor <= 1:
        raise ParameterError(f"expected 0 < factor ≤ 1, got {factor}")
    return lr * factor ** (step // every)


def exponential_decay(step: float, *, lr: float, rate: float) -> float:
    r"""Return a rate that falls by the same share in every step.

    Parameters
    ----------
    step : float
        t ≥ 0.
    lr : float
        η₀ > 0, the rate at the start.
    rate : float
        k ≥ 0. After 1/k steps the rate is down to 37 %.

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
    .. math:: \eta_t = \eta_0\,e^{-kt}

    PyTorch: ``ExponentialLR(gamma=math.exp(-rate))``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, step=step, rate=rate)
    return lr * math.exp(-rate * step)


def inverse_time_decay(step: float, *, lr: float, rate: float) -> float:
    r"""Return a rate that falls with 1/t: fast at first, then ever slower.

    Parameters
    ----------
    step : float
        t ≥ 0.
    lr : float
        η₀ > 0, the rate at the start.
    rate : float
        k ≥ 0. After 1/k steps the rate is down to one half.

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
    .. math:: \eta_t = \frac{\eta_0}{1 + kt}

    PyTorch has it inside ``Adagrad(lr_decay=rate)`` only, else
    ``LambdaLR(lambda t: 1 / (1 + rate * t))``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, step=step, rate=rate)
    return lr / (1 + rate * step)


def cosine_decay(step: float, *, lr: float, period: int, min_lr: float = 0.0) -> float:
    r"""Return a rate that falls along half a cosine wave: slowly, fast, slowly.

    Parameters
    ----------
    step : float
        t ≥ 0. After the period the wave goes on: the rate climbs again.
    lr : float
        η₀ > 0, the rate at the start.
    period : int
        T ≥ 1, the step with the lowest rate.
    min_lr : float
        The lowest rate, from 0 to `lr`.

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
    .. math:: \eta_t = \eta_{\min} + (\eta_0 - \eta_{\min})\,\frac{1 + \cos(\pi t / T)}{2}

    PyTorch: ``CosineAnnealingLR(T_max=period, eta_min=min_lr)``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, step=step)
    require_at_least(1, period=period)
    if not 0 <= min_lr <= lr:
        raise ParameterError(f"expected 0 ≤ min_lr ≤ lr={lr}, got {min_lr}")
    return min_lr + (lr - min_lr) * (1 + math.cos(math.pi * step / period)) / 2


def reduce_on_plateau(
    losses: Sequence[float],
    *,
    lr: float,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    cooldown: int = 0,
    min_lr: float = 0.0,
) -> list[float]:
    r"""Return the rates of all steps: lower whenever the loss no longer gets better.

    Parameters
    ----------
    losses : sequence of float
        The validation loss after every step so far, in order.
    lr : float
        η₀ > 0, the rate at the start.
    factor : float
        γ in [0, 1), what the rate is multiplied with.
    patience : int
        Steps without improvement that are put up with, ≥ 0; the next one lowers the rate.
    threshold : float
        Only a loss below (1 − threshold) times the best one is an improvement, in [0, 1).
    cooldown : int
        Steps after a reduction in which nothing is counted, ≥ 0.
    min_lr : float
        The rate never gets lower, ≥ 0.

    Returns
    -------
    list of float
        One more than losses: the first is `lr`, the last the rate of the step to come.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    PyTorch: ``ReduceLROnPlateau``. As there, a reduction by less than 1e-8 is left out.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("lr", lr)
    require_at_least(0, patience=patience, cooldown=cooldown, min_lr=min_lr)
    require_fraction(factor=factor, threshold=threshold)
    rates, best, waited, resting = [lr], math.inf, 0, 0
    for loss in losses:
        waited += 1
        if loss < best * (1 - threshold):
            best, waited = loss, 0
        if resting:
            resting, waited = resting - 1, 0
        if waited > patience:
            lower = max(lr * factor, min_lr)
            lr = lower if lr - lower > 1e-8 else lr
            resting, waited = cooldown, 0
        rates.append(lr)
    return rates
