"""The lecture's network has the slides' layers, parameters and arithmetic."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN

SLIDES = {"conv1": 160, "conv2": 4_640, "conv3": 18_496, "conv4": 73_856, "fc": 22_539}


def test_parameters_are_those_of_the_slides():
    found = {
        name: sum(p.numel() for p in layer.parameters())
        for name, layer in LectureCNN().named_children()
    }
    assert found == {**SLIDES, "pool": 0}
    assert sum(p.numel() for p in LectureCNN().parameters()) == 119_691


def test_names_and_shapes_of_the_state():
    shapes = {name: tuple(t.shape) for name, t in LectureCNN().state_dict().items()}
    assert shapes == {
        "conv1.weight": (16, 1, 3, 3),
        "conv1.bias": (16,),
        "conv2.weight": (32, 16, 3, 3),
        "conv2.bias": (32,),
        "conv3.weight": (64, 32, 3, 3),
        "conv3.bias": (64,),
        "conv4.weight": (128, 64, 3, 3),
        "conv4.bias": (128,),
        "fc.weight": (11, 2048),
        "fc.bias": (11,),
    }


def by_hand(model: LectureCNN, image: np.ndarray) -> np.ndarray:
    """Compute the logits of one note with numpy and scipy alone."""
    maps = image
    for conv in (model.conv1, model.conv2, model.conv3, model.conv4):
        weight, bias = conv.weight.detach().double().numpy(), conv.bias.detach().double().numpy()
        maps = np.stack(
            [
                sum(correlate2d(m, k, mode="same") for m, k in zip(maps, kernels, strict=True)) + b
                for kernels, b in zip(weight, bias, strict=True)
            ]
        )
        maps = np.maximum(maps, 0)
        channels, height, width = maps.shape
        maps = maps.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
    fc = model.fc
    return fc.weight.detach().double().numpy() @ maps.ravel() + fc.bias.detach().double().numpy()


def test_logits_equal_numpy():
    torch.manual_seed(3)
    model = LectureCNN()
    x = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        logits = model(x)
    assert logits.shape == (2, 11)
    for note in range(2):
        np.testing.assert_allclose(logits[note], by_hand(model, x[note].numpy()), atol=1e-5)


def test_n_classes():
    model = LectureCNN(n_classes=3)
    assert model(torch.zeros(1, 1, 64, 64)).shape == (1, 3)
    assert sum(p.numel() for p in model.parameters()) == 119_691 - 8 * 2049


@pytest.mark.parametrize("n_classes", [0, -1, 2.5, "11"])
def test_refuses_other_n_classes(n_classes):
    with pytest.raises(ParameterError, match="n_classes to be an int >= 1, got"):
        LectureCNN(n_classes)
