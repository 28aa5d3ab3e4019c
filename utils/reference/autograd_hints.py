"""Tell which rule somebody missed when a gradient on the tape came out wrong.

The answer is compared with the results of the usual mistakes, each computed from the same
numbers: the incoming gradient left out, the local derivative left out, one of several uses
forgotten, a sign, the other input's derivative, a sum over copies, a transpose, and slips
in single rules such as y instead of y (1 - y).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from utils.errors import ParameterError
from utils.reference.autograd import Node
from utils.reference.autograd_backward import BackwardStep
from utils.reference.autograd_ops import Array, unbroadcast

__all__ = ["Verdict", "check_answer"]


@dataclass(frozen=True)
class Verdict:
    """What is to be said about an answer.

    Attributes
    ----------
    correct : bool
        Whether it is the gradient.
    missed : str
        The rule that was missed; empty if correct or not recognized.
    message : str
        One sentence for the person who answered; it does not give the result away.
    """

    correct: bool
    missed: str
    message: str


def check_answer(
    steps: Sequence[BackwardStep], node: Node, answer: object, *, rtol: float = 1e-3
) -> Verdict:
    r"""Return whether an answer is the gradient of a node, and if not, which rule was missed.

    Parameters
    ----------
    steps : sequence of BackwardStep
        The whole backward pass, as from :meth:`utils.reference.autograd.Tape.backward`.
    node : Node
        The node that was asked for.
    answer : number or array
        What was typed for ∂L/∂node.
    rtol : float
        Relative tolerance: people round.

    Returns
    -------
    Verdict
        Correct, or with the rule that explains the difference.

    Raises
    ------
    ParameterError
        If the node got no gradient in these steps.

    Notes
    -----
    The right answer is

    .. math:: \frac{\partial L}{\partial a} = \sum_{v \text{ uses } a}
              \frac{\partial L}{\partial v}\,\frac{\partial v}{\partial a}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    if node.gradient is None or all(step.node is not node for step in steps):
        raise ParameterError(f"expected a node with a gradient in these steps, got {node!r}")
    try:
        typed = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return Verdict(False, "", "That is not a number.")
    if _same(typed, node.gradient, rtol):
        return Verdict(True, "", "Right.")
    for missed, wrong, message in _mistakes(steps, node, node.gradient):
        if _same(typed, wrong, rtol):
            return Verdict(False, missed, message)
    rules = {step.formula: step.rule for step, _ in _uses(steps, node)}
    hint = "; ".join(f"{rule}: {formula}" for formula, rule in rules.items())
    return Verdict(False, "", f"Not yet. Incoming gradient times local derivative ({hint}).")


Mistake = tuple[str, Array, str]


def _mistakes(steps: Sequence[BackwardStep], node: Node, truth: Array) -> Iterator[Mistake]:
    """Yield what the usual mistakes would have given, the most telling ones first."""
    uses = _uses(steps, node)
    if len(uses) > 1:
        for step, i in uses:
            message = f"{node.name} is used {len(uses)} times: add the gradients of all uses."
            yield "sum over uses", _array(step.outgoing[i]), message
    for step, i in uses:
        others = truth - _array(step.outgoing[i])
        for missed, wrong, message in _mistakes_of_one_use(step, i):
            try:
                yield missed, others + wrong, message
            except ValueError:  # the wrong one has another shape altogether
                yield missed, wrong, message
    yield "sign", -truth, "The size is right, the sign is not."
    yield "transpose", truth.T, "These are the right numbers, but transposed."


def _mistakes_of_one_use(step: BackwardStep, i: int) -> Iterator[Mistake]:
    node, operation = step.node.parents[i], step.node.operation
    name, above = node.name, step.node.name
    local = step.local[i]
    if local is not None:
        message = f"That is ∂{above}/∂{name}. Times the gradient that arrives at {above}."
        yield "chain rule", _fit(local, node.shape), message
    message = f"That is what arrives at {above}. Times its local derivative: {step.formula}."
    yield step.rule, _fit(step.incoming, node.shape), message
    for wrong, message in _slips(step, i):
        yield step.rule, _fit(wrong, node.shape), message
    for j, other in enumerate(step.node.parents):
        gradient = step.outgoing[j]
        if other is not node and gradient is not None:
            message = f"That is the gradient of {other.name}. {step.rule}: {step.formula}."
            yield "other input", gradient, message
    if local is not None and operation is not None and operation.elementwise:
        message = f"{name} was copied to shape {step.node.shape}: sum over the copies."
        yield "broadcasting", step.incoming * local, message


def _slips(step: BackwardStep, i: int) -> list[tuple[Array, str]]:
    """Return wrong gradients that come from half a rule."""
    g, y, a = step.incoming, step.node.data, step.node.parents[0].data
    n = step.node.options.get("exponent", 1)
    name = step.node.operation.name if step.node.operation else ""
    with np.errstate(all="ignore"):
        if name == "power":
            return [
                (g * a ** (n - 1), f"The exponent {n} comes down as a factor."),
                (g * n * a**n, "The exponent goes down by one."),
            ]
        if name == "sigmoid":
            return [
                (g * y, "That is only y of y (1 − y)."),
                (g * (1 - y), "That is only 1 − y of y (1 − y)."),
            ]
        if name == "tanh":
            return [(g * (1 - y), "y is squared: 1 − y²."), (g * y**2, "1 minus y².")]
        if name == "log":
            return [(g * a, "The derivative of log a is 1/a, not a.")]
        if name == "exp":
            return [(g * a, "The derivative of eᵃ is eᵃ, not a.")]
        if name == "divide" and i == 1:
            return [(-g * y, "b is squared below: −a/b²."), (g / y, "−a/b², not b/a.")]
        if name == "mean":
            return [
                (np.broadcast_to(g, a.shape), "The mean divides by n, and so does its gradient.")
            ]
    return []


def _uses(steps: Sequence[BackwardStep], node: Node) -> list[tuple[BackwardStep, int]]:
    """Return where a node is an input: the step, and as which input."""
    return [
        (step, i)
        for step in steps
        for i, parent in enumerate(step.node.parents)
        if parent is node and step.outgoing
    ]


def _fit(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum or copy an array to a shape where that is possible, else leave it."""
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        pass
    try:
        return unbroadcast(array, shape)
    except (ValueError, IndexError):
        return array


def _array(value: Array | None) -> Array:
    return np.zeros(()) if value is None else value


def _same(answer: Array, value: Array, rtol: float) -> bool:
    """Compare numbers; a scalar may stand for an array of one element, but for no other."""
    if answer.size != value.size or (answer.size != 1 and answer.shape != value.shape):
        return False
    scale = float(np.abs(value).max()) if value.size else 0.0
    return bool(np.allclose(answer, value.reshape(answer.shape), rtol=rtol, atol=rtol * scale))
