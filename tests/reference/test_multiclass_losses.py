"""Cross entropy and the multi-class hinge loss against PyTorch and scikit-learn."""

import math

import pytest
import sklearn.metrics
import torch
import torch.nn.functional as F
from hypothesis import given

from tests.reference.helpers import DTYPES, close, floats, gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference.binary_losses import binary_cross_entropy_with_logits
from utils.reference.multiclass_losses import (
    cross_entropy,
    cross_entropy_grad,
    cross_entropy_naive,
    cross_entropy_terms,
    multiclass_hinge_loss,
    multiclass_hinge_loss_grad,
)

REDUCTIONS = ("mean", "sum", "none")


def classes(n, n_classes):
    return torch.randint(n_classes, (n,), generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["index", "int32", "one-hot", "soft"])
def test_cross_entropy_agrees_with_pytorch(reduction, dtype, kind):
    logits, index = 3 * randn(6, 5, dtype=dtype), classes(6, 5)
    targets = {
        "index": index,
        "int32": index.int(),
        "one-hot": F.one_hot(index, 5).to(dtype),
        "soft": torch.softmax(randn(6, 5, dtype=dtype, seed=8), 1),
    }[kind]

    def reference(z, y):
        return F.cross_entropy(z, y.long() if kind == "int32" else y, reduction=reduction)

    close(cross_entropy(logits, targets, reduction=reduction), reference(logits, targets))
    close(
        cross_entropy_grad(logits, targets, reduction=reduction),
        gradient_of(reference, logits, targets),
    )
    close(
        gradient_of(lambda z: cross_entropy(z, targets, reduction=reduction), logits),
        gradient_of(reference, logits, targets),
    )
    close(cross_entropy_naive(logits, targets, reduction=reduction), reference(logits, targets))


def test_the_class_axis_is_the_last_one():
    logits, index = randn(2, 3, 4), classes(6, 4).reshape(2, 3)
    expected = F.cross_entropy(logits.movedim(-1, 1), index)
    close(cross_entropy(logits, index), expected)
    close(
        cross_entropy_grad(logits, index),
        gradient_of(lambda z: F.cross_entropy(z.movedim(-1, 1), index), logits),
    )
    close(cross_entropy(logits[0, 0], index[0, 0]), F.cross_entropy(logits[0, 0], index[0, 0]))


def test_cross_entropy_agrees_with_scikit_learn_and_the_likelihood():
    logits, index = randn(20, 4), classes(20, 4)
    expected = sklearn.metrics.log_loss(index, torch.softmax(logits, 1).numpy(), labels=range(4))
    assert cross_entropy(logits, index).item() == pytest.approx(expected, rel=1e-12)
    likelihood = torch.distributions.Categorical(logits=logits).log_prob(index)
    close(cross_entropy(logits, index, reduction="none"), -likelihood)


@given(logits=vectors(3, 6))
def test_only_one_term_survives(logits):
    terms = cross_entropy_terms(logits, torch.tensor(2))
    assert terms.nonzero().flatten().tolist() in ([2], [])  # [] if the class is quite certain
    close(terms.sum(), cross_entropy(logits, torch.tensor(2)))
    assert abs(cross_entropy_grad(logits, torch.tensor(2)).sum().item()) < 1e-9


@given(z=floats)
def test_two_classes_are_the_binary_case(z):
    logits = torch.tensor([[0.0, z]], dtype=torch.float64)
    for y in (0, 1):
        close(
            cross_entropy(logits, torch.tensor([y])),
            binary_cross_entropy_with_logits(logits[:, 1], torch.tensor([float(y)]).double()),
        )


def test_a_ruled_out_class_costs_nothing_unless_it_is_the_true_one():
    logits = torch.tensor([0.0, 0.0, -math.inf])
    assert cross_entropy(logits, torch.tensor(0)).item() == pytest.approx(math.log(2))
    assert cross_entropy(logits, torch.tensor(2)) == math.inf


def test_naive_form_fails_at_1000():
    logits, index = torch.tensor([[1000.0, 0.0]]), torch.tensor([0])
    assert cross_entropy_naive(logits, index).isnan()
    assert cross_entropy(logits, index) == 0
    assert cross_entropy(logits, 1 - index) == 1000
    close(cross_entropy_grad(logits, 1 - index), torch.tensor([[1.0, -1.0]]))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [0.5, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_hinge_loss_agrees_with_pytorch(reduction, margin, dtype):
    scores, index = randn(8, 5, dtype=dtype), classes(8, 5)

    def reference(s, y):  # PyTorch divides by the number of classes
        return 5 * F.multi_margin_loss(s, y, margin=margin, reduction=reduction)

    options = {"margin": margin, "reduction": reduction}
    close(multiclass_hinge_loss(scores, index, **options), reference(scores, index))
    close(
        multiclass_hinge_loss_grad(scores, index, **options),
        gradient_of(reference, scores, index),
    )


def test_hinge_loss_is_zero_once_the_margin_is_kept():
    scores = torch.tensor([[3.0, 1.0, 2.0]])
    assert multiclass_hinge_loss(scores, torch.tensor([0])) == 0
    assert multiclass_hinge_loss(scores, torch.tensor([1])) == 5  # (1 + 2) + (1 + 1)
    assert multiclass_hinge_loss_grad(scores, torch.tensor([0])).tolist() == [[0, 0, 0]]
    assert multiclass_hinge_loss_grad(scores, torch.tensor([1])).tolist() == [[1, -2, 1]]


@pytest.mark.parametrize(
    "function",
    [
        cross_entropy,
        cross_entropy_grad,
        cross_entropy_naive,
        cross_entropy_terms,
        multiclass_hinge_loss,
        multiclass_hinge_loss_grad,
    ],
)
def test_bad_targets(function):
    logits = torch.zeros(2, 3)
    with pytest.raises(
        ParameterError, match="expected targets from 0 to 2, got values from 0 to 3"
    ):
        function(logits, torch.tensor([0, 3]))
    with pytest.raises(
        ParameterError, match="expected targets from 0 to 2, got values from -1 to 0"
    ):
        function(logits, torch.tensor([-1, 0]))
    with pytest.raises(ParameterError, match=r"class indices of shape=\(2,\), got shape=\(3,\)"):
        function(logits, torch.zeros(3, dtype=torch.int64))


def test_bad_arguments():
    logits = torch.zeros(2, 3)
    with pytest.raises(ParameterError, match="expected targets that sum to 1"):
        cross_entropy(logits, torch.ones(2, 3))
    with pytest.raises(ParameterError, match="expected targets and logits of the same shape"):
        cross_entropy(logits, torch.ones(2))
    with pytest.raises(ParameterError, match="expected logits of a floating-point dtype"):
        cross_entropy(logits.long(), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(
        ParameterError, match=r"expected targets of an integer dtype, got torch\.bool"
    ):
        cross_entropy(logits, torch.tensor([True, False]))
    with pytest.raises(
        ParameterError, match=r"expected targets of an integer dtype, got torch\.float32"
    ):
        multiclass_hinge_loss(logits, torch.zeros(2))
    with pytest.raises(ParameterError, match="expected margin > 0, got -1"):
        multiclass_hinge_loss(logits, torch.zeros(2, dtype=torch.int64), margin=-1)
    with pytest.raises(ParameterError, match="expected reduction"):
        cross_entropy_grad(logits, torch.tensor([0, 1]), reduction="total")
