"""Exercises of lecture 07 on the layers of networks that name music."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from utils.lessons.exercise import Case, Exercise, Mistake

__all__ = ["EXERCISES"]


def _random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _conv_parameters(n_bands: int, n_frames: int, n_kernels: int) -> int:
    layer = nn.Conv2d(1, n_kernels, (n_bands, n_frames))
    return sum(p.numel() for p in layer.parameters())


FIRST_LAYER = Exercise(
    key="M6.layer_parameters",
    task="Return how many numbers a 1-D CNN's first layer learns, biases included.",
    solution="""\
def layer_parameters(n_bands, n_frames, n_kernels):
    one_kernel = n_bands * n_frames + 1
    return n_kernels * one_kernel
""",
    reference=_conv_parameters,
    cases=lambda: [
        Case((128, 4, 256), "128 bands × 4 frames, 256 kernels"),
        Case((64, 4, 32), "64 bands × 4 frames, 32 kernels"),
        Case((3, 3, 16), "3 × 3, 16 kernels"),
    ],
    hints=(
        "How many weights has one kernel? And one bias comes with each.",
        "One kernel: bands times frames, plus 1.",
        "`n_kernels * (n_bands * n_frames + 1)`.",
    ),
    mistakes=(
        Mistake("The biases are missing: one for each kernel.", " + 1", ""),
        Mistake(
            "There is one bias for each kernel, not one for all.",
            "    one_kernel = n_bands * n_frames + 1\n    return n_kernels * one_kernel",
            "    return n_kernels * n_bands * n_frames + 1",
        ),
        Mistake(
            "The kernel covers all bands and also its frames: multiply by both.",
            "n_bands * n_frames",
            "n_bands",
        ),
        Mistake("Bands times frames, not plus.", "n_bands * n_frames", "n_bands + n_frames"),
        Mistake("That is one kernel: multiply by their number.", "n_kernels * one_kernel",
                "one_kernel"),
    ),
)  # fmt: skip


def _pooled(bands: int, frames: int, pools: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    x, sizes = torch.zeros(1, 1, bands, frames), []
    for pool in pools:
        x = F.max_pool2d(x, pool)
        sizes.append((x.shape[2], x.shape[3]))
    return sizes


SIZES = Exercise(
    key="M7.map_sizes",
    task="Return the (bands, frames) of the maps after each max pooling.",
    solution="""\
def map_sizes(bands, frames, pools):
    sizes = []
    for down, across in pools:
        bands = bands // down
        frames = frames // across
        sizes.append((bands, frames))
    return sizes
""",
    reference=_pooled,
    cases=lambda: [
        Case((96, 1366, [(2, 4), (4, 5), (3, 8), (4, 8)]), "FCN-4"),
        Case((96, 1366, [(2, 4), (2, 4), (2, 4), (3, 5), (4, 4)]), "FCN-5"),
        Case((64, 64, [(4, 4), (4, 4), (4, 4)]), "64 × 64, three times 4 × 4"),
    ],
    hints=(
        "Each pooling divides both sizes, and starts from what the one before has left.",
        "Whole numbers: `//` rounds down, as PyTorch does.",
        "In a loop over `pools`: `bands = bands // down`, `frames = frames // across`, append "
        "the pair.",
    ),
    mistakes=(
        Mistake(
            "Each pooling starts from the whole input again: go on with what is left.",
            "        bands = bands // down\n        frames = frames // across\n"
            "        sizes.append((bands, frames))",
            "        sizes.append((bands // down, frames // across))",
        ),
        Mistake("You round up: PyTorch leaves an unfinished block out.", "frames // across",
                "-(-frames // across)"),
        Mistake("Sizes are whole numbers: PyTorch leaves an unfinished block out, so round down.",
                "//", "/"),
        Mistake("You round to the nearest number: PyTorch leaves an unfinished block out, so "
                "round down.", "frames // across", "round(frames / across)"),
        Mistake("The input is in your list, too: begin after the first pooling.", "sizes = []",
                "sizes = [(bands, frames)]"),
        Mistake("The order is (bands, frames).", "(bands, frames))", "(frames, bands))"),
        Mistake("A pool is (bands, frames): you use them the other way round.",
                "for down, across in", "for across, down in"),
        Mistake("You return the last size only: collect all of them.", "return sizes",
                "return sizes[-1]"),
        Mistake("Only the frames shrink: pool the bands, too.", "bands // down", "bands"),
    ),
)  # fmt: skip


def _branches(x: torch.Tensor, kernels: Sequence[torch.Tensor]) -> torch.Tensor:
    """Pad by hand and convolve, one kernel at a time."""
    maps: list[torch.Tensor] = []
    for kernel in kernels:
        height, width = kernel.shape[2:]
        padded = F.pad(x, (width // 2, width // 2, height // 2, height // 2))
        maps.extend(F.conv2d(padded, one[None]) for one in kernel)
    return torch.cat(maps, dim=1)


BRANCHES = Exercise(
    key="M8.parallel_branches",
    task="Convolve with every set of kernels, “same” padding; put all maps side by side.",
    solution="""\
def parallel_branches(x, kernels):
    maps = []
    for kernel in kernels:
        maps.append(torch.conv2d(x, kernel, padding="same"))
    return torch.cat(maps, dim=1)
""",
    reference=_branches,
    cases=lambda: [
        Case(
            (
                _random(2, 1, 9, 10, seed=0),
                [
                    _random(2, 1, 1, 9, seed=1),
                    _random(3, 1, 3, 3, seed=2),
                    _random(2, 1, 9, 1, seed=3),
                ],
            ),
            "2 pictures of 9 × 10; kernels 1×9, 3×3, 9×1",
        ),
    ],
    hints=(
        "Every branch sees the same input. With “same” padding their maps have the same size.",
        '`torch.conv2d(x, kernel, padding="same")` is one branch.',
        "Collect the branches in a list, then `torch.cat(maps, dim=1)`: axis 1 are the channels.",
    ),
    mistakes=(
        Mistake(
            "The maps are added over the branches' first channels: put them beside each other.",
            "torch.cat(maps, dim=1)",
            "sum(m[:, :1] for m in maps)",
        ),
        Mistake("The maps are glued along time: the channels are axis 1.", "torch.cat(maps, dim=1)",
                "torch.cat([m[:, :2] for m in maps], dim=3)"),
        Mistake(
            "Only the last branch is left: collect all of them.",
            "torch.cat(maps, dim=1)",
            "maps[-1]",
        ),
        Mistake("The kernels stand on their heads: use them as they are.",
                "torch.conv2d(x, kernel,", "torch.conv2d(x, kernel.flip(2, 3),"),
        Mistake("The order of the branches is reversed.", "in kernels:", "in kernels[::-1]:"),
        Mistake("The second branch works on the first one's output: all see the input.",
                "    for kernel in kernels:\n"
                '        maps.append(torch.conv2d(x, kernel, padding="same"))',
                "    for kernel in kernels:\n"
                '        maps.append(torch.conv2d(x, kernel, padding="same"))\n'
                "        x = maps[-1][:, :1]"),
    ),
)  # fmt: skip

EXERCISES = (FIRST_LAYER, SIZES, BRANCHES)
