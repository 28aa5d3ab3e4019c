"""The instructor guide: its commands run as they stand, and it leaves nothing out."""

import contextlib
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.cli import VERBS, main
from grader.hidden_split import build_hidden
from grader.policy.keys import attempts_from_table, late_from_table
from tests.grader.road import HW3, solved_notebook, submission
from tests.submission.models import GOOD
from utils.notes.embedded import sounds
from utils.submission.codes import Code

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "grader" / "README.md"
NOT_RUN = "# not run"

BY_HAND = """
import sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    for student in ("ada", "ben"):
        grade = book.find_grade("q10_reflection", "hw3", "hw3_nsynth_cnn", student)
        grade.manual_score, grade.needs_manual_grade = 7, False
    book.db.commit()
"""

EXPORTED = """
submission_11:
  :submitters:
  - :name: Ada L
    :sid: ada
  :created_at: 2020-11-22 10:00:00 Z
"""

STAND_INS = {
    # the reference run trains for minutes; `test_release.py` does it
    "--out ../hw3/release": "--out ../hw3/release --no-run",
    # a new secret would deal the notes out anew, and some halves are too hard for the curve
    "--out ../hw3/hidden": "--out ../hw3/hidden --secret-file ../hw3/secret",
    "jupyter lab": "python ../by_hand.py",
    # in the past whenever the tests run: else an extension keeps the window open
    "2026-": "2020-",
}
"""Part of a command → what the tests run in its place."""


def blocks(language: str = "bash") -> list[str]:
    """Return the guide's code blocks in a language."""
    pattern = rf"^( *)```{language}\n(.*?)^\1```$"
    found = re.findall(pattern, GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


@cache
def help_of(*words: str) -> str:
    """Return what ``--help`` says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        main([*words, "--help"])
    return said.getvalue()


def commands() -> Iterator[tuple[list[str], set[str]]]:
    """Yield verb and options of each command of the grader, in blocks and within lines.

    Within lines of the parts on other roads ("With …", "On …") options are other programs'.
    """
    text = re.sub(
        r"^## (With|On) .*?(?=^## )", "", GUIDE.read_text(encoding="utf-8"), flags=re.M | re.S
    )
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    lines = [line for b in blocks() for line in b.splitlines() if "python -m grader " in line]
    for code in lines + spans:
        words = code.partition("python -m grader ")[2].split() or code.split()
        if words[0] in VERBS or words[0].startswith("--"):
            options = {word for word in words if re.fullmatch(r"--[a-z-]+", word)}
            verb = words[:2] if words[0] in ("hidden", "nbgrader") else words[:1]
            yield [word for word in verb if not word.startswith("-")], options


def test_every_option_exists() -> None:
    seen = set()
    everywhere = "".join(help_of(verb) for verb in VERBS) + help_of("hidden", "build")
    for words, options in commands():
        text = help_of(*words) if words else everywhere
        for option in options:
            assert re.search(rf"{option}(?![a-z-])", text), f"{' '.join(words)} has no {option}"
        seen |= options
    assert {"--hidden", "--closed", "--times", "--bind", "--allow-domain-shift"} <= seen


def test_every_verb_has_its_line() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("## All verbs")[2]
    named = set(re.findall(r"^\| `(\w+)", table, re.MULTILINE))
    assert named == set(VERBS)


def test_every_code_is_explained() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("### Codes")[2]
    table = table.partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z_]+)`", table))
    assert named == {code.value for code in Code}


def anchors(path: Path) -> set[str]:
    """Return what links may point to, as GitHub names headings."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", [GUIDE, GUIDE.with_name("THREATS.md"), ROOT / "README.md"])
def test_links_lead_to_headings(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if re.match("[a-z]+:", target) or not anchor:
            continue
        assert anchor in anchors(path.parent / file if file else path), target


def test_all_parts_are_in_the_table_of_contents() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    first = text.partition("\n## ")[0]
    linked = set(re.findall(r"\(#([^)]+)\)", first))
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in parts}
    assert slugs == linked


def example_of_a_policy() -> str:
    """Return the assignment's file with its example of deadline and tries put in force."""
    text = (load_assignment(HW3).folder / "assignment.toml").read_text(encoding="utf-8")
    return re.sub(r"^#(?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_the_examples_of_a_policy_are_right(tmp_path: Path) -> None:
    (tmp_path / "assignment.toml").write_text(example_of_a_policy(), encoding="utf-8")
    assignment = load_assignment(tmp_path)
    assert assignment.late is not None
    assert assignment.attempts.graded_on == "private"
    assert assignment.attempts.closes is not None
    (text,) = blocks("toml")
    table = tomllib.loads(text)
    late = late_from_table(table["late"])
    assert late.deadline == assignment.late.deadline
    # what is called a default is one
    defaults = re.findall(r"^(\w+) .*default(?! 0|: no)", text, re.MULTILINE)
    fewer = {
        section: {k: v for k, v in keys.items() if k not in defaults or k == "closes"}
        for section, keys in table.items()
    }
    assert set(defaults) == {
        *("points_a_day", "resubmissions", "limit", "step", "graded_on", "closes")
    }
    assert late_from_table(fewer["late"]) == late
    attempts = attempts_from_table(table["attempts"], late)
    assert attempts_from_table(fewer["attempts"], late) == attempts


# ---------------------------------------------------------------- a term in three minutes


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A copy of the repository, what the demonstration leaves, and a class of three."""
    from utils.submission.export import export_model
    from utils.zoo.checkpoints import load_checkpoint

    course, class_ = tmp_path / "course", tmp_path / "hw3"
    unwanted = shutil.ignore_patterns("__pycache__", "credit.lock")
    for name in ("grader", "utils", "assignments", "lectures"):
        shutil.copytree(ROOT / name, course / name, ignore=unwanted)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, course)
    policy = example_of_a_policy().replace("2026-", "2020-")
    policy = re.sub("^closes = .*\n", "", policy, flags=re.MULTILINE)  # first it is open
    (course / "assignments" / HW3 / "assignment.toml").write_text(policy, encoding="utf-8")
    good, bad = export_model(load_checkpoint("lecture_cnn")[0]), GOOD["opset 18"]
    demo = course / "demo-results"
    (demo / "models").mkdir(parents=True)
    (demo / "models" / "1-reference.onnx").write_bytes(good)
    (demo / "models" / "2-undertrained.onnx").write_bytes(bad)
    build_hidden(["demo"], demo / "hidden", progress=False)
    (demo / "submissions").mkdir()
    submission(demo / "submissions" / "1-reference.zip", {"model.onnx": good})
    (class_ / "submissions").mkdir(parents=True)
    _hand_in(class_ / "submissions", good, bad)
    _export(class_ / "export", good)
    for sound in sounds():
        folder = class_ / "recordings" / sound.family / sound.instrument_str
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(sound.path, folder)
    (class_ / "by_hand.py").write_text(BY_HAND)
    (class_ / "secret").write_text("the order of the hidden notes")
    return course


def _hand_in(folder: Path, good: bytes, bad: bytes) -> None:
    """Write what three students hand in, one of them twice, too late the second time."""
    solved = {"hw3.ipynb": solved_notebook(), "history.json": b"{}"}
    submission(folder / "ada_2020-11-20T23-58-10.zip", {**solved, "model.onnx": good})
    submission(folder / "ben_2020-11-19T10-00-00.zip", {**solved, "model.onnx": bad})
    submission(folder / "ben_2020-11-22T10-00-00.zip", {**solved, "model.onnx": good})
    (folder / "cleo_2020-11-20T09-00-00.zip").write_bytes(b"no zip")


def _export(folder: Path, good: bytes) -> None:
    """Write what Gradescope exports: a folder for each submission, and a table."""
    unpacked = folder / "submission_11"
    unpacked.mkdir(parents=True)
    (unpacked / "hw3.ipynb").write_bytes(solved_notebook())
    (unpacked / "model.onnx").write_bytes(good)
    (folder / "submission_metadata.yml").write_text(EXPORTED)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(block: str, course: Path) -> str:
    """Run a block as somebody who sits in the repository's folder; return what it printed."""
    for part, instead in STAND_INS.items():
        block = block.replace(part, instead)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(course),  # of the copy, not of what is installed
        "HOME": str(course.parent),
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}"
    return done.stdout


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_the_term_as_it_stands_in_the_guide(desk: Path) -> None:
    left_out = [block for block in blocks() if block.startswith(NOT_RUN)]
    said = "".join(run(block, desk) for block in blocks() if block not in left_out)
    (the_end,) = (block for block in blocks() if "--closed" in block)
    run(the_end, desk)  # written answers came after it
    assert "The policy “strict” is satisfied on this machine." in said
    assert "bound to hidden split" in said
    assert said.index("The window is open") < said.index("The window is closed")
    class_ = desk.parent / "hw3"
    for name in ("results/class.html", "results/leaderboard.html", "students/course.py"):
        assert (class_ / name).is_file(), name
    assert (class_ / "release" / f"{HW3}-autograder.zip").is_file()
    ada, first, second, cleo = rows(class_ / "results" / "grades.csv")
    assert [row["auto_points"] for row in (ada, first, second, cleo)] == [*["20.00"] * 3, "0.00"]
    assert ada["manual_points"] == second["manual_points"] == "7.00"
    assert ada["late_days"] == second["late_days"] == "0"  # ben's extension
    assert (first["points"], cleo["code"]) == ("", "NOT_ZIP")
    totals = {row["student"]: row["points"] for row in rows(class_ / "grades.csv")}
    assert totals == {"ada": ada["points"], "ben": second["points"], "cleo": "0.00"}
    (exported,) = rows(class_ / "at-home" / "grades.csv")
    assert (exported["student"], exported["late_days"]) == ("ada", "2")
