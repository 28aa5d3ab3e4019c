"""Random changes of a training batch: data augmentation as ``fit(..., augment=...)`` takes it.

>>> augmentation = Augmentation(mel_operations(), generator=torch.Generator().manual_seed(0))
>>> history = fit(model, train, validation, augment=augmentation)

Conventions: the first axis of a batch are notes; every note gets draws of its own. The labels
are not touched: which of them survive, and which have to move along with the sound, is in
:mod:`utils.notes.augment_labels`. Only training notes are changed, never validation or test.
Lecture: ``lectures/04_overfitting.ipynb``
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from utils.errors import ParameterError
from utils.notes.augment_equalizer import equalize
from utils.notes.augment_mel import (
    mel_mask_bands,
    mel_mask_frames,
    mel_pitch_shift,
    mel_time_shift,
    mel_time_stretch,
)
from utils.notes.augment_mel_levels import mel_noise_floor, mel_tilt
from utils.notes.augment_waveform import (
    add_noise,
    change_gain,
    mask_time,
    pitch_shift,
    time_shift,
    time_stretch,
)

__all__ = ["Augmentation", "RandomOperation", "augment", "mel_operations", "waveform_operations"]


@dataclass(frozen=True)
class RandomOperation:
    """An operation with random amounts, for some of the notes.

    Attributes
    ----------
    function : callable
        ``function(notes, **amounts)``, each amount a tensor (n,). If it has an option
        ``generator``, it gets that too. It can be pickled if it stands in a module
        (``functools.partial`` fixes further options).
    amounts : mapping of str to (float, float)
        Lowest and highest value of each option; draws are uniform between them.
    probability : float
        With which a note is changed at all, in [0, 1].
    """

    function: Callable[..., torch.Tensor]
    amounts: Mapping[str, tuple[float, float]]
    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ParameterError(f"expected probability from 0 to 1, got {self.probability}")
        for name, (low, high) in self.amounts.items():
            if not -math.inf < low <= high < math.inf:
                raise ParameterError(f"expected {name} from low to high, got {low} to {high}")

    def __call__(
        self, notes: torch.Tensor, *, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the notes (n, …), some of them changed.

        Parameters
        ----------
        notes : torch.Tensor, shape (n, …)
            Waveforms or pictures, as the function takes them; they stay as they are.
        generator : torch.Generator, optional
            Source of randomness, on the CPU.

        Returns
        -------
        torch.Tensor
            Same shape and dtype.
        """
        n = len(notes)
        # Drawn for all notes: whether one is changed does not alter the draws of the next.
        chosen = torch.rand(n, generator=generator) < self.probability
        options: dict[str, Any] = {
            name: (low + (high - low) * torch.rand(n, generator=generator))[chosen]
            for name, (low, high) in self.amounts.items()
        }
        if not bool(chosen.any()):
            return notes
        if "generator" in inspect.signature(self.function).parameters:
            options["generator"] = generator
        chosen = chosen.to(notes.device)
        changed = notes.clone()
        changed[chosen] = self.function(notes[chosen], **options).to(notes.dtype)
        return changed


@dataclass
class Augmentation:
    """Operations one after the other; an instance can be given to ``fit`` and pickled.

    Attributes
    ----------
    operations : sequence of RandomOperation
        In the order in which they are applied.
    generator : torch.Generator or None
        Source of randomness, on the CPU; it moves on with every batch.
    """

    operations: Sequence[RandomOperation]
    generator: torch.Generator | None = None

    def __call__(self, notes: torch.Tensor) -> torch.Tensor:
        """Return the notes changed: see :func:`augment`."""
        return augment(notes, self.operations, generator=self.generator)


def augment(
    notes: torch.Tensor,
    operations: Sequence[RandomOperation],
    *,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return a batch of notes, each changed at random.

    Parameters
    ----------
    notes : torch.Tensor, shape (n, …)
        Waveforms (n, samples) or pictures (n, 1, 64, 64); they stay as they are.
    operations : sequence of RandomOperation
        Applied in this order, such as :func:`waveform_operations` or :func:`mel_operations`.
    generator : torch.Generator, optional
        Source of randomness, on the CPU.

    Returns
    -------
    torch.Tensor
        Same shape, dtype and device.

    Raises
    ------
    ParameterError
        A batch without notes' axis, or as the operations say.

    Notes
    -----
    With operations :math:`T_i`, coins :math:`c_i` and amounts :math:`a_i` of every note,

    .. math:: x \leftarrow c_i\, T_i(x; a_i) + (1 - c_i)\, x, \qquad
              P(c_i = 1) = p_i, \quad a_i \sim U(\text{low}_i, \text{high}_i)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    if notes.ndim < 2:
        raise ParameterError(f"expected a batch (n, …) of notes, got shape={tuple(notes.shape)}")
    for operation in operations:
        notes = operation(notes, generator=generator)
    return notes


def waveform_operations(*, probability: float = 0.5) -> tuple[RandomOperation, ...]:
    """Return all operations on waveforms, in ranges in which the family survives.

    Parameters
    ----------
    probability : float
        Of every operation, in [0, 1].

    Returns
    -------
    tuple of RandomOperation
        The ranges are assumed (those of :data:`utils.notes.augment_labels.LABEL_SURVIVAL`);
        the order is that of a signal chain: the note, the equalizer, the room, the recording.
    """
    bell = {"frequency": (100.0, 6000.0), "decibels": (-6.0, 6.0)}
    hole = {"seconds": (0.0, 0.5), "position": (0.0, 1.0)}
    return (
        RandomOperation(pitch_shift, {"semitones": (-2.0, 2.0)}, probability),
        RandomOperation(time_stretch, {"rate": (0.9, 1.1)}, probability),
        RandomOperation(partial(equalize, kind="peak"), bell, probability),
        RandomOperation(time_shift, {"seconds": (0.0, 0.25)}, probability),
        RandomOperation(mask_time, hole, probability),
        RandomOperation(add_noise, {"snr": (20.0, 50.0)}, probability),
        RandomOperation(change_gain, {"decibels": (-12.0, 6.0)}, probability),
    )


def mel_operations(*, probability: float = 0.5) -> tuple[RandomOperation, ...]:
    """Return all operations on pictures but the gain, which changes nothing there.

    Parameters
    ----------
    probability : float
        Of every operation, in [0, 1].

    Returns
    -------
    tuple of RandomOperation
        The ranges are assumed, as in :func:`waveform_operations`.
    """
    frames = {"frames": (0.0, 8.0), "position": (0.0, 1.0)}
    bands = {"bands": (0.0, 8.0), "position": (0.0, 1.0)}
    return (
        RandomOperation(mel_pitch_shift, {"semitones": (-2.0, 2.0)}, probability),
        RandomOperation(mel_time_stretch, {"rate": (0.9, 1.1)}, probability),
        RandomOperation(mel_tilt, {"decibels_per_band": (-0.15, 0.15)}, probability),
        RandomOperation(mel_time_shift, {"frames": (0.0, 4.0)}, probability),
        RandomOperation(mel_noise_floor, {"level": (-70.0, -40.0)}, probability),
        RandomOperation(mel_mask_frames, frames, probability),
        RandomOperation(mel_mask_bands, bands, probability),
    )
