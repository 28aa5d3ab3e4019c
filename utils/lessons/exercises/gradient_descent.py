"""Exercises of lecture 02 on descending: search, gradients, the update rule."""

from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.gradient_descent import gradient_descent
from utils.reference.gradients import numerical_gradient
from utils.reference.search import random_search

__all__ = ["EXERCISES"]


def _bowl(theta: torch.Tensor) -> torch.Tensor:
    return (theta[0] - 1) ** 2 + 3 * (theta[1] + 0.5) ** 2


def _observe_search(function: Function, case: Case) -> dict[str, Any]:
    """Look at where the function was evaluated: any way to draw the points is right."""
    seen: list[torch.Tensor] = []

    def watched(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta.detach().clone())
        return _bowl(theta)

    low, high, budget, seed = case.arguments
    best = function(watched, low, high, budget, torch.Generator().manual_seed(seed))
    if not isinstance(best, torch.Tensor) or not seen:
        return {"": best}
    points = torch.tensor(list(dict.fromkeys(tuple(p.tolist()) for p in seen)))
    fits = best.shape == low.shape
    return {
        "number of points tried": len(points),
        "all points inside the box": bool(((points >= low) & (points <= high)).all()),
        "points fill the box": bool((points.std(0) > 0.2 * (high - low)).all()),
        "shape of the result": list(best.shape),
        "value at the result, above the best one": float(
            _bowl(best) - min(map(_bowl, points)) if fits else torch.nan
        ),
    }


RANDOM_SEARCH = Exercise(
    key="G1.random_search",
    task="Try `budget` random points between low and high; return the one with the lowest value.",
    solution="""\
def random_search(function, low, high, budget, generator):
    best = None
    for _ in range(budget):
        theta = low + (high - low) * torch.rand(len(low), generator=generator)
        if best is None or function(theta) < function(best):
            best = theta
    return best
""",
    reference=lambda function, low, high, budget, generator: (
        random_search(function, low, high, budget=budget, generator=generator).best_point
    ),
    cases=lambda: [
        Case((torch.tensor([-3.0, 1.0]), torch.tensor([-1.0, 4.0]), 40, 1), "40 points in a box")
    ],
    observe=_observe_search,
    hints=(
        "Remember the best point so far; replace it when a new one is better.",
        "`torch.rand(len(low), generator=generator)` is between 0 and 1: stretch and shift it.",
        "`theta = low + (high - low) * torch.rand(len(low), generator=generator)`.",
    ),
    mistakes=(
        Mistake(
            "You keep the highest value: the lowest is wanted.",
            "function(theta) < function(best)",
            "function(theta) > function(best)",
        ),
        Mistake("The points lie outside the box: add `low`.", "low + (high - low)", "(high - low)"),
        Mistake(
            "The points don't stay in the box: multiply by (high - low), not by high.",
            "(high - low)",
            "high",
        ),
        Mistake(
            "You return the value: the point is wanted.", "return best", "return function(best)"
        ),
        Mistake(
            "You return the last point, whatever its value.",
            "if best is None or function(theta) < function(best)",
            "if best is None or function(theta) < 1e9",
        ),
    ),
)


def _numerical(function: Any, point: torch.Tensor, step: float) -> torch.Tensor:
    return numerical_gradient(function, point, step=step).to(point.dtype)


def _gradient_cases() -> Sequence[Case]:
    def cubic(theta: torch.Tensor) -> torch.Tensor:
        return (theta**3).sum() + theta[0] * theta[1]

    def bowl(theta: torch.Tensor) -> torch.Tensor:
        return _bowl(theta)

    point = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    return [Case((bowl, point[:2].clone(), 0.1)), Case((cubic, point, 0.1))]


NUMERICAL = Exercise(
    key="G2.numerical_gradient",
    task="Return the gradient of a function of a vector by central differences.",
    solution="""\
def numerical_gradient(function, point, step):
    gradient = torch.zeros_like(point)
    for i in range(len(point)):
        move = torch.zeros_like(point)
        move[i] = step
        gradient[i] = (function(point + move) - function(point - move)) / (2 * step)
    return gradient
""",
    reference=_numerical,
    cases=_gradient_cases,
    hints=(
        "One coordinate at a time: a little up, a little down, and look how the value changes.",
        "`move = torch.zeros_like(point)`, then `move[i] = step`: only coordinate i moves.",
        "Rise over run: `(function(point + move) - function(point - move)) / (2 * step)`.",
    ),
    mistakes=(
        Mistake(
            "From point − step to point + step it is two steps: divide by 2 * step.",
            "(2 * step)",
            "step",
        ),
        Mistake(
            "That is the one-sided difference; step to both sides, it is far more exact.",
            "function(point - move)) / (2 * step)",
            "function(point)) / step",
        ),
        Mistake(
            "You change the point itself and don't move it back: add a step to it in a new tensor.",
            "        move = torch.zeros_like(point)\n"
            "        move[i] = step\n"
            "        gradient[i] = (function(point + move) - function(point - move)) / (2 * step)",
            "        point[i] += step\n"
            "        up = function(point)\n"
            "        point[i] -= 2 * step\n"
            "        gradient[i] = (up - function(point)) / (2 * step)",
        ),
        Mistake(
            "You move all coordinates at once: only coordinate i may move.",
            "move[i] = step",
            "move[:] = step",
        ),
        Mistake("The division by the step is missing.", " / (2 * step)", ""),
        Mistake(
            "The sign is wrong: value above minus value below.",
            "function(point + move) - function(point - move)",
            "function(point - move) - function(point + move)",
        ),
    ),
)


def _observe_descent(function: Function, case: Case) -> dict[str, Any]:
    result = function(*case.arguments)
    if isinstance(result, list | tuple) and result and isinstance(result[0], torch.Tensor):
        result = torch.stack([point.detach() for point in result])
    return {"": result}


def _slope(theta: torch.Tensor) -> torch.Tensor:
    return torch.stack([2 * (theta[0] - 1), 6 * (theta[1] + 0.5)])


DESCENT = Exercise(
    key="G3.gradient_descent",
    task="Return all points of a gradient descent, from the start to the last step.",
    solution="""\
def gradient_descent(gradient, start, lr, steps):
    trajectory = [start]
    for _ in range(steps):
        theta = trajectory[-1]
        trajectory.append(theta - lr * gradient(theta))
    return torch.stack(trajectory)
""",
    reference=lambda gradient, start, lr, steps: gradient_descent(
        gradient, start, lr=lr, steps=steps
    ),
    cases=lambda: [
        Case((_slope, torch.tensor([-1.0, 1.0]), 0.1, 3)),
        Case((_slope, torch.tensor([2.0, 0.0]), 0.25, 5)),
    ],
    observe=_observe_descent,
    hints=(
        "A list that begins with the start; every step adds one point to it.",
        "The new point: the last one minus lr times the gradient **there**.",
        "`trajectory.append(theta - lr * gradient(theta))`, at the end `torch.stack(trajectory)`.",
    ),
    mistakes=(
        Mistake("The sign is wrong: you climb.", "theta - lr", "theta + lr"),
        Mistake("The learning rate is missing.", "lr * ", ""),
        Mistake(
            "You use the gradient at the start in every step: take it at the point where you are.",
            "gradient(theta)",
            "gradient(start)",
        ),
        Mistake(
            "The start is missing: n steps make n + 1 points.",
            "torch.stack(trajectory)",
            "torch.stack(trajectory[1:])",
        ),
        Mistake(
            "The last point is missing: n steps make n + 1 points.",
            "torch.stack(trajectory)",
            "torch.stack(trajectory[:-1])",
        ),
        Mistake(
            "All points are the same one: `-=` changes the tensor in the list. Make a new one.",
            "        trajectory.append(theta - lr * gradient(theta))",
            "        theta -= lr * gradient(theta)\n        trajectory.append(theta)",
        ),
        Mistake(
            "You return the last point only: all of them are wanted.",
            "torch.stack(trajectory)",
            "trajectory[-1]",
        ),
    ),
)

EXERCISES = (RANDOM_SEARCH, NUMERICAL, DESCENT)
