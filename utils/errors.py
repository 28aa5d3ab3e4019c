"""The errors that the course raises on purpose.

Each is also a built-in error, so that ``except ValueError`` keeps working, and
each message says what was expected and what came instead.
"""

__all__ = [
    "AudioError",
    "CourseError",
    "DownloadError",
    "ParameterError",
    "RecordError",
    "StoreError",
    "TrainingError",
]


class CourseError(Exception):
    """The base of all errors that the course raises on purpose."""


class ParameterError(CourseError, ValueError):
    """An argument has a wrong value, shape or type."""


class AudioError(CourseError, ValueError):
    """A waveform can't be used: NaN, wrong shape, wrong sample rate."""


class RecordError(CourseError, ValueError):
    """A note's record or sound file is broken; the message names the note."""


class StoreError(CourseError, RuntimeError):
    """A file or a store of notes is missing, incomplete, damaged, or can't be written."""


class DownloadError(CourseError, OSError):
    """A file could not be fetched, or is not what it should be.

    Parameters
    ----------
    message : str
        What happened, in one line.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class TrainingError(CourseError, ArithmeticError):
    """Training cannot go on: a loss is not a finite number."""
