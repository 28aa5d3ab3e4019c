"""The practice score."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from tests.submission.models import GOOD, RUNNING, STATIC, model
from tests.submission.stores import small_store
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteStore
from utils.submission import practice
from utils.submission.codes import Code, Rejection
from utils.submission.practice import practice_notes, practice_score, run_practice


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> NoteStore:
    return small_store(tmp_path_factory.mktemp("practice") / "store")


def written(folder: Path, content: bytes) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return path


def test_score_of_a_file(tmp_path: Path, store: NoteStore) -> None:
    score = practice_score(written(tmp_path, model()), store=store)
    kernel = np.random.default_rng(5).standard_normal((11, 4096)).astype("f4")
    notes = store.split("practice")
    right = (notes.inputs().reshape(66, -1) @ kernel.T).argmax(1) == notes.families
    assert score.value == pytest.approx(right.mean())  # three notes an instrument
    assert (score.n_notes, score.n_groups) == (66, 22)
    assert (score.split, score.front_end) == ("practice", FRONT_END_ID)


def test_a_model_without_front_end_says_so(tmp_path: Path, store: NoteStore) -> None:
    assert practice_score(written(tmp_path, GOOD["no front end"]), store=store).front_end == ""


@pytest.mark.parametrize("case", [STATIC["opset 17"], RUNNING["mean of the batch"]])
def test_the_grader_s_checks_run(
    tmp_path: Path, store: NoteStore, case: tuple[bytes, Code]
) -> None:
    content, code = case
    with pytest.raises(Rejection) as caught:
        practice_score(written(tmp_path, content), store=store)
    assert caught.value.code == code


def test_no_file(tmp_path: Path, store: NoteStore) -> None:
    with pytest.raises(Rejection, match=r"can't read nothing\.onnx") as caught:
        practice_score(tmp_path / "nothing.onnx", store=store)
    assert caught.value.code == Code.NO_MODEL


def test_a_slow_model_is_refused_after_its_first_batch(
    store: NoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # each look at the clock finds it 3 s on: 66 notes would then stand for minutes
    clock = count(step=3)
    monkeypatch.setattr(practice.time, "process_time", lambda: float(next(clock)))
    with pytest.raises(Rejection, match="4096 notes would take about 192 s") as caught:
        run_practice(model(), practice_notes(store))
    assert caught.value.code == Code.TIMEOUT


def test_the_embedded_practice_split_is_the_default() -> None:
    notes = practice_notes()
    assert len(notes) > 400
    assert set(notes.column("split")) == {"practice"}
