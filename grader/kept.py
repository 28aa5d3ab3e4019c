"""What a result depends on besides the submission: results of other settings are not reused."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnxruntime

import utils
from grader.assignment import Assignment
from grader.hidden_split import HiddenSplit
from grader.model_tests import ModelTests
from grader.sandbox.policy import Policy
from utils.notes.store import NoteStore

__all__ = ["GRADER_VERSION", "Settings", "describe_settings"]

GRADER_VERSION = 4
"""Counts the ways of grading: count up with every change that may change a result."""


@dataclass(frozen=True)
class Settings:
    """Everything but the submission that a result depends on.

    Attributes
    ----------
    description : mapping of str to JSON values
        What it is, for people.
    """

    description: Mapping[str, Any]

    @property
    def id(self) -> str:
        """A hash of it all, as hexadecimal digits."""
        text = json.dumps(dict(self.description), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def describe_settings(
    assignment: Assignment,
    hidden: HiddenSplit,
    practice: NoteStore,
    tests: ModelTests,
    policy: Policy,
    *,
    notebook_tests: str = "",
) -> Settings:
    """Return everything but the submission that a result depends on.

    Parameters
    ----------
    assignment : Assignment
    hidden : HiddenSplit
    practice : NoteStore
    tests : ModelTests
    policy : {"strict", "weak", "none"}
    notebook_tests : str
        Hash of the notebook's tests; "" if notebooks are not run.
    """
    return Settings(
        {
            "grader": GRADER_VERSION,
            "course": utils.__version__,
            "onnxruntime": onnxruntime.__version__,
            "hidden split": hidden.id,
            "practice notes": practice.dataset_id,
            "model tests": tests.sha256,
            "assignment": assignment.name,
            "points": repr(
                (
                    *(assignment.model_question, assignment.credit, assignment.credit_points),
                    assignment.attempts.graded_on,
                )
            ),
            "limits": repr(assignment.limits),
            "sandbox": policy,
            "notebook tests": notebook_tests,
        }
    )
