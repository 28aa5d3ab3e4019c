"""Layers for the tape: a layer is anything with forward and backward.

A *parametric* module (connections: fully connected, convolutional …) also owns parameters
and returns their gradients; a *non-parametric* one (activations, pooling …) only turns the
gradient of its output into that of its input. Nothing else is needed to take part in
training, so a module of your own can be placed on the tape as it is. It becomes a single
node there.

References
----------
LeCun, Bottou, Orr and Müller, "Efficient BackProp", in *Neural Networks: Tricks of the
Trade*, Springer, 1998, section 4.1 (modules).
"""

from typing import Any, Protocol

import numpy as np
import torch

from utils.errors import ParameterError
from utils.reference.autograd import Node
from utils.reference.autograd_ops import Array, Operation
from utils.reference.gradients import GradientCheck, check_gradient

__all__ = [
    "Linear",
    "Module",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "check_module",
    "parameter_gradients",
    "place",
]


class Module(Protocol):
    """What the tape asks of a layer.

    Attributes
    ----------
    parameters : dict of str to numpy.ndarray
        By name; empty for a non-parametric module.
    """

    parameters: dict[str, Array]

    def forward(self, x: Array) -> Array:
        """Return the output for the input."""

    def backward(self, incoming: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x and ∂L/∂(each parameter), given ∂L/∂output."""


class Linear:
    """A fully connected layer, y = x Wᵀ + b.

    Parameters
    ----------
    n_in, n_out : int
        Units below and above.
    generator : numpy.random.Generator, optional
        Source of the weights, drawn from N(0, 1/n_in); the biases are zero.
    """

    def __init__(
        self, n_in: int, n_out: int, *, generator: np.random.Generator | None = None
    ) -> None:
        generator = generator or np.random.default_rng()
        weight = generator.normal(scale=n_in**-0.5, size=(n_out, n_in))
        self.parameters = {"weight": weight, "bias": np.zeros(n_out)}

    def forward(self, x: Array) -> Array:
        """Return (batch, n_out) for (batch, n_in)."""
        return x @ self.parameters["weight"].T + self.parameters["bias"]

    def backward(self, incoming: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return G·W for the input, Gᵀ·x for the weight, the sum over the batch for the bias."""
        d_x = incoming @ self.parameters["weight"]
        return d_x, {"weight": incoming.T @ x, "bias": incoming.sum(axis=0)}


class Sigmoid:
    """The sigmoid of every element."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """Return σ(x)."""
        return (1 + np.tanh(x / 2)) / 2

    def backward(self, incoming: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return the incoming gradient times σ (1 - σ)."""
        y = self.forward(x)
        return incoming * y * (1 - y), {}


class Tanh:
    """The hyperbolic tangent of every element."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """Return tanh(x)."""
        return np.tanh(x)

    def backward(self, incoming: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return the incoming gradient times 1 - tanh²."""
        return incoming * (1 - np.tanh(x) ** 2), {}


class ReLU:
    """Every element where it is positive, else 0."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """Return max(0, x)."""
        return np.maximum(x, 0)

    def backward(self, incoming: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return the incoming gradient where x > 0, else 0."""
        return incoming * (x > 0), {}


def place(module: Module, x: Node) -> Node:
    r"""Return the output of a module as one node on the tape of its input.

    Parameters
    ----------
    module : Module
        The layer; its parameters become variables of the tape, ``Linear.weight`` and so on.
    x : Node
        The input.

    Returns
    -------
    Node
        The output; its parents are `x` and the parameters.

    Raises
    ------
    ParameterError
        If the input's shape does not fit; on the way back, if a gradient's does not.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial x}
              = \frac{\partial L}{\partial y}\,\frac{\partial y}{\partial x}, \qquad
              \frac{\partial L}{\partial w}
              = \frac{\partial L}{\partial y}\,\frac{\partial y}{\partial w}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    kind = type(module).__name__

    def backward(incoming: Array, output: Array, x: Array, *parameters: Array) -> tuple[Any, ...]:
        d_x, d_parameters = module.backward(incoming, x)
        if d_parameters.keys() != module.parameters.keys():
            raise ParameterError(
                f"expected {kind}.backward to return gradients for {list(module.parameters)}, "
                f"got {list(d_parameters)}"
            )
        return d_x, *(d_parameters[name] for name in module.parameters)

    operation = Operation(
        name=kind,
        symbol=kind,
        rule=f"{kind}.backward",
        formula="the module knows its own derivative",
        forward=lambda x, *parameters: module.forward(x),
        backward=backward,
        elementwise=False,
    )
    leaves = [
        x.tape.variable(value, name=f"{kind}.{name}") for name, value in module.parameters.items()
    ]
    return x.tape.apply(operation, x, *leaves)


def parameter_gradients(module: Module, output: Node) -> dict[str, Array]:
    r"""Return the gradients of a module's parameters after the backward pass.

    Parameters
    ----------
    module : Module
        The layer.
    output : Node
        What :func:`place` returned for it.

    Returns
    -------
    dict of str to numpy.ndarray
        By the parameters' names.

    Notes
    -----
    With them the module takes its step of gradient descent:

    .. math:: w \leftarrow w - \eta\,\frac{\partial L}{\partial w}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    leaves = output.parents[1:]
    return {
        name: np.zeros_like(leaf.data) if leaf.gradient is None else leaf.gradient
        for name, leaf in zip(module.parameters, leaves, strict=True)
    }


def check_module(
    module: Module, x: Array, *, generator: np.random.Generator | None = None
) -> dict[str, GradientCheck]:
    r"""Check a module's backward against finite differences of its forward.

    Parameters
    ----------
    module : Module
        The layer.
    x : numpy.ndarray
        An input; random numbers are best.
    generator : numpy.random.Generator, optional
        Source of the gradient that is sent in.

    Returns
    -------
    dict of str to GradientCheck
        One for the input, ``"x"``, and one for each parameter.

    Notes
    -----
    The loss is a random mix of all outputs,

    .. math:: L = \sum_i g_i\, y_i, \qquad \frac{\partial L}{\partial y_i} = g_i

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    incoming = (generator or np.random.default_rng()).normal(size=module.forward(x).shape)
    d_x, d_parameters = module.backward(incoming, x)

    def check(values: Array, given: Array, forward: Any) -> GradientCheck:
        return check_gradient(
            lambda v: torch.as_tensor((incoming * forward(v.numpy())).sum(), dtype=torch.float64),
            lambda v: torch.from_numpy(np.array(given, dtype=np.float64)),
            torch.from_numpy(np.array(values, dtype=np.float64)),
        )

    def with_parameter(name: str, value: Array) -> Array:
        kept = module.parameters[name]
        module.parameters[name] = value
        try:
            return module.forward(x)
        finally:
            module.parameters[name] = kept

    checks = {"x": check(x, d_x, module.forward)}
    for name, value in list(module.parameters.items()):
        checks[name] = check(
            value, d_parameters[name], lambda v, name=name: with_parameter(name, v)
        )
    return checks
