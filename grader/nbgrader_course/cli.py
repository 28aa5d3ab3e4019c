"""``python -m grader nbgrader``: make an nbgrader course; put the grader's points into it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from grader.assignment import load_assignment
from grader.nbgrader_course.course import make_course
from grader.nbgrader_course.points import put_points

__all__ = ["main"]

NEXT_STEPS = """\
1. Hand out {release}
   (the notebook of `release --out` will do as well: it is the same).
2. Put one zip a student, called STUDENT.zip, into {course}/downloaded/{name}/archive.
   Then, in the folder {course}:
     nbgrader zip_collect {name}
     nbgrader autograde {name}        (runs nothing of what students wrote)
3. Grade the written answers in the form: jupyter lab, there, and Nbgrader, Formgrader.
4. Take these points over, there too:
     nbgrader export --exporter=grader.nbgrader_course.exporting.WrittenPoints --to manual.csv
   and where you grade:
     python -m grader settle RESULTS --manual {course}/manual.csv
5. Only if nbgrader keeps your grades: put the points of tests and model into it.
     python -m grader nbgrader points {course} RESULTS/grades.csv
   Feedback made after this (nbgrader generate_feedback {name}, the same with {name}-auto)
   shows them, so wait until nobody hands in any more."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader nbgrader",
        description="The homework as an nbgrader course, for grading written answers by hand.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    make = verbs.add_parser("make", help="make a course, or put a homework into one")
    make.add_argument("assignment", help="name of a folder in assignments/, or its path")
    make.add_argument("course", type=Path, metavar="COURSE", help="folder of the course")
    points = verbs.add_parser("points", help="put the points of grades.csv into the gradebook")
    points.add_argument("course", type=Path, metavar="COURSE", help="folder of the course")
    points.add_argument("grades", type=Path, metavar="GRADES", help="grades.csv of `grade`")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb ``nbgrader``; return the exit code."""
    options = _parser().parse_args(argv)
    if options.verb == "make":
        assignment = load_assignment(options.assignment)
        release = make_course(assignment, options.course)
        print(NEXT_STEPS.format(release=release, course=options.course, name=assignment.name))
        return 0
    done = put_points(options.course, options.grades)
    print(f"{done.assignment}: points of {len(done.students)} students")
    if done.open:
        print(f"not graded completely, to be looked at: {', '.join(done.open)}")
    if done.left_out:
        print(f"left out, as nbgrader can't take the names: {', '.join(map(ascii, done.left_out))}")
    return 1 if done.left_out else 0
