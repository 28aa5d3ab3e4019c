"""ROC curve and area against scikit-learn, with ties, and against the definition."""

import math

import numpy as np
import pytest
import sklearn.metrics
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import randn
from utils.errors import ParameterError
from utils.reference.roc import mean_roc_auc, roc_auc, roc_curve


@st.composite
def cases(draw):
    """Scores with many ties, and labels with both classes."""
    n = draw(st.integers(2, 20))
    scores = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    labels[0], labels[-1] = 0, 1
    return torch.tensor(scores, dtype=torch.float64) / 2, torch.tensor(labels)


@given(case=cases())
def test_agrees_with_scikit_learn(case):
    scores, labels = case
    actual = roc_curve(scores, labels)
    expected = sklearn.metrics.roc_curve(labels.numpy(), scores.numpy(), drop_intermediate=False)
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)
    theirs = sklearn.metrics.roc_auc_score(labels.numpy(), scores.numpy())
    assert roc_auc(scores, labels) == pytest.approx(theirs, rel=1e-12)


@given(case=cases())
def test_is_the_chance_to_rank_a_pair_rightly(case):
    scores, labels = case
    true, false = scores[labels == 1], scores[labels == 0]
    wins = (true[:, None] > false).double() + (true[:, None] == false).double() / 2
    assert roc_auc(scores, labels) == pytest.approx(wins.mean().item())
    assert roc_auc(-scores, labels) == pytest.approx(1 - roc_auc(scores, labels))
    assert roc_auc(torch.exp(3 * scores), labels) == pytest.approx(roc_auc(scores, labels))


def test_known_values():
    labels = torch.tensor([0, 0, 1, 1])
    assert roc_auc(torch.tensor([0.1, 0.2, 0.3, 0.4]), labels) == 1
    assert roc_auc(torch.tensor([0.4, 0.3, 0.2, 0.1]), labels) == 0
    assert roc_auc(torch.tensor([0.1, 0.4, 0.3, 0.2]), labels) == 0.5
    assert roc_auc(torch.tensor([0.1, 0.4, 0.3, 0.2]), labels.bool()) == 0.5
    assert roc_auc(torch.zeros(4), labels) == 0.5  # one tie, a straight line
    assert roc_auc(torch.tensor([4, 1, 2, 3]), labels) == 0.5  # integers are scores too


def test_guessing_gives_a_half_and_below_is_possible():
    labels = (randn(20_000, seed=1) > 1.3).long()  # a rare tag, about one in ten
    noise = randn(20_000, seed=2)
    assert roc_auc(noise, labels) == pytest.approx(0.5, abs=0.02)
    assert roc_auc(noise - labels, labels) < 0.3
    # Saying "no" to everything is right nine times out of ten, and has learned nothing.
    assert (labels == 0).double().mean() > 0.88
    assert roc_auc(torch.zeros(20_000), labels) == 0.5


def test_the_mean_counts_every_tag_the_same():
    scores = randn(40, 3, seed=3)
    labels = (randn(40, 3, seed=4) + scores > torch.tensor([0.0, 1.0, 1.5])).long()
    expected = sklearn.metrics.roc_auc_score(labels.numpy(), scores.numpy(), average="macro")
    assert mean_roc_auc(scores, labels) == pytest.approx(expected, rel=1e-12)


def test_bad_arguments():
    scores = torch.zeros(3)
    for function in (roc_curve, roc_auc):
        with pytest.raises(ParameterError, match=r"both present, got \[1.0\]"):
            function(scores, torch.ones(3))
        with pytest.raises(
            ParameterError, match=r"expected labels 0 and 1, .* got \[0.0, 1.0, 2.0\]"
        ):
            function(scores, torch.tensor([0, 1, 2]))
        with pytest.raises(ParameterError, match="expected scores and labels of the same shape"):
            function(scores, torch.tensor([0, 1]))
        with pytest.raises(ParameterError, match="expected scores without NaN"):
            function(torch.tensor([math.nan, 0.0]), torch.tensor([0, 1]))
        with pytest.raises(ParameterError, match=r"shape \(n,\), got shape=\(2, 2\)"):
            function(torch.zeros(2, 2), torch.eye(2))
    with pytest.raises(ParameterError, match=r"expected scores of shape \(n, n_tags\), got \(2,\)"):
        mean_roc_auc(torch.zeros(2), torch.tensor([0, 1]))
