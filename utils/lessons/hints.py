"""A ladder of three hints an exercise: one more at each call."""

from utils.errors import ParameterError
from utils.lessons.catalog import find_exercise
from utils.lessons.rich import Note
from utils.lessons.store import recall, remember

__all__ = ["hint"]


def hint(key: str) -> Note:
    """Show one more hint to an exercise; how many were seen is kept.

    Parameters
    ----------
    key : str
        Of the exercise, such as ``"L3.mean_squared_error"``.

    Returns
    -------
    Note
        All hints seen so far; nothing is raised.
    """
    try:
        hints = find_exercise(key).hints
    except ParameterError as error:
        return Note("wrong", "There is no such exercise", (str(error),))
    before = recall("hints").get(key, {}).get("seen", 0)
    seen = min(len(hints), 1 + before if isinstance(before, int) else 1)
    remember("hints", key, {"seen": seen})
    lines = tuple(f"{i}. {text}" for i, text in enumerate(hints[:seen], start=1))
    last = "That was the last one: the solution is folded below the exercise."
    more = "Run the cell again for the next one."
    return Note("info", f"Hint {seen} of {len(hints)}", (*lines, last if seen == 3 else more))
