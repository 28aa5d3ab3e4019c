"""The models of the zoo that are made in two steps: features of a note, then a linear classifier.

Features are engineered (MFCC, mean and maximum spectrum) or learned without labels (K-means,
sparse coding, auto-encoder, RBM on patches). What comes after is the same for all: features
standardized on the training notes, logistic regression, its strength chosen on validation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from utils.notes.store import NoteSet
from utils.notes.vocabulary import N_FAMILIES
from utils.reference.codebook import bag_of_frames, learn_codebook
from utils.training.metrics import group_balanced_accuracy
from utils.zoo.dictionaries import PATCH_FRAMES, learn, note_patches, some_patches

__all__ = ["FEATURES", "Features", "LinearModel", "fit_linear"]

Extract = Callable[[torch.Tensor], torch.Tensor]
"""From notes (n, 1, 64, 64) to features (n, n_features)."""

STRENGTHS: Final = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Inverse penalties C of logistic regression."""
CODEBOOK: Final = 64
ATOMS: Final = 128
N_PATCHES_A_NOTE: Final = 64 // PATCH_FRAMES
N_AXES: Final = 64


@dataclass(frozen=True)
class Features:
    """A model of the zoo that is features and a linear classifier.

    Attributes
    ----------
    title : str
        For the table.
    row : str
        Of the syllabus.
    fit : callable
        From training notes and a generator to the extractor.
    n_features : int
    n_learned : int
        Numbers in codebook or dictionary.
    macs : int
        Multiplications for the features of one note, rounded.
    modules : tuple of str
        The code that it is made of, below ``utils``.
    """

    title: str
    row: str
    fit: Callable[[NoteSet, torch.Generator], Extract]
    n_features: int
    n_learned: int
    macs: int
    modules: tuple[str, ...]


@dataclass(frozen=True)
class LinearModel:
    """Features and the linear classifier on them.

    Attributes
    ----------
    extract : callable
    classifier : scikit-learn pipeline
    strength : float
        The C that validation chose.
    """

    extract: Extract
    classifier: Any
    strength: float

    def __call__(self, notes: torch.Tensor) -> NDArray[np.int64]:
        """Return the predicted classes of notes (n, 1, 64, 64)."""
        return self.classifier.predict(self.extract(notes).numpy())


def fit_linear(
    features: Features, training: NoteSet, validation: NoteSet, *, seed: int = 0
) -> LinearModel:
    """Learn features, then the classifier whose strength is best on validation.

    Parameters
    ----------
    features : Features
        One of ``FEATURES``.
    training, validation : NoteSet
        Splits of a store.
    seed : int
        Of the codebook or dictionary.

    Returns
    -------
    LinearModel
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    extract = features.fit(training, torch.Generator().manual_seed(seed))
    x, unseen = (extract(torch.from_numpy(n.inputs())).numpy() for n in (training, validation))
    models = []
    for strength in STRENGTHS:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
        classifier.fit(x, training.families)
        score = group_balanced_accuracy(
            validation.families, classifier.predict(unseen), validation.groups
        )
        models.append((score, LinearModel(extract, classifier, strength)))
    return max(models, key=lambda pair: pair[0])[1]


def _mfcc_histogram(training: NoteSet, generator: torch.Generator) -> Extract:
    codebook = learn_codebook(torch.from_numpy(training.inputs()), CODEBOOK, generator=generator)
    return lambda notes: bag_of_frames(notes, codebook)


def _mean_max(_training: NoteSet, _generator: torch.Generator) -> Extract:
    return lambda notes: torch.cat([notes.mean(3), notes.amax(3)], dim=2).flatten(1)


def _learned(learner: str) -> Callable[[NoteSet, torch.Generator], Extract]:
    """Return the fit for a learned dictionary: codes of all patches, their mean and maximum."""

    def fit(training: NoteSet, generator: torch.Generator) -> Extract:
        patches = some_patches(training, generator)
        dictionary = learn(learner, patches, ATOMS, generator=generator)

        def extract(notes: torch.Tensor) -> torch.Tensor:
            pieces = note_patches(notes)
            codes = dictionary.encode(pieces.flatten(0, 1)).unflatten(0, pieces.shape[:2])
            return torch.cat([codes.mean(1), codes.amax(1)], dim=1)

        return extract

    return fit


def _dictionary(learner: str, title: str, *modules: str, code_steps: int = 1) -> Features:
    """Return the entry of a learned dictionary; coding with FISTA takes two products a step."""
    white = 64 * PATCH_FRAMES * N_AXES
    code = N_AXES * ATOMS * (2 * code_steps if code_steps > 1 else 1)
    return Features(
        title,
        "M2",
        _learned(learner),
        n_features=2 * ATOMS,
        n_learned=white + 64 * PATCH_FRAMES + N_AXES * ATOMS,
        macs=N_PATCHES_A_NOTE * (white + code),
        modules=("zoo.dictionaries", "reference.whitening", *modules),
    )


FEATURES: Final[dict[str, Features]] = {
    "mean_max": Features(
        "mean and max spectrum", "M1", _mean_max, n_features=128, n_learned=0, macs=0, modules=()
    ),
    "mfcc_histogram": Features(
        "MFCC, K-means, histogram",
        "M1",
        _mfcc_histogram,
        n_features=CODEBOOK,
        n_learned=13 * CODEBOOK,
        macs=64 * 13 * (64 + CODEBOOK),
        modules=("reference.codebook", "reference.mfcc", "reference.kmeans"),
    ),
    "kmeans": _dictionary("kmeans", "K-means atoms", "reference.kmeans", "reference.codebook"),
    "sparse_coding": _dictionary(
        "sparse_coding",
        "sparse coding",
        "reference.sparse_coding",
        "reference.dictionary_learning",
        code_steps=15,
    ),
    "autoencoder": _dictionary(
        "autoencoder",
        "sparse auto-encoder",
        "reference.sparse_autoencoder",
        "reference.sparse_autoencoder_training",
    ),
    "rbm": _dictionary("rbm", "sparse RBM", "reference.rbm", "reference.rbm_training"),
}
"""In the order of the table."""


def n_parameters(features: Features) -> int:
    """Return how many numbers were learned: dictionary, weights and biases of the classifier."""
    return features.n_learned + (features.n_features + 1) * N_FAMILIES
