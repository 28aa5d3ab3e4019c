"""Options that several verbs share."""

import argparse
from pathlib import Path

__all__ = ["add_assignment", "add_practice", "add_results"]


def add_assignment(parser: argparse.ArgumentParser) -> None:
    """Add which homework it is about."""
    parser.add_argument(
        "--assignment",
        default="hw3_nsynth_cnn",
        metavar="NAME",
        help="name or folder of the assignment (default: %(default)s)",
    )


def add_practice(parser: argparse.ArgumentParser) -> None:
    """Add where the practice notes lie."""
    parser.add_argument(
        "--practice",
        type=Path,
        metavar="STORE",
        help="store with the practice split (default: the notes that come with the course)",
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the folder that `grade` wrote."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="the --out of `grade`")
