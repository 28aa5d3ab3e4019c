"""Train the 1-D network and transpose all practice notes.

``python -m utils.widgets.shift_break.store`` takes about a minute. The 2-D network is the one of
the back-end widget, with mean, maximum and L2 over time, as the 1-D network has; notes, recipe
and number of epochs are the same, and nothing was transposed in training. Run that widget's
script first.
"""

import json
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.models.cnn1d import CNN1D
from utils.notes.augment_mel import mel_pitch_shift
from utils.notes.embedded import load_notes
from utils.widgets.back_ends.nets import load_nets, pack, unpack
from utils.widgets.back_ends.nets import load_stored as load_back_ends
from utils.widgets.back_ends.store import (
    EPOCHS,
    logits_of,
    practice_notes,
    score,
    source_digest,
    split_tensors,
    train,
    versions,
)

__all__ = [
    "KINDS",
    "SEMITONES",
    "SOURCES",
    "STORED",
    "first_layer",
    "load_pair",
    "load_stored",
    "main",
    "measured",
    "new_cnn1d",
]

STORED = Path(__file__).with_name("stored.json")
SEMITONES = tuple(range(-12, 13))
KINDS = ("1-D", "2-D")
SOURCES = (Path(__file__),)
SEED = 0


def new_cnn1d(generator: torch.Generator | None = None) -> CNN1D:
    """Return the 1-D network with first weights: 64 bands × 4 frames at once, 32-32-64 channels.

    Parameters
    ----------
    generator : torch.Generator, optional
    """
    return CNN1D(
        (32, 32, 64),
        kernel_sizes=(4, 3, 3),
        pools=(4, 1, 1),
        paddings=(0, 1, 1),
        n_bands=64,
        hidden=(),
        batch_norm=True,
        generator=generator,
    )


def load_stored() -> dict[str, Any]:
    """Return ``provenance``, ``weights`` of the 1-D network, and what was measured."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def load_pair(stored: dict[str, Any] | None = None) -> dict[str, nn.Module]:
    """Return both trained networks by kind.

    Parameters
    ----------
    stored : dict, optional
        From :func:`load_stored`.
    """
    stored = load_stored() if stored is None else stored
    front, heads = load_nets()
    return {
        "1-D": unpack(new_cnn1d(), stored["weights"]),
        "2-D": nn.Sequential(front, heads["statistics"]).eval(),
    }


def first_layer(kind: str, net: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return what the kernels of the first layer find, after ReLU.

    Parameters
    ----------
    kind : {"1-D", "2-D"}
    net : torch.nn.Module
    inputs : torch.Tensor, shape (n, 1, 64, 64)

    Returns
    -------
    torch.Tensor
        Shape (n, 32, 1, 61) of the 1-D network, (n, 16, 64, 64) of the 2-D network.
    """
    block = net.get_submodule("blocks.0" if kind == "1-D" else "0.0")
    with torch.no_grad():
        for name in ("conv", "norm", "activation"):
            inputs = block.get_submodule(name)(inputs)
    return inputs


def measured(pair: dict[str, nn.Module]) -> dict[str, Any]:
    """Measure on transposed practice notes: accuracy, answers and features that stay.

    Parameters
    ----------
    pair : dict of str to torch.nn.Module

    Returns
    -------
    dict
        For every kind `parameters`, `accuracy` with interval, `kept` (share of the answers that
        stay) and `alike` (mean cosine of the first layer's strengths with those of the note as
        it is), at every shift of ``SEMITONES``.
    """
    inputs, families, groups = practice_notes()
    found: dict[str, Any] = {}
    for kind, net in pair.items():
        plain = logits_of(net, inputs).argmax(1)
        strength = _strengths(kind, net, inputs)
        rows: dict[str, Any] = {"accuracy": [], "kept": [], "alike": []}
        for semitones in SEMITONES:
            moved = mel_pitch_shift(inputs, semitones=semitones)
            logits = logits_of(net, moved)
            rows["accuracy"].append(score(logits, families, groups))
            rows["kept"].append(round(float((logits.argmax(1) == plain).float().mean()), 4))
            alike = F.cosine_similarity(_strengths(kind, net, moved), strength)
            rows["alike"].append(round(float(alike.mean()), 4))
        found[kind] = {"parameters": sum(p.numel() for p in net.parameters()), **rows}
    return found


def _strengths(kind: str, net: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    parts = [first_layer(kind, net, part).mean((2, 3)) for part in inputs.split(128)]
    return torch.cat(parts)


def main() -> None:
    """Train the 1-D network, measure both, write the file."""
    began = time.process_time()
    net = new_cnn1d(torch.Generator().manual_seed(SEED))
    data = [split_tensors(name) for name in ("train", "validation")]
    train(net, data, epochs=EPOCHS, seed=SEED + 1, augment=True)
    document: dict[str, Any] = {"weights": pack(net)}
    document["measured"] = measured(load_pair(document))
    document["provenance"] = {
        "made_by": "python -m utils.widgets.shift_break.store",
        "sha256": source_digest(SOURCES),
        "back_ends": load_back_ends()["provenance"]["sha256"],
        "dataset_id": load_notes().dataset_id,
        "seed": SEED,
        "epochs": EPOCHS,
        "seconds": round(time.process_time() - began),
        "versions": versions(),
    }
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    for kind, facts in document["measured"].items():
        print(kind, facts["parameters"])
        for semitones, accuracy, kept, alike in zip(
            SEMITONES, facts["accuracy"], facts["kept"], facts["alike"], strict=True
        ):
            print(semitones, accuracy, kept, alike)
    print(document["provenance"]["seconds"], "s")


if __name__ == "__main__":
    main()
