"""Every exercise: its solution passes, an empty frame does not, each mistake gets its words."""

import ast
import warnings

import pytest

from utils.errors import ParameterError
from utils.lessons.catalog import LECTURES, exercises_of, find_exercise, lecture_of
from utils.lessons.checking import check
from utils.lessons.exercise import Exercise, Mistake
from utils.lessons.outcomes import alike, outcomes

EXERCISES = {
    key: exercise
    for lecture in LECTURES.values()
    for key, exercise in exercises_of(lecture).items()
}
MISTAKES = [
    pytest.param(exercise, mistake, id=f"{key}: {mistake.words}")
    for key, exercise in EXERCISES.items()
    for mistake in exercise.mistakes
]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@every_exercise
def test_the_solution_passes(exercise):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = check(exercise.key, exercise.function_from(exercise.solution))
    assert result.passed, result


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_known_mistake_gets_its_words(exercise, mistake):
    wrong = exercise.function_from(exercise.wrong_source(mistake))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = check(exercise.key, wrong)
    assert not result.passed
    assert result.paragraphs[0] == f"**{mistake.words}**"


@every_exercise
@pytest.mark.parametrize("body", ["...", "return ...", "pass", "raise NotImplementedError"])
def test_an_empty_frame_is_not_written_yet(exercise, body):
    function = ast.parse(exercise.solution).body[0]
    methods = [function] if isinstance(function, ast.FunctionDef) else function.body
    for method in methods:
        if method.name != "__init__":
            method.body = ast.parse(body).body
    result = check(exercise.key, exercise.function_from(ast.unparse(function)))
    assert not result.passed
    assert "not written yet" in result.title


@every_exercise
def test_it_has_all_that_it_needs(exercise):
    row, name = exercise.key.split(".")
    assert exercise.rows == (row,)
    assert len(exercise.hints) == 3
    assert len(set(exercise.hints)) == 3
    assert len(exercise.mistakes) >= 3
    assert len({mistake.words for mistake in exercise.mistakes}) == len(exercise.mistakes)
    (definition,) = ast.parse(exercise.solution).body
    assert definition.name == name
    lines = [line for line in exercise.solution.splitlines() if line.strip()]
    assert len(lines) - 1 <= 8
    assert max(map(len, lines)) <= 88
    assert exercise.task.endswith(".")
    assert len(exercise.task) <= 100


@every_exercise
def test_cases_are_new_each_time(exercise):
    """An answer that changes its inputs in place must not spoil the next run."""
    first = outcomes(exercise, exercise.reference)
    for case in exercise.cases():
        for argument in case.arguments:
            if hasattr(argument, "zero_") and argument.is_leaf:
                argument.zero_()
    names = ("N4.training_step",)  # its points are constants, which no answer gets to change
    if exercise.key not in names:
        assert alike(first, outcomes(exercise, exercise.reference))


def test_keys_belong_to_lectures():
    for key in EXERCISES:
        assert find_exercise(key).key == key
        assert key in exercises_of(lecture_of(key))
    with pytest.raises(ParameterError, match=r"expected the key of an exercise \(L5.softmax"):
        find_exercise("L5.softmaxx")
    with pytest.raises(ParameterError, match="begins with one of N, L"):
        lecture_of("Q1.x")


def test_a_replacement_that_no_longer_fits_is_an_error():
    exercise = find_exercise("L5.softmax")
    with pytest.raises(ParameterError, match="in the solution of L5"):
        exercise.wrong_source(Mistake("words", "no such text", ""))
    assert isinstance(exercise, Exercise)
