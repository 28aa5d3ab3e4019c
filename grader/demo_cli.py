"""``python -m grader demo``: the main job from end to end, with six submissions."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.demo import run_demo
from grader.otter_assign import REPOSITORY

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 130 if it was stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m grader demo",
        description="Run the main job from end to end on public notes: homework, six submissions, "
        "a gradebook. Takes a few minutes. What it makes (hidden/, models/, submissions/, …) is "
        "good for a rehearsal of all other verbs.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=REPOSITORY / "demo-results",
        help="folder for everything that is made (default: demo-results, ignored by git)",
    )
    options = parser.parse_args(argv)
    try:
        run_demo(options.out)
    except KeyboardInterrupt:
        print("\nstopped; run it again whenever you like", file=sys.stderr)
        return 130
    return 0
