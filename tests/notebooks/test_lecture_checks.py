"""The tests of the lectures must be able to fail: take a made-up lecture apart, see red."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.lecture_checks import anchors, n_words, problems
from tests.notebooks.lecture_exercises import exercise_problems
from tests.notebooks.small_lecture import NAME, small_lecture
from tests.notebooks.syllabus_table import ROWS
from utils.lessons.catalog import LECTURES
from utils.lessons.store import FOLDER_VARIABLE

ROOT = Path(__file__).parents[2]
PATH = ROOT / "lectures" / f"{NAME}.ipynb"


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "progress"))


@pytest.fixture
def lecture():
    return small_lecture()


def cell(notebook, name):
    return next(c for c in notebook.cells if c.id == name)


def test_the_table_knows_the_lectures():
    assert [lecture.name for lecture in LECTURES.values()] == list(ROWS)
    for lecture in LECTURES.values():
        assert all(row.startswith(lecture.letter) for row in ROWS[lecture.name])
    assert sum(row.star for rows in ROWS.values() for row in rows.values()) == 43
    assert sum(map(len, ROWS.values())) == 67


def test_the_made_up_lecture_is_good(lecture):
    nbformat.validate(lecture)
    assert problems(lecture, PATH) == []
    assert exercise_problems(lecture) == []


PARTS = [c.id for c in small_lecture().cells if c.id not in ("p1-", "p2-", "c1-", "c2-")]


@pytest.mark.parametrize("name", PARTS)
def test_deleting_a_cell_is_seen(lecture, name):
    lecture.cells = [c for c in lecture.cells if c.id != name]
    found = problems(lecture, PATH)
    if name == "imports":
        found += ["imports are missed when it runs"]
    assert found


@pytest.mark.parametrize("name", ["n1-code", "n2-code", "n4-code", "n3-code"])
def test_deleting_a_check_is_seen(lecture, name):
    cell(lecture, name).source = cell(lecture, name).source.split("check(")[0]
    assert f"row {name[:2].upper()}: no check" in problems(lecture, PATH)


BROKEN = {
    "n1-play": [("x = 1", "without a widget")],
    "n0-play": [("print(1)", "without a widget")],
    "setup": [("import sys", "set-up cell")],
    "n1-explain": [
        ("word " * 151, "151 words"),
        ("[x](nowhere.md)", "which is not there"),
        ("[x](glossary.md#no-such-term)", "no heading #no-such-term"),
        ("[x](#nowhere)", "no heading #nowhere here"),
        ("[x](../utils/reference/no.py)", "which is not there"),
    ],
    "n0-explain": [("fine", None)],
    "self-check": [('self_check("01")', "no self_check")],
    "c1-": [
        ('compare("N0.other", "yes")', "was not asked before"),
        ("1", "is never compared"),
    ],
    "p2-": [("1", "expected two predictions")],
    "end": [("## Recap", "Common mistakes"), ("nothing", "link to the glossary")],
    "further": [("## More", "begin with its heading")],
}


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [(name, *change) for name, changes in BROKEN.items() for change in changes],
)
def test_a_broken_cell_is_seen(lecture, name, source, words):
    cell(lecture, name).source = source
    found = problems(lecture, PATH)
    assert found == [] if words is None else any(words in problem for problem in found), found


@pytest.mark.parametrize(
    ("line", "other", "words"),
    [
        ("- three\n", "", "got 2"),
        ("- three\n", "- 3\n- 4\n- 5\n- 6\n", "got 6"),
        ("30 minutes", "an hour", "how many minutes"),
        ("**You need:**", "", "what one needs"),
        ("<!-- launch links -->\n", "", "launch links"),
        ("# 00", "00", "not the title"),
    ],
)
def test_a_broken_title_is_seen(lecture, line, other, words):
    title = cell(lecture, "title")
    assert line in title.source
    title.source = title.source.replace(line, other)
    assert any(words in problem for problem in problems(lecture, PATH))


@pytest.mark.parametrize(
    ("name", "meta", "words"),
    [
        ("n1-code", {"rows": ["N1"], "part": "code"}, "without the key"),
        ("n1-play", {"rows": ["N1"], "part": "game"}, "unknown part"),
        ("n1-play", {"rows": ["N1"]}, "go together"),
        ("n1-play", {"rows": ["N1"], "part": "explain"}, "must be a markdown cell"),
        ("n1-play", {"rows": ["N1", "N2", "N3", "N4"], "part": "play"}, "more than three"),
        ("n1-play", {"rows": ["L1"], "part": "play"}, "not of this lecture"),
        ("n1-play", {"rows": ["N1"], "part": "play", "row": 1}, "unknown keys"),
        ("n1-play", {"rows": ["N1"], "part": "play", "further": True}, "must be the last ones"),
        ("n3-play", {"rows": ["N3"], "part": "play"}, "wrong half"),
        ("further", {}, "wrong half"),
    ],
)
def test_wrong_metadata_is_seen(lecture, name, meta, words):
    cell(lecture, name).metadata["course"] = meta
    if name == "further":
        for c in lecture.cells:
            c.metadata.get("course", {}).pop("further", None)
    assert any(words in problem for problem in problems(lecture, PATH))


def test_the_folding_of_go_further_is_seen(lecture):
    del cell(lecture, "further").metadata["jp-MarkdownHeadingCollapsed"]
    assert any("not folded" in problem for problem in problems(lecture, PATH))


def test_file_slips_are_seen(lecture):
    cell(lecture, "n1-play").outputs = [nbformat.v4.new_output("stream", text="1")]
    cell(lecture, "n2-play").id = "a1b2c3d4E"
    cell(lecture, "n4-play").id = "n1-play"
    lecture.metadata["widgets"] = {}
    found = "\n".join(problems(lecture, PATH))
    for words in ("outputs are stored", "not a speaking name", "occurs twice", "['widgets']"):
        assert words in found


def test_long_code_is_seen_unless_hidden(lecture):
    play = cell(lecture, "n1-play")
    play.source = "# change\n\n" + "x = 1\n" * 16
    assert any("16 lines" in problem for problem in problems(lecture, PATH))
    play.metadata["jupyter"] = {"source_hidden": True}
    assert problems(lecture, PATH) == []


def test_too_many_cells_are_seen(lecture):
    more = [nbformat.v4.new_markdown_cell("x", id=f"more-{i}") for i in range(30)]
    lecture.cells[3:3] = more
    assert any("15 to 40 cells" in problem for problem in problems(lecture, PATH))


def test_exercise_that_is_solved_already_is_seen(lecture):
    code = cell(lecture, "n1-code")
    code.source = code.source.replace("...", "torch.sigmoid((inputs * weights).sum(-1) + bias)")
    assert exercise_problems(lecture) == ["N1.neuron: the unsolved cell passes its check"]


def test_wrong_solution_is_seen(lecture):
    solution = cell(lecture, "n1-solution")
    solution.source = solution.source.replace("+ bias", "- bias")
    (problem,) = exercise_problems(lecture)
    assert problem.startswith("N1.neuron: the solution fails")


def test_missing_fence_is_seen(lecture):
    solution = cell(lecture, "n1-solution")
    solution.source = solution.source.replace("<details>", "")
    assert exercise_problems(lecture) == ["N1.neuron: no folded solution with a python fence"]


def test_words_and_anchors():
    text = "A **net** [is](x.md) $a + b$ small.\n```python\nx = 1\n```\n<br>It's $$y$$ done."
    assert n_words(text) == 6
    assert {"learning-rate", "adam-step", "Adam-step"} <= anchors("## learning rate\n### Adam step")


def test_a_run_is_measured(tmp_path, monkeypatch):
    cells = [
        nbformat.v4.new_code_cell("from ipywidgets import IntSlider\nIntSlider()", id="good"),
        nbformat.v4.new_code_cell("x = 1", id="silent"),
        nbformat.v4.new_code_cell("1 / 0", id="bad"),
    ]
    for c in cells[:2]:
        c.metadata["course"] = {"rows": ["N1"], "part": "play"}
    path = tmp_path / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    runner = Path(__file__).with_name("run_lecture.py")
    child = subprocess.run(
        [sys.executable, str(runner), str(path), str(tmp_path)], capture_output=True, text=True
    )
    report = json.loads(child.stdout.splitlines()[-1])
    assert report["errors"] == ["bad: ZeroDivisionError: division by zero"]
    assert report["silent plays"] == ["silent"]
    assert report["mebibytes"] > 20
