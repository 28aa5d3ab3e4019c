"""The atoms: not stale, and rebuilt in the browser as in Python."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.notes.embedded import load_notes, sounds
from utils.widgets.atoms import store
from utils.widgets.atoms.store import DICTIONARIES, N_ATOMS, load_stored, made_of
from utils.widgets.atoms.widget import MOST, NOTES, Atoms
from utils.zoo.pursuit import matching_pursuit, pursuit_errors

CELLO = next(iter(NOTES))


def test_stored_atoms_are_not_stale() -> None:
    atoms, mean, facts = load_stored()
    made = made_of()
    assert {key: facts[key] for key in made} == made, f"run {made['made_by']}"
    assert set(atoms) == set(DICTIONARIES)
    for words in atoms.values():
        assert words.shape == (N_ATOMS, 256)
        assert words.dtype == np.int8
        assert (np.abs(words.astype(int)).max(axis=1) == 127).all()
    assert mean.shape == (256,)
    assert store.STORED.stat().st_size < 300_000


def test_cheap_atoms_can_be_made_again() -> None:
    from utils.zoo.dictionaries import learn, some_patches

    generator = torch.Generator().manual_seed(store.SEED)
    patches = some_patches(load_notes().split("train"), generator)
    np.testing.assert_allclose(patches.mean(0), load_stored()[1], atol=1e-6)
    again = learn(
        "kmeans", patches, N_ATOMS, generator=torch.Generator().manual_seed(store.SEED)
    ).atoms
    stored = torch.from_numpy(load_stored()[0]["kmeans_white"]).float()
    similar = torch.nn.functional.normalize(again) @ torch.nn.functional.normalize(stored).T
    # On another processor a few patches may fall to another center.
    assert (similar.amax(1) > 0.99).float().mean() > 0.8


def test_notes_were_not_learned_from() -> None:
    splits = {sound.note_str: sound.split for sound in sounds()}
    assert {splits[name] for name in NOTES} <= {"validation", "practice"}


def test_golden_pursuit(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(4)
    picture = torch.rand(6, 8, generator=generator, dtype=torch.float64)
    mean = torch.rand(12, generator=generator, dtype=torch.float64)
    words = torch.randint(-127, 128, (9, 12), generator=generator).double()
    points = torch.stack([picture[:, 2 * p : 2 * p + 2].ravel() for p in range(4)]) - mean
    data = {"picture": picture.ravel().tolist(), "mean": mean.tolist(), "words": words.tolist()}
    body = """
const shape = { rows: 6, cols: 8, width: 2 }, words = dictionary(data.words.flat(), 12);
const pieces = patchesOf(data.picture, shape, data.mean);
const steps = pieces.map((one) => pursue(one, words, 5));
result = {
  chosen: steps.map((all) => all.map((step) => step.chosen)),
  errors: errors(pieces, steps),
  rebuilt: [0, 2, 5].map((count) => Array.from(rebuild(steps, count, shape, data.mean))),
};"""
    names = "dictionary, errors, patchesOf, pursue, rebuild"
    made = run_node(tmp_path, {"pursuit": names}, body, data)
    approximations, chosen = matching_pursuit(points, words, 5)
    assert made["chosen"] == chosen.tolist()
    np.testing.assert_allclose(made["errors"], pursuit_errors(points, words, 5), atol=1e-9)
    for count, rebuilt in zip((0, 2, 5), made["rebuilt"], strict=True):
        patches = (approximations[count] + mean).unflatten(1, (6, 2))
        wanted = torch.cat(list(patches), dim=1)
        np.testing.assert_allclose(rebuilt, wanted.ravel(), atol=1e-9)


def test_atoms_that_repeat_are_left_out_in_the_browser_too(tmp_path: Path) -> None:
    body = """
const words = dictionary([1, 1, 1, 1], 2);
result = pursue(Float64Array.from([1, 2]), words, 2).map((step) => step.chosen);"""
    assert run_node(tmp_path, {"pursuit": "dictionary, pursue"}, body, None) == [0, -1]


def test_the_goal_can_be_reached_by_one_dictionary_only() -> None:
    widget = Atoms()
    reached = [name for name in DICTIONARIES if widget.errors(CELLO, name)[3] < 6]
    assert reached == ["kmeans_white"]
    assert all(widget.errors(CELLO, name)[2] > 6 for name in DICTIONARIES)


def test_learned_atoms_beat_noise_and_kernels() -> None:
    widget = Atoms()
    for note in NOTES:
        after = {name: widget.errors(note, name)[8] for name in DICTIONARIES}
        worst_learned = max(after[n] for n in DICTIONARIES if n not in ("cnn1d", "noise"))
        assert worst_learned < min(after["cnn1d"], after["noise"])


def test_words_and_picture() -> None:
    widget = Atoms(dictionary="rbm", count=0)
    assert "sparse RBM, whitened. The note (cello) rebuilt from 0 atoms" in widget.describe(
        widget.state
    )
    first = widget.errors(CELLO, "rbm")
    assert len(first) == MOST + 1
    assert f"error {first[0]:.1f} dB" in widget.describe(widget.state)
    figure = Figure()
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
    with pytest.raises(ParameterError):
        widget.set(atom=N_ATOMS)
