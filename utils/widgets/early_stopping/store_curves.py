"""Make ``curves.json``, learning curves of a small CNN on notes: less than a minute.

``python -m utils.widgets.early_stopping.store_curves``
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import avg_pool2d
from torch.utils.data import TensorDataset

from utils.models.initialize import initialize
from utils.notes.embedded import load_notes
from utils.training.fit import evaluate, fit

__all__ = ["RUNS", "Run", "make", "source_sha256"]

FILE = Path(__file__).with_name("curves.json")
SEED, N_TEST, N_CLASSES = 4, 400, 11


@dataclass(frozen=True)
class Run:
    """How one network was trained.

    Attributes
    ----------
    n_train, n_validation : int
        Notes; validation notes are new, unless `leak`.
    epochs : int
    channels : int
        Of the first layer; the second has twice as many. 0: no layer at all but one linear
        one on four numbers a note.
    lr : float
        Of Adam.
    dropout, decay : float
        Dropout rate before the last layer, and weight decay.
    leak : bool
        Whether the validation notes are among the training notes.
    """

    n_train: int
    n_validation: int
    epochs: int
    channels: int = 16
    lr: float = 0.002
    dropout: float = 0.0
    decay: float = 0.0
    leak: bool = False


RUNS = {
    "few_notes": Run(n_train=300, n_validation=400, epochs=60),
    "few_noisy": Run(n_train=300, n_validation=60, epochs=60, lr=0.004),
    "dropout": Run(n_train=300, n_validation=400, epochs=60, dropout=0.5, decay=0.001),
    "underfit": Run(n_train=1500, n_validation=400, epochs=40, channels=0, lr=0.01),
    "good": Run(n_train=1900, n_validation=400, epochs=40, channels=8, lr=0.001, dropout=0.3),
    "high_rate": Run(n_train=1500, n_validation=400, epochs=40, lr=0.08),
    "leak": Run(n_train=300, n_validation=200, epochs=40, leak=True),
}


def source_sha256() -> str:
    """Return the hash of this script, so that stored curves can't outlive a change of it."""
    text = Path(__file__).read_text(encoding="utf-8")  # the same on all systems
    return hashlib.sha256(text.encode()).hexdigest()


def make() -> dict[str, Any]:
    """Train every network, return the curves and where they are from."""
    torch.set_num_threads(1)
    store = load_notes()
    notes = store.split("train")
    inputs, labels = torch.from_numpy(notes.inputs()), torch.from_numpy(notes.column("family"))
    pooled = avg_pool2d(inputs, 4)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SEED))
    data = TensorDataset(pooled[order], labels[order].long())
    return {
        "provenance": {
            "model": "two 3x3 convolutions with max pooling and one linear layer, Adam",
            "data": "embedded notes, log-mels averaged to 16x16; other notes, same instruments",
            "dataset_id": store.dataset_id,
            "script_sha256": source_sha256(),
            "seed": SEED,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        },
        "runs": {name: _learn(run, data) for name, run in RUNS.items()},
    }


def _learn(run: Run, data: TensorDataset) -> dict[str, Any]:
    """Train one network; the test notes are those that no run has seen."""
    first = N_TEST + (0 if run.leak else run.n_validation)
    train = _part(data, first, first + run.n_train)
    validation = _part(data, N_TEST, N_TEST + run.n_validation)
    generator = torch.Generator().manual_seed(SEED)
    model = _network(run)
    initialize(model, generator)
    history = fit(
        model,
        train,
        validation,
        epochs=run.epochs,
        optimizer=lambda p: torch.optim.Adam(p, lr=run.lr, weight_decay=run.decay),
        batch_size=32,
        generator=generator,
        history_path=None,
        progress=False,
    )
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    curves = {name: [round(getattr(e, name), 4) for e in history.epochs] for name in names}
    test = evaluate(model, _part(data, 0, N_TEST))
    return {**curves, "test_loss": round(test.loss, 4), "test_accuracy": round(test.accuracy, 4)}


def _part(data: TensorDataset, start: int, stop: int) -> TensorDataset:
    return TensorDataset(*data[start:stop])


def _network(run: Run) -> nn.Module:
    """Return the small CNN, or a model too poor for the task."""
    if not run.channels:
        return nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(4, N_CLASSES))
    c = run.channels
    return nn.Sequential(
        nn.Conv2d(1, c, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(c, 2 * c, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(run.dropout),
        nn.Linear(2 * c * 16, N_CLASSES),
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
