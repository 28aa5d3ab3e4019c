"""Grade with workers that SLURM starts: ``python -m grader.recipes.slurm … -- grade …``.

On a login node, this starts a scheduler, hands in jobs that run workers, runs the grader's
command that stands after ``--``, and ends the jobs. Labels stay on the login node. The folder
of the course and its Python must be the same on all nodes.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dask
from dask_jobqueue import SLURMCluster
from distributed import Security

from grader.batch.connect import SETTINGS, make_certificate
from grader.cli import main as run_grader
from utils.errors import CourseError, ParameterError

__all__ = ["main", "slurm_cluster"]

MEMORY_GB = 4
"""Of one worker: a model may use 2 GB, then a notebook 0.9 GB; Python and libraries the rest."""


def slurm_cluster(
    folder: Path, *, workers_a_job: int = 1, options: Sequence[str] = (), **more: Any
) -> SLURMCluster:
    """Return a cluster without jobs, which ``scale(jobs=…)`` hands in.

    Keys and certificates are those that Dask's settings name.

    Parameters
    ----------
    folder : Path
        For the workers' messages: all nodes see it.
    workers_a_job : int
        Each has one processor and grades one submission at a time.
    options : sequence of str
        For ``#SBATCH``, as ``--qos=low``.
    **more : dict
        Arguments of ``SLURMCluster``: ``queue``, ``account``, ``walltime``, ``interface``, …
    """
    return SLURMCluster(
        cores=workers_a_job,
        processes=workers_a_job,
        memory=f"{MEMORY_GB * workers_a_job}GB",
        python=sys.executable,
        security=Security(require_encryption=True),
        shared_temp_directory=str(folder),
        log_directory=str(folder),
        local_directory="/tmp",
        # the limits of memory are SLURM's and the sandboxes'
        worker_extra_args=["--memory-limit", "0", "--no-dashboard"],
        job_script_prologue=[
            "export OMP_NUM_THREADS=1",
            "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'",  # no pages for people
        ],
        job_extra_directives=list(options),
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
        **more,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the recipe; return what the grader's command returns."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = _parser().parse_args(arguments[:split]), arguments[split + 1 :]
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        # only its owner may read it
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            return _run(options, command, Path(folder))
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while jobs wait
        print("\nstopped; no job is left", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace, command: Sequence[str], folder: Path) -> int:
    """Show what a job does, or run a command of the grader on jobs."""
    given = {name: getattr(options, name) for name in ("queue", "account", "interface")}
    given = {name: value for name, value in given.items() if value is not None}
    if command and shutil.which("sbatch") is None:
        raise ParameterError("there is no program sbatch here: run this where jobs are handed in")
    with (
        dask.config.set(SETTINGS | make_certificate(folder)),
        slurm_cluster(
            folder,
            workers_a_job=options.workers_a_job,
            walltime=options.walltime,
            options=options.sbatch,
            **given,
        ) as cluster,
    ):
        if not command:
            print(cluster.job_script())
            return 0
        cluster.scale(jobs=options.jobs)
        number = options.jobs * options.workers_a_job
        print(f"waiting for {number} workers; messages of jobs: {folder}", flush=True)
        cluster.wait_for_workers(number)
        return run_grader([*command, "--dask", cluster.scheduler_address])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader.recipes.slurm",
        description="Grade with workers that SLURM starts. After -- comes a command of the "
        "grader without --jobs and --dask, as in: ... --jobs 10 -- grade SUBMISSIONS --hidden "
        "HIDDEN --out RESULTS. Without a command, only the script of a job is shown.",
    )
    parser.add_argument("--jobs", type=int, default=4, help="of SLURM (default: %(default)s)")
    parser.add_argument(
        "--workers-a-job",
        type=int,
        default=1,
        metavar="N",
        help=f"each with one processor and {MEMORY_GB} GB of memory (default: %(default)s)",
    )
    parser.add_argument("--queue", metavar="PARTITION", help="where jobs run")
    parser.add_argument("--account", help="who pays")
    parser.add_argument("--walltime", default="02:00:00", help="of a job (default: %(default)s)")
    parser.add_argument("--interface", help="network that nodes share, as ib0")
    parser.add_argument(
        "--sbatch", action="append", default=[], metavar="OPTION", help="more, as --sbatch=--qos=x"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path.home() / ".music-ai-course-cluster",
        help="seen by all nodes; for keys and messages while it runs (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
