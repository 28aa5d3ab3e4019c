"""Atoms learned from notes."""

import pytest
import torch

from utils.errors import ParameterError
from utils.notes.embedded import load_notes
from utils.zoo.dictionaries import LEARNERS, PATCH_FRAMES, learn, note_patches, some_patches
from utils.zoo.pursuit import pursuit_errors


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def patches():
    return some_patches(load_notes().split("train"), seeded(), 1500)


def test_patches_are_pieces_of_notes(patches):
    notes = torch.from_numpy(load_notes().split("train").inputs([0, 5]))
    pieces = note_patches(notes)
    assert pieces.shape == (2, 64 // PATCH_FRAMES, 64 * PATCH_FRAMES)
    assert torch.equal(pieces[1, 3].reshape(64, PATCH_FRAMES), notes[1, 0, :, 12:16])
    assert patches.shape == (1500, 64 * PATCH_FRAMES)
    assert (patches.amax(1) > 0).all()
    assert torch.equal(some_patches(load_notes().split("train"), seeded(), 20), patches[:20])


# Without whitening, sparse coding takes long.
@pytest.mark.parametrize(
    ("learner", "white"),
    [*((one, True) for one in LEARNERS), ("kmeans", False), ("autoencoder", False), ("rbm", False)],
)
def test_atoms_fit_unseen_notes_better_than_noise(learner, white, patches):
    found = learn(learner, patches, 16, white=white, generator=seeded())
    assert found.atoms.shape == (16, patches.shape[1])
    unseen = note_patches(torch.from_numpy(load_notes().split("practice").inputs([0, 200, 400])))
    points = unseen.flatten(0, 1)
    codes = found.encode(points)
    assert codes.shape == (len(points), 16)
    assert (codes >= 0).all()
    assert codes.std() > 0
    noise = torch.randn(found.atoms.shape, generator=seeded(1))
    errors, of_noise = (pursuit_errors(points - found.mean, a, 4) for a in (found.atoms, noise))
    assert errors[4] < 0.8 * of_noise[4]


def test_unknown_learner(patches):
    with pytest.raises(ParameterError, match="expected a learner of kmeans"):
        learn("pca", patches, 8, generator=seeded())
