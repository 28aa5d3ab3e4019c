"""Top activations against sorting everything; windows against what changes a unit."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_notes
from utils.reference.receptive_field import Window, receptive_field
from utils.training.inspect_layers import feature_maps
from utils.training.inspect_path import field_of, path_to
from utils.training.inspect_top import (
    TopActivations,
    top_activations,
    top_activations_by_layer,
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LectureCNN()


@pytest.fixture(scope="module")
def notes():
    return torch.rand(23, 1, 64, 64, generator=torch.Generator().manual_seed(1))


def brute_force(maps, n_top):
    """Return for each channel the best (value, note, row, column), by sorting all notes."""
    found = []
    for channel in range(maps.shape[1]):
        best = []
        for note, one in enumerate(maps[:, channel]):
            row, column = np.unravel_index(one.argmax(), one.shape)
            best.append((one[row, column], note, int(row), int(column)))
        found.append(sorted(best, key=lambda entry: (-entry[0], entry[1]))[:n_top])
    return found


@pytest.mark.parametrize("layer", ["conv1", "pool:2", "conv4"])
def test_top_activations_are_those_of_sorting(model, notes, layer):
    maps = feature_maps(model, notes, [layer])[layer].numpy()
    expected = brute_force(maps, 5)
    found = top_activations(model, layer, notes, n_top=5, batch_size=6)
    assert found.channels.tolist() == list(range(maps.shape[1]))
    for k, entries in enumerate(expected):
        rows = zip(*(t[k].tolist() for t in (found.notes, found.rows, found.columns)), strict=True)
        assert list(rows) == [entry[1:] for entry in entries]
        np.testing.assert_allclose(found.values[k], [entry[0] for entry in entries], rtol=1e-5)


def test_sources_batches_and_channels_do_not_matter(model, notes):
    first = top_activations(model, "conv2", notes)
    for same in (notes.numpy(), TensorDataset(notes, torch.zeros(23, dtype=torch.int64))):
        again = top_activations(model, "conv2", same, channels=[7, 2], batch_size=4)
        assert again.channels.tolist() == [7, 2]
        for name in ("notes", "rows", "columns"):
            assert torch.equal(getattr(again, name), getattr(first, name)[[7, 2]])
    assert all(len(set(row.tolist())) == 9 for row in first.notes)
    assert top_activations(model, "conv2", notes[:4]).notes.shape == (32, 4)


def test_several_layers_in_one_run(model, notes):
    layers = ["conv1", "pool:2", "fc"]
    found = top_activations_by_layer(model, layers, notes, n_top=4, batch_size=5)
    assert list(found) == layers
    for layer, one in found.items():
        alone = top_activations(model, layer, notes, n_top=4, batch_size=5)
        for name in ("channels", "values", "notes", "rows", "columns"):
            assert torch.equal(getattr(one, name), getattr(alone, name)), (layer, name)
        assert one.field == alone.field


def test_equal_notes_come_in_their_order(model, notes):
    found = top_activations(model, "conv1", notes[:1].expand(8, -1, -1, -1), n_top=6, batch_size=3)
    assert (found.notes == torch.arange(6)).all()


def test_notes_of_the_course(model):
    some = load_notes().split("validation").subset(slice(20))
    found = top_activations(model, "conv3", some, n_top=3)
    expected = top_activations(model, "conv3", torch.from_numpy(some.inputs()), n_top=3)
    assert torch.equal(found.notes, expected.notes)


def test_linear_layers_have_no_place(model, notes):
    found = top_activations(model, "fc", notes, n_top=2)
    logits = feature_maps(model, notes, ["fc"])["fc"]
    assert torch.equal(found.notes, logits.topk(2, dim=0).indices.T)
    assert found.rows.eq(0).all()
    assert found.columns.eq(0).all()
    assert found.field is None
    assert found.window(0, 0) == (range(64), range(64))


def test_the_window_is_all_that_matters(model, notes):
    found = top_activations(model, "conv3", notes, n_top=1, channels=[5])
    rows, columns = found.window(0, 0)
    assert 0 < len(rows) < 64
    note = notes[found.notes[0]]
    changed = torch.rand(note.shape, generator=torch.Generator().manual_seed(5))
    inside = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
    changed[..., inside[0], inside[1]] = note[..., inside[0], inside[1]]
    unit = (0, 5, int(found.rows[0, 0]), int(found.columns[0, 0]))
    value = feature_maps(model, changed, ["conv3"])["conv3"][unit]
    torch.testing.assert_close(value, found.values[0, 0])


def test_the_field_is_that_of_the_layers():
    model = nn.Sequential(
        nn.Conv2d(1, 2, (3, 5), stride=(1, 2), padding=(1, 2)),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(2, 2, 3, dilation=2),
        nn.MaxPool2d((2, 1)),
    )
    found = field_of(path_to(model, torch.rand(1, 1, 40, 40), "5")[0])
    windows = [
        Window((3, 5), (1, 2), 1, (1, 2)),
        Window(3, 2, 1, 1),
        Window(3, 1, 2),
        Window((2, 1), (2, 1)),
    ]
    assert found == receptive_field(windows)


def test_windows_end_at_the_edges_of_the_input():
    field = receptive_field([Window(5, 1, 1, 2)])
    at = torch.tensor([[0, 9, 4]])
    one = torch.zeros(1, 3)
    found = TopActivations(torch.tensor([0]), one, one.long(), at, at.flip(1), field)
    assert found.window(0, 0, shape=(10, 8)) == (range(0, 3), range(2, 7))
    assert found.window(0, 1, shape=(10, 8)) == (range(7, 10), range(7, 8))
    assert found.window(0, 2, shape=(10, 8)) == (range(2, 7), range(0, 3))


class Functions(nn.Module):
    """Pools by a function, whose stride is its kernel size unless given."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.conv(F.max_pool2d(x, (3, 2)))


def test_the_stride_of_pooling_is_its_kernel_size():
    found = field_of(path_to(Functions(), torch.rand(1, 1, 40, 40), "conv")[0])
    assert found == receptive_field([Window((3, 2), (3, 2)), Window(3)])


def test_bad_arguments(model, notes):
    with pytest.raises(ParameterError, match="n_top ≥ 1, got 0"):
        top_activations(model, "conv1", notes, n_top=0)
    with pytest.raises(ParameterError, match=r"channels from 0 to 15, got \[16\]"):
        top_activations(model, "conv1", notes, channels=[16])
    with pytest.raises(ParameterError, match="at least 1 note"):
        top_activations(model, "conv1", notes[:0])
