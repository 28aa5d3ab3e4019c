"""Train one model of the zoo and measure it: one row of the table."""

import copy
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.errors import ParameterError
from utils.models.summarize import summarize
from utils.notes.augment_mel import mel_pitch_shift, mel_time_shift
from utils.notes.embedded import load_notes
from utils.notes.store import NoteSet
from utils.training.evaluate import predict
from utils.training.metrics import cluster_bootstrap_interval, group_balanced_accuracy
from utils.zoo.checkpoints import rounded, save_checkpoint
from utils.zoo.entries import NETWORKS
from utils.zoo.features import FEATURES, fit_linear, n_parameters
from utils.zoo.provenance import code_sha256, settings_sha256, versions
from utils.zoo.recipe import RECIPE, Recipe, train

__all__ = [
    "FRAMES",
    "NAMES",
    "SEMITONES",
    "by_group",
    "facts_of",
    "run_seed",
    "score",
    "sources",
    "train_checkpoint",
]

NAMES: Final[tuple[str, ...]] = (*FEATURES, *NETWORKS)
SEMITONES: Final = (-5, -3, 3, 5)
"""The practice notes are moved in pitch by so much, as pictures."""
FRAMES: Final = (8, 16)
"""And so much later: 0.5 s and 1 s."""

Classify = Callable[[torch.Tensor], NDArray[np.int64]]


def sources(name: str) -> tuple[str, ...]:
    """Return the modules whose code decides about a model of the zoo."""
    if name in FEATURES:
        return ("utils.zoo.features", *(f"utils.{m}" for m in FEATURES[name].modules))
    if name not in NETWORKS:
        raise ParameterError(f"expected a model of {', '.join(NAMES)}, got {name!r}")
    return ("utils.zoo.recipe", *(f"utils.models.{m}" for m in NETWORKS[name].modules))


def code_of(name: str) -> str:
    """Return the SHA-256 of all that decides about a model: code, and settings of a network."""
    code = code_sha256(sources(name))
    if name in FEATURES:
        return code
    return settings_sha256({"code": code, "recipe": recipe_of(name).to_dict()})


def recipe_of(name: str) -> Recipe:
    """Return the recipe of a network."""
    return RECIPE.but(**NETWORKS[name].changes)


def by_group(correct: NDArray[np.bool_], notes: NoteSet) -> NDArray[np.float64]:
    """Return the share of True within every instrument group, in the order of their names."""
    names, member = np.unique(notes.groups, return_inverse=True)
    return np.bincount(member, weights=correct, minlength=len(names)) / np.bincount(member)


def score(classify: Classify, notes: NoteSet) -> dict[str, Any]:
    """Return the accuracy by group and its 95 % interval, as JSON holds it."""
    predicted = classify(torch.from_numpy(notes.inputs()))
    correct = predicted == notes.families
    interval = cluster_bootstrap_interval(correct, notes.groups, generator=np.random.default_rng(0))
    return {
        "accuracy": round(group_balanced_accuracy(notes.families, predicted, notes.groups), 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "notes": len(notes),
        "groups": len(set(notes.groups.tolist())),
    }


def run_seed(name: str, seed: int) -> tuple[dict[str, Any], nn.Module | None]:
    """Train a model with one seed and measure it on the practice notes.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    seed : int
        Of weights, order, augmentation, dropout.

    Returns
    -------
    row : dict
        Accuracy by group on validation and practice, CPU seconds, and per group of practice:
        the accuracy, and how often a prediction stays when the note is moved.
    model : torch.nn.Module or None
        The trained network.
    """
    sources(name)  # refuses an unknown name
    notes = load_notes()
    practice = notes.split("practice")
    classify, facts, model = _train(name, seed)
    inputs = torch.from_numpy(practice.inputs())
    plain = classify(inputs)
    row = {
        "seed": seed,
        **facts,
        "validation": score(classify, notes.split("validation"))["accuracy"],
        "by_group": _shares(plain == practice.families, practice),
        **_moved(classify, inputs, plain, practice),
    }
    return row, model


def _moved(
    classify: Classify, inputs: torch.Tensor, plain: NDArray[np.int64], practice: NoteSet
) -> dict[str, Any]:
    """Return how often predictions stay, and are right, when notes move in pitch or time."""
    found: dict[str, Any] = {}
    for kind, moves in (
        ("pitch", [mel_pitch_shift(inputs, semitones=s) for s in SEMITONES]),
        ("time", [mel_time_shift(inputs, frames=f) for f in FRAMES]),
    ):
        after = np.stack([classify(moved) for moved in moves])
        found[f"{kind}_same"] = _shares((after == plain).mean(0), practice)
        found[f"{kind}_right"] = _shares((after == practice.families).mean(0), practice)
    return found


def _shares(values: NDArray[Any], notes: NoteSet) -> list[float]:
    return [round(float(share), 4) for share in by_group(values, notes)]


@lru_cache(maxsize=2)
def _train(name: str, seed: int) -> tuple[Classify, dict[str, Any], nn.Module | None]:
    notes = load_notes()
    training, validation = notes.split("train"), notes.split("validation")
    if name in FEATURES:
        start = time.process_time()
        linear = fit_linear(FEATURES[name], training, validation, seed=seed)
        seconds = time.process_time() - start
        return linear, {"cpu_seconds": round(seconds, 1), "strength": linear.strength}, None
    model = build(name, seed)
    history, seconds = train(model, training, validation, recipe=recipe_of(name), seed=seed)
    seconds += sum(_train(part, seed)[1]["cpu_seconds"] for part in NETWORKS[name].backbone)
    facts: dict[str, Any] = {
        "cpu_seconds": round(seconds, 1),
        "epochs": len(history),
        "best_epoch": history.best_epoch,
    }
    return _classifier(model), facts, model


def build(name: str, seed: int) -> nn.Module:
    """Return a network before training; its backbone, if it has one, is trained first."""
    network = NETWORKS[name]
    model = network.build(torch.Generator().manual_seed(seed))
    for part, trained in zip(getattr(model, "backbones", ()), network.backbone, strict=False):
        backbone = _train(trained, seed)[2]
        if backbone is not None:
            part.load_state_dict(backbone.state_dict())
    return model


def _classifier(model: nn.Module) -> Classify:
    return lambda inputs: predict(model, inputs).argmax(1).numpy()


def size_of(name: str) -> dict[str, int]:
    """Return parameters and multiplications for one note."""
    if name in FEATURES:
        features = FEATURES[name]
        from_features = (features.n_features + 1) * 11
        return {"parameters": n_parameters(features), "macs": features.macs + from_features}
    summary = summarize(NETWORKS[name].build(torch.Generator().manual_seed(0)))
    return {"parameters": summary.total_parameters, "macs": summary.total_macs}


def facts_of(name: str) -> dict[str, Any]:
    """Return what a row or a checkpoint depends on."""
    entry: Any = FEATURES[name] if name in FEATURES else NETWORKS[name]
    return {
        "name": name,
        "title": entry.title,
        "code_sha256": code_of(name),
        "dataset_id": load_notes().dataset_id,
        "versions": versions(),
        **size_of(name),
    }


def train_checkpoint(name: str, *, seed: int = 0) -> dict[str, Any]:
    """Train a network, round its weights to float16, measure and store them.

    Parameters
    ----------
    name : str
        Of ``NETWORKS``.
    seed : int
        Of weights, order, augmentation, dropout.

    Returns
    -------
    dict
        The facts.
    """
    if name not in NETWORKS:
        raise ParameterError(f"expected a network of {', '.join(NETWORKS)}, got {name!r}")
    row, model = run_seed(name, seed)
    if model is None:
        raise ParameterError(f"expected a network, got {name!r}")
    return store_trained(name, seed, row, model)


def store_trained(name: str, seed: int, row: dict[str, Any], model: nn.Module) -> dict[str, Any]:
    """Store a trained network as a checkpoint; return the facts."""
    model = copy.deepcopy(model).eval()
    rounded(model)
    notes, classify = load_notes(), _classifier(model)
    facts = {
        **facts_of(name),
        "made_by": f"python -m utils.zoo train {name} --seed {seed}",
        "recipe": recipe_of(name).to_dict(),
        "seed": seed,
        **{key: row[key] for key in ("epochs", "best_epoch", "cpu_seconds")},
        "validation": score(classify, notes.split("validation")),
        "practice": score(classify, notes.split("practice")),
    }
    save_checkpoint(name, model, facts)
    return facts
