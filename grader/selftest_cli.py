"""``python -m grader selftest``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.sandbox.layers import USER
from grader.sandbox.policy import POLICIES
from grader.selftest import SelfTest, run_selftest

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the verb; return 0, or 4 if the policy is not satisfied here."""
    options = _parser().parse_args(argv)
    found = run_selftest(options.sandbox)
    if options.json:
        print(json.dumps(asdict(found) | {"satisfied": found.satisfied}, indent=1))
    else:
        _print(found, Console())
    return 0 if found.satisfied else 4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader selftest",
        description="Attempt every forbidden act in the sandbox, with planted labels: with all "
        "layers, with each one alone, and with each one switched off. Takes some seconds; "
        "changes nothing. Exit code: 0 if the policy is satisfied on this machine, else 4.",
    )
    parser.add_argument(
        "--sandbox",
        choices=POLICIES,
        default="strict",
        help="what has to hold, as for grade (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print all that was found as JSON")
    return parser


def _print(found: SelfTest, console: Console) -> None:
    """Print three tables and the verdict."""
    console.print(_layers(found), _acts(found), _without(found), sep="\n")
    if not found.root:
        console.print("Not root: models run as you, so “own user” can't be used.")
    for problem in found.problems:
        console.print(Text(f"✗ {problem}"), soft_wrap=True)
    verdict = "satisfied" if found.satisfied else "NOT satisfied"
    console.print(f"The policy “{found.policy}” is {verdict} on this machine.")


def _layers(found: SelfTest) -> Table:
    table = Table(title="Layers on this machine", box=box.SIMPLE)
    for name in ("layer", "holds", "note"):
        table.add_column(name)
    for row in found.layers:
        note = f"does not stop: {', '.join(row.fails)}" if row.fails else row.note
        usable = found.root or row.name != USER
        table.add_row(row.name, _mark(row.holds) if usable else "n/a", Text(note))
    return table


def _acts(found: SelfTest) -> Table:
    table = Table(title="Forbidden acts, attempted with all layers on", box=box.SIMPLE)
    for name in ("act", "refused", "each of these stops it alone"):
        table.add_column(name)
    for row in found.acts:
        table.add_row(row.act, _mark(row.refused), Text(", ".join(row.stopped_by) or "–"))
    return table


def _without(found: SelfTest) -> Table:
    table = Table(title="Labels stolen with one layer off", box=box.SIMPLE)
    for name in ("switched off", "labels safe", "stolen by"):
        table.add_column(name)
    for row in found.layers:
        safe = not row.thefts_without
        table.add_row(row.name, _mark(safe), Text(", ".join(row.thefts_without) or "–"))
    return table


def _mark(good: bool) -> str:
    return "[green]yes[/]" if good else "[bold red]NO[/]"
