"""``python -m grader explain``: all about one submission, to answer a student's question."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.assignment import load_assignment
from grader.batch.plan import Plan
from grader.explain import explain
from grader.explain_student import for_student
from grader.explain_words import Section, for_instructor
from grader.grade_cli import add_test_options

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 0."""
    options = _parser().parse_args(argv)
    assignment = load_assignment(options.assignment)
    plan = None
    if options.hidden is not None:
        plan = Plan.make(
            assignment,
            options.hidden,
            autograder=options.autograder,
            practice=options.practice,
            policy=options.sandbox,
            notebooks=not options.no_notebooks,
        )
    found = explain(options.zip, assignment, plan=plan, out=options.out, fresh=options.fresh)
    if options.for_student:
        print(for_student(found, assignment))
    else:
        _print(for_instructor(found, assignment))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader explain",
        description="Say all that is known about one submission: what was found, points and why, "
        "what happened when. With hidden figures, so for the instructor only; --for-student "
        "leaves them out. Nothing is written.",
    )
    parser.add_argument("zip", type=Path, metavar="ONE.zip", help="the submission")
    parser.add_argument(
        "--out", type=Path, metavar="RESULTS", help="the --out of `grade`, if it was graded"
    )
    parser.add_argument(
        "--hidden",
        type=Path,
        help="hidden notes, from `hidden build`; needed unless RESULTS knows the submission",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="grade it now, and compare with the kept result (default: only if none is kept)",
    )
    parser.add_argument(
        "--for-student",
        action="store_true",
        help="a text for an e-mail, without what students may not know while others can hand in",
    )
    add_test_options(parser)
    return parser


def _print(sections: Sequence[Section]) -> None:
    console = Console(highlight=False)
    for title, lines in sections:
        console.print(f"\n[bold]{title}[/]")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=14, overflow="fold")
        table.add_column(overflow="fold")
        for label, words in lines:
            table.add_row(Text(f"  {label}"), Text(words))
        console.print(table)
