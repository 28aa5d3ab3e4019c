"""Exercises of lecture 04 on what a score is worth: leaks, capacity, error bars, splits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from utils.lessons.exercise import Case, Exercise, Function, Mistake
from utils.reference.polynomial import polynomial_fit

__all__ = ["EXERCISES"]


def _leak(train_groups: Any, test_groups: Any) -> float:
    heard = set(train_groups.tolist())
    return sum(group in heard for group in test_groups.tolist()) / len(test_groups)


def _leak_cases() -> Sequence[Case]:
    train = np.array(["piano 1", "piano 1", "oboe 2", "flute 1", "flute 1", "flute 1"])
    return [
        Case((train, np.array(["piano 1", "oboe 7", "piano 1", "harp 3"])), "half is known"),
        Case((train, np.array(["organ 1", "organ 2", "flute 1"])), "a third is known"),
        Case((train, np.array(["organ 1", "harp 1"])), "nothing is known"),
    ]


LEAK = Exercise(
    key="F1.leak",
    task="Return the share of the test notes whose instrument occurs in training.",
    solution="""\
def leak(train_groups, test_groups):
    known = np.isin(test_groups, train_groups)
    return known.mean()
""",
    reference=_leak,
    cases=_leak_cases,
    hints=(
        "Ask each **test** note: is its instrument among those of the training notes?",
        "`np.isin(a, b)` says for every element of a whether it occurs in b.",
        "`np.isin(test_groups, train_groups).mean()`.",
    ),
    mistakes=(
        Mistake(
            "The wrong way round: that is the share of training notes.",
            "np.isin(test_groups, train_groups)",
            "np.isin(train_groups, test_groups)",
        ),
        Mistake("That is the share of unknown instruments: the opposite.", "np.isin", "~np.isin"),
        Mistake("That is a number of notes: divide by how many there are.", ".mean()", ".sum()"),
        Mistake(
            "Divide by the number of test notes, not of training notes.",
            "known.mean()",
            "known.sum() / len(train_groups)",
        ),
        Mistake(
            "You count instruments, not notes: leave repeated ones in.",
            "np.isin(test_groups,",
            "np.isin(np.unique(test_groups),",
        ),
    ),
)


def _best_degree(x: Any, y: Any, x_val: Any, y_val: Any, degrees: Sequence[int]) -> int:
    train, test = torch.from_numpy(x), torch.from_numpy(x_val)
    domain = (float(x.min()), float(x.max()))
    errors = {}
    for degree in degrees:
        fitted = polynomial_fit(train, torch.from_numpy(y), degree=degree, domain=domain)
        errors[degree] = float((fitted(test) - torch.from_numpy(y_val)).square().mean())
    return min(errors, key=lambda degree: errors[degree])


def _degree_cases() -> Sequence[Case]:
    cases = []
    for seed, degrees in ((1, [7, 9, 1, 3, 5]), (4, [2, 6, 8, 4])):
        generator = np.random.default_rng(seed)
        x, x_val = np.linspace(-1, 1, 14), np.linspace(-0.95, 0.95, 11)
        y, y_val = (np.sin(3 * at) + 0.4 * generator.standard_normal(len(at)) for at in (x, x_val))
        cases.append(Case((x, y, x_val, y_val, degrees), f"degrees {degrees}"))
    return cases


BEST_DEGREE = Exercise(
    key="F2.best_degree",
    task="Fit polynomials on the training points; return the degree that is best on validation.",
    solution="""\
def best_degree(x, y, x_val, y_val, degrees):
    errors = []
    for degree in degrees:
        w = np.polyfit(x, y, degree)
        errors.append(np.mean((np.polyval(w, x_val) - y_val) ** 2))
    return degrees[np.argmin(errors)]
""",
    reference=_best_degree,
    cases=_degree_cases,
    hints=(
        "Two sets, two tasks: one for fitting, the other for choosing.",
        "`w = np.polyfit(x, y, degree)` fits, `np.polyval(w, x_val)` predicts.",
        "Collect the mean squared errors on validation; return `degrees[np.argmin(errors)]`.",
    ),
    mistakes=(
        Mistake(
            "You choose on the training points: there the largest degree always wins.",
            "np.polyval(w, x_val) - y_val",
            "np.polyval(w, x) - y",
        ),
        Mistake(
            "The sets are swapped: fit on training, choose on validation.",
            "(x, y, degree)\n        errors.append(np.mean((np.polyval(w, x_val) - y_val)",
            "(x_val, y_val, degree)\n        errors.append(np.mean((np.polyval(w, x) - y)",
        ),
        Mistake("That is the worst degree: the smallest error is wanted.", "argmin", "argmax"),
        Mistake(
            "Square the differences: else errors up and down cancel.",
            "np.mean((np.polyval(w, x_val) - y_val) ** 2)",
            "np.mean(np.polyval(w, x_val) - y_val)",
        ),
        Mistake(
            "That is a place in the list: return the degree that stands there.",
            "degrees[np.argmin(errors)]",
            "np.argmin(errors)",
        ),
        Mistake(
            "That is the error: return the degree.", "degrees[np.argmin(errors)]", "min(errors)"
        ),
    ),
)


def _resampled(rates: Any, n_resamples: int, generator: np.random.Generator) -> Any:
    """Draw how often each instrument occurs, in place of the instruments one by one."""
    count = len(rates)
    times = generator.multinomial(count, np.full(count, 1 / count), size=n_resamples)
    return times @ rates / count


def _observe_resampled(function: Function, case: Case) -> dict[str, Any]:
    rates, n_resamples, seed = case.arguments
    found = function(rates.copy(), n_resamples, np.random.default_rng(seed))
    if found is None or found is ...:
        return {"": found}
    values = np.asarray(found, dtype=float)
    return {
        "how many accuracies": list(values.shape),
        "their mean": round(float(values.mean()), 2),
        "their standard deviation": float(values.std()),
    }


RESAMPLE = Exercise(
    key="F3.resampled_accuracies",
    task="Draw as many instruments as there are, with replacement; return the mean of each draw.",
    solution="""\
def resampled_accuracies(rates, n_resamples, generator):
    n = len(rates)
    drawn = generator.integers(n, size=(n_resamples, n))
    return rates[drawn].mean(1)
""",
    reference=_resampled,
    cases=lambda: [
        Case((np.array([0.0, 1.0, 0.2, 0.9, 0.4, 1.0, 0.7]), 6000, 1), "7 instruments, 6000 draws")
    ],
    observe=_observe_resampled,
    rtol=0.04,
    hints=(
        "One resample: n positions, drawn from 0 to n − 1, some of them several times.",
        "`generator.integers(n, size=(n_resamples, n))` draws all of them at once, a row each.",
        "`rates[drawn]` has the same shape; take the mean of each row.",
    ),
    mistakes=(
        Mistake(
            "You draw without replacement: every draw has the same instruments.",
            "drawn = generator.integers(n, size=(n_resamples, n))",
            "drawn = np.array([generator.permutation(n) for _ in range(n_resamples)])",
        ),
        Mistake(
            "One instrument a draw: as many as the test set has are needed.",
            "(n_resamples, n)",
            "(n_resamples, 1)",
        ),
        Mistake("The mean goes over the wrong axis: one number a draw.", ".mean(1)", ".mean(0)"),
        Mistake("That is one mean of all draws: keep them apart.", ".mean(1)", ".mean()"),
        Mistake("That is the sum: take the mean of each draw.", ".mean(1)", ".sum(1)"),
    ),
)


def _split(n: int, ratios: Sequence[float], generator: np.random.Generator) -> Any:
    order = generator.permutation(n)
    first, second, all_ = (round(end * n / sum(ratios)) for end in np.cumsum(ratios))
    return order[:first], order[first:second], order[second:all_]


def _observe_split(function: Function, case: Case) -> dict[str, Any]:
    n, ratios, seed = case.arguments
    found = function(n, ratios, np.random.default_rng(seed))
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        return {"": found}
    parts = [np.asarray(part).astype(int).tolist() for part in found]
    every = [position for part in parts for position in part]
    return {
        "sizes": [len(part) for part in parts],
        "positions that are missing": len(set(range(n)) - set(every)),
        "positions in two parts": len(every) - len(set(every)),
        "shuffled": every != sorted(every),
    }


SPLIT = Exercise(
    key="F4.train_validation_test_split",
    task="Return positions for training, validation and test, shuffled, in the given ratios.",
    solution="""\
def train_validation_test_split(n, ratios, generator):
    order = generator.permutation(n)
    shares = np.array(ratios) / sum(ratios)
    a = round(n * shares[0])
    b = round(n * (shares[0] + shares[1]))
    return order[:a], order[a:b], order[b:]
""",
    reference=_split,
    cases=lambda: [
        Case((50, (7, 2, 1), 0), "n = 50, ratios (7, 2, 1)"),
        Case((1000, (9, 0.5, 0.5), 1), "n = 1000, ratios (9, 0.5, 0.5)"),
    ],
    observe=_observe_split,
    hints=(
        "Shuffle all positions once, then cut the list at two places.",
        "Only the proportion counts: divide the ratios by their sum, then multiply by n.",
        "`order[:a], order[a:b], order[b:]` with a after the first share, b after the second.",
    ),
    mistakes=(
        Mistake(
            "Nothing is shuffled: the notes are sorted by instrument.",
            "generator.permutation(n)",
            "np.arange(n)",
        ),
        Mistake("Validation begins at 0: its notes were trained on.", "order[a:b]", "order[:b]"),
        Mistake("Validation and test share notes: test begins at b.", "order[b:]", "order[a:]"),
        Mistake(
            "The second cut comes after training and validation: add both shares.",
            "n * (shares[0] + shares[1])",
            "n * shares[1]",
        ),
        Mistake(
            "`int` cuts off 44.99…: use `round`.",
            "round(n * (shares[0] + shares[1]))",
            "int(n * (shares[0] + shares[1]))",
        ),
        Mistake("Divide the ratios by their sum: 8:1:1 means 0.8 …", " / sum(ratios)", ""),
        Mistake(
            "Validation and test are in the wrong order.",
            "order[a:b], order[b:]",
            "order[b:], order[a:b]",
        ),
    ),
)

EXERCISES = (LEAK, BEST_DEGREE, RESAMPLE, SPLIT)
