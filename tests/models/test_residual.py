"""The residual network: what the switch changes, and what it does not."""

import pytest
import torch
import torch.nn.functional as F

from utils.errors import ParameterError
from utils.models.residual import ResidualBlock, ResidualCNN
from utils.models.summarize import summarize


def make(**options):
    return ResidualCNN(generator=torch.Generator().manual_seed(7), **options)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_same_start_with_and_without_skips(batch_norm):
    with_skips, without = (make(skip=skip, batch_norm=batch_norm) for skip in (True, False))
    first, second = with_skips.state_dict(), without.state_dict()
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)
    x = torch.rand(2, 1, 64, 64)
    assert not torch.allclose(with_skips(x), without(x), atol=1e-2)
    torch.manual_seed(1)  # drawn elsewhere: no influence
    assert torch.equal(make(batch_norm=batch_norm).stem.conv.weight, first["stem.conv.weight"])


def formula(n_blocks, width, batch_norm):
    per_map = 2 if batch_norm else 1
    convolutions = 9 * width + n_blocks * 2 * 9 * width * width
    return convolutions + per_map * width * (2 * n_blocks + 1) + 11 * (width + 1)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize(("n_blocks", "width"), [(1, 4), (4, 16), (9, 8)])
def test_parameters_and_shapes(n_blocks, width, batch_norm):
    summary = summarize(make(n_blocks=n_blocks, width=width, batch_norm=batch_norm))
    assert summary.total_parameters == formula(n_blocks, width, batch_norm)
    maps = [r.output_shape for r in summary.rows if r.kind == "Conv2d"]
    half = 2 * ((n_blocks + 1) // 2)
    low = [(width, 8, 8)] * (2 * n_blocks - half)
    assert maps == [(width, 64, 64), *[(width, 16, 16)] * half, *low]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_that_of_the_lecture_is_below_20000(batch_norm):
    assert summarize(ResidualCNN.notes(batch_norm=batch_norm)).total_parameters < 20_000


@pytest.mark.parametrize("skip", [True, False])
def test_block_by_hand(skip):
    block = ResidualBlock(3, skip=skip, batch_norm=False)
    x = torch.randn(2, 3, 5, 6)
    first, second = block.first.conv, block.second.conv
    y = F.conv2d(torch.relu(F.conv2d(x, first.weight, first.bias, padding=1)), second.weight,
                 second.bias, padding=1)  # fmt: skip
    torch.testing.assert_close(block(x), torch.relu(y + x if skip else y))


def test_gradient_at_the_start_survives_depth_with_skips_only():
    """The gradient of the loss reaches the first layer of a deep network through the skips."""
    sizes = {}
    for skip in (True, False):
        model = make(n_blocks=12, width=4, skip=skip, batch_norm=False)
        with torch.no_grad():
            for block in model.blocks:
                if isinstance(block, ResidualBlock):
                    block.second.conv.weight.mul_(0.1)
        model(torch.rand(2, 1, 64, 64)).square().sum().backward()
        sizes[skip] = float(model.stem.conv.weight.grad.norm())
    assert sizes[True] > 1000 * sizes[False]


@pytest.mark.parametrize("option", ["n_blocks", "width", "n_classes"])
def test_refuses(option):
    with pytest.raises(ParameterError, match=f"{option} to be an int >= 1, got 0"):
        ResidualCNN(**{option: 0})
