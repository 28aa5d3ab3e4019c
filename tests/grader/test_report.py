"""The gradebook and the pages."""

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import Assignment, Limits, ModelQuestion, TrainingData
from grader.gradebook import COLUMNS, write_gradebook
from grader.model_tests import CaseResult, QuestionResult
from grader.pages import share_color, share_ink
from grader.report import render_page, write_page
from grader.results import Result
from utils.errors import StoreError
from utils.submission.codes import HINTS, Code
from utils.submission.credit import Curve
from utils.submission.score import ModelScore

SHA = "ab" * 32


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return Assignment(
        name="hw3_nsynth_cnn",
        title="Homework 3: Name the instrument",
        folder=tmp_path,
        notebook="hw3.ipynb",
        submission=("hw3.ipynb", "model.onnx"),
        training_data=TrainingData("embedded", "general-midi"),
        model_question=ModelQuestion("q6_model", 20.0, 4.0),
        credit=Curve([[0.15, 0.0], [0.30, 0.5], [0.45, 0.85], [0.60, 1.0]]),
        credit_points=16.0,
        limits=Limits(),
    )


def graded(**changes: object) -> Result:
    confusion = np.full((11, 11), 2) + np.diag([30, 25, 12, 9, 22, 28, 31, 4, 17, 20, 0])
    confusion[10] = 0
    result = Result(
        submission="ada.zip",
        student="ada",
        assignment="hw3_nsynth_cnn",
        sha256=SHA,
        status="graded",
        score=ModelScore(0.7319, 0.6123, 0.8234, 800, 40, "hidden", "f" * 64),
        practice=ModelScore(0.512, 0.42, 0.597, 627, 33, "practice", "f" * 64),
        practice_confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        cases=(CaseResult("test_pass_mark", True, 2.0, 2.0),),
        model_points=17.25,
        max_points=20.0,
        seconds=0.4,
    )
    return replace(result, **changes)


def rejected(code: Code = Code.INPUT_SHAPE) -> Result:
    return Result(
        submission="bob.zip",
        student="bob",
        assignment="hw3_nsynth_cnn",
        sha256=SHA,
        status="rejected",
        code=code.value,
        message="the input has shape [batch, 1, 32, 32]",
        hint=HINTS[code],
        model_points=0.0,
        max_points=20.0,
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_gradebook_has_format_1(tmp_path: Path) -> None:
    write_gradebook([rejected(), graded()], tmp_path / "grades.csv")
    first, second = read(tmp_path / "grades.csv")
    assert tuple(first) == COLUMNS
    assert (first["submission"], second["submission"]) == ("ada.zip", "bob.zip")
    assert (first["score"], first["ci_low"], first["ci_high"]) == ("0.7319", "0.6123", "0.8234")
    assert (first["model_points"], first["points"], first["auto_points"]) == ("17.25", "17.25", "")
    assert (second["status"], second["code"], second["score"]) == ("rejected", "INPUT_SHAPE", "")
    assert second["model_points"] == "0.00"


def test_what_is_not_graded_yet_is_blank_not_zero(tmp_path: Path) -> None:
    failed = graded(status="infra_error", code="INFRA_ERROR", score=None, model_points=None)
    write_gradebook([failed], tmp_path / "grades.csv")
    assert read(tmp_path / "grades.csv")[0]["points"] == ""


@pytest.mark.parametrize("name", ["=1+1.zip", "+cmd|' /C calc'!A0.zip", "@x.zip", "-2.zip"])
def test_no_spreadsheet_formula(tmp_path: Path, name: str) -> None:
    write_gradebook([graded(submission=name, message=f"\n\t{name}")], tmp_path / "g.csv")
    row = read(tmp_path / "g.csv")[0]
    assert row["submission"] == row["message"] == "'" + name


def test_the_gradebook_is_replaced_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    write_gradebook([graded()], path)
    with pytest.raises(AttributeError):
        write_gradebook([graded(), None], path)  # type: ignore[list-item]
    assert len(read(path)) == 1
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StoreError, match="can't write"):
        write_gradebook([graded()], tmp_path / "missing" / "grades.csv")


def test_results_survive_json() -> None:
    for result in (graded(), rejected()):
        assert Result.from_json(result.to_json()) == result
    with pytest.raises(StoreError, match="damaged"):
        Result.from_json(graded().to_json()[:-30])


class _Checker(HTMLParser):
    """Collects what a page would fetch, and tags that are not closed."""

    void = frozenset(
        {"meta", "br", "rect", "line", "circle", "polyline", "link", "img", "wbr", "path"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(v) for k, v in attrs if k in ("src", "href", "srcset", "data")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.void:  # <rect …/> is opened and closed at once
            return
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "result", [graded(), rejected(), graded(practice=None)], ids=["graded", "rejected", "bare"]
)
def test_pages_are_whole_and_fetch_nothing(result: Result, assignment: Assignment) -> None:
    page = render_page(result, assignment)
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.fetched == []
    assert "http" not in page
    assert "url(" not in page


def test_the_page_keeps_hidden_figures_hidden(assignment: Assignment) -> None:
    page = render_page(graded(), assignment)
    assert "51.2" in page
    for hidden in ("73.1", "73.2", "61.2", "82.3", "17.25", "17.3", "test_pass_mark"):
        assert hidden not in page, hidden


def test_two_hidden_scores_give_the_same_page(assignment: Assignment) -> None:
    other = ModelScore(0.2, 0.1, 0.3, 800, 40, "hidden", "f" * 64)
    worse = graded(score=other, model_points=1.0, cases=(), seconds=9.0)
    assert render_page(worse, assignment) == render_page(graded(), assignment)


def test_a_rejection_shows_code_and_hint(assignment: Assignment) -> None:
    page = render_page(rejected(), assignment)
    assert "INPUT_SHAPE" in page
    assert "[batch, 1, 32, 32]" in page
    assert "What to do" in page
    assert "On the practice notes" not in page


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).split())


def test_a_page_says_what_was_graded(assignment: Assignment) -> None:
    question = QuestionResult("q1_power", 2.0, 2.0, (), "")
    model_only = replace(rejected(), questions=(question,), auto_points=2.0)
    assert "costs the points of the model only" in text_of(render_page(model_only, assignment))
    unread = text_of(render_page(replace(rejected(Code.NOT_ZIP), auto_points=0.0), assignment))
    assert "Neither the model nor the notebook" in unread
    assert "of the model only" not in unread
    waiting = replace(rejected(Code.INFRA_ERROR), status="infra_error", message="No space left")
    words = text_of(render_page(waiting, assignment))
    assert words.index("no points are lost") < words.index("Message: No space left")
    assert "What was graded Nothing yet." in words


def test_a_notebook_that_is_none_is_told_once(assignment: Assignment) -> None:
    told = "hw3.ipynb: expected a notebook"
    names = ("q1_power", "q2_log_mel")
    questions = tuple(QuestionResult(name, 0.0, 2.0, (), told) for name in names)
    result = graded(questions=questions, notebook_notes=(told,), auto_points=0.0)
    page = text_of(render_page(result, assignment))
    assert page.count(told) == 1
    assert page.count("not looked at: see below") == 2
    assert "in all 0 / 4" in page
    assert "Cells are counted" not in page


def test_of_many_errors_the_first_ones_are_shown(assignment: Assignment) -> None:
    notes = tuple(f"cell {i}: NameError" for i in range(1, 12))
    question = QuestionResult("q1_power", 0.1 + 0.2, 2.0, (), "look")
    page = text_of(render_page(graded(questions=(question,), notebook_notes=notes), assignment))
    assert "cell 8: NameError … and 3 more One error often causes" in page
    assert "cell 9" not in page
    assert "in all 0.3 / 2" in page


def test_numbers_in_a_matrix_can_be_read() -> None:
    def light(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722))) + 0.05

    for share in np.linspace(0, 1, 256):
        ink = {"#000": 0.05, "#fff": 1.05}[share_ink(share)]
        low, high = sorted((ink, light(share_color(share))))
        assert high / low >= 4.5, share


def test_nothing_of_a_student_becomes_markup(assignment: Assignment) -> None:
    evil = "<script>alert(1)</script>"
    page = render_page(replace(rejected(), submission=f"{evil}.zip", message=evil), assignment)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_point_stands_on_the_curve(assignment: Assignment) -> None:
    page = render_page(graded(), assignment)
    # 0.512 lies 62/150 of the way from 0.85 to 1.0 of 16 points
    assert f"{16 * (0.85 + 0.15 * 0.062 / 0.15):.1f} of 16" in re.sub(r"<[^>]*>", "", page)


def test_a_family_without_notes_is_not_available(assignment: Assignment) -> None:
    page = re.sub(r"<[^>]*>", " ", render_page(graded(), assignment))
    assert re.search(r"vocal\s+no practice notes\s+n/a", page)


def test_pages_of_strange_names_stay_in_their_folder(
    tmp_path: Path, assignment: Assignment
) -> None:
    names = ["../../etc/passwd.zip", ".hidden.zip", "Müller Übung.zip", "Moller Ubung.zip"]
    names += ["x" * 300 + ".zip", "a b.zip", "a_b.zip"]
    paths = {
        write_page(graded(submission=name, sha256=f"{i:064x}"), assignment, tmp_path)
        for i, name in enumerate(names)
    }
    assert len(paths) == len(names)
    assert all(path.parent == tmp_path and path.is_file() for path in paths)


def test_questions_of_the_notebook_stand_on_the_page_and_in_the_gradebook(
    assignment: Assignment, tmp_path: Path
) -> None:
    questions = (
        QuestionResult("q1_power", 2.0, 2.0, (), ""),
        QuestionResult("q2_log_mel", 0.5, 3.0, (), "use <np.maximum>"),
        QuestionResult("q3_split", 1.0, 3.0, (), ""),
    )
    result = graded(
        questions=questions,
        notebook_notes=("cell 7: NameError: name 'x' is not defined",),
        auto_points=3.5,
        max_points=28.0,
    )
    page = render_page(result, assignment)
    for text in (
        "q1_<wbr>power",
        "0.5 / 3",
        "use &lt;np.maximum&gt;",
        "a hidden test did not",
        "cell 7",
    ):
        assert text in page
    write_gradebook([result], tmp_path / "g.csv")
    (row,) = read(tmp_path / "g.csv")
    found = (row["model_points"], row["auto_points"], row["points"], row["max_points"])
    assert found == ("17.25", "3.50", "20.75", "28.00")
    assert Result.from_json(result.to_json()) == result
