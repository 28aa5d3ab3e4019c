"""The networks of the back-end and pitch-shift widgets: small, and stored as plain numbers.

One 2-D front end gives 64 channels × 1 band × 16 frames. It was trained together with mean,
maximum and L2 over time; then it was frozen, and the other back ends were trained on its maps.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.back_ends import BackEnd, build_back_end
from utils.models.blocks import conv_block
from utils.models.initialize import initialize
from utils.notes.vocabulary import N_FAMILIES

__all__ = [
    "NAMES",
    "STORED",
    "MaxPooling",
    "head",
    "load_nets",
    "load_stored",
    "new_front_end",
    "pack",
    "unpack",
]

STORED = Path(__file__).with_name("stored.json")
NAMES: Final = ("average", "max", "statistics", "attention", "rnn", "mlp")
CHANNELS, FRAMES, HIDDEN = 64, 16, {"rnn": 32, "mlp": 16}


class MaxPooling(BackEnd):
    """The largest value of every feature map; no parameters.

    Parameters
    ----------
    in_channels : int
        Feature maps.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.n_features = in_channels

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features (batch, channels) of maps (batch, channels, mel bands, frames)."""
        return maps.amax(dim=(2, 3))


def new_front_end(generator: torch.Generator | None = None) -> nn.Sequential:
    """Return the front end with first weights: 64 × 64 cells to 64 channels × 1 × 16.

    Parameters
    ----------
    generator : torch.Generator, optional
    """
    front = nn.Sequential(
        conv_block(1, 16, pool=(4, 2)),
        conv_block(16, 32, pool=(4, 2)),
        conv_block(32, CHANNELS, pool=(4, 1)),
    )
    initialize(front, generator)
    return front


def head(name: str, generator: torch.Generator | None = None) -> nn.Sequential:
    """Return a back end and its linear layer, with first weights.

    Parameters
    ----------
    name : str
        Of ``NAMES``.
    generator : torch.Generator, optional

    Raises
    ------
    ParameterError
        If the name is unknown.
    """
    if name not in NAMES:
        raise ParameterError(f"expected a back end of {', '.join(NAMES)}, got {name!r}")
    back: BackEnd = (
        MaxPooling(CHANNELS)
        if name == "max"
        else build_back_end(
            name,
            CHANNELS,
            map_size=(1, FRAMES),
            hidden=HIDDEN.get(name, CHANNELS),
            generator=generator,
        )
    )
    linear = nn.Linear(back.n_features, N_FAMILIES)
    initialize(linear, generator)
    return nn.Sequential(back, linear)


def pack(model: nn.Module) -> dict[str, Any]:
    """Return the weights as text: float16, in base64.

    Parameters
    ----------
    model : torch.nn.Module
    """
    packed = {}
    for key, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            half = tensor.numpy().astype("<f2")
            packed[key] = [list(half.shape), base64.b64encode(half.tobytes()).decode()]
    return packed


def unpack(model: nn.Module, packed: Mapping[str, Any]) -> nn.Module:
    """Put packed weights into a model of the same form, and return it in eval mode.

    Parameters
    ----------
    model : torch.nn.Module
    packed : mapping
        From :func:`pack`.
    """
    state = model.state_dict()
    for key, (shape, text) in packed.items():
        half = np.frombuffer(base64.b64decode(text), "<f2").reshape(shape)
        state[key] = torch.from_numpy(half.astype(np.float32))
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def load_stored() -> dict[str, Any]:
    """Return ``provenance``, ``front_end``, ``heads`` and what was measured."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def load_nets(stored: Mapping[str, Any] | None = None) -> tuple[nn.Module, dict[str, nn.Module]]:
    """Return the trained front end, and each back end with its linear layer.

    Parameters
    ----------
    stored : mapping, optional
        From :func:`load_stored`.

    Returns
    -------
    front_end : torch.nn.Module
    heads : dict of str to torch.nn.Module
    """
    stored = load_stored() if stored is None else stored
    front = unpack(new_front_end(), stored["front_end"])
    return front, {name: unpack(head(name), stored["heads"][name]) for name in NAMES}
