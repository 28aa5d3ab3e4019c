"""The hinge widget: its words, and its JavaScript against the Python reference."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.reference.binary_losses import binary_cross_entropy_with_logits, hinge_loss
from utils.reference.multiclass_losses import cross_entropy, multiclass_hinge_loss
from utils.widgets.hinge.widget import Hinge


@needs_node
def test_golden_losses_of_many_classes(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(6)
    golden = []
    for n in (2, 3, 5):
        scores = torch.randn(20, n, generator=generator, dtype=torch.float64) * 3
        scores[0] *= 300  # exp alone overflows
        scores[1] = 0  # a tie
        target = torch.zeros(20, dtype=torch.long)
        margins = (scores[:, :1] - scores[:, 1:]).requires_grad_()
        shifted = torch.cat([torch.zeros(20, 1, dtype=torch.float64), -margins], 1)
        hinges = multiclass_hinge_loss(shifted, target, reduction="none")
        logs = cross_entropy(shifted, target, reduction="none")
        slopes = [torch.autograd.grad(v.sum(), margins)[0][:, 0] for v in (hinges, logs)]
        right = (scores[:, :1] > scores[:, 1:]).all(1)
        rows = zip(margins.tolist(), hinges.tolist(), logs.tolist(), right.tolist(), strict=True)
        golden.append([list(rows), *(s.tolist() for s in slopes)])
    script = """
for (const [rows, hinges, logs] of golden) {
  rows.forEach(([m, h, l, right], i) => {
    compare("hinge", hinge(m), h);
    compare("logistic", logistic(m), l);
    compare("zeroOne", zeroOne(m), right ? 0 : 1);
    compare("slopes", [hingeSlope(m), logisticSlope(m)], [hinges[i], logs[i]]);
  });
}"""
    names = "hinge, hingeSlope, logistic, logisticSlope, zeroOne"
    worst = node(tmp_path, golden, script, margins=names)
    assert len(worst) == 4
    assert max(worst.values()) < 1e-12, worst


def test_two_classes_are_the_losses_of_one_score() -> None:
    widget = Hinge()
    margin = torch.linspace(-3, 3, 25, dtype=torch.float64)
    ones = torch.ones_like(margin)
    found = widget.losses(widget.state, margin)
    torch.testing.assert_close(found["hinge"], hinge_loss(margin, ones, reduction="none"))
    logistic = binary_cross_entropy_with_logits(margin, ones, reduction="none")
    torch.testing.assert_close(found["logistic"], logistic)
    assert found["0/1 loss"].tolist() == [float(m <= 0) for m in margin]


def test_a_second_rival_adds_its_own_cost() -> None:
    widget = Hinge()
    margin = torch.tensor([2.0])
    two = widget.losses(widget.state, margin)
    three = widget.losses({**widget.state, "classes": "three", "rival": -0.5}, margin)
    assert three["hinge"] - two["hinge"] == pytest.approx(1.5)
    assert three["logistic"] > two["logistic"]
    assert (two["0/1 loss"].item(), three["0/1 loss"].item()) == (0, 1)


def test_words_and_picture() -> None:
    widget = Hinge(margin=0.5)
    text = widget.describe(widget.state)
    assert text.startswith("Margin 0.50: the answer is right. It costs: 0/1 loss 0.00, hinge 0.50")
    widget.set(classes="three", rival=-1.0)
    assert widget.describe(widget.state).startswith("Margin 0.50 and -1.00: the answer is wrong.")
    figure = Figure()
    widget.draw(widget.state, figure)
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels[:3] == ["0/1 loss", "hinge", "logistic"]
