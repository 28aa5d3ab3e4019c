"""The notebook's questions: student code in one process, hidden tests in another."""

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader.model_tests import QuestionResult
from grader.notebook.cells import NotebookError, read_cells
from grader.notebook.place import demand_unseen, readable_paths
from grader.notebook.process import NotebookLimits
from grader.notebook.questions import NotebookRun, Questions
from grader.notebook.session import StudentSandbox
from grader.sandbox.layers import FILES, SYSTEM_CALLS
from grader.sandbox.protocol import SandboxError
from tests.grader.leaks import find_in_tree
from tests.grader.notebooks import ENDINGS, notebook, otter_file
from tests.grader.processes import adopting, descendants, holds, left_after

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")

LIMITS = NotebookLimits(cpu_seconds=20, wall_seconds=60, cell_seconds=2, memory_mb=700, disk_mb=20)

SUM = otter_file(
    "q1",
    ("add", '    hint = "add the two"\n    assert add(1, 2) == 3, hint', 1, False),
    ("add", "    assert add(20, 22) == 42", 3, True),
)
OTHER = otter_file("q2", ("answer", "    assert answer == [1.5, 2]", 2, True))


@pytest.fixture(scope="module")
def questions() -> Questions:
    return Questions({"q1": SUM, "q2": OTHER})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StudentSandbox]:
    with StudentSandbox() as sandbox:
        yield sandbox


GOOD = ("def add(a, b):\n    return a + b", "answer = [1.5, 2]")


@pytest.fixture
def run(questions: Questions, sandbox: StudentSandbox):
    def run(*sources: str, files: dict[str, bytes] | None = None) -> NotebookRun:
        return questions.run(read_cells(notebook(*sources)), files or {}, sandbox, limits=LIMITS)

    return run


def points(run: NotebookRun) -> dict[str, float]:
    return {question.name: question.points for question in run.questions}


def test_all_layers_hold(sandbox: StudentSandbox) -> None:
    active = {layer.name for layer in sandbox.check() if layer.active}
    assert {FILES, SYSTEM_CALLS} <= active


def test_a_right_notebook_gets_all_points(run, questions: Questions) -> None:
    result = run(*GOOD)
    assert (result.points, questions.max_points) == (6, 6)
    assert result.notes == ()
    assert [q.message for q in result.questions] == ["", ""]


def test_a_wrong_answer_gets_the_hint_of_the_public_test_alone(run) -> None:
    result = run("def add(a, b):\n    return a - b", "answer = [1.5, 3]")
    assert result.points == 0
    assert [q.message for q in result.questions] == ["add the two", ""]


def test_a_cell_that_fails_costs_what_depends_on_it(run) -> None:
    result = run(GOOD[0], "1 / 0", GOOD[1])
    assert result.points == 6
    assert result.notes == ("cell 2: ZeroDivisionError: division by zero",)


def test_what_is_missing_is_none_for_the_test(run) -> None:
    result = run(GOOD[1])
    assert points(result) == {"q1": 0, "q2": 2}
    assert result.questions[0].message == "the notebook has no add, or its cell failed"


def test_otter_is_there_but_does_nothing(run) -> None:
    first = "import otter\ngrader = otter.Notebook('hw.ipynb')"
    result = run(first, *GOOD, "grader.check('q1')", "grader.export(run_tests=True)")
    assert (result.points, result.notes) == (6, ())


def test_magics_and_displays_work(run) -> None:
    show = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1]);\nplt.show()"
    assert run(show, "from IPython.display import display\ndisplay(1)", *GOOD).notes == ()


def test_files_of_the_submission_lie_beside_the_notebook(run) -> None:
    cell = "answer = __import__('json').load(open('history.json'))\nopen('new.txt', 'w').write('x')"
    assert points(run(cell, files={"history.json": b"[1.5, 2]"}))["q2"] == 2


def test_values_cross_the_pipe_as_they_are(sandbox: StudentSandbox) -> None:
    body = """
    import numpy as np
    got = echo({"a": [1, 2.5, True, None], "b": (1, "x")}, np.arange(6.0).reshape(2, 3))
    assert got[0] == {"a": [1, 2.5, True, None], "b": (1, "x")}
    assert got[1].tolist() == [[0, 1, 2], [3, 4, 5]] and got[1].dtype == np.float64
    assert got[2] is ... and type(got[3]) is float and got[4] == 1j and np.isnan(got[5])
    assert type(got[6]) is np.float32 and "Socket" not in repr(got[7])
    assert got[8].tolist() == [0, 0]
"""
    source = otter_file("q", ("echo", body, 1, True))
    cell = (
        "import numpy as np, torch\n"
        "def echo(a, b): return [a, b, ..., 0.5, 1j, float('nan'), np.float32(1), object(), "
        "torch.zeros(2, requires_grad=True)]"
    )
    result = Questions({"q": source}).run(read_cells(notebook(cell)), {}, sandbox, limits=LIMITS)
    assert result.points == 1, result


def test_errors_of_the_student_are_errors_for_the_test(sandbox: StudentSandbox) -> None:
    body = """
    for kind, error in (("v", ValueError), ("own", KeyError), ("exit", RuntimeError)):
        try:
            fail(kind)
        except error as caught:
            assert kind in str(caught)
        else:
            assert False
"""
    cell = (
        "class Own(KeyError): pass\n"
        "def fail(kind): raise {'v': ValueError, 'own': Own, 'exit': SystemExit}[kind](kind)"
    )
    source = otter_file("q", ("fail", body, 1, True))
    result = Questions({"q": source}).run(read_cells(notebook(cell)), {}, sandbox, limits=LIMITS)
    assert result.points == 1, result


def test_training_cells_are_left_out(run) -> None:
    sources = (*GOOD, "raise SystemExit")
    book = nbformat.reads(notebook(*sources).decode(), as_version=4)
    book.cells[2].metadata["tags"] = ["train"]
    assert len(read_cells(nbformat.writes(book).encode())) == 2
    book.cells[2].metadata["tags"] = []
    content = nbformat.writes(book).encode()
    assert len(read_cells(content, left_out={book.cells[2].id})) == 2
    assert len(read_cells(content)) == 3


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b"\xff", b"[" * 100_000),
        *(b'{"cells": 3, "nbformat": 4}', b'{"cells": [3], "nbformat": 4}'),
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}',
    ],
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(NotebookError):
        read_cells(content)


# --- hostile notebooks ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("how", ENDINGS)
def test_a_cell_that_ends_the_process_costs_itself(run, how: str) -> None:
    result = run(GOOD[0], ENDINGS[how], GOOD[1])
    assert result.points == 6, result
    assert [note.partition(":")[0] for note in result.notes] == ["cell 2"]
    assert result.seconds < 40


def test_a_function_that_ends_the_process_costs_its_question(run) -> None:
    result = run("import os\ndef add(a, b): os._exit(0)", GOOD[1])
    assert points(result) == {"q1": 0, "q2": 2}


def test_processes_are_gone_after_a_second(run, sandbox: StudentSandbox) -> None:
    with adopting():
        before = descendants(os.getpid())
        run("import os, time\nif os.fork() == 0:\n  os.setsid()\n  time.sleep(99)", *GOOD)
        assert sandbox._launcher is not None
        assert not left_after(1, os.getpid(), {*before, sandbox._launcher._zygote.pid})


def test_labels_are_not_in_reach(run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.npz"
    secret = secrets.token_bytes(32)
    labels.write_bytes(secret)
    keep = np.frombuffer(secret, np.uint8).copy()  # in this process's memory
    hunt = f"""
import glob, os, socket
answer = []
def attempt(act):
    try: answer.append(repr(act())[:200])
    except BaseException as error: answer.append(type(error).__name__)
attempt(lambda: open({str(labels)!r}, 'rb').read())
attempt(lambda: os.listdir({str(tmp_path)!r}))
attempt(lambda: open('/proc/{os.getpid()}/environ').read())
attempt(lambda: open('/proc/{os.getpid()}/mem'))
attempt(lambda: open('/proc/self/environ').read())
attempt(lambda: os.listdir('/proc'))
attempt(lambda: os.listdir('..'))
attempt(lambda: os.listdir('/tmp'))
attempt(lambda: os.kill({os.getpid()}, 0))
attempt(lambda: socket.socket())
attempt(lambda: socket.create_connection(('127.0.0.1', 80)))
attempt(lambda: os.posix_spawn('/bin/true', ['true'], {{}}))
attempt(lambda: os.link({str(labels)!r}, 'mine'))
attempt(lambda: os.symlink({str(labels)!r}, 'mine'))
attempt(lambda: __import__('grader.scoring'))
attempt(lambda: open({str(Path(__file__))!r}).read())
"""
    source = otter_file("q", ("answer", "    raise AssertionError('|'.join(answer))", 1, False))
    with StudentSandbox() as fresh:
        result = Questions({"q": source}).run(read_cells(notebook(hunt)), {}, fresh, limits=LIMITS)
    found = result.questions[0].message.split("|")
    assert len(found) == 16, found
    allowed = {"PermissionError", "ModuleNotFoundError", "ImportError", "FileNotFoundError"}
    assert set(found) <= allowed, found
    assert secret.hex() not in str(found)
    assert keep.any()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a child that is locked down")
def test_no_byte_of_the_labels_is_in_the_students_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, questions: Questions
) -> None:
    labels = np.random.default_rng(6).integers(0, 11, 400)
    kept = [labels.astype(kind).tobytes() for kind in ("u1", "i4", "i8")]
    monkeypatch.setenv("LABELS", kept[0].hex())
    kept += [kept[0].hex().encode(), b"assert add(20, 22)"]  # and the hidden tests
    path = tmp_path / "labels.npz"
    path.write_bytes(b"".join(kept))
    with path.open("rb") as opened, StudentSandbox() as fresh:
        os.set_inheritable(opened.fileno(), True)
        with fresh.open({"history.json": b"{}"}, LIMITS) as process:
            process.ask({"op": "cell", "source": "mine = '-'.join(['canary'] * 9)"})
            assert fresh._launcher is not None
            pid, zygote = process._running.pid, fresh._launcher._zygote.pid
            assert {pid: holds(pid, kept), zygote: holds(zygote, kept)} == {pid: [], zygote: []}
            assert holds(pid, [b"-".join([b"canary"] * 9)])  # the search finds what is there
            assert find_in_tree(fresh._place, {str(i): text for i, text in enumerate(kept)}) == []


def test_hidden_tests_are_not_in_the_students_process(run) -> None:
    hunt = """
import gc, sys
text = ' '.join(s for s in gc.get_objects() if isinstance(s, str))
text += repr(sys.modules.keys()) + repr(globals())
answer = [1.5, 2] if 'add(20, 22)' in text or 'otter.test_files' in text else []
"""
    assert points(run(GOOD[0], hunt))["q2"] == 0


@pytest.mark.parametrize(
    "patch",
    [
        "import builtins\nbuiltins.AssertionError = type('E', (Exception,), {})",
        "import operator\nclass Yes(int):\n  __eq__ = lambda *a: True\ndef add(a, b): return Yes()",
        "class Yes:\n  __eq__ = lambda *a: True\ndef add(a, b): return Yes()",
        "import numpy\nnumpy.allclose = lambda *a, **k: True",
        "import json\njson.loads = json.dumps = lambda *a, **k: {'kind': 'value', 'value': True}",
        "import sys\nsys.modules['grader.notebook.questions'] = None",
    ],
)
def test_patches_stay_in_their_process(run, patch: str) -> None:
    assert run("def add(a, b): return 0\nanswer = 3", patch).points == 0


def test_labels_must_not_lie_where_notebooks_read() -> None:
    inside = Path(readable_paths()[0]) / "labels.npz"
    with pytest.raises(SandboxError, match="which notebooks may read"):
        demand_unseen([inside])
    demand_unseen([Path("/nowhere/labels.npz")])


def test_a_question_result_survives_json() -> None:
    from dataclasses import asdict

    from grader.model_tests import CaseResult

    result = QuestionResult("q", 1.0, 2.0, (CaseResult("t", True, 1.0, 2.0),), "x")
    assert QuestionResult.from_table(asdict(result)) == result
