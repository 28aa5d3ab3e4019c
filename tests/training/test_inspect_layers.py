"""Kernels and feature maps against a forward pass written out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.training import inspect
from utils.training.inspect_layers import feature_maps, kernels, layer_output


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LectureCNN()


@pytest.fixture
def notes():
    return torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))


def test_kernels_are_a_copy_of_the_weights(model):
    found = kernels(model, "conv2")
    assert torch.equal(found, model.conv2.weight)
    assert not found.requires_grad
    found.zero_()
    assert model.conv2.weight.abs().sum() > 0
    assert kernels(nn.Linear(3, 2), "").shape == (2, 3)


@pytest.mark.parametrize("layer", ["pool", "norm"])
def test_layers_without_kernels_are_refused(layer):
    model = nn.ModuleDict({"pool": nn.MaxPool2d(2), "norm": nn.BatchNorm2d(2)})
    with pytest.raises(ParameterError, match=f"expected a convolution or linear.*{layer}"):
        kernels(model, layer)


def test_feature_maps_are_those_of_a_forward_pass_by_hand(model, notes):
    found = feature_maps(model, notes)
    assert list(found) == [
        *("conv1", "pool:1", "conv2", "pool:2", "conv3", "pool:3", "conv4", "pool:4", "fc")
    ]
    x = notes
    with torch.no_grad():
        for number in (1, 2, 3, 4):
            x = getattr(model, f"conv{number}")(x)
            torch.testing.assert_close(found[f"conv{number}"], x)
            x = F.max_pool2d(F.relu(x), 2)
            torch.testing.assert_close(found[f"pool:{number}"], x)
        torch.testing.assert_close(found["fc"], model(notes))
    some = feature_maps(model, notes, ["pool:3", "conv1:1", ""])
    assert list(some) == ["pool:3", "conv1:1", ""]
    assert torch.equal(some["pool:3"], found["pool:3"])
    assert torch.equal(some[""], found["fc"])
    assert not some[""].requires_grad


def test_an_in_place_relu_does_not_change_what_was_kept():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    x = torch.randn(1, 1, 6, 6)
    found = feature_maps(model, x)
    assert found["0"].min() < 0
    assert torch.equal(found["1"], found["0"].relu())


def test_modes_come_back_and_hooks_go_even_after_an_error(notes):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.5), nn.BatchNorm2d(2)).train()
    model[2].eval()
    feature_maps(model, notes)
    assert torch.equal(feature_maps(model, notes)["1"], feature_maps(model, notes)["0"])
    with pytest.raises(RuntimeError):
        feature_maps(model, notes[:, :, :2, :2])
    assert [m.training for m in model] == [True, True, False]
    assert not any(m._forward_hooks for m in model.modules())


def test_layer_output_keeps_gradients(model, notes):
    x = notes.clone().requires_grad_()
    layer_output(model, x, "conv3").sum().backward()
    assert x.grad.abs().sum() > 0


def test_wrong_layers_are_refused(model, notes):
    with pytest.raises(ParameterError, match=r"expected a layer of conv1, .* got 'conv9'"):
        feature_maps(model, notes, ["conv9"])
    for layer in ("pool", "pool:5"):
        with pytest.raises(ParameterError, match=f"one of the runs pool:1, .*, got '{layer}'"):
            feature_maps(model, notes, [layer])
    model.idle = nn.ReLU()
    with pytest.raises(ParameterError, match="puts out a tensor, got 'idle'"):
        feature_maps(model, notes, ["idle"])


def test_the_overview_gives_the_public_names():
    assert all(callable(getattr(inspect, name)) for name in inspect.__all__)
    assert inspect.feature_maps is feature_maps
