"""The schedule widget: rates against torch's schedulers, its JavaScript, its runs and Stop."""

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from torch.optim import lr_scheduler as torch_schedules

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.figures.schedules import CHECK, KINDS, UPDATES, plateau_rate, rate_at
from utils.widgets.compute import Job, Stopped
from utils.widgets.schedule.store import STORED, defaults, load_stored
from utils.widgets.schedule.training import train_with
from utils.widgets.schedule.widget import Schedule

SETTINGS = {"lr": 0.3, "every": 70, "factor": 0.5, "rate": 0.01}
TORCH: dict[str, Any] = {
    "constant": lambda o: torch_schedules.ConstantLR(o, factor=1.0),
    "step": lambda o: torch_schedules.StepLR(o, 70, gamma=0.5),
    "exponential": lambda o: torch_schedules.ExponentialLR(o, math.exp(-0.01)),
    "inverse": lambda o: torch_schedules.LambdaLR(o, lambda t: 1 / (1 + 0.01 * t)),
    "cyclic": lambda o: torch_schedules.CyclicLR(
        o, 0.015, 0.3, step_size_up=35, cycle_momentum=False
    ),
    "cosine": lambda o: torch_schedules.CosineAnnealingLR(o, UPDATES),
    "restarts": lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, 70),
}


def settings(kind: str, **changes: Any) -> dict[str, Any]:
    return {**defaults(kind), **SETTINGS, **changes}


@pytest.mark.parametrize("kind", list(TORCH))
def test_rates_are_those_of_torch(kind: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedule = TORCH[kind](optimizer)
    for step in range(UPDATES):
        rate = optimizer.param_groups[0]["lr"]
        assert rate_at(settings(kind), step) == pytest.approx(rate, abs=1e-12)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("kind", list(KINDS))
def test_golden_rates(tmp_path: Path, kind: str) -> None:
    state = settings(kind)
    body = (
        f"""result = Array.from({{ length: {UPDATES} }}, (_, k) => rateAt(data, k, {UPDATES}));"""
    )
    got = run_node(tmp_path, {"schedules": "rateAt"}, body, state)
    assert got == pytest.approx([rate_at(state, k) for k in range(UPDATES)], abs=1e-12)


def test_golden_plateau(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    losses = (1 + 0.1 * torch.randn(60, generator=generator)).tolist()
    body = "result = reduceOnPlateau(data, { lr: 0.3, factor: 0.5, patience: 4 });"
    got = run_node(tmp_path, {"schedules": "reduceOnPlateau"}, body, losses)
    want = [plateau_rate(settings("plateau"), losses[:k]) for k in range(61)]
    assert got == pytest.approx(want)
    assert min(got) < 0.3


def test_a_drawn_rate_goes_through_its_knots() -> None:
    knots = [0.001, 0.1, 0.1, 0.01, 1.0]
    rates = [rate_at(settings("hand", hand=knots), k) for k in (0, 75, 150, 300, 450, 600)]
    assert rates == pytest.approx([0.001, 0.01, 0.1, 0.1, 0.01, 1.0])
    with pytest.raises(ParameterError, match="expected a kind of constant"):
        rate_at(settings("linear"), 0)


def test_a_run_is_repeatable_and_differs_by_schedule() -> None:
    first = train_with(settings("constant"), updates=20)
    again = train_with(settings("constant"), updates=20)
    other = train_with(settings("constant", lr=0.01), updates=20)
    assert first == again
    assert first.validation != other.validation
    assert [len(values) for values in (first.rates, first.train, first.validation)] == [2, 2, 2]
    assert first.rates == [0.3, 0.3]


def test_plateau_uses_the_losses_of_the_run() -> None:
    state = settings("plateau", lr=1e-7)  # so small that the loss rests
    run = train_with(state, updates=90)
    assert run.rates[0] == 1e-7
    assert run.rates == [plateau_rate(state, run.validation[:k]) for k in range(len(run.rates))]


def test_a_diverged_run_stays_json() -> None:
    run = train_with(settings("constant", lr=1e6), updates=20)
    assert max(run.validation + run.train) == 1000


def job(sent: list[Any], **state: Any) -> Job:
    def send(content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        sent.append(content)

    return Job({"id": 1, "op": "train", "payload": {"state": state}}, [], send)


def test_the_kernel_trains_and_tells_every_look() -> None:
    widget, sent = Schedule(updates=30), list[Any]()
    payload, array = widget._train(job(sent, **widget.state))
    assert array is None
    assert [len(payload[key]) for key in ("rates", "train", "validation")] == [3, 3, 3]
    assert [c["payload"]["validation"] for c in sent] == pytest.approx(
        payload["validation"], rel=1e-3
    )


def test_stop_ends_a_run_at_the_next_look() -> None:
    widget = Schedule()
    work = job([], **widget.state)
    work.stop()
    with pytest.raises(Stopped):
        widget._train(work)


def test_wrong_settings_are_refused() -> None:
    widget = Schedule()
    with pytest.raises(ParameterError, match="expected lr"):
        widget._train(job([], **{**widget.state, "lr": 5.0}))
    with pytest.raises(ParameterError, match="expected updates"):
        Schedule(updates=5)


def test_stored_runs() -> None:
    stored = load_stored()
    assert list(stored["runs"]) == list(KINDS)
    for kind, run in stored["runs"].items():
        assert run["settings"] == defaults(kind)
        assert len(run["validation"]) == UPDATES // CHECK
        last = (UPDATES // CHECK) * CHECK - 1
        if kind != "plateau":
            assert run["rates"][-1] == pytest.approx(rate_at(run["settings"], last), rel=1e-3)
    ends = {kind: run["validation"][-1] for kind, run in stored["runs"].items()}
    assert ends["constant"] == max(ends.values())
    sources = [STORED.with_name(name).read_bytes() for name in ("store.py", "training.py")]
    assert stored["provenance"]["sha256"] == hashlib.sha256(b"".join(sources)).hexdigest()


@pytest.mark.parametrize("kind", list(KINDS))
def test_words_and_picture(kind: str) -> None:
    widget = Schedule(kind=kind)
    assert widget.stored_run(widget.state)[1]
    assert KINDS[kind] in widget.describe(widget.state)
    assert "other numbers" not in widget.describe(widget.state)
    widget.set(lr=0.5)
    assert "other numbers" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
