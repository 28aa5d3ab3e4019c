"""The curve quiz: every network shows what its answer says."""

from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from utils.widgets.curve_quiz.cases import ANSWERS, CASES, GUESSING
from utils.widgets.curve_quiz.widget import CurveQuiz


def test_each_answer_occurs_once() -> None:
    assert sorted(case.answer for case in CASES) == sorted(ANSWERS)


def test_the_curves_show_what_the_answers_say() -> None:
    cards = CurveQuiz().config["options"]["cards"]
    by_answer = {case.answer: card for case, card in zip(CASES, cards, strict=True)}
    ends = {
        name: (card["train_loss"][-1], card["validation_loss"][-1], min(card["validation_loss"]))
        for name, card in by_answer.items()
    }
    train, validation, lowest = ends["overfitting"]
    assert train < 0.1
    assert validation > 1.5 * lowest
    train, validation, _ = ends["underfitting"]
    assert 1.8 < train < GUESSING
    assert validation == pytest.approx(train, abs=0.1)
    train, validation, _ = ends["good fit"]
    assert 0.85 < train < 1
    assert validation == pytest.approx(train, abs=0.1)
    train, validation, _ = ends["learning rate too high"]
    assert 1.2 < train < 1.6
    steps = by_answer["learning rate too high"]["validation_loss"]
    assert sum(b > a for a, b in pairwise(steps)) > 12
    _, validation, _ = ends["leak"]
    assert by_answer["leak"]["test_loss"] > 3 * validation
    for name in ("overfitting", "underfitting", "good fit"):
        assert by_answer[name]["test_loss"] == pytest.approx(ends[name][2], rel=0.1)


def test_words_and_picture() -> None:
    widget = CurveQuiz(card=5)
    assert widget.describe(widget.state).startswith("Network 5 of 5. Training loss from 2.39")
    assert "Answer" not in widget.describe(widget.state)
    leak = list(ANSWERS).index("leak")
    widget.set(answers=[-1, -1, -1, -1, leak], test=True)
    assert widget.describe(widget.state).endswith("Test loss 1.37. Answer: leak. Right.")
    widget.set(answers=[-1, -1, -1, -1, 0])
    assert widget.describe(widget.state).endswith("Not this one.")
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes[0].lines) == 4
