"""What the grader found out about one submission."""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from grader.model_tests import CaseResult, QuestionResult
from utils.errors import StoreError
from utils.submission.score import ModelScore

__all__ = ["Result", "Status"]

Status = Literal["graded", "rejected", "infra_error"]


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the gradebook, and what stands on the submission's page.

    Attributes
    ----------
    submission, student, assignment : str
        Name of the file, who it is from, name of the homework.
    sha256 : str
        Of the file.
    status : {"graded", "rejected", "infra_error"}
        "rejected" voids the model question; "infra_error" is no fault of the student and
        is tried again when the batch is run again.
    code, message, hint : str
        Why, for a submission that was not graded: see :mod:`utils.submission.codes`.
    warnings : tuple of str
        What did not stop it, but should be mended.
    score, practice : ModelScore or None
        On the hidden notes that points come from, and on the practice split. The first is
        for the instructor only.
    practice_confusion : tuple of tuples of int or None
        Rows are the true families.
    cases : tuple of CaseResult
        Of the model question's tests on the hidden score.
    model_points : float or None
        None if not graded yet; 0 for a rejected one.
    questions : tuple of QuestionResult
        Of the notebook; empty if it was not run.
    notebook_notes : tuple of str
        Cells that stopped with an error, and other events.
    auto_points : float or None
        Of all questions of the notebook; None if it was not run.
    max_points : float
        Of the model question and, where they are graded, the notebook's.
    seconds : float
        That grading took.
    sandbox : str
        Policy of the sandbox that it was graded under: "strict", "weak" or "none".
    missing_layers : tuple of str
        Of what the policy "strict" asks for, what did not hold.
    public_score : float or None
        Accuracy on the public half of the hidden split: for the leaderboard, not for points.
    model_sha256 : str
        Of a model that was scored: the same one is no new try, whatever zip it comes in.
    """

    submission: str
    student: str
    assignment: str
    sha256: str
    status: Status
    code: str = ""
    message: str = ""
    hint: str = ""
    warnings: tuple[str, ...] = ()
    score: ModelScore | None = None
    practice: ModelScore | None = None
    practice_confusion: tuple[tuple[int, ...], ...] | None = None
    cases: tuple[CaseResult, ...] = ()
    model_points: float | None = None
    questions: tuple[QuestionResult, ...] = ()
    notebook_notes: tuple[str, ...] = ()
    auto_points: float | None = None
    max_points: float = 0.0
    seconds: float = 0.0
    sandbox: str = ""
    missing_layers: tuple[str, ...] = ()
    public_score: float | None = None
    model_sha256: str = ""

    def __post_init__(self) -> None:
        # a file's name that is no UTF-8 holds half characters, which nothing can write
        for name in ("submission", "student"):
            if not getattr(self, name).isascii():
                text = getattr(self, name).encode("utf-8", "replace").decode("utf-8")
                object.__setattr__(self, name, text)
        # the same few texts in each of many thousand results
        for name in ("assignment", "status", "code", "message", "sandbox"):
            object.__setattr__(self, name, sys.intern(getattr(self, name)))

    def to_json(self) -> str:
        """Return the result as a JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the result of a JSON text.

        Raises
        ------
        StoreError
            The text is damaged.
        """
        try:
            table: dict[str, Any] = json.loads(text)
            result = cls(**table)
            confusion = result.practice_confusion
            return replace(
                result,
                warnings=tuple(result.warnings),
                missing_layers=tuple(result.missing_layers),
                score=_score(table["score"]),
                practice=_score(table["practice"]),
                practice_confusion=confusion and tuple(tuple(row) for row in confusion),
                cases=tuple(CaseResult(**case) for case in table["cases"]),
                questions=tuple(QuestionResult.from_table(row) for row in table["questions"]),
                notebook_notes=tuple(table["notebook_notes"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"a stored result is damaged: {error!r}") from error

    def without_details(self) -> Self:
        """Return the result without what only its page shows: a class has to fit into memory."""
        return replace(
            self,
            hint="",
            warnings=(),
            practice=None,
            practice_confusion=None,
            cases=(),
            questions=(),
            notebook_notes=(),
        )

    @property
    def points(self) -> float | None:
        """All points so far; None if the model question is not graded yet."""
        if self.model_points is None:
            return None
        return round(self.model_points + (self.auto_points or 0.0), 2)

    @property
    def sandbox_note(self) -> str:
        """What to say of a sandbox that was not a strict one; "" if there is nothing."""
        missing = " and ".join(f"“{name}”" for name in self.missing_layers)
        if self.sandbox == "weak":
            return f"graded in a weak sandbox ({f'without {missing}' if missing else 'as asked'})"
        return f"graded in a sandbox without {missing}" if missing else ""

    @property
    def page(self) -> str:
        """File name of the submission's page."""
        stem = Path(self.submission).stem
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in stem)
        # Names that were changed could meet: the hash keeps them apart.
        unchanged = safe == stem and not safe.startswith(".") and len(safe) <= 80
        return f"{safe}.html" if unchanged else f"{safe.lstrip('.')[:80]}-{self.sha256[:8]}.html"


def _score(table: dict[str, Any] | None) -> ModelScore | None:
    if table is None:
        return None
    score = ModelScore(**table)
    return replace(score, split=sys.intern(score.split), front_end=sys.intern(score.front_end))
