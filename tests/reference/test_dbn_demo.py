"""The demonstration: made-up frames are what they claim, and the three starts differ."""

import pytest
import torch

from utils.errors import ParameterError
from utils.reference.dbn_demo import harmonic_frames, pretraining_demo


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_frames_hold_the_partials_of_their_class():
    frames, labels = harmonic_frames(200, n_pitches=3, flip=0, generator=generator())
    assert frames.shape == (200, 34)
    assert set(labels.tolist()) == {0, 1, 2, 3}
    steps = {0: [0, 12, 19, 24], 1: [0, 19, 28], 2: [0, 12, 24, 31], 3: [12, 19, 28, 31]}
    pitches = set()
    for frame, label in zip(frames, labels.tolist(), strict=True):
        on = frame.nonzero()[:, 0] - steps[label][0]
        assert (on - on[0]).tolist() == [s - steps[label][0] for s in steps[label]]
        pitches.add(int(on[0]))
    assert pitches == {0, 1, 2}


def test_flipped_bands():
    clean, labels = harmonic_frames(500, flip=0, generator=generator())
    noisy, same = harmonic_frames(500, flip=0.1, generator=generator())
    assert torch.equal(labels, same)
    for value in (0, 1):
        wrong = noisy[clean == value] != value
        assert float(wrong.float().mean()) == pytest.approx(0.1, abs=0.02)


def test_pretraining_beats_a_small_random_start_and_a_good_scale_beats_both():
    demo = pretraining_demo()
    for curve in demo:
        assert len(curve.train_losses) == len(curve.test_accuracies) == 61
        assert curve.train_losses[0] == pytest.approx(1.3863, abs=1e-3)
    pretrained, random, xavier = (
        (curve.train_losses[-1], sum(curve.test_accuracies[-10:]) / 10) for curve in demo
    )
    assert xavier[0] < pretrained[0] < random[0]
    assert xavier[1] > pretrained[1] + 0.05
    assert pretrained[1] > random[1] + 0.05


def test_the_seed_decides():
    small = {"n_unlabeled": 40, "n_labeled": 20, "n_test": 20, "hidden_sizes": (8,),
             "pretraining_epochs": 1, "epochs": 3}  # fmt: skip
    a, b, c = (pretraining_demo(seed=seed, **small) for seed in (0, 0, 1))
    assert [r.train_losses for r in a] == [r.train_losses for r in b]
    assert a.random.train_losses != c.random.train_losses
    assert a.random.train_losses != a.xavier.train_losses
    assert [tuple(w.shape) for w, _ in a.pretrained.parameters] == [(8, 37), (4, 8)]


def test_bad_arguments():
    with pytest.raises(ParameterError, match=r"expected 0 ≤ flip ≤ 0\.5, got 0\.6"):
        harmonic_frames(3, flip=0.6)
    with pytest.raises(ParameterError, match="expected n_pitches ≥ 1, got 0"):
        harmonic_frames(3, n_pitches=0)
