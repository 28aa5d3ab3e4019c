"""What grading needs besides submissions: assignment, labels, tests, settings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment, load_assignment
from grader.hidden_split import LABELS, SECRET, HiddenSplit
from grader.kept import Settings, describe_settings
from grader.marking import Marker
from grader.model_tests import ModelTests, model_test_source
from grader.notebook.grading import NotebookGrader
from grader.policy.binding import demand_bound
from grader.sandbox.policy import Policy, demand_public
from grader.scoring import Scorer, practice_store

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """All that marking a submission needs; the labels are in the scorer.

    Attributes
    ----------
    assignment : Assignment
    scorer : Scorer
    questions : NotebookGrader or None
        None: notebooks are not run.
    settings : Settings
        Results of other ones are not reused.
    policy : {"strict", "weak", "none"}
    autograder : Path or None
        The zip that the tests come from; None: from the master.
    secrets : tuple of Path
        Files that nothing of a student's may read.
    """

    assignment: Assignment
    scorer: Scorer
    questions: NotebookGrader | None
    settings: Settings
    policy: Policy
    autograder: Path | None
    secrets: tuple[Path, ...]

    @classmethod
    def make(
        cls,
        assignment: Assignment | str | Path,
        hidden: str | Path,
        *,
        autograder: str | Path | None = None,
        practice: str | Path | None = None,
        policy: Policy = "strict",
        notebooks: bool = True,
    ) -> "Plan":
        """Return the plan; the parameters are those of ``grade_submissions``.

        Raises
        ------
        ParameterError, StoreError, AssignmentError, PolicyError
            Something is missing or does not fit together.
        """
        if not isinstance(assignment, Assignment):
            assignment = load_assignment(assignment)
        split = HiddenSplit.open(hidden)
        demand_bound(assignment, split)
        demand_public(policy, public=bool(split.manifest["public"]))
        notes = practice_store(assignment, practice).split("practice")
        tests_zip = Path(autograder) if autograder else None
        tests = ModelTests(model_test_source(assignment, autograder=tests_zip), assignment)
        questions = NotebookGrader(assignment, autograder=tests_zip)
        asked = questions if notebooks and questions and sys.platform == "linux" else None
        settings = describe_settings(
            assignment,
            split,
            notes.store,
            tests,
            policy,
            notebook_tests=asked.sha256 if asked else "",
        )
        return cls(
            assignment,
            Scorer(assignment, split, notes, tests),
            asked,
            settings,
            policy,
            tests_zip,
            tuple(split.path / name for name in (LABELS, SECRET)),
        )

    @property
    def unseen(self) -> tuple[Path, ...]:
        """Files that no notebook may read: the secrets, and where the hidden tests stand."""
        return (*self.secrets, self.autograder or self.assignment.notebook_path)

    def marker(self, missing_layers: Sequence[str] = ()) -> Marker:
        """Return what marks submissions, where some layers of the sandbox do not hold."""
        return Marker(
            self.assignment,
            policy=self.policy,
            missing_layers=missing_layers,
            notebook_points=self.questions.max_points if self.questions else None,
        )
