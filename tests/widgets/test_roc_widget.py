"""The ROC widget: its words, and its JavaScript against the Python reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import accuracy_score, roc_auc_score

from tests.widgets.test_golden import node
from tests.widgets.test_golden import pytestmark as needs_node
from utils.notes.embedded import load_notes
from utils.notes.vocabulary import FAMILIES
from utils.reference.roc import roc_auc, roc_curve
from utils.widgets.roc.widget import Roc, tag_features


@pytest.fixture(scope="module")
def widget() -> Roc:
    return Roc()


@needs_node
def test_golden_curves(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(4)
    golden = []
    for n, steps in [(40, 0), (60, 5), (2, 0), (30, 2)]:
        scores = torch.randn(n, generator=generator, dtype=torch.float64)
        if steps:
            # Ties, within and across the two kinds.
            scores = (scores * steps).round() / steps
        labels = (torch.rand(n, generator=generator) < 0.4).long()
        labels[:2] = torch.tensor([0, 1])
        fpr, tpr, thresholds = roc_curve(scores, labels)
        golden.append(
            {
                "scores": scores.tolist(),
                "labels": labels.tolist(),
                "fpr": fpr.tolist(),
                "tpr": tpr.tolist(),
                "thresholds": thresholds[1:].tolist(),
                "auc": roc_auc(scores, labels),
                "accuracy": accuracy_score(labels, scores >= 0.2),
                "share": labels.double().mean().item(),
            }
        )
    script = """
for (const g of golden) {
  const one = rocCurve(g.scores, g.labels);
  compare("curve", [one.fpr, one.tpr], [g.fpr, g.tpr]);
  compare("thresholds", one.thresholds.slice(1), g.thresholds);
  compare("auc", areaUnder(one), g.auc);
  const points = g.thresholds.map((t) => rates(g.scores, g.labels, t));
  compare("rates", points.map((p) => p.fpr), g.fpr.slice(1));
  compare("rates", points.map((p) => p.tpr), g.tpr.slice(1));
  compare("accuracy", accuracy(rates(g.scores, g.labels, 0.2), g.share), g.accuracy);
}"""
    worst = node(tmp_path, golden, script, roc="accuracy, areaUnder, rates, rocCurve")
    assert len(worst) == 5
    assert max(worst.values()) < 1e-12, worst


def test_numbers_against_scikit_learn(widget: Roc) -> None:
    notes = load_notes().split("validation")
    labels = notes.column("family") == FAMILIES.index("bass")
    bright = tag_features(notes)["bass"]
    widget.set(tag="bass")
    found = widget.numbers(widget.state)
    # Clipping at the rim makes ties, hence not exactly the area of the feature itself.
    assert found["auc"] == pytest.approx(roc_auc_score(labels, bright), abs=5e-3)
    assert found["auc"] < 0.45, "the example of an area below 0.5"
    widget.set(flip=True)
    assert widget.numbers(widget.state)["auc"] == pytest.approx(1 - found["auc"])
    widget.reset()


def test_the_area_does_not_know_the_share_but_the_accuracy_does(widget: Roc) -> None:
    few, many = (widget.numbers({**widget.state, "share": share}) for share in (1.0, 50.0))
    assert few["auc"] == many["auc"]
    assert (few["tpr"], few["fpr"]) == (many["tpr"], many["fpr"])
    assert few["accuracy"] != many["accuracy"]


def test_the_goal_can_be_reached(widget: Roc) -> None:
    found = widget.numbers({**widget.state, "share": 2.0, "threshold": 3.0})
    assert found["tpr"] < 0.05
    assert found["accuracy"] == pytest.approx(found["never"]) == pytest.approx(0.98)


def test_the_score_of_a_mallet_is_its_decay() -> None:
    notes = load_notes().split("validation").subset(np.arange(40))
    levels = notes.inputs()[:, 0].max(1)
    decay = tag_features(notes)["mallet"]
    loss = levels[:, :16].mean(1) - levels[:, 32:48].mean(1)
    assert np.corrcoef(decay, loss)[0, 1] > 0.8


def test_examples_can_be_heard(widget: Roc) -> None:
    options = widget.config["options"]
    assert [families[0] for families in options["families"]] == ["mallet", "guitar", "bass"]
    assert all(first != second for first, second in options["families"])
    stored = widget.data["pcm"]
    pcm = np.frombuffer(stored["buffer"], np.int16).reshape(stored["shape"])
    assert pcm.shape == (3, 2, 24_000)
    assert (np.abs(pcm.astype(int)).max(-1) > 2000).all()


def test_words_and_picture(widget: Roc) -> None:
    widget.reset()
    text = widget.describe(widget.state)
    assert "10 % of the notes have it" in text
    assert "always saying no: 90.0%. AUC 0.94" in text
    figure = Figure()
    widget.draw({**widget.state, "share": 20.0}, figure)
    left, right = figure.axes
    heights = [bar.get_height() for bar in left.patches if isinstance(bar, Rectangle)]
    assert sum(heights[:24]) == pytest.approx(0.8)
    assert sum(heights[24:]) == pytest.approx(0.2)
    assert right.get_title().startswith("AUC 0.94")
