"""Any sound becomes a note, or is refused with a clear error."""

import contextlib
import hashlib
import io

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.notes.helpers import to_16_bit, tone
from utils.errors import AudioError, ParameterError
from utils.notes.audio import pcm_sha256, prepare_waveform, read_sound

RATES = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def sine(frequency: float, sample_rate: int, *, seconds: float = 4.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * sample_rate)) / sample_rate)


def level_db(waveform: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(waveform**2)) / np.sqrt(0.5)))


def test_a_note_stays_as_it_is() -> None:
    note = tone()
    result = prepare_waveform(note, 16_000)
    assert result.dtype == np.float32
    assert np.array_equal(result, note)
    assert not np.shares_memory(result, note)


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_tone_keeps_its_pitch_level_and_phase(sample_rate: int) -> None:
    result = prepare_waveform(0.5 * sine(1000, sample_rate), sample_rate)
    assert result.shape == (64_000,)
    inside = slice(2000, 62_000)
    assert np.abs(result - 0.5 * sine(1000, 16_000))[inside].max() < 1e-3


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000])
def test_resampling_keeps_what_is_heard_and_stops_aliases(sample_rate: int) -> None:
    kept = prepare_waveform(sine(7000, sample_rate), sample_rate)[2000:62_000]
    assert abs(level_db(kept)) < 0.05
    stopped = prepare_waveform(sine(8100, sample_rate), sample_rate)[2000:62_000]
    assert level_db(stopped) < -80


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 8000, 12_345])
def test_cutting_first_changes_nothing(sample_rate: int) -> None:
    long = sine(440, sample_rate, seconds=9.0) * np.linspace(1, 0.1, 9 * sample_rate)
    whole = prepare_waveform(long, sample_rate, n_samples=None)
    assert len(whole) == pytest.approx(9 * 16_000, abs=1)
    np.testing.assert_allclose(prepare_waveform(long, sample_rate), whole[:64_000], atol=1e-7)


def test_short_sounds_are_padded_at_the_end() -> None:
    result = prepare_waveform(np.ones(10), 16_000)
    assert np.array_equal(result, np.r_[np.ones(10), np.zeros(63_990)])


def test_silence_stays_silence() -> None:
    assert not prepare_waveform(np.zeros(44_100), 44_100).any()


def test_another_rate_and_length() -> None:
    assert prepare_waveform(np.ones(16_000), 16_000, to_rate=8000, n_samples=500).shape == (500,)


@pytest.mark.parametrize(
    ("dtype", "samples", "expected"),
    [
        (np.int8, [-128, 0, 64], [-1, 0, 0.5]),
        (np.int16, [-32_768, 0, 16_384], [-1, 0, 0.5]),
        (np.int32, [-(2**31), 0, 2**30], [-1, 0, 0.5]),
        (np.uint8, [0, 128, 192], [-1, 0, 0.5]),
        (np.float16, [-1, 0, 0.5], [-1, 0, 0.5]),
        (np.float64, [-1.5, 0, 0.5], [-1.5, 0, 0.5]),
    ],
)
def test_integers_are_scaled_by_their_full_scale(
    dtype: type, samples: list[float], expected: list[float]
) -> None:
    result = prepare_waveform(np.asarray(samples, dtype), 16_000, n_samples=3)
    assert result.tolist() == expected


def test_channels_are_averaged() -> None:
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    assert (prepare_waveform(stereo, 16_000, n_samples=100) == 0.125).all()
    left = np.stack([np.full(100, 32_767), np.full(100, 32_767)], axis=1).astype(np.int16)
    assert prepare_waveform(left, 16_000, n_samples=1) == np.float32(32_767 / 32_768)


def test_tensors_are_taken() -> None:
    assert np.array_equal(prepare_waveform(torch.from_numpy(tone()), 16_000), tone())


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros((2, 64_000)), r"got shape=\(2, 64000\).*audio\.T"),
        (np.zeros((2, 20)), r"got shape=\(2, 20\).*audio\.T"),
        (np.zeros((64_000, 33)), r"got shape=\(64000, 33\)"),
        (np.zeros((10, 1, 2)), r"got shape=\(10, 1, 2\)"),
        (np.float32(0.5), r"got shape=\(\)"),
        ([], r"at least one sample, got shape=\(0,\)"),
        (np.zeros((0, 2)), r"at least one sample, got shape=\(0, 2\)"),
        (np.zeros((5, 0)), r"at least one sample, got shape=\(5, 0\)"),
        ([1, 2, 3], "no known full scale.*got dtype=int64"),
        (np.zeros(10, np.uint16), "got dtype=uint16"),
        (np.zeros(10, bool), "got dtype=bool"),
        (np.zeros(10, complex), "got dtype=complex128"),
        (np.asarray([None, 1.0]), "got dtype=object"),
        (["a", "b"], "got dtype=<U1"),
        ([[1.0], [1.0, 2.0]], "expected an array of samples"),
        ([0.0, float("nan"), float("inf")], "got 2 NaN or infinite of 3"),
        ([0.0, 1e30], r"expected samples of about -1 to 1, got 1e\+30"),
    ],
)
def test_what_is_no_sound_is_refused(audio: object, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        prepare_waveform(audio, 16_000)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -1, 22_050.5, float("nan"), True, "44100", None, 10**9])
def test_wrong_rates_are_refused(rate: object) -> None:
    with pytest.raises(ParameterError, match="sample_rate: expected a whole number from 1 to"):
        prepare_waveform(np.zeros(10), rate)  # type: ignore[arg-type]


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ParameterError, match="n_samples: expected a whole number"):
        prepare_waveform(np.zeros(10), 16_000, n_samples=0)


@settings(max_examples=60)
@given(
    audio=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int16, np.uint8]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40),
    ),
    rate=st.sampled_from([*RATES, 1, 7919]),
)
def test_every_array_gives_a_note_or_an_audio_error(audio: np.ndarray, rate: int) -> None:
    with contextlib.suppress(AudioError):
        result = prepare_waveform(audio, rate, n_samples=300)
        assert result.shape == (300,)
        assert result.dtype == np.float32
        assert np.isfinite(result).all()


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_32", 2**-23),
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "FLOAT", 0),
        ("a.flac", "PCM_16", 2**-15),
        ("ä b.wav", "PCM_16", 2**-15),
    ],
)
def test_sound_files_are_read(tmp_path, name: str, subtype: str, tolerance: float) -> None:
    stereo = np.stack([tone(), -0.5 * tone(pitch=50)], axis=1)
    soundfile.write(tmp_path / name, stereo, 22_050, subtype=subtype)
    waveform, sample_rate = read_sound(tmp_path / name)
    assert sample_rate == 22_050
    assert waveform.dtype == np.float32
    assert np.abs(waveform - stereo).max() <= tolerance


def test_sounds_are_read_from_memory() -> None:
    file = io.BytesIO()
    soundfile.write(file, tone(), 16_000, format="WAV", subtype="PCM_16")
    file.seek(0)
    assert np.array_equal(read_sound(file)[0], tone())


def test_files_that_are_no_sound_are_refused(tmp_path) -> None:
    with pytest.raises(AudioError, match=r"got gone\.wav, which does not exist"):
        read_sound(tmp_path / "gone.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(AudioError, match=r"expected a sound file, got text\.wav"):
        read_sound(tmp_path / "text.wav")
    with pytest.raises(AudioError, match="expected a sound file, got the file"):
        read_sound(io.BytesIO(b""))


def test_hash_is_that_of_the_samples_in_a_wav_file() -> None:
    waveform = to_16_bit(np.linspace(-1, 1, 5000))
    pcm = (waveform.astype(np.float64) * 32_768).astype("<i2").tobytes()
    assert pcm_sha256(waveform) == hashlib.sha256(pcm).hexdigest()
    assert pcm_sha256(waveform) != pcm_sha256(waveform[::-1])


def test_hash_rounds_and_clips() -> None:
    assert pcm_sha256(np.float32([2.0, -2.0])) == pcm_sha256(np.float32([32_767, -32_768]) / 32_768)
    assert pcm_sha256(np.float32([1e-6])) == pcm_sha256(np.float32([0.0]))
