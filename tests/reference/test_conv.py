"""Convolution against PyTorch, the slides' diagonal, adjoints, and shifts."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.reference.conv import conv2d, conv2d_grad, conv_output_size
from utils.reference.gradients import numerical_gradient
from utils.reference.patches import patches, sum_patches

CASES = [  # images, kernels, options
    ((1, 1, 4, 4), (1, 1, 3, 3), {}),
    ((2, 3, 7, 6), (4, 3, 3, 2), {"padding": "valid"}),
    ((2, 3, 7, 6), (4, 3, 3, 2), {"padding": "same"}),  # an even width: one more at the right
    ((2, 2, 9, 8), (3, 2, 4, 3), {"padding": "same", "dilation": (1, 2)}),
    ((2, 3, 7, 6), (2, 3, 3, 2), {"stride": 2}),  # does not come out even: rounded down
    ((2, 2, 8, 9), (3, 2, 3, 2), {"stride": (3, 2), "padding": (1, 2)}),
    ((1, 2, 9, 7), (2, 2, 2, 3), {"stride": (1, 2), "padding": 1, "dilation": (3, 2)}),
    ((3, 1, 5, 64), (2, 1, 5, 1), {"stride": 1}),
]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}

ROWS = [[1, -1, -1, -1], [-1, 1, -1, -1], [-1, -1, 1, -1], [-1, -1, -1, 1]]
INPUT = torch.tensor(ROWS).float()[None, None]
KERNEL = INPUT[:, :, :3, :3]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("images", "kernels", "options"), CASES)
def test_values_and_gradients_agree_with_pytorch(dtype, images, kernels, options):
    x, w = randn(*images, dtype=dtype), randn(*kernels, dtype=dtype, seed=1)
    b = randn(kernels[0], dtype=dtype, seed=2)
    tensors = [t.clone().requires_grad_() for t in (x, w, b)]
    expected = F.conv2d(*tensors, **options)
    upstream = randn(*expected.shape, dtype=dtype, seed=3)
    tolerance = TOLERANCE[dtype]
    close(conv2d(x, w, b, **options), expected.detach(), tolerance=tolerance)
    close(conv2d(x, w, **options), F.conv2d(x, w, **options), tolerance=tolerance)

    expected_grads = torch.autograd.grad(expected, tensors, upstream)
    grads = conv2d_grad(x, w, upstream, **options)
    for ours, theirs in zip(grads, expected_grads, strict=True):
        close(ours, theirs, tolerance=tolerance)
    through = conv2d(*tensors, **options)
    for ours, theirs in zip(
        torch.autograd.grad(through, tensors, upstream), expected_grads, strict=True
    ):
        close(ours, theirs, tolerance=tolerance)


def test_gradient_agrees_with_finite_differences():
    x, w, options = randn(1, 2, 4, 5), randn(2, 2, 2, 3, seed=1), {"stride": 2, "padding": 1}
    upstream = randn(*conv2d(x, w, **options).shape, seed=2)

    def loss(w):
        return (upstream * conv2d(x, w, **options)).sum()

    numeric = numerical_gradient(loss, w)
    close(conv2d_grad(x, w, upstream, **options)[1], numeric, tolerance=1e-6)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"padding": "valid"}, [[9, -1], [-1, 9]]),
        ({}, [[9, -1], [-1, 9]]),
        ({"padding": "same"}, [[4, -2, 0, 2], [-2, 9, -1, 0], [0, -1, 9, -2], [2, 0, -2, 4]]),
        ({"padding": 1}, [[4, -2, 0, 2], [-2, 9, -1, 0], [0, -1, 9, -2], [2, 0, -2, 4]]),
        ({"padding": 1, "stride": 2}, [[4, 0], [0, 9]]),
        ({"padding": 1, "stride": 3}, [[4, 2], [2, 4]]),
    ],
)
def test_the_diagonal_of_the_slides(options, expected):
    close(conv2d(INPUT, KERNEL, **options)[0, 0], torch.tensor(expected).float())


@pytest.mark.parametrize("n_wrong", range(10))
def test_the_activation_falls_with_every_mismatch(n_wrong):
    patch = KERNEL.clone().flatten()
    patch[:n_wrong] *= -1
    assert conv2d(patch.view(1, 1, 3, 3), KERNEL).item() == 9 - 2 * n_wrong


def test_parameters_of_the_slides_layers():
    model = LectureCNN()
    layers = [model.conv1, model.conv2, model.conv3, model.conv4]
    x = randn(2, 1, 8, 8, dtype=torch.float32)
    counts = []
    for layer in layers:
        close(conv2d(x, layer.weight, layer.bias, padding="same"), layer(x), tolerance=1e-5)
        grads = conv2d_grad(x, layer.weight, layer(x), padding="same")
        counts.append(sum(grad.numel() for grad in grads[1:]))
        x = layer(x)
    assert counts == [160, 4640, 18496, 73856]


def test_output_size_is_that_of_pytorch_everywhere():
    for size, kernel, stride, padding, dilation in itertools.product(
        (1, 4, 7, 8), (1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2)
    ):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        span = dilation * (kernel - 1) + 1
        if span > size + 2 * padding:
            with pytest.raises(ParameterError, match=f"expected a kernel within .* spans {span}"):
                conv_output_size(size, kernel, **options)
        else:
            theirs = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), **options)
            assert conv_output_size(size, kernel, **options) == theirs.shape[-1]


def test_output_size_of_the_named_paddings():
    assert conv_output_size(64, 3, padding="same") == 64
    assert conv_output_size(64, 4, padding="same", dilation=3) == 64
    assert conv_output_size(64, 3, padding="valid") == 62
    assert [conv_output_size(4, 3, padding=1, stride=s) for s in (1, 2, 3)] == [4, 2, 2]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_kept(dtype):
    x, w, upstream = (
        randn(*shape).to(dtype) for shape in ((1, 2, 4, 4), (2, 2, 3, 3), (1, 2, 2, 2))
    )
    close(conv2d(x, w), F.conv2d(x, w), tolerance=0.05)
    assert {grad.dtype for grad in conv2d_grad(x, w, upstream)} == {dtype}


@given(
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    seed=st.integers(0, 1000),
)
def test_backward_is_the_adjoint(size, kernel, stride, padding, dilation, seed):
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    x, w = randn(2, 2, *size, seed=seed), randn(3, 2, *kernel, seed=seed + 1)
    z = conv2d(x, w, **options)
    y = randn(*z.shape, seed=seed + 2)
    inputs_grad, kernel_grad, _ = conv2d_grad(x, w, y, **options)
    close((z * y).sum(), (x * inputs_grad).sum(), tolerance=1e-10)
    close((z * y).sum(), (w * kernel_grad).sum(), tolerance=1e-10)


@given(seed=st.integers(0, 1000), rows=st.integers(-2, 2), columns=st.integers(-2, 2))
def test_a_shifted_input_shifts_the_output(seed, rows, columns):
    x = F.pad(randn(1, 2, 4, 4, seed=seed), (7, 7, 7, 7))  # nothing falls over the edge
    w, shift = randn(2, 2, 3, 3, seed=seed + 1), {"shifts": (rows, columns), "dims": (2, 3)}
    z = conv2d(x, w, padding="same")
    close(conv2d(x.roll(**shift), w, padding="same"), z.roll(**shift))
    # With stride 2, only shifts by two cells come out as shifts, by one.
    twice = x.roll((2 * rows, 2 * columns), (2, 3))
    moved = conv2d(twice, w, padding=1, stride=2)
    close(moved, conv2d(x, w, padding=1, stride=2).roll(**shift))


@given(seed=st.integers(0, 1000), factor=st.floats(-3, 3))
def test_linear_in_input_and_kernel(seed, factor):
    a, b = randn(1, 2, 5, 5, seed=seed), randn(1, 2, 5, 5, seed=seed + 1)
    v, w = randn(2, 2, 2, 3, seed=seed + 2), randn(2, 2, 2, 3, seed=seed + 3)
    close(conv2d(a + factor * b, w), conv2d(a, w) + factor * conv2d(b, w), tolerance=1e-10)
    close(conv2d(a, v + factor * w), conv2d(a, v) + factor * conv2d(a, w), tolerance=1e-10)


@pytest.mark.parametrize("options", [{}, {"stride": (2, 1)}, {"dilation": (1, 2), "stride": 2}])
def test_patches_agree_with_pytorchs_unfold_and_fold(options):
    x = randn(2, 3, 7, 6)
    met = patches(x, (2, 3), **options)
    columns = met.permute(0, 1, 4, 5, 2, 3).reshape(2, 3 * 2 * 3, -1)
    close(columns, F.unfold(x, (2, 3), **options))
    back = sum_patches(met, (7, 6), **options)
    close(back, F.fold(columns, (7, 6), (2, 3), **options))
    close(gradient_of(lambda x: met.detach() * patches(x, (2, 3), **options), x), back)


def test_bad_arguments():
    x, w = torch.zeros(1, 2, 5, 5), torch.zeros(3, 2, 3, 3)
    with pytest.raises(ParameterError, match=r"expected inputs of shape \(n, channels, .*\(5, 5\)"):
        conv2d(x[0, 0], w)
    with pytest.raises(ParameterError, match="expected inputs of a floating-point dtype"):
        conv2d(x.long(), w)
    with pytest.raises(ParameterError, match=r"\(out_channels, 2, height, width\), got .*3, 1, 3"):
        conv2d(x, w[:, :1])
    with pytest.raises(ParameterError, match=r"expected bias of shape \(3,\), got shape=\(2,\)"):
        conv2d(x, w, torch.zeros(2))
    with pytest.raises(ParameterError, match=r"expected images of at least 3 × 3, got .*2, 5\)"):
        conv2d(x[:, :, :2], w)
    with pytest.raises(ParameterError, match="expected images of at least 7 × 3"):
        conv2d(x, w, dilation=(3, 1))
    with pytest.raises(ParameterError, match=r"expected stride 1 with padding='same', got \(2, 2"):
        conv2d(x, w, stride=2, padding="same")
    with pytest.raises(ParameterError, match="expected padding 'valid', 'same' or numbers, got 'f"):
        conv2d(x, w, padding="full")
    for name, value in [("stride", 0), ("padding", -1), ("dilation", 1.5), ("stride", (1, 2, 3))]:
        with pytest.raises(ParameterError, match=rf"expected {name} to be one or two whole num"):
            conv2d(x, w, **{name: value})
    with pytest.raises(ParameterError, match=r"upstream and the output .* got .*3, 2, 2.*3, 3, 3"):
        conv2d_grad(x, w, torch.zeros(1, 3, 2, 2))
    with pytest.raises(ParameterError, match="expected input_size ≥ 1, got 0"):
        conv_output_size(0, 1)
    with pytest.raises(ParameterError, match="expected padding to be one or two whole numbers"):
        conv_output_size(4, 3, padding=(1, 2))  # it is asked for one axis
