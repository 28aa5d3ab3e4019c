"""The deep belief network against PyTorch's layers; greedy stacking; fine-tuning."""

import pytest
import torch

from tests.reference.helpers import close, randn
from utils.errors import ParameterError
from utils.reference.dbn import accuracy, dbn_features, dbn_to_mlp, fine_tune, pretrain_dbn
from utils.reference.mlp import mlp_forward
from utils.reference.rbm import initialize_rbm
from utils.reference.rbm_training import train_rbm


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def stack(dtype=torch.float64):
    sizes = [(5, 4), (4, 3)]
    return [initialize_rbm(a, b, std=1, dtype=dtype, generator=generator(a)) for a, b in sizes]


def torch_net(parameters):
    """Return an ordinary PyTorch net with a copy of the parameters."""
    modules = []
    for weight, bias in parameters:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        modules += [layer, torch.nn.Sigmoid()]
    return torch.nn.Sequential(*modules[:-1])


def test_features_and_logits_agree_with_pytorch():
    rbms, x = stack(), randn(7, 5)
    rbms[0] = rbms[0]._replace(hidden_bias=randn(4, seed=1))
    parameters = dbn_to_mlp(rbms, n_classes=6)
    net = torch_net(parameters)
    close(dbn_features(rbms, x), net[:4](x).detach())
    assert [tuple(w.shape) for w, _ in parameters] == [(4, 5), (3, 4), (6, 3)]
    assert not parameters[-1][0].any()
    parameters[-1] = (randn(6, 3), randn(6, seed=1))
    close(mlp_forward(parameters, x).prediction, torch_net(parameters)(x).detach())


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_every_layer_learns_from_the_one_below(visible):
    x = torch.rand(40, 6, generator=generator(), dtype=torch.float64)
    options = {"epochs": 2, "batch_size": 10}
    rbms = pretrain_dbn(x, [5, 3], lr=0.2, visible=visible, generator=generator(1), **options)
    g = generator(1)
    first = initialize_rbm(6, 5, visible=visible, dtype=torch.float64, generator=g)
    rate = 0.02 if visible == "gaussian" else 0.2
    first = train_rbm(first, x, lr=rate, generator=g, **options).rbm
    second = initialize_rbm(5, 3, dtype=torch.float64, generator=g)
    features = torch.sigmoid(x @ first.weight.T + first.hidden_bias)
    second = train_rbm(second, features, lr=0.2, generator=g, **options).rbm
    for ours, expected in zip(rbms, (first, second), strict=True):
        assert ours.visible == expected.visible
        for a, b in zip(ours[:3], expected[:3], strict=True):
            close(a, b)


def test_fine_tuning_agrees_with_pytorch():
    parameters = dbn_to_mlp(stack(), n_classes=3)
    parameters[-1] = (randn(3, 3), randn(3, seed=1))
    before = [(w.clone(), b.clone()) for w, b in parameters]
    train, test = ((randn(8, 5, seed=s), torch.arange(8) % 3) for s in (4, 5))
    run = fine_tune(parameters, train, test, lr=0.4, epochs=5, batch_size=8)
    net = torch_net(parameters)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.4)
    losses, accuracies = [], []
    for _ in range(6):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(train[0]), train[1])
        losses.append(loss.item())
        accuracies.append(float((net(test[0]).argmax(1) == test[1]).double().mean()))
        loss.backward()
        if len(losses) < 6:
            optimizer.step()
    close(torch.tensor(run.train_losses), torch.tensor(losses), tolerance=1e-6)
    assert run.test_accuracies == accuracies
    theirs = list(net.parameters())
    for k, layer in enumerate(run.parameters):
        close(layer[0], theirs[2 * k].detach())
        close(layer[1], theirs[2 * k + 1].detach())
    for (w, b), (old_w, old_b) in zip(parameters, before, strict=True):
        assert torch.equal(w, old_w)
        assert torch.equal(b, old_b)


def test_all_classes_are_equally_likely_at_first():
    rbms, x = stack(), randn(9, 5)
    labels = torch.arange(9) % 3
    run = fine_tune(dbn_to_mlp(rbms, n_classes=3), (x, labels), (x, labels), lr=1, epochs=0)
    assert run.train_losses == pytest.approx([1.0986123])
    assert run.test_accuracies == pytest.approx([1 / 3])
    assert accuracy(run.parameters, x, torch.zeros(9).long()) == 1


def test_bad_arguments():
    data = (randn(4, 5), torch.zeros(4).long())
    with pytest.raises(ParameterError, match="expected at least one hidden layer, got none"):
        pretrain_dbn(data[0], [], lr=1, epochs=1)
    with pytest.raises(ParameterError, match="expected at least one RBM, got none"):
        dbn_to_mlp([], n_classes=2)
    with pytest.raises(ParameterError, match="expected n_classes ≥ 2, got 1"):
        dbn_to_mlp(stack(), n_classes=1)
    with pytest.raises(ParameterError, match=r"expected v of shape \(n, 5\)"):
        dbn_features(stack(), randn(3, 4))
    parameters = dbn_to_mlp(stack(), n_classes=2)
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        fine_tune(parameters, data, data, lr=0, epochs=1)
    with pytest.raises(ParameterError, match="expected epochs ≥ 0, got -1"):
        fine_tune(parameters, data, data, lr=1, epochs=-1)
