"""The notes that ship with the course: what holds for them, and how they are expanded."""

import json
import multiprocessing
import os
import shutil
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from utils.errors import ParameterError, StoreError
from utils.notes import embedded
from utils.notes.data_card import data_card
from utils.notes.embedded import DATA, cache_dir, load_notes, load_sound, records, sounds
from utils.notes.front_end import FRONT_END_ID, N_SAMPLES
from utils.notes.instruments import PARAMETRIC
from utils.notes.mel import log_mel_spectrogram
from utils.notes.note_plan import SPLITS
from utils.notes.nsynth import NoteRecord
from utils.notes.vocabulary import FAMILIES, VELOCITIES


@pytest.fixture(scope="module")
def columns():
    store = load_notes()
    return {name: np.array(store.columns[name]) for name in store.columns}


@pytest.fixture(scope="module")
def mels():
    return np.array(load_notes().mels)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("MUSIC_AI_COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A copy of the shipped files that a test may damage."""
    for name in ("notes.tar.xz", "contents.json"):
        shutil.copy(DATA / name, tmp_path)
    monkeypatch.setattr(embedded, "ARCHIVE", tmp_path / "notes.tar.xz")
    monkeypatch.setattr(embedded, "CONTENTS", tmp_path / "contents.json")
    embedded._contents.cache_clear()
    yield tmp_path
    embedded._contents.cache_clear()


# --- what the data set holds


def test_enough_notes_and_groups(columns):
    assert len(columns["note_str"]) >= 4000
    assert len(np.unique(columns["group"])) >= 120
    for label, family in enumerate(FAMILIES):
        of_family = columns["family"] == label
        assert len(np.unique(columns["group"][of_family])) >= 8, family
        assert 400 <= of_family.sum() <= 500, family


@pytest.mark.parametrize("split", SPLITS)
def test_every_family_is_in_every_split(columns, split):
    for label, family in enumerate(FAMILIES):
        chosen = (columns["family"] == label) & (columns["split"] == split)
        groups = np.unique(columns["group"][chosen])
        assert len(groups) >= 3, family
        sampled = columns["group"][chosen & (columns["origin"] != PARAMETRIC)]
        assert 1 <= len(np.unique(sampled)) < len(groups), family


def test_splits_have_their_part_of_the_groups(columns):
    total = len(np.unique(columns["group"]))
    for split, part in SPLITS.items():
        groups = len(np.unique(columns["group"][columns["split"] == split]))
        assert abs(groups / total - part) < 0.03, split


def on_two_sides(columns):
    """Return the groups and sample hashes that occur in more than one split."""
    places = defaultdict(set)
    for group, hashes, split in zip(
        columns["group"], columns["sample_hash"], columns["split"], strict=True
    ):
        for key in (f"group {group}", *hashes.split()):
            places[key].add(split)
    return {key for key, splits in places.items() if len(splits) > 1}


def test_no_group_and_no_recording_is_on_two_sides(columns):
    assert on_two_sides(columns) == set()


@pytest.mark.parametrize("column", ["sample_hash", "group"])
def test_a_leak_would_be_found(columns, column):
    train = np.flatnonzero(columns["split"] == "train")[0]
    practice = np.flatnonzero(columns["split"] == "practice")[0]
    leaky = {name: values.copy() for name, values in columns.items()}
    leaky[column][practice] = leaky[column][train]
    assert len(on_two_sides(leaky)) >= 1


def test_a_group_is_one_family(columns):
    for group in np.unique(columns["group"]):
        assert len(np.unique(columns["family"][columns["group"] == group])) == 1, group


def test_groups_have_about_as_many_notes_as_one_another(columns):
    counts = np.unique(columns["group"], return_counts=True)[1]
    assert counts.min() >= 9
    assert counts.max() <= 24


def test_no_two_spectrograms_are_the_same(mels):
    assert len({mel.tobytes() for mel in mels}) == len(mels)


def test_no_near_copies_across_splits(columns, mels):
    """Between train and the other splits no two spectrograms are closer than 1 dB."""
    flat = torch.from_numpy(mels.reshape(len(mels), -1)).to(torch.float32) / 255 * 80
    train = torch.from_numpy(columns["split"] == "train")
    closest = torch.cdist(flat[~train], flat[train]).min() / 64  # root mean square in dB
    assert closest > 1.0


def test_every_spectrogram_sounds_and_begins_at_once(mels):
    assert (mels.max(axis=(1, 2)) == 255).all()
    assert (mels[:, :, :4].max(axis=(1, 2)) > 255 * (1 - 40 / 80)).all()


def test_every_group_plays_a_pitch_once(columns):
    notes = set(zip(columns["group"], columns["pitch"], strict=True))
    assert len(notes) == len(columns["note_str"])
    assert columns["pitch"].min() >= 24
    assert columns["pitch"].max() <= 96
    assert set(columns["velocity"].tolist()) == set(VELOCITIES)


def test_pitch_alone_tells_next_to_nothing(columns):
    """Guessing the family from the pitch, as the training split suggests, is near chance."""
    pitch, family = columns["pitch"] - 24, columns["family"]
    train = columns["split"] == "train"
    table = np.zeros((73, len(FAMILIES)))
    np.add.at(table, (pitch[train], family[train]), 1)
    smooth = sum(np.roll(table, shift, axis=0) for shift in range(-2, 3))
    right = smooth[pitch[~train]].argmax(axis=1) == family[~train]
    assert right.mean() < 0.16


def test_the_store_is_what_the_manifest_says(columns):
    store = load_notes(verify=True)
    assert store.kind == "general-midi"
    assert store.front_end == FRONT_END_ID
    assert set(store.splits) == set(SPLITS)
    assert store.manifest["counts"]["notes"] == len(columns["note_str"])
    assert "public" in store.manifest["provenance"]["warning"]


def test_numbers_and_names_are_none_of_nsynth(columns):
    assert columns["instrument"].min() >= 2000
    for name, number in zip(columns["instrument_str"], columns["instrument"], strict=True):
        assert name.rsplit("_", 1)[1] == f"{number:04d}"


def test_records_are_valid_records_of_nsynth(columns):
    notes = load_notes().split("practice").subset(slice(0, 40))
    for record, name in zip(records(notes), notes.note_strs, strict=True):
        assert NoteRecord.from_dict(str(name), record.to_dict()) == record
        assert (
            record.note_str == f"{record.instrument_str}-{record.pitch:03d}-{record.velocity:03d}"
        )
        assert columns["note_str"][record.note] == name


def test_the_data_card_has_the_numbers_of_the_data(columns):
    contents = json.loads((DATA / "contents.json").read_text(encoding="utf-8"))
    card = data_card(columns, load_notes().manifest, contents)
    assert (DATA / "DATA_CARD.md").read_text(encoding="utf-8") == card
    assert f"{len(columns['note_str'])} single notes" in card


# --- sounds


def test_sounds_are_of_all_kinds_and_small(columns):
    heard = sounds()
    assert len(heard) >= 220
    assert {sound.family for sound in heard} == set(FAMILIES)
    assert {sound.velocity for sound in heard} == set(VELOCITIES)
    assert {sound.split for sound in heard} == {"train", "validation", "practice"}
    assert min(s.pitch for s in heard) < 36
    assert max(s.pitch for s in heard) > 84
    assert sum(sound.path.stat().st_size for sound in heard) < 8e6
    for family in FAMILIES:  # one instrument at several pitches
        names = [s.instrument_str for s in heard if s.family == family]
        assert max(names.count(name) for name in names) >= 2, family
    place = {name: row for row, name in enumerate(columns["note_str"].tolist())}
    for sound in heard:
        row = place[sound.note_str]
        assert (sound.split, sound.pitch) == (columns["split"][row], columns["pitch"][row])
        assert sound.preset == columns["preset"][row]


def test_every_sound_is_its_spectrogram(columns, mels):
    place = {name: row for row, name in enumerate(columns["note_str"].tolist())}
    heard = sounds()
    waves = np.stack([load_sound(sound.note_str) for sound in heard])
    assert waves.shape == (len(heard), N_SAMPLES)
    assert waves.dtype == np.float32
    peaks = np.abs(waves).max(axis=1)
    assert peaks.max() < 0.99
    assert peaks.min() > 0.08
    decoded = log_mel_spectrogram(torch.from_numpy(waves)).numpy()[:, 0] * 80
    stored = mels[[place[sound.note_str] for sound in heard]] / 255 * 80
    loud = stored > 30  # MP3 drops what lies far below the rest,
    loud[:, 60:] = False  # and what lies above 7 kHz
    difference = np.abs(decoded - stored)
    assert np.mean(difference[loud]) < 0.5
    worst = max((d[m].mean(), s.note_str) for d, m, s in zip(difference, loud, heard, strict=True))
    assert worst[0] < 2.5, worst


def test_unknown_sound_is_refused():
    with pytest.raises(ParameterError, match=r"expected the name of one of the .* sounds, got 'x'"):
        load_sound("x")


# --- the cache


def expand_somewhere(folder, barrier, results):
    os.environ["MUSIC_AI_COURSE_CACHE"] = folder
    barrier.wait()
    store = load_notes()
    results.put((store.dataset_id, int(store.mels[-1].sum())))


def test_the_variable_names_the_cache(filled):
    assert cache_dir() == filled.parent
    assert load_notes().path == filled


def test_without_the_variable_the_cache_is_that_of_the_system(monkeypatch):
    monkeypatch.delenv("MUSIC_AI_COURSE_CACHE", raising=False)
    assert cache_dir().name == "music-ai-course"


def test_expands_once_and_leaves_nothing_else(cache):
    first = load_notes()
    times = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
    second = load_notes()
    assert times == {path: path.stat().st_mtime_ns for path in second.path.iterdir()}
    assert [path.name for path in cache.iterdir()] == [first.path.name]


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "removed":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:  # same length, one bit
        data[len(data) // 2] ^= 4
        path.write_bytes(data)


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """The folder of the expanded notes in a cache of its own, copied because that is faster."""
    folder = load_notes().path
    copy = tmp_path / "cache" / folder.name
    shutil.copytree(folder, copy)
    monkeypatch.setenv("MUSIC_AI_COURSE_CACHE", str(copy.parent))
    return copy


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("manifest.json", "removed"),
        ("manifest.json", "changed"),
        ("mels.npy", "cut"),
        ("mels.npy", "changed"),
        ("notes.npz", "changed"),
    ],
)
def test_what_is_damaged_is_expanded_again(filled, name, how):
    cache, folder = filled.parent, load_notes().path
    expected = (folder / name).read_bytes()
    time.sleep(0.01)
    damage(folder / name, how)
    repaired = load_notes()
    assert (repaired.path / name).read_bytes() == expected
    assert [path.name for path in cache.iterdir()] == [folder.name]


def test_damage_that_keeps_the_time_is_found_on_request(filled):
    path = load_notes().path / "mels.npy"
    stat, expected = path.stat(), path.read_bytes()
    damage(path, "changed")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    load_notes(verify=True)
    assert path.read_bytes() == expected


def test_an_interrupted_expansion_does_no_harm_and_is_tidied_up(filled):
    cache, name = filled.parent, filled.name
    old, young, other = (cache / f"{name}.new-old", cache / f"{name}.new-young", cache / "mine")
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "mels.npy").write_bytes(b"half")
    for folder in (old, other):
        os.utime(folder, (time.time() - 1e5,) * 2)
    (filled / "mels.npy").unlink()
    assert len(load_notes()) >= 4000
    assert not old.exists()
    assert young.exists()
    assert other.exists()


def test_processes_may_expand_at_once(cache):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=expand_somewhere, args=(str(cache), barrier, results))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    assert len(set(found)) == 1
    assert [path.name for path in cache.iterdir()] == [load_notes().path.name]


def test_a_damaged_archive_is_refused(cache, shipped):
    damage(shipped / "notes.tar.xz", "changed")
    with pytest.raises(StoreError, match=r"notes\.tar\.xz is damaged .*install the course again"):
        load_notes()
    assert not list(cache.glob("*"))


def test_missing_files_are_named(cache, shipped):
    damage(shipped / "notes.tar.xz", "removed")
    with pytest.raises(StoreError, match=r"notes\.tar\.xz is missing"):
        load_notes()
    damage(shipped / "contents.json", "removed")
    embedded._contents.cache_clear()
    with pytest.raises(StoreError, match="the notes that ship with the course are not in"):
        load_notes()


def test_a_cache_that_can_not_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MUSIC_AI_COURSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"can't write into the cache .*MUSIC_AI_COURSE_CACHE"):
        load_notes()
