"""Run the tests of all questions against a submitted notebook, and count the points.

The tests are otter's own files. They run here, in the grader; the names that they ask for
are proxies that call into the student's process. A process that ends or is killed costs
the question that it happened in, and is started again for the next one, without the cell
that ended it.
"""

import builtins
import copy
import inspect
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from grader.assignment import AssignmentError
from grader.model_tests import CaseResult, QuestionResult
from grader.notebook.cells import Cell
from grader.notebook.plain import PlainError, clean, from_json, to_json
from grader.notebook.process import NotebookLimits, StudentGone, StudentProcess
from grader.notebook.session import StudentSandbox

__all__ = ["NotebookRun", "Questions"]

MAX_STARTS = 4
_LEAST_SECONDS = 10.0
"""For a process, so that one that starts late does not look like a fault of the sandbox."""

_MAX_MESSAGE = 300


@dataclass(frozen=True)
class NotebookRun:
    """What running a notebook gave.

    Attributes
    ----------
    questions : tuple of QuestionResult
        In the order of the tests.
    notes : tuple of str
        Cells that stopped with an error, and how the process ended.
    seconds : float
    """

    questions: tuple[QuestionResult, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def points(self) -> float:
        """Of all questions."""
        return round(sum(question.points for question in self.questions), 2)


class Questions:
    """The tests of all questions but those for the model and those graded by hand.

    Parameters
    ----------
    sources : mapping of str to str
        Question → text of its test file.

    Attributes
    ----------
    max_points : float

    Raises
    ------
    AssignmentError
        A test file can't be read.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        from otter.test_files.exception_test import ExceptionTestFile

        self._files = {}
        for name, source in sources.items():
            try:
                self._files[name] = ExceptionTestFile.from_string(source, path=f"{name}.py")
            except Exception as error:
                raise AssignmentError(f"the tests of {name} can't be read: {error}") from error
        self.max_points = round(sum(file.possible for file in self._files.values()), 2)

    def __bool__(self) -> bool:
        return bool(self._files)

    def run(
        self,
        cells: Sequence[Cell],
        files: Mapping[str, bytes],
        sandbox: StudentSandbox,
        *,
        limits: NotebookLimits | None = None,
    ) -> NotebookRun:
        """Run cells, then all tests.

        Parameters
        ----------
        cells : sequence of Cell
        files : mapping of str to bytes
            What lies beside the notebook.
        sandbox : StudentSandbox
        limits : NotebookLimits, optional

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        began = time.monotonic()
        with _Notebook(cells, files, sandbox, limits or NotebookLimits()) as notebook:
            notebook.start()
            results = _mark_all(self._files, notebook)
        return NotebookRun(results, tuple(notebook.notes), time.monotonic() - began)

    def none(self, message: str) -> tuple[QuestionResult, ...]:
        """Return results without points, for a notebook that can't be run."""
        return tuple(
            QuestionResult(name, 0.0, round(file.possible, 2), (), message)
            for name, file in self._files.items()
        )


def _mark_all(files: Mapping[str, Any], notebook: "_Notebook") -> tuple[QuestionResult, ...]:
    """Run the tests of all questions: first all public ones, as their messages are shown.

    Otherwise a function could remember what hidden tests call it with, and say so in the error
    that it raises in the public test of a later question.
    """
    found: dict[str, list[Any]] = {name: [] for name in files}
    known: set[str] = set()
    for hidden in (False, True):
        for name, file in files.items():
            # otter's file keeps results in itself, and other notebooks are marked meanwhile
            part = copy.copy(file)
            part.test_cases = [case for case in file.test_cases if bool(case.hidden) == hidden]
            wanted = {p for case in part.test_cases for p in _parameters(case)}
            names = notebook.names(sorted(wanted))
            known |= set(names)
            part.run(names)
            found[name] += part.test_case_results
    return tuple(_count(name, file, found[name], known) for name, file in files.items())


def _count(name: str, file: Any, results: Sequence[Any], known: Set[str]) -> QuestionResult:
    """Return what a question earned; `known` are the names that the notebook has."""
    void = file.all_or_nothing and not all(result.passed for result in results)
    cases = tuple(CaseResult.from_otter(case, void=void) for case in results)
    failed = [r for r in results if not r.passed and not r.test_case.hidden]
    most = round(file.possible, 2)
    points = min(max(sum(case.points for case in cases), 0.0), most)
    return QuestionResult(name, round(points, 2), most, cases, _words(failed, known))


def _parameters(case: Any) -> list[str]:
    return list(inspect.signature(case.body.test_func).parameters)


def _words(failed: Sequence[Any], known: Set[str]) -> str:
    """Return the hint of the first public test that failed."""
    if not failed:
        return ""
    for name in _parameters(failed[0].test_case):
        if name not in known:
            return f"the notebook has no {name}, or its cell failed"
    text = failed[0].message.strip().splitlines()[-1]
    return clean(text.removeprefix("AssertionError: "), _MAX_MESSAGE)


class _Notebook:
    """A notebook whose process is started again when it is gone."""

    def __init__(
        self,
        cells: Sequence[Cell],
        files: Mapping[str, bytes],
        sandbox: StudentSandbox,
        limits: NotebookLimits,
    ) -> None:
        self._cells, self._files = list(cells), files
        self._sandbox, self._limits = sandbox, limits
        self._process: StudentProcess | None = None
        self._starts = 0
        self._began = time.monotonic()
        self.notes: list[str] = []

    def __enter__(self) -> "_Notebook":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def start(self) -> None:
        """Run all cells in a new process; again without a cell that ends it."""
        while self._process is None and self._may_start():
            self._starts += 1
            left = max(self._seconds_left(), _LEAST_SECONDS)
            limits = replace(self._limits, wall_seconds=left)
            self._process = self._sandbox.open(self._files, limits)
            for cell in self._cells:
                try:
                    reply = self._process.ask({"op": "cell", "source": cell.source})
                except StudentGone as reason:
                    self.notes.append(f"cell {cell.number}: {reason}")
                    self._cells = [other for other in self._cells if other is not cell]
                    self._end()
                    break
                if self._starts == 1 and reply.get("kind") == "error":
                    self.notes.append(f"cell {cell.number}: {_error_line(reply)}")

    def _may_start(self) -> bool:
        return self._starts < MAX_STARTS and self._seconds_left() > 0

    def _seconds_left(self) -> float:
        return self._limits.wall_seconds - (time.monotonic() - self._began)

    def names(self, wanted: Sequence[str]) -> dict[str, Any]:
        """Return values and proxies of those names that the notebook has."""
        self.start()
        found = {}
        for name in wanted:
            try:
                reply = self.ask({"op": "get", "name": name})
                if reply.get("kind") == "callable":
                    found[name] = Proxy(self, name)
                elif reply.get("kind") == "value":
                    found[name] = from_json(reply.get("value"), answer=True)
            except (StudentGone, PlainError):
                continue
        return found

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Ask the process; note when it is gone."""
        if self._process is None:
            raise StudentGone("the notebook's process has ended")
        try:
            return self._process.ask(message)
        except StudentGone as reason:
            self.notes.append(f"{message.get('name', '')}: {reason}")
            self._end()
            raise


class Proxy:
    """A function of the notebook, called in the student's process with plain data."""

    def __init__(self, notebook: _Notebook, name: str) -> None:
        self._notebook, self.__name__ = notebook, name

    def __repr__(self) -> str:
        return f"<{self.__name__} of the notebook>"

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return what the function returns; raise what it raises, as an error of Python's own."""
        reply = self._notebook.ask(
            {
                "op": "call",
                "name": self.__name__,
                "arguments": to_json(list(arguments), strict=True),
                "options": to_json(options, strict=True),
            }
        )
        if reply.get("kind") == "value":
            return from_json(reply.get("value"), answer=True)
        raise _error(reply)


def _error(reply: Mapping[str, Any]) -> Exception:
    """Return the error that a reply tells of."""
    classes, text = reply.get("classes"), clean(str(reply.get("text", "")), _MAX_MESSAGE)
    for name in classes if isinstance(classes, list) else ():
        kind = getattr(builtins, str(name), None)
        if isinstance(kind, type) and issubclass(kind, Exception) and kind not in _UNTOLD:
            try:
                return kind(text)
            except TypeError:  # UnicodeDecodeError and its like want more
                continue
    return RuntimeError(_error_line(reply))


_UNTOLD = (Exception, StopIteration, StopAsyncIteration)
"""Not raised in a test: the last two would end its ``all(map(function, …))`` as if passed."""


def _error_line(reply: Mapping[str, Any]) -> str:
    classes = reply.get("classes")
    name = clean(str(classes[0]), 60) if isinstance(classes, list) and classes else "an error"
    text = str(reply.get("text", "")).strip().splitlines()
    return f"{name}: {clean(text[0], _MAX_MESSAGE)}" if text else name
