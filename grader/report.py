"""Write a page for each submission: what a student may see.

While the homework is open, that is what the practice split says, whether the model keeps the
contract, how late it is, and the Ladder's value; which of several submissions counts would
already compare hidden scores. Exact figures of the hidden split stand in ``grades.csv``, and
on pages only once the window is closed.
"""

from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment
from grader.model_tests import QuestionResult
from grader.pages import draw_curve, matrix_rows, render
from grader.policy.settle import Settled
from grader.policy.window import closing_time
from grader.results import Result
from utils.files import write_atomically
from utils.notes.vocabulary import FAMILIES
from utils.submission.credit import credit

__all__ = [
    "Standing",
    "days_late",
    "handed_sentences",
    "public_words",
    "render_page",
    "shown_notes",
    "write_page",
]

_MAX_NOTES = 8
_ADVICE = (
    "One error often causes those after it: mend the first, restart the kernel and run all cells. "
    "Cells are counted from the top, texts included."
)


@dataclass(frozen=True)
class Standing:
    """What a page says beside the result.

    Attributes
    ----------
    settled : Settled or None
        What the submission is worth in the end.
    ladder : float or None
        What the leaderboard shows of the student.
    pseudonym : str
        The student's name there.
    closed : bool
        Whether nobody can hand in anything any more, so that hidden figures may be shown.
    """

    settled: Settled | None = None
    ladder: float | None = None
    pseudonym: str = ""
    closed: bool = False


OPEN = Standing()
"""Of a page that is written while the grader runs."""


@dataclass(frozen=True)
class PointsTable:
    """The table of points on a page.

    Attributes
    ----------
    rows : tuple of (str, str, str)
        What for, earned, of how many.
    total, most : str
    note : str
        Why it does not count, or not with its own model.
    """

    rows: tuple[tuple[str, str, str], ...]
    total: str
    most: str
    note: str


def write_page(
    result: Result, assignment: Assignment, folder: Path, standing: Standing = OPEN
) -> Path:
    """Write the page of a result into a folder and return its path.

    Raises
    ------
    StoreError
        The page can't be written.
    """
    path = folder / result.page
    write_atomically(path, render_page(result, assignment, standing))
    return path


def render_page(result: Result, assignment: Assignment, standing: Standing = OPEN) -> str:
    """Return the page of a result as one HTML text without external parts.

    Parameters
    ----------
    result : Result
    assignment : Assignment
    standing : Standing
        Of the student in the class.
    """
    practice, curve = result.practice, assignment.credit
    most = assignment.credit_points
    hidden = result.score.value if standing.closed and result.score else None
    ladder = standing.ladder
    return render(
        "submission.html",
        result=result,
        title=assignment.title,
        practice=practice,
        practice_points=None if practice is None else credit(practice.value, curve, most),
        curve_points=most,
        curve=draw_curve(
            curve,
            practice=(practice.value, practice.low, practice.high) if practice else None,
            hidden=hidden,
        ),
        closes=closing_time(assignment),
        families=FAMILIES,
        matrix=None
        if result.practice_confusion is None
        else matrix_rows(result.practice_confusion),
        points=_points_table(standing.settled, assignment) if standing.closed else None,
        handed=handed_sentences(standing.settled, assignment),
        ladder="" if ladder is None else f"{100 * ladder:g}",
        pseudonym=standing.pseudonym,
        step=f"{100 * assignment.attempts.step:g}",
        questions=[(q, public_words(q, result) or _private_words(q)) for q in result.questions],
        earned=round(sum(question.points for question in result.questions), 2),
        notes=shown_notes(result),
        advice=_ADVICE if any(n.startswith("cell ") for n in result.notebook_notes) else "",
    )


def public_words(question: QuestionResult, result: Result) -> str:
    """Return what public tests say of a question; a notebook that is none says it only once."""
    unread = question.message in result.notebook_notes
    return "not looked at: see below" if unread else question.message


def _private_words(question: QuestionResult) -> str:
    if question.points == question.max_points:
        return "✓"
    return "passed; a hidden test did not: it asks the same with other numbers"


def shown_notes(result: Result) -> list[str]:
    """Return what happened while the notebook ran, the first ones of many."""
    notes = list(result.notebook_notes)
    more = len(notes) - _MAX_NOTES
    return notes if more <= 0 else [*notes[:_MAX_NOTES], f"… and {more} more"]


def _points_table(settled: Settled | None, assignment: Assignment) -> PointsTable | None:
    """Return the table of points, or None if nothing is known."""
    if settled is None or settled.result.model_points is None:
        return None
    result, model = settled.result, assignment.model_question.points
    rows = [("model question", f"{result.model_points:.2f}", f"{model:g}")]
    if result.auto_points is not None:
        notebook = result.max_points - model
        rows.append(("questions of the notebook", f"{result.auto_points:.2f}", f"{notebook:g}"))
    if settled.manual is not None:
        written = settled.max_points - result.max_points
        rows.append(("written answers", f"{settled.manual:.2f}", f"{written:g}"))
    if settled.late_days:
        lost = f"−{settled.lost:.2f}" if settled.lost else "0.00"
        rows.append((days_late(settled.late_days), lost, ""))
    total = "" if settled.points is None else f"{settled.points:.2f}"
    return PointsTable(tuple(rows), total, f"{settled.max_points:g}", settled.note)


def handed_sentences(settled: Settled | None, assignment: Assignment) -> list[str]:
    """Return sentences about time and tries; none of them depends on a hidden score."""
    late, limit = assignment.late, assignment.attempts.limit
    sentences = []
    if settled is not None and late is not None and settled.submitted is not None:
        local = settled.submitted.astimezone(late.zone)
        sentences.append(f"Handed in on {local:%Y-%m-%d at %H:%M} ({late.zone.key}): ")
        cost = late.lost(settled.late_days or 0)
        sentences[0] += (
            f"{days_late(settled.late_days)}, which costs up to {cost:g} of its points."
            if settled.late_days
            else "in time."
        )
    if settled is not None and settled.attempt.number:
        place = f"This is try {settled.attempt.number}"
        sentences.append(
            f"{place}, and {limit} count: the points of your model stay as they were."
            if settled.attempt.over
            else f"{place} of at most {limit} on the hidden notes."
        )
    return sentences


def days_late(days: int) -> str:
    """Return late days in words."""
    return f"{days} day late" if days == 1 else f"{days} days late"
