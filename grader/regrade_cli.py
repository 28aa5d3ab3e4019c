"""``python -m grader regrade``: grade again what is known, and say what changed."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.batch.changes import Change
from grader.batch.journal import JOURNAL
from grader.batch.regrade import CHANGES
from grader.grade import Batch
from grader.grade_cli import add_run_options, add_test_options, print_end, run
from grader.intake import MAX_NAME
from grader.notebook.plain import clean
from utils.errors import ParameterError

__all__ = ["main"]

MAX_ROWS = 50


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 0, or 3 if the grader failed on some submission."""
    options = _parser().parse_args(argv)
    _demand_graded(options.out)
    batch = run(options, regrade=True, only=options.only, diff=options.diff)
    _print_changes(batch.changes)
    for sentence in _sentences(batch):
        print(sentence)
    print(f"changes:    {batch.out / CHANGES}")
    print_end(batch)
    _print_next(options, batch)
    return 3 if batch.n_failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader regrade",
        description="Grade again what was graded before: after a correction of tests, of the "
        "credit curve, of the hidden notes or of the grader. Earlier results stay in the "
        "journal; what came out differently is shown and written into RESULTS/changes.csv. "
        "Until everybody is graded, grades.csv stays as it is. Run it again after an "
        "interruption: it goes on where it stopped. Name the options of `grade` again.",
    )
    add_run_options(parser)
    parser.add_argument(
        "--diff",
        action="store_true",
        help="change nothing in RESULTS: regrade in a copy of it, RESULTS-diff, and show what "
        "would change",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=(),
        metavar="NAME",
        help="only these submissions (names of their files, with or without .zip); the "
        "gradebook keeps the rows of all others",
    )
    add_test_options(parser)
    return parser


def _demand_graded(out: Path) -> None:
    """Refuse a folder without results: a mistyped name would begin a new one."""
    if not (out / JOURNAL).is_file():
        raise ParameterError(f"nothing was graded into {out} yet: `grade` does that")


def _print_changes(changes: Sequence[Change]) -> None:
    """Print who changed; of very many those who changed most."""
    if not changes:
        return
    shown = list(changes)
    if len(shown) > MAX_ROWS:
        shown = sorted(shown, key=lambda change: -abs(change.difference or 0.0))[:MAX_ROWS]
    table = Table(box=box.SIMPLE)
    table.add_column("submission", overflow="fold")
    for title in ("before", "after", "±"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for change in shown:
        table.add_row(
            Text(clean(change.submission, MAX_NAME)),
            _points(change.points_before),
            _points(change.points_after),
            "" if change.difference is None else f"{change.difference:+.2f}",
            Text("\n".join(change.what)),
        )
    Console().print(table)
    if len(changes) > len(shown):
        print(f"… and {len(changes) - len(shown)} more, in {CHANGES}")


def _sentences(batch: Batch) -> list[str]:
    """Return how much changed, and what it may come from."""
    n = len(batch.results) - batch.n_failures
    found = [f"{len(batch.changes)} changed, {n - len(batch.changes)} unchanged"]
    moved = [c.difference for c in batch.changes if c.difference is not None]
    if any(moved):
        both = n - len(batch.changes) + len(moved)  # points before and after
        found[0] += f"; {sum(moved) / both:+.2f} points on average over {both}"
    found[0] += "."
    if batch.n_known:
        found.append(f"{batch.n_known} of them were graded before the regrade was interrupted.")
    causes = ", ".join(batch.causes)
    found.append(
        f"Different from the earlier grading: {causes}."
        if causes
        else "Tests, limits, hidden notes and versions are the same as before."
    )
    if batch.n_failures:
        found.append(
            f"{batch.n_failures} could not be graded by a fault of the grader: see grades.csv, and "
            "run the same command again."
        )
    return found


def _print_next(options: argparse.Namespace, batch: Batch) -> None:
    if options.diff:
        print(f"{options.out} is as it was. Without --diff this is done there.")
    elif batch.changes:
        print(f"Pages show practice figures again: python -m grader report {options.out}")


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:.2f}"
