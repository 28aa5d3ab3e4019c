"""One step of the way back: a node passes its gradient on to its inputs.

The tape itself, and what it departs from, is in :mod:`utils.reference.autograd`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from utils.errors import ParameterError
from utils.reference.autograd_ops import Array, unbroadcast

if TYPE_CHECKING:
    from utils.reference.autograd import Node

__all__ = ["BackwardStep", "backward_step"]


@dataclass(frozen=True)
class BackwardStep:
    """What happens at one node on the way back.

    Attributes
    ----------
    node : Node
        Where we are.
    rule, formula : str
        How its operation is differentiated; "leaf" and nothing for a variable.
    incoming : numpy.ndarray
        ∂L/∂node, complete.
    local : tuple of (numpy.ndarray or None)
        ∂node/∂parent, one a parent, where that is an array of numbers: element by element, or
        for a scalar node. None else, and for constants.
    outgoing : tuple of (numpy.ndarray or None)
        What the node adds to ∂L/∂parent, one a parent; None for constants.
    """

    node: "Node"
    rule: str
    formula: str
    incoming: Array
    local: tuple[Array | None, ...]
    outgoing: tuple[Array | None, ...]

    def __str__(self) -> str:
        passed = ", ".join(
            f"{_short(gradient)} to {parent.name}"
            for parent, gradient in zip(self.node.parents, self.outgoing, strict=True)
            if gradient is not None
        )
        arrived = f"{self.node.name}: {_short(self.incoming)} arrived"
        return f"{arrived}; {self.rule} ({self.formula}): {passed}" if passed else arrived


def backward_step(node: "Node") -> BackwardStep:
    r"""Pass the gradient of a node on to its parents and return what happened.

    Parameters
    ----------
    node : Node
        Its gradient has to be complete; those of its parents are added to.

    Returns
    -------
    BackwardStep
        What arrived, by which rule, and what was passed on.

    Raises
    ------
    ParameterError
        If the rule returns a gradient of another shape than the parent's.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial a} \mathrel{+}=
              \frac{\partial L}{\partial v}\,\frac{\partial v}{\partial a}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    incoming = np.asarray(node.gradient)
    if node.operation is None:
        return BackwardStep(node, "leaf", "", incoming, (), ())
    outgoing = _gradients(node, incoming)
    local: tuple[Array | None, ...] = (None,) * len(node.parents)
    if node.operation.elementwise or node.data.size == 1:
        local = _gradients(node, np.ones_like(incoming), summed=False)
    for parent, gradient in zip(node.parents, outgoing, strict=True):
        if gradient is not None:
            so_far = 0 if parent.gradient is None else parent.gradient
            parent.gradient = so_far + gradient
    return BackwardStep(
        node, node.operation.rule, node.operation.formula, incoming, local, outgoing
    )


def _gradients(node: "Node", incoming: Array, *, summed: bool = True) -> tuple[Array | None, ...]:
    """Return what the node's rule makes of a gradient, one a parent; None for constants."""
    operation = node.operation
    if operation is None:
        return ()
    inputs = [parent.data for parent in node.parents]
    gradients = operation.backward(incoming, node.data, *inputs, **node.options)
    found: list[Array | None] = []
    for parent, gradient in zip(node.parents, gradients, strict=True):
        if operation.elementwise and summed:
            gradient = unbroadcast(np.broadcast_to(gradient, node.shape), parent.shape)
        if summed and np.shape(gradient) != parent.shape:
            raise ParameterError(
                f"expected {operation.name}'s backward to return shape={parent.shape} "
                f"for {parent.name}, got shape={np.shape(gradient)}"
            )
        found.append(None if parent.is_constant else np.array(gradient, dtype=np.float64))
    return tuple(found)


def _short(array: Array) -> str:
    return f"{array.item():.4g}" if array.size == 1 else f"an array of shape {array.shape}"
