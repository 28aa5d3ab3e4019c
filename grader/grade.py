"""Grade a folder of submissions: model and notebook of each, one row and one page each.

Nothing that a submission holds can stop the others. Results are kept one by one, so a
run that was interrupted goes on where it stopped; a submission counts as known if its
bytes, the hidden split, the assignment and the grader are the same.
"""

import queue
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from grader.assignment import Assignment, load_assignment
from grader.gradebook import write_gradebook
from grader.hidden_split import LABELS, SECRET, HiddenSplit
from grader.intake import Archive, hash_file, read_file
from grader.kept import GRADER_VERSION, KeptResults, hash_settings
from grader.marking import Marker
from grader.model_tests import ModelTests, model_test_source
from grader.notebook.grading import NotebookGrader
from grader.notebook.place import demand_unseen
from grader.notebook.session import StudentSandbox
from grader.report import write_page
from grader.results import Result
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import REQUIRED, Policy, demand_public
from grader.sandbox.protocol import Layer
from grader.sandbox.thief import demand_unreadable
from grader.scoring import Scorer, practice_store
from utils.errors import ParameterError
from utils.submission.codes import Code, Rejection

__all__ = ["GRADER_VERSION", "Batch", "find_submissions", "grade_submissions"]

GRADES = "grades.csv"


@dataclass
class Batch:
    """What a run of the grader did.

    Attributes
    ----------
    results : list of Result
        Ordered by submission.
    ignored : list of str
        Names in the folder that are no zips.
    layers : tuple of Layer
        Protections that models ran under.
    n_known : int
        Results that were there already.
    """

    results: list[Result] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    layers: tuple[Layer, ...] = ()
    n_known: int = 0

    @property
    def has_notebooks(self) -> bool:
        """Whether notebooks were run."""
        return any(result.questions for result in self.results)


def find_submissions(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the zips of a folder, and the names of what else lies there.

    What is called ``.zip`` is a submission, even if it is none; folders and other files
    are left alone. The path of a single zip will do, too.

    Raises
    ------
    ParameterError
        If there is no such folder, or no zip in it.
    """
    if folder.is_file() and folder.suffix.lower() == ".zip":
        return [folder], []
    if not folder.is_dir():
        raise ParameterError(f"expected a folder with submissions (*.zip), got {folder}")
    zips, ignored = [], []
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        is_zip = path.suffix.lower() == ".zip" and not path.is_dir()
        if is_zip and not path.name.startswith("."):
            zips.append(path)
        else:
            ignored.append(path.name)
    if not zips:
        raise ParameterError(f"expected submissions (*.zip) in {folder}, found none")
    return zips, ignored


def grade_submissions(
    submissions: str | Path,
    *,
    hidden: str | Path,
    out: str | Path,
    assignment: Assignment | str | Path = "hw3_nsynth_cnn",
    jobs: int = 1,
    autograder: str | Path | None = None,
    practice: str | Path | None = None,
    sandbox: Policy = "strict",
    notebooks: bool = True,
    progress: bool = True,
) -> Batch:
    """Grade the model and the notebook of all submissions in a folder.

    Parameters
    ----------
    submissions : path
        Folder with one zip a submission.
    hidden : path
        A hidden split, from ``python -m grader hidden build``.
    out : path
        Folder for ``grades.csv``, ``pages/`` and ``results/``.
    assignment : Assignment, str or path
        Or its name or folder.
    jobs : int
        Models that run at the same time.
    autograder : path, optional
        Autograder zip that holds the tests; default: they come from the master.
    practice : path, optional
        Store with the practice split; needed unless models are trained on the notes that
        come with the course.
    sandbox : {"strict", "weak", "none"}
        Which protections must hold, else nothing is graded: see
        :mod:`grader.sandbox.policy`.
    notebooks : bool
        Run the notebooks, too, and grade their questions (Linux only).
    progress : bool
        Show a progress bar.

    Returns
    -------
    Batch
        All results, in the order of the gradebook.

    Raises
    ------
    ParameterError, StoreError, AssignmentError, SandboxError
        If grading can't start, or would not be safe here. A single submission never raises.
    KeyboardInterrupt
        When stopped; the gradebook is written first, with what is finished.
    """
    if jobs < 1:
        raise ParameterError(f"jobs: expected 1 or more, got {jobs}")
    if not isinstance(assignment, Assignment):
        assignment = load_assignment(assignment)
    paths, ignored = find_submissions(Path(submissions))
    split = HiddenSplit.open(hidden)
    demand_public(sandbox, public=bool(split.manifest["public"]))
    notes = practice_store(assignment, practice).split("practice")
    source = model_test_source(assignment, autograder=Path(autograder) if autograder else None)
    tests = ModelTests(source, assignment)
    scorer = Scorer(assignment, split, notes, tests)
    questions = NotebookGrader(assignment, autograder=Path(autograder) if autograder else None)
    asked = questions if notebooks and questions and sys.platform == "linux" else None
    settings = hash_settings(
        assignment,
        split,
        notes.store,
        tests,
        sandbox,
        notebook_tests=asked.sha256 if asked else "",
    )
    labels = [split.path / name for name in (LABELS, SECRET)]
    results = KeptResults(Path(out), settings)
    grader = _Grader(assignment, scorer, asked, results, sandbox, labels)
    batch = grader.run(paths, jobs=jobs, progress=progress)
    batch.ignored = ignored
    return batch


class _Sandboxes:
    """One sandbox for models and, where notebooks are graded, one for them."""

    def __init__(self, slot: int, policy: Policy, *, notebooks: bool) -> None:
        self.model = Sandbox(slot, policy=policy)
        self.notebook = StudentSandbox(slot, policy=policy) if notebooks else None

    def close(self) -> None:
        """End what waits for the next submission."""
        self.model.close()
        if self.notebook is not None:
            self.notebook.close()


class _Grader:
    """Grades submissions in some threads; each model runs in a sandbox of its own."""

    def __init__(
        self,
        assignment: Assignment,
        scorer: Scorer,
        questions: NotebookGrader | None,
        results: KeptResults,
        policy: Policy,
        labels: Sequence[Path],
    ) -> None:
        self._assignment, self._scorer, self._results = assignment, scorer, results
        self._questions = questions
        self._policy, self._labels = policy, labels
        self._marker = self._new_marker()
        self._sandboxes: queue.SimpleQueue[_Sandboxes] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._n_known = 0

    def run(self, paths: Sequence[Path], *, jobs: int, progress: bool) -> Batch:
        """Grade all submissions; write pages and gradebook."""
        sandboxes = [
            _Sandboxes(slot, self._policy, notebooks=self._questions is not None)
            for slot in range(min(jobs, len(paths)))
        ]
        results: dict[Path, Result] = {}
        try:
            # before any submission is judged
            layers = self._check(sandboxes[0])
            for sandbox in sandboxes:
                self._sandboxes.put(sandbox)
            self._grade_all(paths, len(sandboxes), results, progress=progress)
        finally:
            self._stopped.set()
            for sandbox in sandboxes:
                sandbox.close()
            if results:
                rows = [results.get(path) or self._not_finished(path) for path in paths]
                write_gradebook(rows, self._results.out / GRADES)
        return Batch(results=rows, layers=layers, n_known=self._n_known)

    def _check(self, sandboxes: "_Sandboxes") -> tuple[Layer, ...]:
        """Return which layers hold; refuse to go on if they are too few."""
        layers = sandboxes.model.check()
        if sandboxes.notebook is not None:
            demand_unseen([*self._labels, self._results.out])
            sandboxes.notebook.check()
        held = {layer.name for layer in layers if layer.active}
        self._marker = self._new_marker([x for x in REQUIRED["strict"] if x not in held])
        if self._policy == "weak":
            demand_unreadable(self._labels, sandboxes.model.uid)
        return layers

    def _grade_all(
        self, paths: Sequence[Path], jobs: int, results: dict[Path, Result], *, progress: bool
    ) -> None:
        """Grade all submissions, and put each result where it belongs as soon as it is there."""
        pool = ThreadPoolExecutor(jobs)
        try:
            futures: dict[Future[Result], Path] = {
                pool.submit(self.grade, path): path for path in paths
            }
            done = as_completed(futures)
            for future in tqdm(done, total=len(paths), unit="zip", disable=not progress):
                result = future.result()
                results[futures[future]] = result
                write_page(result, self._assignment, self._results.pages)
        except BaseException:
            self._stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()

    def grade(self, path: Path) -> Result:
        """Return the result of one submission; never raises for what is in it."""
        began = time.monotonic()
        sha256 = ""
        try:
            sha256 = hash_file(path)
            known = self._results.find(sha256)
            if known is not None:
                self._n_known += 1
                return replace(known, submission=path.name, student=path.stem)
            result = self._grade_content(path)
        except Rejection as rejection:
            result = self._marker.refused(path.name, rejection.code, rejection.detail)
        except Exception as error:
            # a mistake of ours, a full disk, a lost sandbox: the others must go on
            code = Code.NOT_FINISHED if self._stopped.is_set() else Code.INFRA_ERROR
            result = self._marker.refused(path.name, code, f"{type(error).__name__}: {error}")
        result = replace(result, sha256=sha256, seconds=time.monotonic() - began)
        self._results.keep(result)
        return result

    def _grade_content(self, path: Path) -> Result:
        """Return the result of a submission whose zip can be read."""
        archive = Archive(read_file(path))
        sandboxes = self._sandboxes.get()
        try:
            result = self._marker.model(archive, path.name, self._scorer, sandboxes.model)
            if self._questions is None or sandboxes.notebook is None:
                return result
            return self._marker.notebook(result, archive, self._questions, sandboxes.notebook)
        finally:
            self._sandboxes.put(sandboxes)

    def _new_marker(self, missing_layers: Sequence[str] = ()) -> Marker:
        return Marker(
            self._assignment,
            policy=self._policy,
            missing_layers=missing_layers,
            notebook_points=self._questions.max_points if self._questions else None,
        )

    def _not_finished(self, path: Path) -> Result:
        """Return the result of a submission whose turn never came."""
        return self._marker.refused(path.name, Code.NOT_FINISHED, "the grader was stopped")
