"""What an exercise is.

The student writes a function; it runs on the exercise's cases, and so does the reference.
Every exercise also stores wrong answers that students really give: an answer that behaves
like one of them on all cases gets its words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from utils.errors import ParameterError

__all__ = ["Case", "Exercise", "Mistake"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One input of an exercise.

    Attributes
    ----------
    arguments : tuple
        What the student's function gets, by position.
    label : str
        The input in words; empty: the arguments are shown.
    """

    arguments: tuple[Any, ...]
    label: str = ""


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer: in the solution, ``right`` is replaced by ``wrong``.

    Attributes
    ----------
    words : str
        What the student reads: names the mistake, not the solution.
    right : str
        A piece of the solution's source; every occurrence is replaced.
    wrong : str
        What stands there instead.
    """

    words: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Exercise:
    """A function to write, and all that is needed to check it and to help.

    Attributes
    ----------
    key : str
        ``"row.name"``; the student's function is called ``name``.
    task : str
        One sentence that says what to write.
    solution : str
        Source text of a right answer, at most eight lines below its ``def``.
    reference : Callable
        What is right, with the student's signature; from :mod:`utils.reference`.
    cases : Callable
        Makes the inputs anew for each run, as an answer may change its arguments.
    hints : tuple of str
        Three: where to look, what to do, nearly the answer.
    mistakes : tuple of Mistake
        Three or more.
    outputs : tuple of str
        Names of the parts, if the function returns several things.
    gradient : bool
        Whether the gradient for the first floating-point argument is compared, too.
    observe : Callable, optional
        From a function and a case to a dictionary of what can be seen; default: the values
        returned (and gradients). Names in parentheses tell mistakes apart, but don't count.
    rtol, atol : float
        Allowed differences.
    names : dict
        What the sources may use besides ``torch``, ``nn``, ``np`` and ``math``.
    rows : tuple of str
        Rows of the syllabus; default: the one of the key.
    """

    key: str
    task: str
    solution: str
    reference: Function
    cases: Callable[[], Sequence[Case]]
    hints: tuple[str, str, str]
    mistakes: tuple[Mistake, ...]
    outputs: tuple[str, ...] = ()
    gradient: bool = False
    observe: Callable[[Function, Case], dict[str, Any]] | None = None
    rtol: float = 1e-4
    atol: float = 1e-6
    names: dict[str, Any] = field(default_factory=dict)
    rows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.rows:
            object.__setattr__(self, "rows", (self.key.split(".")[0],))

    @property
    def name(self) -> str:
        """The name of the function that the student writes."""
        return self.key.split(".")[1]

    def wrong_source(self, mistake: Mistake) -> str:
        """Return the source of a wrong answer.

        Raises
        ------
        ParameterError
            The solution no longer contains the text to replace.
        """
        if mistake.right not in self.solution:
            raise ParameterError(
                f"expected {mistake.right!r} in the solution of {self.key}, got none"
            )
        return self.solution.replace(mistake.right, mistake.wrong)

    def function_from(self, source: str) -> Function:
        """Return the function that a source text of this exercise defines."""
        import math

        import numpy as np
        import torch

        names = {"torch": torch, "nn": torch.nn, "np": np, "math": math, **self.names}
        exec(compile(source, f"<{self.key}>", "exec"), names)
        function: Function = names[self.name]
        return function
