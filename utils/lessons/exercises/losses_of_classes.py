"""Exercises of lecture 01 on losses of classes: probabilities, cross entropy, hinge, ROC."""

from collections.abc import Sequence
from typing import Any

import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.reference.binary_losses import binary_cross_entropy_with_logits, hinge_loss
from utils.reference.multiclass_losses import cross_entropy
from utils.reference.softmax import softmax

__all__ = ["EXERCISES"]

BCE = Exercise(
    key="L4.binary_cross_entropy",
    task="Return the mean binary cross entropy of logits, also where they are huge.",
    solution="""\
def binary_cross_entropy(logits, targets):
    log_1_plus_exp = logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))
    return (log_1_plus_exp - targets * logits).mean()
""",
    reference=binary_cross_entropy_with_logits,
    cases=lambda: [
        Case((torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 0.0]))),
        Case((torch.tensor([150.0, -150.0, 3.0]), torch.tensor([0.0, 1.0, 1.0]))),
    ],
    gradient=True,
    hints=(
        "With the sigmoid put in, both branches become one: log(1 + e^z) − y·z.",
        "e^z overflows from z = 89 on. Take z out: log(1 + e^z) = max(z, 0) + log(1 + e^−|z|).",
        "`logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs())) - targets * logits`, "
        "then `.mean()`.",
    ),
    mistakes=(
        Mistake(
            "Right for small logits, but e^z overflows for large ones: use max(z, 0) and e^−|z|.",
            "logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))",
            "torch.log(1 + torch.exp(logits))",
        ),
        Mistake(
            "Right for small logits, but the sigmoid of a large one is exactly 1, and log(0) is "
            "-inf: work with the logits.",
            "    log_1_plus_exp = logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))\n"
            "    return (log_1_plus_exp - targets * logits).mean()",
            "    p = torch.sigmoid(logits)\n"
            "    return (-targets * p.log() - (1 - targets) * (1 - p).log()).mean()",
        ),
        Mistake("That is the sum: the mean is missing.", ".mean()", ".sum()"),
        Mistake(
            "The labels are swapped: this is the loss for 1 − y.",
            "targets * logits",
            "(1 - targets) * logits",
        ),
        Mistake("The sign of y·z is wrong.", "exp - targets", "exp + targets"),
        Mistake("One branch is missing: the term with y·z.", " - targets * logits", ""),
        Mistake("One loss for each example is left: take their mean.", ".mean()", ""),
        Mistake(
            "The exponent is −|z|: with +|z| it overflows, and the sum is no longer log(1 + e^z).",
            "(-logits.abs())",
            "(logits.abs())",
        ),
        Mistake("The term max(z, 0) is missing.", "logits.clamp(min=0) + ", ""),
        Mistake(
            "`log1p` gets e^−|z|, not −|z|: the exponential is missing.",
            "torch.exp(-logits.abs())",
            "-logits.abs()",
        ),
    ),
)


def _softmax_cases() -> Sequence[Case]:
    batch = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, -1.0], [500.0, 501.0, 499.0]])
    return [Case((torch.tensor([2.0, 0.0, -1.0]),)), Case((batch,))]


SOFTMAX = Exercise(
    key="L5.softmax",
    task="Return the softmax over the last axis, also where the logits are huge.",
    solution="""\
def softmax(logits):
    largest = logits.max(dim=-1, keepdim=True).values
    exps = torch.exp(logits - largest)
    return exps / exps.sum(dim=-1, keepdim=True)
""",
    reference=softmax,
    cases=_softmax_cases,
    hints=(
        "Softmax doesn't change when the same number is taken from all logits of a row.",
        "Subtract each row's largest logit, take `torch.exp`, divide by each row's sum.",
        "Keep the axis so that the rows fit: `.sum(dim=-1, keepdim=True)`, and the same for max.",
    ),
    mistakes=(
        Mistake(
            "Right for small logits, but e^500 overflows: subtract each row's maximum first.",
            "logits - largest",
            "logits",
        ),
        Mistake(
            "You divide by the sum over the whole batch: each row must sum to 1.",
            "exps.sum(dim=-1, keepdim=True)",
            "exps.sum()",
        ),
        Mistake(
            "You divide by the sum over the whole batch, but each row must sum to 1; and e^500 "
            "overflows: subtract each row's maximum first.",
            "    largest = logits.max(dim=-1, keepdim=True).values\n"
            "    exps = torch.exp(logits - largest)\n"
            "    return exps / exps.sum(dim=-1, keepdim=True)\n",
            "    exps = torch.exp(logits)\n    return exps / exps.sum()\n",
        ),
        Mistake(
            "You normalize down the columns: classes are the last axis, `dim=-1`.",
            "dim=-1",
            "dim=0",
        ),
        Mistake(
            "You subtract the largest logit of the whole batch: rows far below it become 0/0.",
            "logits.max(dim=-1, keepdim=True).values",
            "logits.max()",
        ),
        Mistake(
            "The division is missing: the numbers don't sum to 1.", " / exps", " if 1 else exps"
        ),
        Mistake("The exponential is missing.", "torch.exp(logits - largest)", "logits"),
        Mistake(
            "The sums of the rows lie along a row: keep the axis, `.sum(dim=-1, keepdim=True)`.",
            "exps.sum(dim=-1, keepdim=True)",
            "exps.sum(dim=-1)",
        ),
        Mistake(
            "You subtract the largest logit above the fraction bar only: do it below, too.",
            "exps.sum(dim=-1, keepdim=True)",
            "torch.exp(logits).sum(dim=-1, keepdim=True)",
        ),
    ),
)

CROSS_ENTROPY = Exercise(
    key="L6.cross_entropy",
    task="Return the mean of −log softmax at the true class, also where the logits are huge.",
    solution="""\
def cross_entropy(logits, targets):
    log_probs = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
    true = log_probs[torch.arange(len(targets)), targets]
    return -true.mean()
""",
    reference=cross_entropy,
    cases=lambda: [
        Case((torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 3.0]]), torch.tensor([0, 1]))),
        Case((torch.tensor([[300.0, 0.0, 5.0, 1.0]]), torch.tensor([2]))),
        Case((torch.tensor([[1.0, 1.0], [0.0, 2.0], [3.0, -1.0]]), torch.tensor([1, 1, 0]))),
    ],
    gradient=True,
    hints=(
        "Only one term of the sum survives: that of the true class.",
        "`logits - torch.logsumexp(logits, dim=-1, keepdim=True)` is log softmax. Pick from "
        "every row the element that `targets` names.",
        "`log_probs[torch.arange(len(targets)), targets]`, then minus the mean.",
    ),
    mistakes=(
        Mistake("The minus sign is missing.", "-true", "true"),
        Mistake("That is the sum: the mean is missing.", ".mean()", ".sum()"),
        Mistake(
            "You picked the logit: first make it a log probability (subtract logsumexp).",
            " - torch.logsumexp(logits, dim=-1, keepdim=True)",
            "",
        ),
        Mistake(
            "Right for small logits, but softmax of a far smaller logit is exactly 0, and log(0) "
            "is -inf: use logsumexp.",
            "logits - torch.logsumexp(logits, dim=-1, keepdim=True)",
            "torch.log(torch.softmax(logits, dim=-1))",
        ),
        Mistake(
            "All classes count here: only the true class should.",
            "[torch.arange(len(targets)), targets]",
            "",
        ),
        Mistake(
            "You pick columns for the whole batch: one element a row, "
            "`[torch.arange(len(targets)), targets]`.",
            "[torch.arange(len(targets)), targets]",
            "[:, targets]",
        ),
        Mistake("The logarithm is missing: that is minus the probability.", "-true", "-true.exp()"),
        Mistake("One loss for each example is left: take their mean.", ".mean()", ""),
        Mistake(
            "`[targets]` picks whole rows: one element a row is wanted, "
            "`[torch.arange(len(targets)), targets]`.",
            "[torch.arange(len(targets)), targets]",
            "[targets]",
        ),
    ),
)

HINGE = Exercise(
    key="L7.hinge_loss",
    task="Return the mean hinge loss; the targets are -1 or 1.",
    solution="""\
def hinge_loss(scores, targets):
    return (1 - targets * scores).clamp(min=0).mean()
""",
    reference=hinge_loss,
    cases=lambda: [
        Case((torch.tensor([0.5, -2.0, 3.0, 0.2]), torch.tensor([1.0, -1.0, -1.0, 1.0]))),
        Case((torch.tensor([2.0, -3.0]), torch.tensor([1.0, -1.0]))),
    ],
    gradient=True,
    hints=(
        "y·s is positive when the sign is right, and large when it is right by far.",
        "The loss is how much y·s falls short of 1, and never negative.",
        "`(1 - targets * scores).clamp(min=0)`, then `.mean()`.",
    ),
    mistakes=(
        Mistake(
            "The margin is missing: the score must exceed 1, not only 0.",
            "1 - targets * scores",
            "-targets * scores",
        ),
        Mistake("The sign of y·s is wrong: right answers are punished.", "1 - t", "1 + t"),
        Mistake("A loss below zero: what is right by far counts 0.", ".clamp(min=0)", ""),
        Mistake("That is the sum: the mean is missing.", ".mean()", ".sum()"),
        Mistake("That is the squared hinge.", ".mean()", ".square().mean()"),
        Mistake("One loss for each example is left: take their mean.", ".mean()", ""),
        Mistake(
            "You cut at 0 after the mean: cut each loss, or easy notes pay for hard ones.",
            ".clamp(min=0).mean()",
            ".mean().clamp(min=0)",
        ),
        Mistake("The target is missing: y·s, not s, must be large.", "targets * scores", "scores"),
    ),
)


def _roc_point(scores: Any, labels: Any, threshold: float) -> tuple[float, float]:
    """Count with Python's own numbers."""
    pairs = list(zip(scores.tolist(), labels.tolist(), strict=True))
    rates = []
    for label in (0, 1):
        chosen = [score >= threshold for score, y in pairs if y == label]
        rates.append(sum(chosen) / len(chosen))
    return rates[0], rates[1]


ROC = Exercise(
    key="L9.roc_point",
    task="Return false positive rate and true positive rate when score ≥ threshold means yes.",
    solution="""\
def roc_point(scores, labels, threshold):
    said_yes = scores >= threshold
    false_positive_rate = said_yes[labels == 0].float().mean()
    true_positive_rate = said_yes[labels == 1].float().mean()
    return false_positive_rate, true_positive_rate
""",
    reference=_roc_point,
    cases=lambda: [
        Case((torch.tensor([0.9, 0.7, 0.6, 0.5, 0.2]), torch.tensor([1, 1, 0, 1, 0]), 0.55)),
        Case((torch.tensor([0.5, 0.25, 0.75, 0.5, 0.1]), torch.tensor([1, 0, 1, 0, 0]), 0.5)),
    ],
    outputs=("false positive rate", "true positive rate"),
    hints=(
        "Each rate looks at one kind of example only: the negatives, or the positives.",
        "`(scores >= threshold)` is what the detector says; `[labels == 0]` picks the negatives.",
        "`(scores >= threshold)[labels == 0].float().mean()` is the first rate; the second alike.",
    ),
    mistakes=(
        Mistake(
            "The two rates are swapped: the false positive rate comes first.",
            "return false_positive_rate, true_positive_rate",
            "return true_positive_rate, false_positive_rate",
        ),
        Mistake("A score equal to the threshold means yes: use `>=`.", ">=", ">"),
        Mistake("The detector says yes when the score is high, not low.", ">=", "<"),
        Mistake(
            "You divide by all examples: each rate counts one kind only.",
            ".float().mean()",
            ".float().sum() / len(scores)",
        ),
        Mistake("These are counts: divide by how many there are.", ".float().mean()", ".sum()"),
        Mistake(
            "You divide by those that got a yes: divide by those that truly have the label.",
            """\
    false_positive_rate = said_yes[labels == 0].float().mean()
    true_positive_rate = said_yes[labels == 1].float().mean()
""",
            """\
    false_positive_rate = (labels[said_yes] == 0).float().mean()
    true_positive_rate = (labels[said_yes] == 1).float().mean()
""",
        ),
    ),
)

EXERCISES = (BCE, SOFTMAX, CROSS_ENTROPY, HINGE, ROC)
