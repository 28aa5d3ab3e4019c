"""Typed gradients: right ones are accepted, the usual mistakes are named."""

import numpy as np
import pytest

from utils.errors import ParameterError
from utils.reference.autograd import Tape
from utils.reference.autograd_hints import check_answer

A, B = 3.0, 5.0


def ask(build, answer, *, a=A, b=B):
    """Answer the question for ∂L/∂a, where build(a, b) makes the loss."""
    tape = Tape()
    node, other = tape.variable(a, name="a"), tape.variable(b, name="b")
    steps = tape.backward(build(node, other))
    return check_answer(steps, node, answer)


# L = 10 (…): the incoming gradient is 10, unless said otherwise.
CASES = {
    "chain rule": (lambda a, b: 10 * (a * b), 5, "chain rule", "Times the gradient that arrives"),
    "local derivative": (lambda a, b: 10 * (a * b), 10, "product rule", "local derivative: ∂"),
    "other input": (lambda a, b: 10 * (a * b), 30, "other input", "gradient of b"),
    "sign": (lambda a, b: 10 * (b - a), 10, "sum rule", "what arrives"),
    "sign of a product": (lambda a, b: 10 * (a * b), -50, "sign", "the sign is not"),
    "one use forgotten": (lambda a, b: a * b + a * 7, 5, "sum over uses", "used 2 times"),
    "the other use forgotten": (lambda a, b: a * b + a * 7, 7, "sum over uses", "used 2 times"),
    "square": (lambda a, b: a * a, 3, "sum over uses", "used 2 times"),
    "exponent as factor": (lambda a, b: 10 * a**3, 90, "power rule", "comes down as a factor"),
    "exponent minus one": (lambda a, b: 10 * a**3, 810, "power rule", "goes down by one"),
    "half a sigmoid": (
        lambda a, b: 10 * a.sigmoid(),
        10 / (1 + np.exp(-A)),
        "sigmoid rule",
        "only y of",
    ),
    "other half": (
        lambda a, b: 10 * a.sigmoid(),
        10 - 10 / (1 + np.exp(-A)),
        "sigmoid rule",
        "only 1 − y",
    ),
    "tanh": (lambda a, b: 10 * a.tanh(), 10 * (1 - np.tanh(A)), "tanh rule", "squared"),
    "tanh upside down": (lambda a, b: 10 * a.tanh(), 10 * np.tanh(A) ** 2, "tanh rule", "1 minus"),
    "log": (lambda a, b: 10 * a.log(), 30, "logarithm rule", "1/a, not a"),
    "exp": (lambda a, b: 10 * a.exp(), 30, "exponential rule", "not a"),
    "quotient": (lambda a, b: 10 * (b / a), -10 * B / A, "quotient rule", "squared below"),
    "quotient upside down": (lambda a, b: 10 * (b / a), 10 * A / B, "quotient rule", "not b/a"),
}


@pytest.mark.parametrize("case", CASES)
def test_mistakes_are_named(case):
    build, answer, missed, words = CASES[case]
    verdict = ask(build, answer)
    assert not verdict.correct
    assert verdict.missed == missed
    assert words in verdict.message


@pytest.mark.parametrize("case", CASES)
def test_right_answers_are_accepted_also_when_rounded(case):
    build = CASES[case][0]
    tape = Tape()
    node, other = tape.variable(A, name="a"), tape.variable(B, name="b")
    steps = tape.backward(build(node, other))
    exact = node.gradient.item()
    for answer in (exact, [exact], str(exact), float(f"{exact:.4g}")):
        verdict = check_answer(steps, node, answer)
        assert verdict.correct, case
        assert verdict.missed == ""
    assert not check_answer(steps, node, exact * 1.01).correct


def test_the_output_itself_is_one():
    tape = Tape()
    loss = tape.variable(2.0) * 3
    steps = tape.backward(loss)
    assert check_answer(steps, loss, 1).correct
    assert not check_answer(steps, loss, 6).correct


def test_a_mistake_in_one_of_two_uses_is_named():
    # ∂L/∂a = b + 2 a = 11; with the exponent forgotten in the second term: b + a = 8.
    verdict = ask(lambda a, b: a * b + a**2, B + A)
    assert verdict.missed == "power rule"
    assert "factor" in verdict.message


MATRIX, VECTOR = np.arange(6.0).reshape(2, 3) + 1, np.array([1.0, -2.0, 4.0])


def test_sums_over_copies():
    verdict = ask(lambda a, b: (a * b).sum(), MATRIX, a=VECTOR, b=MATRIX)
    assert verdict.missed == "broadcasting"
    assert "copied to shape (2, 3)" in verdict.message
    assert ask(lambda a, b: (a * b).sum(), MATRIX.sum(0), a=VECTOR, b=MATRIX).correct


def test_matrices():
    def build(a, b):
        return 10 * (a @ b).sum()

    right = 10 * np.outer(np.ones(2), VECTOR)
    assert ask(build, right, a=MATRIX, b=VECTOR).correct
    assert ask(build, right.T, a=MATRIX, b=VECTOR).missed == "transpose"
    assert ask(build, right / 10, a=MATRIX, b=VECTOR).missed == ""
    assert not ask(build, 7.0, a=MATRIX, b=VECTOR).correct


def test_means():
    verdict = ask(lambda a, b: 10 * a.mean(), np.full(3, 10.0), a=VECTOR)
    assert verdict.missed == "mean rule"
    assert not verdict.correct


def test_unknown_mistakes_get_the_rule():
    verdict = ask(lambda a, b: 10 * (a * b), 123)
    assert not verdict.correct
    assert verdict.missed == ""
    assert "product rule: ∂(a b)/∂a = b" in verdict.message
    assert "50" not in verdict.message  # nothing is given away
    assert ask(lambda a, b: a * b, "five").message == "That is not a number."
    assert not ask(lambda a, b: a * b, [1, 2, 3]).correct


def test_zero_gradients_are_checked_too():
    assert ask(lambda a, b: (a - A) ** 2, 0).correct
    assert not ask(lambda a, b: (a - A) ** 2, 0.5).correct


def test_bad_arguments():
    tape = Tape()
    a, unused = tape.variable(1.0), tape.variable(2.0)
    constant = tape.constant(3.0)
    steps = tape.backward(a * constant)
    for node in (unused, constant):
        with pytest.raises(ParameterError, match="expected a node with a gradient in these steps"):
            check_answer(steps, node, 1)
