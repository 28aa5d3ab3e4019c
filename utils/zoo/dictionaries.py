"""Atoms learned from pieces of notes: K-means, sparse coding, auto-encoder, RBM.

A patch is 4 frames (0.25 s) of all 64 mel bands: 256 numbers. Patches are whitened along their
64 largest principal axes (or only centered), then a dictionary is learned of them. An atom is
shown as a patch again, by undoing the whitening.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import torch

from utils.errors import ParameterError
from utils.notes.store import NoteSet
from utils.reference.codebook import triangle_code
from utils.reference.dictionary_learning import learn_dictionary
from utils.reference.kmeans import kmeans
from utils.reference.rbm import hidden_probability, initialize_rbm
from utils.reference.rbm_training import train_rbm
from utils.reference.sparse_autoencoder import encode, initialize_autoencoder
from utils.reference.sparse_autoencoder_training import train_sparse_autoencoder
from utils.reference.sparse_coding import sparse_coding
from utils.reference.whitening import (
    Whitening,
    fit_whitening,
    spectrogram_patches,
    unwhiten,
    whiten,
)

__all__ = ["LEARNERS", "PATCH_FRAMES", "Dictionary", "Learner", "learn", "note_patches"]

Learner = Literal["kmeans", "sparse_coding", "autoencoder", "rbm"]
LEARNERS: Final[tuple[str, ...]] = get_args(Learner)

PATCH_FRAMES: Final = 4
N_AXES: Final = 64
EPS: Final = 1e-3
"""Added to the variances of whitening; the patches' own are 0.02 on average."""
STRENGTH: Final = 1.0
N_PATCHES: Final = 12_000
"""So many patches, chosen at random, are learned from."""


@dataclass(frozen=True)
class Dictionary:
    """Atoms, and how patches are written with them.

    Attributes
    ----------
    atoms : torch.Tensor
        Shape (n_atoms, 256), as patches (differences from the mean patch).
    mean : torch.Tensor
        The mean patch, shape (256,).
    encode : callable
        From patches (n, 256) to codes (n, n_atoms), ≥ 0.
    """

    atoms: torch.Tensor
    mean: torch.Tensor
    encode: Callable[[torch.Tensor], torch.Tensor]


def note_patches(notes: torch.Tensor, *, stride: int = PATCH_FRAMES) -> torch.Tensor:
    """Return the patches (n, patches, 256) of notes (n, 1, 64, 64)."""
    return spectrogram_patches(notes, n_frames=PATCH_FRAMES, stride=stride)


def some_patches(notes: NoteSet, generator: torch.Generator, n: int = N_PATCHES) -> torch.Tensor:
    """Return patches of notes, chosen at random among those that aren't silent."""
    patches = note_patches(torch.from_numpy(notes.inputs())).flatten(0, 1)
    heard = patches[patches.amax(1) > 0]
    return heard[torch.randperm(len(heard), generator=generator)[:n]]


def learn(
    learner: str,
    patches: torch.Tensor,
    n_atoms: int,
    *,
    white: bool = True,
    generator: torch.Generator,
) -> Dictionary:
    """Learn a dictionary from patches.

    Parameters
    ----------
    learner : str
        One of ``LEARNERS``.
    patches : torch.Tensor
        Shape (n, 256).
    n_atoms : int
        Size of the dictionary.
    white : bool
        Whiten the patches along 64 principal axes; else only subtract their mean, and divide
        by one number, their standard deviation.
    generator : torch.Generator
        Source of randomness.

    Returns
    -------
    Dictionary

    Raises
    ------
    ParameterError
        If the learner is unknown.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Coates and Ng, "Learning Feature Representations with K-means", 2012.
    Henaff et al., "Unsupervised Learning of Sparse Features for Scalable Audio
    Classification", ISMIR 2011.
    Nam et al., "Learning Sparse Feature Representations for Music Annotation and Retrieval",
    ISMIR 2012.
    """
    whitening = _fit(patches, white)
    points = whiten(patches, whitening)
    match learner:
        case "kmeans":
            atoms, code = _kmeans(points, n_atoms, generator)
        case "sparse_coding":
            atoms, code = _sparse_coding(points, n_atoms, generator)
        case "autoencoder":
            atoms, code = _autoencoder(points, n_atoms, generator)
        case "rbm":
            atoms, code = _rbm(points, n_atoms, generator)
        case _:
            raise ParameterError(f"expected a learner of {', '.join(LEARNERS)}, got {learner!r}")
    seen = unwhiten(atoms, whitening) - whitening.mean
    return Dictionary(seen, whitening.mean, lambda patches: code(whiten(patches, whitening)))


Learned = tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]


def _fit(patches: torch.Tensor, white: bool) -> Whitening:
    if white:
        return fit_whitening(patches, kind="pca", eps=EPS, n_components=N_AXES)
    identity = torch.eye(patches.shape[1], dtype=patches.dtype)
    mean = patches.mean(0)
    scale = (patches - mean).square().mean().sqrt()
    return Whitening(mean, identity / scale, identity * scale)


def _kmeans(points: torch.Tensor, n_atoms: int, generator: torch.Generator) -> Learned:
    centers = kmeans(points, n_atoms, steps=20, generator=generator).centers
    return centers, lambda points: triangle_code(points, centers)


def _sparse_coding(points: torch.Tensor, n_atoms: int, generator: torch.Generator) -> Learned:
    run = learn_dictionary(
        points, n_atoms, strength=STRENGTH, rounds=12, code_steps=8, generator=generator
    )

    def code(points: torch.Tensor) -> torch.Tensor:
        return sparse_coding(points, run.dictionary, strength=STRENGTH, steps=15).codes.abs()

    return run.dictionary, code


def _autoencoder(points: torch.Tensor, n_atoms: int, generator: torch.Generator) -> Learned:
    start = initialize_autoencoder(points.shape[1], n_atoms, generator=generator)
    net, _ = train_sparse_autoencoder(
        start, points, lr=0.05, epochs=30, sparsity=0.05, sparsity_weight=0.5, generator=generator
    )
    return net.decoder, lambda points: encode(net, points)


def _rbm(points: torch.Tensor, n_atoms: int, generator: torch.Generator) -> Learned:
    start = initialize_rbm(points.shape[1], n_atoms, visible="gaussian", generator=generator)
    run = train_rbm(
        start,
        points,
        lr=0.005,
        epochs=20,
        batch_size=50,
        target=0.05,
        sparsity_weight=1.0,
        generator=generator,
    )
    return run.rbm.weight, lambda points: hidden_probability(run.rbm, points)
