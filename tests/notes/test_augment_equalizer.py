"""Equalizers against SciPy's frequency response and torchaudio's recursive filters."""

import math

import pytest
import torch
from scipy.signal import freqz, lfilter

from utils.errors import AudioError, ParameterError
from utils.notes.augment_equalizer import biquad_coefficients, biquad_response, equalize
from utils.torchaudio_shim import import_torchaudio

RATE = 16_000
KINDS = ["peak", "low_shelf", "high_shelf"]
FREQUENCIES = torch.linspace(0, 8000, 101, dtype=torch.float64)


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def coefficients(kind, *, frequency=1000.0, decibels=6.0, q=0.707):
    pair = torch.tensor([frequency, decibels], dtype=torch.float64)
    return biquad_coefficients(pair[0], pair[1], kind=kind, q=q)


def gains(kind, frequencies, **options):
    """Return gains in dB."""
    response = biquad_response(*coefficients(kind, **options), frequencies)
    return 20 * torch.log10(response.abs())


@pytest.mark.parametrize("kind", KINDS)
def test_the_response_agrees_with_scipy(kind):
    b, a = coefficients(kind, frequency=700.0, decibels=-9.0, q=2.0)
    _, expected = freqz([float(x) for x in b], [float(x) for x in a], FREQUENCIES, fs=RATE)
    torch.testing.assert_close(biquad_response(b, a, FREQUENCIES), torch.from_numpy(expected))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decibels", [-12.0, 6.0])
def test_filtering_agrees_with_scipy(kind, decibels):
    note = noise(2, 4000)
    b, a = coefficients(kind, frequency=300.0, decibels=decibels)
    expected = lfilter([float(x) for x in b], [float(x) for x in a], note.numpy())
    actual = equalize(note, frequency=300.0, decibels=decibels, kind=kind)
    torch.testing.assert_close(actual, torch.from_numpy(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_filtering_agrees_with_torchaudio(kind):
    functional = import_torchaudio().functional
    other = {
        "peak": functional.equalizer_biquad,
        "low_shelf": functional.bass_biquad,
        "high_shelf": functional.treble_biquad,
    }[kind]
    note = 0.01 * noise(400)  # torchaudio clips at ±1
    if kind == "peak":
        expected = other(note, RATE, 500.0, 8.0, 1.5)
    else:
        expected = other(note, RATE, 8.0, 500.0, 1.5)
    actual = equalize(note, frequency=500.0, decibels=8.0, kind=kind, q=1.5)
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("decibels", [-15.0, 10.0])
def test_bell_and_shelves_have_their_gain_where_they_should(decibels):
    at = torch.tensor([0.0, 1000.0, 8000.0], dtype=torch.float64)
    expected = {
        "peak": [0, decibels, 0],
        "low_shelf": [decibels, decibels / 2, 0],
        "high_shelf": [0, decibels / 2, decibels],
    }
    for kind, values in expected.items():
        found = gains(kind, at, decibels=decibels)
        torch.testing.assert_close(found, torch.tensor(values).double(), rtol=0, atol=1e-9)


def test_a_large_q_is_narrow():
    at = torch.tensor([800.0], dtype=torch.float64)
    assert gains("peak", at, q=5.0) < 1.5 < gains("peak", at, q=0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_opposite_gain_undoes_it(kind):
    note = noise(3000)
    there = equalize(note, frequency=2000.0, decibels=9.0, kind=kind)
    back = equalize(there, frequency=2000.0, decibels=-9.0, kind=kind)
    torch.testing.assert_close(back, note)
    torch.testing.assert_close(equalize(note, frequency=2000.0, decibels=0.0, kind=kind), note)


def test_amounts_one_a_note_and_float32():
    notes = noise(3, 3000)
    f, g = torch.tensor([100.0, 1000.0, 5000.0]), torch.tensor([3.0, -6.0, 12.0])
    together = equalize(notes, frequency=f, decibels=g)
    for i in range(3):
        alone = equalize(notes[i], frequency=float(f[i]), decibels=float(g[i]))
        torch.testing.assert_close(together[i], alone)
    single = equalize(notes.float(), frequency=f, decibels=g)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), together, rtol=1e-5, atol=1e-5)


def test_nothing_wraps_around_to_the_start():
    note = torch.zeros(RATE, dtype=torch.float64)
    note[-1] = 1
    assert equalize(note, frequency=100.0, decibels=6.0, q=2.0)[:-1].abs().max() < 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "notch"}, "expected kind of .*'peak', 'low_shelf', 'high_shelf'.* got 'notch'"),
        ({"q": 0.0}, r"expected q from 0\.1 to 10, got 0\.0"),
        ({"q": math.nan}, r"expected q from 0\.1 to 10, got nan"),
        ({"frequency": 8000.0}, "expected frequency from 20 to 7900, got 8000"),
        ({"decibels": 50.0}, "expected decibels from -40 to 40, got 50"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        equalize(noise(100), **({"frequency": 1000.0, "decibels": 3.0} | options))


def test_what_is_no_waveform_is_refused():
    with pytest.raises(AudioError, match="expected waveform of a floating-point dtype"):
        equalize(torch.zeros(10, dtype=torch.int32), frequency=1000.0, decibels=3.0)
