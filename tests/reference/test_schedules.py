"""Every schedule against torch.optim.lr_scheduler over many steps."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from tests.reference.helpers import close
from utils.errors import ParameterError
from utils.reference.cyclic_schedules import cosine_restarts, cyclic
from utils.reference.optimizers import SGD
from utils.reference.schedules import (
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    reduce_on_plateau,
    step_decay,
)

STEPS = 100
LR = 0.3


def make(scheduler, **options):
    """Return PyTorch's schedule on an optimizer that has nothing to do."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    schedule = scheduler(optimizer, **options)
    optimizer.step()
    return optimizer, schedule


def pytorch_rates(scheduler, **options):
    optimizer, schedule = make(scheduler, **options)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    return rates


def check(schedule, expected, **options):
    ours = [schedule(step, lr=LR, **options) for step in range(STEPS)]
    assert ours == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert all(isinstance(rate, float) for rate in ours)


@pytest.mark.parametrize("every", [1, 3, 30, 200])
@pytest.mark.parametrize("factor", [0.1, 0.2, 1.0])
def test_step_decay(every, factor):
    expected = pytorch_rates(lr_scheduler.StepLR, step_size=every, gamma=factor)
    check(step_decay, expected, every=every, factor=factor)


@pytest.mark.parametrize("rate", [0, 0.02, 1.5])
def test_exponential_decay(rate):
    expected = pytorch_rates(lr_scheduler.ExponentialLR, gamma=math.exp(-rate))
    check(exponential_decay, expected, rate=rate)
    if rate:
        assert exponential_decay(1 / rate, lr=1, rate=rate) == pytest.approx(0.36788, abs=1e-5)


@pytest.mark.parametrize("rate", [0, 0.02, 1.5])
def test_inverse_time_decay_is_that_inside_adagrad(rate):
    theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adagrad([theta], lr=LR, lr_decay=rate, eps=1e-30)
    taken = []
    for step in range(STEPS):
        before = float(theta.detach())
        theta.grad = torch.full_like(theta, -((2.0**step) ** 0.5))  # squares add up to 2^t − 1
        optimizer.step()
        taken.append((float(theta.detach()) - before) * (2 - 2.0**-step) ** 0.5)
    check(inverse_time_decay, taken, rate=rate)
    check(
        inverse_time_decay,
        pytorch_rates(lr_scheduler.LambdaLR, lr_lambda=lambda t: 1 / (1 + rate * t)),
        rate=rate,
    )
    assert inverse_time_decay(50, lr=1, rate=0.02) == 0.5


@pytest.mark.parametrize("period", [1, 2, 7, 40, 100, 1000])
@pytest.mark.parametrize("min_lr", [0, 0.01, LR])
def test_cosine_decay(period, min_lr):
    expected = pytorch_rates(lr_scheduler.CosineAnnealingLR, T_max=period, eta_min=min_lr)
    check(cosine_decay, expected, period=period, min_lr=min_lr)


@pytest.mark.parametrize("period", [1, 2, 7, 40, 1000])
@pytest.mark.parametrize("growth", [1, 2, 3])
def test_cosine_restarts(period, growth):
    expected = pytorch_rates(
        lr_scheduler.CosineAnnealingWarmRestarts, T_0=period, T_mult=growth, eta_min=0.01
    )
    check(cosine_restarts, expected, period=period, growth=growth, min_lr=0.01)


def test_cosine_restarts_within_an_epoch():
    optimizer, schedule = make(lr_scheduler.CosineAnnealingWarmRestarts, T_0=3, T_mult=2)
    for step in range(100):
        schedule.step(step / 5)
        rate = cosine_restarts(step / 5, lr=LR, period=3, growth=2)
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)


@pytest.mark.parametrize(("up", "down"), [(1, None), (5, None), (4, 10), (10, 1), (200, 3)])
@pytest.mark.parametrize(("mode", "shrink"), [("triangular", 1.0), ("triangular2", 0.5)])
def test_cyclic(up, down, mode, shrink):
    expected = pytorch_rates(
        lr_scheduler.CyclicLR,
        base_lr=LR,
        max_lr=2.0,
        step_size_up=up,
        step_size_down=down,
        mode=mode,
        cycle_momentum=False,
    )
    check(cyclic, expected, max_lr=2.0, up=up, down=down, shrink=shrink)


LOSSES = {
    "falls": [1 / (t + 1) for t in range(60)],
    "flat": [1.0] * 60,
    "rises": [float(t) for t in range(60)],
    "stairs": [1.0 / (1 + t // 9) for t in range(60)],
    "barely": [(1 - 1e-4) ** t for t in range(60)],
    "waves": [2 + math.sin(t) + math.sin(t / 7) for t in range(60)],
    "zero": [0.0] * 60,
    "negative": [-float(t % 11) for t in range(60)],
    "nan": [float("nan")] * 5 + [1.0] * 55,
}
PLATEAUS = [
    {},
    {"patience": 0, "factor": 0.5},
    {"patience": 3, "factor": 0.2, "min_lr": 0.01},
    {"patience": 2, "cooldown": 4, "factor": 0.7},
    {"patience": 2, "threshold": 0.1},
    {"patience": 1, "threshold": 0},
    {"patience": 0, "min_lr": LR - 5e-9},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=lambda options: "-".join(options) or "defaults")
@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES)
def test_reduce_on_plateau(losses, options):
    optimizer, schedule = make(lr_scheduler.ReduceLROnPlateau, **options)
    expected = [LR]
    for loss in losses:
        schedule.step(loss)
        expected.append(optimizer.param_groups[0]["lr"])
    assert reduce_on_plateau(losses, lr=LR, **options) == pytest.approx(expected, rel=1e-12)


def test_reduce_on_plateau_by_hand():
    rates = reduce_on_plateau([3, 2, 2, 2, 2, 1, 1], lr=1.0, factor=0.5, patience=1)
    assert rates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]
    assert reduce_on_plateau([], lr=1.0) == [1]


@given(step=st.integers(0, 10**4), period=st.integers(1, 1000))
def test_cycles_repeat_and_stay_in_their_range(step, period):
    for schedule in (
        lambda t: cosine_restarts(t, lr=LR, period=period, min_lr=0.1),
        lambda t: cyclic(t, lr=0.1, max_lr=LR, up=period, down=2 * period),
        lambda t: cosine_decay(t, lr=LR, period=period, min_lr=0.1),
    ):
        assert 0.1 <= schedule(step) <= LR + 1e-12
        assert schedule(step + 6 * period) == pytest.approx(schedule(step), abs=1e-6)


def test_a_schedule_drives_an_optimizer_as_in_pytorch():
    curvature = torch.tensor([1.0, 5, 30]).double()
    theta = torch.tensor([2.0, -1, 0.5]).double()
    leaf = theta.clone().requires_grad_()
    reference = torch.optim.SGD([leaf], lr=0.02, momentum=0.8, nesterov=True)
    schedule = lr_scheduler.CosineAnnealingLR(reference, T_max=50)
    optimizer = SGD(lr=0.02, momentum=0.8, nesterov=True)
    for step in range(50):
        optimizer.lr = cosine_decay(step, lr=0.02, period=50)
        theta = optimizer.step(theta, curvature * theta)
        leaf.grad = curvature * leaf.detach()
        reference.step()
        schedule.step()
        close(theta, leaf.detach())


def test_bad_arguments():
    for schedule, options in (
        (step_decay, {"every": 1}),
        (exponential_decay, {"rate": 1}),
        (inverse_time_decay, {"rate": 1}),
        (cosine_decay, {"period": 1}),
        (cosine_restarts, {"period": 1}),
        (cyclic, {"max_lr": 1, "up": 1}),
    ):
        with pytest.raises(ParameterError, match="expected step ≥ 0, got -1"):
            schedule(-1, lr=LR, **options)
        with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
            schedule(1, lr=0, **options)
        (name, _) = list(options.items())[-1]
        with pytest.raises(ParameterError, match=f"expected {name} ≥ [01], got -1"):
            schedule(1, lr=LR, **{**options, name: -1})
    with pytest.raises(ParameterError, match="expected 0 < factor ≤ 1, got 5"):
        step_decay(1, lr=LR, every=1, factor=5)
    with pytest.raises(ParameterError, match=r"expected 0 ≤ min_lr ≤ lr=0\.3, got 1"):
        cosine_decay(1, lr=LR, period=1, min_lr=1)
    with pytest.raises(ParameterError, match="expected growth ≥ 1, got 0"):
        cosine_restarts(1, lr=LR, period=1, growth=0)
    with pytest.raises(ParameterError, match="expected down ≥ 1, got 0"):
        cyclic(1, lr=LR, max_lr=1, up=1, down=0)
    with pytest.raises(
        ParameterError, match=r"expected max_lr ≥ lr=0\.3 and 0 < shrink ≤ 1, got 0"
    ):
        cyclic(1, lr=LR, max_lr=0, up=1)
    with pytest.raises(ParameterError, match="expected 0 ≤ factor < 1, got 1"):
        reduce_on_plateau([], lr=LR, factor=1)
    for name in ("patience", "cooldown", "min_lr"):
        with pytest.raises(ParameterError, match=f"expected {name} ≥ 0, got -1"):
            reduce_on_plateau([], lr=LR, **{name: -1})
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        reduce_on_plateau([], lr=0)
