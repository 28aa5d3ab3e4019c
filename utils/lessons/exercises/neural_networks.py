"""Exercises of lecture 00: a neuron, a small net, a training step, a parameter count."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.losses import mean_squared_error, mean_squared_error_grad
from utils.reference.mlp import mlp_forward
from utils.reference.neuron import neuron
from utils.reference.parameter_count import count_parameters

__all__ = ["EXERCISES"]


def _neuron_cases() -> Sequence[Case]:
    weights, bias = torch.tensor([2.0, -1.0]), torch.tensor(0.5)
    batch = torch.tensor([[0.0, 1.0], [1.0, 1.0], [-2.0, 0.3]])
    return [Case((torch.tensor([0.5, 1.0]), weights, bias)), Case((batch, weights, bias))]


NEURON = Exercise(
    key="N1.neuron",
    task="Return the sigmoid of the weighted sum of the inputs plus the bias.",
    solution="""\
def neuron(inputs, weights, bias):
    z = (inputs * weights).sum(-1) + bias
    return torch.sigmoid(z)
""",
    reference=neuron,
    cases=_neuron_cases,
    gradient=True,
    hints=(
        "Three things happen in a neuron, one after the other: weigh, add up, bend.",
        "First z: every input times its weight, summed over the **last** axis, plus the bias.",
        "`z = (inputs * weights).sum(-1) + bias`, and the result is `torch.sigmoid(z)`.",
    ),
    mistakes=(
        Mistake("The bias is missing.", " + bias", ""),
        Mistake("The activation function is missing.", "torch.sigmoid(z)", "z"),
        Mistake(
            "The activation comes before the sum: first add everything up, then bend it once.",
            "    z = (inputs * weights).sum(-1) + bias\n    return torch.sigmoid(z)",
            "    return torch.sigmoid(inputs * weights).sum(-1) + bias",
        ),
        Mistake(
            "You summed over the whole batch: sum over the last axis only, with `.sum(-1)`.",
            ".sum(-1)",
            ".sum()",
        ),
        Mistake(
            "The bias is added after the activation: it belongs into the sum.",
            " + bias\n    return torch.sigmoid(z)",
            "\n    return torch.sigmoid(z) + bias",
        ),
        Mistake(
            "The sum is missing: a neuron gives one number, not one for each input.", ".sum(-1)", ""
        ),
        Mistake(
            "You add the bias once for each input: add it once, after the sum.",
            ".sum(-1) + bias",
            ".add(bias).sum(-1)",
        ),
        Mistake(
            "You add up over the examples of the batch: sum over the inputs, with `.sum(-1)`.",
            ".sum(-1)",
            ".sum(0)",
        ),
    ),
)


def _mlp(inputs: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> torch.Tensor:
    return mlp_forward([(w1, b1), (w2, b2)], inputs, activation="tanh").prediction


def _mlp_cases() -> Sequence[Case]:
    g = torch.Generator().manual_seed(1)
    cases = []
    for batch, n_in, n_hidden, n_out in ((1, 3, 3, 3), (4, 2, 5, 1)):
        shapes = ((batch, n_in), (n_hidden, n_in), (n_hidden,), (n_out, n_hidden), (n_out,))
        cases.append(Case(tuple(torch.randn(shape, generator=g) for shape in shapes)))
    return cases


MLP = Exercise(
    key="N2.mlp",
    task="Return the output of a net with one hidden tanh layer and a linear output.",
    solution="""\
def mlp(inputs, w1, b1, w2, b2):
    hidden = torch.tanh(inputs @ w1.T + b1)
    return hidden @ w2.T + b2
""",
    reference=_mlp,
    cases=_mlp_cases,
    gradient=True,
    hints=(
        "A layer is many neurons at once. What has shape (batch, inputs), what (units, inputs)?",
        "A layer's sums are `inputs @ w1.T + b1`: one row an example, one column a unit.",
        "`hidden = torch.tanh(inputs @ w1.T + b1)`; the second layer takes `hidden`, no tanh.",
    ),
    mistakes=(
        Mistake(
            "The weights are not transposed: `w1` has one row a unit, so use `inputs @ w1.T`.",
            ".T",
            "",
        ),
        Mistake(
            "The hidden layer has no activation, so both layers together are just one line.",
            "torch.tanh(inputs @ w1.T + b1)",
            "inputs @ w1.T + b1",
        ),
        Mistake(
            "The output is squeezed by tanh, too; it must be linear.",
            "hidden @ w2.T + b2",
            "torch.tanh(hidden @ w2.T + b2)",
        ),
        Mistake("That is a sigmoid: the hidden units use `torch.tanh`.", ".tanh(", ".sigmoid("),
        Mistake("The bias of the hidden layer is missing.", " + b1", ""),
        Mistake("The bias of the output is missing.", " + b2", ""),
    ),
)

POINTS_X = torch.tensor([[-1.0], [-0.6], [-0.2], [0.2], [0.6], [1.0]])
POINTS_Y = torch.tensor([[-2.4], [-1.0], [-0.2], [0.7], [1.4], [2.9]])


def _observe_training(step: Function, case: Case) -> dict[str, Any]:
    """Watch a line being fitted for three steps."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)
        model.bias.fill_(1.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    done: list[str] = []
    model.weight.register_hook(lambda _: done.append("backward"))
    optimizer.register_step_post_hook(lambda *_: done.append("step"))
    losses = [step(model, nn.MSELoss(), optimizer, *case.arguments) for _ in range(3)]
    if any(loss is None or loss is ... for loss in losses):
        return {"": losses[0]}
    return {
        "loss in each of three steps": [float(torch.as_tensor(loss).detach()) for loss in losses],
        "loss is a plain number": isinstance(losses[0], float),
        "weight after three steps": model.weight.detach().clone(),
        "bias after three steps": model.bias.detach().clone(),
        "(what was called)": " ".join(done),
        "(gradient kept)": model.weight.grad is not None,
    }


def _training_step(model: Any, _: Any, optimizer: Any, inputs: Any, targets: Any) -> float:
    """Take the step by hand: no autograd, no optimizer."""
    with torch.no_grad():
        prediction = inputs @ model.weight.T + model.bias
        slope = mean_squared_error_grad(prediction, targets)
        lr = optimizer.param_groups[0]["lr"]
        model.weight -= lr * slope.T @ inputs
        model.bias -= lr * slope.sum(0)
        return float(mean_squared_error(prediction, targets))


TRAINING_STEP = Exercise(
    key="N4.training_step",
    task="Take one training step in the right order and return the loss as a plain number.",
    solution="""\
def training_step(model, loss_function, optimizer, inputs, targets):
    optimizer.zero_grad()
    prediction = model(inputs)
    loss = loss_function(prediction, targets)
    loss.backward()
    optimizer.step()
    return loss.item()
""",
    reference=_training_step,
    cases=lambda: [Case((POINTS_X, POINTS_Y), "six points and a line, three steps")],
    observe=_observe_training,
    hints=(
        "Five things in this order: forget, predict, measure, send back, move.",
        "`optimizer.zero_grad()`, `model(…)`, `loss_function(…)`, `loss.backward()`, `….step()`.",
        "`loss = loss_function(model(inputs), targets)`; after `backward` and `step` return "
        "`loss.item()`.",
    ),
    mistakes=(
        Mistake(
            "The gradients pile up from step to step: `optimizer.zero_grad()` is missing.",
            "    optimizer.zero_grad()\n",
            "",
        ),
        Mistake("No parameter moved: `optimizer.step()` is missing.", "    optimizer.step()\n", ""),
        Mistake(
            "No parameter moved: without `loss.backward()` there is no gradient.",
            "    loss.backward()\n",
            "",
        ),
        Mistake(
            "The gradients are cleared between `backward` and `step`, so the step is zero.",
            "    loss.backward()\n",
            "    loss.backward()\n    optimizer.zero_grad()\n",
        ),
        Mistake(
            "You take the step before the gradients are there: `backward` comes before `step`.",
            "    loss.backward()\n    optimizer.step()\n",
            "    optimizer.step()\n    loss.backward()\n",
        ),
        Mistake("Return a plain number, `loss.item()`, not the tensor.", "loss.item()", "loss"),
    ),
)

COUNT = Exercise(
    key="N3.count_parameters",
    task="Return how many weights and biases a fully connected net has, from its layer sizes.",
    solution="""\
def count_parameters(layer_sizes):
    total = 0
    for n_in, n_out in zip(layer_sizes[:-1], layer_sizes[1:]):
        total += n_in * n_out + n_out
    return total
""",
    reference=count_parameters,
    cases=lambda: [Case(([2, 3, 1],)), Case(([1, 8, 8, 1],)), Case(([64, 11],))],
    hints=(
        "Count one layer first: how many numbers does each of its units have?",
        "A unit has one weight for each unit below it, and one bias.",
        "Add up `n_in * n_out + n_out` over all pairs of neighboring sizes.",
    ),
    mistakes=(
        Mistake("The biases are missing: one for each unit.", " + n_out", ""),
        Mistake(
            "There is one bias for each unit of the layer, not for each of its inputs.",
            "+ n_out",
            "+ n_in",
        ),
        Mistake("There is one bias for each unit, not one for each layer.", "+ n_out", "+ 1"),
        Mistake("You count only the last layer: add up all of them.", "total +=", "total ="),
    ),
)

EXERCISES = (NEURON, MLP, TRAINING_STEP, COUNT)
