"""Mark one submission: from the bytes of its zip to a result.

The same code marks submissions in the batch and inside the sealed autograder zip, so all
roads give the same points.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from grader.assignment import Assignment
from grader.intake import Archive, unreadable
from grader.notebook.grading import NotebookGrader
from grader.notebook.session import StudentSandbox
from grader.results import Result
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import Policy
from grader.scoring import Scorer
from utils.submission.codes import GRADER_CODES, HINTS, Code, Rejection

__all__ = ["Marker"]

_ELSEWHERE = 'practice_score("model.onnx") in the notebook says more, if it happens there, too'
_ABOUT_ANSWERS = MappingProxyType(
    {
        Code.RUN_FAILED: f"the network stops on some batch; {_ELSEWHERE}",
        Code.OUTPUT_SHAPE: f"the output is not [batch, 11]; {_ELSEWHERE}",
        Code.OUTPUT_TYPE: f"the output is not float32; {_ELSEWHERE}",
        Code.NONFINITE: f"NaN or infinity for some notes; {_ELSEWHERE}",
        Code.BATCH_DEPENDENT: "the logits of some notes change when their batch changes; "
        f"{_ELSEWHERE}",
    }
)
"""What is said in place of figures that a model could choose: numbers, names and shapes in them
could tell its author, try by try, what the hidden notes look like."""


class Marker:
    """Marks the model and the notebook of a submission.

    Parameters
    ----------
    assignment : Assignment
    policy : {"strict", "weak", "none"}
        Of the sandboxes; stands in each result.
    missing_layers : sequence of str
        Of what "strict" asks for, what does not hold here.
    notebook_points : float or None
        What all questions of the notebook are worth; None: notebooks are not run.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        policy: Policy,
        missing_layers: Sequence[str] = (),
        notebook_points: float | None = None,
    ) -> None:
        self._assignment, self._policy = assignment, policy
        self._missing_layers = tuple(missing_layers)
        self._notebook_points = notebook_points

    def model(self, archive: Archive, name: str, scorer: Scorer, sandbox: Sandbox) -> Result:
        """Return the result of the model question; never raises for what is in the zip.

        Parameters
        ----------
        archive : Archive
        name : str
            Of the submission's file.
        scorer : Scorer
            Has the labels.
        sandbox : Sandbox

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        try:
            return self._scored(archive, name, scorer, sandbox)
        except Rejection as rejection:  # voids the model question, not the others
            told = _ABOUT_ANSWERS.get(rejection.code, rejection.detail)
            return self.refused(name, rejection.code, told)

    def notebook(
        self, result: Result, archive: Archive, questions: NotebookGrader, sandbox: StudentSandbox
    ) -> Result:
        """Return a result with the points of the notebook's questions put in.

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        run = questions.grade(archive, sandbox)
        return replace(
            result, questions=run.questions, notebook_notes=run.notes, auto_points=run.points
        )

    def refused(self, name: str, code: Code, detail: str) -> Result:
        """Return the result of a submission without a score."""
        ours = code in GRADER_CODES
        # of a zip that can't be read; where it can, the notebook's points are put in later
        without = None if ours or self._notebook_points is None else 0.0
        return replace(
            self._empty(name),
            status="infra_error" if ours else "rejected",
            code=code.value,
            message=detail,
            hint=HINTS[code],
            model_points=None if ours else 0.0,
            auto_points=without,
        )

    def _scored(self, archive: Archive, name: str, scorer: Scorer, sandbox: Sandbox) -> Result:
        """Return the result of a model that keeps the contract."""
        limits = self._assignment.limits
        model = archive.model(max_bytes=int(limits.model_mb * 1e6))
        run = sandbox.run(model, scorer.mels, scorer.repeats(model), limits=limits)
        marks = scorer.mark(run)
        warnings = list(run.warnings)
        if archive.file(self._assignment.notebook) is None:
            warnings.append(unreadable(self._assignment.notebook))
        return replace(
            self._empty(name),
            status="graded",
            message="; ".join(warnings),
            warnings=tuple(warnings),
            score=marks.score,
            practice=marks.practice,
            practice_confusion=marks.practice_confusion,
            cases=marks.cases,
            model_points=marks.points,
            public_score=marks.public_score,
            model_sha256=hashlib.sha256(model).hexdigest(),
        )

    def _empty(self, name: str) -> Result:
        """Return the result of a submission that nothing is known of."""
        return Result(
            submission=name,
            student=name.rpartition(".")[0] or name,
            assignment=self._assignment.name,
            sha256="",
            status="infra_error",
            max_points=self._assignment.model_question.points + (self._notebook_points or 0.0),
            sandbox=self._policy,
            missing_layers=self._missing_layers,
        )
