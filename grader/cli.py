"""The command line of the grader: ``python -m grader VERB …``."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from utils.errors import CourseError

__all__ = ["main"]

VERBS = {
    "hidden": ("grader.hidden_cli", "build or show a hidden split"),
    "grade": ("grader.grade_cli", "grade a folder of submissions"),
    "regrade": ("grader.regrade_cli", "grade again after a correction, and say what changed"),
    "settle": ("grader.settle_cli", "put late days, tries and written answers into the gradebook"),
    "report": ("grader.report_cli", "write pages of students, of the class, and the leaderboard"),
    "explain": ("grader.explain_cli", "all about one submission, to answer a student's question"),
    "credit": ("grader.credit_cli", "check the credit curve and bind it to a hidden split"),
    "export": ("grader.export_cli", "hand grades on to other systems"),
    "release": ("grader.release_cli", "make what students and graders get of a homework"),
    "nbgrader": ("grader.nbgrader_course.cli", "an nbgrader course: written answers by hand"),
    "selftest": ("grader.selftest_cli", "try what protects the labels on this machine"),
    "demo": ("grader.demo_cli", "run the main job end to end on public notes"),
}
"""Name of each verb → module with its ``main(argv)``, what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="python -m grader",
        description="\n".join(f"  {name:<10}{what}" for name, (_, what) in VERBS.items()),
        epilog="More on a verb: python -m grader VERB --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=VERBS, metavar="VERB")
    verb = parser.parse_args(arguments[:1]).verb
    try:
        # each verb loads only what it needs
        return int(import_module(VERBS[verb][0]).main(arguments[1:]) or 0)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run the same command again", file=sys.stderr)
        return 130
