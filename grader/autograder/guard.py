"""A plugin that stops `otter run` on a sealed zip, before any student code starts.

`otter run` takes otter's own scripts in place of those in the zip: it would unpack the
hidden notes beside the student's code.
"""

from typing import Any

from otter.plugins import AbstractOtterPlugin

__all__ = ["MESSAGE", "SealedZip"]

MESSAGE = (
    "this autograder zip is sealed and `otter run` would open it beside student code; "
    "use `python -m grader grade`, or `otter grade` with a Docker engine"
)


class SealedZip(AbstractOtterPlugin):
    """End otter as soon as it makes this, with one sentence and no traceback."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise SystemExit(MESSAGE)
