"""``python -m grader report``: pages of students, of the class, and the leaderboard."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from grader.assignment import Assignment, load_assignment
from grader.class_report import CLASS_PAGE, write_class_page
from grader.options import add_assignment, add_results
from grader.policy.leaderboard import (
    LEADERBOARD,
    ladder_values,
    leaderboard,
    render_leaderboard,
)
from grader.policy.load import load_results
from grader.policy.pseudonyms import pseudonyms, read_secret
from grader.policy.settle import read_inputs, settle
from grader.policy.window import is_closed
from grader.report import Standing, write_page
from utils.files import write_atomically

__all__ = ["main", "write_report"]


def main(argv: Sequence[str]) -> int:
    """Run the verb."""
    parser = argparse.ArgumentParser(
        prog="python -m grader report",
        description="Write a page a student, one about the class and the leaderboard, from the "
        "results of `grade`. Hidden figures stand on students' pages only once the window is "
        "closed.",
    )
    add_results(parser)
    add_assignment(parser)
    parser.add_argument(
        "--closed",
        action="store_true",
        help="show hidden scores and points: nobody can hand in any more (default: once "
        "`closes` of [attempts] and all extensions are over)",
    )
    options = parser.parse_args(argv)
    assignment = load_assignment(options.assignment)
    closed = write_report(options.results, assignment, closed=options.closed)
    shown = "closed: hidden figures are shown" if closed else "open: hidden figures stay hidden"
    print(f"The window is {shown}.")
    for name, reader in (
        ("pages", "a page a submission, for its student"),
        (CLASS_PAGE, "for you alone: hidden scores"),
        (LEADERBOARD, "for all students"),
    ):
        if (options.results / name).exists():
            print(f"  {options.results / name}  ({reader})")
    return 0


def write_report(folder: Path, assignment: Assignment, *, closed: bool = False) -> bool:
    """Write all pages of a results folder; return whether the window is closed.

    Parameters
    ----------
    folder : Path
        Of ``grade --out``.
    assignment : Assignment
    closed : bool
        The instructor says that the window is closed.

    Raises
    ------
    ParameterError
        Somebody can still hand in, or nothing was graded there.
    StoreError
        A page can't be written.
    """
    inputs = read_inputs(folder, assignment)
    closed = is_closed(assignment, inputs, asked=closed)
    results = load_results(folder, assignment)
    settled = settle(results, assignment, inputs)
    values = ladder_values(settled, assignment.attempts)
    names = pseudonyms(values, read_secret(folder), assignment.name) if values else {}
    (folder / "pages").mkdir(exist_ok=True)
    for row, result in zip(settled, results, strict=True):
        standing = Standing(row, values.get(row.student), names.get(row.student, ""), closed)
        write_page(result, assignment, folder / "pages", standing)
    write_class_page(settled, results, assignment, folder)
    if values:
        places = leaderboard(settled, values, names, closed=closed)
        page = render_leaderboard(places, assignment.title, assignment.attempts, closed=closed)
        write_atomically(folder / LEADERBOARD, page)
    return closed
