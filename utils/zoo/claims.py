"""What the lecture says about the models, and what our notes say.

A claim is that one model has more of something than another. Accuracy, and how often a prediction
stays when a note moves, are compared pair by pair on the practice notes: the claim is agreed to if
the whole 95 % interval of the difference lies on its side, disagreed with if it lies on the other
side, and otherwise we can't tell. Parameters are counted. CPU seconds depend on what else the
machine does (the same run took 40 s and 54 s), so less than a factor of 1.5 tells nothing.

These intervals hold the luck of the instruments, not the luck of training: two runs of one network
can lie as far apart as two networks (``Row.by_seed``).

2-D is compared with 1-D by two networks of the same back end (mean + max + L2 over time): how a
shift in time is borne depends on the back end more than on the kernels.
"""

from dataclasses import dataclass
from typing import Final, Literal

from utils.zoo.results import Difference, Table, load_results

__all__ = ["CLAIMS", "Claim", "Finding", "Measure", "Verdict", "find", "load_claims"]

Measure = Literal["by_group", "pitch_same", "time_same", "seconds", "parameters", "macs"]
Verdict = Literal["agree", "disagree", "can't tell"]

TIME_NOISE: Final = 1.5
COUNTED: Final = ("seconds", "parameters", "macs")


@dataclass(frozen=True)
class Claim:
    """First has more of a measure than second, says the lecture.

    Attributes
    ----------
    key : str
        For code.
    row : str
        Of the syllabus.
    text : str
        In words.
    first, second : str
        Names of models.
    measure : str
        "by_group" is accuracy; "pitch_same" and "time_same" how often predictions stay.
    """

    key: str
    row: str
    text: str
    first: str
    second: str
    measure: Measure = "by_group"


@dataclass(frozen=True)
class Finding:
    """What came out for a claim.

    Attributes
    ----------
    claim : Claim
    difference : Difference
        First minus second; low and high are the mean where costs are counted.
    verdict : str
        "agree", "disagree" or "can't tell".
    """

    claim: Claim
    difference: Difference
    verdict: Verdict

    def __str__(self) -> str:
        """Return it in a line."""
        mean, low, high = self.difference
        number = f"{mean:+,.0f}"
        if self.claim.measure not in COUNTED:
            number = f"{100 * mean:+.1f} points ({100 * low:+.1f} … {100 * high:+.1f})"
        return f"{self.claim.row:4} {self.verdict:10} {self.claim.text}: {number}"


CLAIMS: Final[tuple[Claim, ...]] = (
    Claim("learned", "M2", "K-means atoms beat MFCC and histogram", "kmeans", "mfcc_histogram"),
    Claim(
        "deep",
        "M4",
        "a CNN beats sparse coding with a linear layer",
        "lecture_cnn",
        "sparse_coding",
    ),
    Claim("statistics", "M5", "mean + max + L2 beats the average alone", "statistics", "average"),
    Claim("attention", "M5", "attention beats the average", "attention", "average"),
    Claim(
        "shift",
        "M5",
        "averaging over time bears a shift in time better than mean + max + L2",
        "average",
        "statistics",
        "time_same",
    ),
    Claim(
        "pitch",
        "M6",
        "a 2-D network bears a change of pitch better than a 1-D one",
        "statistics",
        "cnn1d",
        "pitch_same",
    ),
    Claim(
        "pitch_average",
        "M6",
        "also with plain averaging as its back end",
        "average",
        "cnn1d",
        "pitch_same",
    ),
    Claim(
        "pitch_lecture",
        "M6",
        "the CNN of the lectures bears a change of pitch better than a 1-D one",
        "lecture_cnn",
        "cnn1d",
        "pitch_same",
    ),
    Claim(
        "time",
        "M6",
        "a 2-D network bears a shift in time better than a 1-D one",
        "statistics",
        "cnn1d",
        "time_same",
    ),
    Claim(
        "better",
        "M6",
        "a 2-D network is more accurate than a 1-D one",
        "statistics",
        "cnn1d",
    ),
    Claim(
        "fast",
        "M6",
        "a 2-D network takes longer to train than a 1-D one",
        "statistics",
        "cnn1d",
        "seconds",
    ),
    Claim(
        "small",
        "M6",
        "a 2-D network has more parameters than a 1-D one (our widths)",
        "statistics",
        "cnn1d",
        "parameters",
    ),
    Claim("both", "M8", "time and frequency kernels beat time kernels", "time_frequency", "time"),
    Claim("order", "M8", "time kernels beat frequency kernels", "time", "frequency"),
    Claim("levels", "M9", "all blocks beat the last block alone", "multi_level", "level_3"),
    Claim("crnn", "M10", "a CRNN beats the FCN", "crnn", "fcn"),
    Claim(
        "crnn_slow", "M10", "a CRNN takes longer to train than the FCN", "crnn", "fcn", "seconds"
    ),
    Claim(
        "recipe",
        "M11",
        "the recipe helps the CNN of the lectures",
        "lecture_cnn",
        "lecture_cnn_plain",
    ),
)


def find(claim: Claim, table: Table) -> Finding:
    """Return what a table says about a claim.

    Parameters
    ----------
    claim : Claim
        One of ``CLAIMS``.
    table : Table
        The rows of the zoo.

    Returns
    -------
    Finding
    """
    if claim.measure in COUNTED:
        one, other = (
            float(getattr(table.row(name), claim.measure)) for name in (claim.first, claim.second)
        )
        amount = Difference(one - other, one - other, one - other)
        if claim.measure == "seconds" and max(one, other) < TIME_NOISE * min(one, other):
            return Finding(claim, amount, "can't tell")
        return Finding(claim, amount, "agree" if one > other else "disagree")
    difference = table.difference(claim.first, claim.second, claim.measure)
    verdicts: dict[str, Verdict] = {"higher": "agree", "lower": "disagree"}
    return Finding(claim, difference, verdicts.get(difference.verdict, "can't tell"))


def load_claims() -> list[Finding]:
    """Return all claims with what the cached results say about them.

    Returns
    -------
    list of Finding

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    table = load_results()
    known = {row.name for row in table.rows}
    return [find(claim, table) for claim in CLAIMS if {claim.first, claim.second} <= known]
