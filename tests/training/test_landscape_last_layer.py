"""The run of a last layer and its plane, against autograd and plain layers."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.training.landscape_last_layer import last_layer_plane, last_layer_run
from utils.training.landscape_plane import plane_loss

N, CLASSES = 40, 4


def examples() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(N, 6, generator=generator) + 1
    return features, torch.randint(CLASSES, (N,), generator=generator)


def loss_of(weights: dict[str, torch.Tensor]) -> float:
    features, targets = examples()
    logits = features.double() @ weights["weight"].T + weights["bias"]
    return F.cross_entropy(logits, targets).item()


def test_it_starts_undecided_and_goes_down() -> None:
    run = last_layer_run(*examples(), n_classes=CLASSES, steps=100)
    losses = [loss_of(weights) for weights in run]
    assert len(run) == 21
    assert losses[0] == pytest.approx(math.log(CLASSES))
    assert losses == sorted(losses, reverse=True)


def test_the_rate_is_half_of_the_limit() -> None:
    features, targets = examples()

    def loss(flat: torch.Tensor) -> torch.Tensor:
        weight, bias = flat[: 6 * CLASSES].reshape(CLASSES, 6), flat[6 * CLASSES :]
        return F.cross_entropy(features.double() @ weight.T + bias, targets)

    zero = torch.zeros(7 * CLASSES, dtype=torch.float64)
    limit = 2 / torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, zero))[-1]
    gradient = torch.autograd.functional.jacobian(loss, zero)
    # The run is linear in the rate as long as the steps are tiny; so look at the first one alone.
    with torch.no_grad():
        theta = zero
        for _ in range(5):
            leaf = theta.clone().requires_grad_()
            with torch.enable_grad():
                (gradient,) = torch.autograd.grad(loss(leaf), leaf)
            theta = theta - limit / 2 * gradient
    first = last_layer_run(features, targets, n_classes=CLASSES, steps=10)[1]
    torch.testing.assert_close(torch.cat([first["weight"].flatten(), first["bias"]]), theta)


def test_the_plane_holds_the_run() -> None:
    features, targets = examples()
    layer = nn.Linear(6, CLASSES)
    model = nn.Sequential(nn.Identity(), layer)
    before = layer.weight.clone()
    found = last_layer_plane(model, (features, targets), steps=100)
    torch.testing.assert_close(layer.weight, before)
    plane = found.plane
    losses = plane_loss(plane.z0, plane.z1, plane.z2, plane.targets, found.path)
    run = last_layer_run(features, targets, n_classes=CLASSES, steps=100)
    assert losses[-1].item() == pytest.approx(loss_of(run[-1]))
    assert losses[0].item() == pytest.approx(loss_of(run[0]), rel=0.05)
    assert sum(found.explained) > 0.95
    given = last_layer_plane(model, (features, targets), steps=100, layer=layer)
    torch.testing.assert_close(given.path, found.path)


@pytest.mark.parametrize(("n_classes", "steps"), [(1, 100), (4, 9)])
def test_wrong_options(n_classes: int, steps: int) -> None:
    with pytest.raises(ParameterError, match=f"steps ≥ 10, got {n_classes} and {steps}"):
        last_layer_run(*examples(), n_classes=n_classes, steps=steps)
