"""Say to a student what may be said while others can still hand in.

The text depends on nothing that comes from hidden notes, but for the Ladder's value and
whether the model keeps the contract; and on nothing of the notebook's hidden tests but the
points. It is what stands on the student's page, in words that fit into a mail.
"""

import textwrap
from collections.abc import Iterator

from grader.assignment import Assignment
from grader.explain import Explanation
from grader.explain_words import score_words
from grader.intake import MAX_NAME
from grader.model_tests import QuestionResult
from grader.notebook.plain import clean
from grader.report import handed_sentences, public_words, shown_notes
from grader.results import Result
from utils.submission.credit import credit

__all__ = ["for_student"]

WIDTH = 76
_MAX_TEXT = 1000


def for_student(found: Explanation, assignment: Assignment) -> str:
    """Return what may be sent to the student, as paragraphs.

    Parameters
    ----------
    found : Explanation
    assignment : Assignment
    """
    paragraphs = [
        f"{assignment.title}: {clean(found.path.name, MAX_NAME)} (SHA-256 {found.sha256[:12]}…)",
        *_verdict(found.result),
        *_practice(found.result, assignment),
        "\n".join(_notebook(found.result)),
        " ".join(handed_sentences(found.row, assignment)),
        *_leaderboard(found, assignment),
    ]
    return "\n\n".join(map(_fold, filter(None, paragraphs)))


def _verdict(result: Result) -> Iterator[str]:
    message = clean(result.message, _MAX_TEXT)
    if result.status == "graded":
        yield (
            "Your model was accepted: it meets all requirements and was scored on the hidden notes."
        )
        yield from (f"Warning: {clean(warning, _MAX_TEXT)}." for warning in result.warnings)
    elif result.status == "rejected":
        yield f"Your model was not accepted ({result.code}): {message}."
        yield f"What to do: {result.hint}"
    else:
        yield "It could not be graded yet, by no fault of yours; nothing to change."


def _practice(result: Result, assignment: Assignment) -> Iterator[str]:
    practice, most = result.practice, assignment.credit_points
    if practice is None:
        return
    earned = credit(practice.value, assignment.credit, most)
    yield (
        f"On the practice notes it scores {score_words(practice)}. On the credit curve such a "
        f"score earns {earned:.1f} of {most:g} points. Yours come from the hidden notes, which are "
        "of other instruments: the score there may well differ by as much as the interval says."
    )


def _notebook(result: Result) -> Iterator[str]:
    if not result.questions:
        return
    yield "The questions of the notebook:"
    for question in result.questions:
        earned = f"{question.points:g} of {question.max_points:g}"
        yield f"* {question.name}: {earned}{_why(question, result)}"
    yield from (f"* while it ran: {clean(note, _MAX_TEXT)}" for note in shown_notes(result))


def _why(question: QuestionResult, result: Result) -> str:
    words = public_words(question, result)
    if words != question.message:
        return f", {words}"
    if words:
        return f". The public tests say: {clean(words, _MAX_TEXT)}"
    if question.points < question.max_points:
        return ". The public tests pass; a hidden one, which asks with other numbers, does not."
    return ""


def _leaderboard(found: Explanation, assignment: Assignment) -> Iterator[str]:
    if found.records.ladder is not None:
        yield (
            f"The leaderboard shows {100 * found.records.ladder:g}%. It uses a part of the hidden "
            f"notes only, and moves in steps of {100 * assignment.attempts.step:g} points."
        )


def _fold(paragraph: str) -> str:
    """Break the lines of a paragraph."""
    lines = paragraph.split("\n")
    indents = ["  " if line.startswith("* ") else "" for line in lines]
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
        for line, indent in zip(lines, indents, strict=True)
    )
