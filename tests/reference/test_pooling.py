"""Pooling against PyTorch: values, switches, gradients; the slide's example; unpooling."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.reference.pooling import (
    avg_pool2d,
    lp_pool2d,
    max_pool2d,
    max_pool2d_grad,
    max_pool2d_with_switches,
    max_unpool2d,
    std_pool2d,
)

CASES = [  # image, options
    ((1, 1, 4, 4), {"kernel_size": 2}),
    ((2, 3, 7, 6), {"kernel_size": (3, 2)}),  # does not come out even
    ((2, 3, 7, 6), {"kernel_size": (2, 3), "stride": (3, 1)}),  # gaps, and overlap
    ((2, 2, 8, 5), {"kernel_size": 3, "stride": 2}),
    ((3, 1, 4, 9), {"kernel_size": (4, 1)}),
]
SLIDE = torch.tensor([[1, 5, 2, 4], [2, 3, 9, 1], [5, 3, 3, 4], [7, 8, 2, 2]]).float()[None, None]


def columns(x, options):
    """Return PyTorch's own blocks, (n, channels, K, out), and the output's shape."""
    stride = options.get("stride", options["kernel_size"])
    blocks = F.unfold(x, options["kernel_size"], stride=stride).unflatten(1, (x.shape[1], -1))
    return blocks, F.max_pool2d(x, **options).shape


def torch_std(x, options):
    blocks, shape = columns(x, options)
    return ((blocks - blocks.mean(2, keepdim=True)) ** 2).mean(2).sqrt().reshape(shape)


def torch_lp(x, options, p):
    blocks, _ = columns(x, options)
    return F.lp_pool2d(x.abs(), p, **options) / blocks.shape[2] ** (1 / p)


PAIRS = [
    (max_pool2d, lambda x, o: F.max_pool2d(x, **o)),
    (avg_pool2d, lambda x, o: F.avg_pool2d(x, **o)),
    (std_pool2d, torch_std),
    (lp_pool2d, lambda x, o: torch_lp(x, o, 2)),
    (lambda x, **o: lp_pool2d(x, p=3.5, **o), lambda x, o: torch_lp(x, o, 3.5)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "options"), CASES)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["max", "avg", "std", "l2", "l3.5"])
def test_values_and_gradients_agree_with_pytorch(dtype, shape, options, ours, theirs):
    x = randn(*shape, dtype=dtype)
    expected = theirs(x, options)
    upstream = randn(*expected.shape, dtype=dtype, seed=1)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    close(ours(x, **options), expected, tolerance=tolerance)
    close(
        gradient_of(lambda x: upstream * ours(x, **options), x),
        gradient_of(lambda x: upstream * theirs(x, options), x),
        tolerance=tolerance,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "options"), CASES)
@pytest.mark.parametrize("ties", [False, True])
def test_switches_and_backward_agree_with_pytorch(dtype, shape, options, ties):
    x = randn(*shape, dtype=dtype)
    if ties:  # after a ReLU, whole blocks are zero
        x = x.round().relu()
    x.requires_grad_()
    expected, expected_switches = F.max_pool2d(x, return_indices=True, **options)
    values, switches = max_pool2d_with_switches(x.detach(), **options)
    close(values, expected.detach())
    assert torch.equal(switches, expected_switches)
    upstream = randn(*values.shape, dtype=dtype, seed=1)
    (expected_grad,) = torch.autograd.grad(expected, x, upstream)
    grad = max_pool2d_grad(upstream, switches, input_size=tuple(shape[2:]))
    close(grad, expected_grad, tolerance=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["max", "avg", "std", "l2", "l3.5"])
def test_half_precision_is_kept(dtype, ours, theirs):
    x = randn(1, 2, 4, 4).to(dtype)
    close(ours(x), theirs(x.float(), {"kernel_size": 2}).to(dtype), tolerance=0.02)


def test_the_slide():
    values, switches = max_pool2d_with_switches(SLIDE, kernel_size=2, stride=2)
    close(values[0, 0], torch.tensor([[5.0, 9.0], [8.0, 4.0]]))
    assert switches[0, 0].tolist() == [[1, 6], [13, 11]]
    close(max_pool2d(SLIDE), values)
    close(avg_pool2d(SLIDE)[0, 0], torch.tensor([[2.75, 4.0], [5.75, 2.75]]))


def test_standard_deviation_of_one_block():
    close(std_pool2d(torch.tensor([[[[2.0, 4.0], [4.0, 6.0]]]])), torch.tensor([[[[2.0**0.5]]]]))


@given(seed=st.integers(0, 1000), kernel=st.integers(1, 3), stride=st.integers(1, 4))
def test_unpooling_puts_the_maxima_back(seed, kernel, stride):
    x = randn(2, 2, 7, 8, seed=seed)
    values, switches = max_pool2d_with_switches(x, kernel_size=kernel, stride=stride)
    back = max_unpool2d(values, switches, output_size=(7, 8))
    assert torch.equal(back, torch.where(back != 0, x, 0))
    assert (back != 0).sum() == sum(len(s.unique()) for s in switches.flatten(0, 1))
    if stride >= kernel:
        y = randn(*values.shape, seed=seed + 1)
        expected = F.max_unpool2d(y, switches, kernel, stride, output_size=(7, 8))
        close(max_unpool2d(y, switches, output_size=(7, 8)), expected)
        close(max_pool2d_grad(y, switches, input_size=(7, 8)), expected)


@given(seed=st.integers(0, 1000), level=st.floats(-3, 3), factor=st.floats(0.1, 5))
def test_properties(seed, level, factor):
    x = randn(1, 2, 6, 6, seed=seed)
    for pool in (max_pool2d, avg_pool2d):  # a shift of all values comes through
        close(pool(x + level), pool(x) + level)
    close(std_pool2d(x + level), std_pool2d(x))  # … or not at all
    for pool in (max_pool2d, avg_pool2d, std_pool2d, lp_pool2d):
        close(pool(factor * x), factor * pool(x))
        moved = pool(x.roll((2, 4), (2, 3)))  # whole blocks: equivariant
        close(moved, pool(x).roll((1, 2), (2, 3)))
    means = [lp_pool2d(x, p=p) for p in (1, 2, 5, 50, torch.inf)]
    assert all((a <= b + 1e-12).all() for a, b in itertools.pairwise(means))
    close(means[0], avg_pool2d(x.abs()))
    close(means[-1], max_pool2d(x.abs()))


@pytest.mark.parametrize(("level", "pool"), [(0.0, lp_pool2d), (2.0, std_pool2d)])
def test_no_nan_where_the_root_has_no_slope(level, pool):
    x = torch.full((1, 1, 4, 4), level)
    close(pool(x), torch.zeros(1, 1, 2, 2))
    close(gradient_of(pool, x), torch.zeros_like(x))


def test_bad_arguments():
    x = torch.zeros(1, 1, 4, 4)
    with pytest.raises(ParameterError, match=r"expected p ≥ 1, got 0\.5"):
        lp_pool2d(x, p=0.5)
    for pool in (max_pool2d, avg_pool2d, std_pool2d, lp_pool2d):
        with pytest.raises(ParameterError, match="expected images of at least 5 × 5"):
            pool(x, kernel_size=5)
        with pytest.raises(ParameterError, match=r"expected inputs of shape \(n, channels, hei"):
            pool(x[0])
        with pytest.raises(ParameterError, match=r"expected stride to be .* ≥ 1, got 0"):
            pool(x, stride=0)
    values, switches = max_pool2d_with_switches(x)
    with pytest.raises(ParameterError, match="expected upstream and switches of the same shape"):
        max_pool2d_grad(values[:, :, :1], switches, input_size=(4, 4))
    with pytest.raises(ParameterError, match=r"expected switches from 0 to 8, got .* 0 to 10"):
        max_pool2d_grad(values, switches, input_size=(3, 3))
    with pytest.raises(ParameterError, match="expected values and switches of the same shape"):
        max_unpool2d(values, switches[:, :, 1:], output_size=(4, 4))
