"""The curve-fit widget: its fits, its points and its words against the Python reference."""

from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from scipy.linalg import lstsq

from tests.widgets.run_node import run_node
from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.figures.melody import measured, sung
from utils.figures.width_fits import INIT, LR, fit_net, net_start
from utils.reference.polynomial import polynomial_fit
from utils.widgets.curve_fit.widget import CurveFit

GRID = torch.linspace(-1, 1, 41, dtype=torch.float64)


@needs_node
@pytest.mark.parametrize("n", [6, 11, 16, 40])
def test_golden_fits(tmp_path: Path, n: int) -> None:
    u, y = measured(n, noise=0.5, seed=3)
    golden = []
    for degree in range(16):
        for strength in (0.0, 1e-4, 0.3):
            found = polynomial_fit(u, y, degree=degree, strength=strength, domain=(-1.0, 1.0))
            golden.append([degree, strength, found(GRID).tolist()])
    data = {"u": u.tolist(), "y": y.tolist(), "grid": GRID.tolist(), "fits": golden}
    script = """
for (const [degree, strength, values] of golden.fits) {
  const w = polynomialFit(golden.u, golden.y, { degree, strength });
  compare(strength ? "ridge" : "plain", Array.from(polynomialAt(w, golden.grid)), values);
}"""
    worst = node(tmp_path, data, script, polynomial="polynomialFit, polynomialAt")
    assert worst["ridge"] < 1e-7, worst
    assert worst["plain"] < 1e-6, worst


@needs_node
def test_with_too_few_points_the_coefficients_are_the_smallest(tmp_path: Path) -> None:
    u, y = measured(7, noise=0.5, seed=1)
    rows = u[:, None] ** torch.arange(13)
    wanted = lstsq(rows.numpy(), y.numpy())[0]
    body = "result = Array.from(polynomialFit(data[0], data[1], { degree: 12 }));"
    imports = {"polynomial": "polynomialFit"}
    found = run_node(tmp_path, imports, body, [u.tolist(), y.tolist()])
    assert found == pytest.approx(wanted.tolist(), rel=1e-8, abs=1e-8)


@needs_node
def test_golden_points(tmp_path: Path) -> None:
    golden = []
    for n, noise, seed in [(6, 0.0, 0), (30, 0.7, 5), (60, 1.5, 50)]:
        u, y = measured(n, noise=noise, seed=seed)
        golden.append([n, noise, seed, u.tolist(), y.tolist(), sung(u).tolist()])
    script = """
for (const [n, noise, seed, u, y, truth] of golden) {
  const found = measured(n, noise, seed);
  compare("u", Array.from(found.u), u);
  compare("y", Array.from(found.y), y);
  compare("sung", u.map(sung), truth);
}"""
    worst = node(tmp_path, golden, script, melody="measured, sung")
    assert max(worst.values()) < 1e-12, worst


@needs_node
def test_the_sound_has_the_pitch(tmp_path: Path) -> None:
    body = """
const sound = sing([12, 12, 12], { rate: 16000, seconds: 1, base: 220 });
const wild = sing([-900, 900], { rate: 8000, seconds: 0.5, base: 330 });
result = { samples: Array.from(sound), wild: Array.from(wild) };
"""
    found = run_node(tmp_path, {"melody": "sing"}, body, None)
    spectrum = torch.fft.rfft(torch.tensor(found["samples"])).abs()
    assert int(spectrum.argmax()) == 440
    assert max(map(abs, found["wild"])) <= 1


def test_errors_show_under_and_overfitting() -> None:
    widget = CurveFit()
    errors = torch.tensor([widget.fit(widget.state, d)[1:] for d in range(16)])
    best = int(errors[:, 1].argmin())
    assert 3 <= best <= 9
    assert errors[15, 1] > 5 * errors[best, 1]
    assert (errors[1:, 0] <= errors[:-1, 0] + 1e-9).all()  # training error never rises
    assert errors[15, 0] < 1e-9  # 16 coefficients, 16 points
    widget.set(ridge=True, strength=0.001)
    assert widget.fit(widget.state, 15)[2] < 2 * errors[best, 1]


def test_a_dragged_point_moves_and_words_and_picture() -> None:
    widget = CurveFit(degree=4, moved=[[0, 5.0], [40, 1.0]])
    assert widget.points(widget.state)[1][0] == 5.0
    assert widget.describe(widget.state).startswith("Degree 4, 16 points. Mean squared error")
    widget.set(ridge=True)
    assert "ridge λ = 0.001" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert [len(ax.lines) for ax in figure.axes] == [3, 3]


def torch_net(u: torch.Tensor, y: torch.Tensor, width: int, *, strength: float, steps: int):
    """Return the curve of a net that torch trains, from the same first parameters."""
    w, b, v = torch.from_numpy(net_start(width)[:-1]).reshape(3, width)
    net = torch.nn.Sequential(
        torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)
    ).double()
    with torch.no_grad():
        for parameter, value in zip(
            net.parameters(), (w[:, None], b, v[None], torch.zeros(1)), strict=True
        ):
            parameter.copy_(value)
    weights = [net[0].weight, net[2].weight]

    def scale(at: torch.Tensor) -> torch.Tensor:
        return ((2 * at - u.min() - u.max()) / (u.max() - u.min()))[:, None]

    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(scale(u))[:, 0], y)
        (loss + strength * sum(one.square().sum() for one in weights)).backward()
        optimizer.step()
    with torch.no_grad():
        return net(scale(GRID))[:, 0]


@pytest.mark.parametrize(("width", "strength"), [(1, 0.0), (6, 0.01), (24, 0.0)])
def test_the_net_learns_as_torch_lets_it(width: int, strength: float) -> None:
    u, y = measured(16, noise=0.4, seed=2)
    found = fit_net(u.numpy(), y.numpy(), width, strength=strength, steps=60)(GRID)
    wanted = torch_net(u, y, width, strength=strength, steps=60)
    assert torch.allclose(found, wanted, atol=1e-9)


@needs_node
def test_golden_nets(tmp_path: Path) -> None:
    u, y = measured(13, noise=0.4, seed=5)
    golden: dict[str, Any] = {"u": u.tolist(), "y": y.tolist(), "grid": GRID.tolist(), "nets": []}
    for width in (1, 4, 16, 32):
        for strength in (0.0, 0.01):
            curve = fit_net(u.numpy(), y.numpy(), width, strength=strength, steps=200)(GRID)
            golden["nets"].append([width, strength, LR, INIT, curve.tolist()])
    script = """
for (const [width, strength, lr, init, values] of golden.nets) {
  const net = untrained(golden.u, width, init);
  for (const steps of [1, 49, 150]) train(net, golden.u, golden.y, { steps, lr, strength });
  compare(strength ? "decay" : "plain", Array.from(drawn(net, golden.grid)), values);
}"""
    worst = node(tmp_path, golden, script, widthFit="untrained, train, drawn")
    assert max(worst.values()) < 1e-8, worst


def test_wide_nets_overfit_too() -> None:
    widget = CurveFit(model="net")
    errors = {width: widget.fit(widget.state, width)[1:] for width in (1, 4, 32)}
    assert errors[32][0] < 0.05 < errors[4][0] < errors[1][0]
    assert errors[4][1] < 0.8 * min(errors[1][1], errors[32][1])
    assert widget.describe(widget.state).startswith("Net with 4 hidden units, 16 points.")
    figure = Figure()
    widget.draw(widget.state, figure)
    assert figure.axes[1].get_xscale() == "log"
