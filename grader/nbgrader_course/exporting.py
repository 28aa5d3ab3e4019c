"""Exporters for ``nbgrader export``: a table of the class, and the written points."""

from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student
from nbgrader.plugins import ExportPlugin

from grader.gradebook import plain, write_table
from grader.nbgrader_course.points import AUTO
from utils.errors import ParameterError

__all__ = ["ClassTable", "WrittenPoints"]


def _score(gradebook: Gradebook, assignment: Assignment, student: Student) -> float | None:
    """Return a score less its late penalty; None if there is none, or not for all of it yet."""
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return None
    if submission.needs_manual_grade:
        return None
    return submission.score - (submission.late_submission_penalty or 0.0)


class _Table(ExportPlugin):
    """What both exporters share: which students and assignments are asked for."""

    file = ""

    def _students(self, gradebook: Gradebook) -> list[Student]:
        chosen = {str(name) for name in self.student}
        return [s for s in gradebook.students if not chosen or s.id in chosen]

    def _assignments(self, gradebook: Gradebook) -> list[Assignment]:
        chosen = {str(name) for name in self.assignment}
        return [a for a in gradebook.assignments if not chosen or a.name in chosen]

    @property
    def _goal(self) -> Path:
        return Path(self.to or self.file)


class ClassTable(_Table):
    """One row a student, one column an assignment: written answers, otter's points, the sum.

    ``nbgrader export --exporter=grader.nbgrader_course.exporting.ClassTable``. A blank is
    a score that is not complete; then ``total`` is blank, too. Without a submission it is
    blank as well, and counts 0.
    """

    file = "class.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the table."""
        assignments = self._assignments(gradebook)
        names = [assignment.name for assignment in assignments]
        columns = ["student", "last_name", "first_name", *names, "total", "max_points"]
        rows = []
        for student in self._students(gradebook):
            scores = [_score(gradebook, assignment, student) for assignment in assignments]
            handed = {submission.name for submission in student.submissions}
            complete = all(
                s is not None or n not in handed for s, n in zip(scores, names, strict=True)
            )
            row = {n: "" if s is None else f"{s:.2f}" for n, s in zip(names, scores, strict=True)}
            about = {"last_name": student.last_name, "first_name": student.first_name}
            row |= {key: plain(value or "") for key, value in about.items()}
            row["student"] = plain(student.id)
            row["total"] = f"{max(0.0, sum(s or 0.0 for s in scores)):.2f}" if complete else ""
            row["max_points"] = f"{sum(a.max_score for a in assignments):.2f}"
            rows.append(row)
        write_table(columns, rows, self._goal)


class WrittenPoints(_Table):
    """``manual.csv`` for the grader's own gradebook: points of the written answers.

    ``nbgrader export --exporter=grader.nbgrader_course.exporting.WrittenPoints``, with
    ``--assignment`` if the course has several. Who is not graded completely is left out.
    """

    file = "manual.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the table.

        Raises
        ------
        ParameterError
            More than one assignment has written answers.
        """
        written = [a for a in self._assignments(gradebook) if not a.name.endswith(AUTO)]
        if len(written) != 1:
            names = ", ".join(a.name for a in written) or "none"
            raise ParameterError(f"expected one assignment with written answers, got {names}")
        write_table(
            ("student", "points", "max_points"), self._rows(gradebook, written[0]), self._goal
        )

    def _rows(self, gradebook: Gradebook, assignment: Assignment) -> Iterator[dict[str, str]]:
        for student in self._students(gradebook):
            score = _score(gradebook, assignment, student)
            if score is not None:
                # extra credit may lift a score above the maximum, which the gradebook refuses
                points = min(max(score, 0.0), assignment.max_score)
                row = {"points": f"{points:.2f}", "max_points": f"{assignment.max_score:.2f}"}
                yield row | {"student": plain(student.id)}
