"""``python -m grader grade``."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.grade import Batch, grade_submissions
from grader.sandbox.policy import POLICIES

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 0, or 3 if the grader failed on some submission."""
    options = _parser().parse_args(argv)
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
    )
    for layer in batch.layers:
        if not layer.active:
            print(f"note: models ran without the protection “{layer.name}”: {layer.note}")
    if batch.ignored:
        print(f"ignored, not a .zip: {', '.join(batch.ignored[:10])}")
    _print_table(batch)
    counts = Counter(result.status for result in batch.results)
    print(
        f"{counts['graded']} graded, {counts['rejected']} rejected, "
        f"{counts['infra_error']} not graded by a fault of the grader "
        f"({batch.n_known} known from before)"
    )
    by_hand = "manual_points" if batch.has_notebooks else "auto_points and manual_points"
    print(f"Still blank: {by_hand}.")
    print(f"gradebook:  {options.out / 'grades.csv'}\npages:      {options.out / 'pages'}")
    return 3 if counts["infra_error"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader grade",
        description="Grade the model and the notebook of each submission. Run it again after an "
        "interruption, or with new submissions: what is finished is not done again.",
    )
    parser.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS_DIR", help="folder with one zip a submission"
    )
    parser.add_argument("--hidden", type=Path, required=True, help="from `hidden build`")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RESULTS", help="results go here"
    )
    parser.add_argument(
        "--assignment",
        default="hw3_nsynth_cnn",
        metavar="NAME",
        help="name or folder of the assignment (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(4, os.cpu_count() or 1),
        metavar="N",
        help="models that run at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--autograder",
        type=Path,
        metavar="ZIP",
        help="autograder zip with the tests (default: made from the master)",
    )
    parser.add_argument(
        "--practice",
        type=Path,
        metavar="STORE",
        help="store with the practice split (default: the notes that come with the course)",
    )
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
    return parser


def _print_table(batch: Batch) -> None:
    """Print the gradebook, if it is not too long for a screen."""
    if len(batch.results) > 50:
        return
    table = Table(box=box.SIMPLE)
    right = ("hidden score", "model", "notebook", "points")
    for title in (
        *("submission", "status", "hidden score", "95 % interval"),
        *("model", "notebook", "points", "code"),
    ):
        table.add_column(title, justify="right" if title in right else "left")
    for result in batch.results:
        score = result.score
        table.add_row(
            Text(result.submission),
            result.status,
            f"{score.value:.1%}" if score else "",
            f"{score.low:.0%} to {score.high:.0%}" if score else "",
            *(
                "" if points is None else f"{points:.2f}"
                for points in (result.model_points, result.auto_points, result.points)
            ),
            result.code,
        )
    Console().print(table)
