"""What Gradescope documents about its grading machines, as far as the sealed zip meets it.

Sources: the pages "Autograder Specifications" and "Submission Metadata" of Gradescope's
documentation (gradescope-autograders.readthedocs.io), read in 2026.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

__all__ = ["check_report", "metadata", "previous"]

_VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
_SCORE = {"type": "number", "minimum": 0}

_TEST = {
    "type": "object",
    "properties": {
        "score": _SCORE,
        "max_score": _SCORE,
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string", "minLength": 1},
        "name_format": _FORMAT,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": _FORMAT,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": _VISIBILITY,
        "extra_data": {"type": "object"},
    },
    "required": ["name", "visibility", "output"],
    "additionalProperties": False,
}

_REPORT = {
    "type": "object",
    "properties": {
        "score": _SCORE,
        "execution_time": _SCORE,
        "output": {"type": "string"},
        "output_format": _FORMAT,
        "test_output_format": _FORMAT,
        "test_name_format": _FORMAT,
        "visibility": _VISIBILITY,
        "stdout_visibility": _VISIBILITY,
        "extra_data": {"type": "object"},
        # points stand in the tests, so one at least must have some
        "tests": {
            "type": "array",
            "items": _TEST,
            "contains": {"required": ["score", "max_score"]},
        },
        "leaderboard": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "value": {"type": ["number", "string"]},
                    "order": {"enum": ["asc", "desc"]},
                },
                "required": ["name", "value"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["tests"],
    "additionalProperties": False,
}


def check_report(report: Any) -> None:
    """Check a report against the documentation, and against what we promise beyond it."""
    jsonschema.validate(report, _REPORT)
    assert report["stdout_visibility"] == "hidden"
    # other formats would make a student's words a part of the page
    assert {report[f"{k}output_format"] for k in ("", "test_")} == {"text"}
    for entry in report["tests"]:
        if "score" in entry:
            assert entry["score"] <= entry["max_score"]
        assert not {"score", "status"}.isdisjoint(entry)


def metadata(*earlier: Mapping[str, Any], group: Sequence[str] = ("Ada",)) -> dict[str, Any]:
    """Return a ``submission_metadata.json`` with all that is documented.

    Parameters
    ----------
    *earlier : mapping
        From :func:`previous`.
    group : sequence of str
        Names of those who handed in together.
    """
    return {
        "id": 123456,
        "created_at": "2026-11-21T14:22:32.365935-07:00",
        "assignment": {
            "due_date": "2026-11-20T23:00:00.000000-07:00",
            "group_size": len(group) if len(group) > 1 else None,
            "group_submission": len(group) > 1,
            "id": 25828,
            "course_id": 1234,
            "late_due_date": "2026-11-25T23:00:00.000000-07:00",
            "release_date": "2026-11-02T00:00:00.000000-07:00",
            "title": "Homework 3",
            "total_points": "50.0",
        },
        "submission_method": "upload",
        "users": [
            {"email": f"{name.lower()}@example.edu", "id": i, "name": name}
            for i, name in enumerate(group, start=1)
        ],
        "previous_submissions": list(earlier),
    }


def previous(results: object, *, day: int = 1) -> dict[str, Any]:
    """Return an entry of ``previous_submissions``."""
    return {
        "submission_time": f"2026-11-{day:02}T14:24:48.087023-07:00",
        "score": 0.0,
        "results": results,
    }
