"""Say all that is known about a submission: for the instructor's eyes only."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from grader.assignment import Assignment
from grader.batch.changes import compare, settings_differences
from grader.explain import Explanation
from grader.intake import MAX_NAME
from grader.model_tests import CaseResult, QuestionResult
from grader.notebook.plain import clean
from grader.policy.settle import Settled
from grader.report import handed_sentences, public_words
from grader.results import Result
from utils.notes.front_end import FRONT_END_ID
from utils.submission.credit import Curve, credit
from utils.submission.score import ModelScore

__all__ = ["Section", "curve_words", "for_instructor", "score_words"]

Line = tuple[str, str]
Section = tuple[str, list[Line]]
"""A title, and lines with a label each."""

_MAX_TEXT = 2000
_MAX_NAMES = 12
_HASH_DIGITS = 12
_ROUNDED = 0.0051
"""Points are kept with two digits."""
_SHOWN_SETTINGS = ("grader", "course", "onnxruntime", "hidden split", "sandbox")


def for_instructor(found: Explanation, assignment: Assignment) -> list[Section]:
    """Return everything about a submission, hidden figures included.

    Parameters
    ----------
    found : Explanation
    assignment : Assignment
    """
    sections = [
        ("Submission", _file(found)),
        ("Outcome", _outcome(found)),
        ("Model", _model(found, assignment)),
        ("Notebook", _notebook(found.result)),
        ("Late days and tries", _standing(found, assignment)),
        ("History", _history(found, assignment)),
        ("Graded again, now", _fresh(found)),
    ]
    cleaned = [(t, [(a, clean(b, _MAX_TEXT)) for a, b in lines]) for t, lines in sections]
    return [(title, lines) for title, lines in cleaned if lines]


def score_words(score: ModelScore) -> str:
    """Return a score with its interval."""
    return (
        f"{score.value:.1%} (95% interval {score.low:.0%} to {score.high:.0%}), "
        f"{score.n_notes} notes of {score.n_groups} instruments"
    )


def curve_words(curve: Curve, value: float, points: float) -> str:
    """Return which segment of the credit curve a score lies on, and what comes next.

    Parameters
    ----------
    curve : Curve
    value : float
        The score, in [0, 1].
    points : float
        What the end of the curve is worth.
    """
    earned = f"{credit(value, curve, points):.2f} of {points:g} points"
    corners = [(score, points * fraction) for score, fraction in curve.corners]
    if value >= corners[-1][0]:
        return f"{earned}: beyond the last corner, {corners[-1][0]:.0%}"
    if value < corners[0][0]:
        return f"{earned}: below the first corner, {corners[0][0]:.0%}, where they begin to rise"
    after = next(i for i, (score, _) in enumerate(corners) if score > value)
    (left, low), (right, high) = corners[after - 1], corners[after]
    return (
        f"{earned}: between {left:.0%} ({low:.2f}) and {right:.0%} ({high:.2f}), where an accuracy "
        f"point is worth {(high - low) / (right - left) / 100:.2f}; the corner is "
        f"{100 * (right - value):.1f} accuracy points away"
    )


def _file(found: Explanation) -> Iterator[Line]:
    yield "file", clean(found.path.name, MAX_NAME)
    yield "SHA-256", found.sha256
    names = [clean(name, MAX_NAME) for name in found.names[:_MAX_NAMES]]
    more = f" and {len(found.names) - len(names)} more" if len(found.names) > len(names) else ""
    inside = f"{', '.join(names)}{more}" if names else "can't be opened"
    yield "in it", f"{inside} ({found.size:,} bytes in all)"
    for row in found.records.rows:
        if row.result.submission != found.path.name:
            yield "same bytes", f"{row.result.submission}, of {row.student}"
    for row in found.records.namesakes:
        other = row.result.sha256[:_HASH_DIGITS]
        yield "careful", f"the results are of another file of this name, SHA-256 {other}…"


def _outcome(found: Explanation) -> Iterator[Line]:
    result, kept = found.result, found.records.kept
    yield "status", f"{result.status} {result.code}".strip()
    if result.message:
        yield "found", result.message
    if result.hint:
        yield "hint", result.hint
    if result.points is None:
        yield "points", "none yet"
    else:
        notebook = "not run" if result.auto_points is None else f"{result.auto_points:.2f}"
        parts = f"model {result.model_points:.2f}, notebook {notebook}"
        yield "points", f"{result.points:.2f} of {result.max_points:g} ({parts})"
    if result.sandbox_note:
        yield "note", result.sandbox_note
    yield "took", f"{result.seconds:.1f} s"
    if found.fresh is not None and kept is None:
        yield "source", "graded just now; nothing was written"
    else:
        yield "source", "the kept result" if kept else "grades.csv; no result is kept"
    if found.now is not None:
        different = ", ".join(found.now) or "nothing"
        yield "today", f"different from when it was graded: {different}"


def _model(found: Explanation, assignment: Assignment) -> Iterator[Line]:
    result, run = found.result, found.run
    if run is not None:
        yield "parameters", f"{run.n_parameters:,}"
        if run.cpu_seconds is not None:
            limit = assignment.limits.cpu_seconds
            yield "computing", f"{run.cpu_seconds:.2f} s of at most {limit:g} s"
    for warning in result.warnings:
        yield "warning", warning
    score, most = result.score, assignment.credit_points
    if score is not None:
        known = {FRONT_END_ID: "that of the course", "": "the model does not say"}
        yield "front end", known.get(score.front_end, score.front_end)
        yield "hidden score", score_words(score)
        yield "curve", curve_words(assignment.credit, score.value, most)
        ends = [credit(value, assignment.credit, most) for value in (score.low, score.high)]
        yield "interval", f"its ends earn {ends[0]:.2f} and {ends[1]:.2f} points"
        expected = sum(case.points for case in result.cases) + credit(
            score.value, assignment.credit, most
        )
        if result.model_points is not None and abs(result.model_points - expected) > _ROUNDED:
            yield "careful", f"{expected:.2f} points by today's curve: it was changed since"
    if result.public_score is not None:
        yield "public half", f"{result.public_score:.1%}, for the leaderboard only"
    if result.practice is not None:
        yield "practice", score_words(result.practice)
    for case in result.cases:
        yield "test case", f"{case.name}: {_case(case)}"
    if run is None and score is not None:
        yield "more", "--fresh says how many parameters it has, and how long it computes"


def _notebook(result: Result) -> Iterator[Line]:
    for question in result.questions:
        yield question.name, f"{question.points:.2f} of {question.max_points:g}"
        yield from _failed(question, result)
    for note in result.notebook_notes:
        yield "while it ran", note


def _failed(question: QuestionResult, result: Result) -> Iterator[Line]:
    for case in question.cases:
        if not case.passed:
            yield "", f"{case.name}: {_case(case)}"
    if question.message and not question.cases:
        yield "", public_words(question, result)


def _case(case: CaseResult) -> str:
    """Return how a test case ended."""
    earned = f"{case.points:g} of {case.max_points:g}"
    if case.passed:
        return f"✓ {earned}"
    kind = "hidden" if case.hidden else "public"
    # results of earlier versions say neither
    return f"✗ {earned}, {kind}: {case.message}" if case.message else f"✗ {earned}"


def _standing(found: Explanation, assignment: Assignment) -> Iterator[Line]:
    for row in found.records.rows:
        yield "submission", clean(row.result.submission, MAX_NAME)
        yield "", _row_words(row)
        for sentence in handed_sentences(row, assignment):
            yield "", sentence
    if found.records.ladder is not None:
        yield "leaderboard", f"shows {100 * found.records.ladder:g}%"


def _row_words(row: Settled) -> str:
    """Return what a row of the gradebook comes to."""
    words = ["counts" if row.counts else row.note]
    if row.lost:
        words.append(f"{row.lost:.2f} points off for late days")
    if row.manual is not None:
        words.append(f"written answers {row.manual:.2f}")
    end = "blank" if row.points is None else f"{row.points:.2f} of {row.max_points:g}"
    return "; ".join([*words, f"points in the gradebook: {end}"])


def _history(found: Explanation, assignment: Assignment) -> Iterator[Line]:
    zone = assignment.late.zone if assignment.late else None

    def moment(seconds: float) -> str:
        return f"{datetime.fromtimestamp(seconds).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"

    for event in found.records.events:
        yield moment(event.time), event.what
    before: Result | None = None
    settings: Mapping[str, Any] = {}
    for number, kept in enumerate(found.records.history, start=1):
        known = json.loads(kept.description)
        if before is None:
            words = _settings_words(known)
        else:
            change = compare(before, kept.result)
            what = change.what if change else ("the same result",)
            causes = settings_differences(settings, known)
            words = "; ".join(what) + (f" (different: {', '.join(causes)})" if causes else "")
        points = "" if kept.result.points is None else f" {kept.result.points:.2f} points"
        yield f"result {number}", f"{moment(kept.time)}{points}; {words}"
        before, settings = kept.result, known


def _settings_words(settings: Mapping[str, Any]) -> str:
    shown = {name: str(settings[name]) for name in _SHOWN_SETTINGS if settings.get(name)}
    return ", ".join(f"{name} {value[:_HASH_DIGITS]}" for name, value in shown.items())


def _fresh(found: Explanation) -> Iterator[Line]:
    kept, fresh = found.records.kept, found.fresh
    if kept is None or fresh is None:
        return
    change = compare(kept.result, fresh)
    if change is None:
        yield "result", "the same as the kept one"
        return
    for what in change.what:
        yield "different", what
