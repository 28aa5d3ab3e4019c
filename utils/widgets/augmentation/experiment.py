"""Does augmentation help? ``python -m utils.widgets.augmentation.experiment``: some 5 CPU minutes.

The lecture's CNN is trained with and without augmentation, three times each, from the same first
weights and with the same order of notes. What is measured stands in ``experiment.json``, as it
came out. One change at a time, it is also measured on changed validation notes.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.lr_scheduler import OneCycleLR

from utils.models.initialize import initialize
from utils.models.lecture_cnn import LectureCNN
from utils.notes.augment import Augmentation, RandomOperation, mel_operations
from utils.notes.embedded import load_notes
from utils.notes.store import NoteSet, NoteStore
from utils.training.fit import fit, predict
from utils.training.metrics import accuracy, group_balanced_accuracy
from utils.zoo.provenance import code_sha256, versions

__all__ = ["ARMS", "EXPERIMENT", "SEEDS", "experiment_sha256", "load_experiment", "main"]

EXPERIMENT: Final = Path(__file__).with_name("experiment.json")
ARMS: Final = ("plain", "augmented")
SEEDS: Final = (0, 1, 2)
EPOCHS, BATCH, LR, DECAY = 6, 64, 3e-3, 0.01
RESAMPLES = 2000

Right = NDArray[np.bool_]


def load_experiment() -> dict[str, Any]:
    """Return ``provenance``, ``runs`` and ``differences``, augmented minus plain."""
    return json.loads(EXPERIMENT.read_text(encoding="utf-8"))


def experiment_sha256() -> str:
    """Return the digest of the code that the result depends on."""
    return code_sha256(
        [
            "utils.widgets.augmentation.experiment",
            "utils.models.lecture_cnn",
            "utils.notes.augment",
            "utils.notes.augment_mel",
            "utils.notes.augment_mel_levels",
        ]
    )


def train_once(arm: str, seed: int, store: NoteStore) -> tuple[LectureCNN, dict[str, Any]]:
    """Return a trained network, and its accuracy on training notes epoch by epoch.

    Parameters
    ----------
    arm : {"plain", "augmented"}
    seed : int
        Of weights, order and augmentation; the first two are the same for both arms.
    store : NoteStore
        The embedded notes.
    """
    weights, order, changes = (torch.Generator().manual_seed(3 * seed + i) for i in range(3))
    model = LectureCNN()
    initialize(model, weights)
    training = store.split("train")
    steps = EPOCHS * -(-len(training) // BATCH)
    start = time.process_time()
    history = fit(
        model,
        training,
        store.split("validation"),
        epochs=EPOCHS,
        batch_size=BATCH,
        optimizer=lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=DECAY),
        schedule=lambda optimizer: OneCycleLR(optimizer, LR, steps),
        schedule_every="batch",
        augment=Augmentation(mel_operations(), changes) if arm == "augmented" else None,
        generator=order,
        device="cpu",
        history_path=None,
        progress=False,
    )
    return model, {
        "best_epoch": history.best_epoch,
        "train_accuracy": [round(epoch.train_accuracy, 4) for epoch in history.epochs],
        "validation_loss": [round(epoch.validation_loss, 4) for epoch in history.epochs],
        "seconds": round(time.process_time() - start, 1),
    }


def measured(right: Right, groups: NDArray[Any]) -> dict[str, float]:
    """Return the share of right notes, and its mean over instrument groups."""
    ones = np.ones(len(right), dtype=np.int64)
    return {
        "accuracy": round(accuracy(ones, right.astype(np.int64)), 4),
        "by_group": round(group_balanced_accuracy(ones, right.astype(np.int64), groups), 4),
    }


def difference(
    plain: list[Right], augmented: list[Right], groups: NDArray[Any]
) -> dict[str, float]:
    """Return augmented minus plain by group, mean of the seeds, and its 95 % interval.

    Parameters
    ----------
    plain, augmented : list of array of bool, each of shape (n,)
        Which notes are right, seed by seed.
    groups : array, shape (n,)
        Drawn with replacement for the interval: it says how sure the difference is over
        instruments, for these trainings.
    """
    gain = np.mean(augmented, axis=0) - np.mean(plain, axis=0)
    _, place = np.unique(groups, return_inverse=True)
    by_group = np.bincount(place, gain) / np.bincount(place)
    draws = np.random.default_rng(0).integers(len(by_group), size=(RESAMPLES, len(by_group)))
    low, high = np.quantile(by_group[draws].mean(axis=1), [0.025, 0.975])
    numbers = {"mean": by_group.mean(), "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in numbers.items()}


def changed_inputs(notes: NoteSet) -> dict[str, torch.Tensor]:
    """Return the notes' pictures, and those after each operation alone, by its name."""
    inputs = torch.from_numpy(notes.inputs())
    found = {"unchanged": inputs}
    for operation in mel_operations():
        always = RandomOperation(operation.function, operation.amounts, probability=1.0)
        name = operation.function.__name__.removeprefix("mel_")
        found[name] = always(inputs, generator=torch.Generator().manual_seed(0))
    return found


def main() -> None:
    """Train, measure, write the file."""
    torch.set_num_threads(1)
    store = load_notes()
    validation, practice = store.split("validation"), store.split("practice")
    pictures = {
        **changed_inputs(validation),
        "practice": torch.from_numpy(practice.inputs()),
    }
    splits = {name: practice if name == "practice" else validation for name in pictures}
    right: dict[str, dict[str, list[Right]]] = {name: {arm: [] for arm in ARMS} for name in splits}
    runs = []
    for seed in SEEDS:
        for arm in ARMS:
            model, run = train_once(arm, seed, store)
            run.update(arm=arm, seed=seed, scores={})
            for name, inputs in pictures.items():
                notes = splits[name]
                hits = predict(model, inputs).argmax(1).numpy() == notes.column("family")
                right[name][arm].append(hits)
                run["scores"][name] = measured(hits, notes.column("group"))
            runs.append(run)
            print(arm, seed, run["seconds"], run["scores"]["unchanged"], flush=True)
    document = {
        "provenance": _provenance(store, sum(run["seconds"] for run in runs)),
        "runs": runs,
        "differences": {
            name: difference(by["plain"], by["augmented"], splits[name].column("group"))
            for name, by in right.items()
        },
    }
    EXPERIMENT.write_text(_lines(document), encoding="utf-8")


def _provenance(store: NoteStore, seconds: float) -> dict[str, Any]:
    return {
        "made_by": "python -m utils.widgets.augmentation.experiment",
        "code_sha256": experiment_sha256(),
        "dataset_id": store.dataset_id,
        "settings": {"epochs": EPOCHS, "batch_size": BATCH, "lr": LR, "weight_decay": DECAY},
        "seeds": list(SEEDS),
        "seconds": round(seconds, 1),
        "versions": versions(),
    }


def _lines(document: Mapping[str, Any]) -> str:
    """Return JSON with one line a part."""
    parts = (f'"{key}": {json.dumps(value)}' for key, value in document.items())
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    main()
