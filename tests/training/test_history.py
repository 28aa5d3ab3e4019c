"""The history in memory and on disk, and what a broken file is told."""

import json

import pytest

from utils.errors import ParameterError, StoreError
from utils.training.history import Epoch, History

LOSSES = (1.5, 0.9, 0.9, 1.2)
ACCURACIES = (0.3, 0.4, 0.6, 0.6)


@pytest.fixture
def history():
    epochs = [
        Epoch(n, 2 / n, 0.1 * n, loss, accuracy, 1e-3, 0.5)
        for n, (loss, accuracy) in enumerate(zip(LOSSES, ACCURACIES, strict=True), 1)
    ]
    return History(epochs, {"model": "LectureCNN", "patience": None}, status="finished")


def test_best_is_the_earliest_of_equal_epochs(history):
    assert history.best_epoch == 2
    history.monitor = "validation_accuracy"
    assert history.best_epoch == 3
    assert history.best.validation_loss == 0.9


def test_nothing_is_best_before_the_first_epoch():
    assert History().best is None
    assert History().best_epoch is None


def test_columns_and_rows(history):
    assert len(history) == 4
    assert history.column("validation_loss") == list(LOSSES)
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    assert history.seconds == 2.0
    assert history.to_rows()[0] == {
        "epoch": 1,
        "train_loss": 2.0,
        "train_accuracy": 0.1,
        "validation_loss": 1.5,
        "validation_accuracy": 0.3,
        "lr": 1e-3,
        "seconds": 0.5,
    }
    with pytest.raises(ParameterError, match=r"one of epoch, train_loss, .*, got 'loss'"):
        history.column("loss")


def test_round_trip(history, tmp_path):
    path = tmp_path / "history.json"
    history.epochs[0] = Epoch(1, 0.1 + 0.2, 1 / 3, 1e-300, 0.3, 1e-7, 1.0)
    history.save(path)
    assert History.load(path) == history
    assert [p.name for p in tmp_path.iterdir()] == ["history.json"]


def test_a_failed_write_leaves_the_old_file(history, tmp_path):
    path = tmp_path / "history.json"
    history.save(path)
    before = path.read_bytes()
    history.settings["broken"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        history.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["history.json"]


def test_the_file_is_replaced_not_rewritten(history, tmp_path, monkeypatch):
    """A crash just before the exchange leaves the old file and no rubbish."""
    path = tmp_path / "history.json"
    history.save(path)
    before = path.read_bytes()

    def crash(self, target):
        raise OSError("disk gone")

    monkeypatch.setattr(type(path), "replace", crash)
    history.epochs.pop()
    with pytest.raises(StoreError, match="disk gone"):
        history.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["history.json"]


BROKEN = {
    "wrong format": (lambda d: d.update(format=2), "expected format 1, got 2"),
    "unknown key": (lambda d: d.update(note="x"), "an object with the keys best_epoch, epochs"),
    "missing key": (lambda d: d.pop("settings"), "an object with the keys best_epoch, epochs"),
    "status": (lambda d: d.update(status="great"), "status to be one of running, finished"),
    "monitor": (lambda d: d.update(monitor="lr"), "monitor to be one of validation_loss"),
    "settings": (lambda d: d.update(settings=[]), "settings to be an object"),
    "epochs": (lambda d: d.update(epochs={}), "epochs to be a list"),
    "best": (lambda d: d.update(best_epoch=4), "expected best_epoch 2, got 4"),
    "row keys": (lambda d: d["epochs"][1].pop("lr"), "expected epoch 2 to have the keys epoch"),
    "row type": (lambda d: d["epochs"].append(3), "expected epoch 5 to have the keys epoch"),
    "text": (lambda d: d["epochs"][0].update(lr="1"), "lr of epoch 1 to be a number, got '1'"),
    "boolean": (lambda d: d["epochs"][0].update(lr=True), "lr of epoch 1 to be a number, got True"),
    "nan": (lambda d: d["epochs"][0].update(lr=float("nan")), "to be a number, got nan"),
    "huge": (lambda d: d["epochs"][0].update(lr=10**400), "is not a training history"),
    "count": (lambda d: d["epochs"][2].update(epoch=7), r"counted 1, 2, 3 …, got 7"),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_histories_are_refused(history, tmp_path, change, message):
    path = tmp_path / "history.json"
    history.save(path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ParameterError, match=message):
        History.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"3", b"{", b"\xff\xfe", b"[" * 100_000, b"null"], ids=range(7)
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "history.json"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=r"history\.json is not a training history"):
        History.load(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "history.json"
    with path.open("wb") as file:
        file.truncate(4_000_001)
    with pytest.raises(ParameterError, match="at most 4,000,000 bytes"):
        History.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        History.load(tmp_path / "history.json")
