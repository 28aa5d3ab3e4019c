"""Kernels along time and along frequency: shapes, and what they are blind to."""

import pytest
import torch

from utils.errors import ParameterError
from utils.models.musically_motivated import MusicallyMotivatedCNN, ParallelBranchCNN
from utils.models.summarize import summarize


@pytest.mark.parametrize(
    ("architecture", "kernels", "pooled"),
    [
        ("time", [(1, 32)], [(16, 1, 33)]),
        ("frequency", [(32, 1)], [(16, 33, 1)]),
        ("time-frequency", [(1, 32), (32, 1)], [(16, 1, 33), (16, 33, 1)]),
    ],
)
def test_shapes_and_parameters(architecture, kernels, pooled):
    model = MusicallyMotivatedCNN.notes(architecture)
    summary = summarize(model)
    assert [m.kernel_size for m in model.modules() if isinstance(m, torch.nn.Conv2d)] == kernels
    assert [r.output_shape for r in summary.rows if r.kind == "MaxPool2d"] == pooled
    n = len(kernels)
    assert summary.total_parameters == n * 16 * (32 + 2) + 64 * (n * 16 * 33 + 1) + 11 * 65


def test_unequal_sizes():
    model = MusicallyMotivatedCNN(time_frames=60, frequency_bands=32, input_size=(40, 80))
    assert model(torch.rand(2, 1, 40, 80)).shape == (2, 11)
    assert model.hidden.in_features == 16 * (21 + 9)


def test_time_is_blind_to_pitch_and_frequency_to_order():
    x = torch.rand(2, 1, 64, 64)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(64, generator=generator)
    for architecture, blind, awake in (("time", 2, 3), ("frequency", 3, 2)):
        model = MusicallyMotivatedCNN.notes(architecture, generator=generator).eval()
        torch.testing.assert_close(model(x.index_select(blind, order)), model(x))
        assert not torch.allclose(model(x.index_select(awake, order)), model(x), atol=1e-3)


def test_both_is_the_sum_of_its_branches_in_the_hidden_layer():
    model = MusicallyMotivatedCNN.notes(generator=torch.Generator().manual_seed(0)).eval()
    x = torch.rand(2, 1, 64, 64)
    parts = [model.branches[name](x).flatten(1) for name in ("time", "frequency")]
    weights = model.hidden.weight.split([16 * 33, 16 * 33], dim=1)
    hidden = sum(part @ w.T for part, w in zip(parts, weights, strict=True))
    torch.testing.assert_close(model(x), model.output(torch.relu(hidden)))


def test_parallel_branches():
    model = ParallelBranchCNN.notes()
    rows = summarize(model).rows
    convolutions = [m.kernel_size for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert convolutions == [(1, 9), (3, 3), (9, 1), (3, 3), (3, 3)]
    assert [r.output_shape for r in rows if r.kind == "MaxPool2d"] == [
        (24, 16, 16),
        (32, 8, 8),
        (64, 4, 4),
    ]
    formula = 8 * 27 + 9 * (24 * 32 + 32 * 64) + 2 * (24 + 32 + 64) + 11 * 65
    assert sum(r.parameters for r in rows) == formula


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MusicallyMotivatedCNN("tempo"), "time-frequency, got 'tempo'"),
        (lambda: MusicallyMotivatedCNN(time_frames=65), "got 32 bands and 65 frames"),
        (lambda: MusicallyMotivatedCNN(frequency_bands=65), "got 65 bands and 32 frames"),
        (lambda: ParallelBranchCNN(()), "at least one kernel, got none"),
        (lambda: ParallelBranchCNN(((0, 3),)), "kernels to be one or two whole numbers"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
