"""The penalty widget: weights and errors against scikit-learn and the course's penalties."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.linear_model import Lasso, Ridge

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.figures.note_regression import FEATURES, note_regression
from utils.reference.regularizers import l1_penalty, l2_penalty_grad, soft_threshold
from utils.widgets.penalty.widget import Penalty

STRENGTHS = [0.001, 0.03, 0.2, 1.0, 1.9, 5.0]


@needs_node
def test_golden_weights_are_those_of_scikit_learn(tmp_path: Path) -> None:
    data = note_regression()
    x, y = data.train
    g, c, square = data.moments("train")
    rows = []
    for s in STRENGTHS:
        lasso = Lasso(alpha=s / 2, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, y).coef_
        ridge = Ridge(alpha=len(y) * s, fit_intercept=False).fit(x, y).coef_
        errors = [float(((x @ w - y) ** 2).mean()) for w in (lasso, ridge)]
        rows.append([s, lasso.tolist(), ridge.tolist(), errors])
    values = torch.linspace(-2, 2, 41, dtype=torch.float64)
    thresholds = soft_threshold(values, threshold=0.7).tolist()
    golden = {"g": g.tolist(), "c": c.tolist(), "square": square, "rows": rows}
    golden |= {"values": values.tolist(), "thresholds": thresholds}
    script = """
const { g, c, square, rows } = golden, at = rows.map(([s]) => s);
const paths = { L1: weightPath("L1", g, c, at), L2: weightPath("L2", g, c, at) };
rows.forEach(([s, w1, w2, [e1, e2]], i) => {
  compare("lasso", lasso(g, c, s), w1);
  compare("lasso path", paths.L1[i], w1);
  compare("zeros", lasso(g, c, s).map((v) => v === 0 ? 1 : 0), w1.map((v) => v === 0 ? 1 : 0));
  compare("ridge", [ridge(g, c, s), paths.L2[i]], [w2, w2]);
  compare("errors", [squaredError(g, c, square, w1), squaredError(g, c, square, w2)], [e1, e2]);
});
compare("soft", golden.values.map((v) => softThreshold(v, 0.7)), golden.thresholds);
compare("empty", lasso(g, c, emptyFrom(c)), c.map(() => 0));
compare("not empty", lasso(g, c, 0.999 * emptyFrom(c)).filter((v) => v !== 0).length, 1);"""
    names = "emptyFrom, lasso, ridge, softThreshold, squaredError, weightPath"
    worst = node(tmp_path, golden, script, penalty=names)
    assert worst["zeros"] == 0
    assert worst.pop("lasso") < 1e-7
    assert worst.pop("lasso path") < 1e-7
    assert max(worst.values()) < 1e-10, worst


def test_the_weights_are_minima_of_the_loss_with_the_penalty() -> None:
    widget = Penalty()
    x, y = (torch.from_numpy(part) for part in note_regression().train)
    ridge = torch.from_numpy(widget.weights("L2", 0.1)).requires_grad_()
    (x @ ridge - y).square().mean().backward()
    pull = l2_penalty_grad(ridge.detach(), strength=0.1)
    torch.testing.assert_close(ridge.grad, -pull, rtol=1e-8, atol=1e-10)
    lasso = torch.from_numpy(widget.weights("L1", 0.1))

    def loss(w: torch.Tensor) -> float:
        return float((x @ w - y).square().mean() + l1_penalty(w, strength=0.1))

    generator = torch.Generator().manual_seed(2)
    moves = 0.01 * torch.randn(50, len(FEATURES), generator=generator, dtype=torch.float64)
    assert min(loss(lasso + move) for move in moves) > loss(lasso)


def test_the_data_teach_what_the_goal_asks() -> None:
    widget = Penalty()
    strengths = np.geomspace(0.001, 5, 60)
    errors = [widget.error("validation", widget.weights("L1", s)) for s in strengths]
    best = int(np.argmin(errors))
    assert 0 < best < 59
    chosen = widget.weights("L1", strengths[best])
    assert chosen[FEATURES.index("chance")] == 0
    assert (chosen == 0).sum() >= 2
    assert not any((widget.weights("L2", s) == 0).any() for s in strengths)
    assert errors[best] < min(
        widget.error("validation", widget.weights("L2", s)) for s in strengths
    )


def test_words_and_picture() -> None:
    widget = Penalty(kind="L1", strength=5.0)
    words = widget.describe(widget.state)
    assert words.startswith("L1 with λ = 5: 9 of 9 weights are zero; the largest is that of: none.")
    widget.set(kind="L2", strength=0.1)
    assert "0 of 9 weights are zero; the largest is that of: lowest band." in widget.describe(
        widget.state
    )
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].lines) == len(FEATURES) + 1
    assert widget.error("train", widget.weights("L2", 0.1)) == pytest.approx(
        float(
            np.square(
                note_regression().train[0] @ widget.weights("L2", 0.1) - note_regression().train[1]
            ).mean()
        )
    )
