"""The net that draws a curve, step by step against PyTorch's Adam and autograd."""

import pytest
import torch
import torch.nn.functional as F

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.mlp_fit import mlp_fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(n: int = 20, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.linspace(2, 6, n, dtype=dtype)
    return x, torch.sin(2 * x) + 0.1 * randn(n, dtype=dtype)


@pytest.mark.parametrize("strength", [0.0, 0.02])
def test_steps_agree_with_torch(strength):
    x, y = points()
    start = mlp_fit(x, y, width=5, steps=0, generator=seeded())
    fit = mlp_fit(x, y, width=5, steps=25, lr=0.03, strength=strength, generator=seeded())
    parameters = [p.clone().requires_grad_() for layer in start.parameters for p in layer]
    optimizer = torch.optim.Adam(parameters, lr=0.03)
    losses = []
    for _ in range(26):
        w, b, v, c = parameters
        hidden = torch.tanh(F.linear(((x - 4) / 2)[:, None], w, b))
        loss = F.mse_loss(F.linear(hidden, v, c)[:, 0], y)
        losses.append(loss.item())
        if len(losses) == 26:
            break
        optimizer.zero_grad()
        (loss + strength * (w.square().sum() + v.square().sum())).backward()
        optimizer.step()
    close(torch.tensor(fit.losses), torch.tensor(losses), tolerance=1e-8)
    found = [p for layer in fit.parameters for p in layer]
    for actual, expected in zip(found, parameters, strict=True):
        close(actual, expected.detach(), tolerance=1e-8)
    close(fit(x), F.linear(torch.tanh(F.linear(((x - 4) / 2)[:, None], w, b)), v, c)[:, 0].detach())


def test_width_is_the_capacity():
    x, y = points()
    final = [mlp_fit(x, y, width=w, generator=seeded()).losses[-1] for w in (1, 4, 64)]
    assert final[0] > 0.1
    assert final[1] < 0.3 * final[0]
    assert final[2] < 0.5 * final[1]


def test_the_units_bend_between_the_points_at_first():
    x, y = points()
    (w, b), (_, c) = mlp_fit(x, y, width=200, steps=0, generator=seeded()).parameters
    places = -b / w[:, 0]
    assert places.min() > -1
    assert places.max() < 1
    assert float(places.std()) == pytest.approx(3**-0.5, abs=0.06)
    assert float(w.std()) == pytest.approx(4, abs=0.5)
    assert c.item() == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_types_stay_and_the_seed_decides(dtype):
    x, y = points(dtype=dtype)
    first, again, other = (mlp_fit(x, y, width=3, steps=5, generator=seeded(s)) for s in (1, 1, 2))
    assert first(x).dtype == dtype
    assert first(x).shape == x.shape
    assert torch.equal(first(x), again(x))
    assert not torch.equal(first(x), other(x))
    assert len(first.losses) == 6


def test_other_activations():
    x, y = points()
    fits = [
        mlp_fit(x, y, width=8, steps=100, activation=name, generator=seeded())
        for name in ("relu", "tanh")
    ]
    assert not torch.allclose(fits[0](x), fits[1](x))
    # A ReLU net is straight between its bends: no curvature between dense points but there.
    dense = torch.linspace(2, 6, 2001, dtype=torch.float64)
    bends = (fits[0](dense).diff().diff().abs() > 1e-9).sum()
    assert bends <= 2 * 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": torch.arange(4)}, "expected x of a floating-point dtype"),
        ({"x": torch.zeros(3)}, "expected y and x of the same shape"),
        ({"x": torch.ones(4)}, "expected two different points or more"),
        ({"x": torch.eye(2), "y": torch.eye(2)}, "expected two different points or more"),
        ({"width": 0}, "expected two or more layer sizes ≥ 1"),
        ({"steps": -1}, "expected steps ≥ 0, got -1"),
        ({"strength": -1.0}, "expected strength ≥ 0"),
        ({"lr": 0.0}, "expected lr > 0"),
        ({"activation": "sin"}, "expected an activation of"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    options = {"x": torch.linspace(0, 1, 4), "y": torch.zeros(4), "width": 2} | changes
    x, y = options.pop("x"), options.pop("y")
    with pytest.raises(ParameterError, match=message):
        mlp_fit(x, y, **options)
