"""Grade again what is known: all of a class, or some of it; say what changed, and why.

A regrade that was stopped goes on with the same command. Until it has ended the gradebook
stays as it was; what it replaces stays in the journal.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.changes import Change, compare, settings_differences, write_changes
from grader.batch.folder import Folder
from grader.batch.journal import Journal
from grader.batch.runner import Runner
from grader.intake import hash_file
from grader.kept import Settings
from grader.policy.load import load_results
from grader.results import Result

__all__ = ["CHANGES", "Regrade", "other_rows"]

CHANGES = "changes.csv"


@dataclass
class Regrade:
    """One regrade; begins when it is made.

    Attributes
    ----------
    journal : Journal
    paths : sequence of Path
        What is graded again.
    only : bool
        Whether these are only some of the class.
    changes : list of Change
        What came out differently, once it has ended.
    causes : list of str
        What results depend on and is different now, in words.
    """

    journal: Journal
    paths: Sequence[Path]
    only: bool
    changes: list[Change] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hashes = list(_hashes(self.paths)) if self.only else []
        if self._hashes or not self.only:
            self.journal.begin_regrade(self._hashes)

    def end(self, runner: Runner, folder: Folder, settings: Settings) -> None:
        """Compare all results with the earlier ones, and write down what changed."""
        causes: dict[str, None] = {}
        for path in self.paths:
            if path.name in runner.failures:
                continue
            result = runner.result(path)
            before = self.journal.earlier(result.sha256)
            if before is not None:
                known = json.loads(before.description)
                causes |= dict.fromkeys(settings_differences(known, settings.description))
            change = compare(before and before.result, result)
            if change is not None:
                self.changes.append(change)
        self.causes = list(causes)
        write_changes(self.changes, folder.out / CHANGES)
        if not runner.failures and (self._hashes or not self.only):
            self.journal.end_regrade(self._hashes)


def other_rows(folder: Path, assignment: Assignment, paths: Sequence[Path]) -> Iterator[Result]:
    """Return what the gradebook of a results folder says of everybody else.

    Raises
    ------
    ParameterError, StoreError
        There is no gradebook, or one of another assignment.
    """
    names = {path.name for path in paths}
    known = load_results(folder, assignment)  # now: whoever is to blame shall know before the work
    return (result for result in known if result.submission not in names)


def _hashes(paths: Sequence[Path]) -> Iterator[str]:
    """Return the hashes of the files that can be read; the run says why of the others."""
    for path in paths:
        try:
            yield hash_file(path)
        except OSError:
            continue
