"""Moved notes: networks that are equivariant or invariant by construction, and some that aren't."""

import numpy as np
import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.training.translation import (
    equivariance_error,
    invariance_error,
    shift_cells,
    shift_map,
)


@pytest.fixture(scope="module")
def notes():
    return torch.rand(3, 1, 16, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def circular(stride=1, *, padding_mode="circular"):
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 3, 3, padding=1, stride=stride, padding_mode=padding_mode)
    return nn.Sequential(conv, nn.ReLU(), nn.Conv2d(3, 2, 1)).double()


def test_shifted_pictures():
    x = torch.arange(1.0, 13).reshape(1, 1, 3, 4)
    for shift in ((1, 0), (0, 2), (-2, 1), (0, 0), (3, 0), (1, -3)):
        rolled = np.roll(x.numpy(), shift, (-2, -1))
        assert np.array_equal(shift_cells(x, shift, wrap=True), rolled)
        expected = torch.zeros(3, 4)
        for h in range(3):
            for w in range(4):
                if 0 <= h - shift[0] < 3 and 0 <= w - shift[1] < 4:
                    expected[h, w] = x[0, 0, h - shift[0], w - shift[1]]
        assert torch.equal(shift_cells(x, shift)[0, 0], expected)


def test_parts_of_cells_are_interpolated():
    ramp = torch.arange(8.0).repeat(6, 1)
    torch.testing.assert_close(shift_map(ramp, (0, 0.25))[:, 1:], ramp[:, 1:] - 0.25)
    torch.testing.assert_close(shift_map(ramp, (0, -1.5))[:, :6], ramp[:, :6] + 1.5)
    torch.testing.assert_close(shift_map(ramp.T, (0.25, 0))[1:], ramp.T[1:] - 0.25)
    assert torch.equal(shift_map(ramp, (2, -3)), ramp.roll((2, -3), (0, 1)))


@pytest.mark.parametrize("shift", [(1, 0), (0, 5), (-3, 2)])
def test_circular_convolution_is_equivariant_exactly(notes, shift):
    assert equivariance_error(circular(), notes, "2", shift, wrap=True) == 0
    assert invariance_error(circular(), notes, shift, layer="2", pooling="max", wrap=True) == 0
    assert invariance_error(
        circular(), notes, shift, layer="2", pooling="mean", wrap=True
    ) == pytest.approx(0, abs=1e-12)
    assert invariance_error(circular(), notes, shift, layer="2", wrap=True) > 0.05


def test_a_stride_breaks_it_but_for_multiples(notes):
    model = circular(2)
    for multiple in ((2, 0), (0, -4), (4, 2)):
        assert equivariance_error(model, notes, "2", multiple, wrap=True) == 0
    for other in ((1, 0), (0, 3)):
        assert equivariance_error(model, notes, "2", other, wrap=True) > 0.02


def test_zero_padding_breaks_it_at_the_margin_only(notes):
    model = circular(padding_mode="zeros")
    assert equivariance_error(model, notes, "2", (2, -1)) > 0.01
    assert equivariance_error(model, notes, "2", (2, -1), margin=1) == pytest.approx(0, abs=1e-12)
    assert equivariance_error(model, notes, "2", (2, 1), wrap=True, margin=0) > 0.01


def test_the_error_is_relative_and_against_the_moved_map(notes):
    model = circular(padding_mode="zeros")
    x = notes
    with torch.no_grad():
        plain, moved = model(x), model(torch.roll(x, (1, 2), (2, 3)))
    expected = (moved - plain.roll((1, 2), (2, 3))).norm() / plain.norm()
    found = equivariance_error(model, x, "2", (1, 2), wrap=True)
    assert found == pytest.approx(float(expected))
    change = (moved.mean((2, 3)) - plain.mean((2, 3))).norm() / plain.mean((2, 3)).norm()
    found = invariance_error(model, x, (1, 2), layer="2", pooling="mean", wrap=True)
    assert found == pytest.approx(float(change))


def test_lecture_cnn_is_nearly_equivariant_and_its_logits_are_not_invariant():
    torch.manual_seed(0)
    model = LectureCNN().train()
    notes = torch.zeros(2, 1, 64, 64)
    notes[:, :, 24:40, 20:36] = torch.rand(16, 16, generator=torch.Generator().manual_seed(1))
    whole = equivariance_error(model, notes, "conv2", (2, 4), margin=2)
    half = equivariance_error(model, notes, "conv2", (1, 0), margin=2)
    assert whole < 1e-5 < half < 1
    assert model.training
    assert invariance_error(model, notes, (16, 0)) > 1e-4


def test_no_difference_is_no_error():
    silent = torch.zeros(1, 1, 16, 12, dtype=torch.float64)
    model = circular()
    assert equivariance_error(model, silent, "2", (1, 1), wrap=True) == 0
    assert invariance_error(nn.ReLU(), torch.zeros(1, 1, 4, 4), (1, 1)) == 0


def test_bad_arguments(notes):
    torch.manual_seed(0)
    with pytest.raises(ParameterError, match="expected a layer with 2-D maps"):
        equivariance_error(LectureCNN(), torch.rand(1, 1, 64, 64), "fc", (1, 0))
    with pytest.raises(ParameterError, match="expected cells to compare, got none"):
        equivariance_error(circular(), notes, "2", (16, 0))
    with pytest.raises(ParameterError, match="expected pooling 'none', 'max' or 'mean'"):
        invariance_error(circular(), notes, (1, 0), pooling="sum")
