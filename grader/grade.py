"""Grade a folder of submissions: model and notebook of each, one row and one page each.

Nothing that a submission holds can stop the others. Results are kept one by one in a
journal, so a run that was interrupted goes on where it stopped; a submission counts as known
if its bytes, the hidden split, the assignment and the grader are the same. The gradebook and
the pages are written from the journal, and can be made again from it at any time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.changes import Change
from grader.batch.finding import choose, find_submissions
from grader.batch.folder import Folder, StoredResults
from grader.batch.local import Station, Threads, local_stations, missing_layers
from grader.batch.plan import Plan
from grader.batch.preview import end_preview, preview_of
from grader.batch.regrade import Regrade, other_rows
from grader.batch.runner import Pool, Runner
from grader.gradebook import write_gradebook
from grader.notebook.place import demand_unseen
from grader.notebook.process import NotebookLimits
from grader.policy.settle import read_inputs, settle
from grader.report import write_page
from grader.results import Result
from grader.sandbox.policy import Policy
from grader.sandbox.protocol import Layer
from utils.errors import ParameterError, StoreError

__all__ = ["Batch", "grade_submissions", "run_batch"]

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
    causes : sequence of str
        What results depend on and is different from before, in words.
    n_failures : int
        Submissions that could not be graded now; the same command tries them again.
    out : Path
        Where the results lie.
    """

    results: Sequence[Result] = ()
    ignored: list[str] = field(default_factory=list)
    layers: tuple[Layer, ...] = ()
    n_known: int = 0
    has_notebooks: bool = False
    changes: Sequence[Change] = ()
    causes: Sequence[str] = ()
    n_failures: int = 0
    out: Path = Path()


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
    only: Sequence[str] = (),
    diff: bool = False,
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
        Let workers of Dask run models and notebooks: the address of a scheduler
        (``tls://…``, ``tcp://…``), or ``local:N`` for N workers on this machine.
    regrade : bool
        Grade again what is known, and say what changed.
    only : sequence of str
        Names of submissions, with or without ``.zip``: the gradebook keeps the rows of all
        others; none: all.
    diff : bool
        Leave ``out`` as it is, and regrade in a copy of it: see
        :mod:`grader.batch.preview`.

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
    paths = choose(paths, only) if only else paths
    plan = Plan.make(
        assignment,
        hidden,
        autograder=autograder,
        practice=practice,
        policy=sandbox,
        notebooks=notebooks,
    )
    folder = Folder(preview_of(Path(out), plan.settings.id) if diff else Path(out))
    if plan.questions is not None:
        demand_unseen([*plan.unseen, Path(submissions), Path(out), folder.out])
    run = partial(
        run_batch,
        plan,
        folder,
        paths,
        progress=progress,
        regrade=regrade,
        # one zip of a class is no class
        only=bool(only) or (regrade and Path(submissions).is_file()),
    )
    batch = _somewhere(plan, run, dask, min(jobs, len(paths)))
    batch.ignored = ignored
    if diff and not batch.n_failures:
        end_preview(batch.out)
    return batch


def _somewhere(plan: Plan, run: Callable[[Pool], Batch], dask: str | None, jobs: int) -> Batch:
    """Run on this machine or on a cluster."""
    if dask is None:
        return _with_stations(plan, local_stations(plan, jobs), run)
    from grader.batch.cluster import cluster_stations  # an extra of the installation

    with cluster_stations(plan, dask) as stations:
        return _with_stations(plan, stations, run)


def _with_stations(plan: Plan, stations: Sequence[Station], run: Callable[[Pool], Batch]) -> Batch:
    """Check a station before any submission is judged, and put all of them to work."""
    try:
        layers = stations[0].check()
    except BaseException:
        for station in stations:
            station.close()
        raise
    pool = Threads(stations, plan.marker(missing_layers(layers)))
    try:
        batch = run(pool)
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
    only: bool = False,
) -> Batch:
    """Let a pool grade submissions; write pages, gradebook and, for a regrade, the changes.

    Raises
    ------
    StoreError
        Something can't be written; what was acknowledged is kept.
    """
    with _disk_errors(folder):
        # first: a wrong file stops before the work
        inputs = read_inputs(folder.out, plan.assignment)
        others = other_rows(folder.out, plan.assignment, paths) if only else ()
        with folder.open(plan.settings) as journal:
            again = Regrade(journal, paths, only) if regrade else None
            runner = Runner(
                journal,
                pool,
                refuse=plan.marker().refused,
                deliver=lambda result: write_page(result, plan.assignment, folder.pages),
                lease_seconds=_lease(plan),
            )
            # a regrade that is stopped leaves the gradebook as it was, without gaps
            write = not (regrade and folder.grades.exists())
            try:
                runner.run(paths, progress=progress)
                write = True
            finally:
                if write:
                    rows = chain(map(runner.result, paths), others)
                    write_gradebook(settle(rows, plan.assignment, inputs), folder.grades)
            if again is not None:
                again.end(runner, folder, plan.settings)
        return _batch(plan, folder, runner, again)


@contextmanager
def _disk_errors(folder: Folder) -> Iterator[None]:
    """Say in words what the system says of a folder that can't be written."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"can't write into {folder.out}: {error.strerror or error}") from error


def _batch(plan: Plan, folder: Folder, runner: Runner, again: Regrade | None) -> Batch:
    entries = [runner.failures.get(name, (name, sha)) for name, sha in runner.contents.items()]
    return Batch(
        StoredResults(folder.journal, plan.settings, entries),
        n_known=runner.n_known,
        has_notebooks=plan.questions is not None,
        changes=again.changes if again else (),
        causes=again.causes if again else (),
        n_failures=len(runner.failures),
        out=folder.out,
    )


def _lease(plan: Plan) -> float:
    """Return the seconds that one submission may take at most."""
    # the sandbox tries a model that crashed once more
    notebook = NotebookLimits().wall_seconds if plan.questions is not None else 0.0
    return 2 * plan.assignment.limits.wall_seconds + notebook + _SPARE_SECONDS
