"""Averaging over views: the mean of probabilities, and views by hand."""

import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models import view_averaging
from utils.models.cnn1d import CNN1D
from utils.models.lecture_cnn import LectureCNN

# its name would make pytest take the function itself for a test
average = view_averaging.test_time_average


def circular() -> nn.Module:
    """Return a network to which notes that are rolled in time are the same."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 11),
    )


def rolls(*steps):
    return [lambda x, s=s: x.roll(s, dims=3) for s in steps]


def test_nothing_changes_for_an_invariant_network():
    x, model = torch.rand(3, 1, 64, 64), circular()
    plain = model(x).log_softmax(1)
    torch.testing.assert_close(average(model, x, views=rolls(0, 5, -9, 30)), plain)


def test_mean_of_probabilities_by_hand():
    torch.manual_seed(0)
    model, x = LectureCNN(), torch.rand(3, 1, 64, 64)
    views = view_averaging.time_shifts([-8, 0, 16])
    earlier, later = torch.zeros_like(x), torch.zeros_like(x)
    earlier[..., :56], later[..., 16:] = x[..., 8:], x[..., :48]
    probs = sum(model(view).softmax(1) for view in (earlier, x, later)) / 3
    found = average(model, x, views=views)
    torch.testing.assert_close(found.exp(), probs)
    torch.testing.assert_close(found.softmax(1).sum(1), torch.ones(3))
    assert not found.requires_grad


def test_crops_for_a_network_of_any_length():
    model = CNN1D.notes(generator=torch.Generator().manual_seed(0))
    x = torch.rand(2, 1, 64, 64)
    found = average(model, x, views=view_averaging.time_crops(40, starts=[0, 24]))
    model.eval()
    probs = (model(x[..., :40]).softmax(1) + model(x[..., 24:]).softmax(1)) / 2
    torch.testing.assert_close(found.exp(), probs)


def test_tiny_probabilities_stay_finite():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    nn.init.constant_(model[1].weight, 0)
    model[1].weight.data[0] = 1e4
    found = average(model, torch.ones(1, 1, 2, 2), views=rolls(0, 1))
    torch.testing.assert_close(found, torch.tensor([[0.0, -4e4]]))


def test_modes_come_back():
    model = nn.Sequential(circular(), nn.Dropout(0.5)).train()
    model[0].eval()
    x = torch.rand(2, 1, 64, 64)
    once = average(model, x, views=rolls(0))
    assert torch.equal(once, average(model, x, views=rolls(0)))
    assert [model.training, model[0].training, model[1].training] == [True, False, True]


def test_refuses():
    model, x = circular(), torch.rand(1, 1, 64, 64)
    with pytest.raises(ParameterError, match="at least one view, got none"):
        average(model, x, views=[])
    with pytest.raises(ParameterError, match="at least 70 frames, got 64"):
        average(model, x, views=view_averaging.time_crops(60, starts=[10]))
    with pytest.raises(ParameterError, match="start to be an int >= 0, got -1"):
        view_averaging.time_crops(60, starts=[-1])
    with pytest.raises(ParameterError, match="n_frames to be an int >= 1, got 0"):
        view_averaging.time_crops(0, starts=[1])
