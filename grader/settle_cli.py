"""``python -m grader settle``: late days, tries and written answers, into the gradebook."""

import argparse
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.assignment import Assignment, load_assignment
from grader.gradebook import GRADES, plain, write_gradebook, write_table
from grader.options import add_assignment, add_results
from grader.policy.load import load_results
from grader.policy.settle import (
    EXTENSIONS,
    MANUAL,
    TIMES,
    Settled,
    read_inputs,
    settle,
    unmatched,
)
from grader.policy.times import read_times
from utils.errors import ParameterError
from utils.files import write_atomically

__all__ = ["main", "settle_results"]


def main(argv: Sequence[str]) -> int:
    """Run the verb."""
    options = _parser().parse_args(argv)
    assignment = load_assignment(options.assignment)
    settled, notes = settle_results(
        options.results,
        assignment,
        times=options.times,
        submissions=options.submissions,
        extensions=options.extensions,
        manual=options.manual,
    )
    for note in notes:
        print(f"note: {note}")
    late = sum(bool(row.late_days) for row in settled if row.counts)
    students = len({row.student for row in settled})
    print(f"{len(settled)} submissions of {students} students; {late} that count are late")
    print(f"gradebook:  {options.results / GRADES}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader settle",
        description="Put late days, the limit of tries, resubmissions and written answers into "
        "grades.csv. What is named here is kept in RESULTS, and `grade` takes it into account "
        "from then on.",
    )
    add_results(parser)
    add_assignment(parser)
    parser.add_argument(
        "--times",
        metavar="SOURCE",
        help="when files were handed in: names | mtimes | CSV (submission, student, submitted) | "
        "Gradescope's submission_metadata.yml | its submission_metadata.json or a folder of them",
    )
    parser.add_argument(
        "--submissions", type=Path, metavar="DIR", help="with the zips, for names and mtimes"
    )
    parser.add_argument(
        "--extensions", type=Path, metavar="CSV", help="the columns student, and days or until"
    )
    parser.add_argument(
        "--manual", type=Path, metavar="CSV", help="the columns student, points, max_points"
    )
    return parser


def settle_results(
    folder: Path,
    assignment: Assignment,
    *,
    times: str | None = None,
    submissions: Path | None = None,
    extensions: Path | None = None,
    manual: Path | None = None,
) -> tuple[list[Settled], list[str]]:
    """Write the gradebook of a results folder again, with what an instructor adds.

    Parameters
    ----------
    folder : Path
        Of ``grade --out``.
    assignment : Assignment
    times : str, optional
        See :func:`grader.policy.times.read_times`; None: as before.
    submissions : Path, optional
        Folder with the zips.
    extensions, manual : Path, optional
        None: as before.

    Returns
    -------
    list of Settled
    list of str
        Names that fit no submission.

    Raises
    ------
    ParameterError, StoreError
        Something can't be understood; everything is left as it was then.
    """
    results = load_results(folder, assignment)
    with tempfile.TemporaryDirectory() as scratch:
        new = Path(scratch)
        _gather(folder, new, {EXTENSIONS: extensions, MANUAL: manual})
        if times is not None:
            _write_times(times, submissions, assignment, new / TIMES)
        inputs = read_inputs(new, assignment)
        settled = settle(results, assignment, inputs)
        _keep(new, folder)
    write_gradebook(settled, folder / GRADES)
    return settled, unmatched(settled, inputs)


def _gather(folder: Path, new: Path, named: Mapping[str, Path | None]) -> None:
    """Copy what is named now, else what was named before."""
    for name in (TIMES, EXTENSIONS, MANUAL):
        source = named.get(name) or folder / name
        if source.is_file():
            shutil.copyfile(source, new / name)
        elif named.get(name):
            raise ParameterError(f"expected a CSV file, got {source}")


def _keep(new: Path, folder: Path) -> None:
    """Keep what was understood beside the results."""
    for path in new.iterdir():
        write_atomically(folder / path.name, path.read_text(encoding="utf-8-sig"))


def _write_times(source: str, submissions: Path | None, assignment: Assignment, path: Path) -> None:
    """Write times, wherever they come from, as a CSV."""
    if assignment.late is None:
        raise ParameterError(
            f"{assignment.name} has no section [late] in its assignment.toml: take off the # "
            "at its end and set your deadline"
        )
    handed = read_times(source, assignment.late.zone, folder=submissions)
    rows = (
        {
            "submission": plain(entry.submission),
            "student": plain(entry.student),
            "submitted": entry.submitted.isoformat(timespec="seconds"),
        }
        for entry in handed
    )
    write_table(("submission", "student", "submitted"), rows, path)
