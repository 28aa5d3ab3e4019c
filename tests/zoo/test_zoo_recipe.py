"""The recipe: same seed, same weights; every setting does something."""

import numpy as np
import pytest
import torch

from utils.errors import ParameterError
from utils.models.cnn1d import CNN1D
from utils.notes.embedded import load_notes
from utils.zoo.recipe import RECIPE, augmentation, train


def few(split, n):
    return load_notes().split(split).subset(np.arange(0, 10 * n, 10))


def trained(seed=0, **changes):
    model = CNN1D.notes(generator=torch.Generator().manual_seed(0))
    recipe = RECIPE.but(epochs=1, batch_size=16, **changes)
    history, seconds = train(
        model, few("train", 32), few("validation", 16), recipe=recipe, seed=seed
    )
    assert len(history) == 1
    assert seconds > 0
    return torch.cat([p.detach().ravel() for p in model.parameters()])


def test_same_seed_same_weights():
    torch.manual_seed(1)
    first = trained()
    torch.manual_seed(2)
    assert torch.equal(trained(), first)
    assert not torch.equal(trained(seed=1), first)


@pytest.mark.parametrize(
    "changes",
    [{"lr": 1e-4}, {"weight_decay": 0.5}, {"one_cycle": False}, {"augment": False}],
    ids=str,
)
def test_settings_count(changes):
    assert not torch.equal(trained(**changes), trained())


def test_unknown_setting():
    with pytest.raises(ParameterError, match="settings of a Recipe"):
        RECIPE.but(rate=1.0)


def test_augmentation_keeps_pitch_and_silence():
    x = torch.zeros(64, 1, 64, 64)
    x[:, :, 10, :40] = 1.0
    changed = augmentation(torch.Generator().manual_seed(0))(x)
    assert changed.shape == x.shape
    assert not torch.equal(changed, x)
    # The tone may come later or be masked, but it stays in its band.
    other = torch.cat([changed[:, :, :10], changed[:, :, 11:]], dim=2)
    assert other.abs().max() == 0
