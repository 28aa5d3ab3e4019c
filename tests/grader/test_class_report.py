"""Numbers and page of a class, and all pages of a results folder."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Assignment, load_assignment
from grader.class_numbers import family_recalls, histogram, items, spread
from grader.class_report import render_class_page, write_class_page
from grader.model_tests import QuestionResult
from grader.policy.attempts import Attempt
from grader.policy.keys import AttemptPolicy
from grader.policy.late import LatePolicy
from grader.policy.settle import Inputs, settle
from grader.report import Standing, render_page
from grader.results import Result
from tests.grader.test_report import _Checker, rejected
from tests.grader.test_settle import LATE, one, times
from utils.notes.vocabulary import FAMILIES


@pytest.fixture
def assignment() -> Assignment:
    return replace(load_assignment("hw3_nsynth_cnn"), late=LATE)


def klass(n: int = 12) -> list[Result]:
    """Return a class in which the second question tells good students from others."""
    results = []
    for i in range(n):
        questions = (
            QuestionResult("q1_easy", 2.0, 2.0, (), ""),
            QuestionResult("q2_good", 3.0 * i / (n - 1), 3.0, (), "" if i else "try np.log"),
            QuestionResult("q3_odd", float(i % 2), 1.0, (), ""),
        )
        points = 10 + 8 * i / (n - 1)
        auto = sum(q.points for q in questions)
        result = one(f"s{i:02}", points, questions=questions, auto_points=auto, max_points=26.0)
        results.append(replace(result, seconds=3.0 + i))
    return [*results, replace(rejected(), submission="zed.zip", student="zed", seconds=1.0)]


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).split())


def test_items_against_numpy() -> None:
    results = klass()[:-1]
    found = {item.name: item for item in items(results, "q8_model", 20.0)}
    assert list(found) == ["q8_model", "q1_easy", "q2_good", "q3_odd"]
    table = np.array([[r.model_points, *(q.points for q in r.questions)] for r in results])
    for column, item in enumerate(found.values()):
        rest = np.delete(table, column, axis=1).sum(axis=1)
        if column != 1:
            assert item.separates == pytest.approx(np.corrcoef(table[:, column], rest)[0, 1])
        assert item.mean * item.max_points == pytest.approx(table[:, column].mean())
    assert found["q1_easy"].separates is None  # all have all of it
    assert found["q2_good"].separates > 0.9 > 0.5 > abs(found["q3_odd"].separates or 0)
    assert (found["q3_odd"].full, found["q3_odd"].none) == (0.5, 0.5)
    assert found["q2_good"].message == "try np.log"
    assert all(item.separates is None for item in items(results[:4], "q8_model", 20.0))


def test_families_that_the_notes_lack_are_not_available() -> None:
    found = family_recalls(klass()[:-1])
    assert [row.family for row in found] == list(FAMILIES)
    assert found[10].spread is None
    first = found[0].spread
    assert first is not None
    assert (first.n, first.median) == (12, pytest.approx(32 / 52))


def test_numbers() -> None:
    assert spread([]) is None
    found = spread([1.0, 2.0, 3.0, 4.0])
    assert found is not None
    assert (found.low, found.median, found.high, found.mean) == (1, 2.5, 4, 2.5)
    assert histogram([0.0, 0.5, 1.0, 7.0], [0, 0.5, 1]) == [1, 3]


def test_the_page_of_a_class(assignment: Assignment, tmp_path: Path) -> None:
    handed = times(s00="2026-11-20T10:00", s01="2026-11-22T10:00")
    settled = settle(klass(), assignment, Inputs(handed))
    page = render_class_page(settled, klass(), assignment)
    text = text_of(page)
    for words in (
        "students 13",
        "models scored 12",
        "INPUT_SHAPE 1 The network must take [batch, 1, 64, 64]",
        "Students in time: 1 , 2 days late: 1 , time not known: 11 .",
        "vocal n/a no practice notes",
        "q1_ easy 92% of 2",
        "most often: try np.log",
    ):
        assert words in text, words
    assert not re.search(r"s0\d|zed", text)
    checker = _Checker()
    checker.feed(page)
    assert (checker.open, checker.fetched) == ([], [])
    assert "http" not in page
    path = write_class_page(settled, klass(), assignment, tmp_path)
    assert path.stat().st_mode & 0o077 == 0


def test_a_weak_sandbox_is_told(assignment: Assignment) -> None:
    results = klass()
    strict = render_class_page(settle(results, assignment, Inputs()), results, assignment)
    assert "weak sandbox" not in text_of(strict)
    results[2] = replace(results[2], sandbox="weak")
    weak = render_class_page(settle(results, assignment, Inputs()), results, assignment)
    assert text_of(weak).count("Some submissions were graded in a weak sandbox (as asked).") == 1


def test_a_class_of_nobody_has_a_page(assignment: Assignment) -> None:
    failed = one("ada", None, status="infra_error", score=None, practice=None)
    for results in ([], [failed]):
        settled = settle(results, assignment, Inputs())
        assert "Nothing is graded yet" in render_class_page(settled, results, assignment)


def test_hidden_figures_stand_on_a_page_only_when_the_window_is_closed(
    assignment: Assignment,
) -> None:
    handed = times(ada="2026-11-22T10:00")
    inputs = Inputs(handed, manual={"ada": (4.0, 6.0)})
    result = one("ada", 17.25)
    (row,) = settle([result], assignment, inputs)
    opened = text_of(render_page(result, assignment, Standing(row, 0.72, "Calm Oboe 1a2b")))
    closed = text_of(render_page(result, assignment, Standing(row, closed=True)))
    for figure in ("73.2", "17.25", "61", "19.25", "82%"):
        assert figure not in opened, figure
    for words in ("2 days late, which costs up to 2 of", "try 1 of at most 5", "Calm Oboe 1a2b"):
        assert words in opened
    for words in ("model question 17.25 / 20", "written answers 4.00 / 6", "2 days late −2.00"):
        assert words in closed
    assert "in all 19.25 / 26" in closed
    assert "names 73.2%" in closed


def test_an_open_page_does_not_tell_which_submission_counts(assignment: Assignment) -> None:
    handed = times(ada_1="2026-11-19T10:00", ada_2="2026-11-20T10:00")
    pages = []
    for scores in ((12.0, 15.0), (15.0, 12.0)):
        results = [one("ada-1", scores[0]), one("ada-2", scores[1])]
        rows = settle(results, assignment, Inputs(handed))
        each = zip(results, rows, strict=True)
        pages.append([render_page(result, assignment, Standing(row)) for result, row in each])
    assert pages[0] == pages[1]


def test_an_open_page_says_when_points_are_shown(assignment: Assignment) -> None:
    assert "when nobody can hand in any more." in text_of(render_page(one("ada"), assignment))
    closes = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
    timed = replace(assignment, attempts=AttemptPolicy(closes=closes))
    page = text_of(render_page(one("ada"), timed))
    assert "hand in any more, not before 2026-11-27 at 23:59 (Europe/Vienna) ." in page


def test_time_is_shown_where_the_homework_is(assignment: Assignment) -> None:
    (row,) = settle([one("ada")], assignment, Inputs(times(ada="2026-11-20T10:00")))
    page = text_of(render_page(row.result, assignment, Standing(row)))
    assert "Handed in on 2026-11-20 at 10:00 (Europe/Vienna): in time." in page
    over = replace(row, attempt=Attempt(6, over=True))
    page = text_of(render_page(row.result, assignment, Standing(over)))
    assert "This is try 6, and 5 count: the points of your model stay as they were." in page
    assert isinstance(assignment.late, LatePolicy)
