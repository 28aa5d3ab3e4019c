"""Trained networks that ship: what they are, that they are not stale, how good they are."""

import json

import numpy as np
import pytest
import torch

from utils.errors import ParameterError
from utils.models.cnn1d import CNN1D
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_notes
from utils.training.evaluate import predict
from utils.zoo import checkpoints
from utils.zoo.checkpoints import CHECKPOINTS, checkpoint_names, load_checkpoint, save_checkpoint
from utils.zoo.run import code_of, recipe_of, score, size_of

every = pytest.mark.parametrize("name", CHECKPOINTS)


def classify(model):
    return lambda inputs: predict(model, inputs).argmax(1).numpy()


def test_all_are_there_and_small():
    assert checkpoint_names() == CHECKPOINTS
    files = [checkpoints.STORED / f"{name}.npz" for name in CHECKPOINTS]
    assert sum(path.stat().st_size for path in files) < 8_000_000


@every
def test_loads_as_data(name):
    state = torch.get_rng_state()
    model, facts = load_checkpoint(name)
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training
    assert facts["name"] == name
    assert all(p.dtype == torch.float32 for p in model.parameters())
    with torch.no_grad():
        logits = model(torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert logits.shape == (3, 11)
    assert logits.std() > 0.1


@every
def test_is_not_stale(name):
    _, facts = load_checkpoint(name)
    remake = f"run {facts['made_by']}"
    assert facts["dataset_id"] == load_notes().dataset_id, remake
    assert facts["recipe"] == recipe_of(name).to_dict(), remake
    assert facts["code_sha256"] == code_of(name), remake
    assert {key: facts[key] for key in ("parameters", "macs")} == size_of(name)


def test_types():
    assert isinstance(load_checkpoint("lecture_cnn")[0], LectureCNN)
    assert isinstance(load_checkpoint("cnn1d")[0], CNN1D)


@pytest.mark.parametrize("name", ["cnn1d", pytest.param("lecture_cnn", marks=pytest.mark.slow)])
def test_scores_can_be_found_again(name):
    model, facts = load_checkpoint(name)
    found = score(classify(model), load_notes().split("practice"))
    assert found.keys() == facts["practice"].keys()
    for key, value in facts["practice"].items():
        # A note on the edge between two families may fall the other way on another processor.
        assert found[key] == pytest.approx(value, abs=0.01), key


def test_trained_is_better_than_chance_and_than_untrained():
    _, facts = load_checkpoint("lecture_cnn")
    assert facts["practice"]["low"] > 1 / 11
    assert facts["practice"]["low"] < facts["practice"]["accuracy"] < facts["practice"]["high"]


def test_unknown_name():
    with pytest.raises(ParameterError, match="expected a checkpoint of lecture_cnn"):
        load_checkpoint("vgg")


def test_what_is_saved_comes_back(tmp_path, monkeypatch):
    model = CNN1D.notes(generator=torch.Generator().manual_seed(3)).eval()
    save_checkpoint("cnn1d", model, {"name": "cnn1d"}, folder=tmp_path)
    monkeypatch.setattr(checkpoints, "STORED", tmp_path)
    again, facts = load_checkpoint("cnn1d")
    assert facts == {"name": "cnn1d"} == json.loads((tmp_path / "cnn1d.json").read_text())
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key  # the model was rounded, too
    with np.load(tmp_path / "cnn1d.npz", allow_pickle=False) as arrays:
        assert {str(arrays[key].dtype) for key in arrays.files} == {"float16", "int64"}
