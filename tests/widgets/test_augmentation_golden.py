"""The changes of the audition: Python's on course functions, JavaScript's on Python's."""

import math

import numpy as np
import pytest
import torch

from tests.widgets.run_node import run_node
from utils.notes.augment_mel_levels import mel_tilt
from utils.notes.mel import log_mel_spectrogram
from utils.widgets.augmentation.changes import CHANGES, band_of

N = 64_000
LOUD = {"pitch_shift": 3.0, "time_stretch": 1.3, "noise": -20.0, "bands": 10.0, "tilt": 0.2}
AMOUNTS: dict[str, tuple[float, ...]] = {
    name: (LOUD.get(name, change.amount.high / 2),) for name, change in CHANGES.items()
}
AMOUNTS["pitch_shift"] = (3.0, -7.0, 12.0)
AMOUNTS["time_stretch"] = (1.3, 0.6)
AMOUNTS["shelf"] = (-12.0, 9.0)
AMOUNTS["time_shift"] = (0.3, -0.5)
CASES = [(name, amount) for name, amounts in AMOUNTS.items() for amount in amounts]


def tone(n: int = N) -> torch.Tensor:
    """Return a struck sound with vibrato, decaying, no partial above 3.5 kHz."""
    t = torch.arange(n, dtype=torch.float64) / 16_000
    phase = 2 * torch.pi * (220 * t + 2 * torch.sin(2 * torch.pi * 5 * t) / 5)
    partials = sum(torch.sin(k * phase) / k for k in range(1, 14))
    return 0.2 * partials * torch.exp(-1.5 * t) * (1 - torch.exp(-200 * t))


def picture(seed: int = 0) -> torch.Tensor:
    """Return a picture with silence in it."""
    values = torch.rand((1, 1, 64, 64), generator=torch.Generator().manual_seed(seed))
    values = values.double() * 1.2 - 0.2
    return (values / values.max()).clamp_min(0)


@pytest.fixture(scope="module")
def in_javascript(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[float]]]:
    """Return what the browser's code makes of the tone (every 97th sample) and of the picture."""
    body = """
const change = createSoundChanges(data.tone);
result = {
  sounds: data.cases.map(([name, a]) => Array.from(change(name, a)).filter((_, t) => t % 97 === 0)),
  pictures: data.cases.map(([name, a]) => Array.from(changePicture(data.picture, name, a))),
  bands: data.hertz.map(bandOf),
};"""
    data = {
        "tone": tone().tolist(),
        "picture": picture().flatten().tolist(),
        "cases": CASES,
        "hertz": [20.0, 440.0, 8000.0],
    }
    imports = {
        "soundChanges": "bandOf, createSoundChanges",
        "pictureChanges": "changePicture",
    }
    return run_node(tmp_path_factory.mktemp("golden"), imports, body, data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]:g}")
def test_golden_sounds(
    in_javascript: dict[str, list[list[float]]], case: tuple[str, float]
) -> None:
    name, amount = case
    found = np.array(in_javascript["sounds"][CASES.index(case)])
    wanted = CHANGES[name].apply(tone()[None], amount, domain="sound")[0, ::97].numpy()
    assert np.sqrt(np.mean(wanted**2)) > 0.005
    # The phases of weak bins magnify roundings from frame to frame; all others are exact.
    near = 0.02 if name in ("pitch_shift", "time_stretch") else 1e-7
    assert np.abs(found - wanted).max() < near * np.abs(wanted).max()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]:g}")
def test_golden_pictures(
    in_javascript: dict[str, list[list[float]]], case: tuple[str, float]
) -> None:
    name, amount = case
    found = np.array(in_javascript["pictures"][CASES.index(case)])
    wanted = CHANGES[name].apply(picture(), amount, domain="picture").flatten().numpy()
    assert found == pytest.approx(wanted, abs=2e-6)


def test_golden_places_in_bands(in_javascript: dict[str, list[list[float]]]) -> None:
    wanted = band_of(torch.tensor([20.0, 440.0, 8000.0], dtype=torch.float64))
    assert in_javascript["bands"] == pytest.approx(wanted.tolist())
    assert wanted[[0, 2]].tolist() == pytest.approx([-1, 64])


@pytest.mark.parametrize("name", list(CHANGES))
def test_neutral_changes_nothing_and_ends_do(name: str) -> None:
    change = CHANGES[name]
    sound, image = tone()[None], picture()
    assert change.neutral in change.amounts()
    assert torch.equal(change.apply(sound, change.neutral, domain="sound"), sound)
    assert torch.equal(change.apply(image, change.neutral, domain="picture"), image)
    for amount in {change.amounts()[0], change.amounts()[-1]} - {change.neutral}:
        assert not torch.allclose(change.apply(sound, amount, domain="sound"), sound, atol=1e-3)
        if name != "gain":  # its picture is the same: that is the lesson
            changed = change.apply(image, amount, domain="picture")
            assert not torch.allclose(changed, image, atol=1e-3)


def test_noise_has_its_level() -> None:
    sound = tone()[None]
    noise = CHANGES["noise"].apply(sound, -20.0, domain="sound") - sound
    ratio = noise.square().mean() / sound.square().mean()
    assert 10 * math.log10(ratio) == pytest.approx(-20)


def test_tilt_of_the_sound_is_that_of_the_picture() -> None:
    noise = torch.randn(1, N, generator=torch.Generator().manual_seed(1))
    before = log_mel_spectrogram(noise)
    after = log_mel_spectrogram(CHANGES["tilt"].apply(noise, 0.3, domain="sound"))
    assert torch.allclose(after, mel_tilt(before, decibels_per_band=0.3), atol=0.03)


def test_the_cut_bands_are_the_masked_ones() -> None:
    noise = torch.randn(1, N, generator=torch.Generator().manual_seed(1))
    cut = log_mel_spectrogram(CHANGES["bands"].apply(noise, 16.0, domain="sound"))[0, 0, :, 3:60]
    masked = CHANGES["bands"].apply(torch.ones(1, 1, 64, 64), 16.0, domain="picture")[0, 0]
    inside = masked[:, 0] == 0
    assert int(inside.sum()) == 16
    # The rims of the bands beside it are cut, too.
    middle = inside.nonzero().flatten()[1:-1]
    assert cut[middle].max() < 0.5 < cut[~inside].mean()
