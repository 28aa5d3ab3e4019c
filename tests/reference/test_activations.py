"""Activations against PyTorch and SciPy: values, derivatives, tails and corners."""

import pytest
import scipy.special
import torch
import torch.nn.functional as F
from hypothesis import given

from tests.reference.helpers import DTYPES, close, gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference import activations as act
from utils.reference.activations import ACTIVATIONS

TORCH = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "softplus": lambda z: F.softplus(z, threshold=40),  # linear beyond; 20 by default
    "gelu": F.gelu,
}


def test_the_table_is_complete():
    assert ACTIVATIONS.keys() == TORCH.keys()
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, *DTYPES])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4)])
def test_values_agree_with_pytorch(name, dtype, shape):
    z = (3 * randn(*shape, seed=1)).to(dtype)
    close(ACTIVATIONS[name].function(z), TORCH[name](z))


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_agree_with_pytorch_even_in_the_corners(name, dtype):
    z = torch.cat([3 * randn(50, dtype=dtype, seed=2), torch.tensor([0.0, -1000, 1000])])
    z = z.to(dtype)
    expected = gradient_of(TORCH[name], z)
    close(ACTIVATIONS[name].grad(z), expected)
    close(gradient_of(ACTIVATIONS[name].function, z), expected)


@given(z=vectors())
def test_properties(z):
    close(act.sigmoid(-z), 1 - act.sigmoid(z))
    close(act.tanh(z), 2 * act.sigmoid(2 * z) - 1)
    close(act.relu(z), z * act.relu_grad(z))
    close(act.softplus(z) - act.softplus(-z), z)
    close(act.gelu(z) - act.gelu(-z), z)
    close(act.leaky_relu(z, negative_slope=1.0), z)


@pytest.mark.parametrize("slope", [0.0, 0.2, -0.5])
def test_leaky_slope(slope):
    z = randn(9)
    close(
        act.leaky_relu(z, negative_slope=slope),
        F.leaky_relu(z, slope) if slope > 0 else torch.where(z > 0, z, slope * z),
    )
    close(
        act.leaky_relu_grad(z, negative_slope=slope),
        gradient_of(lambda x: act.leaky_relu(x, negative_slope=slope), z),
    )


def test_tails_keep_their_digits():
    z = torch.tensor([-700.0, -40, 40, 1e-12], dtype=torch.float64)
    for function, reference in (
        (act.sigmoid, scipy.special.expit),
        (act.softplus, lambda x: -scipy.special.log_expit(-x)),
    ):
        torch.testing.assert_close(
            function(z), torch.from_numpy(reference(z.numpy())), rtol=1e-13, atol=0
        )
    torch.testing.assert_close(act.tanh(z), torch.tanh(z), rtol=1e-13, atol=0)
    # 1 - y would be 0 here; the right value is e^-40 and 4 e^-80.
    assert act.sigmoid_grad(z)[2].item() == pytest.approx(4.248354255291589e-18, rel=1e-12)
    assert act.tanh_grad(z)[2].item() == pytest.approx(4 * 1.8048513878454153e-35, rel=1e-12)


def test_naive_forms_agree_where_they_work_and_fail_at_1000():
    z = randn(20)
    close(act.sigmoid_naive(z), act.sigmoid(z))
    close(act.softplus_naive(z), act.softplus(z))

    far = torch.tensor([1000.0])
    assert act.softplus_naive(far).isinf().all()
    close(act.softplus(far), far)
    assert gradient_of(act.sigmoid_naive, -far).isnan().all()
    close(gradient_of(act.sigmoid, -far), torch.zeros(1))


def test_nan_stays_nan():
    for activation in ACTIVATIONS.values():
        assert activation.function(torch.tensor([torch.nan])).isnan().all(), activation.name


@pytest.mark.parametrize(
    "function", [a.function for a in ACTIVATIONS.values() if a.name != "identity"]
)
def test_integers_are_refused(function):
    with pytest.raises(
        ParameterError, match=r"expected z of a floating-point dtype, got torch.int64"
    ):
        function(torch.tensor([1, 2]))
    with pytest.raises(ParameterError, match="expected z to be a tensor, got list"):
        function([1.0, 2.0])
