"""The Python face of the race: its runs against torch.optim, words, picture, the plane."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.descent import LANDSCAPES
from utils.widgets.race.widget import NAMES, Race

TORCH: dict[str, Callable[[torch.Tensor], torch.optim.Optimizer]] = {
    "GD": lambda p: torch.optim.SGD([p], lr=0.01),
    "Momentum": lambda p: torch.optim.SGD([p], lr=0.01, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD([p], lr=0.01, momentum=0.9, nesterov=True),
    "AdaGrad": lambda p: torch.optim.Adagrad([p], lr=0.01),
    "RMSProp": lambda p: torch.optim.RMSprop([p], lr=0.01, alpha=0.99),
    "Adam": lambda p: torch.optim.Adam([p], lr=0.01),
    "AdamW": lambda p: torch.optim.AdamW([p], lr=0.01, weight_decay=0.01),
}
SAME_RATE = {f"lr_{key}": 0.01 for key in NAMES}


def plane(n: int = 20) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    logits = [torch.randn(n, 11, generator=generator) for _ in range(3)]
    return [*logits, torch.randint(11, (n,), generator=generator)]


def test_every_run_is_that_of_torch() -> None:
    widget = Race(runners=list(NAMES), surface="himmelblau", steps=30, **SAME_RATE)
    for name, run in widget.runs(widget.state).items():
        theta = torch.tensor(widget.state["start"], dtype=torch.float64, requires_grad=True)
        optimizer = TORCH[name](theta)
        for _ in range(30):
            optimizer.zero_grad()
            LANDSCAPES["himmelblau"].value(theta).backward()
            optimizer.step()
        torch.testing.assert_close(run.path[-1], theta.detach(), rtol=1e-9, atol=1e-9)


def test_words_have_the_order() -> None:
    widget = Race(runners=["gd", "adam"], surface="bowl", lr_gd=0.5, lr_adam=0.01, t=20)
    words = widget.describe(widget.state)
    assert "loss after 20 steps: GD" in words
    assert words.index("GD") < words.index("Adam ")
    widget.set(lr_gd=4.0)
    assert "GD diverged." in widget.describe(widget.state)
    widget.set(gd=False, adam=False)
    assert "nobody runs" in widget.describe(widget.state)


@pytest.mark.parametrize("runners", [[], ["gd"], list(NAMES)])
def test_picture(runners: list[str]) -> None:
    widget = Race(runners=runners, t=10)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[1].lines) == len(runners)


@pytest.mark.parametrize("name", [name for name, s in LANDSCAPES.items() if len(s.start) == 2])
def test_the_usual_rates_go_down(name: str) -> None:
    widget = Race(runners=list(NAMES), surface=name)
    for run in widget.runs(widget.state).values():
        assert run.left == -1
        assert run.losses[-1] < run.losses[0]


def test_plane_is_the_cross_entropy() -> None:
    z0, z1, z2, targets = plane()
    widget = Race(plane=[z0, z1, z2, targets], runners=["gd"], steps=1, start=(0.5, -1.0))
    run = widget.runs(widget.state)["GD"]
    theta = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    logits = z0.double() + theta[0] * z1.double() + theta[1] * z2.double()
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward()
    assert theta.grad is not None
    torch.testing.assert_close(run.losses[0], loss.detach())
    lr = widget.state["lr_gd"]
    torch.testing.assert_close(run.path[1], (theta - lr * theta.grad).detach())
    assert widget.data["z0"]["shape"] == [20, 11]
    assert widget.data["targets"]["dtype"] == "int32"
    widget.draw(widget.state, Figure())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runners": ["sgd"]}, "expected an optimizer of gd.*got 'sgd'"),
        ({"winner": "me"}, "expected an optimizer of gd.*got 'me'"),
        ({"surface": "parabola"}, "expected a surface of bowl.*got 'parabola'"),
        ({"steps": 0}, "expected steps from 1 to 300, got 0"),
        ({"plane": plane()[:3]}, "expected a plane of"),
        ({"plane": [*plane()[:3], torch.zeros(3)]}, r"expected 20 targets, got \(3,\)"),
        ({"plane": plane(), "surface": "bowl"}, "expected a surface of notes, got 'bowl'"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Race(**options)
