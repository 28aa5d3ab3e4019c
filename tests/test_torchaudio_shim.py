"""torchaudio beside a build of PyTorch that its compiled half does not fit."""

import subprocess
import sys
import threading
import time
from types import ModuleType

import numpy as np
import pytest
import scipy.signal
import torch

from utils import torchaudio_shim
from utils.torchaudio_shim import has_compiled_half, import_torchaudio

SAMPLE_RATE = 16_000


@pytest.fixture(scope="module")
def tone() -> torch.Tensor:
    """One second of a 1 kHz tone."""
    return torch.sin(2 * torch.pi * 1000 * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)


def test_importing_again_gives_the_same_module() -> None:
    first = import_torchaudio()
    results: list[ModuleType] = []
    threads = [
        threading.Thread(target=lambda: results.append(import_torchaudio())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(module is first for module in results)
    assert sys.modules["torchaudio"] is first


def test_threads_that_import_first_agree() -> None:
    code = """
import threading
from utils.torchaudio_shim import import_torchaudio
found = []
threads = [threading.Thread(target=lambda: found.append(import_torchaudio())) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
import torchaudio
assert len(found) == 8 and all(m is torchaudio for m in found), found
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_thread_imports_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[str] = []
    most = []

    def slow(name: str) -> ModuleType:
        inside.append(name)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return torch

    monkeypatch.setattr(torchaudio_shim.importlib, "import_module", slow)
    threads = [threading.Thread(target=import_torchaudio) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_the_peak_of_a_mel_spectrogram(tone: torch.Tensor) -> None:
    import_torchaudio()
    import torchaudio.transforms

    mel = torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATE, n_fft=1024, n_mels=64, mel_scale="htk", f_min=0.0, f_max=8000.0
    )(tone)
    assert mel.shape == (64, 32)
    top = 2595 * np.log10(1 + 8000 / 700)
    expected = round(2595 * np.log10(1 + 1000 / 700) / (top / 65)) - 1
    assert abs(int(mel.mean(-1).argmax()) - expected) <= 1


def test_resampling_keeps_the_tone(tone: torch.Tensor) -> None:
    import_torchaudio()
    import torchaudio.transforms

    half = torchaudio.transforms.Resample(SAMPLE_RATE, SAMPLE_RATE // 2)(tone)
    assert half.shape == (SAMPLE_RATE // 2,)
    assert int(torch.fft.rfft(half).abs().argmax()) == 1000


def test_a_recursive_filter_against_scipy() -> None:
    import_torchaudio()
    import torchaudio.functional

    noise = torch.randn(2, 500, generator=torch.Generator().manual_seed(0)) * 0.1
    a, b = torch.tensor([1.0, -0.5, 0.2]), torch.tensor([1.0, 0.5, 0.1])
    expected = scipy.signal.lfilter(b.numpy(), a.numpy(), noise.numpy())
    got = torchaudio.functional.lfilter(noise, a, b, clamp=False)
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-5)


def test_masking_hides_a_stripe() -> None:
    import_torchaudio()
    import torchaudio.transforms

    torch.manual_seed(0)
    masked = torchaudio.transforms.FrequencyMasking(20)(torch.ones(1, 64, 64))
    rows = masked[0].mean(-1)
    assert set(rows.tolist()) == {0.0, 1.0}


@pytest.mark.skipif(has_compiled_half(), reason="the compiled half fits here")
def test_what_needs_the_compiled_half_says_so() -> None:
    import torchaudio.functional

    with pytest.raises(RuntimeError, match="forced_align needs its compiled half"):
        torchaudio.functional.forced_align(torch.zeros(1, 2, 3), torch.zeros(1, 1))


def test_a_missing_torchaudio_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError("No module named 'torchaudio'", name="torchaudio")

    monkeypatch.setattr(torchaudio_shim.importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match="No module named 'torchaudio'"):
        import_torchaudio()


def test_two_broken_halves_are_both_named() -> None:
    code = """
import utils.torchaudio_shim as shim
def broken(name):
    raise OSError("libc10_cuda.so is missing")
shim.importlib.import_module = broken
try:
    shim.import_torchaudio()
except ImportError as error:
    assert "expected a torchaudio that fits PyTorch" in str(error), error
    assert "libc10_cuda.so is missing" in str(error), error
else:
    raise SystemExit("no error")
import sys
assert not any(name.startswith("torchaudio") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
