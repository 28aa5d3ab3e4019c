"""Whose gradient is it? All examples together, one of them, or a few at a time.

Conventions: examples are in the first axis. The functions are given a gradient *of each
example*, ``gradient(theta, inputs, targets)`` of shape ``(n, *theta.shape)`` for n examples;
:func:`example_gradients` makes one from a loss. They average: the mean over the batch keeps the
meaning of a learning rate whatever the batch size, while the sum is the mean times N, hence the
same step as with N times the rate.

References
----------
Robbins and Monro, "A stochastic approximation method", *Annals of Mathematical Statistics*
22(3), 1951; Bottou, Curtis and Nocedal, "Optimization methods for large-scale machine learning",
*SIAM Review* 60(2), 2018.
"""

import math
from collections.abc import Callable, Iterator
from typing import Literal

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least

__all__ = [
    "CountedGradient",
    "ExampleGradient",
    "batch_gradient",
    "example_gradients",
    "iterate_minibatches",
    "sgd_gradient",
    "steps_per_epoch",
]

ExampleGradient = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""From θ, inputs (n, …) and targets (n, …) to the gradient of each example, (n, *θ.shape)."""


class CountedGradient:
    """A gradient that counts what it costs: one computation for each example.

    Parameters
    ----------
    gradient : Callable
        Of each example.

    Attributes
    ----------
    count : int
        Gradients of single examples so far.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """

    def __init__(self, gradient: ExampleGradient) -> None:
        self.gradient = gradient
        self.count = 0

    def __call__(
        self, theta: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """Return the gradients and count them."""
        self.count += len(inputs)
        return self.gradient(theta, inputs, targets)


def example_gradients(
    loss: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
) -> ExampleGradient:
    r"""Return the gradient of each example, given the loss of one.

    Parameters
    ----------
    loss : Callable
        From θ, the input and the target of a single example, without the first axis, to its
        loss, a scalar.

    Returns
    -------
    Callable
        From θ, inputs (n, …) and targets (n, …) to the n gradients, shape (n, \*θ.shape).

    Notes
    -----
    .. math:: \big(\nabla_\theta L(\theta; x^{(k)}, y^{(k)})\big)_{k = 1 \dots n}

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    each: ExampleGradient = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    return each


def batch_gradient(
    gradient: ExampleGradient,
    theta: torch.Tensor,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    *,
    reduction: Literal["mean", "sum"] = "mean",
) -> torch.Tensor:
    r"""Return the gradient of the loss over all examples: N computations for one step.

    Parameters
    ----------
    gradient : Callable
        Of each example.
    theta : torch.Tensor
        θ, any shape.
    inputs, targets : torch.Tensor
        Of N ≥ 1 examples, in the first axis.
    reduction : {"mean", "sum"}
        What the loss is. The sum is N times the mean, as if the learning rate were.

    Returns
    -------
    torch.Tensor
        Same shape as `theta`.

    Raises
    ------
    ParameterError
        If there are no examples, fewer targets than inputs or the like, or `gradient` does not
        give one gradient for each.

    Notes
    -----
    .. math:: \nabla L(\theta) = \frac1N \sum_{k=1}^N \nabla_\theta L(\hat y^{(k)}, y^{(k)})

    with the squared error, the binary or the multi-class cross entropy as L, all the same.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    n = _require_examples(inputs, targets)
    if reduction not in ("mean", "sum"):
        raise ParameterError(f"expected reduction 'mean' or 'sum', got {reduction!r}")
    gradients = gradient(theta, inputs, targets)
    if gradients.shape != (n, *theta.shape):
        raise ParameterError(
            f"expected gradients of shape={(n, *theta.shape)}, got shape={tuple(gradients.shape)}"
        )
    return gradients.mean(0) if reduction == "mean" else gradients.sum(0)


def sgd_gradient(
    gradient: ExampleGradient,
    theta: torch.Tensor,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    *,
    batch_size: int = 1,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return an estimate of the gradient from random examples: B computations for one step.

    Parameters
    ----------
    gradient : Callable
        Of each example.
    theta : torch.Tensor
        θ, any shape.
    inputs, targets : torch.Tensor
        Of N examples, in the first axis.
    batch_size : int
        B from 1 (stochastic gradient descent) to N (batch gradient descent).
    generator : torch.Generator, optional
        Chooses the examples.

    Returns
    -------
    torch.Tensor
        Same shape as `theta`; on average over the choices it is the batch gradient.

    Raises
    ------
    ParameterError
        As :func:`batch_gradient`, or if `batch_size` is out of range.

    Notes
    -----
    .. math:: g(\theta) = \frac1B \sum_{k \in \mathcal B} \nabla_\theta L(\hat y^{(k)}, y^{(k)}),
              \qquad \operatorname{Var} g = \frac{\sigma^2}{B} \cdot \frac{N - B}{N - 1}

    with B different examples and σ² the variance among the gradients of all.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    n = _require_examples(inputs, targets)
    if not 1 <= batch_size <= n:
        raise ParameterError(f"expected batch_size from 1 to {n}, got {batch_size}")
    chosen = torch.randperm(n, generator=generator)[:batch_size]
    return batch_gradient(gradient, theta, inputs[chosen], targets[chosen])


def steps_per_epoch(n_examples: int, batch_size: int, *, drop_last: bool = False) -> int:
    r"""Return the number of updates in one epoch, that is, one pass through all examples.

    Parameters
    ----------
    n_examples : int
        N ≥ 0.
    batch_size : int
        B ≥ 1.
    drop_last : bool
        Leave out the last batch if it is not a whole one.

    Returns
    -------
    int
        Rounded up, as the rest is a batch too; rounded down without the rest.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: \lceil N / B \rceil \quad \text{or} \quad \lfloor N / B \rfloor

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_at_least(0, n_examples=n_examples)
    require_at_least(1, batch_size=batch_size)
    return n_examples // batch_size if drop_last else math.ceil(n_examples / batch_size)


def iterate_minibatches(
    *tensors: torch.Tensor,
    batch_size: int,
    shuffle: bool = True,
    drop_last: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[torch.Tensor, ...]]:
    r"""Return the batches of one epoch: every example once, B at a time.

    Parameters
    ----------
    *tensors : torch.Tensor
        Inputs, targets and what else there is of N examples, in the first axis.
    batch_size : int
        B ≥ 1.
    shuffle : bool
        In a new random order, or else as they are.
    drop_last : bool
        Leave out the last batch if it is not a whole one. Its mean would be the noisiest.
    generator : torch.Generator, optional
        Chooses the order.

    Returns
    -------
    Iterator of tuple of torch.Tensor
        A batch of each tensor, :func:`steps_per_epoch` times.

    Raises
    ------
    ParameterError
        If there is no tensor, they differ in length, or `batch_size` is out of range.

    Notes
    -----
    As PyTorch's ``DataLoader`` on a ``TensorDataset``.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if not tensors or len({len(tensor) for tensor in tensors}) > 1:
        raise ParameterError(
            f"expected tensors of the same length, got {[len(tensor) for tensor in tensors]}"
        )
    n = len(tensors[0])
    steps = steps_per_epoch(n, batch_size, drop_last=drop_last)
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    batches = order.split(batch_size)[:steps]
    return (tuple(tensor[batch] for tensor in tensors) for batch in batches)


def _require_examples(inputs: torch.Tensor, targets: torch.Tensor) -> int:
    """Return the number of examples, or raise ParameterError."""
    if not len(inputs) == len(targets) > 0:
        raise ParameterError(
            f"expected as many inputs as targets, at least 1, got {len(inputs)} and {len(targets)}"
        )
    return len(inputs)
