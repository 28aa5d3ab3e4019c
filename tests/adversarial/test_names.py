"""Names of files that a terminal, a browser or a spreadsheet might obey."""

import csv
import os
import sys
import unicodedata
from pathlib import Path

import pytest

from grader.cli import main
from tests.adversarial.course import Course

HOSTILE_NAMES = (
    *("=cmd|' C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", '"=1', "a;=1", "\uff1d1+1"),
    *("<img src=x onerror=alert(1)>", "<script>alert(1)<script>", "';DROP TABLE results;--"),
    *("\x1b[2J\x1b]0;x\x07", "a\nb", "a\rb", "fdp.\u202egnp", "\u200f\u2066x", "-rf"),
    *(
        "[bold]x",
        "[link=x]y",
        "[red on blue",
        "{name}",
        "%s%n",
        "a" * 240,
        "class",
        "index",
        "con",
        "\u00e9",
    ),
    *("e\u0301", "\U0001f3b9", os.fsdecode(b"\xff\xfe"), " ", "ada", "Ada", "a b", "a_b"),
)
"""Without ``.zip``; what a system of files takes."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")


def is_safe(text: str) -> bool:
    """Return whether a text holds no control or direction characters but tabs and line ends."""
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text if c not in "\n\t")


@pytest.mark.slow
def test_names_of_submissions_are_only_names(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in HOSTILE_NAMES:
        (folder / f"{name}.zip").write_bytes(os.fsencode(name))
        (folder / f"{name}.txt").touch()
    homework = ["--assignment", str(course.assignment.folder)]
    options = ["--hidden", str(course.hidden), "--out", str(out), "--no-notebooks"]
    options += ["--autograder", str(course.sealed), *homework]
    assert main(["grade", str(folder), *options]) == 0
    assert len(list((out / "pages").iterdir())) == len(HOSTILE_NAMES)
    for verb, more in (("settle", []), ("report", []), ("report", ["--closed"])):
        assert main([verb, str(out), *homework, *more]) == 0, verb
    said = capsys.readouterr()
    assert is_safe(said.out), said.out
    assert is_safe(said.err.replace("\r", "")), said.err
    rows = list(csv.reader((out / "grades.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == 1 + len(HOSTILE_NAMES)
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in (*"=+-@\t", *"\uff1d\uff0b\uff0d\uff20"), cell
        assert cell.isprintable(), cell
    assert {path.parent for path in tmp_path.rglob("*.html")} <= {out, out / "pages"}
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<img src=x" not in text, page
        assert "<script>alert" not in text, page
        assert is_safe(text), page
