"""How every network of the zoo is trained.

The recipe of the lecture: values between 0 and 1, augmentation, batch norm and dropout where the
model has them, He initialization, AdamW (decoupled weight decay), one rise and fall of the
learning rate, early stopping. The pitch is not augmented: whether a network bears a note that
is higher or lower is to be a property of the network.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from utils.errors import ParameterError
from utils.notes.augment import Augmentation, RandomOperation
from utils.notes.augment_mel import mel_mask_bands, mel_mask_frames, mel_time_shift
from utils.notes.store import NoteSet
from utils.training.fit import fit
from utils.training.history import History

__all__ = ["RECIPE", "Recipe", "augmentation", "train"]


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run.

    Attributes
    ----------
    epochs : int
        At most.
    patience : int
        Stop after so many epochs without a lower validation loss.
    batch_size : int
    lr : float
        The highest learning rate.
    weight_decay : float
    one_cycle : bool
        Whether the learning rate rises and falls, batch by batch; else it stays.
    augment : bool
        Whether the training notes are shifted in time and masked.
    """

    epochs: int = 10
    patience: int = 4
    batch_size: int = 64
    lr: float = 3e-3
    weight_decay: float = 0.01
    one_cycle: bool = True
    augment: bool = True

    def but(self, **changes: Any) -> "Recipe":
        """Return the recipe with other values for some settings."""
        try:
            return replace(self, **changes)
        except TypeError as error:
            raise ParameterError(f"expected settings of a Recipe: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        return asdict(self)


RECIPE: Final = Recipe()


def augmentation(generator: torch.Generator) -> Augmentation:
    """Return a little augmentation: later by up to 0.4 s, a strip of time or of frequency masked.

    Parameters
    ----------
    generator : torch.Generator
        Source of randomness, on the CPU.

    Returns
    -------
    Augmentation
    """
    strip = {"position": (0.0, 1.0)}
    operations = (
        RandomOperation(mel_time_shift, {"frames": (0.0, 6.0)}, probability=0.8),
        RandomOperation(mel_mask_bands, {"bands": (0.0, 8.0), **strip}, probability=0.5),
        RandomOperation(mel_mask_frames, {"frames": (0.0, 8.0), **strip}, probability=0.5),
    )
    return Augmentation(operations, generator)


def train(
    model: nn.Module,
    training: NoteSet,
    validation: NoteSet,
    *,
    recipe: Recipe = RECIPE,
    seed: int = 0,
    progress: bool = False,
) -> tuple[History, float]:
    """Train a network by the recipe; return its history and the CPU seconds that it took.

    Parameters
    ----------
    model : torch.nn.Module
        Trained in place on the CPU; left with the weights of its best epoch.
    training, validation : NoteSet
        Splits of a store.
    recipe : Recipe
        The settings.
    seed : int
        Of the order of the notes, dropout and augmentation.
    progress : bool
        Show a progress bar.

    Returns
    -------
    history : History
    seconds : float
        CPU time of this process, validation included.
    """
    order, changes = (torch.Generator().manual_seed(2 * seed + i) for i in range(2))
    steps = recipe.epochs * -(-len(training) // recipe.batch_size)
    start = time.process_time()
    history = fit(
        model,
        training,
        validation,
        epochs=recipe.epochs,
        patience=recipe.patience,
        batch_size=recipe.batch_size,
        optimizer=lambda parameters: torch.optim.AdamW(
            parameters, lr=recipe.lr, weight_decay=recipe.weight_decay
        ),
        schedule=(lambda optimizer: OneCycleLR(optimizer, recipe.lr, steps))
        if recipe.one_cycle
        else None,
        schedule_every="batch",
        augment=augmentation(changes) if recipe.augment else None,
        channels_last=True,
        device="cpu",
        generator=order,
        history_path=None,
        progress=progress,
    )
    return history, time.process_time() - start
