"""Every code has one hint, and a refusal shows what was found and what to change."""

import copy

import pytest

from utils.errors import CourseError
from utils.submission.codes import GRADER_CODES, HINTS, STUDENT_ONLY_CODES, Code, Rejection


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_hint(code: Code) -> None:
    hint = HINTS[code]
    assert 30 < len(hint) < 300
    assert hint.endswith(".")


def test_no_hint_is_left_over_or_used_twice() -> None:
    assert set(HINTS) == set(Code)
    assert len(set(HINTS.values())) == len(HINTS)


def test_hints_can_not_be_changed() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        HINTS[Code.CRASH] = ""  # type: ignore[index]


def test_a_code_is_its_name() -> None:
    assert all(code.value == code.name for code in Code)
    assert {Code.INFRA_ERROR, Code.NOT_FINISHED} == GRADER_CODES
    assert not GRADER_CODES & STUDENT_ONLY_CODES


def test_a_rejection_says_code_finding_and_hint() -> None:
    rejection = Rejection(Code.OPSET, "opset 17")
    assert isinstance(rejection, CourseError)
    assert str(rejection).startswith("OPSET: opset 17\n")
    assert HINTS[Code.OPSET] in str(rejection)
    twin = copy.deepcopy(rejection)
    assert (twin.code, twin.detail) == (Code.OPSET, "opset 17")


def test_no_other_code_is_taken() -> None:
    with pytest.raises(ValueError, match="'LATE' is not a valid Code"):
        Rejection("LATE", "")  # type: ignore[arg-type]
