"""Ask before the play, compare after it.

A prediction that was made costs nothing if it is wrong, and makes one look. The answer is
locked before the play, kept over a restart, and shown beside the truth afterwards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets

from utils.errors import ParameterError
from utils.lessons.rich import FallbackBox, Note, card, inline
from utils.lessons.store import recall, remember

__all__ = ["compare", "predict"]

Answer = str | float


@dataclass(frozen=True)
class _Question:
    """What is asked, and which answers are possible."""

    key: str
    text: str
    choices: tuple[str, ...]
    low: float
    high: float
    unit: str

    def possible(self) -> str:
        """The possible answers in words."""
        if self.choices:
            return " / ".join(self.choices)
        unit = f" {self.unit}" if self.unit else ""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"a number from {self.low:g} to {self.high:g}{unit}"
        return f"a number{unit and ' in'}{unit}"

    def parse(self, entry: Any) -> Answer | None:
        """Return what was entered as an answer; None if it is not one of the possible."""
        if self.choices:
            return entry if entry in self.choices else None
        try:
            number = float(str(entry).strip().replace(",", ".").replace("−", "-"))
        except ValueError:
            return None
        return number if math.isfinite(number) and self.low <= number <= self.high else None

    def show(self, answer: Answer) -> str:
        """Return an answer with its unit."""
        if isinstance(answer, str):
            return answer
        return f"{answer:g} {self.unit}".strip()

    def locked(self) -> Answer | None:
        """Return the answer that was locked, if one was and still is possible."""
        record = recall("predictions").get(self.key, {})
        return self.parse(record["answer"]) if "answer" in record else None


def predict(
    key: str,
    question: str,
    *,
    choices: Sequence[str] = (),
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
) -> FallbackBox:
    """Return a box that asks for a prediction and locks it.

    Parameters
    ----------
    key : str
        Unique in the course, such as ``"O2.too_large"``; :func:`compare` uses it too.
    question : str
        One sentence or two; `code` and **bold** are possible.
    choices : sequence of str
        Two or more answers to choose from; empty: the answer is a number.
    low, high : float
        Range of the number.
    unit : str
        Of the number.

    Returns
    -------
    FallbackBox
        Widgets; without a front end the question as HTML and text.

    Raises
    ------
    ParameterError
        One choice only, choices that are not different, or an empty range.
    """
    if choices and (len(choices) < 2 or len(set(choices)) < len(choices)):
        raise ParameterError(f"expected two or more different choices, got {list(choices)}")
    if not low < high:
        raise ParameterError(f"expected low < high, got low={low:g}, high={high:g}")
    asked = _Question(key, question, tuple(choices), low, high, unit)
    return _Form(asked).box


class _Form:
    """The widgets of one question and what they do."""

    def __init__(self, question: _Question) -> None:
        self.question = question
        self.entry = self._entry()
        self.lock = ipywidgets.Button(
            description="Lock my answer", tooltip="Keep this answer; then play"
        )
        self.again = ipywidgets.Button(
            description="Answer again", tooltip="Unlock the answer and change it"
        )
        self.status = ipywidgets.HTML()
        self.lock.on_click(self._on_lock)
        self.again.on_click(self._on_again)
        title = ipywidgets.HTML(card("info", f"Predict: {question.text}"))
        buttons = ipywidgets.HBox([self.lock, self.again])
        self.box = FallbackBox(
            [title, self.entry, buttons, self.status], text=self.text, html=self.html
        )
        self._show(question.locked())

    def _entry(self) -> Any:
        if self.question.choices:
            return ipywidgets.RadioButtons(
                options=self.question.choices,
                value=None,
                description="My answer",
                layout=ipywidgets.Layout(width="max-content", max_width="100%"),
            )
        return ipywidgets.Text(
            placeholder=self.question.possible(), description="My answer", continuous_update=False
        )

    def _on_lock(self, _: Any) -> None:
        answer = self.question.parse(self.entry.value)
        if answer is None:
            words = f"Expected {self.question.possible()}."
            self.status.value = card("wrong", words, live=True)
            return
        before = recall("predictions").get(self.question.key, {})
        first = before.get("first", answer)
        remember("predictions", self.question.key, {"answer": answer, "first": first})
        self._show(answer)

    def _on_again(self, _: Any) -> None:
        before = recall("predictions").get(self.question.key, {})
        before.pop("answer", None)
        remember("predictions", self.question.key, before)
        self._show(None)

    def _show(self, answer: Answer | None) -> None:
        self.entry.disabled = self.lock.disabled = answer is not None
        self.again.layout.display = "none" if answer is None else ""
        if answer is None:
            self.status.value = ""
            return
        self.entry.value = answer if self.question.choices else f"{answer:g}"
        title = f"Locked: {self.question.show(answer)}. Now play, then compare below."
        self.status.value = card("info", title, live=True)

    def text(self) -> str:
        """The question as plain text, with the locked answer."""
        answer = self.question.locked()
        locked = f"Locked: {self.question.show(answer)}" if answer is not None else ""
        return "\n".join(
            filter(None, [f"Predict: {self.question.text}", self.question.possible(), locked])
        )

    def html(self) -> str:
        """The question as HTML, for a page without a kernel."""
        answer = self.question.locked()
        state = "Decide before you read on."
        if answer is not None:
            state = f"Locked: {self.question.show(answer)}"
        question = f"Predict: {self.question.text}"
        return card("info", question, inline(self.question.possible()), inline(state))


def compare(
    key: str, truth: str | float, *, explain: str = "", unit: str = "", tolerance: float = 0.1
) -> Note:
    """Show the locked prediction beside the truth.

    Parameters
    ----------
    key : str
        The same as for :func:`predict`.
    truth : str or float
        The right choice, or the number that the play shows.
    explain : str
        Why it is so; one to three sentences.
    unit : str
        Of the number.
    tolerance : float
        Relative difference up to which a number counts as close.

    Returns
    -------
    Note
        Shown as the last line of a cell. Without a locked answer the truth stays folded.
    """
    shown = truth if isinstance(truth, str) else f"{truth:g} {unit}".strip()
    answer = recall("predictions").get(key, {}).get("answer")
    if answer is None:
        title = "You have not locked a prediction yet"
        lines = ("Lock one above, then run this cell again.",)
        return Note("info", title, lines, folded=f"{shown}. {explain}".strip())
    mine = answer if isinstance(answer, str) else f"{answer:g} {unit}".strip()
    kind, words = _verdict(answer, truth, tolerance)
    return Note(kind, words, (f"You predicted **{mine}**; it is **{shown}**.", explain))


def _verdict(answer: Any, truth: Answer, tolerance: float) -> tuple[Any, str]:
    if isinstance(truth, str) or isinstance(answer, str):
        if answer == truth:
            return "right", "As you predicted"
        return "info", "Different from your prediction, and worth a second look"
    error = abs(answer - truth)
    if math.isclose(answer, truth, rel_tol=1e-3, abs_tol=1e-9):
        return "right", "As you predicted"
    if error <= tolerance * abs(truth):
        return "right", "Close to your prediction"
    side = "More" if truth > answer else "Less"
    return "info", f"{side} than you predicted, and worth a second look"
