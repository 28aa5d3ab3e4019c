"""Everything hostile that we could think of, on two roads: the batch and the sealed zip.

Both get all of it. The zip is graded in machines like Gradescope's, which takes longer: each
starts PyTorch anew for a notebook.
"""

import functools
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from grader.grade import Batch, grade_submissions
from grader.notebook import grading
from grader.notebook.process import NotebookLimits
from tests.adversarial import machines
from tests.adversarial.books import ALL, BOOKS, Book
from tests.adversarial.course import GOOD_CELLS, LIMITS, Course
from tests.adversarial.nets import NETS, Verdict
from tests.adversarial.watch import leavings, traces
from tests.adversarial.zips import MODEL, ZIPS
from tests.grader.leaks import find_in_tree
from tests.grader.notebooks import notebook
from tests.grader.processes import adopting, descendants, left_after, watching
from tests.grader.road import Machine
from tests.grader.zips import zipped
from utils.submission.codes import HINTS, Code

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")

SENTINELS = ("a-good", "net-099-good", "z-good")
"""Among all others, by name: first, in the middle, last."""


@dataclass(frozen=True)
class Attack:
    """A submission, and what must become of it.

    Attributes
    ----------
    title : str
    code : Code, set or None
        Of the model question.
    book : Book or None
        None: there is no notebook.
    """

    title: str
    code: Verdict
    book: Book | None = None

    def allows(self, code: str) -> bool:
        """Return whether a code is right."""
        several = self.code if isinstance(self.code, frozenset) else {self.code}
        return code in {x.value if x else "" for x in several}


def good() -> Attack:
    """Return what a solved homework gets."""
    return Attack("good", None, Book(notebook(*GOOD_CELLS), ALL))


def write_attacks(folder: Path) -> dict[str, Attack]:
    """Write all submissions; return what must become of each, by name without ``.zip``."""
    attacks: dict[str, Attack] = {}

    def put(name: str, content: bytes, attack: Attack) -> None:
        (folder / f"{name}.zip").write_bytes(content)
        attacks[name] = attack

    for number, (title, (make, code)) in enumerate(ZIPS.items()):
        put(f"zip-{number:03}", make(), Attack(title, code))
    for number, (title, (make, code)) in enumerate(NETS.items()):
        files = [("model.onnx", make()), ("weights.bin", b"\0" * 200_000)]
        put(f"net-{number:03}", zipped(*files), Attack(title, code))
    for number, (title, book) in enumerate(BOOKS.items()):
        files = [("hw3.ipynb", book.content), ("model.onnx", MODEL), *book.files.items()]
        put(f"book-{number:03}", zipped(*files), Attack(title, None, book))
    solved = zipped(("hw3.ipynb", notebook(*GOOD_CELLS)), ("model.onnx", MODEL))
    for name in SENTINELS:
        # each is another file: equal ones are graded only once
        put(name, solved + name.encode(), good())
    return attacks


# --- the batch --------------------------------------------------------------------------------


@pytest.mark.full
def test_all_of_it_in_one_batch(
    course: Course,
    public: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        grading, "NotebookLimits", functools.partial(NotebookLimits, **asdict(LIMITS))
    )
    submissions, out = tmp_path / "submissions", tmp_path / "out"
    submissions.mkdir()
    attacks = write_attacks(submissions)
    before, earlier = leavings(public), descendants(os.getpid())
    # zygotes are one below the grader, students' processes two; those have no children
    with adopting(), watching(os.getpid(), deepest=2) as too_deep:
        batch = grade_submissions(
            submissions,
            hidden=course.hidden,
            out=out,
            assignment=course.assignment,
            autograder=course.sealed,
            jobs=2,
            progress=False,
        )
        left = left_after(1.0, os.getpid(), earlier)
    assert (left, too_deep) == ({}, {})
    assert leavings(public) == before
    assert traces() == []
    check_batch(batch, attacks, out)
    said = capfd.readouterr()
    (tmp_path / "said").mkdir()
    (tmp_path / "said/words").write_text(said.out + said.err)
    # why a hidden test failed stands in the journal, which is the instructor's alone
    leaks = find_in_tree(out, course.secrets)
    journal = [leak for leak in leaks if leak.where.startswith("results/")]
    assert {leak.needle for leak in journal} <= {"hidden tests"}
    assert leaks == journal
    assert find_in_tree(tmp_path / "said", course.secrets) == []


def check_batch(batch: Batch, attacks: Mapping[str, Attack], out: Path) -> None:
    """Compare what the batch says with what is expected."""
    found = {result.student: result for result in batch.results}
    assert found.keys() == attacks.keys()
    points = found[SENTINELS[0]].model_points
    assert points is not None
    assert points > 0
    wrong = []
    for name, attack in attacks.items():
        result = found[name]
        page = (out / "pages" / result.page).read_text(encoding="utf-8")
        hints = [code for code, hint in HINTS.items() if hint in html.unescape(page)]
        right = attack.allows(result.code)
        right &= hints == ([Code(result.code)] if result.code else [])
        right &= result.hint == (HINTS[Code(result.code)] if result.code else "")
        right &= "<script>alert" not in page
        if attack.book is not None:
            right &= result.model_points == points
            right &= {q.name: q.points for q in result.questions} == dict(attack.book.points)
            right &= not attack.book.note or _says(attack.book.note, result.notebook_notes)
        elif result.status == "rejected":
            right &= result.model_points == 0
        if not right:
            told = (result.code, result.message, result.model_points, result.notebook_notes)
            wrong.append((name, attack.title, *told, [q.points for q in result.questions], hints))
    assert wrong == []


def _says(note: str, notes: tuple[str, ...]) -> bool:
    return any(re.search(note, text) for text in notes)


# --- the sealed zip ---------------------------------------------------------------------------


class Copy(Machine):
    """A machine whose code is that of another one: only what grading deletes is copied."""

    def __init__(self, folder: Path, like: Machine) -> None:
        self.base = folder
        for name in ("submission", "results", "source/files"):
            (folder / name).mkdir(parents=True)
        for name in ("files/private", "tests"):
            place = folder / "source" / name
            shutil.copytree(like.base / "source" / name, place)
            for path in (place, *place.rglob("*")):  # as the script does it
                path.chmod(path.stat().st_mode & 0o700)
        self.metadata = {}

    def lay(self, path: Path, *, unpacked: bool) -> None:
        """Put a submission in its place, as the service does."""
        if unpacked:
            shutil.unpack_archive(path, self.base / "submission", "zip")
        else:
            shutil.copy(path, self.base / "submission")
        (self.base / "submission_metadata.json").write_text(json.dumps(self.metadata))


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_all_of_it_in_machines_with_the_sealed_zip(
    course: Course, public: Path, tmp_path: Path
) -> None:
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    attacks = write_attacks(submissions)
    first = Machine(public / "first", course.sealed)
    copies = {}
    for name in attacks:
        copies[name] = Copy(public / "machines" / name, first)
        # `otter grade` copies the zip, Gradescope unpacks it
        unpacked = not name.startswith("zip-") and name not in SENTINELS[1:]
        copies[name].lay(submissions / f"{name}.zip", unpacked=unpacked)
    before = leavings(public)
    grade_in(first, [copy.base for copy in copies.values()])
    assert leavings(public) == before
    assert traces() == []
    points = copies[SENTINELS[0]].points["model on the hidden notes"]
    wrong = [
        (n, a.title, why) for n, a in attacks.items() if (why := problem(a, copies[n], points))
    ]
    assert wrong == []
    for copy in copies.values():
        shutil.rmtree(copy.base / "source")
        shutil.rmtree(copy.base / "submission")
    assert find_in_tree(public / "machines", course.secrets) == []


def grade_in(machine: Machine, bases: list[Path]) -> None:
    """Grade in all machines, with the code of one."""
    root = Path(__file__).parents[2]
    course = machine.base / "source/files/course"
    done = subprocess.run(
        [sys.executable, "-P", machines.__file__],
        input=json.dumps(asdict(LIMITS) | {"bases": [str(base) for base in bases]}),
        env={**os.environ, "PYTHONPATH": f"{course}:{root}", "PYTHONDONTWRITEBYTECODE": "1"}
        | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr


def problem(attack: Attack, machine: Copy, points: float) -> object:
    """Return what is wrong with what a machine said; None if nothing is."""
    ended = json.loads((machine.base / "ended.json").read_text())
    log = (machine.base / "log").read_text()
    if ended["code"] != 0 or ended["left"]:
        return ended, log[-500:]
    report = machine.report
    words = report["tests"][0].get("output", "")
    code = "" if report["tests"][0]["status"] == "passed" else words.partition(":")[0]
    hints = [c for c, hint in HINTS.items() if hint in words]
    right = attack.allows(code) and hints == ([Code(code)] if code else [])
    right &= not (machine.base / "source/files/private").exists()
    found = {k: v for k, v in machine.points.items() if k in ALL}
    if attack.book is not None:
        right &= found == dict(attack.book.points)
        right &= machine.points["model on the hidden notes"] == points
        right &= not attack.book.note or _says(
            attack.book.note, tuple(report.get("output", "").split("\n"))
        )
    return None if right else (code, hints, found, report.get("output"), words[:200], log[-300:])


@pytest.mark.slow
@pytest.mark.parametrize("target", ["file", "labels", "folder", "pipe", "hard link", "name"])
def test_what_an_unpacked_submission_may_point_to(
    course: Course, public: Path, target: str
) -> None:
    first = Machine(public / "first", course.sealed)
    copy = Copy(public / "machines" / "one", first)
    place, code = copy.base / "submission/model.onnx", "BAD_PATH"
    labels = copy.base / "source/files/private/hidden/labels.npz"
    if target == "pipe":
        os.mkfifo(place)
    elif target == "name":
        place.write_bytes(MODEL)
        place.with_name(os.fsdecode(b"\xff.txt")).touch()
    elif target == "hard link":  # then it is a file like any other, but no model
        os.link(labels, place)
        code = "BAD_MODEL"
    else:
        goals = {"file": "/etc/passwd", "labels": labels, "folder": labels.parent}
        place.symlink_to(goals[target])
        code = "NO_MODEL" if target == "folder" else code
    (copy.base / "submission_metadata.json").write_text("{}")
    grade_in(first, [copy.base])
    assert problem(Attack(target, Code(code)), copy, 0) is None
