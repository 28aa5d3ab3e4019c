"""Trained networks that ship with the course.

A checkpoint is ``stored/NAME.npz``, the weights as float16 (never a pickle), and
``stored/NAME.json``, the facts: who made it, on which notes, how good it is.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from utils.errors import ParameterError
from utils.zoo.entries import NETWORKS

__all__ = ["CHECKPOINTS", "checkpoint_names", "load_checkpoint", "save_checkpoint", "stored_sha256"]

CHECKPOINTS: Final[tuple[str, ...]] = (
    "lecture_cnn",
    "cnn1d",
    "average",
    "time",
    "frequency",
    "time_frequency",
)
"""Networks of the zoo whose weights ship."""

STORED = Path(__file__).with_name("stored")


def checkpoint_names() -> tuple[str, ...]:
    """Return the names of the checkpoints that are there."""
    return tuple(name for name in CHECKPOINTS if (STORED / f"{name}.json").is_file())


def load_checkpoint(name: str = "lecture_cnn") -> tuple[nn.Module, dict[str, Any]]:
    """Return a trained network and the facts about it.

    Parameters
    ----------
    name : str
        One of ``checkpoint_names()``, such as "lecture_cnn" or "cnn1d".

    Returns
    -------
    model : torch.nn.Module
        On the CPU, in eval mode: log-mels (n, 1, 64, 64) in [0, 1] to logits (n, 11).
    facts : dict
        ``title``, ``made_by``, ``code_sha256``, ``recipe``, ``dataset_id``, ``versions``,
        ``seed``, ``epochs``, ``best_epoch``, ``cpu_seconds``, ``parameters``, ``macs``, and
        the accuracy by instrument group with its 95 % interval for ``validation`` (which chose
        the epoch) and ``practice``.

    Raises
    ------
    ParameterError
        If there is no checkpoint of this name.

    Notes
    -----
    The weights were rounded to float16 before they were measured.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if name not in checkpoint_names():
        known = ", ".join(checkpoint_names())
        raise ParameterError(f"expected a checkpoint of {known}, got {name!r}")
    facts = json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))
    with torch.random.fork_rng(devices=[]):  # layers draw weights when they are made
        model = NETWORKS[name].build(torch.Generator().manual_seed(0))
    with np.load(STORED / f"{name}.npz", allow_pickle=False) as arrays:
        model.load_state_dict(_tensors({key: arrays[key] for key in arrays.files}))
    return model.eval(), facts


def save_checkpoint(
    name: str, model: nn.Module, facts: Mapping[str, Any], *, folder: Path = STORED
) -> None:
    """Write weights and facts.

    Parameters
    ----------
    name : str
        File name without its end.
    model : torch.nn.Module
        Its state is rounded to float16, in the model too: so it's measured as it ships.
    facts : mapping
        What JSON can hold.
    folder : Path
        Where to.
    """
    folder.mkdir(exist_ok=True)
    arrays: dict[str, Any] = dict(rounded(model))
    np.savez_compressed(folder / f"{name}.npz", **arrays)
    text = json.dumps(dict(facts), indent=1, allow_nan=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")


def rounded(model: nn.Module) -> dict[str, np.ndarray]:
    """Round a model's weights to float16, in place; return them as arrays."""
    arrays = {
        key: value.half().numpy() if value.is_floating_point() else value.numpy()
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(_tensors(arrays))
    return arrays


def stored_sha256(name: str) -> str:
    """Return the SHA-256 of a checkpoint's weights, whatever the file is packed with."""
    digest = hashlib.sha256()
    with np.load(STORED / f"{name}.npz", allow_pickle=False) as arrays:
        for key in sorted(arrays.files):
            digest.update(key.encode() + np.ascontiguousarray(arrays[key]).tobytes())
    return digest.hexdigest()


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return float32 and integer tensors of stored arrays."""
    return {
        key: torch.from_numpy(value.astype(np.float32) if value.dtype == np.float16 else value)
        for key, value in arrays.items()
    }
