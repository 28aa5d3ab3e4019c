"""What a check says to answers that nobody foresaw."""

import pytest
import torch

from utils.lessons.catalog import find_exercise
from utils.lessons.checking import check
from utils.lessons.explanations import first_difference
from utils.lessons.hints import hint
from utils.lessons.outcomes import Outcome
from utils.lessons.progress import progress
from utils.lessons.store import recall

KEY = "L3.mean_squared_error"


def raises(prediction, target):
    return torch.no_such_function(prediction)


def recurses(prediction, target):
    return recurses(prediction, target)


def leaves(prediction, target):
    raise SystemExit


def prints(prediction, target):
    print("loud")


def spoils(prediction, target):
    result = (prediction.detach() - target).square().mean()
    prediction.data.zero_()
    return result


ANSWERS = {
    "an error": (raises, "stops with AttributeError: module 'torch' has no attribute"),
    "endless": (recurses, "RecursionError"),
    "exit": (leaves, "SystemExit"),
    "print": (prints, "`return` missing"),
    "number": (lambda p, t: (p - t).square().mean().item(), "no gradient flows"),
    "sign": (lambda p, t: -(p - t).square().mean(), "wrong sign"),
    "factor": (lambda p, t: 3 * (p - t).square().mean(), "3 times what it should be"),
    "overflow": (lambda p, t: (p - t).square().mean() / 0, "inf or nan"),
    "shape": (lambda p, t: (p - t).square().mean(0, keepdim=True), "expected shape"),
    "many": (lambda p, t: 5 * (p - t).square(), "One number is expected"),
    "arguments": (lambda p: p, "takes 1 positional argument but 2 were given"),
    "text": (lambda p, t: "4.1", "expected 4.148, got '4.1'"),
    "value": (3.0, "got float"),
    "spoiled": (spoils, "no gradient flows"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_any_answer_gets_words(name, capsys):
    answer, words = ANSWERS[name]
    result = check(KEY, answer)
    assert not result
    assert words in repr(result)
    assert 'hint("L3.mean_squared_error")' in repr(result)
    assert "✗" in result._repr_html_()
    assert "not right yet" in result._repr_html_()
    assert capsys.readouterr().out == ""


def test_the_line_of_an_error_is_named():
    source = "def mean_squared_error(prediction, target):\n    x = 1\n    return target.nothing\n"
    names = {}
    exec(compile(source, "<cell>", "exec"), names)
    assert "Line 3 stops with AttributeError" in repr(check(KEY, names["mean_squared_error"]))


def test_other_ways_to_write_it_are_right():
    assert check(KEY, torch.nn.functional.mse_loss).passed
    assert check(KEY, lambda p, t: torch.mean((t - p) ** 2)).passed
    assert check("L5.softmax", lambda z: torch.nn.functional.softmax(z, -1)).passed
    assert check("L6.cross_entropy", torch.nn.functional.cross_entropy).passed


def test_transposed_result_is_named():
    wrong = lambda x, w1, b1, w2, b2: (torch.tanh(x @ w1.T + b1) @ w2.T + b2).T  # noqa: E731
    assert "transposed" in repr(check("N2.mlp", wrong))


def test_too_few_results_are_named():
    wrong = lambda theta, velocity, gradient, lr, momentum: theta  # noqa: E731
    assert "expected 2 values: theta, velocity" in repr(check("O3.momentum_step", wrong))


def test_numbers_that_are_right_get_no_factor():
    """A dot product is right for one example and an error for a batch."""
    result = check("N1.neuron", lambda x, w, b: torch.sigmoid(torch.dot(x, w) + b))
    assert "stops with RuntimeError" in repr(result)
    assert "times what it should be" not in repr(result)


def test_a_gradient_is_missed_only_where_all_values_are_right():
    result = check("L7.hinge_loss", lambda s, y: max(0, (1 - y * s).mean()))
    assert "expected 1.325, got 1.075" in repr(result)
    assert "The value is right" not in repr(result)


@pytest.mark.parametrize(
    ("seen", "words"),
    [({"": "x"}, "lost: your function returned 'x'"), ({"other": 1}, "lost: it is missing")],
)
def test_a_missing_part_of_no_tuple_is_named(seen, words):
    exercise = find_exercise(KEY)
    case = exercise.cases()[0]
    right, found = Outcome(case, {"lost": 1.0}), Outcome(case, seen)
    _, said = first_difference(exercise, raises, [right], [found])
    assert said == words


@pytest.mark.parametrize("key", ["L3.nothing", "?", ""])
def test_an_unknown_key_never_raises(key):
    assert not check(key, None).passed
    assert "no" in hint(key).title


def test_progress_counts_checks_and_hints():
    check(KEY, ...)
    assert recall("checks") == {}
    check(KEY, raises)
    check(KEY, torch.nn.functional.mse_loss)
    check(KEY, raises)
    assert recall("checks") == {KEY: {"passed": True, "tries": 3}}
    assert [hint(KEY).title for _ in range(4)] == [
        "Hint 1 of 3",
        "Hint 2 of 3",
        "Hint 3 of 3",
        "Hint 3 of 3",
    ]
    losses = progress().lectures[1]
    assert (losses.solved, losses.hints, losses.self_check) == (1, 3, None)
    assert "1 of 9" in progress()._repr_html_()
    page = progress()._repr_html_()
    scrolled, after = page.split("</table></div>")
    assert "overflow-x:auto" in scrolled
    assert "predic\u00adtions" in scrolled, "a phone needs a place to break the word"
    assert "overflow-wrap:anywhere" in after
    assert repr(progress()).splitlines()[1].startswith("01 Losses: 0 predictions, 1 of 9")
