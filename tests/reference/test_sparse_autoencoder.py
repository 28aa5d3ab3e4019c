"""The sparse auto-encoder against PyTorch's layers, losses and gradients; it learns, and rests."""

import pytest
import torch
import torch.nn.functional as F

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.sparse_autoencoder import (
    AutoEncoder,
    decode,
    encode,
    initialize_autoencoder,
    sparse_autoencoder_grad,
    sparse_autoencoder_loss,
)
from utils.reference.sparse_autoencoder_training import train_sparse_autoencoder

OPTIONS = {"sparsity": 0.1, "sparsity_weight": 0.7, "strength": 0.03}


def random_net(dtype=torch.float64, scale=1.0):
    shapes = [(4, 3), (4,), (4, 3), (3,)]
    return AutoEncoder(
        *(scale * randn(*shape, dtype=dtype, seed=i) for i, shape in enumerate(shapes))
    )


def torch_loss(net, points):
    hidden = torch.sigmoid(F.linear(points, net.encoder, net.encoder_bias))
    output = F.linear(hidden, net.decoder.T, net.decoder_bias)
    mean = hidden.mean(0)
    target, actual = (torch.stack([p, 1 - p]) for p in (torch.full_like(mean, 0.1), mean))
    divergence = F.kl_div(actual.log(), target, reduction="sum")
    squares = net.encoder.square().sum() + net.decoder.square().sum()
    error = F.mse_loss(output, points, reduction="sum") / 2 / len(points)
    return error + 0.7 * divergence + 0.03 * squares


def torch_gradient(loss, net):
    leaves = AutoEncoder(*(p.clone().requires_grad_() for p in net))
    return torch.autograd.grad(loss(leaves), leaves)


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_and_gradient_agree_with_pytorch(dtype):
    net, points = random_net(dtype), randn(9, 3, dtype=dtype, seed=7)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    close(sparse_autoencoder_loss(net, points, **OPTIONS), torch_loss(net, points),
          tolerance=tolerance)  # fmt: skip
    gradient = sparse_autoencoder_grad(net, points, **OPTIONS)
    for ours, theirs in zip(gradient, torch_gradient(lambda n: torch_loss(n, points), net),
                            strict=True):  # fmt: skip
        close(ours, theirs, tolerance=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [1, -1])
def test_saturated_units_give_finite_numbers(dtype, sign):
    net, points = random_net(dtype, scale=0.01), randn(9, 3, dtype=dtype, seed=7)
    net = net._replace(encoder_bias=net.encoder_bias + sign * 2000)
    loss = sparse_autoencoder_loss(net, points, **OPTIONS)
    share = 0.9 if sign > 0 else 0.1
    assert float(loss) == pytest.approx(4 * 0.7 * share * 2000, rel=0.01)
    gradient = sparse_autoencoder_grad(net, points, **OPTIONS)
    assert all(part.isfinite().all() for part in gradient)
    expected = torch.full((4,), sign * 0.7 * share, dtype=dtype)
    close(gradient.encoder_bias, expected, tolerance=3e-4)


def test_encode_and_decode_agree_with_pytorch():
    net, points = random_net(), randn(5, 3, seed=7)
    hidden = torch.sigmoid(F.linear(points, net.encoder, net.encoder_bias))
    close(encode(net, points), hidden)
    close(decode(net, hidden), F.linear(hidden, net.decoder.T, net.decoder_bias))


def test_the_penalty_is_zero_where_units_are_on_as_they_should():
    net = random_net()._replace(encoder=torch.zeros(4, 3).double())
    net = net._replace(encoder_bias=torch.full((4,), 0.2).double().logit())
    points = randn(5, 3, seed=7)
    with_penalty, without = (
        sparse_autoencoder_loss(net, points, sparsity=0.2, sparsity_weight=w) for w in (5, 0)
    )
    close(with_penalty, without)


def test_initial_weights():
    g = torch.Generator().manual_seed(0)
    net = initialize_autoencoder(400, 100, dtype=torch.float64, generator=g)
    assert [tuple(p.shape) for p in net] == [(100, 400), (100,), (100, 400), (400,)]
    assert float(net.encoder.std()) == pytest.approx(1 / 20, rel=0.02)
    assert float(net.decoder.std()) == pytest.approx(1 / 10, rel=0.02)
    assert not net.encoder_bias.any()
    assert not net.decoder_bias.any()
    assert {p.dtype for p in net} == {torch.float64}


def test_one_full_batch_is_one_step_of_descent():
    net, points = random_net(), randn(9, 3, seed=7)
    trained, losses = train_sparse_autoencoder(
        net, points, lr=0.1, epochs=1, batch_size=9, **OPTIONS
    )
    expected = torch_gradient(lambda n: torch_loss(n, points), net)
    for new, old, gradient in zip(trained, net, expected, strict=True):
        close(new, old - 0.1 * gradient)
    expected_losses = [float(torch_loss(n, points)) for n in (net, trained)]
    assert losses == pytest.approx(expected_losses, rel=1e-12)


def test_training_lowers_the_loss_and_makes_units_rest():
    points = randn(200, 4) @ randn(4, 8, seed=1) / 2
    g = torch.Generator().manual_seed(0)
    net = initialize_autoencoder(8, 12, dtype=torch.float64, generator=g)
    options = {"lr": 0.2, "epochs": 40, "batch_size": 50, "sparsity": 0.1, "generator": g}
    trained, losses = train_sparse_autoencoder(net, points, **options, sparsity_weight=1)
    assert losses[-1] < 0.5 * losses[0]
    assert len(losses) == 41
    assert float(encode(net, points).mean()) > 0.4
    assert float(encode(trained, points).mean()) < 0.2
    dense, _ = train_sparse_autoencoder(net, points, **options, sparsity_weight=0)
    assert float(encode(dense, points).mean()) > 0.3
    again = [train_sparse_autoencoder(net, points, **{**options, "epochs": 2,
             "generator": torch.Generator().manual_seed(3)})[1] for _ in range(2)]  # fmt: skip
    assert again[0] == again[1]


def test_bad_arguments():
    net, points = random_net(), randn(9, 3)
    for sparsity in (0, 1):
        for function in (sparse_autoencoder_loss, sparse_autoencoder_grad):
            with pytest.raises(ParameterError, match=f"expected 0 < sparsity < 1, got {sparsity}"):
                function(net, points, sparsity=sparsity)
    with pytest.raises(ParameterError, match="expected sparsity_weight ≥ 0, got -1"):
        sparse_autoencoder_loss(net, points, sparsity_weight=-1)
    with pytest.raises(ParameterError, match=r"expected points of shape \(n, 3\)"):
        encode(net, points[:, :2])
    with pytest.raises(ParameterError, match=r"expected hidden of shape \(n, 4\)"):
        decode(net, points)
    with pytest.raises(ParameterError, match="expected n_hidden ≥ 1, got 0"):
        initialize_autoencoder(3, 0)
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        train_sparse_autoencoder(net, points, lr=0, epochs=1)
    with pytest.raises(ParameterError, match="expected epochs ≥ 0, got -1"):
        train_sparse_autoencoder(net, points, lr=1, epochs=-1)
