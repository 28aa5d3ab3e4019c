"""A tiny reverse-mode autograd: a tape that remembers every operation and walks back.

Going forward, each operation adds one node to the tape. Going backward, the nodes are met
in the opposite order, so that the gradient of a node is complete before it is passed on to
its inputs; where a node was used several times, the gradients add up.

>>> tape = Tape()
>>> w = tape.variable(3, name="w")
>>> loss = ((2 * w).named("2w") - 1) ** 2
>>> for step in tape.backward_steps(loss):
...     print(step)
v5: 1 arrived; power rule (∂(aⁿ)/∂a = n aⁿ⁻¹): 10 to v4
v4: 10 arrived; sum rule (∂(a − b) = ∂a − ∂b): 10 to 2w
2w: 10 arrived; product rule (∂(a b)/∂a = b, ∂(a b)/∂b = a): 20 to w
w: 20 arrived

Departures from PyTorch: arrays are NumPy, always float64; every backward pass starts from
zero (PyTorch adds to what is there until ``zero_grad``); a number that is not a variable is
a constant and gets no gradient.

References
----------
Karpathy, *micrograd*, 2020 (the idea of a tape this small); Griewank and Walther,
*Evaluating Derivatives*, 2nd edition, SIAM, 2008.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from utils.errors import ParameterError
from utils.reference import autograd_ops as ops
from utils.reference.autograd_backward import BackwardStep, backward_step
from utils.reference.autograd_ops import Array, Axis, Operation

__all__ = ["BackwardStep", "Node", "Tape"]


class Node:
    """A value on a tape: a variable, a constant, or the result of an operation.

    Attributes
    ----------
    data : numpy.ndarray
        The value, float64.
    gradient : numpy.ndarray or None
        ∂L/∂(this value), same shape, after a backward pass; None for constants.
    operation : Operation or None
        What made it; None for variables and constants.
    parents : tuple of Node
        The inputs of the operation.
    tape : Tape
        Where it is recorded.
    index : int
        Its place on the tape.
    name : str
        For drawings and messages.
    """

    __array_ufunc__ = None  # so that array + node asks the node, not NumPy

    def __init__(
        self,
        tape: "Tape",
        data: Array,
        *,
        name: str = "",
        operation: Operation | None = None,
        parents: tuple["Node", ...] = (),
        options: dict[str, Any] | None = None,
        is_constant: bool = False,
    ) -> None:
        self.tape = tape
        self.data = np.asarray(data, dtype=np.float64)
        self.operation = operation
        self.parents = parents
        self.options = options or {}
        self.is_constant = is_constant
        self.gradient: Array | None = None
        self.index = len(tape.nodes)
        self.name = name or f"v{self.index}"
        tape.nodes.append(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.data.shape

    @property
    def T(self) -> "Node":  # noqa: N802 - the name that NumPy and PyTorch use
        """The transpose."""
        return self.tape.apply(ops.TRANSPOSE, self)

    def named(self, name: str) -> "Node":
        """Return the node itself, under a name of your choice."""
        self.name = name
        return self

    def __repr__(self) -> str:
        kind = self.operation.name if self.operation else "constant" if self.is_constant else "leaf"
        return f"Node({self.name}, {kind}, shape={self.shape})"

    def __add__(self, other: Any) -> "Node":
        return self.tape.apply(ops.ADD, self, other)

    def __radd__(self, other: Any) -> "Node":
        return self.tape.apply(ops.ADD, other, self)

    def __sub__(self, other: Any) -> "Node":
        return self.tape.apply(ops.SUBTRACT, self, other)

    def __rsub__(self, other: Any) -> "Node":
        return self.tape.apply(ops.SUBTRACT, other, self)

    def __mul__(self, other: Any) -> "Node":
        return self.tape.apply(ops.MULTIPLY, self, other)

    def __rmul__(self, other: Any) -> "Node":
        return self.tape.apply(ops.MULTIPLY, other, self)

    def __truediv__(self, other: Any) -> "Node":
        return self.tape.apply(ops.DIVIDE, self, other)

    def __rtruediv__(self, other: Any) -> "Node":
        return self.tape.apply(ops.DIVIDE, other, self)

    def __matmul__(self, other: Any) -> "Node":
        return self.tape.apply(ops.MATMUL, self, other)

    def __rmatmul__(self, other: Any) -> "Node":
        return self.tape.apply(ops.MATMUL, other, self)

    def __neg__(self) -> "Node":
        return self.tape.apply(ops.NEGATE, self)

    def __pow__(self, exponent: float) -> "Node":
        if not isinstance(exponent, int | float):
            raise ParameterError(f"expected a number as exponent, got {type(exponent).__name__}")
        return self.tape.apply(ops.POWER, self, exponent=exponent)

    def __abs__(self) -> "Node":
        return self.tape.apply(ops.ABS, self)

    def __getitem__(self, index: Any) -> "Node":
        return self.tape.apply(ops.INDEX, self, index=index)

    def exp(self) -> "Node":
        """Return e to the power of every element."""
        return self.tape.apply(ops.EXP, self)

    def log(self) -> "Node":
        """Return the natural logarithm of every element."""
        return self.tape.apply(ops.LOG, self)

    def tanh(self) -> "Node":
        """Return the hyperbolic tangent of every element."""
        return self.tape.apply(ops.TANH, self)

    def sigmoid(self) -> "Node":
        """Return the sigmoid of every element."""
        return self.tape.apply(ops.SIGMOID, self)

    def relu(self) -> "Node":
        """Return every element where it is positive, else 0."""
        return self.tape.apply(ops.RELU, self)

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> "Node":
        """Return the sum over all axes or some."""
        return self.tape.apply(ops.SUM, self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> "Node":
        """Return the mean over all axes or some."""
        return self.tape.apply(ops.MEAN, self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> "Node":
        """Return the largest element over all axes or some."""
        return self.tape.apply(ops.MAX, self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: int) -> "Node":
        """Return the same elements in another shape."""
        return self.tape.apply(ops.RESHAPE, self, shape=shape)

    def conv2d(self, weight: Any, *, stride: int = 1, padding: int = 0) -> "Node":
        """Return the convolution of (batch, in, h, w) with kernels (out, in, kh, kw)."""
        return self.tape.apply(ops.CONV2D, self, weight, stride=stride, padding=padding)


class Tape:
    """A list of all nodes, in the order in which they were computed."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def variable(self, data: Any, *, name: str = "") -> Node:
        """Return a leaf that gets a gradient: an input or a parameter."""
        return Node(self, data, name=name)

    def constant(self, data: Any, *, name: str = "") -> Node:
        """Return a leaf that gets none; a number is its own name."""
        if not name and np.size(data) == 1:
            name = f"{np.asarray(data).item():g}"
        return Node(self, data, name=name, is_constant=True)

    def apply(self, operation: Operation, *inputs: Any, **options: Any) -> Node:
        """Return the result of an operation, recorded as a new node.

        Inputs that are not nodes become constants. Raises ParameterError if a node belongs
        to another tape or the shapes don't fit.
        """
        if any(isinstance(x, Node) and x.tape is not self for x in inputs):
            raise ParameterError("expected nodes of one tape, got nodes of two")
        parents = tuple(x if isinstance(x, Node) else self.constant(x) for x in inputs)
        try:
            data = operation.forward(*(parent.data for parent in parents), **options)
        except (ValueError, IndexError) as error:
            shapes = " and ".join(str(parent.shape) for parent in parents)
            raise ParameterError(
                f"expected shapes that fit {operation.name}, got {shapes}: {error}"
            ) from error
        return Node(
            self,
            data,
            operation=operation,
            parents=parents,
            options=options,
            is_constant=all(parent.is_constant for parent in parents),
        )

    def backward_steps(self, output: Node | None = None) -> Iterator[BackwardStep]:
        r"""Walk back from a scalar and yield every node that it depends on, last one first.

        Parameters
        ----------
        output : Node, optional
            The loss, with one element; the newest node if not given.

        Yields
        ------
        BackwardStep
            When it arrives, the node's own gradient is complete and those of its parents
            have been added to.

        Raises
        ------
        ParameterError
            If `output` is not a scalar of this tape or a rule returns a wrong shape.

        Notes
        -----
        .. math:: \frac{\partial L}{\partial a} = \sum_{v \text{ uses } a}
                  \frac{\partial L}{\partial v}\,\frac{\partial v}{\partial a}

        Lecture: ``lectures/02_gradient_descent.ipynb``
        """
        output = self._scalar(output)
        for node in self.nodes:
            node.gradient = None
        output.gradient = np.ones_like(output.data)
        for node in reversed(self.nodes[: output.index + 1]):
            if node.gradient is not None and not node.is_constant:
                yield backward_step(node)

    def backward(self, output: Node | None = None) -> list[BackwardStep]:
        """Go all the way back at once, as ``loss.backward()`` does; return all steps."""
        return list(self.backward_steps(output))

    def _scalar(self, output: Node | None) -> Node:
        if output is None:
            if not self.nodes:
                raise ParameterError("expected a tape with nodes, got an empty one")
            output = self.nodes[-1]
        if output.tape is not self or output.data.size != 1:
            raise ParameterError(f"expected a scalar node of this tape, got {output!r}")
        return output
