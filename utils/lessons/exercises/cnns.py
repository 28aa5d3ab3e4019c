"""Exercises of lecture 05 on convolution, its size and pooling."""

from collections.abc import Sequence

import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.reference.conv import conv2d, conv_output_size
from utils.reference.pooling import max_pool2d

__all__ = ["EXERCISES"]


def _diagonal(size: int) -> torch.Tensor:
    return 2 * torch.eye(size) - 1


def _patches_cases() -> Sequence[Case]:
    image = torch.tensor([[1.0, 2, 0, -1, 3], [0, 1, 4, 1, 0], [2, -2, 1, 0, 5], [1, 0, 0, 3, 1]])
    lopsided = torch.tensor([[1.0, -1, 0], [2, 0, -3]])
    return [
        Case((_diagonal(4), _diagonal(3)), "the diagonal of the slides"),
        Case((image, lopsided), "a 4 × 5 image and a 2 × 3 kernel"),
    ]


CONV2D = Exercise(
    key="C2.conv2d",
    task="Return kernel times patch, summed, for every place of the kernel in the image.",
    solution="""\
def conv2d(image, kernel):
    height, width = kernel.shape
    output = torch.zeros(image.shape[0] - height + 1, image.shape[1] - width + 1)
    for row in range(output.shape[0]):
        for column in range(output.shape[1]):
            patch = image[row : row + height, column : column + width]
            output[row, column] = (kernel * patch).sum()
    return output
""",
    reference=lambda image, kernel: conv2d(image[None, None], kernel[None, None])[0, 0],
    cases=_patches_cases,
    hints=(
        "How many places has a 3 × 3 kernel in a 4 × 4 image? Start with zeros of that size.",
        "For each place: cut out a patch as large as the kernel, multiply, add up.",
        "`output[row, column] = (kernel * image[row : row + height, column : column + width])"
        ".sum()` in two loops.",
    ),
    mistakes=(
        Mistake(
            "The kernel is flipped. That is the textbook's convolution; here it is not flipped.",
            "kernel * patch",
            "kernel.flip(0, 1) * patch",
        ),
        Mistake(
            "You take the mean of the products. Take the sum: a larger kernel may shout louder.",
            ".sum()",
            ".mean()",
        ),
        Mistake(
            "One place is missing along each axis: a kernel of 3 fits twice into 4 cells.",
            "image.shape[0] - height + 1, image.shape[1] - width + 1",
            "image.shape[0] - height, image.shape[1] - width",
        ),
        Mistake(
            "The kernel's height and width are swapped.",
            "height, width = kernel.shape",
            "width, height = kernel.shape\n    kernel = kernel.reshape(height, width)",
        ),
        Mistake(
            "You add kernel and patch. Multiply them: equal signs count for a match.",
            "kernel * patch",
            "kernel + patch",
        ),
        Mistake(
            "The output is as large as the image. It has one cell for each place of the kernel.",
            "return output",
            "return torch.nn.functional.pad(output, (0, width - 1, 0, height - 1))",
        ),
        Mistake(
            "Image and kernel have two axes here, and so has the result: take the others off.",
            "return output",
            "return output[None, None]",
        ),
    ),
)


def _one_channel(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return conv2d(image[None, None], kernel[None, None])[0, 0]


def _channel_cases() -> Sequence[Case]:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    return [
        Case(
            (random(3, 5, 6), random(2, 3, 3, 2), _one_channel),
            "3 channels of 5 × 6, 2 kernels of 3 × 3 × 2",
        ),
        Case(
            (random(2, 4, 4), random(2, 2, 3, 3), _one_channel),
            "2 channels of 4 × 4, 2 kernels of 2 × 3 × 3",
        ),
    ]


CONV_CHANNELS = Exercise(
    key="C3.conv_channels",
    task="Return one map a kernel: convolve channel by channel, add the channels up.",
    solution="""\
def conv_channels(inputs, kernels, conv2d):
    maps = []
    for kernel in kernels:
        parts = [conv2d(image, layer) for image, layer in zip(inputs, kernel)]
        maps.append(sum(parts))
    return torch.stack(maps)
""",
    reference=lambda inputs, kernels, _: conv2d(inputs[None], kernels)[0],
    cases=_channel_cases,
    hints=(
        "A kernel is as deep as its input: its first layer looks at channel 0, and so on.",
        "For each kernel: `conv2d` of every channel with its own layer, then their sum.",
        "`sum(conv2d(image, layer) for image, layer in zip(inputs, kernel))` for each kernel, "
        "then `torch.stack`.",
    ),
    mistakes=(
        Mistake(
            "Every kernel gives one map for each channel. Add the channels up: one map a kernel.",
            "maps.append(sum(parts))",
            "maps += parts",
        ),
        Mistake(
            "You average over the channels: add them up.",
            "sum(parts)",
            "sum(parts) / len(parts)",
        ),
        Mistake(
            "Every channel meets the kernel's first layer: each has a layer of its own.",
            "conv2d(image, layer)",
            "conv2d(image, kernel[0])",
        ),
        Mistake(
            "Only one channel is used: the kernel looks at all of them.", "sum(parts)", "parts[0]"
        ),
        Mistake(
            "The kernel's layers meet the channels in the wrong order.",
            "zip(inputs, kernel)",
            "zip(inputs, kernel.flip(0))",
        ),
    ),
)

OUTPUT_SIZE = Exercise(
    key="C4.conv_output_size",
    task="Return how many places a kernel has along one axis, rounded down as in PyTorch.",
    solution="""\
def conv_output_size(size, kernel_size, stride, padding, dilation):
    span = dilation * (kernel_size - 1) + 1
    room = size + 2 * padding - span
    return room // stride + 1
""",
    reference=lambda size, kernel_size, stride, padding, dilation: conv_output_size(
        size, kernel_size, stride=stride, padding=padding, dilation=dilation
    ),
    cases=lambda: [
        Case((4, 3, 1, 0, 1), "size 4, kernel 3"),
        Case((4, 3, 2, 1, 1), "size 4, kernel 3, stride 2, padding 1"),
        Case((4, 3, 3, 1, 1), "size 4, kernel 3, stride 3, padding 1"),
        Case((64, 5, 3, 2, 1), "size 64, kernel 5, stride 3, padding 2"),
        Case((64, 3, 2, 0, 4), "size 64, kernel 3, stride 2, dilation 4"),
        Case((7, 3, 1, 2, 1), "size 7, kernel 3, padding 2"),
    ],
    hints=(
        "How many cells does the kernel span, and how far can it still move?",
        "It spans D·(K − 1) + 1 cells; the rest of the padded input is room for steps.",
        "`(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1`.",
    ),
    mistakes=(
        Mistake("The place where the kernel starts counts, too: + 1.", " + 1\n", "\n"),
        Mistake("There is padding at both ends: twice.", "2 * padding", "padding"),
        Mistake(
            "You round up. A last step that does not fit is not made: round down.",
            "room // stride",
            "-(-room // stride)",
        ),
        Mistake("Half a place does not exist: round down.", "room // stride", "room / stride"),
        Mistake(
            "Dilation stretches the gaps between cells, and K cells have K − 1 gaps.",
            "dilation * (kernel_size - 1) + 1",
            "dilation * kernel_size",
        ),
        Mistake("The stride is missing.", "room // stride", "room"),
        Mistake(
            "The dilation is missing: it makes the kernel span more cells.",
            "dilation * (kernel_size - 1) + 1",
            "kernel_size",
        ),
    ),
)


def _pool_cases() -> Sequence[Case]:
    slide = torch.tensor([[1.0, 5, 2, 4], [2, 3, 9, 1], [5, 3, 3, 4], [7, 8, 2, 2]])
    rest = torch.tensor([[-4.0, -1, -7, 0.5, 2], [-3, -2, -5, -6, 1], [9, 9, 9, 9, 9]])
    wide = torch.arange(36.0).reshape(6, 6).remainder(7) - 8
    return [
        Case((slide, 2), "the 4 × 4 map of the slides"),
        Case((rest, 2), "a 3 × 5 map, blocks of 2"),
        Case((wide, 3), "a 6 × 6 map of negative numbers, blocks of 3"),
    ]


MAX_POOL2D = Exercise(
    key="C5.max_pool2d",
    task="Return the largest value of every block of size × size; leave out what does not fit.",
    solution="""\
def max_pool2d(image, size):
    output = torch.zeros(image.shape[0] // size, image.shape[1] // size)
    for row in range(output.shape[0]):
        for column in range(output.shape[1]):
            top, left = row * size, column * size
            output[row, column] = image[top : top + size, left : left + size].max()
    return output
""",
    reference=lambda image, size: max_pool2d(image[None, None], kernel_size=size)[0, 0],
    cases=_pool_cases,
    hints=(
        "The blocks lie side by side: block (row, column) begins at (row · size, column · size).",
        "The output has height // size rows; each cell is the `.max()` of its block.",
        "`image[row * size : (row + 1) * size, column * size : (column + 1) * size].max()`.",
    ),
    mistakes=(
        Mistake("That is the average of each block: take the largest value.", ".max()", ".mean()"),
        Mistake(
            "The blocks overlap: move by a whole block, not by one cell.",
            "top, left = row * size, column * size",
            "top, left = row, column",
        ),
        Mistake(
            "Negative numbers got lost: don't compare with 0, a map need not be ReLU's.",
            ".max()",
            ".max().clamp_min(0)",
        ),
        Mistake(
            "You take one cell of each block, whatever stands beside it. That is a stride only.",
            "image[top : top + size, left : left + size].max()",
            "image[top, left]",
        ),
        Mistake(
            "You take the largest size, signs ignored. Take the largest value.",
            ".max()",
            ".abs().max()",
        ),
        Mistake(
            "You keep a rest that doesn't fill a block. Leave it out, as PyTorch does.",
            "image.shape[0] // size, image.shape[1] // size",
            "-(-image.shape[0] // size), -(-image.shape[1] // size)",
        ),
    ),
)

EXERCISES: tuple[Exercise, ...] = (CONV2D, CONV_CHANNELS, OUTPUT_SIZE, MAX_POOL2D)
