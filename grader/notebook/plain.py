"""Plain data as JSON, for the pipe between the tests and a student's process.

What crosses the pipe: None, ``...``, booleans, numbers, texts, lists, tuples, dicts and
NumPy arrays of numbers. Anything else arrives as an :class:`Opaque` that only knows its
type's name. Reading never runs code, whatever the other side wrote.
"""

import base64
import binascii
import json
import math
from typing import Any

import numpy as np

from utils.errors import CourseError

__all__ = ["MAX_BYTES", "Opaque", "PlainError", "clean", "dump", "from_json", "load", "parse"]
__all__ += ["to_json"]

MAX_BYTES = 48_000_000
"""Of one message."""

MAX_DEPTH = 20
MAX_GROUPS, MAX_VALUES = 1_000_000, 5_000_000
"""Lists and dicts, and values, in one text: as Python's objects they need 30 times its bytes."""

MAX_KEYS = 2_000
"""Keys that are no text: anybody can choose numbers that a dict compares one by one."""

_DTYPES = frozenset(
    f"{order}{kind}"
    for order in "<|"
    for kind in (
        "b1",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "f2",
        "f4",
        "f8",
        "c8",
        "c16",
    )
)


class PlainError(CourseError, ValueError):
    """Something that is no plain data, or a message that is damaged."""


class Opaque:
    """A value of the student's process that can't be sent: only its type is known.

    It is neither true nor equal or unequal to anything: asking is an error, so that no test
    passes by it.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type_name: str) -> None:
        self.type_name = clean(type_name, 80)

    def __bool__(self) -> bool:
        raise TypeError(f"expected plain data, got {self!r}")

    def __eq__(self, other: object) -> bool:
        return bool(self)

    def __ne__(self, other: object) -> bool:
        return bool(self)

    def __repr__(self) -> str:
        return f"<{self.type_name} of the notebook>"


def to_json(value: Any, *, strict: bool = False) -> Any:
    """Return plain data as what JSON can hold.

    Parameters
    ----------
    value : object
        Anything.
    strict : bool
        Refuse what is not plain, instead of naming its type.

    Raises
    ------
    PlainError
        If it is nested too deeply, or with ``strict`` is not plain.
    """
    return _encode(value, strict, 0)


def _encode(value: Any, strict: bool, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise PlainError(f"expected data nested at most {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if value is ...:
        return {"dots": True}
    if kind is complex:
        return {"complex": [_encode(x, strict, depth + 1) for x in (value.real, value.imag)]}
    if kind is list:
        return [_encode(x, strict, depth + 1) for x in value]
    if kind is tuple:
        return {"tuple": [_encode(x, strict, depth + 1) for x in value]}
    if isinstance(value, dict):
        pairs = [
            [_encode(k, strict, depth + 1), _encode(v, strict, depth + 1)] for k, v in value.items()
        ]
        return {"dict": pairs}
    return _encode_array(value, strict)


def _encode_array(value: Any, strict: bool) -> Any:
    """Return an array, a number of NumPy or a tensor; anything else by its type's name."""
    what = "array" if isinstance(value, np.ndarray) else "scalar"
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        what, value = "array", value.detach().cpu().resolve_conj().resolve_neg().numpy()
    if isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        dtype = array.dtype.newbyteorder("<").str
        if dtype in _DTYPES:
            raw = base64.b64encode(array.astype(dtype, copy=False).tobytes()).decode("ascii")
            return {what: [dtype, list(array.shape), raw]}
    if strict:
        raise PlainError(f"expected plain data (numbers, texts, lists, arrays), got {type(value)}")
    return {"opaque": type(value).__name__}


def from_json(value: Any, *, answer: bool = False) -> Any:
    """Return the plain data that :func:`to_json` wrote.

    Parameters
    ----------
    value : object
        What JSON can hold.
    answer : bool
        It is of a student's: an array of several dimensions without values is refused, as it
        would fit any shape when it is compared, and nothing in it is unequal.

    Raises
    ------
    PlainError
        The message is damaged, or was forged.
    """
    try:
        return _Decoder(answer).decode(value, 0)
    except (TypeError, ValueError, KeyError, OverflowError, binascii.Error, MemoryError) as error:
        raise PlainError(f"expected plain data, got {error}") from None


class _Decoder:
    """Reads one message; counts the keys that could slow a dict down."""

    def __init__(self, answer: bool) -> None:
        self._answer, self._n_keys = answer, 0

    def decode(self, value: Any, depth: int) -> Any:
        """Return a value."""
        if depth > MAX_DEPTH:
            raise PlainError("nested too deeply")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list):
            return [self.decode(x, depth + 1) for x in value]
        if not isinstance(value, dict) or len(value) != 1:
            raise PlainError("unknown form")
        ((kind, content),) = value.items()
        if kind == "tuple":
            return tuple(self.decode(x, depth + 1) for x in content)
        if kind == "dict":
            return {self._key(k, depth + 1): self.decode(v, depth + 1) for k, v in content}
        if kind == "complex":
            return complex(*(float(self.decode(x, depth + 1)) for x in content))
        found = _decode_leaf(str(kind), content)
        if self._answer and isinstance(found, np.ndarray) and found.ndim > 1 and not found.size:
            raise PlainError(f"an array without values, of shape {found.shape}")
        return found

    def _key(self, value: Any, depth: int) -> Any:
        """Return a key, unless there are too many of its kind."""
        if not isinstance(value, str):
            self._n_keys += 1
            if self._n_keys > MAX_KEYS:
                raise PlainError(f"expected at most {MAX_KEYS} keys that are no texts")
        return self.decode(value, depth)


def _decode_leaf(kind: str, content: Any) -> Any:
    """Return a value that holds no others."""
    if kind == "dots":
        return ...
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if kind in ("array", "scalar"):
        array = _decode_array(*content)
        return array if kind == "array" else array.reshape(())[()]
    if kind == "opaque":
        return Opaque(str(content))
    raise PlainError(f"unknown form {kind[:40]!r}")


def _decode_array(dtype: str, shape: list[int], raw: str) -> np.ndarray:
    """Return an array, checked before any of it is believed."""
    if dtype not in _DTYPES or not isinstance(shape, list) or len(shape) > 32:
        raise PlainError("no array of numbers")
    if not all(type(n) is int and 0 <= n <= MAX_BYTES for n in shape):
        raise PlainError("no shape")
    content = base64.b64decode(raw, validate=True)
    if len(content) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise PlainError("an array of another length")
    return np.frombuffer(content, dtype).reshape(shape).copy()


def dump(message: dict[str, Any]) -> bytes:
    """Return a message as bytes: 8 bytes length, JSON."""
    content = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    if len(content) > MAX_BYTES:
        raise PlainError(
            f"expected at most {MAX_BYTES / 1e6:.0f} MB, got {len(content) / 1e6:.0f} MB"
        )
    return len(content).to_bytes(8, "little") + content


def load(content: bytes) -> dict[str, Any]:
    """Return a message of bytes, its length left out."""
    message = parse(content)
    if not isinstance(message, dict):
        raise PlainError("expected a message")
    return message


def parse(content: bytes) -> Any:
    """Return what a text in JSON holds, if that is not far more than the text itself.

    Raises
    ------
    PlainError
        It is no JSON, or has too many values.
    """
    # counted first: Python's objects for "[],[],[]" need thirty times its bytes
    if content.count(b"[") + content.count(b"{") > MAX_GROUPS or content.count(b",") > MAX_VALUES:
        raise PlainError(f"expected at most {MAX_GROUPS:,} lists and {MAX_VALUES:,} values")
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PlainError(f"this is no JSON: {error}") from None


def clean(text: str, length: int) -> str:
    """Return the beginning of a text of a student's, without what can't be written or is obeyed.

    Half of a character (a lone surrogate) can't be written to a file; control characters
    move a terminal's cursor.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:length])


def _no_constant(name: str) -> None:
    raise ValueError(name)
