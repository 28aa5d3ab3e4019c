"""The tape against PyTorch's autograd: every operation, broadcasting, whole nets, each step."""

import doctest

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import randn
from utils.errors import ParameterError
from utils.reference import autograd
from utils.reference.autograd import Tape
from utils.reference.autograd_ops import unbroadcast


def both(function, *inputs):
    """Compute value and gradients on the tape and with PyTorch; assert that they agree.

    Every output is weighted differently, so that no two mistakes cancel.
    """
    tape = Tape()
    nodes = [tape.variable(x) for x in inputs]
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    output, expected = function(*nodes), function(*leaves)
    np.testing.assert_allclose(output.data, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    assert output.shape == tuple(expected.shape)

    mix = np.cos(np.arange(output.data.size)).reshape(output.shape) + 0.3
    tape.backward((output * mix).sum())
    (expected * torch.as_tensor(mix)).sum().backward()
    for node, leaf in zip(nodes, leaves, strict=True):
        assert node.gradient.shape == node.shape
        np.testing.assert_allclose(node.gradient, leaf.grad.numpy(), rtol=1e-9, atol=1e-11)
    return tape


def array(*shape, seed=0):
    return randn(*shape, seed=seed).numpy()


UNARY = {
    "negate": lambda a: -a,
    "abs": abs,
    "exp": lambda a: a.exp(),
    "log": lambda a: (a**2 + 1).log(),
    "tanh": lambda a: a.tanh(),
    "sigmoid": lambda a: a.sigmoid(),
    "relu": lambda a: a.relu(),
    "square": lambda a: a**2,
    "cube": lambda a: a**3,
    "root": lambda a: (a * a + 0.5) ** 0.5,
    "inverse": lambda a: (a * a + 0.5) ** -1,
    "number left": lambda a: 2 - 3 / (a * a + 1) + 4 * a + (5 + a),
    "number right": lambda a: (a - 2) / 4 * 3 + 1,
    "transpose": lambda a: a.T,
    "reshape": lambda a: a.reshape(3, 2),
    "sum": lambda a: a.sum(),
    "sum 0": lambda a: a.sum(0),
    "sum keep": lambda a: a * a.sum(1, keepdims=True),
    "mean": lambda a: a.mean(),
    "mean 1": lambda a: a.mean(1),
    "mean keep": lambda a: a - a.mean(0, keepdims=True),
    "row": lambda a: a[1],
    "element": lambda a: a[0, 2],
    "slice": lambda a: a[:, ::2],
    "taken twice": lambda a: a[[0, 1, 0]],
    "pairs": lambda a: a[[0, 1, 0], [2, 2, 2]],
    "used often": lambda a: a * a + a.exp() * a,
}


@pytest.mark.parametrize("name", UNARY)
def test_one_input_agrees_with_pytorch(name):
    both(UNARY[name], array(2, 3))


def test_corners_agree_with_pytorch():
    both(lambda a: a.relu() + abs(a), np.array([-1.0, 0.0, 2.0]))


def test_max_agrees_with_amax():
    a = array(3, 4)
    a[1, 0] = a[1, 3] = a.max() + 1  # a tie: both get half
    for axis, keepdims in ((None, False), (0, False), (1, True), ((0, 1), False)):
        tape = Tape()
        node, leaf = tape.variable(a), torch.tensor(a, requires_grad=True)
        maximum = node.max(axis, keepdims=keepdims)
        expected = torch.amax(leaf, () if axis is None else axis, keepdim=keepdims)
        np.testing.assert_allclose(maximum.data, expected.detach().numpy())
        tape.backward((maximum**2).sum())
        (expected**2).sum().backward()
        np.testing.assert_allclose(node.gradient, leaf.grad.numpy())


BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1) + b / (a * a + 1),
}


@st.composite
def broadcastable(draw):
    """Two shapes that NumPy broadcasts."""
    full = draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    shapes = []
    for _ in range(2):
        kept = full[draw(st.integers(0, len(full))) :]
        shapes.append(tuple(1 if draw(st.booleans()) else n for n in kept))
    return shapes


@pytest.mark.parametrize("name", BINARY)
@given(shapes=broadcastable())
def test_broadcasting_agrees_with_pytorch(name, shapes):
    a, b = (array(*shape, seed=k) for k, shape in enumerate(shapes))
    both(BINARY[name], a, b)


@given(shapes=broadcastable())
def test_unbroadcast_is_the_adjoint_of_broadcasting(shapes):
    full = np.broadcast_shapes(*shapes)
    a, g = array(*shapes[0]), array(*full, seed=1)
    left = (np.broadcast_to(a, full) * g).sum()
    assert unbroadcast(g, shapes[0]).shape == shapes[0]
    assert left == pytest.approx((a * unbroadcast(g, shapes[0])).sum())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3,)),
    ],
)
def test_matmul_agrees_with_pytorch(left, right):
    both(lambda a, b: a @ b, array(*left), array(*right, seed=1))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4)])
def test_conv2d_agrees_with_pytorch(stride, padding, kernel):
    def conv(x, weight):
        if isinstance(x, torch.Tensor):
            return torch.nn.functional.conv2d(x, weight, stride=stride, padding=padding)
        return x.conv2d(weight, stride=stride, padding=padding)

    both(conv, array(2, 3, 7, 6), array(4, 3, *kernel, seed=1))


def test_a_cross_entropy_by_its_parts_agrees_with_pytorch():
    logits, index = array(5, 4), [0, 3, 2, 2, 1]
    tape = Tape()
    z = tape.variable(logits)
    shifted = z - z.data.max(1, keepdims=True)
    log_sum = shifted.exp().sum(1).log()
    loss = (log_sum - shifted[np.arange(5), index]).mean()
    tape.backward(loss)
    leaf = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(leaf, torch.tensor(index))
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(z.gradient, leaf.grad.numpy(), rtol=1e-9)


def test_a_small_cnn_agrees_with_pytorch():
    image, kernel, weight = array(2, 1, 6, 6), array(3, 1, 3, 3, seed=1), array(3, 2, seed=2)

    def net(x, k, w):
        torch_conv = torch.nn.functional.conv2d
        maps = (torch_conv(x, k) if isinstance(x, torch.Tensor) else x.conv2d(k)).relu()
        return maps.mean((2, 3)) @ w

    both(net, image, kernel, weight)


def test_numpy_on_the_left():
    tape = Tape()
    x = tape.variable([[1.0, 2.0]])
    assert (np.ones((3, 1)) @ x).shape == (3, 2)
    assert (np.ones(2) * x).shape == (1, 2)
    assert (np.float64(3) - x).data.tolist() == [[2, 1]]


# One step after the other.


@pytest.fixture
def neuron():
    """L = (σ(w·x + b) − 1)², with two uses of w."""
    tape = Tape()
    w, b = tape.variable(0.5, name="w"), tape.variable(0.2, name="b")
    z = (w * 2.0 + w * 3.0 + b).named("z")
    loss = ((z.sigmoid() - 1) ** 2).named("L")
    return tape, w, b, z, loss


def test_steps_come_in_order_with_rules_and_gradients(neuron):
    tape, w, b, z, loss = neuron
    steps = list(tape.backward_steps(loss))
    assert [step.rule for step in steps] == [
        "power rule",
        "sum rule",
        "sigmoid rule",
        "sum rule",
        "sum rule",
        "product rule",
        "product rule",
        "leaf",
        "leaf",
    ]
    assert steps[0].node is loss
    assert steps[0].incoming == 1
    y = 1 / (1 + np.exp(-2.7))
    assert steps[0].local[0] == pytest.approx(2 * (y - 1))
    assert steps[2].incoming == pytest.approx(2 * (y - 1))
    assert steps[2].local[0] == pytest.approx(y * (1 - y))
    assert steps[2].outgoing[0] == pytest.approx(2 * (y - 1) * y * (1 - y))
    for step in steps:
        for local, outgoing in zip(step.local, step.outgoing, strict=True):
            if local is not None:
                assert outgoing == pytest.approx(step.incoming * local)
    assert {step.node.name for step in steps[-2:]} == {"w", "b"}
    assert w.gradient == pytest.approx(5 * b.gradient)
    assert z.gradient == pytest.approx(b.gradient)


def test_gradients_grow_while_stepping(neuron):
    tape, w, b, z, loss = neuron
    steps = tape.backward_steps(loss)
    next(steps)
    assert z.gradient is None
    seen = []
    for step in steps:
        seen.append(step.node.name)
        if step.node is z:
            assert b.gradient is not None
            assert w.gradient is None
    assert len(seen) == 8


def test_constants_get_no_gradient_and_no_step(neuron):
    tape, *_, loss = neuron
    steps = tape.backward(loss)
    constants = [node for node in tape.nodes if node.is_constant]
    assert [node.name for node in constants] == ["2", "3", "1"]
    assert all(node.gradient is None for node in constants)
    assert not any(step.node.is_constant for step in steps)
    product = next(step for step in steps if step.rule == "product rule")
    assert product.outgoing[1] is None
    fixed = tape.constant(2.0) * 3  # a constant too
    assert fixed.is_constant
    assert tape.backward(fixed) == []


def test_every_backward_pass_starts_from_zero(neuron):
    tape, w, *_, loss = neuron
    tape.backward(loss)
    first = w.gradient
    tape.backward(loss)
    assert w.gradient == first


def test_what_the_output_does_not_need_is_left_out(neuron):
    tape, w, b, z, _ = neuron
    unused = w * 100
    steps = tape.backward(z)
    assert w.gradient == 5
    assert b.gradient == 1
    assert unused.gradient is None
    assert all(step.node is not unused for step in steps)
    assert tape.backward()[0].node is unused  # the newest node, if none is named


def test_local_derivatives_are_given_where_they_are_arrays():
    tape = Tape()
    a, b = tape.variable(array(2, 3)), tape.variable(array(3, seed=1))
    loss = ((a * b).sum(1) @ tape.variable([1.0, 2.0])) ** 2
    power, dot, _, total, product, *_ = tape.backward(loss)
    assert power.local[0].shape == ()
    np.testing.assert_allclose(dot.local[0], [1, 2])  # a scalar node
    assert total.local == (None,)  # a vector out of a matrix: no single array
    np.testing.assert_allclose(product.local[0], np.broadcast_to(b.data, (2, 3)))
    np.testing.assert_allclose(product.local[1], a.data)
    assert product.outgoing[1].shape == (3,)


def test_steps_can_be_read(neuron):
    tape, *_, loss = neuron
    lines = [str(step) for step in tape.backward_steps(loss)]
    assert lines[0].startswith("L: 1 arrived; power rule (∂(aⁿ)/∂a = n aⁿ⁻¹): -0.1259 to v")
    assert lines[-1].endswith("arrived")
    tape = Tape()
    matrix = tape.variable(np.ones((2, 2)), name="A")
    steps = tape.backward(matrix.sum())
    assert str(steps[0]).endswith("an array of shape (2, 2) to A")
    assert repr(matrix) == "Node(A, leaf, shape=(2, 2))"
    assert repr(matrix * 2) == "Node(v3, multiply, shape=(2, 2))"


def test_the_example_in_the_docstring_runs():
    result = doctest.testmod(autograd)
    assert result.attempted >= 4
    assert result.failed == 0


def test_bad_arguments():
    tape, other = Tape(), Tape()
    a, b = tape.variable(np.ones((2, 3))), tape.variable(np.ones((2, 3)))
    with pytest.raises(ParameterError, match=r"fit matmul, got \(2, 3\) and \(2, 3\)"):
        a @ b
    with pytest.raises(ParameterError, match=r"fit add, got \(2, 3\) and \(4,\)"):
        a + np.ones(4)
    with pytest.raises(ParameterError, match=r"fit reshape, got \(2, 3\)"):
        a.reshape(4, 4)
    with pytest.raises(ParameterError, match="fit index"):
        a[5]
    with pytest.raises(ParameterError, match="expected nodes of one tape, got nodes of two"):
        a + other.variable(1.0)
    with pytest.raises(ParameterError, match="expected a number as exponent, got Node"):
        a**b
    with pytest.raises(ParameterError, match=r"expected a scalar node of this tape, got Node\(v0"):
        tape.backward(a)
    with pytest.raises(ParameterError, match="expected a scalar node of this tape"):
        tape.backward(other.variable(1.0))
    with pytest.raises(ParameterError, match="expected a tape with nodes, got an empty one"):
        Tape().backward()
