"""From a torch model to a file that the grader takes."""

import logging
import warnings
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from tests.submission.stores import small_store
from utils import __version__
from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteStore
from utils.submission.codes import STUDENT_ONLY_CODES, Code, Rejection
from utils.submission.contract import inspect_model
from utils.submission.credit import Curve
from utils.submission.export import export_and_check, export_model
from utils.submission.practice import practice_score


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> NoteStore:
    return small_store(tmp_path_factory.mktemp("practice") / "store")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)


class Small(nn.Module):
    """A quick network; subclasses do something wrong at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3, stride=4)
        self.last = nn.Linear(4 * 256, 11)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.convolution(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.features(x).flatten(1))


class Normed(Small):
    """Batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.5)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(self.norm(self.convolution(x)))


class Recurrent(Small):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(4 * 16, 8, batch_first=True, bidirectional=True)
        self.last = nn.Linear(16, 11)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = self.features(x).flatten(1, 2).transpose(1, 2)
        return self.last(self.gru(steps)[0].mean(1))


class Attentive(Small):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.TransformerEncoderLayer(64, 4, 64, batch_first=True)
        self.last = nn.Linear(64, 11)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = self.features(x).flatten(1, 2).transpose(1, 2)
        return self.last(self.attention(steps).mean(1))


@pytest.mark.parametrize(
    "make",
    [
        LectureCNN,
        Normed,
        pytest.param(Recurrent, marks=pytest.mark.slow),
        pytest.param(Attentive, marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_course(make: type[nn.Module], store: NoteStore) -> None:
    model = make().train()
    score = export_and_check(model, store=store, quiet=True)
    assert score == practice_score(store=store)
    assert [path.name for path in Path().iterdir()] == ["model.onnx"]
    assert all(module.training for module in model.modules())
    # nothing learned, weights random: a mean over 22 instruments far from certainty
    assert score.value < 0.5


def test_every_part_gets_its_own_mode_back(store: NoteStore) -> None:
    model = Normed().train()
    model.norm.eval()
    before = model.norm.running_mean.clone()
    export_and_check(model, store=store, quiet=True)
    assert model.training
    assert model.dropout.training
    assert not model.norm.training
    assert torch.equal(model.norm.running_mean, before)


def test_what_the_file_says(store: NoteStore) -> None:
    export_and_check(Small(), "net.onnx", store=store, quiet=True)
    content = Path("net.onnx").read_bytes()
    facts = inspect_model(content)
    assert (facts.front_end, facts.course_version) == (FRONT_END_ID, __version__)
    assert (facts.opset, facts.warnings) == (20, ())
    # the exporter's notes hold paths and source lines of the student's computer
    assert str(Path(__file__).parent).encode() not in content
    assert b"forward" not in content
    assert not any(node.metadata_props for node in onnx.load("net.onnx").graph.node)


def test_what_is_printed(store: NoteStore, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = export_and_check(Small(), store=store)
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert all(line.startswith("✓ ") for line in lines[:5])
    assert lines[5:] == ["", str(score)]
    assert logging.root.manager.disable == logging.NOTSET


def test_credit_from_the_assignment_beside_the_notebook(
    store: NoteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("assignment.toml").write_text("[credit]\npoints = 16\ncurve = [[0.0, 0.5], [1.0, 1.0]]\n")
    score = export_and_check(Small(), store=store)
    earned = 16 * (0.5 + 0.5 * score.value)
    assert f"would earn {earned:.1f} of 16 points" in capsys.readouterr().out
    export_and_check(Small(), store=store, curve=Curve([[0, 0], [1, 1]]), points=3)
    assert "of 3 points" in capsys.readouterr().out
    with pytest.raises(ParameterError, match="curve and points together"):
        export_and_check(Small(), store=store, points=3)


class Flat(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4096, 11)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(x.flatten(1))


class FixedBatch(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.features(x).view(2, -1))


class LoopOverNotes(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([Small.forward(self, note[None]) for note in x])


class Decides(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.mean() > 0.5:
            x = 2 * x
        return super().forward(x)


class TwoResults(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x), x  # type: ignore[return-value]


class Labels(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).argmax(1)


class OneHot(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(super().forward(x).argmax(1), 11)


class TenFamilies(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)[:, :10]


class Logarithm(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).log()


class MeanOfBatch(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = super().forward(x)
        return logits - logits.mean(0)


class AlwaysDropsOut(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = nn.functional.dropout(self.features(x), 0.5, training=True)
        return self.last(features.flatten(1))


class SmallPictures(Small):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4 * 64, 11)


BROKEN: dict[type[nn.Module], Code] = {
    Flat: Code.NO_CONVOLUTION,
    FixedBatch: Code.INPUT_SHAPE,
    LoopOverNotes: Code.INPUT_SHAPE,
    SmallPictures: Code.INPUT_SHAPE,
    Decides: Code.EXPORT_FAILED,
    TwoResults: Code.OUTPUTS,
    Labels: Code.OUTPUT_SHAPE,
    OneHot: Code.OUTPUT_TYPE,
    TenFamilies: Code.OUTPUT_SHAPE,
    Logarithm: Code.NONFINITE,
    MeanOfBatch: Code.BATCH_DEPENDENT,
    AlwaysDropsOut: Code.EXPORT_DIFFERS,
}


# refused before the exporter, which takes seconds, is asked
QUICK = {SmallPictures, TwoResults, Labels, OneHot, TenFamilies}


@pytest.mark.parametrize(
    "make", [pytest.param(m, marks=[] if m in QUICK else pytest.mark.slow) for m in BROKEN]
)
def test_common_mistakes(
    make: type[nn.Module], store: NoteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("model.onnx").write_bytes(b"the model of yesterday")
    with pytest.raises(Rejection) as caught:
        export_and_check(make(), store=store)
    assert caught.value.code == BROKEN[make], caught.value.detail
    out = capsys.readouterr().out
    assert f"✗ {caught.value}" in out
    assert "model.onnx was not written" in out
    assert Path("model.onnx").read_bytes() == b"the model of yesterday"
    assert [path.name for path in Path().iterdir()] == ["model.onnx"]


def test_batch_norm_in_train_mode(store: NoteStore) -> None:
    # the older exporter keeps the mode; the newer one, which the course uses, never does
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Normed().train(),
            (torch.rand(4, 1, 64, 64),),
            "model.onnx",
            dynamo=False,
            training=torch.onnx.TrainingMode.TRAINING,
            opset_version=18,
            input_names=["mel"],
            output_names=["logits"],
            dynamic_axes={"mel": {0: "batch"}, "logits": {0: "batch"}},
        )
    with pytest.raises(Rejection) as caught:
        practice_score(store=store)
    assert caught.value.code == Code.BATCH_DEPENDENT


def test_the_export_s_own_codes_are_triggered() -> None:
    assert set(BROKEN.values()) >= STUDENT_ONLY_CODES


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_types(dtype: torch.dtype) -> None:
    with pytest.raises(Rejection, match="forward fails on a batch of 2 notes") as caught:
        export_model(Small().to(dtype))
    assert caught.value.code == Code.INPUT_TYPE


def test_only_networks(store: NoteStore) -> None:
    with pytest.raises(ParameterError, match=r"expected a torch\.nn\.Module, got OrderedDict"):
        export_and_check(Small().state_dict(), store=store)  # type: ignore[arg-type]
