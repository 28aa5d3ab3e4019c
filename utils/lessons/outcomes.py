"""What a function does on all cases of an exercise: values, gradients, or an error.

Two functions that do the same on all cases count as the same answer, however they are
written. That is how a known mistake is recognized.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from utils.lessons.exercise import Case, Exercise, Function
from utils.lessons.values import same

__all__ = ["Outcome", "alike", "outcomes", "returned"]

TOO_COMMON = ("NameError", "SyntaxError", "IndentationError", "UnboundLocalError")
"""Errors that say nothing about which mistake it is."""


@dataclass(frozen=True)
class Outcome:
    """What came of one case.

    Attributes
    ----------
    case : Case
        The input.
    seen : dict
        What can be seen by its name; the plain value is called ``""``.
    error : BaseException or None
        What the function raised.
    """

    case: Case
    seen: dict[str, Any]
    error: BaseException | None = None


def outcomes(exercise: Exercise, function: Function) -> list[Outcome]:
    """Run a function on fresh cases of an exercise; it prints nothing and never raises."""
    found = []
    for case in exercise.cases():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                seen = _observe(exercise, function, case)
            found.append(Outcome(case, seen))
        except (Exception, SystemExit) as error:
            found.append(Outcome(case, {}, error))
    return found


def alike(
    a: Sequence[Outcome],
    b: Sequence[Outcome],
    *,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    inside: bool = False,
) -> bool:
    """Return whether two functions did the same on all cases.

    Parameters
    ----------
    a, b : sequence of Outcome
        Of the same exercise.
    rtol, atol : float
        Allowed differences.
    inside : bool
        Whether to compare also what is named in parentheses: how a function works, which
        tells mistakes apart but doesn't count for being right.

    Returns
    -------
    bool
        True if nothing differs.
    """
    return all(_alike(x, y, rtol, atol, inside) for x, y in zip(a, b, strict=True))


def returned(exercise: Exercise, value: Any) -> dict[str, Any]:
    """Return what a function returned, its parts by their names."""
    if exercise.outputs and isinstance(value, tuple | list):
        if len(value) == len(exercise.outputs):
            return dict(zip(exercise.outputs, value, strict=True))
        return {"number of values returned": len(value)}
    return {"": value}


def _observe(exercise: Exercise, function: Function, case: Case) -> dict[str, Any]:
    if exercise.observe:
        return exercise.observe(function, case)
    if not exercise.gradient:
        return returned(exercise, function(*case.arguments))
    arguments = [_leaf(x) for x in case.arguments]
    value = function(*arguments)
    return {"": value, **_gradients(value, arguments)}


def _leaf(x: Any) -> Any:
    is_float = hasattr(x, "is_floating_point") and x.is_floating_point()
    return x.clone().requires_grad_() if is_float else x


def _gradients(value: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    import torch

    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return {"gradient": "none"}
    leaves = [x for x in arguments if getattr(x, "requires_grad", False)]
    slopes = torch.autograd.grad(value.sum(), leaves[:1], allow_unused=True)
    return {"gradient": "none" if slopes[0] is None else slopes[0]}


def _alike(a: Outcome, b: Outcome, rtol: float, atol: float, inside: bool) -> bool:
    if a.error or b.error:
        name = type(a.error).__name__
        return name == type(b.error).__name__ and name not in TOO_COMMON
    first, second = _visible(a, inside), _visible(b, inside)
    if first.keys() != second.keys():
        return False
    return all(same(first[k], second[k], rtol=rtol, atol=atol) for k in first)


def _visible(outcome: Outcome, inside: bool) -> dict[str, Any]:
    return {k: v for k, v in outcome.seen.items() if inside or not k.startswith("(")}
