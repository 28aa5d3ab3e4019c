"""The models of the demonstration: two good ones, a lazy one and two broken ones.

Each is exported the way a student would do it; the broken ones repeat mistakes that
students make: exporting in train mode, and pictures of another size.
"""

import math
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from utils.models.lecture_cnn import LectureCNN
from utils.notes.store import NoteSet
from utils.notes.vocabulary import N_FAMILIES
from utils.training.fit import fit
from utils.training.history import History

__all__ = [
    "BatchNormCNN",
    "ConvGRU",
    "SmallInputCNN",
    "export_as_it_is",
    "train_conv_gru",
    "train_undertrained",
]


BATCH_SIZE = 64
PEAK_LR = 4e-3


class ConvGRU(nn.Module):
    """Convolutions shrink the frequency axis; a GRU then reads the note from start to end."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d((4, 2)),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d((2, 2)),
        )
        self.gru = nn.GRU(32 * 8, 64, batch_first=True)
        self.classifier = nn.Linear(64, N_FAMILIES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (batch, 11) for pictures of shape (batch, 1, 64, 64)."""
        maps = self.convolutions(x)  # (batch, 32, 8 bands, 16 steps in time)
        states, _ = self.gru(maps.flatten(1, 2).transpose(1, 2))
        return self.classifier(states.mean(dim=1))


class BatchNormCNN(nn.Module):
    """A CNN whose answers depend on the batch as long as it is in train mode."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(256, N_FAMILIES),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (batch, 11)."""
        return self.layers(x)


class SmallInputCNN(nn.Module):
    """A CNN for pictures of 32 × 32, not of 64 × 64."""

    side = 32

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8 * self.side**2, N_FAMILIES),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (batch, 11)."""
        return self.layers(x)


def train_undertrained(train: NoteSet, validation: NoteSet) -> nn.Module:
    """Return a lecture CNN after a single epoch."""
    torch.manual_seed(0)
    model = LectureCNN()
    history = fit(
        model,
        train,
        validation,
        epochs=1,
        generator=torch.Generator().manual_seed(0),
        history_path=None,
        progress=False,
    )
    return _finished(model, history)


def train_conv_gru(train: NoteSet, validation: NoteSet, *, epochs: int) -> nn.Module:
    """Return a trained network with a GRU behind its convolutions."""
    torch.manual_seed(0)
    model = ConvGRU()
    steps = epochs * math.ceil(len(train) / BATCH_SIZE)
    history = fit(
        model,
        train,
        validation,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=PEAK_LR),
        schedule=lambda optimizer: OneCycleLR(optimizer, PEAK_LR, steps),
        schedule_every="batch",
        generator=torch.Generator().manual_seed(0),
        history_path=None,
        progress=False,
    )
    return _finished(model, history)


def _finished(model: nn.Module, history: History) -> nn.Module:
    """Return the model, unless Ctrl-C ended its training: ``fit`` only notes that."""
    if history.status == "interrupted":
        raise KeyboardInterrupt
    return model


def export_as_it_is(
    model: nn.Module, path: Path, *, side: int = 64, train_mode: bool = False
) -> None:
    """Write a model with PyTorch's older exporter and without any check: a mistake.

    Parameters
    ----------
    model : torch.nn.Module
        What to write.
    path : Path
        File.
    side : int
        Height and width of the pictures that it takes.
    train_mode : bool
        Keep batch norm and dropout as they are while training. The newer exporter, which
        ``export_and_check`` uses, always writes them as they are when the model is used.
    """
    mode = torch.onnx.TrainingMode.TRAINING if train_mode else torch.onnx.TrainingMode.EVAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter announces its end
        torch.onnx.export(
            model,
            (torch.rand(2, 1, side, side),),
            str(path),
            dynamo=False,
            training=mode,
            opset_version=18,
            input_names=["mel"],
            output_names=["logits"],
            dynamic_axes={"mel": {0: "batch"}, "logits": {0: "batch"}},
        )
