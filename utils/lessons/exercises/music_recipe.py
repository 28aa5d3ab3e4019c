"""Exercises of lecture 07 on levels, memory, and the training recipe."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from utils.lessons.exercise import Case, Exercise, Mistake

__all__ = ["EXERCISES"]


def _random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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
            "A reshape cuts the numbers up anew, so moments get mixed: axes must change places.",
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
            "Bands come before channels in each vector: keep the order, channels first.",
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
        Mistake("You standardize each column by itself: here one mean and one deviation serve all.",
                "train.mean()\n    deviation = train.std()",
                "train.mean(0)\n    deviation = train.std(0)"),
        Mistake("Only the mean is divided: put the difference in parentheses.",
                "(notes - mean) / deviation", "notes - mean / deviation"),
        Mistake(
            "Nearly: PyTorch's std() divides by the count minus 1; take it as it is.",
            "train.std()",
            "train.std(unbiased=False)",
        ),
        Mistake("You divide by the variance: its root is the deviation.", "train.std()",
                "train.var()"),
        Mistake("You standardize the training notes: the others were asked for.", "(notes - mean)",
                "(train - mean)"),
        Mistake("The mean is not subtracted.", "(notes - mean)", "notes"),
        Mistake("You don't divide by the deviation.", " / deviation", ""),
        Mistake("You multiply by the deviation: divide.", " / deviation", " * deviation"),
    ),
)  # fmt: skip

EXERCISES = (LEVELS, SEQUENCE, STANDARDIZE)
