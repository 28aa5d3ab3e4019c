"""The bytes between parent and child: one request, one reply of known length.

Request: 8 bytes length, a JSON header, the model, the spectrograms (uint8).
Reply: a JSON header filled up with spaces to 4 096 bytes; if the model ran, then
float32 logits (little endian): of all notes, of the repeats, of the single ones.

What comes back is not trusted: every value is checked, nothing is unpickled.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Self

import numpy as np

from utils.errors import CourseError
from utils.notes.front_end import FRONT_END_ID
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.codes import GRADER_CODES, STUDENT_ONLY_CODES, Code, Rejection
from utils.submission.inference import Answers, count_single

__all__ = ["HEADER_BYTES", "Layer", "Reply", "Request", "SandboxError", "reply_length"]
__all__ += ["write_header"]

HEADER_BYTES = 4096
_MEL_BYTES = 64 * 64
_LENGTH = struct.Struct("<Q")
_MAX_DETAIL = 300


class SandboxError(CourseError, RuntimeError):
    """The sandbox itself failed: not the student's doing."""


@dataclass(frozen=True)
class Layer:
    """One protection of the child.

    Attributes
    ----------
    name : str
    active : bool
    note : str
        Why it is not active, or some detail.
    """

    name: str
    active: bool
    note: str = ""


@dataclass(frozen=True)
class Request:
    """What the child is asked to do.

    Attributes
    ----------
    model : bytes
    mels : np.ndarray, shape=(n, 64, 64), uint8
    repeats : np.ndarray, int
        Positions of the notes that are run again.
    memory_bytes, cpu_seconds : int
        Limits that the child sets for itself before it reads the model.
    max_model_bytes : int
    uid : int or None
        The user to become; None: stay.
    required : tuple of str
        Layers without which the child refuses to read the model.
    """

    model: bytes
    mels: np.ndarray
    repeats: np.ndarray
    memory_bytes: int
    cpu_seconds: int
    max_model_bytes: int
    uid: int | None
    required: tuple[str, ...] = ()

    def write(self, file: BinaryIO) -> None:
        """Write the request to a file."""
        header = {
            "model_bytes": len(self.model),
            "notes": len(self.mels),
            "repeats": [int(i) for i in self.repeats],
            "memory_bytes": self.memory_bytes,
            "cpu_seconds": self.cpu_seconds,
            "max_model_bytes": self.max_model_bytes,
            "uid": self.uid,
            "required": self.required,
        }
        write_header(file, header)
        file.write(self.model)
        file.write(np.ascontiguousarray(self.mels).data)
        file.flush()

    @staticmethod
    def read_header(file: BinaryIO) -> dict[str, Any]:
        """Return the header; leaves the file at the model's first byte."""
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        return json.loads(file.read(length))

    @classmethod
    def read_body(cls, header: dict[str, Any], file: BinaryIO) -> Self:
        """Return the whole request, after its header was read."""
        model = file.read(header["model_bytes"])
        mels = file.read(header["notes"] * _MEL_BYTES)
        return cls(
            model=model,
            mels=np.frombuffer(mels, np.uint8).reshape(header["notes"], 64, 64),
            repeats=np.array(header["repeats"], np.int64),
            memory_bytes=header["memory_bytes"],
            cpu_seconds=header["cpu_seconds"],
            max_model_bytes=header["max_model_bytes"],
            uid=header["uid"],
            required=tuple(header["required"]),
        )


def write_header(file: BinaryIO, header: dict[str, Any]) -> None:
    """Write a request's header, as ``Request.read_header`` reads it."""
    text = json.dumps(header).encode()
    file.write(_LENGTH.pack(len(text)) + text)


@dataclass(frozen=True)
class Reply:
    """What the child found.

    Attributes
    ----------
    layers : tuple of Layer
        Protections that it ran under.
    answers : Answers or None
        The logits; None if the model was refused.
    code, detail : Code or None, str
        Why it was refused.
    front_end : str
        What the model says; "" if nothing.
    warnings : tuple of str
    n_parameters : int
    """

    layers: tuple[Layer, ...]
    answers: Answers | None = None
    code: Code | None = None
    detail: str = ""
    front_end: str = ""
    warnings: tuple[str, ...] = ()
    n_parameters: int = 0

    def to_bytes(self) -> bytes:
        """Return the reply as it goes through the pipe."""
        header = {
            "code": self.code,
            "detail": self.detail[:_MAX_DETAIL],
            "layers": [asdict(layer) for layer in self.layers],
            "front_end": self.front_end,
            "warnings": [text[:_MAX_DETAIL] for text in self.warnings[:3]],
            "n_parameters": self.n_parameters,
        }
        text = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace")
        if len(text) > HEADER_BYTES:
            raise ValueError(f"expected a header of at most {HEADER_BYTES} bytes, got {len(text)}")
        arrays = b""
        if self.answers is not None:
            parts = (self.answers.logits, self.answers.shuffled, self.answers.single)
            arrays = b"".join(part.astype("<f4").tobytes() for part in parts)
        return text.ljust(HEADER_BYTES) + arrays

    @classmethod
    def from_bytes(cls, reply: bytes, n_notes: int, repeats: np.ndarray) -> Self:
        """Return the reply that a child sent, or refuse it.

        Raises
        ------
        Rejection
            PROTOCOL if it is not a well-formed reply of the right length.
        """
        try:
            header = json.loads(reply[:HEADER_BYTES])
            values = _checked(header)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Rejection(
                Code.PROTOCOL, f"no valid answer in {len(reply)} bytes ({type(error).__name__})"
            ) from None
        expected = HEADER_BYTES if values["code"] else reply_length(n_notes, repeats)
        if len(reply) != expected:
            raise Rejection(Code.PROTOCOL, f"expected {expected} bytes, got {len(reply)}")
        if values["code"] is None:
            values["answers"] = _split_logits(reply[HEADER_BYTES:], n_notes, repeats)
        return cls(**values)


def reply_length(n_notes: int, repeats: np.ndarray) -> int:
    """Return the number of bytes of a reply with logits."""
    rows = n_notes + len(repeats) + count_single(repeats)
    return HEADER_BYTES + 4 * N_FAMILIES * rows


def _split_logits(data: bytes, n_notes: int, repeats: np.ndarray) -> Answers:
    """Return the three arrays of a reply."""
    rows = np.frombuffer(data, "<f4").reshape(-1, N_FAMILIES)
    logits, shuffled, single = np.split(rows, [n_notes, n_notes + len(repeats)])
    return Answers(logits, shuffled, single)


def _checked(header: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a reply's header; ValueError, TypeError or KeyError if one is odd."""
    code = None if header["code"] is None else Code(header["code"])
    if code in STUDENT_ONLY_CODES or code in GRADER_CODES - {Code.INFRA_ERROR}:
        raise ValueError(code)
    if header["front_end"] not in ("", FRONT_END_ID):
        raise ValueError(header["front_end"])
    n_parameters = header["n_parameters"]
    if type(n_parameters) is not int or not 0 <= n_parameters < 1e9:
        raise ValueError(n_parameters)
    return {
        "code": code,
        "detail": _text(header["detail"]),
        "layers": tuple(
            Layer(_text(layer["name"]), layer["active"] is True, _text(layer["note"]))
            for layer in header["layers"]
        ),
        "front_end": header["front_end"],
        "warnings": tuple(_text(text) for text in header["warnings"]),
        "n_parameters": n_parameters,
    }


def _text(value: object) -> str:
    """Return a value that must be text, fit for files and terminals."""
    if not isinstance(value, str):
        raise TypeError(value)
    # half of a character can't be written, and a terminal obeys control characters
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:_MAX_DETAIL])
    return "".join(printable)
