"""Train and measure the back ends: ``python -m utils.widgets.back_ends.store`` (two minutes).

In training every note begins later by up to 0.5 s, at random: an onset after silence is then
nothing new, and delays beyond show what a back end has understood of time. The file says what
it was made of: the notes, the seeds, the versions, the scripts.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

from utils.models.modes import eval_mode
from utils.models.view_averaging import test_time_average, time_shifts
from utils.notes.embedded import load_notes
from utils.training.fit import fit
from utils.training.metrics import cluster_bootstrap_interval, group_balanced_accuracy
from utils.widgets.back_ends.nets import NAMES, STORED, head, load_nets, new_front_end, pack

__all__ = [
    "SHIFTS",
    "SOURCES",
    "VIEWS",
    "delayed",
    "logits_of",
    "main",
    "maps_of",
    "measured",
    "practice_notes",
    "score",
    "source_digest",
    "split_tensors",
    "train",
    "versions",
]

SHIFTS = (0, 4, 8, 12, 16, 20, 24, 28, 32)
VIEWS = (0, 4, 8, 2, 6, 1, 3, 5, 7)
DELAYS = (0, 2, 4, 6, 8)
EPOCHS, HEAD_EPOCHS, SEED = 12, 5, 0
SOURCES = tuple(Path(__file__).with_name(name) for name in ("nets.py", "store.py"))


def split_tensors(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log-mels (n, 1, 64, 64) and families of a split of the embedded notes.

    Parameters
    ----------
    name : str
    """
    notes = load_notes().split(name)
    inputs = torch.from_numpy(notes.inputs(np.arange(len(notes))))
    return inputs, torch.from_numpy(notes.families).long()


def practice_notes() -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Return log-mels, families and instrument groups of the practice split."""
    notes = load_notes().split("practice")
    inputs = torch.from_numpy(notes.inputs(np.arange(len(notes))))
    return inputs, np.asarray(notes.families), np.asarray(notes.groups)


def train(
    model: nn.Module,
    data: list[tuple[torch.Tensor, torch.Tensor]],
    *,
    epochs: int,
    seed: int,
    augment: bool = False,
) -> nn.Module:
    """Train a network by AdamW with a one-cycle rate; keep its best epoch in validation.

    Parameters
    ----------
    model : torch.nn.Module
    data : list of (inputs, targets)
        Training, validation.
    epochs : int
    seed : int
        Of the order of the notes, and of the delays.
    augment : bool
        Whether every note begins later by 0 to 8 frames.
    """
    delays = torch.Generator().manual_seed(seed)
    steps = epochs * -(-len(data[0][1]) // 64)
    fit(
        model,
        TensorDataset(*data[0]),
        TensorDataset(*data[1]),
        epochs=epochs,
        optimizer=lambda p: torch.optim.AdamW(p, lr=0.003, weight_decay=0.01),
        schedule=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.005, total_steps=steps),
        schedule_every="batch",
        monitor="validation_accuracy",
        augment=(lambda x: delayed(x, delays)) if augment else None,
        generator=torch.Generator().manual_seed(seed),
        device="cpu",
        history_path=None,
        progress=False,
    )
    return model


def delayed(inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return notes that begin later, each by 0 to 8 frames.

    Parameters
    ----------
    inputs : torch.Tensor, shape (n, 1, bands, frames)
    generator : torch.Generator
    """
    n, frames = len(inputs), inputs.shape[-1]
    by = torch.randint(max(DELAYS) + 1, (n, 1, 1, 1), generator=generator)
    places = (torch.arange(frames) - by).expand(inputs.shape)
    return inputs.gather(-1, places.clamp(min=0)) * (places >= 0)


def logits_of(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return the logits, 128 notes at a time.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : torch.Tensor
    """
    with eval_mode(model), torch.no_grad():
        return torch.cat([model(part) for part in inputs.split(128)])


def score(logits: torch.Tensor, families: np.ndarray, groups: np.ndarray) -> list[float]:
    """Return the accuracy by instrument and its 95 % interval.

    Parameters
    ----------
    logits : torch.Tensor, shape (n, 11)
    families, groups : array, shape (n,)
    """
    answers = logits.argmax(1).numpy()
    interval = cluster_bootstrap_interval(
        answers == families, groups, generator=np.random.default_rng(0)
    )
    middle = group_balanced_accuracy(families, answers, groups)
    return [round(float(v), 4) for v in (middle, interval.low, interval.high)]


def versions() -> dict[str, str]:
    """Return the versions that a training depends on."""
    return {"python": sys.version.split()[0], "torch": torch.__version__}


def source_digest(paths: tuple[Path, ...]) -> str:
    """Return the sha256 of some files together.

    Parameters
    ----------
    paths : tuple of Path
    """
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def measured(front: nn.Module, heads: dict[str, nn.Module]) -> dict[str, Any]:
    """Measure on the practice notes: accuracy, and answers that survive a shift in time.

    Parameters
    ----------
    front : torch.nn.Module
    heads : dict of str to torch.nn.Module
    """
    inputs, families, groups = practice_notes()
    maps = [logits_of(front, view(inputs)) for view in time_shifts(SHIFTS)]
    found: dict[str, Any] = {}
    for name, back in heads.items():
        shifted = [logits_of(back, one) for one in maps]
        first = shifted[0].argmax(1)
        found[name] = {
            "parameters": sum(p.numel() for p in back.parameters()),
            "accuracy": [score(one, families, groups) for one in shifted],
            "kept": [round(float((one.argmax(1) == first).float().mean()), 4) for one in shifted],
        }
    return found


def measured_views(net: nn.Module) -> list[list[float]]:
    """Return accuracy with interval on practice notes for 1, 2, … views.

    Parameters
    ----------
    net : torch.nn.Module
    """
    inputs, families, groups = practice_notes()
    found = []
    for n in range(1, len(VIEWS) + 1):
        views = time_shifts(VIEWS[:n])
        parts = [test_time_average(net, part, views=views) for part in inputs.split(128)]
        found.append(score(torch.cat(parts), families, groups))
    return found


def maps_of(
    front: nn.Module, inputs: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maps of all notes at all delays of the training, and their families.

    Parameters
    ----------
    front : torch.nn.Module
    inputs, targets : torch.Tensor
    """
    maps = [logits_of(front, view(inputs)) for view in time_shifts(DELAYS)]
    return torch.cat(maps), targets.repeat(len(DELAYS))


def main() -> None:
    """Train the front end, then every back end on its maps; measure; write the file."""
    began = time.process_time()
    weights = torch.Generator().manual_seed(SEED)
    front: nn.Module = new_front_end(weights)
    statistics = head("statistics", weights)
    data = [split_tensors(name) for name in ("train", "validation")]
    train(nn.Sequential(front, statistics), data, epochs=EPOCHS, seed=SEED + 1, augment=True)
    maps = [maps_of(front, inputs, targets) for inputs, targets in data]
    heads: dict[str, nn.Module] = {}
    for name in NAMES:
        heads[name] = statistics if name == "statistics" else head(name, weights)
        if name != "statistics":
            train(heads[name], maps, epochs=HEAD_EPOCHS, seed=SEED + 1)
    document: dict[str, Any] = {
        "front_end": pack(front),
        "heads": {name: pack(one) for name, one in heads.items()},
    }
    # Measured with the weights as they are stored.
    front, heads = load_nets(document)
    document["measured"] = measured(front, heads)
    document["views"] = measured_views(nn.Sequential(front, heads["mlp"]))
    document["provenance"] = {
        "made_by": "python -m utils.widgets.back_ends.store",
        "sha256": source_digest(SOURCES),
        "dataset_id": load_notes().dataset_id,
        "seed": SEED,
        "epochs": [EPOCHS, HEAD_EPOCHS],
        "seconds": round(time.process_time() - began),
        "versions": versions(),
    }
    STORED.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    for name, facts in document["measured"].items():
        print(name, facts["parameters"], facts["accuracy"][0], facts["accuracy"][4], facts["kept"])
    print(document["views"], document["provenance"]["seconds"], "s")


if __name__ == "__main__":
    main()
