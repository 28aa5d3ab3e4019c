"""Where the student's process and the grader's touch: calls, answers, errors, refusals."""

import re
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from grader.intake import Archive
from grader.marking import Marker
from grader.notebook.cells import read_cells
from grader.notebook.plain import Opaque, PlainError, from_json, to_json
from grader.notebook.questions import NotebookRun, Questions
from grader.notebook.session import StudentSandbox
from grader.sandbox.parent import Sandbox
from tests.adversarial.course import LIMITS, Course
from tests.adversarial.nets import NETS
from tests.grader.notebooks import notebook, otter_file
from tests.grader.zips import zipped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")


@pytest.fixture(scope="module")
def models() -> Iterator[Sandbox]:
    with Sandbox() as models:
        yield models


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StudentSandbox]:
    with StudentSandbox() as sandbox:
        yield sandbox


def run(sandbox: StudentSandbox, questions: Questions, *cells: str) -> NotebookRun:
    """Return what cells earn."""
    return questions.run(read_cells(notebook(*cells)), {}, sandbox, limits=LIMITS)


# --- calls and answers ------------------------------------------------------------------------


def test_notebooks_that_are_marked_at_once_keep_their_own_results(sandbox: StudentSandbox) -> None:
    cases = [("f", f"    assert f({i}) == {i}", 1, i > 4) for i in range(8)]
    questions = Questions({"q": otter_file("q", *cases)})
    cells = {
        "right": "import time\ndef f(x):\n  time.sleep(0.1)\n  return x",
        "wrong": "import time\ndef f(x):\n  time.sleep(0.1)\n  return -1",
    }
    found = {}

    def mark(name: str, where: StudentSandbox) -> None:
        found[name] = run(where, questions, cells[name])

    with StudentSandbox(1) as other:
        for place in (sandbox, other):  # both wait for a notebook, so that the tests overlap
            place.check()
        threads = [
            threading.Thread(target=mark, args=(name, place))
            for name, place in (("right", sandbox), ("wrong", other))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (found["right"].points, found["wrong"].points) == (8, 0)
    assert {len(result.questions[0].cases) for result in found.values()} == {8}


def test_what_hidden_tests_ask_is_in_no_message(sandbox: StudentSandbox) -> None:
    questions = Questions(
        {
            "q1": otter_file("q1", ("f", "    assert f(4711)", 1, True)),
            "q2": otter_file("q2", ("g", "    assert g() == 0", 1, False)),
            "q3": otter_file("q3", ("told", "    raise AssertionError(str(told))", 1, False)),
        }
    )
    cell = "told = []\ndef f(x): told.append(x)\ndef g(): raise ValueError(str(told))"
    result = run(sandbox, questions, cell)
    assert [q.message for q in result.questions] == ["", "ValueError: []", "[]"]


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_no_error_ends_a_test_as_if_it_had_passed(sandbox: StudentSandbox, error: str) -> None:
    body = "    assert all(map(lambda x: f(x) == x, [1, 2]))"
    questions = Questions({"q": otter_file("q", ("f", body, 1, True))})
    assert run(sandbox, questions, "def f(x): return x").points == 1
    assert run(sandbox, questions, f"def f(x): raise {error}").points == 0


NO_DATA = ("object()", "lambda: 0", "type('A', (), {'__eq__': lambda *a: True})()", "{1, 2}")
EMPTY = ("__import__('numpy').zeros((0, 1, 1))", "__import__('torch').zeros((0, 1))")
INSIDE = ("[object()]", "{'a': object()}")  # a list is true, whatever it holds
COMPARED = (
    *("assert f(1) == f(2)", "assert f(1) != f(2)", "assert f(1) == [1]", "assert not f(1)"),
    "import numpy as np\n    assert np.allclose(f(1), [[1.0, 2], [3, 4]])",
)
NO_ANSWERS = (
    *((value, "assert f(1)") for value in (*NO_DATA, *EMPTY)),
    *((value, test) for value in (*NO_DATA, *EMPTY, *INSIDE) for test in COMPARED),
)


@pytest.mark.parametrize(("value", "test"), NO_ANSWERS)
def test_what_is_no_answer_passes_no_test(sandbox: StudentSandbox, value: str, test: str) -> None:
    questions = Questions({"q": otter_file("q", ("f", f"    {test}", 1, True))})
    assert run(sandbox, questions, f"def f(x): return {value}").points == 0


def test_an_empty_array_may_be_asked_but_not_answered() -> None:
    message = to_json(np.zeros((0, 5)))
    assert from_json(message).shape == (0, 5)
    with pytest.raises(PlainError, match=r"without values, of shape \(0, 5\)"):
        from_json([message], answer=True)
    assert from_json(to_json(np.zeros(0)), answer=True).shape == (0,)


def test_a_value_that_is_not_known_says_so() -> None:
    for act in (bool, hash, lambda x: x == x, lambda x: x != 1, lambda x: x in [1]):
        with pytest.raises(TypeError):
            act(Opaque("socket\x1b"))
    assert "\x1b" not in repr(Opaque("socket\x1b"))


# --- refusals ---------------------------------------------------------------------------------

TELLING = (
    "index from the notes",
    "rows from the notes",
    "infinity",
    "batches of 1",
    "normal noise",
)


class Notes:
    """Notes of which nobody may know anything; in place of a scorer."""

    def __init__(self, seed: int) -> None:
        self.mels = np.random.default_rng(seed).integers(0, 256, (128, 64, 64), dtype=np.uint8)

    def repeats(self, model: bytes) -> np.ndarray:
        """Return which notes are run again."""
        return np.arange(64)


@pytest.mark.parametrize("title", TELLING)
def test_a_refusal_says_nothing_of_the_notes(course: Course, models: Sandbox, title: str) -> None:
    make, code = NETS[title]
    archive = Archive(zipped(("model.onnx", make())))
    marker = Marker(course.assignment, policy="strict")
    results = [marker.model(archive, "x.zip", Notes(seed), models) for seed in (1, 2)]  # type: ignore[arg-type]
    assert [result.code for result in results] == [code, code]
    assert results[0].message == results[1].message
    assert not re.search(r"\d", results[0].message.replace("11", "").replace("float32", ""))
