"""The batch-size widget: its problem and runs against torch, its JavaScript against both."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.figures.minibatches import (
    N_NOTES,
    Problem,
    length,
    note_problem,
    run_batches,
    shuffled,
)
from utils.widgets.batch_size.widget import BatchSize

IMPORTS = {
    "minibatch": "runBatches, meanLoss, batchGradient, gradientCloud, gradientNoise, lowestPoint,"
    " everyNote, shuffle, stepsPerEpoch",
    "random": "uniform",
}
PROBLEM = (
    "const problem = { inputs: data.inputs.flat(), targets: data.targets, n: data.targets.length };"
)


def shipped(problem: Problem) -> dict[str, list]:
    return {"inputs": problem.inputs.tolist(), "targets": problem.targets.tolist()}


def test_the_notes_are_standardized_and_not_trivial() -> None:
    problem = note_problem()
    torch.testing.assert_close(problem.inputs.mean(0), torch.zeros(2).double(), atol=1e-6, rtol=0)
    assert problem.targets.sum() == N_NOTES / 2
    theta = problem.lowest()
    right = ((problem.inputs @ theta > 0) == (problem.targets > 0)).double().mean()
    assert 0.7 < right < 0.95


def test_the_lowest_point_is_where_the_slope_is_zero() -> None:
    problem = note_problem()
    theta = problem.lowest().requires_grad_()
    problem.loss(theta).backward()
    assert theta.grad is not None
    assert theta.grad.abs().max() < 1e-12


def test_a_run_is_sgd_of_torch_on_the_same_batches() -> None:
    problem = note_problem()
    run = run_batches(problem, start=(2.5, 2.0), lr=0.7, batch=N_NOTES, seed=0, steps=5)
    theta = torch.tensor([2.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=0.7)
    for point in run.path[1:]:
        optimizer.zero_grad()
        problem.loss(theta).backward()
        optimizer.step()
        torch.testing.assert_close(theta.detach(), point)
    assert run.costs == [k * N_NOTES for k in range(6)]


def test_an_epoch_sees_every_note_once() -> None:
    run = run_batches(note_problem(), start=(0.0, 0.0), lr=0.1, batch=50, seed=3, steps=3)
    assert run.costs == [0, 50, 100, 128]
    assert sorted(shuffled(9, [0.99] * 8)) == list(range(9))
    with pytest.raises(ParameterError, match="expected batch from 1 to 128, got 129"):
        run_batches(note_problem(), start=(0, 0), lr=1.0, batch=129, seed=0, steps=1)


@pytest.mark.parametrize(
    ("batch", "lr", "seed"), [(1, 1.0, 0), (16, 2.0, 5), (50, 0.3, 99), (128, 3.0, 1)]
)
def test_golden_runs(tmp_path: Path, batch: int, lr: float, seed: int) -> None:
    problem = note_problem()
    steps = min(200, length(N_NOTES, batch))
    run = run_batches(problem, start=(2.5, -1.0), lr=lr, batch=batch, seed=seed, steps=steps)
    options = {"start": [2.5, -1.0], "lr": lr, "batch": batch, "seed": seed, "steps": steps}
    body = f"""{PROBLEM}
const run = runBatches(problem, data.options);
const losses = run.path.map((p) => meanLoss(problem, p));
result = {{ ...run, losses, rest: lowestPoint(problem) }};"""
    got = run_node(tmp_path, IMPORTS, body, {**shipped(problem), "options": options})
    assert got["costs"] == run.costs
    path = torch.tensor(got["path"], dtype=torch.float64)
    torch.testing.assert_close(path, run.path, atol=1e-9, rtol=0)
    losses = torch.tensor(got["losses"], dtype=torch.float64)
    torch.testing.assert_close(losses, problem.loss(run.path), atol=1e-9, rtol=0)
    rest = torch.tensor(got["rest"], dtype=torch.float64)
    torch.testing.assert_close(rest, problem.lowest(), atol=1e-9, rtol=0)


@pytest.mark.parametrize("batch", [1, 8, 64, 128])
def test_the_cloud_has_the_mean_and_the_noise_of_the_formula(tmp_path: Path, batch: int) -> None:
    problem = note_problem()
    body = f"""{PROBLEM}
const theta = [1.5, -0.5];
const cloud = gradientCloud(problem, theta, {{ batch: {batch}, seed: 4, count: 4000 }});
result = {{ cloud: [Array.from(cloud.x), Array.from(cloud.y)],
  mean: batchGradient(problem, theta, everyNote(problem.n)),
  noise: gradientNoise(problem, theta, {batch}) }};"""
    got = run_node(tmp_path, IMPORTS, body, shipped(problem))
    theta = torch.tensor([1.5, -0.5], dtype=torch.float64)
    each = (torch.sigmoid(problem.inputs @ theta) - problem.targets)[:, None] * problem.inputs
    cloud = torch.tensor(got["cloud"], dtype=torch.float64)
    torch.testing.assert_close(torch.tensor(got["mean"]).double(), each.mean(0), atol=1e-6, rtol=0)
    spread = each.var(0, correction=0).sum() / batch * (N_NOTES - batch) / (N_NOTES - 1)
    assert got["noise"] == pytest.approx(float(spread.sqrt()), abs=1e-12)
    tolerance = 5 * got["noise"] / 4000**0.5 + 1e-12
    assert (cloud.mean(1) - each.mean(0)).norm() < tolerance
    assert float(cloud.var(1).sum().sqrt()) == pytest.approx(got["noise"], rel=0.05, abs=1e-9)


def test_small_batches_win_by_gradients_large_ones_by_steps() -> None:
    widget = BatchSize(lr=3.0)
    problem = note_problem()
    lowest = problem.loss(problem.lowest())

    def arrival(batch: int) -> tuple[int, int]:
        run = widget.run(widget.state, batch=batch)
        near = problem.loss(run.path) - lowest <= 0.02
        step = int(near.nonzero()[0])
        return step, run.costs[step]

    (steps_16, cost_16), (steps_all, cost_all) = arrival(16), arrival(128)
    assert steps_16 >= steps_all
    assert cost_16 <= 128 < cost_all


def test_words_and_picture() -> None:
    widget = BatchSize(t=8)
    assert "8 steps an epoch" in widget.describe(widget.state)
    assert "after 8 steps and 128 gradients" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
    assert "(2 epochs)" in BatchSize(epochs=2).config["goal"]
    with pytest.raises(ParameterError, match="expected batch"):
        BatchSize(batch=0)
