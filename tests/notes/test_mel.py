"""The front end: golden arrays, two independent libraries, and what may go wrong."""

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notes.golden import GOLDEN_FILE, STEPS, reference, signals
from tests.notes.helpers import tone
from utils.errors import AudioError, ParameterError
from utils.notes import mel, store_reader
from utils.notes.front_end import FRONT_END, FRONT_END_ID, FrontEnd
from utils.notes.mel import dequantize, log_mel_spectrogram, mel_filter_bank, quantize

BUMP = "the front end computes something else: bump FrontEnd.version, then remake the golden file"
PARAMETERS = {"n_fft": 2048, "hop_length": 1000, "n_mels": 64}


def in_db(values: np.ndarray | torch.Tensor) -> np.ndarray:
    return (np.asarray(values, np.float64) - 1) * 80


@pytest.fixture(scope="module")
def waves() -> torch.Tensor:
    return torch.from_numpy(np.stack(list(signals().values())))


@pytest.fixture(scope="module")
def heard(waves: torch.Tensor) -> torch.Tensor:
    """Return the signals that are not silent."""
    return waves[:7]


def other_level(mel_power: np.ndarray) -> np.ndarray:
    """Return the level below the maximum, from another library's mel power (n, 64, 65)."""
    level = 10 * np.log10(np.maximum(mel_power[..., :64], 1e-10))
    return level - level.max(axis=(1, 2), keepdims=True)


def test_golden_arrays(waves: torch.Tensor) -> None:
    golden = np.load(GOLDEN_FILE, allow_pickle=False)
    assert golden["names"].tolist() == list(signals())
    values = log_mel_spectrogram(waves)[:, 0].numpy()
    for name, got, stored in zip(signals(), values, golden["values"], strict=True):
        difference = np.abs(in_db(got) - in_db(stored / STEPS)).max()
        assert difference <= 0.01, f"{name}: {difference:.3f} dB; {BUMP}"


def test_golden_arrays_are_of_this_front_end() -> None:
    golden = np.load(GOLDEN_FILE, allow_pickle=False)
    assert str(golden["front_end"]) == FRONT_END_ID == FRONT_END.id, BUMP


def test_golden_arrays_are_what_the_reference_computes() -> None:
    golden = np.load(GOLDEN_FILE, allow_pickle=False)
    expected = reference(signals()["decaying"])
    assert np.abs(golden["values"][1] / STEPS - expected).max() < 1 / STEPS


def test_any_parameter_changes_the_id() -> None:
    assert FrontEnd(version=2).id != FRONT_END_ID
    assert FrontEnd(f_min=21.0).id != FRONT_END_ID
    assert FrontEnd().id == FRONT_END_ID


def test_agrees_with_librosa(heard: torch.Tensor) -> None:
    power = librosa.feature.melspectrogram(
        y=heard.numpy(),
        sr=16_000,
        fmin=20,
        fmax=8000,
        htk=True,
        norm=None,
        pad_mode="reflect",
        **PARAMETERS,
    )
    expected = other_level(power)
    difference = in_db(log_mel_spectrogram(heard)[:, 0]) - expected
    assert np.abs(difference[expected > -75]).max() < 0.05


def test_agrees_with_torchaudio(heard: torch.Tensor) -> None:
    from utils.torchaudio_shim import import_torchaudio

    import_torchaudio()
    from torchaudio.transforms import MelSpectrogram

    transform = MelSpectrogram(
        16_000, f_min=20.0, f_max=8000.0, norm=None, mel_scale="htk", **PARAMETERS
    )
    expected = other_level(transform(heard).numpy())
    difference = in_db(log_mel_spectrogram(heard)[:, 0]) - expected
    assert np.abs(difference[expected > -75]).max() < 0.05


def test_filter_bank_agrees_with_librosa() -> None:
    expected = librosa.filters.mel(
        sr=16_000, n_fft=2048, n_mels=64, fmin=20, fmax=8000, htk=True, norm=None, dtype=np.float64
    )
    bank = mel_filter_bank(dtype=torch.float64).numpy()
    assert bank.shape == (64, 1025)
    np.testing.assert_allclose(bank, expected, atol=1e-9)


def test_filters_overlap_to_one_and_none_is_empty() -> None:
    bank = mel_filter_bank()
    assert bank.dtype == torch.float32
    assert (bank.amax(dim=1) > 0.5).all()
    peaks = bank.argmax(dim=1)
    inside = bank[:, int(peaks[0]) + 1 : int(peaks[-1])]
    torch.testing.assert_close(inside.sum(dim=0), torch.ones(inside.shape[1]))


@pytest.mark.parametrize("changes", [{"f_min": -1.0}, {"f_max": 9000.0}, {"f_min": 8000.0}])
def test_filter_bank_refuses_impossible_frequencies(changes: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match="expected 0 <= f_min < f_max <= 8000 Hz"):
        mel_filter_bank(front_end=FrontEnd(**changes))


def test_shape_type_and_range(waves: torch.Tensor) -> None:
    values = log_mel_spectrogram(waves)
    assert values.shape == (9, 1, 64, 64)
    assert values.dtype == torch.float32
    assert values.min() == 0
    assert torch.equal(values[:7].amax(dim=(1, 2, 3)), torch.ones(7))


def test_silence_and_what_is_below_the_floor_are_zero(waves: torch.Tensor) -> None:
    values = log_mel_spectrogram(waves)
    assert torch.equal(values[8], torch.zeros(1, 64, 64))
    assert torch.equal(log_mel_spectrogram(1e-9 * waves[:1]), torch.zeros(1, 1, 64, 64))
    # Faint, but above the floor: a note like any other.
    assert values[7].max() == 1


def test_frequency_goes_from_low_to_high() -> None:
    bank = mel_filter_bank()
    time = torch.arange(64_000) / 16_000
    for band in (5, 20, 40, 60):
        frequency = int(bank[band].argmax()) * 16_000 / 2048
        values = log_mel_spectrogram(torch.sin(2 * torch.pi * frequency * time))
        assert int(values[0, 0, :, 30].argmax()) == band


def test_frames_are_centered_and_go_from_early_to_late() -> None:
    for frame in (0, 1, 32, 63):
        click = torch.zeros(64_000)
        click[1000 * frame] = 1.0
        energy = log_mel_spectrogram(click)[0, 0].mean(dim=0)
        assert int(energy.argmax()) == frame
        assert float(energy[frame]) > 0.5


def test_level_does_not_matter(heard: torch.Tensor) -> None:
    torch.testing.assert_close(
        log_mel_spectrogram(0.125 * heard), log_mel_spectrogram(heard), atol=1e-6, rtol=0
    )


@settings(max_examples=6)
@given(start=st.integers(0, 40), length=st.integers(1, 40))
def test_a_note_gives_the_same_in_any_batch(start: int, length: int) -> None:
    wave = torch.from_numpy(tone(pitch=57))
    shifts = torch.arange(80)[:, None]
    batch = wave.expand(80, -1) * (0.5 + shifts / 160)
    batch = torch.where(torch.arange(64_000) % (shifts + 2) == 0, batch * 0.3, batch)
    part = batch[start : start + length]
    alone = torch.cat([log_mel_spectrogram(note) for note in part[:5]])
    together = log_mel_spectrogram(part)
    assert (together[:5] - alone).abs().max() <= 1e-6


def test_one_note_needs_no_batch_axis(waves: torch.Tensor) -> None:
    assert torch.equal(log_mel_spectrogram(waves[1]), log_mel_spectrogram(waves[1:2]))


def test_empty_batch() -> None:
    assert log_mel_spectrogram(torch.empty(0, 64_000)).shape == (0, 1, 64, 64)


def test_long_notes_are_cut_and_short_ones_padded(waves: torch.Tensor) -> None:
    expected = log_mel_spectrogram(waves[1])
    longer = torch.cat([waves[1], torch.ones(5000)])
    assert torch.equal(log_mel_spectrogram(longer), expected)
    shorter = waves[4, :9000]
    assert torch.equal(log_mel_spectrogram(shorter), log_mel_spectrogram(waves[4]))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floating_point_types_become_float32(waves: torch.Tensor, dtype: torch.dtype) -> None:
    rounded = waves[:2].to(dtype)
    values = log_mel_spectrogram(rounded)
    assert values.dtype == torch.float32
    assert torch.equal(values, log_mel_spectrogram(rounded.float()))


def test_memory_layout_does_not_matter_and_the_input_stays(waves: torch.Tensor) -> None:
    strided = waves[:3].T.contiguous().T
    before = strided.clone()
    assert torch.equal(log_mel_spectrogram(strided), log_mel_spectrogram(waves[:3]))
    assert torch.equal(strided, before)


def test_autocast_and_default_type_do_not_reach_in(waves: torch.Tensor) -> None:
    expected = log_mel_spectrogram(waves[:2])
    mel._constants.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            values = log_mel_spectrogram(waves[:2])
    finally:
        torch.set_default_dtype(torch.float32)
    assert values.dtype == torch.float32
    assert torch.equal(values, expected)


def test_gradients_agree_with_finite_differences() -> None:
    mel._constants.cache_clear()
    with torch.inference_mode():
        log_mel_spectrogram(torch.ones(64_000))  # must not spoil what is kept for later
    # Every cell of noise is far above the range's end, where the slope would jump.
    wave = torch.from_numpy(signals()["noise"]).double()
    direction = torch.from_numpy(tone(pitch=53, decay=0.2)).double()
    weights = torch.linspace(-1, 1, 64 * 64).reshape(1, 1, 64, 64)

    def objective(step: float) -> float:
        return float((log_mel_spectrogram(wave + step * direction).double() * weights).sum())

    leaf = wave.clone().requires_grad_()
    (log_mel_spectrogram(leaf) * weights).sum().backward()
    assert leaf.grad is not None
    slope = float((leaf.grad * direction).sum())
    finite = (objective(3e-3) - objective(-3e-3)) / 6e-3
    assert slope == pytest.approx(finite, rel=0.01)


def test_other_parameters_give_other_shapes() -> None:
    small = FrontEnd(n_mels=40, n_fft=1024, win_length=1024, n_frames=32)
    assert log_mel_spectrogram(torch.ones(2, 64_000), front_end=small).shape == (2, 1, 40, 32)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e20])
def test_bad_samples_are_refused_and_the_note_is_named(bad: float) -> None:
    batch = torch.zeros(5, 64_000)
    batch[3, 12_345] = bad
    with pytest.raises(AudioError, match=r"expected finite samples.*in note 3 \(1 such notes\)"):
        log_mel_spectrogram(batch)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(64_000, np.float32), r"expected a torch\.Tensor, got ndarray"),
        (torch.zeros(64_000, dtype=torch.int16), "dtype=torch.int16.*prepare_waveform"),
        (torch.zeros(2, 64_000, dtype=torch.complex64), "dtype=torch.complex64"),
        (torch.zeros(64_000, 1), r"got shape=\(64000, 1\)"),
        (torch.zeros(1, 1, 64_000), r"got shape=\(1, 1, 64000\)"),
        (torch.tensor(0.0), r"got shape=\(\)"),
        (torch.zeros(0), r"got shape=\(0,\)"),
        (torch.zeros(3, 0), r"got shape=\(3, 0\)"),
        (torch.zeros(2047), r"got shape=\(2047,\)"),
    ],
)
def test_what_is_no_note_is_refused(waveform: torch.Tensor, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        log_mel_spectrogram(waveform)


def test_quantizing_loses_at_most_half_a_step() -> None:
    values = torch.linspace(0, 1, 1001)
    steps = quantize(values)
    assert steps.dtype == torch.uint8
    assert (dequantize(steps) - values).abs().max() <= 0.5 / 255 + 1e-7


def test_quantized_values_survive_and_numpy_agrees() -> None:
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(quantize(dequantize(every)), every)
    assert np.array_equal(store_reader.dequantize(every.numpy()), dequantize(every).numpy())
    values = torch.linspace(-0.1, 1.1, 5000)
    assert np.array_equal(store_reader.quantize(values.numpy()), quantize(values).numpy())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_computes_the_same(waves: torch.Tensor) -> None:
    values = log_mel_spectrogram(waves.cuda())
    assert values.is_cuda
    assert (values.cpu() - log_mel_spectrogram(waves)).abs().max() < 0.01 / 80
