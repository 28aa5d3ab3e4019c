"""Exercises of lecture 07 on the networks that name music, and on training them."""

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
            "The kernel covers all bands *and* its frames: multiply by both.",
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


def _levels(levels: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([F.adaptive_max_pool2d(level, 1)[:, :, 0, 0].mean(0) for level in levels])


LEVELS = Exercise(
    key="M9.aggregate_levels",
    task="Return every level's largest cell of each map, averaged over windows, as one vector.",
    solution="""\
def aggregate_levels(levels):
    vectors = []
    for maps in levels:
        largest = maps.amax(dim=(2, 3))
        vectors.append(largest.mean(0))
    return torch.cat(vectors)
""",
    reference=_levels,
    cases=lambda: [
        Case(
            ([_random(3, 4, 6, 5, seed=0), _random(3, 2, 3, 2, seed=1)],),
            "3 windows; levels of 4 and 2 maps",
        ),
    ],
    hints=(
        "First inside a window (how strongly did each detector react?), then over the windows.",
        "`maps.amax(dim=(2, 3))` leaves (windows, channels); `.mean(0)` averages the windows.",
        "Do that for each level, collect, and `torch.cat`.",
    ),
    mistakes=(
        Mistake(
            "You average inside the windows: take the largest cell of each map.",
            "amax(dim=(2, 3))",
            "mean(dim=(2, 3))",
        ),
        Mistake("You take the largest over the windows: average them.", "largest.mean(0)",
                "largest.amax(0)"),
        Mistake(
            "You average the windows before you take the maximum: turn it round.",
            "        largest = maps.amax(dim=(2, 3))\n        vectors.append(largest.mean(0))",
            "        vectors.append(maps.mean(0).amax(dim=(1, 2)))",
        ),
        Mistake("Only the last level is left: put all of them together.", "torch.cat(vectors)",
                "vectors[-1]"),
        Mistake("You average over the channels: the windows are axis 0.", "largest.mean(0)",
                "largest.mean(1)"),
        Mistake("The windows are summed: average them.", "largest.mean(0)", "largest.sum(0)"),
    ),
)  # fmt: skip


def _sequence(maps: torch.Tensor) -> torch.Tensor:
    """Frame by frame, as the GRU meets them."""
    return torch.stack(
        [maps[:, :, :, t].reshape(len(maps), -1) for t in range(maps.shape[3])], dim=1
    )


SEQUENCE = Exercise(
    key="M10.maps_to_sequence",
    task="Turn maps (notes, channels, bands, frames) into (notes, frames, channels · bands).",
    solution="""\
def maps_to_sequence(maps):
    columns = maps.flatten(1, 2)
    return columns.transpose(1, 2)
""",
    reference=_sequence,
    cases=lambda: [
        Case((_random(2, 3, 2, 5, seed=0),), "2 notes, 3 maps of 2 bands × 5 frames"),
        Case((_random(1, 4, 2, 8, seed=1),), "1 note, 4 maps of 2 × 8"),
    ],
    hints=(
        "At one moment, all channels of all bands make one vector. The moments become axis 1.",
        "`maps.flatten(1, 2)` joins channels and bands.",
        "Then axes 1 and 2 change places: `.transpose(1, 2)`.",
    ),
    mistakes=(
        Mistake(
            "The frames are still last: a GRU with batch_first wants them in axis 1.",
            "columns.transpose(1, 2)",
            "columns",
        ),
        Mistake(
            "`reshape` cuts the numbers up anew, so moments get mixed: axes must change places.",
            "columns.transpose(1, 2)",
            "columns.reshape(len(maps), maps.shape[3], -1)",
        ),
        Mistake(
            "Your sequence runs through the bands: join channels and bands, not frames.",
            "    columns = maps.flatten(1, 2)\n    return columns.transpose(1, 2)",
            "    return maps.transpose(1, 2).flatten(2, 3)",
        ),
        Mistake("Time runs backwards.", "columns.transpose(1, 2)",
                "columns.transpose(1, 2).flip(1)"),
        Mistake(
            "Bands come before channels in each vector: `flatten(1, 2)` keeps their order.",
            "maps.flatten(1, 2)",
            "maps.transpose(1, 2).flatten(1, 2)",
        ),
    ),
)  # fmt: skip


def _standardize(train: torch.Tensor, notes: torch.Tensor) -> torch.Tensor:
    deviation = ((train - train.mean()) ** 2).sum().div(train.numel() - 1).sqrt()
    return (notes - train.mean()) / deviation


STANDARDIZE = Exercise(
    key="M11.standardize",
    task="Standardize notes with mean and standard deviation of the training notes.",
    solution="""\
def standardize(train, notes):
    mean = train.mean()
    deviation = train.std()
    return (notes - mean) / deviation
""",
    reference=_standardize,
    cases=lambda: [
        Case((3 + 2 * _random(20, 4, seed=0), _random(5, 4, seed=1)), "20 and 5 notes"),
        Case((_random(8, 3, seed=2) - 1, 4 + _random(2, 3, seed=3)), "8 and 2 notes"),
    ],
    hints=(
        "Which notes may you know when you train? Only they give mean and deviation.",
        "Subtract the training mean, divide by the training deviation.",
        "`(notes - train.mean()) / train.std()`.",
    ),
    mistakes=(
        Mistake(
            "Mean and deviation come from the notes themselves: validation and test must be "
            "treated as training was.",
            "    mean = train.mean()\n    deviation = train.std()",
            "    mean = notes.mean()\n    deviation = notes.std()",
        ),
        Mistake("The mean comes from the wrong notes: take that of the training notes.",
                "mean = train.mean()", "mean = notes.mean()"),
        Mistake("The deviation comes from the wrong notes: take that of the training notes.",
                "deviation = train.std()", "deviation = notes.std()"),
        Mistake("You divide by the variance: its root is the deviation.", "train.std()",
                "train.var()"),
        Mistake("You standardize the training notes: the others were asked for.", "(notes - mean)",
                "(train - mean)"),
        Mistake("The mean is not subtracted.", "(notes - mean)", "notes"),
        Mistake("You don't divide by the deviation.", " / deviation", ""),
        Mistake("You multiply by the deviation: divide.", " / deviation", " * deviation"),
    ),
)  # fmt: skip

EXERCISES = (FIRST_LAYER, SIZES, BRANCHES, LEVELS, SEQUENCE, STANDARDIZE)
