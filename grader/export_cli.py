"""``python -m grader export``: grades for other systems."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from grader.assignment import load_assignment
from grader.exports import totals, write_canvas, write_csv, write_gradescope, write_nbgrader
from grader.options import add_assignment, add_results
from grader.policy.load import load_results
from grader.policy.settle import read_inputs, settle
from utils.errors import ParameterError

__all__ = ["main"]

FORMATS = ("csv", "gradescope", "canvas", "nbgrader")


def main(argv: Sequence[str]) -> int:
    """Run the verb."""
    options = _parser().parse_args(argv)
    assignment = load_assignment(options.assignment)
    inputs = read_inputs(options.results, assignment)
    settled = settle(load_results(options.results, assignment), assignment, inputs)
    found = totals(settled, assignment, inputs)
    if options.to == "csv":
        n = write_csv(found, options.out)
    elif options.to == "gradescope":
        n = write_gradescope(found, options.out, roster=options.roster)
    elif options.to == "nbgrader":
        n = write_nbgrader(found, options.out, column=options.column or f"{assignment.name}-auto")
    elif options.roster is None:
        raise ParameterError("canvas: expected its gradebook export as --roster, got none")
    else:
        column = options.column or assignment.title
        n = write_canvas(found, options.out, roster=options.roster, column=column)
    print(f"{n} of {len(found)} students have points: {options.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader export",
        description="Hand grades on: one row a student, from the submission that counts.",
    )
    add_results(parser)
    parser.add_argument(
        "--to", choices=FORMATS, default="csv", help="what reads them (default: %(default)s)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write; nbgrader: its gradebook.db",
    )
    parser.add_argument(
        "--roster", type=Path, metavar="CSV", help="Gradescope's roster, or Canvas's gradebook"
    )
    parser.add_argument("--column", metavar="NAME", help="of the homework in Canvas or nbgrader")
    add_assignment(parser)
    return parser
