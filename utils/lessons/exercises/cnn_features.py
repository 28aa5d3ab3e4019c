"""Exercises of lecture 05 on parameters, and on what a network has learned."""

from collections.abc import Sequence

import torch
from torch import nn

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.reference.parameter_count import count_parameters
from utils.reference.pooling import max_pool2d_with_switches, max_unpool2d

__all__ = ["EXERCISES"]


def _conv_parameters(in_channels: int, out_channels: int, kernel_size: int) -> int:
    layer = nn.Conv2d(in_channels, out_channels, kernel_size)
    return sum(parameter.numel() for parameter in layer.parameters())


CONV_PARAMETERS = Exercise(
    key="C6.conv_parameters",
    task="Return how many weights and biases a convolution with square kernels has.",
    solution="""\
def conv_parameters(in_channels, out_channels, kernel_size):
    weights = kernel_size**2 * in_channels
    return (weights + 1) * out_channels
""",
    reference=_conv_parameters,
    cases=lambda: [
        Case((1, 16, 3), "1 → 16 channels, 3 × 3"),
        Case((16, 32, 3), "16 → 32 channels, 3 × 3"),
        Case((8, 4, 5), "8 → 4 channels, 5 × 5"),
    ],
    hints=(
        "How many numbers has one kernel? Remember that it is as deep as its input.",
        "A kernel has height × width × in_channels weights and one bias; there are "
        "out_channels of them.",
        "`(kernel_size**2 * in_channels + 1) * out_channels`.",
    ),
    mistakes=(
        Mistake("The biases are missing: one for each kernel.", "weights + 1", "weights"),
        Mistake(
            "A kernel is as deep as its input: multiply by in_channels, too.", " * in_channels", ""
        ),
        Mistake(
            "One bias in all is too few: each kernel has its own.",
            "(weights + 1) * out_channels",
            "weights * out_channels + 1",
        ),
        Mistake(
            "A 3 × 3 kernel has 9 cells, not 3: square the size.", "kernel_size**2", "kernel_size"
        ),
        Mistake(
            "There is one bias for each kernel, not for each of its layers.",
            "(weights + 1) * out_channels",
            "(kernel_size**2 + 1) * in_channels * out_channels",
        ),
    ),
)


def _three_counts(cells: int, kernel_size: int, maps: int) -> tuple[int, int, int]:
    full = count_parameters([cells, cells * maps])
    local = count_parameters([kernel_size**2, 1]) * cells * maps
    return full, local, _conv_parameters(1, maps, kernel_size)


THREE_COUNTS = Exercise(
    key="C7.three_counts",
    task="Count weights and biases: fully connected, locally connected, shared.",
    solution="""\
def three_counts(cells, kernel_size, maps):
    units = cells * maps
    patch = kernel_size**2
    full = (cells + 1) * units
    local = (patch + 1) * units
    shared = (patch + 1) * maps
    return full, local, shared
""",
    reference=_three_counts,
    cases=lambda: [
        Case((64 * 64, 3, 16), "64 × 64 cells, 3 × 3, 16 maps"),
        Case((100, 5, 2), "10 × 10 cells, 5 × 5, 2 maps"),
    ],
    outputs=("fully connected", "locally connected", "shared"),
    hints=(
        "There are cells × maps units. What does one unit see, and who shares its weights?",
        "Fully connected: a weight for every cell, at every unit. Locally: one for every cell "
        "of the patch. Shared: all units of a map have the same ones.",
        "`(cells + 1) * units`, `(patch + 1) * units`, `(patch + 1) * maps`.",
    ),
    mistakes=(
        Mistake(
            "The biases are missing: + 1 for each set of weights.",
            " + 1)",
            ")",
        ),
        Mistake(
            "Locally connected units don't share: each unit has a patch of weights of its own.",
            "local = (patch + 1) * units",
            "local = (patch + 1) * maps",
        ),
        Mistake(
            "With shared weights there is one kernel for a whole map, however many units it has.",
            "shared = (patch + 1) * maps",
            "shared = (patch + 1) * units",
        ),
        Mistake("The maps are missing among the units.", "cells * maps", "cells"),
        Mistake(
            "A k × k patch has k² cells.",
            "kernel_size**2",
            "kernel_size",
        ),
        Mistake(
            "You square the cells. The input has that many cells in all: 4096 for 64 × 64.",
            "    units = cells * maps\n",
            "    cells = cells**2\n    units = cells * maps\n",
        ),
    ),
)


def _maps() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    maps = torch.rand(12, 3, 4, 4, generator=generator)
    # A few loud cells: the loudest notes are not those with the largest mean.
    for note, channel, level in [(2, 1, 3.0), (7, 1, 2.5), (4, 0, 4.0), (9, 1, 2.0), (5, 2, 3.0)]:
        maps[note, channel, note % 4, 1] = level
    return maps


def _top_notes(maps: torch.Tensor, channel: int, count: int) -> torch.Tensor:
    best = nn.functional.adaptive_max_pool2d(maps, 1)[:, channel, 0, 0]
    return best.argsort(descending=True)[:count]


TOP_NOTES = Exercise(
    key="C8.top_notes",
    task="Return the numbers of the notes on which one channel responds most, the best first.",
    solution="""\
def top_notes(maps, channel, count):
    strongest = maps[:, channel].amax(dim=(1, 2))
    order = strongest.argsort(descending=True)
    return order[:count]
""",
    reference=_top_notes,
    cases=lambda: [
        Case((_maps(), 1, 3), "12 notes, channel 1, 3 best"),
        Case((_maps(), 0, 9), "12 notes, channel 0, 9 best"),
    ],
    hints=(
        "`maps` is (notes, channels, height, width): first pick the channel, for all notes.",
        "One number a note: the strongest response anywhere in its map. Then sort.",
        "`maps[:, channel].amax(dim=(1, 2)).argsort(descending=True)[:count]`.",
    ),
    mistakes=(
        Mistake(
            "You sort the wrong way round: those are the weakest responses.",
            "descending=True",
            "descending=False",
        ),
        Mistake(
            "You take the mean of the map. A pattern that is there once counts: take the maximum.",
            ".amax(dim=(1, 2))",
            ".mean(dim=(1, 2))",
        ),
        Mistake(
            "All channels are mixed: pick the one channel first.",
            "maps[:, channel].amax(dim=(1, 2))",
            "maps.amax(dim=(1, 2, 3))",
        ),
        Mistake(
            "You return the strengths: return the numbers of the notes.",
            "order[:count]",
            "strongest[order[:count]]",
        ),
        Mistake("You return all notes: take the first `count`.", "order[:count]", "order"),
        Mistake(
            "Those are the right notes. Now the best one first.", "[:count]", "[:count].flip(0)"
        ),
        Mistake(
            "You pick one note. The first axis counts notes, the second one channels.",
            "maps[:, channel]",
            "maps[channel]",
        ),
    ),
)


def _unpool_cases() -> Sequence[Case]:
    generator = torch.Generator().manual_seed(2)
    cases = []
    for height, width in [(4, 4), (4, 6)]:
        image = torch.rand(1, 1, height, width, generator=generator)
        values, switches = max_pool2d_with_switches(image)
        arguments = (values[0, 0], switches[0, 0], height, width)
        cases.append(Case(arguments, f"a pooled {height} × {width} map"))
    return cases


UNPOOL = Exercise(
    key="C9.unpool",
    task="Put each value back where its switch says; all other cells are 0.",
    solution="""\
def unpool(values, switches, height, width):
    image = torch.zeros(height * width)
    image[switches.flatten()] = values.flatten()
    return image.reshape(height, width)
""",
    reference=lambda values, switches, height, width: max_unpool2d(
        values[None, None], switches[None, None], output_size=(height, width)
    )[0, 0],
    cases=_unpool_cases,
    hints=(
        "A switch is a place in the flat map: row · width + column.",
        "Make a flat map of zeros, put the values at the switches, give it its shape.",
        "`image[switches.flatten()] = values.flatten()`, then `reshape(height, width)`.",
    ),
    mistakes=(
        Mistake(
            "You fill the whole block. Only the cell of the maximum gets the value back.",
            "    image[switches.flatten()] = values.flatten()\n"
            "    return image.reshape(height, width)\n",
            "    return values.repeat_interleave(2, 0).repeat_interleave(2, 1)\n",
        ),
        Mistake(
            "The values are in the wrong places: use the switches, not the corner of each block.",
            "    image[switches.flatten()] = values.flatten()\n"
            "    return image.reshape(height, width)\n",
            "    image = image.reshape(height, width)\n"
            "    image[::2, ::2] = values\n"
            "    return image\n",
        ),
        Mistake(
            "Cells without a switch must be 0.",
            "torch.zeros(height * width)",
            "torch.ones(height * width)",
        ),
        Mistake(
            "You put the switches there. Put the values there.",
            "= values.flatten()",
            "= switches.flatten().float()",
        ),
        Mistake("Give the map its shape back.", ".reshape(height, width)", ""),
    ),
)

EXERCISES: tuple[Exercise, ...] = (CONV_PARAMETERS, THREE_COUNTS, TOP_NOTES, UNPOOL)
