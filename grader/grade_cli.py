"""``python -m grader grade``."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.grade import Batch, grade_submissions
from grader.gradebook import GRADES
from grader.intake import MAX_NAME
from grader.notebook.plain import clean
from grader.options import add_assignment, add_practice
from grader.sandbox.policy import POLICIES

__all__ = ["add_run_options", "add_test_options", "main", "print_end", "run"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 0, or 3 if the grader failed on some submission."""
    options = _parser().parse_args(argv)
    batch = run(options)
    _print_table(batch)
    counts = Counter(result.status for result in batch.results)
    print(
        f"{counts['graded']} graded, {counts['rejected']} rejected, "
        f"{counts['infra_error']} not graded by a fault of the grader "
        f"({batch.n_known} known from before)"
    )
    by_hand = "manual_points" if batch.has_notebooks else "auto_points and manual_points"
    print(f"Still blank: {by_hand}.")
    print_end(batch)
    return 3 if counts["infra_error"] else 0


def run(options: argparse.Namespace, **more: Any) -> Batch:
    """Grade what the options say, and print what is to be known about the run as a whole.

    Parameters
    ----------
    options : argparse.Namespace
        With those of :func:`add_run_options` and :func:`add_test_options`.
    **more
        Of ``grade_submissions``.
    """
    batch = grade_submissions(
        options.submissions,
        hidden=options.hidden,
        out=options.out,
        assignment=options.assignment,
        jobs=options.jobs,
        autograder=options.autograder,
        practice=options.practice,
        sandbox=options.sandbox,
        notebooks=not options.no_notebooks,
        dask=options.dask,
        **more,
    )
    for layer in batch.layers:
        if not layer.active:
            print(f"note: graded without the protection “{layer.name}”: {layer.note}")
    if batch.ignored:
        names = (clean(name, MAX_NAME) for name in batch.ignored[:10])
        print(f"ignored, not a .zip: {', '.join(names)}")
    return batch


def print_end(batch: Batch) -> None:
    """Print where the results lie."""
    print(f"gradebook:  {batch.out / GRADES}\npages:      {batch.out / 'pages'}")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what is graded, where results go, and who works."""
    parser.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS", help="folder with one zip a submission"
    )
    parser.add_argument(
        "--hidden", type=Path, required=True, help="hidden notes, from `hidden build`"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="RESULTS",
        help="folder for the results; new, or that of an earlier run",
    )
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument(
        "--jobs",
        type=int,
        default=min(4, os.cpu_count() or 1),
        metavar="N",
        help="submissions that are graded at the same time (default: %(default)s)",
    )
    workers.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="let the workers of a Dask cluster run models and notebooks: the address of its "
        "scheduler (tcp://HOST:8786), or local:N for N worker processes on this machine; "
        "labels, points and results stay here",
    )


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """Add what a result depends on, besides submission and hidden notes."""
    add_assignment(parser)
    parser.add_argument(
        "--autograder",
        type=Path,
        metavar="ZIP",
        help="autograder zip with the tests (default: made from the master)",
    )
    add_practice(parser)
    parser.add_argument(
        "--sandbox",
        choices=POLICIES,
        default="strict",
        help="protections without which nothing is graded: strict: Landlock and seccomp (Linux); "
        "weak: as root, a user of its own for each model, who can't read the hidden split, and "
        "every result says so; none: whatever holds here, for public notes only "
        "(default: %(default)s; `selftest` shows what holds on this machine)",
    )
    parser.add_argument(
        "--no-notebooks",
        action="store_true",
        help="grade the models only, and leave auto_points blank",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader grade",
        description="Grade the model and the notebook of each submission. Run it again after an "
        "interruption, or with new submissions: what is finished is not done again.",
    )
    add_run_options(parser)
    add_test_options(parser)
    return parser


def _print_table(batch: Batch) -> None:
    """Print the gradebook, if it is not too long for a screen."""
    if len(batch.results) > 50:
        return
    table = Table(box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("submission", overflow="fold")
    table.add_column("outcome", no_wrap=True)
    for title in ("hidden score", "model", "notebook", "points"):
        table.add_column(title, justify="right", no_wrap=True)
    for result in batch.results:
        score = result.score
        points = (result.model_points, result.auto_points, result.points)
        table.add_row(
            Text(clean(result.submission, MAX_NAME)),
            result.code or result.status,
            f"{score.value:.1%} ({score.low:.0%}–{score.high:.0%})" if score else "",
            *("" if number is None else f"{number:.2f}" for number in points),
        )
    Console().print(table)
