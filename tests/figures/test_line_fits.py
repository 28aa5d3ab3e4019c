"""Lines through onsets, against scikit-learn and by what must hold at a minimum."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, QuantileRegressor

from utils.errors import ParameterError
from utils.figures.line_fits import BEATS, fit_line, onset_times, tempo
from utils.figures.metronome import scale_note
from utils.figures.note_points import decay_and_brightness, note_points
from utils.reference.robust_losses import huber_loss_grad

X = np.array(BEATS, dtype=float)
CASES = [(8, 1.5), (0, 3.0), (9, -2.0)]


@pytest.mark.parametrize(("which", "off"), CASES)
def test_least_squares_and_least_absolute_errors(which: int, off: float) -> None:
    y = onset_times(which, off)
    squares = LinearRegression().fit(X[:, None], y)
    assert np.allclose(fit_line(X, y, loss="L2"), [squares.coef_[0], squares.intercept_])
    median = QuantileRegressor(quantile=0.5, alpha=0.0).fit(X[:, None], y)
    sums = [
        np.abs(slope * X + start - y).sum()
        for slope, start in (fit_line(X, y, loss="L1"), (median.coef_[0], median.intercept_))
    ]
    assert sums[0] == pytest.approx(sums[1], rel=1e-7)


@pytest.mark.parametrize("delta", [0.05, 0.3, 2.0])
@pytest.mark.parametrize(("which", "off"), CASES)
def test_the_pulls_of_huber_are_in_balance(which: int, off: float, delta: float) -> None:
    y = onset_times(which, off)
    slope, start = fit_line(X, y, loss="Huber", delta=delta)
    pulls = huber_loss_grad(
        torch.from_numpy(slope * X + start), torch.from_numpy(y), delta=delta
    ).numpy()
    assert abs(pulls.sum()) < 1e-6
    assert abs(pulls @ X) < 1e-6


def test_a_large_delta_is_least_squares() -> None:
    y = onset_times(3, 2.5)
    huber, squares = (fit_line(X, y, loss=name, delta=50.0) for name in ("Huber", "L2"))
    assert np.allclose(huber, squares, atol=1e-7)


def test_an_onset_does_not_come_before_zero() -> None:
    assert onset_times(0, -3.0)[0] == 0
    assert onset_times(9, -3.0)[9] == pytest.approx(1.99)


def test_tempo_in_words() -> None:
    assert tempo(0.5) == "120 bpm"
    assert "backward" in tempo(-0.1)
    assert "at once" in tempo(0.0)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match='loss to be "L1", "L2" or "Huber", got \'L3\''):
        fit_line([0, 1], [0, 1], loss="L3")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="points at two places or more"):
        fit_line([1, 1], [0, 1], loss="L2")
    with pytest.raises(ParameterError, match="which from 0 to 9, got 10"):
        onset_times(10, 1.0)
    with pytest.raises(ParameterError, match="expected a family"):
        note_points("kazoo", "flute")
    with pytest.raises(ParameterError, match=r"shape \(n, 64, 64\), got \(64, 64\)"):
        decay_and_brightness(np.zeros((64, 64), np.float32))


def test_features_of_made_up_notes() -> None:
    mels = np.zeros((2, 64, 64), np.float32)
    mels[0, 10] = np.linspace(1, 0.5, 64)
    mels[1, 40] = 1.0
    (decay, low), (held, high) = decay_and_brightness(mels)
    assert decay == pytest.approx(80 * 0.5 * 32 / 63, rel=1e-3)
    assert held == pytest.approx(0, abs=1e-6)
    assert (low, high) == pytest.approx((10, 40), abs=0.1)


def test_guitars_decay_and_flutes_do_not() -> None:
    notes = note_points("guitar", "flute")
    assert len(notes.names) == len(notes.labels) == len(notes.features) == 42
    assert notes.features.mean(0) == pytest.approx([0, 0], abs=1e-9)
    guitars, flutes = (notes.features[notes.labels == y, 0] for y in (1, 0))
    assert np.median(guitars) > flutes.max()


def test_the_note_begins_at_once_and_does_not_clip() -> None:
    note = scale_note()
    assert note.dtype == np.int16
    assert np.abs(note[:400]).max() > 3000
    assert np.abs(note.astype(int)).max() == 32000
