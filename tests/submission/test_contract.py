"""The bytes of a model: what keeps the contract, and each way to break it."""

import contextlib
import random

import onnx
import pytest

from tests.submission.models import GOOD, RUNNING, STATIC, model
from utils import __version__
from utils.notes.front_end import FRONT_END_ID
from utils.submission.codes import Code, Rejection
from utils.submission.contract import inspect_model


@pytest.mark.parametrize("name", STATIC)
def test_refused_by_its_bytes(name: str) -> None:
    content, code = STATIC[name]
    with pytest.raises(Rejection) as caught:
        inspect_model(content)
    assert caught.value.code == code, caught.value.detail
    assert caught.value.detail


@pytest.mark.parametrize("name", [*GOOD, *RUNNING])
def test_accepted_by_its_bytes(name: str) -> None:
    content = GOOD[name] if name in GOOD else RUNNING[name][0]
    assert inspect_model(content).n_bytes == len(content)


def test_what_a_model_says_about_itself() -> None:
    facts = inspect_model(model(metadata={"front_end": FRONT_END_ID, "course_version": "v"}))
    assert facts.front_end == FRONT_END_ID
    assert facts.course_version == "v"
    assert (facts.opset, facts.ir_version) == (20, 10)
    assert facts.n_parameters == 11 * 64 * 64
    assert facts.warnings == ()


@pytest.mark.parametrize("metadata", [{}, {"front_end": ""}, {"course_version": __version__}])
def test_a_missing_front_end_is_warned_of(metadata: dict[str, str]) -> None:
    facts = inspect_model(model(metadata=metadata))
    assert facts.front_end == ""
    assert "front end" in facts.warnings[0]


def test_size_is_compared_before_anything_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(content: bytes) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(onnx, "load_model_from_string", parse)
    with pytest.raises(Rejection, match="at most 0 MB") as caught:
        inspect_model(model(), max_bytes=100_000)
    assert caught.value.code == Code.TOO_BIG


def test_bytes_at_random_are_refused_or_accepted_never_more() -> None:
    generator = random.Random(3)
    good = model()
    for _ in range(300):
        content = bytearray(good)
        for _ in range(generator.choice((1, 3, 30))):
            # near the ends, where structure is, rather than in the weights
            place = generator.choice((generator.randrange(300), -generator.randrange(1, 300)))
            content[place] = generator.randrange(256)
        # any other error would end the test
        with contextlib.suppress(Rejection):
            inspect_model(bytes(content))
