"""Exercises of lecture 03 on surfaces and falling rates."""

import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.reference.schedules import step_decay
from utils.reference.surfaces import quadratic

__all__ = ["EXERCISES"]

RAVINE = Exercise(
    key="O1.ravine_gradient",
    task="Return the gradient of the ravine (x² + 30 y²) / 2 at theta = (x, y).",
    solution="""\
def ravine_gradient(theta):
    curvatures = torch.tensor([1.0, 30.0])
    return curvatures * theta
""",
    reference=quadratic([1.0, 30.0]).gradient,
    cases=lambda: [Case((torch.tensor([3.0, -0.5]),)), Case((torch.tensor([-1.0, 2.0]),))],
    hints=(
        "One slope for each axis: how does the height change with x alone, and with y alone?",
        "The derivative of x²/2 is x. What is that of 30 y²/2?",
        "(x, 30 y): `torch.tensor([1.0, 30.0]) * theta`.",
    ),
    mistakes=(
        Mistake("The 1/2 in front is forgotten: x²/2 has the slope x.", "* theta", "* theta * 2"),
        Mistake(
            "Both axes have the same slope here: y is 30 times as steep.",
            "[1.0, 30.0]",
            "[1.0, 1.0]",
        ),
        Mistake("The axes are swapped: y is the steep one.", "[1.0, 30.0]", "[30.0, 1.0]"),
        Mistake(
            "That is the height: its gradient has one number for each axis.",
            "curvatures * theta",
            "(curvatures * theta**2).sum() / 2",
        ),
        Mistake(
            "The sign is wrong: the gradient points uphill.",
            "curvatures * theta",
            "-curvatures * theta",
        ),
    ),
)

STEP_DECAY = Exercise(
    key="O11.step_decay",
    task="Return the learning rate at a step: times `factor` after each `every` steps.",
    solution="""\
def step_decay(step, lr, every, factor):
    return lr * factor ** (step // every)
""",
    reference=lambda step, lr, every, factor: step_decay(step, lr=lr, every=every, factor=factor),
    cases=lambda: [
        Case((0, 0.1, 10, 0.5)),
        Case((9, 0.1, 10, 0.5)),
        Case((10, 0.1, 10, 0.5)),
        Case((25, 0.8, 10, 0.2)),
        Case((37, 1.0, 12, 0.1)),
    ],
    hints=(
        "How many times has the rate fallen by now?",
        "As often as `every` fits into `step`: whole times only.",
        "`factor ** (step // every)` times the first rate.",
    ),
    mistakes=(
        Mistake("The rate falls all the time: use `//`, whole times only.", "//", "/"),
        Mistake(
            "The falls add up instead of multiplying: use a power.", "factor ** (", "factor * ("
        ),
        Mistake(
            "The rate falls one drop too early: before the first `every` steps it is lr.",
            "(step // every)",
            "(step // every + 1)",
        ),
        Mistake(
            "The rate falls one step too late: at step = every it has fallen.",
            "(step // every)",
            "((step - 1) // every if step else 0)",
        ),
        Mistake("The rate rises: multiply, don't divide.", "lr * factor", "lr / factor"),
    ),
)

EXERCISES = (RAVINE, STEP_DECAY)
