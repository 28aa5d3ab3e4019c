"""Learn the dictionaries that the widget shows: ``python -m utils.widgets.atoms.store``.

64 atoms each, 4 frames × 64 bands, from the same patches of the training notes.
"""

import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from utils.notes.embedded import load_notes
from utils.reference.dictionary_learning import unit_norm
from utils.zoo.checkpoints import load_checkpoint, stored_sha256
from utils.zoo.dictionaries import PATCH_FRAMES, learn, some_patches
from utils.zoo.provenance import code_sha256, versions

__all__ = ["DICTIONARIES", "N_ATOMS", "dictionaries", "load_stored", "made_of", "main"]

N_ATOMS: Final = 64
SEED: Final = 0
DICTIONARIES: Final[dict[str, str]] = {
    "kmeans": "K-means",
    "kmeans_white": "K-means, whitened",
    "sparse": "sparse coding",
    "sparse_white": "sparse coding, whitened",
    "autoencoder": "sparse auto-encoder, whitened",
    "rbm": "sparse RBM, whitened",
    "cnn1d": "first kernels of the 1-D CNN",
    "patches": "64 pieces of notes, not learned",
    "noise": "noise",
}
STORED = Path(__file__).with_name("stored.npz")
FACTS = Path(__file__).with_name("stored.json")
SOURCES: Final = ("utils.widgets.atoms.store", "utils.zoo.dictionaries")


def dictionaries() -> dict[str, torch.Tensor]:
    """Return all dictionaries, shape (64, 256) each, atoms of length 1, low ones first."""
    generator = torch.Generator().manual_seed(SEED)
    patches = some_patches(load_notes().split("train"), generator)

    def learned(learner: str, white: bool) -> torch.Tensor:
        start = torch.Generator().manual_seed(SEED)
        return learn(learner, patches, N_ATOMS, white=white, generator=start).atoms

    kernels = load_checkpoint("cnn1d")[0].get_parameter("blocks.0.conv.weight").detach()
    found = {
        "kmeans": learned("kmeans", False),
        "kmeans_white": learned("kmeans", True),
        "sparse": learned("sparse_coding", False),
        "sparse_white": learned("sparse_coding", True),
        "autoencoder": learned("autoencoder", True),
        "rbm": learned("rbm", True),
        "cnn1d": kernels.flatten(1),
        "patches": patches[:N_ATOMS] - patches.mean(0),
        "noise": torch.randn(N_ATOMS, patches.shape[1], generator=generator),
    }
    return {name: _by_height(unit_norm(atoms)) for name, atoms in found.items()}


def _by_height(atoms: torch.Tensor) -> torch.Tensor:
    """Return atoms ordered by the band around which their energy lies."""
    energy = atoms.unflatten(1, (64, PATCH_FRAMES)).square().sum(2)
    height = (energy * torch.arange(64)).sum(1) / energy.sum(1).clamp(min=1e-12)
    return atoms[height.argsort()]


def mean_patch() -> torch.Tensor:
    """Return the mean patch of the training notes, shape (256,)."""
    generator = torch.Generator().manual_seed(SEED)
    return some_patches(load_notes().split("train"), generator).mean(0)


def made_of() -> dict[str, Any]:
    """Return what the stored atoms depend on."""
    return {
        "made_by": "python -m utils.widgets.atoms.store",
        "code_sha256": code_sha256(SOURCES),
        "dataset_id": load_notes().dataset_id,
        "checkpoint_sha256": stored_sha256("cnn1d"),
        "seed": SEED,
    }


@lru_cache(maxsize=1)
def load_stored() -> tuple[dict[str, NDArray[np.int8]], NDArray[np.float32], dict[str, Any]]:
    """Return the atoms as int8 (−127 … 127), the mean patch, and what they were made of."""
    with np.load(STORED, allow_pickle=False) as arrays:
        atoms = {name: arrays[name] for name in DICTIONARIES}
        mean = arrays["mean"]
    return atoms, mean, json.loads(FACTS.read_text(encoding="utf-8"))


def main() -> None:
    """Learn all dictionaries and write them."""
    torch.set_num_threads(1)
    start = time.process_time()
    arrays: dict[str, Any] = {"mean": mean_patch().numpy()}
    for name, atoms in dictionaries().items():
        largest = atoms.abs().amax(1, keepdim=True).clamp(min=1e-12)
        arrays[name] = (127 * atoms / largest).round().to(torch.int8).numpy()
    np.savez_compressed(STORED, **arrays)
    seconds = round(time.process_time() - start, 1)
    facts = {**made_of(), "versions": versions(), "cpu_seconds": seconds}
    FACTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"{len(DICTIONARIES)} dictionaries, {STORED.stat().st_size} bytes, {seconds} CPU-s")


if __name__ == "__main__":
    main()
