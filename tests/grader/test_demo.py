"""The demonstration: six submissions, three scores, three rejections."""

import csv
import io
import json
import shutil
import zipfile

import numpy as np
import onnx
import pytest
import torch
from rich.console import Console

from grader import demo, demo_cli, demo_models
from grader.assignment import load_assignment
from grader.cli import main
from grader.demo import DemoError, check_outcome
from grader.demo_models import BatchNormCNN, ConvGRU, SmallInputCNN, export_as_it_is
from grader.demo_submissions import EXPECTED, zip_submission
from grader.policy.binding import LOCK, bound_to
from grader.publish import FolderError
from utils.submission.codes import Code, Rejection
from utils.submission.contract import inspect_model
from utils.submission.export import export_model
from utils.submission.inference import check_answers, choose_repeats, run_model
from utils.training.history import History

SCORES = {"1-reference": 0.65, "2-undertrained": 0.25, "3-conv-and-gru": 0.5}


def rows(**changes):
    """Return the rows that the demonstration should end with, some of them changed."""
    made = []
    for name, code in EXPECTED.items():
        graded = code is None
        row = {
            "submission": f"{name}.zip",
            "status": "graded" if graded else "rejected",
            "code": code or "",
            "score": f"{SCORES[name]}" if graded else "",
            "ci_low": "0.1" if graded else "",
            "ci_high": "0.9" if graded else "",
            "model_points": "12" if graded else "0",
            "message": "" if graded else "what was found",
        }
        made.append(row | changes.get(name, {}))
    return made


def test_announced_outcome_passes():
    check_outcome(rows())
    assert [code for code in EXPECTED.values() if code] == [
        Code.BATCH_DEPENDENT,
        Code.INPUT_SHAPE,
        Code.NOT_ZIP,
    ]


WRONG_OUTCOMES = {
    "a rejection that was graded": {"6-not-a-zip": {"status": "graded", "score": "0.3"}},
    "another code": {"5-32x32-pictures": {"code": Code.CRASH}},
    "a score that was refused": {"3-conv-and-gru": {"status": "rejected", "code": Code.TIMEOUT}},
    "reference no better than the lazy one": {"1-reference": {"score": "0.3"}},
    "a model at chance": {"2-undertrained": {"score": "0.09"}},
    "the lazy one is not the last": {"3-conv-and-gru": {"score": "0.2"}},
}


@pytest.mark.parametrize("name", WRONG_OUTCOMES)
def test_other_outcomes_are_errors(name):
    with pytest.raises(DemoError, match="expected"):
        check_outcome(rows(**WRONG_OUTCOMES[name]))


def test_a_curve_that_is_bound_to_other_notes_does_not_stop_it(tmp_path):
    bound = load_assignment(demo.ASSIGNMENT)
    shutil.copytree(bound.folder, tmp_path / "bound")
    (tmp_path / "bound" / LOCK).write_text(
        json.dumps({"format": 1, "hidden_id": "ab" * 32, "curve": "cd" * 32})
    )
    bound = load_assignment(tmp_path / "bound")
    free = demo._unbound(bound, tmp_path / "free")
    assert bound_to(bound)
    assert not bound_to(free)
    assert free.notebook_path.is_file()


def test_a_missing_row_is_an_error():
    with pytest.raises(DemoError, match="expected rows for 1-reference"):
        check_outcome(rows()[:-1])


def test_table_fits_80_columns():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(demo._table(rows()))
    text = console.export_text()
    for words in (*EXPECTED, "BATCH_DEPENDENT", "INPUT_SHAPE", "NOT_ZIP", "65.0%", "10%–90%"):
        assert words in text


def test_submissions_are_zips_like_those_of_the_notebook(tmp_path):
    (tmp_path / "somewhere.onnx").write_bytes(b"model")
    zip_submission(tmp_path / "s.zip", {"model.onnx": tmp_path / "somewhere.onnx"})
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.read("model.onnx") == b"model"


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FolderError, match="which holds other files"):
        demo._fresh(tmp_path)
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_earlier_demonstration_is_cleared(tmp_path):
    demo._fresh(tmp_path / "out")
    (tmp_path / "out" / "submissions" / "old.zip").touch()
    demo._fresh(tmp_path / "out")
    assert list((tmp_path / "out" / "submissions").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(KeyboardInterrupt(), 130, "stopped"), (DemoError("no row"), 1, "error: no row")],
)
def test_exit_codes(monkeypatch, capsys, tmp_path, error, code, words):
    def fail(out):
        raise error

    monkeypatch.setattr(demo_cli, "run_demo", fail)
    assert main(["demo", "--out", str(tmp_path)]) == code
    assert words in capsys.readouterr().err


def test_an_interrupted_training_ends_the_demonstration():
    model = ConvGRU()
    assert demo_models._finished(model, History(status="finished")) is model
    with pytest.raises(KeyboardInterrupt):
        demo_models._finished(model, History(status="interrupted"))


def answers(model: bytes):
    inputs = np.random.default_rng(0).random((70, 1, 64, 64), dtype=np.float32)
    repeats = choose_repeats(len(inputs), np.random.default_rng(1))
    made = run_model(model, inputs, repeats)
    check_answers(made, repeats)
    return made.logits


def test_conv_gru_keeps_the_contract():
    torch.manual_seed(0)
    model = export_model(ConvGRU().eval())
    assert inspect_model(model).front_end
    assert answers(model).shape == (70, 11)


@pytest.mark.parametrize("train_mode", [True, False])
def test_batch_norm_in_train_mode_is_refused_and_in_eval_mode_not(tmp_path, train_mode):
    torch.manual_seed(0)
    export_as_it_is(BatchNormCNN(), tmp_path / "model.onnx", train_mode=train_mode)
    model = (tmp_path / "model.onnx").read_bytes()
    inspect_model(model)
    if not train_mode:
        assert answers(model).shape == (70, 11)
        return
    with pytest.raises(Rejection) as refused:
        answers(model)
    assert refused.value.code == Code.BATCH_DEPENDENT


def test_small_pictures_are_refused(tmp_path):
    path = tmp_path / "model.onnx"
    export_as_it_is(SmallInputCNN(), path, side=SmallInputCNN.side)
    onnx.checker.check_model(str(path))  # a sound file, but not what was asked for
    with pytest.raises(Rejection) as refused:
        inspect_model(path.read_bytes())
    assert refused.value.code == Code.INPUT_SHAPE


@pytest.mark.full
def test_demo_from_end_to_end(tmp_path, capsys):
    out = tmp_path / "demo results é"
    assert main(["demo", "--out", str(out)]) == 0
    with (out / "results" / "grades.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["submission"] for row in table] == [f"{name}.zip" for name in EXPECTED]
    assert [row["status"] for row in table] == ["graded"] * 3 + ["rejected"] * 3
    assert [row["code"] for row in table] == ["", "", "", *filter(None, EXPECTED.values())]
    assert float(table[0]["score"]) > 0.4
    assert len(list((out / "results" / "pages").glob("*.html"))) == 6
    assert "This hidden split is PUBLIC" in capsys.readouterr().out
