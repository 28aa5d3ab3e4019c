"""``python -m grader credit``: check the credit curve, and bind it to a hidden split."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.assignment import Assignment, load_assignment
from grader.hidden_split import HiddenSplit
from grader.policy.binding import (
    ReferenceScore,
    bind,
    bound_to,
    check_curve,
    score_references,
)
from utils.errors import ParameterError

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 3 if the curve does not suit the hidden notes."""
    options = _parser().parse_args(argv)
    assignment = load_assignment(options.assignment)
    split = HiddenSplit.open(options.hidden)
    references = score_references(assignment, split, _read_models(options.models))
    _print(assignment, references)
    doubts = check_curve(references)
    for doubt in doubts:
        print(f"  - {doubt}")
    if not (options.bind or options.rebind):
        print(_state(assignment, split))
        return 3 if doubts else 0
    earlier = bound_to(assignment)
    if earlier and earlier != split.id and not options.rebind:
        raise ParameterError(f"{_state(assignment, split)}; --rebind binds it to this one")
    if doubts and not options.anyway:
        print("Not bound. Move the corners of [credit], or add --anyway.")
        return 3
    print(f"bound to hidden split {split.id[:12]}: {bind(assignment, split, references)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader credit",
        description="Check the credit curve of an assignment against reference models on a hidden "
        "split, and bind the curve to that split.",
    )
    parser.add_argument("assignment", metavar="NAME", help="name or folder of the assignment")
    parser.add_argument(
        "--hidden", type=Path, required=True, help="hidden notes, from `hidden build`"
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="*",
        default=[],
        metavar="ONNX",
        help="models of your own, a strong and a weak one: the reference/model.onnx of `release`, "
        "…; they run without a sandbox",
    )
    parser.add_argument(
        "--bind", action="store_true", help="write credit.lock beside assignment.toml"
    )
    parser.add_argument(
        "--rebind",
        action="store_true",
        help="like --bind, also if the curve is bound to other notes",
    )
    parser.add_argument("--anyway", action="store_true", help="bind although the check has doubts")
    return parser


def _read_models(paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the models by a name that tells them apart."""
    try:
        models = {path.stem: path.read_bytes() for path in paths}
        if len(models) < len(paths):
            models = {str(path): path.read_bytes() for path in paths}
    except OSError as error:
        raise ParameterError(f"can't read {error.filename}: {error.strerror}") from None
    return models


def _state(assignment: Assignment, split: HiddenSplit) -> str:
    earlier = bound_to(assignment)
    if not earlier:
        return f"the curve of {assignment.name} is not bound to a hidden split"
    which = "this" if earlier == split.id else "another"
    return f"the curve of {assignment.name} is bound to {which} hidden split ({earlier[:12]})"


def _print(assignment: Assignment, references: Sequence[ReferenceScore]) -> None:
    """Print what each reference model would earn."""
    table = Table(box=box.SIMPLE)
    for title in ("reference", "hidden score", "95% interval", "credit", "with luck"):
        table.add_column(title, justify="left" if title == "reference" else "right")
    for reference in references:
        score, points = reference.score, assignment.credit_points
        table.add_row(
            Text(reference.name),
            f"{score.value:.1%}",
            f"{score.low:.0%} to {score.high:.0%}",
            f"{points * reference.fraction:.1f} of {points:g}",
            f"{points * reference.low:.1f} to {points * reference.high:.1f}",
        )
    if references:
        Console().print(table)
