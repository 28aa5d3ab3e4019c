"""The confusion widget: counts and bars against scikit-learn, examples for every cell."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, recall_score
from torch import nn

from utils.errors import ParameterError
from utils.notes.embedded import load_notes, sounds
from utils.notes.vocabulary import FAMILIES
from utils.training.metrics import group_balanced_accuracy
from utils.widgets.confusion.answers import answers_of, examples_of
from utils.widgets.confusion.widget import Confusion


class Linear(nn.Module):
    """A model whose answers differ from note to note."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weights = nn.Parameter(torch.randn(64, 11, generator=generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.mean(dim=3).flatten(1) - 0.3) @ self.weights


@pytest.fixture(scope="module")
def notes() -> Any:
    return load_notes().split("practice")


@pytest.fixture(scope="module")
def widget(notes: Any) -> Confusion:
    return Confusion(model=Linear(), notes=notes)


def test_matrix_and_recall(notes: Any) -> None:
    found = answers_of(Linear(), notes)
    truth = notes.families
    assert np.array_equal(found.matrix, confusion_matrix(truth, found.called, labels=range(11)))
    right = (found.called == truth).astype(int)
    assert found.score[0] == group_balanced_accuracy(np.ones_like(right), right, notes.groups)
    assert found.score[1] < found.score[0] < found.score[2]
    for one in found.recall:
        assert one is not None
        assert one[1] <= one[0] <= one[2]
    plain = recall_score(truth, found.called, average=None)
    # Groups have about as many notes each, so both means are near.
    assert np.allclose([one[0] for one in found.recall if one], plain, atol=0.1)


def test_every_cell_has_notes_to_hear(notes: Any) -> None:
    found = answers_of(Linear(), notes)
    examples = examples_of(found, each=2)
    truth, called = notes.families[examples], found.called[examples]
    cells = set(zip(truth.tolist(), called.tolist(), strict=True))
    assert cells == set(zip(*(part.tolist() for part in np.nonzero(found.matrix)), strict=True))
    names = {str(name) for name in notes.note_strs[examples]}
    assert {sound.note_str for sound in sounds() if sound.split == "practice"} <= names
    wrong = truth != called
    assert wrong[: wrong.sum()].all(), "mistakes come first"
    sure = found.probabilities[examples].max(axis=1)
    assert (np.diff(sure[wrong]) <= 0).all()


def test_a_family_without_notes_is_not_available(notes: Any) -> None:
    few = notes.subset(notes.families != 9)
    found = answers_of(Linear(), few)
    assert found.recall[9] is None
    assert "synth_lead n/a" in Confusion(model=Linear(), notes=few).describe({"note": 0})


def test_words_and_picture(widget: Confusion) -> None:
    words = widget.describe(widget.state)
    assert "44 instrument groups" in words
    assert "called" in words
    figure = Figure()
    widget.draw(widget.state, figure)
    assert figure.axes


def test_the_trained_network_says_what_the_lecture_tells() -> None:
    """If this fails after a new checkpoint, the words of lectures/06_nsynth.ipynb change, too."""
    widget = Confusion()
    assert "37.4% to 62.2%, 44 instrument groups" in widget.describe({"note": 0})
    found = widget._found
    off = found.matrix / found.matrix.sum(axis=1, keepdims=True) * (1 - np.eye(11))
    most = [divmod(int(cell), 11) for cell in np.argsort(-off, axis=None)[:2]]
    assert [(FAMILIES[a], FAMILIES[b]) for a, b in most] == [("guitar", "bass"), ("bass", "guitar")]
    names = found.notes.note_strs.tolist()
    for name, family, share in (
        ("guitar_electronic_3028-071-050", "bass", 0.81),
        ("bass_electronic_3034-072-075", "guitar", 0.73),
    ):
        chances = found.probabilities[names.index(name)]
        assert FAMILIES[int(chances.argmax())] == family
        assert chances.max() == pytest.approx(share, abs=0.006)


def test_wrong_arguments_are_refused(notes: Any) -> None:
    with pytest.raises(ParameterError, match=r"shape \(n, 11\)"):
        Confusion(model=nn.Flatten(), notes=notes.subset([0, 1, 2]))
    with pytest.raises(ParameterError, match="each"):
        Confusion(model=Linear(), notes=notes, each=0)
