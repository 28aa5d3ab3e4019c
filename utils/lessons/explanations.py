"""Why an answer is wrong, in words: not written, an error, a known mistake, a general slip."""

import dis
import inspect
import traceback
from collections.abc import Sequence
from types import CodeType
from typing import Any

import numpy as np

from utils.lessons.exercise import Exercise, Function
from utils.lessons.outcomes import Outcome, alike, outcomes
from utils.lessons.values import as_array, difference, show

__all__ = [
    "NO_RETURN",
    "error_line",
    "first_difference",
    "general_slip",
    "is_unwritten",
    "known_mistake",
]

NO_RETURN = "Your function returns nothing: is `return` missing, or did you `print` instead?"
IDLE = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "COPY_FREE_VARS"}


def is_unwritten(answer: Any, found: Sequence[Outcome]) -> bool:
    """Return whether the answer is still the empty frame that the lecture gave."""
    if answer is None or answer is ...:
        return True
    if any(_is_gap(outcome.error) for outcome in found):
        return True
    if any(_has_gap(value) for outcome in found for value in outcome.seen.values()):
        return True
    return any(_is_idle(code) for code in _codes(answer))


def _is_idle(code: CodeType) -> bool:
    """Return whether a code does nothing but return None (or the gap itself)."""
    return all(
        step.opname in IDLE and ("CONST" not in step.opname or step.argval in (None, ...))
        for step in dis.get_instructions(code)
    )


def _codes(answer: Any) -> list[CodeType]:
    """Return the code of a function, or of all methods of a class."""
    members = vars(answer).values() if inspect.isclass(answer) else [answer]
    codes = [getattr(member, "__code__", None) for member in members]
    return [code for code in codes if code is not None]


def _is_gap(error: BaseException | None) -> bool:
    return isinstance(error, NotImplementedError) or (
        isinstance(error, TypeError) and "ellipsis" in str(error).lower()
    )


def _has_gap(value: Any) -> bool:
    parts = value if isinstance(value, tuple | list) else (value,)
    return any(part is ... or part is NotImplemented for part in parts)


def error_line(error: BaseException, answer: Any) -> str:
    """Return an error of the student's code in one line, with the line's number and text."""
    message = " ".join(str(error).split())
    words = f"{type(error).__name__}: {message}" if message else type(error).__name__
    files = {code.co_filename for code in _codes(answer)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    if not frames:
        return f"When it is called, it stops with {words}"
    text = f" (`{frames[-1].line.strip()}`)" if frames[-1].line else ""
    return f"Line {frames[-1].lineno}{text} stops with {words}"


def known_mistake(exercise: Exercise, found: Sequence[Outcome]) -> str | None:
    """Return the words of the stored mistake that behaves like the answer, if one does."""
    for mistake in exercise.mistakes:
        wrong = exercise.function_from(exercise.wrong_source(mistake))
        seen = outcomes(exercise, wrong)
        if alike(found, seen, rtol=exercise.rtol, atol=exercise.atol, inside=True):
            return mistake.words
    return None


def first_difference(
    exercise: Exercise, answer: Function, right: Sequence[Outcome], found: Sequence[Outcome]
) -> tuple[str, str] | None:
    """Return the first input where answer and reference differ, and how; None if nowhere."""
    for expected, got in zip(right, found, strict=True):
        if got.error:
            return _input(exercise, got), error_line(got.error, answer)
        for name, value in expected.seen.items():
            if name.startswith("("):
                continue
            if name not in got.seen:
                return _input(exercise, got), _missing(exercise, name, got)
            words = difference(value, got.seen[name], rtol=exercise.rtol, atol=exercise.atol)
            if words:
                return _input(exercise, got), f"{name}: {words}" if name else words
    return None


def _missing(exercise: Exercise, name: str, got: Outcome) -> str:
    """Return words for a part that the answer does not have."""
    if exercise.outputs:
        return f"expected {len(exercise.outputs)} values: {', '.join(exercise.outputs)}"
    instead = f"your function returned {show(got.seen[''])}" if "" in got.seen else "it is missing"
    return f"{name}: {instead}" if name else instead


def _input(exercise: Exercise, outcome: Outcome) -> str:
    if outcome.case.label:
        return outcome.case.label
    names = inspect.signature(exercise.reference).parameters
    pairs = zip(names, outcome.case.arguments, strict=False)
    return ", ".join(f"{name} = {show(value)}" for name, value in pairs)


def general_slip(right: Sequence[Outcome], found: Sequence[Outcome]) -> str | None:
    """Return words for a slip that any exercise can suffer: sign, factor, shape, overflow."""
    if any(value is None for outcome in found for value in outcome.seen.values()):
        return NO_RETURN
    if _lost_gradient(right, found):
        return "The value is right, but no gradient flows: stay with tensors, without `.item()`."
    pairs = [pair for a, b in zip(right, found, strict=True) for pair in _arrays(a, b)]
    if not pairs:
        return None
    if any(np.isfinite(a).all() and not np.isfinite(b).all() for a, b in pairs):
        return "You get inf or nan: a number overflowed, or you took the log of 0 or divided by 0."
    if misfits := [(a, b) for a, b in pairs if a.shape != b.shape]:
        return _misfit(misfits)
    ratios = [b[a != 0] / a[a != 0] for a, b in pairs if np.any(a != 0)]
    return _factor(np.concatenate(ratios)) if ratios else None


def _misfit(pairs: Sequence[tuple[Any, Any]]) -> str | None:
    if all(a.shape == b.shape[::-1] and np.allclose(a, b.T) for a, b in pairs):
        return "Your result is transposed: rows and columns changed places."
    if all(a.ndim == 0 and b.size > 1 for a, b in pairs):
        return "One number is expected, you return more: is `.mean()` (or `.sum()`) missing?"
    return None


def _factor(ratio: np.ndarray[Any, Any]) -> str | None:
    if len(ratio) < 2 or not np.allclose(ratio, ratio[0], rtol=1e-3) or ratio[0] == 0:
        return None
    if np.isclose(ratio[0], 1, rtol=1e-3):  # what is wrong is elsewhere, such as an error
        return None
    if np.isclose(ratio[0], -1):
        return "Every number has the wrong sign."
    return f"Every number is {ratio[0]:.3g} times what it should be: a constant factor is wrong."


def _lost_gradient(right: Sequence[Outcome], found: Sequence[Outcome]) -> bool:
    """Return whether all values are right, but some gradient is missing."""
    pairs = [(a.seen, b.seen) for a, b in zip(right, found, strict=True)]
    lost = any("gradient" in a and isinstance(b.get("gradient"), str) for a, b in pairs)
    return lost and all(
        "" in a and "" in b and difference(a[""], b[""], rtol=1e-3) is None for a, b in pairs
    )


def _arrays(right: Outcome, found: Outcome) -> list[tuple[Any, Any]]:
    names = [name for name in right.seen if name in found.seen]
    pairs = [(as_array(right.seen[name]), as_array(found.seen[name])) for name in names]
    return [(a, b) for a, b in pairs if a is not None and b is not None and a.dtype.kind != "b"]
