"""What this student has done so far, from the file on the student's own machine."""

from dataclasses import dataclass

from utils.errors import ParameterError
from utils.lessons.catalog import LECTURES, Lecture, exercises_of, lecture_of
from utils.lessons.rich import inline
from utils.lessons.store import progress_file, recall

__all__ = ["LectureProgress", "Progress", "progress"]

CELL = "text-align:left;padding:.4em .25em"
SCROLLED = "overflow-x:auto;max-width:100%"
"""A table wider than a phone scrolls in its own box, so that no column is cut off."""


@dataclass(frozen=True)
class LectureProgress:
    """What was done in one lecture.

    Attributes
    ----------
    title : str
        Number and title of the lecture.
    predictions : int
        How many predictions were locked.
    solved, exercises : int
        How many exercises were solved, of how many.
    hints : int
        How many hints were seen.
    self_check : int or None
        Right answers of five; None: not tried.
    """

    title: str
    predictions: int
    solved: int
    exercises: int
    hints: int
    self_check: int | None


@dataclass(frozen=True, repr=False)
class Progress:
    """What was done in all lectures; a cell shows it as a table.

    Attributes
    ----------
    lectures : tuple of LectureProgress
        One a lecture, in order.
    """

    lectures: tuple[LectureProgress, ...]

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (
                row.title,
                str(row.predictions),
                f"{row.solved} of {row.exercises}",
                str(row.hints),
                "–" if row.self_check is None else f"{row.self_check} of 5",
            )
            for row in self.lectures
        ]

    def __repr__(self) -> str:
        lines = [
            f"{title}: {predictions} predictions, {solved} exercises, {hints} hints, "
            f"self-check {score}"
            for title, predictions, solved, hints, score in self._rows()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = ("lecture", "predic\u00adtions", "exercises solved", "hints", "self-check")
        head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in names)
        body = "".join(
            "<tr>" + "".join(f'<td style="{CELL}">{inline(cell)}</td>' for cell in row) + "</tr>"
            for row in self._rows()
        )
        place = f"Kept on this machine only: {progress_file()}"
        return (
            f'<div tabindex="0" role="region" aria-label="Progress" style="{SCROLLED}">'
            f"<table><tr>{head}</tr>{body}</table></div>"
            f'<p style="overflow-wrap:anywhere">{inline(place)}</p>'
        )


def progress() -> Progress:
    """Return what was done so far in every lecture.

    Returns
    -------
    Progress
        Shown as the last line of a cell.
    """
    return Progress(tuple(_of(lecture) for lecture in LECTURES.values()))


def _of(lecture: Lecture) -> LectureProgress:
    known = exercises_of(lecture)
    checks = recall("checks")
    score = recall("self_checks").get(lecture.number, {}).get("right")
    hints = [recall("hints")[key].get("seen", 0) for key in _keys("hints", lecture)]
    return LectureProgress(
        title=f"{lecture.number} {lecture.title}",
        predictions=len(_keys("predictions", lecture)),
        solved=sum(bool(checks.get(key, {}).get("passed")) for key in known),
        exercises=len(known),
        hints=sum(hints),
        self_check=score,
    )


def _keys(section: str, lecture: Lecture) -> list[str]:
    return [key for key in recall(section) if _belongs(key, lecture)]


def _belongs(key: str, lecture: Lecture) -> bool:
    try:
        return lecture_of(key) == lecture
    except ParameterError:
        return False
