"""An nbgrader course of an otter master: graded by hand, nothing run, no point counted twice."""

import base64
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Instance
from traitlets.config import Config, LoggingConfigurable

from grader.assignment import AssignmentError, load_assignment
from grader.masters import find_secrets
from grader.nbgrader_course import course as course_module
from grader.nbgrader_course.cleaning import MISSING, clean_notebook, harmless_markdown
from grader.nbgrader_course.cli import main
from grader.nbgrader_course.collecting import SafeExtractor, is_student_name
from grader.nbgrader_course.course import NbgraderError, make_course, run_nbgrader
from grader.nbgrader_course.exporting import ClassTable, WrittenPoints
from grader.nbgrader_course.points import points_notebook, put_points, read_points
from grader.nbgrader_course.settings import NO_KERNEL, configure
from grader.nbgrader_course.written import read_questions, source_notebook
from grader.otter_assign import course_environment
from grader.policy.settle import read_inputs
from grader.publish import FolderError
from tests.grader.road import HW3, solved_notebook, submission
from tests.grader.zips import zipped
from utils.errors import ParameterError

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
STUB = "_Type your answer here, replacing this text._"
CONFIG = Path(__file__).parents[2] / "grader" / "templates" / "nbgrader_config.py.txt"
HEAD = "student,assignment,status,model_points,auto_points,manual_points,points,message\n"


def master_and_student(points="points: 6"):
    """A homework with an automatic question, a written one and one with a plot, and what
    otter makes of it for students."""
    answer = {"tags": ["otter_answer_cell"]}
    locked = {"editable": False, "deletable": False}
    master = new_notebook(
        cells=[
            new_raw_cell("# ASSIGNMENT CONFIG\nname: tiny"),
            new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 3"),
            new_markdown_cell("Write `double`.", id="q1-text"),
            new_raw_cell("# BEGIN SOLUTION"),
            new_code_cell("def double(x):\n    return 2 * x  # SOLUTION", id="q1-solution"),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# END QUESTION"),
            new_raw_cell(f"# BEGIN QUESTION\nname: q2\n{points}\nmanual: true"),
            new_markdown_cell("What did you hear?", id="q2-text"),
            new_raw_cell("# BEGIN SOLUTION"),
            new_markdown_cell("A flute, since nothing else breathes so.", id="q2-solution"),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# END QUESTION"),
            new_raw_cell("# BEGIN QUESTION\nname: q3\npoints: 4\nmanual: true"),
            new_markdown_cell("Draw it.", id="q3-text"),
            new_raw_cell("# BEGIN SOLUTION"),
            new_code_cell("plot(the_reference_answer)  # SOLUTION", id="q3-solution"),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# END QUESTION"),
        ]
    )
    student = new_notebook(
        cells=[
            new_markdown_cell("Write `double`.", id="q1-text", metadata=locked),
            new_code_cell("def double(x):\n    ...", id="q1-solution", metadata=answer),
            new_code_cell('grader.check("q1")', id="otter-01", metadata=locked),
            new_markdown_cell("What did you hear?", id="q2-text", metadata=locked),
            new_markdown_cell(STUB, id="otter-02", metadata=answer),
            new_markdown_cell("Draw it.", id="q3-text", metadata=locked),
            new_code_cell("...", id="q3-solution", metadata=answer),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    return nbformat.from_dict(master), nbformat.from_dict(student)


def settings(course, **assignment):
    config = Config()
    configure(config, str(course / "nbgrader_config.py"))
    config.CourseDirectory.merge(assignment)
    return config


def convert(step, config, assignment="tiny"):
    """Run one of nbgrader's steps in this process."""
    config.CourseDirectory.assignment_id = assignment
    step(coursedir=CourseDirectory(config=config), config=config).start()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course with one homework, made without otter and without a process of its own."""
    course = tmp_path_factory.mktemp("course")
    source = source_notebook(*master_and_student())
    points = points_notebook({"model": 20, "notebook": 3})
    for name, notebook in (("tiny/tiny", source), ("tiny-auto/points", points)):
        path = course / "source" / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    for name in ("tiny", "tiny-auto"):
        convert(GenerateAssignment, settings(course), name)
    return course


@pytest.fixture
def course(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "course"))


def released(course):
    return nbformat.read(course / "release" / "tiny" / "tiny.ipynb", as_version=4)


def hand_in(course, student, notebook):
    folder = course / "submitted" / student / "tiny"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "tiny.ipynb")


def gradebook(course):
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")


def grades_of(course, student):
    with gradebook(course) as book:
        grades = book.find_submission_notebook("tiny", "tiny", student).grades
        return {g.name: (g.auto_score, g.needs_manual_grade) for g in grades}


def answered(course, text="I heard a flute."):
    notebook = released(course)
    next(c for c in notebook.cells if c.id == "otter-02")["source"] = text
    return notebook


def graded(course, student="ada"):
    return nbformat.read(course / "autograded" / student / "tiny" / "tiny.ipynb", as_version=4)


# ---- source and release ----


def test_questions_of_a_master():
    first, second, third = read_questions(master_and_student()[0])
    assert (first.name, first.points, first.manual) == ("q1", 3, False)
    assert second.cells == ["q2-text", "q2-solution"]
    assert second.answers == ["A flute, since nothing else breathes so."]
    assert third.manual


def test_release_is_what_otter_hands_out(made):
    _, student = master_and_student()
    given = released(made)
    assert [c.source.strip() for c in given.cells] == [c.source for c in student.cells]
    assert [c.id for c in given.cells] == [c.id for c in student.cells]
    assert given.metadata.kernelspec == student.metadata.kernelspec
    text = json.dumps(given)
    for secret in ("breathes", "the_reference_answer", "2 * x", "SOLUTION"):
        assert secret not in text
    assert "breathes" in (made / "source" / "tiny" / "tiny.ipynb").read_text(encoding="utf-8")


def test_only_written_answers_have_points(made):
    with gradebook(made) as book:
        cells = book.find_notebook("tiny", "tiny").grade_cells
        assert {cell.name: cell.max_score for cell in cells} == {"q2": 6, "q3": 4}
        maxima = {a.name: a.max_score for a in book.assignments}
    assert maxima == {"tiny": 10, "tiny-auto": 23}
    metadata = {c.id: c.metadata.get("nbgrader") for c in released(made).cells}
    assert metadata["q1-solution"] is None
    for name in ("q1-text", "otter-01"):
        assert (metadata[name].locked, metadata[name].grade) == (True, False)


@pytest.mark.parametrize("points", ["", "points: {each: 2}", "points: -1", "points: true"])
def test_a_written_question_needs_points(points):
    with pytest.raises(AssignmentError, match="q2: expected a number of points"):
        source_notebook(*master_and_student(points))


def test_a_written_question_needs_a_place_for_the_answer():
    master, student = master_and_student()
    student.cells = [cell for cell in student.cells if cell.id != "otter-02"]
    with pytest.raises(AssignmentError, match="q2 has no cell for the answer"):
        source_notebook(master, student)


def test_a_nameless_question_is_refused():
    master = new_notebook(cells=[new_raw_cell("# BEGIN QUESTION\npoints: 3")])
    with pytest.raises(AssignmentError, match="expected the name of a question"):
        read_questions(master)


# ---- nothing is run ----


def hostile(course):
    """A submission that leaves a file behind when it is run."""
    notebook = answered(course)
    code = f"from pathlib import Path\nPath({str(course / 'ran')!r}).touch()"
    notebook.cells.insert(0, new_code_cell(code))
    return notebook


def stock(course, *, kernel):
    """nbgrader's own settings; the gradebook's kernel exists or not."""
    config = Config()
    config.CourseDirectory.root = str(course)
    with gradebook(course) as book:
        book.find_notebook("tiny", "tiny").kernelspec = json.dumps(
            {"name": "python3" if kernel else NO_KERNEL, "display_name": ""}
        )
        book.db.commit()
    return config


def autograde(course, config):
    hand_in(course, "ada", hostile(course))
    convert(Autograde, config)
    return (course / "ran").exists()


@pytest.mark.slow
def test_without_any_protection_a_submission_would_run(course):
    assert autograde(course, stock(course, kernel=True))


def test_autograde_runs_nothing(course):
    assert not autograde(course, settings(course))
    assert grades_of(course, "ada") == {"q2": (None, True), "q3": (0, False)}


def test_the_step_that_runs_cells_is_not_there(course):
    config = settings(course)
    stock(course, kernel=True)
    # the kernel of the submission, which exists
    config.Autograde.sanitize_preprocessors = config.Autograde.sanitize_preprocessors[:1]
    assert not autograde(course, config)


def test_the_step_that_runs_cells_is_switched_off(course):
    config = stock(course, kernel=True)
    config.Execute.enabled = False
    assert "c.Execute.enabled = False" in CONFIG.read_text(encoding="utf-8")
    assert not autograde(course, config)


def test_the_gradebook_names_no_kernel(course):
    with gradebook(course) as book:
        assert NO_KERNEL in book.find_notebook("tiny", "tiny").kernelspec
    hand_in(course, "ada", hostile(course))
    config = Config()
    config.CourseDirectory.root = str(course)
    with pytest.raises(NbGraderException):
        convert(Autograde, config)
    assert not (course / "ran").exists()


@pytest.mark.slow
def test_a_grader_that_is_missing_means_that_nothing_is_graded(course):
    shutil.copy(CONFIG, course / "nbgrader_config.py")
    hand_in(course, "ada", hostile(course))
    code = (
        "import sys; sys.modules['grader.nbgrader_course.settings'] = None\n"
        "from nbgrader.apps.nbgraderapp import main; sys.argv = ['nbgrader', 'autograde', 'tiny']\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=course, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert "install the course's grader first" in done.stdout
    assert not (course / "ran").exists()
    assert not (course / "autograded").exists()


# ---- what is shown ----


def test_untouched_answers_get_nothing_and_are_not_looked_at(course):
    hand_in(course, "ada", released(course))
    convert(Autograde, settings(course))
    assert grades_of(course, "ada") == {"q2": (0, False), "q3": (0, False)}


def test_a_notebook_of_otters_release_will_do(course):
    notebook = answered(course)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    hand_in(course, "ada", notebook)
    convert(Autograde, settings(course))
    assert grades_of(course, "ada") == {"q2": (None, True), "q3": (0, False)}


def test_a_submission_cannot_give_itself_points(course):
    notebook = answered(course)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(grade=True, solution=False, points=100, locked=False)
    plot = next(c for c in notebook.cells if c.id == "q3-solution")
    plot["source"] = "100"
    plot["outputs"] = [new_output("execute_result", data={"text/plain": "100"}, execution_count=1)]
    forged = nbformat.from_dict(json.loads(json.dumps(plot)))
    forged.metadata.nbgrader.grade_id, forged["id"] = "q99", "forged"
    twice = nbformat.from_dict(json.loads(json.dumps(plot)))
    twice["id"] = "twice"
    notebook.cells += [forged, twice]
    hand_in(course, "ada", notebook)
    convert(Autograde, settings(course))
    assert grades_of(course, "ada") == {"q2": (None, True), "q3": (None, True)}
    with gradebook(course) as book:
        assert book.find_submission("tiny", "ada").max_score == 10


def test_a_deleted_answer_is_looked_at_by_a_human(course):
    notebook = released(course)
    notebook.cells = [c for c in notebook.cells if c.id != "otter-02"]
    hand_in(course, "ada", notebook)
    convert(Autograde, settings(course))
    assert grades_of(course, "ada")["q2"] == (None, True)
    assert graded(course).cells[-1].source == MISSING


def test_changed_questions_are_shown_as_they_were(course):
    notebook = answered(course)
    notebook.cells[3]["source"] = "Everybody gets full points. What did you hear?"
    hand_in(course, "ada", notebook)
    convert(Autograde, settings(course))
    assert [c.source for c in graded(course).cells if c.id == "q2-text"] == ["What did you hear?"]


def test_outputs_stay_as_text_and_pictures(course):
    picture = base64.b64encode(PNG).decode()
    script = "<script>alert(1)</script>"
    cell = new_code_cell("draw()")
    cell["outputs"] = [
        new_output("display_data", data={"image/png": picture, "text/html": script}),
        new_output("display_data", data={"text/html": script, "text/plain": "words"}),
        new_output("display_data", data={"application/javascript": "alert(2)"}),
        new_output("display_data", data={"image/png": f'"/>{script}'}),
        new_output("display_data", data={"image/svg+xml": f"<svg>{script}</svg>"}),
        new_output("stream", name="stderr", text="a warning"),
    ]
    shown = clean_notebook(new_notebook(cells=[cell]), released(course)).cells[0].outputs
    hidden = {"text/plain": "(an output that is not shown)"}
    assert [o.get("data") for o in shown] == [
        {"image/png": picture}, {"text/plain": "words"}, hidden, hidden, hidden, None,
    ]  # fmt: skip
    assert shown[-1].text == "a warning"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("**bold** and `x < 3`, 5 > 4 & so", True),
        ("[the paper](https://example.org/a?b=1)", True),
        ("![mine](attachment:mine.png)", True),
        ("$a < b$, $\\frac{1}{2}$", True),
        ("<script>alert(1)</script>", False),
        ("<img src=x onerror=alert(1)>", False),
        ("<!-- --><svg/onload=alert(1)>", False),
        ("[x](javascript:alert(1))", False),
        ("[x]( \n javascript:alert(1))", False),
        ("[x](javasc&#114;ipt:alert(1))", False),
        ("[x](<javascript:alert(1)>)", False),
        ("[x][1]\n\n[1]: javascript:alert(1)", False),
        ("![x](https://example.org/spy.png)", False),
        ("![x](attachment:missing.png)", False),  # would stop the making of the page
        ("$\\href{javascript:alert(1)}{x}$", False),
        ("&#36;&#92;href{javascript:alert(1)}{x}&#36;", False),
        ("$\\csname href\\endcsname{javascript:alert(1)}{x}$", False),
    ],
)
def test_written_answers_are_only_text(text, kept):
    clean = harmless_markdown(text, ["mine.png"])
    assert (clean == text) == kept
    assert clean.replace(" ", "") == text.replace(" ", "")
    if not kept:
        html = markdown2html_mistune(clean).lower()
        for word in ("<script", "<img", "<svg", 'href="j', "\\href", "\\csname", "<!--"):
            assert word not in html


def test_pasted_pictures_are_kept_if_they_are_pictures(course):
    png = {"image/png": base64.b64encode(PNG).decode()}
    answer = new_markdown_cell("![a](attachment:a.png) ![b](attachment:b.png)")
    answer["attachments"] = {"a.png": png, "b.png": {"image/png": "PHNjcmlwdD4=", "text/html": "x"}}
    cell = clean_notebook(new_notebook(cells=[answer]), released(course)).cells[0]
    assert cell.attachments == {"a.png": png}
    assert cell.source == "![a](attachment:a.png) ! [b] (attachment:b.png)"


def test_a_script_in_an_answer_reaches_no_page(course):
    attack = "<script>steal()</script><img src=x onerror=steal()>"
    notebook = answered(course, attack)
    notebook.metadata["title"] = attack
    cell = new_code_cell("x")
    cell["outputs"] = [
        new_output("error", ename=attack, evalue=attack, traceback=[attack]),
        new_output("stream", text=attack),
        new_output("display_data", data={"text/html": attack, "text/plain": attack}),
    ]
    notebook.cells += [cell, new_raw_cell(attack, metadata={"format": "text/html"})]
    hand_in(course, "ada", notebook)
    convert(Autograde, settings(course))
    convert(GenerateFeedback, settings(course))
    page = (course / "feedback" / "ada" / "tiny" / "tiny.html").read_text(encoding="utf-8")
    assert "steal()" in page  # as text
    assert "<script>steal" not in page
    assert "<img src=x" not in page


def test_a_file_that_is_no_notebook_stops_nobody_else(course):
    hand_in(course, "ada", answered(course))
    for name, content in (("bob", b"{}"), ("cid", b"\xff\xfe"), ("dan", b'{"cells": 3}')):
        hand_in(course, name, new_notebook())
        (course / "submitted" / name / "tiny" / "tiny.ipynb").write_bytes(content)
    with pytest.raises(NbGraderException):
        convert(Autograde, settings(course))
    assert graded(course, "ada").cells
    assert sorted(p.name for p in (course / "autograded").iterdir()) == ["ada"]


# ---- collecting ----


class App(LoggingConfigurable):
    """What zip_collect gives its extractor."""

    coursedir = Instance(CourseDirectory)


def extract(course, archive):
    config = settings(course, assignment_id="tiny")
    goal = course / "extracted"
    goal.mkdir()
    extractor = SafeExtractor(parent=App(coursedir=CourseDirectory(config=config)))
    extractor.extract(str(archive), str(goal))
    return sorted(p.relative_to(goal).as_posix() for p in goal.rglob("*") if p.is_file())


def test_collecting_reads_the_notebook_and_nothing_else(course, tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    book = ("tiny.ipynb", nbformat.writes(answered(course)).encode())
    submission(archive / "ada.zip", dict([book, ("model.onnx", b"1"), ("numpy.py", b"2")]))
    (archive / "bob.ipynb").write_bytes(book[1])
    (archive / "eve.zip").write_bytes(zipped(book, ("../../gradebook.db", b"3")))
    (archive / "fay.zip").write_bytes(b"no zip")
    (archive / "gus.zip").write_bytes(zipped(("inner.zip", zipped(book))))
    (archive / "*.zip").write_bytes(zipped(book))
    (archive / "hal.zip").symlink_to(course / "gradebook.db")
    before = (course / "gradebook.db").read_bytes()
    assert extract(course, archive) == ["ada/tiny.ipynb", "bob/tiny.ipynb"]
    assert (course / "gradebook.db").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "fits"),
    [("ada", True), ("ada.l@x.org", True), ("Şule Ö", True), ("1234", True)]
    + [(name, False) for name in ("", ".", "..", "a/b", "a\\b", "*", "a[b]", "a+b", "-x", "a\n")]
    + [("a" * 101, False), (" a", False), ("a ", False), ("a..b", False), ("{a}", False)],
)
def test_which_names_may_become_folders(name, fits):
    assert is_student_name(name) == fits


# ---- otter's points ----


def write_grades(course, text):
    path = course / "grades.csv"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_points_become_an_assignment_of_their_own(course):
    path = write_grades(
        course,
        "ada,tiny,graded,15.50,2.00,,17.50,\n"
        "bob,tiny,rejected,0.00,3.00,,3.00,no model\n"
        "cid,tiny,infra_error,,,,,the sandbox failed\n"
        "dan,tiny,graded,20.00,3.00,5.00,26.00,2 days late\n"
        "../eve,tiny,graded,1,1,,2,\n",
    )
    done = put_points(course, path)
    assert done.students == ("ada", "bob", "cid", "dan")
    assert (done.open, done.left_out) == (("cid",), ("../eve",))
    with gradebook(course) as book:
        found = {s.student.id: s for s in book.assignment_submissions("tiny-auto")}
        scores = {name: (s.score, s.late_submission_penalty) for name, s in found.items()}
        assert found["cid"].needs_manual_grade
        assert not found["ada"].needs_manual_grade
    assert scores == {"ada": (17.5, 0), "bob": (3, 0), "cid": (0, 0), "dan": (23, 2)}
    convert(GenerateFeedback, settings(course), "tiny-auto")
    page = (course / "feedback" / "bob" / "tiny-auto" / "points.html").read_text(encoding="utf-8")
    assert "3 of 3 points" in page
    assert "rejected: no model" in page
    assert not (course.parent / "eve").exists()


def test_points_may_be_put_again_and_a_grader_by_hand_keeps_the_last_word(course):
    path = write_grades(course, "ada,tiny,graded,15,2,,17,\n")
    put_points(course, path)
    with gradebook(course) as book:
        book.find_grade("notebook", "points", "tiny-auto", "ada").manual_score = 3
        book.db.commit()
    put_points(course, write_grades(course, "ada,tiny,graded,16,1,,17,\n"))
    with gradebook(course) as book:
        result = book.find_submission("tiny-auto", "ada")
        assert result.score == 19
        assert result.needs_manual_grade


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "expected rows of one assignment, got"),
        ("ada,tiny,graded,1,1,,2,\nbob,other,graded,1,1,,2,\n", r"\['other', 'tiny'\]"),
        ("ada,tiny,graded,1,1,,2,\nada,tiny,graded,2,1,,3,\n", "one row with points for ada"),
        ("ada,tiny,graded,21,1,,22,\n", "ada, model: expected 0 to 20 points, got 21"),
        ("ada,tiny,graded,1,nan,,22,\n", "ada, notebook: expected 0 to 3"),
        ("ada,other,graded,1,1,,2,\n", "course with other-auto"),
    ],
)
def test_points_that_cannot_be_right_are_refused(course, rows, words):
    with pytest.raises(ParameterError, match=words):
        put_points(course, write_grades(course, rows))
    with gradebook(course) as book:
        assert book.students == []


def test_another_column_of_the_same_name_is_refused(course):
    path = write_grades(course, "ada,tiny,graded,15,2,,17,\n")
    with gradebook(course) as book:
        book.add_notebook("automatic", "tiny-auto")
    with pytest.raises(ParameterError, match="holds automatic as well"):
        put_points(course, path)


def test_the_row_that_counts_is_taken(course):
    rows = "ada,tiny,graded,15,2,,,does not count\nada,tiny,graded,9,2,,11,\n"
    _, points = read_points(write_grades(course, rows))
    assert (points["ada"].model, points["ada"].lost) == (9, 0)


# ---- exports ----


def export(course, plugin, name, **options):
    exporter = plugin(to=str(course / name), **options)
    with gradebook(course) as book:
        exporter.export(book)
    return list(csv.DictReader((course / name).read_text(encoding="utf-8").splitlines()))


def test_no_point_is_counted_twice(course):
    for student in ("ada", "bob"):
        hand_in(course, student, answered(course))
    convert(Autograde, settings(course))
    rows = "ada,tiny,graded,20,3,,21,\nbob,tiny,graded,20,3,,23,\ncid,tiny,graded,10,3,,13,\n"
    put_points(course, write_grades(course, rows))
    with gradebook(course) as book:
        grade = book.find_grade("q2", "tiny", "tiny", "ada")
        grade.manual_score, grade.needs_manual_grade = 5, False
        book.db.commit()
    table = {row["student"]: row for row in export(course, ClassTable, "class.csv")}
    assert table["ada"]["tiny"] == "5.00"
    assert table["ada"]["tiny-auto"] == "21.00"  # two lost for late days
    assert table["ada"]["total"] == "26.00"
    assert table["ada"]["max_points"] == "33.00"
    assert (table["bob"]["tiny"], table["bob"]["total"]) == ("", "")  # still to be graded
    assert (table["cid"]["tiny"], table["cid"]["total"]) == ("", "13.00")
    manual = export(course, WrittenPoints, "manual.csv")
    assert manual == [{"student": "ada", "points": "5.00", "max_points": "10.00"}]
    # the grader's own gradebook reads it
    assert read_inputs(course, load_assignment(HW3)).manual == {"ada": (5, 10)}


def test_written_points_want_one_assignment(course):
    with pytest.raises(ParameterError, match="expected one assignment with written answers"):
        export(course, WrittenPoints, "manual.csv", assignment=["tiny-auto"])


# ---- making a course ----


def test_a_foreign_folder_stays_as_it_is(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FolderError, match="which holds other files"):
        make_course(load_assignment(HW3), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_was_there_comes_back_after_a_failure(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").touch()

    def fail():
        with course_module._restored([tmp_path / "a", tmp_path / "b"]):
            shutil.rmtree(tmp_path / "a")
            (tmp_path / "b").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == [
        "a", "a/old",
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["make"], ["points", "x"], ["wrong"]])
def test_command_line_says_what_is_missing(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m grader nbgrader" in capsys.readouterr().err


# ---- the whole road, with nbgrader's own programs ----


def nbgrader(course, *arguments):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(
        command, cwd=course, env=course_environment(), capture_output=True, text=True, timeout=300
    )


@pytest.mark.full
def test_round_trip_of_homework_3(tmp_path, capsys):
    course, name = tmp_path / "course", HW3
    assert main(["make", name, str(course)]) == 0
    assert "nbgrader zip_collect hw3_nsynth_cnn" in capsys.readouterr().out
    release = nbformat.read(course / "release" / name / "hw3.ipynb", as_version=4)
    master = nbformat.read(load_assignment(name).notebook_path, as_version=4)
    assert find_secrets(master, release) == []
    with gradebook(course) as book:
        assert {a.name: a.max_score for a in book.assignments} == {name: 10, f"{name}-auto": 40}

    archive = course / "downloaded" / name / "archive"
    archive.mkdir(parents=True)
    answer = next(c for c in release.cells if "otter_answer_cell" in c.metadata.get("tags", ())
                  and c.cell_type == "markdown")  # fmt: skip
    answer["source"] = "I learned that a flute <script>steal()</script> breathes."
    code = f"open({str(tmp_path / 'ran')!r}, 'w')"
    release.cells.insert(0, new_code_cell(code, id="hostile"))
    submission(archive / "ada.zip", {"hw3.ipynb": nbformat.writes(release).encode()})
    submission(archive / "bob.zip", {"hw3.ipynb": solved_notebook(), "model.onnx": b"x"})
    (archive / "eve.zip").write_bytes(zipped(("../hw3.ipynb", b"{}")))

    run_nbgrader(course, "zip_collect", name)
    assert sorted(p.name for p in (course / "submitted").iterdir()) == ["ada", "bob"]
    run_nbgrader(course, "autograde", name)
    assert not (tmp_path / "ran").exists()
    with gradebook(course) as book:
        for student, points in (("ada", 7), ("bob", 9.5)):
            grade = book.find_grade("q10_reflection", "hw3", name, student)
            assert grade.needs_manual_grade
            grade.manual_score, grade.needs_manual_grade = points, False
        comment = book.find_comment("q10_reflection", "hw3", name, "ada")
        comment.manual_comment = "And the trumpet?"
        book.db.commit()
    write_grades(course, f"ada,{name},graded,16,18.4,,34.4,\nbob,{name},rejected,0,20,,20,TWO\n")
    assert main(["points", str(course), str(course / "grades.csv")]) == 0
    run_nbgrader(course, "generate_feedback", name)
    run_nbgrader(course, "generate_feedback", f"{name}-auto")
    page = (course / "feedback" / "ada" / name / "hw3.html").read_text(encoding="utf-8")
    assert "And the trumpet?" in page
    assert "<script>steal" not in page
    assert (course / "feedback" / "ada" / f"{name}-auto" / "points.html").is_file()

    run_nbgrader(course, "export", "--to", "nbgrader.csv")
    with (course / "nbgrader.csv").open(encoding="utf-8") as file:
        rows = {(r["student_id"], r["assignment"]): float(r["score"]) for r in csv.DictReader(file)}
    assert rows == {
        ("ada", name): 7, ("ada", f"{name}-auto"): 34.4,
        ("bob", name): 9.5, ("bob", f"{name}-auto"): 20,
    }  # fmt: skip
    run_nbgrader(course, "export", "--exporter=grader.nbgrader_course.exporting.ClassTable")
    with (course / "class.csv").open(encoding="utf-8") as file:
        totals = {row["student"]: (row["total"], row["max_points"]) for row in csv.DictReader(file)}
    assert totals == {"ada": ("41.40", "50.00"), "bob": ("29.50", "50.00")}

    # the same homework again: submissions and grades stay
    make_course(load_assignment(name), course, say=lambda line: None)
    with gradebook(course) as book:
        assert book.find_submission(name, "ada").score == 7
    with pytest.raises(NbgraderError, match="exit code"):
        run_nbgrader(course, "autograde", "no-such-homework")
