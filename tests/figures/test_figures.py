"""What the figures show, read back from the Axes, and what they say in words."""

import librosa
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from utils.errors import ParameterError
from utils.figures.confusion import describe_confusion, draw_confusion
from utils.figures.curves import describe_learning_curves, draw_learning_curves
from utils.figures.notes import (
    _band,
    _center,
    describe_log_mel,
    describe_waveform,
    draw_log_mel,
    draw_waveform,
)
from utils.figures.style import SPLIT_STYLES
from utils.notes.front_end import FRONT_END
from utils.notes.mel import log_mel_spectrogram
from utils.notes.vocabulary import FAMILIES
from utils.training.history import Epoch, History

OKABE_ITO = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}


@pytest.fixture(autouse=True, params=["default", "dark_background"])
def _light_and_dark(request):
    mpl.use("Agg")
    with plt.style.context(request.param):
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()  # nothing may fail while it is drawn
    plt.close("all")


def tone(hz: float, start: float = 0.0, stop: float = 4.0) -> np.ndarray:
    time = np.arange(64_000) / 16_000
    return (0.5 * np.sin(2 * np.pi * hz * time) * (time >= start) * (time < stop)).astype("float32")


def log_mel_of(waveform: np.ndarray) -> np.ndarray:
    return log_mel_spectrogram(torch.from_numpy(waveform))[0].numpy()


@pytest.fixture
def history():
    losses = [(2.0, 1.8, 0.3), (1.0, 1.2, 0.5), (0.5, 1.4, 0.55)]
    return History(
        [Epoch(n, a, n / 4, b, c, 1e-3, 1.0) for n, (a, b, c) in enumerate(losses, 1)],
    )


@pytest.fixture
def matrix():
    counts = np.diag(np.arange(10, 21))
    counts[9] = 0  # no synth_lead
    counts[0, 2] = 30
    counts[4, 9] = 2
    return counts


def test_split_styles_differ_in_color_and_in_a_second_sign():
    styles = SPLIT_STYLES.values()
    assert {style.color for style in styles} <= OKABE_ITO
    assert len({style.color for style in styles}) == len(styles) == 5
    assert len({(style.dash, style.marker) for style in styles}) == 5
    assert len({style.marker for style in styles}) == 5


def test_waveform_over_seconds():
    waveform = tone(440)
    ax = draw_waveform(waveform)
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(y, waveform)
    assert x[16_000] == 1.0
    assert ax.get_xlim() == (0, 4)
    assert ax.get_ylim() == (-1, 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "amplitude")


def test_a_loud_waveform_is_not_cut_off():
    assert draw_waveform(4 * tone(440)).get_ylim() == pytest.approx((-2, 2))


def test_waveform_in_words():
    words = describe_waveform(tone(400, start=1.0, stop=3.0))
    assert words == (
        "Waveform of 4.00 s: heard from 1.00 s to 3.00 s, largest amplitude 0.50 at 1.00 s."
    )
    assert describe_waveform(np.zeros(8000)) == "Waveform of 0.50 s: silence."
    assert "of 1.45 s" in describe_waveform(tone(400), sample_rate=44_100)


@pytest.mark.parametrize("hz", [100, 400, 1000, 2000, 4000, 7000])
def test_a_tone_lies_at_its_frequency(hz):
    """The tick of a frequency stands within one band of the loudest row of such a tone."""
    log_mel = log_mel_of(tone(hz))
    ax = draw_log_mel(log_mel)
    image = ax.images[0].get_array()
    assert ax.images[0].origin == "lower"
    loudest_row = int(image.mean(axis=1).argmax())
    ticks = dict(zip([t.get_text() for t in ax.get_yticklabels()], ax.get_yticks(), strict=True))
    assert ticks[str(hz)] == pytest.approx(loudest_row, abs=1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "frequency (Hz)")
    said = float(describe_log_mel(log_mel).split("near ")[1].split(" Hz")[0])
    assert said == pytest.approx(hz, rel=0.06, abs=25)  # bands are 40 Hz wide at the bottom


def test_band_centers_are_those_of_the_filter_bank():
    centers = librosa.mel_frequencies(66, fmin=20.0, fmax=8000.0, htk=True)[1:-1]
    np.testing.assert_allclose(_center(np.arange(64), FRONT_END), centers)
    np.testing.assert_allclose(_band(centers, FRONT_END), np.arange(64), atol=1e-9)


def test_log_mel_time_axis_and_levels():
    log_mel = log_mel_of(tone(440, start=2.0))
    ax = draw_log_mel(log_mel[0])
    left, right = ax.images[0].get_extent()[:2]
    columns = np.linspace(left, right, 65)
    first = np.flatnonzero(log_mel[0].max(axis=0) > 0.9)[0]
    # Frames half a window (0.064 s) before the start already hear it.
    assert columns[first] == pytest.approx(2.0, abs=0.1)
    level = ax.images[0].get_array()
    assert level.max() == 0
    assert level.min() == -80
    assert ax.images[0].get_clim() == (-80, 0)
    assert ax.images[0].get_cmap().name == "viridis"
    assert len(ax.figure.axes) == 2  # with a color bar
    assert len(draw_log_mel(log_mel, colorbar=False).figure.axes) == 1


def test_log_mel_in_words():
    words = describe_log_mel(log_mel_of(tone(440, start=1.0, stop=3.0)))
    assert words.startswith("Log-mel spectrogram, 64 bands, 4.0 s: loudest at ")
    start, stop = (float(w) for w in words.split("between ")[1].rstrip(" s.").split(" and "))
    assert (start, stop) == pytest.approx((1.0, 3.0), abs=0.1)
    assert describe_log_mel(np.zeros((64, 64))).endswith("4.0 s: silence.")


def test_learning_curves(history):
    ax = draw_learning_curves(history)
    train, validation, mark, star = ax.lines
    np.testing.assert_allclose(train.get_data(), [[1, 2, 3], [2.0, 1.0, 0.5]])
    np.testing.assert_allclose(validation.get_data(), [[1, 2, 3], [1.8, 1.2, 1.4]])
    assert mark.get_xdata()[0] == 2
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (2, 1.2)
    assert (train.get_color(), validation.get_color()) == ("#0072B2", "#D55E00")
    assert train.get_linestyle() != validation.get_linestyle()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["train", "validation", "best epoch (2)"]


def test_accuracy_curves_keep_the_best_epoch_by_loss(history):
    ax = draw_learning_curves(history, quantity="accuracy")
    assert ax.lines[3].get_data() == ([2], [0.5])
    assert ax.get_ylim() == (0, 1)
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[-1].get_text() == "100%"


def test_one_epoch_can_be_drawn(history):
    history.epochs = history.epochs[:1]
    ax = draw_learning_curves(history)
    ax.figure.canvas.draw()
    assert all(tick == int(tick) for tick in ax.get_xticks())
    assert describe_learning_curves(history).startswith("Loss over 1 epoch: train from 2.000 to")


def test_learning_curves_in_words(history):
    assert describe_learning_curves(history) == (
        "Loss over 3 epochs: train from 2.000 to 0.500, validation from 1.800 to 1.400; "
        "best epoch 2, validation loss 1.200."
    )
    assert describe_learning_curves(history, quantity="accuracy") == (
        "Accuracy over 3 epochs: train from 25.0% to 75.0%, validation from 30.0% to 55.0%; "
        "best epoch 2, validation accuracy 50.0%."
    )


def texts_at(ax):
    return {(t.get_position()[1], t.get_position()[0]): t for t in ax.texts}


def test_confusion_rows_in_percent(matrix):
    ax = draw_confusion(matrix)
    texts = texts_at(ax)
    assert texts[0, 0].get_text() == "25"  # 10 of 40 bass notes
    assert texts[0, 2].get_text() == "75"
    assert texts[1, 1].get_text() == "100"
    assert (1, 0) not in texts  # nothing stands in an empty cell
    assert ax.images[0].get_array()[0, 2] == 0.75
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels[:2] == ["bass (40)", "brass (11)"]
    assert [t.get_text() for t in ax.get_xticklabels()] == list(FAMILIES)
    assert ax.get_ylabel() == "true family (notes)"


def test_confusion_shows_na_for_an_empty_row(matrix):
    ax = draw_confusion(matrix)
    assert texts_at(ax)[9, 5].get_text() == "n/a: no notes"
    (box,) = ax.patches
    assert (box.get_y(), box.get_width(), box.get_hatch()) == (8.5, 11, "///")
    assert [t.get_text() for t in ax.get_yticklabels()][9] == "synth_lead (0)"


def luminance(color) -> float:
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_numbers_can_be_read_on_every_color():
    viridis = mpl.colormaps["viridis"]
    for percent in range(1, 101):
        counts = np.diag([100, 100])
        counts[0] = percent, 100 - percent
        ax = draw_confusion(counts, names=("a", "b"))
        text, cell = luminance(texts_at(ax)[0, 0].get_color()), luminance(viridis(percent / 100))
        high, low = max(text, cell), min(text, cell)
        assert (high + 0.05) / (low + 0.05) > 4, percent
        plt.close(ax.figure)


def test_confusion_in_words(matrix):
    words = describe_confusion(matrix)
    assert words.startswith(f"Confusion matrix of {matrix.sum()} notes. Found: bass 25%, brass 100")
    assert "synth_lead n/a" in words
    assert words.endswith(
        "Most frequent mistakes: 75% of bass taken for flute; 12% of keyboard taken for synth_lead."
    )
    assert describe_confusion(np.diag([1, 1]), names=("a", "b")).endswith("mistakes: none.")


def test_every_figure_draws_on_given_axes(history, matrix):
    _, axes = plt.subplots(1, 4)
    waveform = tone(440)
    assert draw_waveform(waveform, ax=axes[0]) is axes[0]
    assert draw_log_mel(log_mel_of(waveform), ax=axes[1]) is axes[1]
    assert draw_learning_curves(history, ax=axes[2]) is axes[2]
    assert draw_confusion(matrix, ax=axes[3]) is axes[3]
    assert len(plt.get_fignums()) == 1


REFUSED = {
    "waveform": (lambda f: f(np.zeros((2, 3))), [draw_waveform, describe_waveform], r"\(2, 3\)"),
    "empty": (lambda f: f([]), [draw_waveform, describe_waveform], r"\(n_samples,\), got \(0,\)"),
    "mel": (
        lambda f: f(np.zeros((2, 64, 64))),
        [draw_log_mel, describe_log_mel],
        r"log-mel of shape \(64, 64\), got \(2, 64, 64\)",
    ),
    "history": (
        lambda f: f(History()),
        [draw_learning_curves, describe_learning_curves],
        "at least 1 epoch, got an empty one",
    ),
    "quantity": (
        lambda f: f(History(), quantity="lr"),
        [draw_learning_curves, describe_learning_curves],
        '"loss" or "accuracy", got \'lr\'',
    ),
    "matrix": (
        lambda f: f(np.zeros((2, 2), int)),
        [draw_confusion, describe_confusion],
        r"shape \(11, 11\), got \(2, 2\)",
    ),
    "shares": (
        lambda f: f(np.eye(11)),
        [draw_confusion, describe_confusion],
        "counts: whole numbers >= 0",
    ),
    "negative": (
        lambda f: f(-np.eye(11, dtype=int)),
        [draw_confusion, describe_confusion],
        "counts: whole numbers >= 0",
    ),
}


@pytest.mark.parametrize(("call", "functions", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(call, functions, message):
    for function in functions:
        with pytest.raises(ParameterError, match=message):
            call(function)
