"""The models of the zoo, by name.

Networks are the small ones of ``utils.models`` for notes of 64 × 64, whose widths are our own
(the papers' networks are 10 to 100 times as large). All are trained by the same recipe, but
where ``changes`` says otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import nn

from utils.models.cnn1d import CNN1D
from utils.models.crnn import CRNN
from utils.models.fcn import FCN
from utils.models.front_back import FrontBackNet
from utils.models.initialize import initialize
from utils.models.lecture_cnn import LectureCNN
from utils.models.multi_level import MultiLevelFeatures, Scale
from utils.models.musically_motivated import MusicallyMotivatedCNN, ParallelBranchCNN
from utils.models.residual import ResidualCNN

__all__ = ["NETWORKS", "Network"]

Build = Callable[[torch.Generator], nn.Module]


@dataclass(frozen=True)
class Network:
    """A network of the zoo.

    Attributes
    ----------
    title : str
        For the table.
    row : str
        Of the syllabus.
    build : callable
        Makes the network, its weights from a generator.
    modules : tuple of str
        The code that it is made of, below ``utils.models``.
    changes : mapping
        Settings of the recipe that differ.
    backbone : tuple of str
        Networks of the zoo that have to be trained first.
    """

    title: str
    row: str
    build: Build
    modules: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    backbone: tuple[str, ...] = ()


def _lecture_cnn(generator: torch.Generator) -> nn.Module:
    model = LectureCNN()
    initialize(model, generator)
    return model


def _multi_level(title: str, *blocks: int) -> Network:
    """Return the entry of an MLP on the maxima of some blocks of a trained network."""
    layers = tuple(f"front_end.{block}" for block in blocks)

    def build(generator: torch.Generator) -> nn.Module:
        whole = Scale(FrontBackNet.notes("average", generator=generator), layers, 64)
        return MultiLevelFeatures([whole], generator=generator)

    modules = ("multi_level", "front_back", "back_ends", "blocks", "initialize")
    return Network(title, "M9", build, modules, backbone=("average",))


def _front_back(back_end: str, title: str) -> Network:
    def build(generator: torch.Generator) -> nn.Module:
        return FrontBackNet.notes(back_end, generator=generator)

    return Network(title, "M5", build, ("front_back", "back_ends", "blocks", "initialize"))


def _kernels(architecture: str, title: str) -> Network:
    def build(generator: torch.Generator) -> nn.Module:
        return MusicallyMotivatedCNN.notes(architecture, generator=generator)

    return Network(title, "M8", build, ("musically_motivated", "blocks", "initialize"))


NETWORKS: Final[dict[str, Network]] = {
    "lecture_cnn": Network(
        "CNN of the lectures",
        "C6",
        _lecture_cnn,
        ("lecture_cnn", "initialize"),
        changes={"lr": 1e-3},
    ),
    "lecture_cnn_plain": Network(
        "CNN of the lectures, no recipe",
        "M11",
        _lecture_cnn,
        ("lecture_cnn", "initialize"),
        changes={"lr": 1e-3, "one_cycle": False, "augment": False, "weight_decay": 0.0},
    ),
    "cnn1d": Network(
        "1-D CNN",
        "M6",
        lambda generator: CNN1D.notes(generator=generator),
        ("cnn1d", "back_ends", "blocks", "initialize"),
    ),
    "fcn": Network(
        "FCN-4",
        "M7",
        lambda generator: FCN.notes(4, generator=generator),
        ("fcn", "blocks", "initialize"),
    ),
    "time": _kernels("time", "time kernels"),
    "frequency": _kernels("frequency", "frequency kernels"),
    "time_frequency": _kernels("time-frequency", "time and frequency kernels"),
    "parallel": Network(
        "branches 1×9, 3×3, 9×1",
        "M8",
        lambda generator: ParallelBranchCNN.notes(generator=generator),
        ("musically_motivated", "blocks", "initialize"),
    ),
    "statistics": _front_back("statistics", "3 blocks, mean + max + L2"),
    "attention": _front_back("attention", "3 blocks, attention"),
    "rnn": _front_back("rnn", "3 blocks, GRU"),
    "mlp": _front_back("mlp", "3 blocks, MLP"),
    "average": _front_back("average", "3 blocks, average"),
    "level_1": _multi_level("frozen block 1, MLP", 0),
    "level_2": _multi_level("frozen block 2, MLP", 1),
    "level_3": _multi_level("frozen block 3, MLP", 2),
    "multi_level": _multi_level("frozen blocks 1 + 2 + 3, MLP", 0, 1, 2),
    "crnn": Network(
        "CRNN",
        "M10",
        lambda generator: CRNN.notes(generator=generator),
        ("crnn", "back_ends", "blocks", "initialize"),
    ),
    "residual": Network(
        "residual CNN",
        "O9",
        lambda generator: ResidualCNN.notes(generator=generator),
        ("residual", "blocks", "initialize"),
    ),
}
"""In the order of the table."""
