"""Exercises of lecture 03 on batches, and on keeping numbers and landscapes in scale."""

from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.initialization import he_normal
from utils.reference.minibatch import sgd_gradient, steps_per_epoch

__all__ = ["EXERCISES"]


def _line_gradient(theta: Any, inputs: Any, targets: Any) -> torch.Tensor:
    """Let autograd differentiate the mean squared error of y = θ·x."""
    leaf = theta.clone().requires_grad_()
    loss = torch.nn.functional.mse_loss(leaf * inputs, targets)
    return torch.autograd.grad(loss, leaf)[0]


def _line_cases() -> Sequence[Case]:
    inputs, targets = torch.tensor([1.0, 2.0, -1.0, 3.0]), torch.tensor([2.0, 3.0, 1.0, 7.0])
    return [
        Case((torch.tensor(0.5), inputs, targets)),
        Case((torch.tensor(-1.0), inputs[:3], targets[:3])),
    ]


BATCH_GRADIENT = Exercise(
    key="O6.batch_gradient",
    task="Return the gradient of the mean squared error of ŷ = θ·x over all examples.",
    solution="""\
def batch_gradient(theta, inputs, targets):
    error = theta * inputs - targets
    return (2 * error * inputs).mean()
""",
    reference=_line_gradient,
    cases=_line_cases,
    hints=(
        "First one example: what is the slope of (θ·x − y)² with respect to θ?",
        "The chain rule gives 2·(θ·x − y)·x; then average over the examples.",
        "`(2 * (theta * inputs - targets) * inputs).mean()`.",
    ),
    mistakes=(
        Mistake(
            "That is the sum: as if the learning rate were N times as large. Take the mean.",
            ".mean()",
            ".sum()",
        ),
        Mistake("The factor 2 of the square is missing.", "2 * error", "error"),
        Mistake(
            "The inner derivative is missing: θ·x changes by x when θ does.", " * inputs).", ")."
        ),
        Mistake(
            "The sign is wrong: the error is prediction minus target.",
            "theta * inputs - targets",
            "targets - theta * inputs",
        ),
        Mistake("That is one example: average over all.", ".mean()", "[0]"),
    ),
)


def _observe_sgd(function: Function, case: Case) -> dict[str, Any]:
    """Look at which examples were used: any way to choose them at random is right."""
    n, batch_size = case.arguments
    inputs = torch.arange(n, dtype=torch.float32)
    theta = torch.tensor(0.5)
    used: list[torch.Tensor] = []
    pairs: list[bool] = []

    def gradient(theta: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        used.append(x.reshape(-1))
        pairs.append(x.shape == y.shape and bool((y == 100 + x).all()))
        return x**2 + theta

    generator = torch.Generator().manual_seed(0)
    values = [
        function(gradient, theta, inputs, 100 + inputs, batch_size, generator) for _ in range(8)
    ]
    if any(not isinstance(v, torch.Tensor) for v in values) or len(used) != 8:
        return {"": values[0]}
    errors = [
        float((v - (x**2 + theta).mean()).abs().max()) for v, x in zip(values, used, strict=True)
    ]
    return {
        "examples used in each step": [len(x) for x in used],
        "different examples in each step": [len(x.unique()) for x in used],
        "inputs keep their targets": all(pairs),
        "other examples in other steps": len({tuple(x.tolist()) for x in used}) > 1,
        "result minus the mean of their gradients": max(errors),
    }


SGD_GRADIENT = Exercise(
    key="O7.sgd_gradient",
    task="Return the mean gradient of `batch_size` different examples, chosen at random.",
    solution="""\
def sgd_gradient(gradient, theta, inputs, targets, batch_size, generator):
    order = torch.randperm(len(inputs), generator=generator)
    chosen = order[:batch_size]
    return gradient(theta, inputs[chosen], targets[chosen]).mean(0)
""",
    reference=lambda gradient, theta, inputs, targets, batch_size, generator: sgd_gradient(
        gradient, theta, inputs, targets, batch_size=batch_size, generator=generator
    ),
    cases=lambda: [Case((12, 6), "12 examples, batch size 6")],
    observe=_observe_sgd,
    hints=(
        "Shuffle the positions, take the first few, use them for inputs **and** targets.",
        "`torch.randperm(len(inputs), generator=generator)` is all positions in random order.",
        "`chosen = torch.randperm(…)[:batch_size]`, then the mean of "
        "`gradient(theta, inputs[chosen], targets[chosen])`.",
    ),
    mistakes=(
        Mistake(
            "These are always the same examples: choose at random.",
            "torch.randperm(len(inputs), generator=generator)",
            "torch.arange(len(inputs))",
        ),
        Mistake("You use all examples: that is the batch gradient.", "[:batch_size]", "[:]"),
        Mistake(
            "Inputs and targets are chosen apart: an input gets the target of another one.",
            "targets[chosen]",
            "targets[torch.randperm(len(inputs), generator=generator)[:batch_size]]",
        ),
        Mistake("That is the sum: take the mean of the batch.", ".mean(0)", ".sum(0)"),
        Mistake("The mean over the examples is missing.", ".mean(0)", ""),
    ),
)

STEPS = Exercise(
    key="O8.steps_per_epoch",
    task="Return the number of updates in one epoch; a smaller last batch counts, too.",
    solution="""\
def steps_per_epoch(n_examples, batch_size):
    return math.ceil(n_examples / batch_size)
""",
    reference=steps_per_epoch,
    cases=lambda: [Case((1000, 100)), Case((1000, 32)), Case((7, 8)), Case((4000, 64))],
    hints=(
        "How many batches are needed until every example was used once?",
        "Divide, and round **up**: the rest needs a step of its own.",
        "`math.ceil(n_examples / batch_size)`.",
    ),
    mistakes=(
        Mistake(
            "The last, smaller batch is lost: round up.",
            "math.ceil(n_examples / batch_size)",
            "n_examples // batch_size",
        ),
        Mistake(
            "One too many when the batches fit exactly: round up, don't just add 1.",
            "math.ceil(n_examples / batch_size)",
            "n_examples // batch_size + 1",
        ),
        Mistake(
            "A step is whole or not at all: round up.",
            "math.ceil(n_examples / batch_size)",
            "n_examples / batch_size",
        ),
        Mistake(
            "Upside down: examples over batch size.",
            "n_examples / batch_size",
            "batch_size / n_examples",
        ),
        Mistake(
            "Rounding to the nearest loses a small last batch: round up.", "math.ceil", "round"
        ),
    ),
)


def _filter_normalize(direction: Any, weights: Any) -> torch.Tensor:
    """Scale filter by filter, in a loop."""
    filters = [d * w.norm() / d.norm() for d, w in zip(direction, weights, strict=True)]
    return torch.stack(filters)


def _filter_cases() -> Sequence[Case]:
    g = torch.Generator().manual_seed(2)
    return [
        Case((torch.randn(shape, generator=g), 3 * torch.randn(shape, generator=g)))
        for shape in ((3, 2, 3, 3), (4, 4, 1, 1))
    ]


FILTER_NORMALIZE = Exercise(
    key="O9.filter_normalize",
    task="Give every filter of a random direction the length of the same filter of the weights.",
    solution="""\
def filter_normalize(direction, weights):
    axes = (1, 2, 3)
    d_norm = direction.square().sum(axes, keepdim=True).sqrt()
    w_norm = weights.square().sum(axes, keepdim=True).sqrt()
    return direction / d_norm * w_norm
""",
    reference=_filter_normalize,
    cases=_filter_cases,
    hints=(
        "A filter is one slice of the first axis: (in_channels, height, width).",
        "Divide each filter of the direction by its own length, multiply by the weights' one.",
        "`direction.square().sum((1, 2, 3), keepdim=True).sqrt()` is one length a filter.",
    ),
    mistakes=(
        Mistake(
            "One length for the whole layer: every filter needs its own.",
            "(1, 2, 3)",
            "(0, 1, 2, 3)",
        ),
        Mistake(
            "You took kernels of single input channels: a filter has all of its input channels.",
            "(1, 2, 3)",
            "(2, 3)",
        ),
        Mistake(
            "The direction keeps its own length: divide by it first.",
            "direction / d_norm",
            "direction",
        ),
        Mistake("The weights' length is missing: all filters are 1 long now.", " * w_norm", ""),
        Mistake("The root is missing: these are squared lengths.", ".sqrt()", ""),
        Mistake(
            "One length a filter, but along the wrong axis: keep the axes with `keepdim=True`.",
            ", keepdim=True",
            "",
        ),
    ),
)


def _observe_he(function: Function, case: Case) -> dict[str, Any]:
    """Look at the shape and the spread: any way to draw normal numbers is right."""
    n_out, n_in = case.arguments
    weight = function(n_out, n_in, torch.Generator().manual_seed(0))
    if not isinstance(weight, torch.Tensor) or weight.ndim != 2:
        return {"": weight}
    scaled = weight / weight.std()
    return {
        "shape": list(weight.shape),
        "standard deviation": weight.std(),
        "share beyond two standard deviations": 1 + (scaled.abs() > 2).float().mean(),
    }


HE = Exercise(
    key="O10.he_normal",
    task="Return random weights (n_out, n_in) for ReLU layers: normal, of variance 2/n_in.",
    solution="""\
def he_normal(n_out, n_in, generator):
    std = math.sqrt(2 / n_in)
    return std * torch.randn(n_out, n_in, generator=generator)
""",
    reference=lambda n_out, n_in, generator: he_normal((n_out, n_in), generator=generator),
    cases=lambda: [Case((300, 200), "n_out = 300, n_in = 200")],
    observe=_observe_he,
    rtol=0.02,
    hints=(
        "`torch.randn` draws numbers of variance 1. How does a factor change the variance?",
        "The factor is the **standard deviation**: the root of the variance.",
        "`math.sqrt(2 / n_in) * torch.randn(n_out, n_in, generator=generator)`.",
    ),
    mistakes=(
        Mistake("You multiply by the variance: take its root.", "math.sqrt(2 / n_in)", "2 / n_in"),
        Mistake(
            "Variance 1/n_in is for tanh: ReLU sets half of the signal to 0, hence the 2.",
            "2 / n_in",
            "1 / n_in",
        ),
        Mistake(
            "What is summed up is the inputs: divide by n_in, not n_out.", "2 / n_in", "2 / n_out"
        ),
        Mistake("That is Xavier's rule: for ReLU use 2/n_in.", "2 / n_in", "2 / (n_in + n_out)"),
        Mistake(
            "The shape is transposed: one row a unit, (n_out, n_in).",
            "torch.randn(n_out, n_in",
            "torch.randn(n_in, n_out",
        ),
        Mistake(
            "These numbers are uniform: use `torch.randn`, not `torch.rand`.",
            "torch.randn(n_out, n_in, generator=generator)",
            "math.sqrt(12) * (torch.rand(n_out, n_in, generator=generator) - 0.5)",
        ),
    ),
)

EXERCISES = (BATCH_GRADIENT, SGD_GRADIENT, STEPS, FILTER_NORMALIZE, HE)
