"""Exercises of lecture 03 on steps: momentum, and a rate for every axis."""

from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.reference.adaptive_optimizers import AdaGrad

__all__ = ["EXERCISES"]


def _momentum(theta: Any, velocity: Any, gradient: Any, lr: float, momentum: float) -> Any:
    """Let PyTorch take the step."""
    parameter = theta.clone().requires_grad_()
    parameter.grad = gradient.clone()
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=momentum)
    optimizer.state[parameter]["momentum_buffer"] = velocity.clone()
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter]["momentum_buffer"]


def _step_cases() -> Sequence[Case]:
    theta, velocity = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.1])
    gradient = torch.tensor([2.0, -4.0])
    return [
        Case((theta, velocity, gradient, 0.1, 0.9)),
        Case((theta, velocity, gradient, 0.01, 0.5)),
    ]


MOMENTUM = Exercise(
    key="O3.momentum_step",
    task="Take one step with momentum; return the new theta and the new velocity.",
    solution="""\
def momentum_step(theta, velocity, gradient, lr, momentum):
    velocity = momentum * velocity + gradient
    theta = theta - lr * velocity
    return theta, velocity
""",
    reference=_momentum,
    cases=_step_cases,
    outputs=("theta", "velocity"),
    hints=(
        "First the velocity, then the position.",
        "The velocity keeps a part of itself and adds the gradient: v ← β·v + g.",
        "Then θ ← θ − lr·v with the **new** velocity.",
    ),
    mistakes=(
        Mistake("The sign is wrong: you climb.", "theta - lr", "theta + lr"),
        Mistake(
            "The old velocity moves theta: use the new one.",
            "    velocity = momentum * velocity + gradient\n    theta = theta - lr * velocity\n",
            "    theta = theta - lr * velocity\n    velocity = momentum * velocity + gradient\n",
        ),
        Mistake(
            "The gradient is weighted by 1 − momentum: PyTorch adds it in full.",
            "+ gradient",
            "+ (1 - momentum) * gradient",
        ),
        Mistake(
            "The learning rate is inside the velocity: PyTorch multiplies when theta moves.",
            "    velocity = momentum * velocity + gradient\n    theta = theta - lr * velocity\n",
            "    velocity = momentum * velocity + lr * gradient\n    theta = theta - velocity\n",
        ),
        Mistake(
            "That is the slides' form, with −lr inside the velocity. PyTorch's is v ← β·v + g.",
            "    velocity = momentum * velocity + gradient\n    theta = theta - lr * velocity\n",
            "    velocity = momentum * velocity - lr * gradient\n    theta = theta + velocity\n",
        ),
        Mistake("The momentum factor is missing: nothing slows down.", "momentum * ", ""),
        Mistake(
            "The velocity forgets its past: that is plain gradient descent.",
            "momentum * velocity + ",
            "",
        ),
        Mistake(
            "The order of the results is wrong: theta comes first.",
            "return theta, velocity",
            "return velocity, theta",
        ),
    ),
)


def _adagrad(theta: Any, h: Any, gradient: Any, lr: float) -> Any:
    optimizer = AdaGrad(lr=lr)
    start = theta.clone()
    root = h.sqrt()
    # A step with the gradient √h brings the sum of squares to h; only the second step counts.
    optimizer.step(start, root)
    new = optimizer.step(start, gradient)
    return new, h + gradient.square()


ADAGRAD = Exercise(
    key="O4.adagrad_step",
    task="Take one step of AdaGrad (eps = 1e-10); return the new theta and sum of squares h.",
    solution="""\
def adagrad_step(theta, h, gradient, lr):
    h = h + gradient**2
    theta = theta - lr * gradient / (torch.sqrt(h) + 1e-10)
    return theta, h
""",
    reference=_adagrad,
    cases=lambda: [
        Case((torch.tensor([1.0, 1.0]), torch.tensor([0.0, 9.0]), torch.tensor([0.1, 4.0]), 0.1)),
        Case((torch.tensor([-2.0]), torch.tensor([2.25]), torch.tensor([-2.0]), 0.5)),
    ],
    outputs=("theta", "h"),
    hints=(
        "h remembers how much each axis has moved so far.",
        "Add the squared gradient to h, then divide the step by the root of h.",
        "`theta - lr * gradient / (torch.sqrt(h) + 1e-10)` with the new h.",
    ),
    mistakes=(
        Mistake("The root is missing: divide by √h.", "torch.sqrt(h)", "h"),
        Mistake("h adds up **squared** gradients.", "gradient**2", "gradient"),
        Mistake("h forgets its past: add to it.", "h = h + gradient**2", "h = gradient**2"),
        Mistake("The sign is wrong: you climb.", "theta - lr", "theta + lr"),
        Mistake(
            "You divide by the old h: update it first.",
            "    h = h + gradient**2\n"
            "    theta = theta - lr * gradient / (torch.sqrt(h) + 1e-10)\n",
            "    theta = theta - lr * gradient / (torch.sqrt(h) + 1e-10)\n"
            "    h = h + gradient**2\n",
        ),
    ),
)


def _adam(theta: Any, m: Any, h: Any, gradient: Any, t: int, lr: float) -> Any:
    """Let PyTorch take the step."""
    parameter = theta.clone().requires_grad_()
    parameter.grad = gradient.clone()
    optimizer = torch.optim.Adam([parameter], lr=lr)
    state = {"step": torch.tensor(t - 1.0), "exp_avg": m.clone(), "exp_avg_sq": h.clone()}
    optimizer.state[parameter] = state
    optimizer.step()
    return parameter.detach(), state["exp_avg"], state["exp_avg_sq"]


def _adam_cases() -> Sequence[Case]:
    theta, gradient = torch.tensor([1.0, -2.0]), torch.tensor([0.3, -5.0])
    zero = torch.zeros(2)
    m, h = torch.tensor([0.2, -1.0]), torch.tensor([0.04, 2.0])
    return [Case((theta, zero, zero, gradient, 1, 0.1)), Case((theta, m, h, gradient, 7, 0.01))]


ADAM = Exercise(
    key="O5.adam_step",
    task="Take step t = 1, 2, … of Adam (betas 0.9 and 0.999, eps 1e-8); return theta, m, h.",
    solution="""\
def adam_step(theta, m, h, gradient, t, lr):
    m = 0.9 * m + 0.1 * gradient
    h = 0.999 * h + 0.001 * gradient**2
    m_hat = m / (1 - 0.9**t)
    h_hat = h / (1 - 0.999**t)
    theta = theta - lr * m_hat / (torch.sqrt(h_hat) + 1e-8)
    return theta, m, h
""",
    reference=_adam,
    cases=_adam_cases,
    outputs=("theta", "m", "h"),
    hints=(
        "Two running averages: m of the gradient, h of its square. Both begin at 0, so both are "
        "too small at first.",
        "m ← 0.9·m + 0.1·g and h ← 0.999·h + 0.001·g²; divide by 1 − 0.9^t and 1 − 0.999^t.",
        "`theta - lr * m_hat / (torch.sqrt(h_hat) + 1e-8)`; return m and h without correction.",
    ),
    mistakes=(
        Mistake(
            "The bias correction is missing: the first steps have a wrong size.",
            "    m_hat = m / (1 - 0.9**t)\n    h_hat = h / (1 - 0.999**t)\n",
            "    m_hat, h_hat = m, h\n",
        ),
        Mistake("The root is missing: divide by √ĥ.", "torch.sqrt(h_hat)", "h_hat"),
        Mistake("h averages the **squared** gradient.", "gradient**2", "gradient"),
        Mistake(
            "The two averages have the wrong betas: 0.9 for m, 0.999 for h.",
            "    m = 0.9 * m + 0.1 * gradient\n    h = 0.999 * h + 0.001 * gradient**2\n",
            "    m = 0.999 * m + 0.001 * gradient\n    h = 0.9 * h + 0.1 * gradient**2\n",
        ),
        Mistake("The sign is wrong: you climb.", "theta - lr", "theta + lr"),
        Mistake("The correction needs a power, 0.9 to the t: you took a product.", "**t", " * t"),
        Mistake("t is 1 in the first step: don't add 1.", "**t", "**(t + 1)"),
        Mistake(
            "Only m is corrected: h is too small at first, too.",
            "h_hat = h / (1 - 0.999**t)",
            "h_hat = h",
        ),
        Mistake(
            "You return the corrected averages: keep m and h as they are, and correct them anew "
            "in each step.",
            "return theta, m, h",
            "return theta, m_hat, h_hat",
        ),
    ),
)

EXERCISES = (MOMENTUM, ADAGRAD, ADAM)
