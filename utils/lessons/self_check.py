"""Five questions at the end of a lecture, with feedback to every answer.

The questions are in ``questions/<lecture>.toml``: five tables ``[[question]]`` with ``text``
and ``choices``, each choice with ``text``, ``feedback`` and, once a question, ``right = true``.
The right one may come first there: where it is shown is decided here.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from utils.errors import ParameterError
from utils.lessons.catalog import lecture_of
from utils.lessons.rich import FallbackBox, card, inline
from utils.lessons.store import recall, remember

__all__ = ["Choice", "Question", "load_questions", "self_check"]

FOLDER = Path(__file__).with_name("questions")
PLACES = (1, 0, 2, 0, 1)
"""Where the right answers stand; each lecture adds its number."""


@dataclass(frozen=True)
class Choice:
    """One possible answer.

    Attributes
    ----------
    text : str
        What can be chosen.
    feedback : str
        What is said to whoever chose it.
    right : bool
        Whether it is the right one.
    """

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """One question with its choices.

    Attributes
    ----------
    text : str
        What is asked.
    choices : tuple of Choice
        Three or more, exactly one of them right.
    """

    text: str
    choices: tuple[Choice, ...]


def load_questions(lecture: str) -> tuple[Question, ...]:
    """Return the five questions of a lecture.

    Parameters
    ----------
    lecture : str
        Number or name, such as ``"01"``.

    Returns
    -------
    tuple of Question
        Five.

    Raises
    ------
    ParameterError
        The lecture has no questions, or the file is not as it should be.
    """
    known = lecture_of(lecture)
    path = FOLDER / f"{known.name}.toml"
    if not path.is_file():
        raise ParameterError(f"expected questions for lecture {lecture!r}, got no {path.name}")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    if len(tables) != 5:
        raise ParameterError(f"expected five questions in {path.name}, got {len(tables)}")
    places = [place + int(known.number) for place in PLACES]
    questions = tuple(
        Question(table["text"], _mixed([Choice(**c) for c in table["choices"]], place))
        for table, place in zip(tables, places, strict=True)
    )
    for question in questions:
        if len(question.choices) < 3 or sum(choice.right for choice in question.choices) != 1:
            raise ParameterError(f"expected three choices and one right one, got {question.text!r}")
    return questions


def _mixed(choices: list[Choice], place: int) -> tuple[Choice, ...]:
    """Return the choices with the right one at this place, the others as they were."""
    right = [choice for choice in choices if choice.right]
    others = [choice for choice in choices if not choice.right]
    place %= len(choices)
    return (*others[:place], *right, *others[place:])


def self_check(lecture: str) -> FallbackBox:
    """Return the five questions of a lecture as a box; answers are kept.

    Parameters
    ----------
    lecture : str
        Number or name, such as ``"01"``.

    Returns
    -------
    FallbackBox
        Widgets; without a front end the questions with folded answers.

    Raises
    ------
    ParameterError
        The lecture has no questions.
    """
    return _Quiz(lecture_of(lecture).number, load_questions(lecture)).box


class _Quiz:
    """The widgets of all questions and what they do."""

    def __init__(self, number: str, questions: tuple[Question, ...]) -> None:
        self.number = number
        self.questions = questions
        self.answers = _kept(number, questions)
        self.radios = [self._radio(question) for question in questions]
        self.feedback = [ipywidgets.HTML() for _ in questions]
        self.summary = ipywidgets.HTML()
        parts: list[Any] = []
        for i, question in enumerate(questions):
            title = ipywidgets.HTML(f"<b>{i + 1}. {inline(question.text)}</b>")
            parts += [title, self.radios[i], self.feedback[i]]
            if i in self.answers:
                self.radios[i].index = self.answers[i]
                self._show(i)
            self.radios[i].observe(self._handler(i), names="index")
        self._summarize()
        self.box = FallbackBox([*parts, self.summary], text=self.text, html=self.html)

    def _radio(self, question: Question) -> Any:
        return ipywidgets.RadioButtons(
            options=[choice.text for choice in question.choices],
            value=None,
            layout=ipywidgets.Layout(width="max-content", max_width="100%"),
        )

    def _handler(self, i: int) -> Any:
        def chosen(change: Any) -> None:
            if change["new"] is not None:
                self.answers[i] = change["new"]
                n_right = sum(self._is_right(j) for j in self.answers)
                texts = {str(j): self._choice(j).text for j in self.answers}
                remember("self_checks", self.number, {"answers": texts, "right": n_right})
                self._show(i)
                self._summarize()

        return chosen

    def _choice(self, i: int) -> Choice:
        return self.questions[i].choices[self.answers[i]]

    def _is_right(self, i: int) -> bool:
        return self._choice(i).right

    def _show(self, i: int) -> None:
        choice = self._choice(i)
        title = "Right." if choice.right else "Not quite."
        kind: Any = "right" if choice.right else "wrong"
        self.feedback[i].value = card(kind, title, inline(choice.feedback), live=True)

    def _summarize(self) -> None:
        n_right = sum(self._is_right(i) for i in self.answers)
        words = f"{n_right} of {len(self.questions)} right, {len(self.answers)} answered"
        self.summary.value = card("info", words, live=True)

    def text(self) -> str:
        """All questions as plain text."""
        lines = []
        for i, question in enumerate(self.questions, start=1):
            lines.append(f"{i}. {question.text}")
            lines += [f"   ( ) {choice.text}" for choice in question.choices]
        return "\n".join(lines)

    def html(self) -> str:
        """All questions as HTML with folded answers, for a page without a kernel."""
        return "".join(_folded(i, question) for i, question in enumerate(self.questions, start=1))


def _folded(number: int, question: Question) -> str:
    choices = "".join(f"<li>{inline(choice.text)}</li>" for choice in question.choices)
    right = next(choice for choice in question.choices if choice.right)
    answer = f"{inline(right.text)}: {inline(right.feedback)}"
    return (
        f"<p><b>{number}. {inline(question.text)}</b></p><ul>{choices}</ul>"
        f"<details><summary>Answer</summary>{answer}</details>"
    )


def _kept(number: str, questions: tuple[Question, ...]) -> dict[int, int]:
    """Return the kept answers by position; those whose text has changed are left out."""
    texts = recall("self_checks").get(number, {}).get("answers", {})
    if not isinstance(texts, dict):
        return {}
    found = {}
    for i, question in enumerate(questions):
        known = [choice.text for choice in question.choices]
        if texts.get(str(i)) in known:
            found[i] = known.index(texts[str(i)])
    return found
