"""``python -m grader release``: hand out a homework, or the students' whole tree."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from grader.assignment import load_assignment
from grader.hidden_split import HiddenSplit
from grader.options import add_practice
from grader.release import Sealing, release_assignment
from grader.student_tree import build_student_tree

__all__ = ["main"]

NOT_SEALED = (
    "Note: no hidden split was named, so the zip grades the notebook and says that it can't grade\n"
    "the model. With --hidden HIDDEN it grades both; `python -m grader grade` does so without it."
)
"""Said at the end of a release without a hidden split."""


def main(argv: Sequence[str]) -> int:
    """Run the verb."""
    parser = _parser()
    options = parser.parse_args(argv)
    if (options.assignment is None) == (options.student is None):
        parser.error("name an assignment and --out DIR, or --student DIR")
    if options.assignment is not None and options.out is None and options.nbgrader is None:
        parser.error("where to? Add --out DIR")
    if options.student is not None:
        build_student_tree(options.student)
        return 0
    if options.nbgrader is not None:
        # loaded only here: nbgrader takes seconds
        from grader.nbgrader_course.cli import main as nbgrader_main

        nbgrader_main(["make", options.assignment, str(options.nbgrader)])
    if options.out is not None:
        _release(options)
    return 0


def _release(options: argparse.Namespace) -> None:
    """Release a homework, and print where its parts lie."""
    hidden = None if options.hidden is None else HiddenSplit.open(options.hidden)
    release = release_assignment(
        load_assignment(options.assignment),
        options.out,
        run=not options.no_run,
        sealing=Sealing(hidden, options.sandbox, options.practice),
    )
    print(f"for students:     {release.student}")
    print(f"with solutions:   {release.autograder}")
    if release.reference is not None:
        print(f"reference model:  {release.reference / 'model.onnx'}")
    print(f"autograder zip:   {release.zip_file}" + ("" if hidden else f"\n{NOT_SEALED}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader release",
        description="Release a homework with otter assign, or build the students' tree.",
        epilog="Example: python -m grader release hw3_nsynth_cnn --out ../hw3-release",
    )
    parser.add_argument(
        "assignment", nargs="?", help="name of a folder in assignments/, or its path"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the homework release")
    parser.add_argument(
        "--no-run",
        action="store_true",
        help="quick: run neither the solutions nor their tests (no reference model then)",
    )
    parser.add_argument(
        "--student",
        type=Path,
        metavar="DIR",
        help="build the tree that students get, and nothing else",
    )
    parser.add_argument(
        "--hidden",
        type=Path,
        metavar="HIDDEN",
        help="hidden split to seal into the autograder zip (from `hidden build`)",
    )
    parser.add_argument(
        "--sandbox",
        choices=("strict", "weak"),
        default="strict",
        help="protections without which the zip refuses to grade (default: %(default)s)",
    )
    add_practice(parser)
    parser.add_argument(
        "--nbgrader",
        type=Path,
        metavar="COURSE",
        help="make an nbgrader course of the homework, or put the homework into one",
    )
    return parser
