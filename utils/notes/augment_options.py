"""What the operations of data augmentation share: amounts, one for all notes or one a note."""

import math
from typing import TypeAlias

import torch

from utils.errors import AudioError, ParameterError
from utils.notes.front_end import FRONT_END

__all__ = ["Amount", "per_note", "renormalize", "require_notes", "require_pictures"]

Amount: TypeAlias = float | torch.Tensor
"""A number for all notes, or a tensor with one number a note."""


def require_notes(name: str, notes: torch.Tensor, *, at_least: int) -> None:
    """Raise AudioError unless `notes` is a floating-point tensor with enough axes and cells."""
    if not isinstance(notes, torch.Tensor):
        raise AudioError(f"expected {name} to be a torch.Tensor, got {type(notes).__name__}")
    if not notes.is_floating_point():
        raise AudioError(f"expected {name} of a floating-point dtype, got {notes.dtype}")
    if notes.ndim < at_least or 0 in notes.shape[notes.ndim - at_least :]:
        raise AudioError(
            f"expected {name} with {at_least} or more axes, the last {at_least} not empty, "
            f"got shape={tuple(notes.shape)}"
        )


def per_note(
    name: str, amount: Amount, notes: torch.Tensor, *, axes: int, low: float, high: float
) -> torch.Tensor:
    """Return an amount that broadcasts against the notes.

    Parameters
    ----------
    name : str
        Of the option, for the message.
    amount : float or torch.Tensor
        A number, or a tensor with the shape of the notes' leading axes.
    notes : torch.Tensor
        Waveforms or pictures; they give the device and the dtype.
    axes : int
        How many of the last axes make one note.
    low, high : float
        The amounts that are allowed, both included.

    Returns
    -------
    torch.Tensor
        Shape () or that of the leading axes and `axes` times 1.

    Raises
    ------
    ParameterError
        The amount has another shape, is not finite or out of range.
    """
    values = torch.as_tensor(amount, dtype=notes.dtype, device=notes.device)
    leading = notes.shape[: notes.ndim - axes]
    if values.ndim and values.shape != leading:
        raise ParameterError(
            f"expected {name} as a number or one a note, shape={tuple(leading)}, "
            f"got shape={tuple(values.shape)}"
        )
    if values.numel():
        # float32 may round a limit such as 0.05 up.
        slack = 1e-6 * max(abs(low) if math.isfinite(low) else 0, 1)
        lowest, highest = float(values.min()), float(values.max())
        if not (low - slack <= lowest and highest <= high + slack):
            raise ParameterError(
                f"expected {name} from {low:g} to {high:g}, got {lowest:g} to {highest:g}"
            )
    return values.reshape(*values.shape, *[1] * axes) if values.ndim else values


def require_pictures(pictures: torch.Tensor) -> None:
    """Raise AudioError unless `pictures` are log-mel spectrograms (n, 1, 64, frames)."""
    require_notes("pictures", pictures, at_least=3)
    expected = (1, FRONT_END.n_mels)
    if pictures.ndim != 4 or tuple(pictures.shape[1:3]) != expected:
        raise AudioError(
            f"expected pictures of shape (n, 1, {FRONT_END.n_mels}, frames), "
            f"got shape={tuple(pictures.shape)}"
        )


def renormalize(values: torch.Tensor, heard: torch.Tensor | None = None) -> torch.Tensor:
    """Return values whose maximum over the heard cells of a note is 1; the others are 0."""
    heard = values > 0 if heard is None else heard
    top = values.masked_fill(~heard, -math.inf).amax(dim=(-2, -1), keepdim=True)
    return torch.where(heard, values - top + 1, 0).clamp(0, 1)
