"""Random changes of a batch, and what becomes of the labels."""

import pickle
from functools import partial
from itertools import pairwise
from typing import get_args

import pytest
import torch
from torch.utils.data import TensorDataset

from tests.notes.helpers import make_record, tone
from utils.errors import ParameterError
from utils.notes.augment import (
    Augmentation,
    RandomOperation,
    augment,
    mel_operations,
    waveform_operations,
)
from utils.notes.augment_labels import LABEL_SURVIVAL, Operation, Task, changed_record
from utils.notes.augment_mel import mel_mask_frames
from utils.notes.augment_waveform import add_noise, change_gain, time_shift
from utils.notes.mel import log_mel_spectrogram
from utils.notes.nsynth import NoteRecord
from utils.training.fit import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def raise_by(notes: torch.Tensor, *, amount: torch.Tensor) -> torch.Tensor:
    return notes + amount[:, None]


@pytest.fixture(scope="module")
def waves() -> torch.Tensor:
    return torch.stack([torch.from_numpy(tone(pitch=p))[:8000] for p in (50, 60, 70, 80)])


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    notes = torch.stack([torch.from_numpy(tone(pitch=p)) for p in (50, 60, 70, 80)])
    return log_mel_spectrogram(notes)


CASES = [(waveform_operations, "waves"), (mel_operations, "pictures")]
cases = pytest.mark.parametrize(("operations", "batch"), CASES, ids=["waveform", "mel"])


@cases
def test_the_same_generator_gives_the_same_batch(operations, batch, request):
    notes = request.getfixturevalue(batch)
    before = notes.clone()
    first, again, other = (augment(notes, operations(), generator=seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(notes, before)
    assert first.shape == notes.shape
    assert first.dtype == notes.dtype
    assert bool(first.isfinite().all())


@cases
def test_probability_zero_is_the_identity(operations, batch, request):
    notes = request.getfixturevalue(batch)
    assert torch.equal(augment(notes, operations(probability=0.0), generator=seeded()), notes)


@cases
def test_probability_one_changes_every_note(operations, batch, request):
    notes = request.getfixturevalue(batch)
    for operation in operations(probability=1.0):
        changed = operation(notes, generator=seeded())
        assert (changed != notes).flatten(1).any(1).all(), operation.function


def test_pictures_stay_in_range(pictures):
    for seed in range(5):
        changed = augment(pictures, mel_operations(probability=0.9), generator=seeded(seed))
        assert changed.min() >= 0
        assert changed.max() <= 1


def test_one_note_in_p_is_changed_by_uniform_amounts():
    operation = RandomOperation(raise_by, {"amount": (2.0, 6.0)}, 0.3)
    amounts = operation(torch.zeros(20_000, 1), generator=seeded())[:, 0]
    changed = amounts[amounts != 0]
    assert len(changed) / 20_000 == pytest.approx(0.3, abs=0.015)
    assert changed.min() > 2
    assert changed.max() < 6
    assert float(changed.mean()) == pytest.approx(4, abs=0.05)
    assert float(changed.std()) == pytest.approx(4 / 12**0.5, abs=0.03)


def test_operations_follow_each_other(waves):
    double = RandomOperation(partial(change_gain), {"decibels": (6.0, 6.0)}, 1.0)
    later = RandomOperation(time_shift, {"seconds": (0.01, 0.01)}, 1.0)
    expected = time_shift(change_gain(waves, decibels=6.0), seconds=0.01)
    torch.testing.assert_close(augment(waves, (double, later)), expected)
    assert torch.equal(augment(waves, ()), waves)


def test_an_operation_that_draws_gets_the_generator(waves):
    operation = RandomOperation(add_noise, {"snr": (10.0, 10.0)}, 1.0)
    first, again = (operation(waves, generator=seeded(4)) for _ in range(2))
    assert torch.equal(first, again)
    measured = 10 * torch.log10(waves.square().sum(-1) / (first - waves).square().sum(-1))
    torch.testing.assert_close(measured, torch.full((4,), 10.0), rtol=0, atol=0.01)


def test_the_draws_of_one_note_do_not_depend_on_the_coins_of_others():
    amounts = {"amount": (1.0, 2.0)}
    always, sometimes = (
        RandomOperation(raise_by, amounts, p)(torch.zeros(50, 1), generator=seeded())
        for p in (1.0, 0.5)
    )
    hit = sometimes != 0
    assert 0 < int(hit.sum()) < 50
    assert torch.equal(sometimes[hit], always[hit])


@cases
def test_it_can_be_pickled_and_moves_on_with_every_batch(operations, batch, request):
    notes = request.getfixturevalue(batch)
    augmentation = Augmentation(operations(probability=0.8), generator=seeded())
    copy = pickle.loads(pickle.dumps(augmentation))  # noqa: S301
    first, second = augmentation(notes), augmentation(notes)
    assert not torch.equal(first, second)
    assert torch.equal(copy(notes), first)
    assert torch.equal(copy(notes), second)
    assert torch.equal(first, augment(notes, operations(probability=0.8), generator=seeded()))


@pytest.mark.parametrize(
    ("amounts", "probability", "message"),
    [
        ({}, 1.5, r"expected probability from 0 to 1, got 1\.5"),
        ({}, -0.1, r"expected probability from 0 to 1, got -0\.1"),
        ({"frames": (3.0, 1.0)}, 0.5, r"expected frames from low to high, got 3\.0 to 1\.0"),
        ({"frames": (0.0, float("inf"))}, 0.5, "expected frames from low to high"),
    ],
)
def test_wrong_operations_are_refused(amounts, probability, message):
    with pytest.raises(ParameterError, match=message):
        RandomOperation(mel_mask_frames, amounts, probability)


def test_a_batch_has_an_axis_of_notes():
    with pytest.raises(ParameterError, match=r"expected a batch \(n, …\) of notes"):
        augment(torch.zeros(100), ())


def test_the_table_says_something_about_every_operation_and_task():
    assert list(LABEL_SURVIVAL) == list(get_args(Operation))
    reasons = []
    for row in LABEL_SURVIVAL.values():
        assert list(row) == list(get_args(Task))
        for survival in row.values():
            assert survival.fate in {"survives", "changes", "destroyed"}
            assert survival.within
            assert survival.reason.endswith(".")
            assert survival.reason.count(". ") == 0
            reasons.append(survival.reason)
    assert len(set(reasons)) == len(reasons)
    changing = [key for key, row in LABEL_SURVIVAL.items() if row["pitch"].fate == "changes"]
    assert changing == ["pitch_shift"]


@pytest.fixture
def record() -> NoteRecord:
    raw = make_record(7)
    return NoteRecord.from_dict(str(raw["note_str"]), raw)


def test_the_pitch_moves_along(record):
    changed = changed_record(record, "pitch_shift", semitones=-3)
    assert changed.pitch == record.pitch - 3
    assert (
        changed.note_str == f"{record.instrument_str}-{record.pitch - 3:03d}-{record.velocity:03d}"
    )
    different = {
        name for name in record.to_dict() if getattr(record, name) != getattr(changed, name)
    }
    assert different == {"pitch", "note_str"}
    assert changed_record(changed, "pitch_shift", semitones=3) == record
    NoteRecord.from_dict(changed.note_str, changed.to_dict())  # still a valid record


def test_other_operations_leave_the_record(record):
    for operation in LABEL_SURVIVAL:
        assert changed_record(record, operation) is record


@pytest.mark.parametrize(
    ("operation", "semitones", "message"),
    [
        ("reverb", 0, "expected an operation of .*got 'reverb'"),
        ("gain", 2, "expected semitones for a pitch shift only, got 'gain'"),
        ("pitch_shift", 0.5, r"expected a whole pitch from 0 to 127, got 47\.5"),
        ("pitch_shift", 90, "expected a whole pitch from 0 to 127, got 137"),
        ("pitch_shift", -48, "expected a whole pitch from 0 to 127, got -1"),
    ],
)
def test_impossible_records_are_refused(record, operation, semitones, message):
    with pytest.raises(ParameterError, match=message):
        changed_record(record, operation, semitones=semitones)


def test_the_ranges_keep_to_the_table():
    for operations in (waveform_operations(), mel_operations()):
        ranges = [operation.amounts for operation in operations]
        assert all(abs(x) <= 2 for r in ranges for x in r.get("semitones", ()))
        assert all(0.9 <= x <= 1.1 for r in ranges for x in r.get("rate", ()))
        assert all(x <= 8 for r in ranges for x in r.get("bands", ()))
        assert all(x >= 20 for r in ranges for x in r.get("snr", ()))
    assert all(a.function != b.function for a, b in pairwise(mel_operations()))


def test_a_net_can_be_trained_with_it(pictures):
    seen = []

    class Net(torch.nn.Linear):
        def forward(self, inputs):
            if self.training:
                seen.append(inputs.clone())
            return super().forward(inputs.flatten(1))

    notes = TensorDataset(pictures, torch.arange(4))
    augmentation = Augmentation(mel_operations(probability=0.9), generator=seeded())
    fit(
        Net(64 * 64, 4),
        notes,
        notes,
        epochs=2,
        batch_size=4,
        augment=augmentation,
        generator=seeded(),
        history_path=None,
        progress=False,
    )
    assert len(seen) == 2
    for batch in seen:
        assert not any(torch.equal(batch[i], note) for i in range(4) for note in pictures)
    assert not torch.equal(seen[0], seen[1])
