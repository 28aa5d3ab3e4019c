"""Grade a folder of submissions: model and notebook of each, one row and one page each.

Nothing that a submission holds can stop the others. Results are kept one by one in a
journal, so a run that was interrupted goes on where it stopped; a submission counts as known
if its bytes, the hidden split, the assignment and the grader are the same. The gradebook and
the pages are written from the journal, and can be made again from it at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.changes import Change, compare, write_changes
from grader.batch.folder import Folder, StoredResults, for_the_gradebook
from grader.batch.journal import Journal
from grader.batch.local import Station, Threads, local_stations, missing_layers
from grader.batch.plan import Plan
from grader.batch.runner import Pool, Runner
from grader.gradebook import write_gradebook
from grader.kept import GRADER_VERSION
from grader.notebook.place import demand_unseen
from grader.notebook.session import NotebookLimits
from grader.policy.settle import read_inputs, settle
from grader.report import write_page
from grader.results import Result
from grader.sandbox.policy import Policy
from grader.sandbox.protocol import Layer
from utils.errors import ParameterError, StoreError

__all__ = ["GRADER_VERSION", "Batch", "find_submissions", "grade_submissions"]

_SPARE_SECONDS = 300.0
"""On top of all limits of a submission, before an attempt counts as failed."""


@dataclass
class Batch:
    """What a run of the grader did.

    Attributes
    ----------
    results : sequence of Result
        Ordered by submission; read from the journal when they are asked for.
    ignored : list of str
        Names in the folder that are no zips.
    layers : tuple of Layer
        Protections that models ran under.
    n_known : int
        Results that were there already.
    has_notebooks : bool
        Whether notebooks were run.
    changes : sequence of Change
        What came out differently than before, if all was graded again.
    """

    results: Sequence[Result] = ()
    ignored: list[str] = field(default_factory=list)
    layers: tuple[Layer, ...] = ()
    n_known: int = 0
    has_notebooks: bool = False
    changes: Sequence[Change] = ()


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
        # a named pipe would let the grader wait for ever
        is_zip = path.suffix.lower() == ".zip" and path.is_file()
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
    dask: str | None = None,
    regrade: bool = False,
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
        Submissions that are graded at the same time.
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
    dask : str, optional
        Let workers of Dask run models and notebooks: the address of a scheduler, or
        ``local:N`` for N workers on this machine. An experiment: no test covers it yet.
    regrade : bool
        Grade again what is known, and say what changed.

    Returns
    -------
    Batch
        All results, in the order of the gradebook.

    Raises
    ------
    ParameterError, StoreError, AssignmentError, SandboxError
        If grading can't start, or would not be safe here, or results can't be written. A
        single submission never raises.
    KeyboardInterrupt
        When stopped; the gradebook is written first, with what is finished.
    """
    if jobs < 1:
        raise ParameterError(f"jobs: expected 1 or more, got {jobs}")
    paths, ignored = find_submissions(Path(submissions))
    plan = Plan.make(
        assignment,
        hidden,
        autograder=autograder,
        practice=practice,
        policy=sandbox,
        notebooks=notebooks,
    )
    folder = Folder(Path(out))
    if plan.questions is not None:
        demand_unseen([*plan.secrets, folder.out])
    if dask is not None:
        from grader.batch.cluster import cluster_stations  # an extra of the installation

        with cluster_stations(plan, dask) as stations:
            batch = _with_stations(plan, folder, paths, stations, progress, regrade)
    else:
        local = local_stations(plan, min(jobs, len(paths)))
        batch = _with_stations(plan, folder, paths, local, progress, regrade)
    batch.ignored = ignored
    return batch


def _with_stations(
    plan: Plan,
    folder: Folder,
    paths: Sequence[Path],
    stations: Sequence[Station],
    progress: bool,
    regrade: bool,
) -> Batch:
    """Check a station before any submission is judged, and put all of them to work."""
    try:
        layers = stations[0].check()
    except BaseException:
        for station in stations:
            station.close()
        raise
    pool = Threads(stations, plan.marker(missing_layers(layers)))
    try:
        batch = run_batch(plan, folder, paths, pool, progress=progress, regrade=regrade)
    finally:
        pool.close()
    batch.layers = layers
    return batch


def run_batch(
    plan: Plan,
    folder: Folder,
    paths: Sequence[Path],
    pool: Pool,
    *,
    progress: bool = False,
    regrade: bool = False,
) -> Batch:
    """Let a pool grade submissions; write pages, gradebook and, for a regrade, the changes.

    Raises
    ------
    StoreError
        Something can't be written; what was acknowledged is kept.
    """
    try:
        return _run_batch(plan, folder, paths, pool, progress=progress, regrade=regrade)
    except OSError as error:
        raise StoreError(f"can't write into {folder.out}: {error.strerror or error}") from error


def _run_batch(
    plan: Plan, folder: Folder, paths: Sequence[Path], pool: Pool, *, progress: bool, regrade: bool
) -> Batch:
    inputs = read_inputs(folder.out, plan.assignment)  # first: a wrong file stops before the work
    with folder.open(plan.settings) as journal:
        if regrade:
            journal.begin_regrade()
        runner = Runner(
            journal,
            pool,
            refuse=plan.marker().refused,
            deliver=lambda result: _deliver(result, plan, folder),
            lease_seconds=_lease(plan),
        )
        try:
            runner.run(paths, progress=progress)
        finally:
            rows = [for_the_gradebook(runner.result(path)) for path in paths]
            settled = settle(rows, plan.assignment, inputs)
            write_gradebook(rows, folder.grades, settled=settled)
        found = _changes(runner, journal, folder, paths) if regrade else ()
    results = StoredResults(folder.journal, plan.settings, runner.contents, runner.failures)
    return Batch(
        results,
        n_known=runner.n_known,
        has_notebooks=plan.questions is not None,
        changes=found,
    )


def _deliver(result: Result, plan: Plan, folder: Folder) -> None:
    write_page(result, plan.assignment, folder.pages)


def _changes(
    runner: Runner, journal: Journal, folder: Folder, paths: Sequence[Path]
) -> list[Change]:
    """Return what a regrade changed, and write it down."""
    results = (runner.result(path) for path in paths if path.name not in runner.failures)
    compared = (compare(journal.earlier(result.sha256), result) for result in results)
    found = [change for change in compared if change is not None]
    write_changes(found, folder.out / "changes.csv")
    if not runner.failures:
        journal.end_regrade()
    return found


def _lease(plan: Plan) -> float:
    """Return the seconds that one submission may take at most."""
    # the sandbox tries a model that crashed once more
    notebook = NotebookLimits().wall_seconds if plan.questions is not None else 0.0
    return 2 * plan.assignment.limits.wall_seconds + notebook + _SPARE_SECONDS
