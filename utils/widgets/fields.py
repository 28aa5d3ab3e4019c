"""What a widget's state consists of: one field a key, checked the same way here and in the browser.

A field knows its default, its limits and its words. :meth:`Field.spec` is what the
browser gets; ``kit/state.js`` checks by the same rules, and a test holds both against
the same table. All values are plain JSON: numbers, strings, booleans, lists.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from utils.errors import ParameterError

__all__ = [
    "Boolean",
    "Choice",
    "Field",
    "Integer",
    "Number",
    "Numbers",
    "Points",
    "check_state",
    "default_state",
]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key of a widget's state.

    Attributes
    ----------
    label : str
        What the control is called; the key itself by default.
    """

    label: str = ""

    def check(self, key: str, value: object) -> Any:
        """Return `value` as plain JSON, or say what was expected."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """Return the field as JSON for the browser; `kind` says which rules hold."""
        items = {key: _plain(value) for key, value in vars(self).items()}
        return {"kind": type(self).__name__.lower(), **items}


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _number(key: str, value: object, low: float, high: float) -> float:
    wanted = f"expected {key} to be a number from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParameterError(f"{wanted}, got {value!r}")
    if not low <= value <= high:
        raise ParameterError(f"{wanted}, got {value:g}")
    return value


def _sequence(key: str, value: object, fewest: int, most: int, what: str) -> list[Any]:
    wanted = f"expected {key} to be a list of {fewest} to {most} {what}"
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ParameterError(f"{wanted}, got {value!r}")
    if not fewest <= len(value) <= most:
        raise ParameterError(f"{wanted}, got {len(value)}")
    return list(value)


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number within limits.

    Attributes
    ----------
    default, low, high : float
    step : float
        What an arrow key changes; on a log scale the factor is ``1 + step``. 0: a
        hundredth of the range.
    scale : {"linear", "log"}
        How the slider is divided; log needs ``low > 0``.
    unit : str
        Shown after the number.
    digits : int
        Significant digits shown.
    label : str
    """

    default: float
    low: float
    high: float
    step: float = 0.0
    scale: Literal["linear", "log"] = "linear"
    unit: str = ""
    digits: int = 3

    def __post_init__(self) -> None:
        _number("default", self.default, self.low, self.high)
        if self.scale == "log" and self.low <= 0:
            raise ParameterError(f"expected low > 0 on a log scale, got {self.low}")

    def check(self, key: str, value: object) -> float:
        """Return the number; it must be finite and within the limits."""
        return _number(key, value, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Integer(Field):
    """A whole number within limits.

    Attributes
    ----------
    default, low, high : int
    step : int
        What an arrow key changes.
    unit : str
        Shown after the number.
    label : str
    """

    default: int
    low: int
    high: int
    step: int = 1
    unit: str = ""

    def __post_init__(self) -> None:
        self.check("default", self.default)

    def check(self, key: str, value: object) -> int:
        """Return the whole number; ``2.0`` counts as one, as it does in JavaScript."""
        number = _number(key, value, self.low, self.high)
        if number != int(number):
            raise ParameterError(f"expected {key} to be a whole number, got {number:g}")
        return int(number)


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of a few words.

    Attributes
    ----------
    default : str
    options : tuple of str
        The values.
    labels : tuple of str
        How they are shown; the values themselves by default.
    label : str
    """

    default: str
    options: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.check("default", self.default)
        if self.labels and len(self.labels) != len(self.options):
            raise ParameterError(
                f"expected {len(self.options)} labels, one an option, got {len(self.labels)}"
            )

    def check(self, key: str, value: object) -> str:
        """Return the word; it must be one of the options."""
        if not isinstance(value, str) or value not in self.options:
            raise ParameterError(
                f"expected {key} to be one of {', '.join(self.options)}, got {value!r}"
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Boolean(Field):
    """Yes or no.

    Attributes
    ----------
    default : bool
    label : str
    """

    default: bool

    def check(self, key: str, value: object) -> bool:
        """Return the value; 0 and 1 are not accepted."""
        if not isinstance(value, bool):
            raise ParameterError(f"expected {key} to be true or false, got {value!r}")
        return value


@dataclass(frozen=True, kw_only=True)
class Numbers(Field):
    """A list of numbers within the same limits.

    Attributes
    ----------
    default : tuple of float
    low, high : float
    fewest, most : int
        How many there may be; by default as many as the default has.
    step : float
        What an arrow key changes; 0: a hundredth of the range.
    label : str
    """

    default: tuple[float, ...]
    low: float
    high: float
    fewest: int = -1
    most: int = -1
    step: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fewest", "most"):
            if getattr(self, name) < 0:
                object.__setattr__(self, name, len(self.default))
        self.check("default", self.default)

    def check(self, key: str, value: object) -> list[float]:
        """Return the numbers as a list."""
        items = _sequence(key, value, self.fewest, self.most, "numbers")
        return [_number(f"{key}[{i}]", item, self.low, self.high) for i, item in enumerate(items)]


@dataclass(frozen=True, kw_only=True)
class Points(Field):
    """A list of points in the plane.

    Attributes
    ----------
    default : tuple of (float, float)
    x, y : (float, float)
        Lowest and highest value of each coordinate.
    fewest, most : int
        How many there may be.
    label : str
    """

    default: tuple[tuple[float, float], ...]
    x: tuple[float, float]
    y: tuple[float, float]
    fewest: int = 0
    most: int = 1000

    def __post_init__(self) -> None:
        self.check("default", self.default)

    def check(self, key: str, value: object) -> list[list[float]]:
        """Return the points as a list of two-number lists."""
        points = []
        for i, item in enumerate(_sequence(key, value, self.fewest, self.most, "points")):
            pair = _sequence(f"{key}[{i}]", item, 2, 2, "numbers")
            limits = zip(pair, (self.x, self.y), strict=True)
            points.append([_number(f"{key}[{i}]", v, *ends) for v, ends in limits])
        return points


def default_state(fields: Mapping[str, Field], *, version: int = 1) -> dict[str, Any]:
    """Return the state in which every field has its default.

    Parameters
    ----------
    fields : mapping of str to Field
    version : int
        Of the widget's state; a state of another version is refused.
    """
    values = {key: field.check(key, vars(field)["default"]) for key, field in fields.items()}
    return {"version": version, **values}


def check_state(
    fields: Mapping[str, Field], state: Mapping[str, Any], *, version: int = 1
) -> dict[str, Any]:
    """Return a complete state as plain JSON; what is missing takes its default.

    Parameters
    ----------
    fields : mapping of str to Field
    state : mapping of str to object
        Must hold ``version``.
    version : int
        The one that is understood.

    Raises
    ------
    ParameterError
        If the version is another one, a key is unknown or a value is wrong.
    """
    if state.get("version") != version:
        raise ParameterError(f"expected state version {version}, got {state.get('version')!r}")
    unknown = sorted(set(state) - set(fields) - {"version"})
    if unknown:
        known = ", ".join(fields)
        raise ParameterError(f"expected keys of {known}; got unknown {', '.join(unknown)}")
    given = {key: fields[key].check(key, state[key]) for key in fields if key in state}
    return {**default_state(fields, version=version), **given}
