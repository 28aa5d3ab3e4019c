"""Run a student's function and say whether it is right, or what the likely mistake is.

A check never raises, so that *Run All* goes on below an exercise that is not solved yet.
"""

from dataclasses import dataclass
from typing import Any

from utils.errors import ParameterError
from utils.lessons import explanations
from utils.lessons.catalog import find_exercise
from utils.lessons.exercise import Exercise
from utils.lessons.outcomes import alike, outcomes
from utils.lessons.rich import Note
from utils.lessons.store import recall, remember

__all__ = ["CheckResult", "check"]


@dataclass(frozen=True, repr=False)
class CheckResult(Note):
    """What a check found; the last line of a cell shows it.

    Attributes
    ----------
    kind, title, paragraphs, folded
        As in :class:`utils.lessons.rich.Note`.
    passed : bool
        Whether the answer is right; also its truth value.
    """

    passed: bool = False

    def __bool__(self) -> bool:
        return self.passed


def check(key: str, answer: Any) -> CheckResult:
    """Compare a student's function with the reference, on the inputs of the exercise.

    Parameters
    ----------
    key : str
        Of the exercise, such as ``"L3.mean_squared_error"``.
    answer : Callable
        What the student wrote.

    Returns
    -------
    CheckResult
        Shown as the last line of a cell; ``.passed`` tells the outcome. Nothing is raised.
    """
    try:
        exercise = find_exercise(key)
    except ParameterError as error:
        return CheckResult("wrong", "This check has no exercise", (str(error),))
    result = _judge(exercise, answer)
    if result.kind != "info":
        _keep(key, passed=result.passed)
    return result


def _judge(exercise: Exercise, answer: Any) -> CheckResult:
    found = outcomes(exercise, answer) if callable(answer) else []
    if explanations.is_unwritten(answer, found):
        return CheckResult("info", f"{exercise.name}: not written yet", (exercise.task,))
    if not found:
        words = f"Expected the function `{exercise.name}`, got {type(answer).__name__}: "
        return _wrong(exercise, words + "hand it over by its name, without calling it.")
    right = outcomes(exercise, exercise.reference)
    if alike(right, found, rtol=exercise.rtol, atol=exercise.atol):
        n_inputs = "1 input" if len(found) == 1 else f"{len(found)} inputs"
        return CheckResult("right", f"{exercise.name} is right", (f"On {n_inputs}.",), passed=True)
    words = explanations.known_mistake(exercise, found) or ""
    words = words or explanations.general_slip(right, found) or ""
    place = explanations.first_difference(exercise, answer, right, found)
    detail = f"{place[1]}\nFirst seen with {place[0]}" if place else ""
    return _wrong(exercise, words, detail)


def _wrong(exercise: Exercise, words: str, detail: str = "") -> CheckResult:
    help_line = f'For help run `hint("{exercise.key}")`.'
    title = f"{exercise.name} is not right yet"
    return CheckResult("wrong", title, (f"**{words}**" if words else "", detail, help_line))


def _keep(key: str, *, passed: bool) -> None:
    before = recall("checks").get(key, {})
    record = {
        "passed": passed or bool(before.get("passed")),
        "tries": int(before.get("tries", 0)) + 1,
    }
    remember("checks", key, record)
