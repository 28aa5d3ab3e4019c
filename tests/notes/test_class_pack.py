"""Class packs: chosen evenly, made reproducibly, fetched safely."""

import dataclasses
import hashlib
import io
import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.notes.helpers import data_set_files, make_note, write_archive, write_folder
from tests.notes.hostile_server import HONEST, Behavior, HostileServer, serving
from utils.errors import DownloadError, ParameterError, RecordError, StoreError
from utils.notes import class_pack_builder
from utils.notes.balance import choose_evenly, fill_evenly
from utils.notes.class_pack import fetch_class_pack, pack_sounds
from utils.notes.class_pack_builder import SHARES, PackSource, build_class_pack, choose_notes
from utils.notes.class_pack_index import INDEX, ZIP, PackIndex
from utils.notes.download import MIRROR_VARIABLE, ChecksumError, DiskSpaceError, Patience
from utils.notes.nsynth import iter_notes
from utils.notes.store import NoteStore, build_store, write_store
from utils.notes.vocabulary import FAMILIES, N_FAMILIES

HURRY = Patience(connect=1, read=0.5, stall=0.5, min_rate=100, retries=2, backoff=0.01)
N_TRAIN, N_VALID = 99, 66  # three notes an instrument: 33 and 22 instruments


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MUSIC_AI_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


# --- balance -----------------------------------------------------------------------------


@given(st.integers(0, 300), st.lists(st.integers(0, 40), max_size=12), st.integers(0, 99))
def test_boxes_fill_evenly(total, room, seed):
    given_ = fill_evenly(total, room, generator=np.random.default_rng(seed))
    assert given_.sum() == min(total, sum(room))
    assert (given_ <= room).all()
    not_full = [n for n, most in zip(given_, room, strict=True) if n < most]
    assert not not_full or max(given_) <= min(not_full) + 1


def test_the_odd_ones_are_dealt_by_the_generator():
    rest = {
        tuple(fill_evenly(4, [9, 9, 9], generator=np.random.default_rng(seed)))
        for seed in range(20)
    }
    assert rest == {(2, 1, 1), (1, 2, 1), (1, 1, 2)}


def test_negative_numbers_are_refused():
    with pytest.raises(ParameterError, match="no negative numbers"):
        fill_evenly(-1, [2], generator=np.random.default_rng(0))


def test_families_and_instruments_get_equal_numbers():
    # Family 0: one instrument of 100 notes and four of 10; family 1: one of 50; 2: one of 3.
    groups = ["a"] * 100 + [g for g in "bcde" for _ in range(10)] + ["f"] * 50 + ["g"] * 3
    families = [0] * 140 + [1] * 50 + [2] * 3
    chosen = choose_evenly(families, groups, 63, generator=np.random.default_rng(0))
    assert len(np.unique(chosen)) == 63
    assert Counter(np.array(families)[chosen].tolist()) == {0: 30, 1: 30, 2: 3}
    by_group = Counter(np.array(groups)[chosen].tolist())
    assert {by_group[group] for group in "abcde"} == {6}


def test_small_instruments_leave_their_share_to_the_others():
    groups = np.array(["a"] * 50 + ["b"] * 2 + ["c"] * 2)
    chosen = choose_evenly(np.zeros(54), groups, 30, generator=np.random.default_rng(0))
    assert Counter(groups[chosen].tolist()) == {"a": 26, "b": 2, "c": 2}


def test_choosing_more_than_there_is_takes_all():
    chosen = choose_evenly([0, 0, 1], ["a", "b", "c"], 9, generator=np.random.default_rng(0))
    assert chosen.tolist() == [0, 1, 2]
    assert choose_evenly([], [], 9, generator=np.random.default_rng(0)).size == 0


# --- choosing notes ----------------------------------------------------------------------


def random_store(path: Path, *, prefix: str, per_family: int, seed: int, **changes) -> NoteStore:
    """Write a store with five notes an instrument and random spectrograms."""
    generator = np.random.default_rng(seed)
    n = N_FAMILIES * per_family * 5
    instruments = np.array([f"{prefix}{i // 5}" for i in range(n)])
    columns = {
        "note_str": np.array([f"{prefix}{i}" for i in range(n)]),
        "family": np.arange(n) // 5 % N_FAMILIES,
        "source": np.zeros(n, int),
        "pitch": np.full(n, 60),
        "velocity": np.full(n, 100),
        "instrument_str": instruments,
        "group": instruments,
        "sample_hash": np.array(
            [hashlib.sha256(f"{prefix}{i}".encode()).hexdigest() for i in range(n)]
        ),
        "split": np.full(n, ""),
    }
    mels = generator.integers(1, 256, (n, 64, 64), dtype=np.uint8)
    for name, values in changes.items():
        if name == "silent":
            mels[values] = 0
        else:
            columns[name] = columns[name].astype("U200") if name == "sample_hash" else columns[name]
            columns[name][values[0]] = values[1]
    about = {"name": prefix, "kind": "nsynth", "licence": "CC BY 4.0", "provenance": {}}
    return write_store(path, mels, columns, **about)


def chosen_from(tmp_path: Path, n: int = 200, *, seed: int = 0, **changes):
    stores = {
        "train": random_store(tmp_path / "t", prefix="t", per_family=6, seed=1),
        "valid": random_store(tmp_path / "v", prefix="v", per_family=4, seed=2, **changes),
    }
    return stores, choose_notes(stores, n, generator=np.random.default_rng(seed))


def test_the_splits_have_their_shares_of_every_family(tmp_path):
    stores, chosen = chosen_from(tmp_path, 220)
    assert [len(chosen[split]) for split in ("train", "validation", "practice")] == [154, 33, 33]
    for split, notes in chosen.items():
        source = "train" if split == "train" else "valid"
        assert notes.store is stores[source]
        assert np.ptp(np.bincount(notes.families, minlength=N_FAMILIES)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_instrument_stands_in_two_splits(tmp_path, seed):
    _, chosen = chosen_from(tmp_path, 400, seed=seed)
    groups = [set(notes.groups.tolist()) for notes in chosen.values()]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    # Half of valid's instruments each.
    assert len(groups[1]) == len(groups[2]) == 2 * N_FAMILIES


def test_silent_notes_are_left_out(tmp_path):
    _, chosen = chosen_from(tmp_path, 10_000, silent=np.arange(0, 220, 5))
    numbers = [int(name[1:]) for s in ("validation", "practice") for name in chosen[s].note_strs]
    assert len(numbers) == 220 - 44
    assert all(number % 5 for number in numbers)


def test_train_has_no_recording_and_no_instrument_of_valid(tmp_path):
    shared = hashlib.sha256(b"t7").hexdigest()
    other = hashlib.sha256(b"other").hexdigest()
    _, chosen = chosen_from(
        tmp_path, 10_000, sample_hash=([3], f"{other} {shared}"), group=([10], "t9")
    )
    names = set(chosen["train"].note_strs.tolist())
    assert "t7" not in names
    assert not {"t45", "t46", "t47", "t48", "t49"} & names
    assert len(names) == 330 - 6


# --- making a pack -----------------------------------------------------------------------


@dataclasses.dataclass
class Material:
    sources: dict[str, PackSource]
    opened: list[str]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Give an archive for train, a folder for valid, and their stores."""
    home = tmp_path_factory.mktemp("nsynth")
    files = {
        "train": data_set_files(make_note(i) for i in range(N_TRAIN)),
        "valid": data_set_files(make_note(i) for i in range(N_TRAIN, N_TRAIN + N_VALID)),
    }
    sounds = {
        "train": write_archive(home / "train.tar.gz", files["train"]),
        "valid": write_folder(home / "nsynth-valid", files["valid"]),
    }
    stores = {
        split: build_store(
            iter_notes(path),
            home / f"{split}-store",
            name=f"NSynth {split}",
            kind="nsynth",
            licence="CC BY 4.0",
            provenance={"split": split},
            workers=0,
            progress=False,
        )
        for split, path in sounds.items()
    }
    return stores, sounds


@pytest.fixture
def material(data):
    stores, sounds = data
    opened = []

    def opener(split):
        return lambda: opened.append(split) or sounds[split]

    return Material({s: PackSource(stores[s], opener(s)) for s in stores}, opened)


def build(material: Material, out: Path, **options) -> PackIndex:
    options = {"n_notes": 110, "n_sounds": 22, "progress": False} | options
    return build_class_pack(material.sources, out, **options)


@pytest.fixture(scope="module")
def pack(data, tmp_path_factory):
    stores, sounds = data
    out = tmp_path_factory.mktemp("pack")
    sources = {s: PackSource(stores[s], lambda s=s: sounds[s]) for s in stores}
    build_class_pack(sources, out, n_notes=110, n_sounds=22, progress=False)
    return out


def files_of(pack: Path) -> dict[str, bytes]:
    return {name: (pack / name).read_bytes() for name in (INDEX, ZIP)}


def test_a_pack_is_an_index_and_a_zip_that_it_describes(pack):
    assert {path.name for path in pack.iterdir()} == {INDEX, ZIP}
    index = PackIndex.parse((pack / INDEX).read_bytes(), "test")
    content = (pack / ZIP).read_bytes()
    assert index.archive.size == len(content)
    assert index.archive.sha256 == hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(pack / ZIP) as archive:
        assert archive.namelist() == [member.name for member in index.members]
        for member in index.members:
            data = archive.read(member.name)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (member.size, member.sha256)
    assert [index.counts[split]["notes"] for split in SHARES] == [77, 16, 16]
    assert sum(index.counts["train"]["families"].values()) == 77


def test_equal_requests_make_equal_packs(material, tmp_path, pack):
    assert (
        build(material, tmp_path / "a").archive
        == PackIndex.parse((pack / INDEX).read_bytes(), "").archive
    )
    assert (tmp_path / "a" / ZIP).read_bytes() == (pack / ZIP).read_bytes()
    other = build(material, tmp_path / "b", seed=1)
    assert other.dataset_id != build(material, tmp_path / "a").dataset_id


def test_a_pack_that_is_there_is_kept_without_opening_the_archives(material, tmp_path):
    build(material, tmp_path)
    written = (tmp_path / ZIP).stat().st_mtime_ns
    material.opened.clear()
    build(material, tmp_path)
    assert material.opened == []
    assert (tmp_path / ZIP).stat().st_mtime_ns == written


@pytest.mark.parametrize("change", [{"seed": 3}, {"n_sounds": 11}, {"damage": True}])
def test_another_or_a_damaged_pack_is_made_anew(material, tmp_path, change):
    index = build(material, tmp_path)
    if change.pop("damage", False):
        content = bytearray((tmp_path / ZIP).read_bytes())
        content[1000] ^= 1
        (tmp_path / ZIP).write_bytes(content)
        assert build(material, tmp_path).archive == index.archive
    else:
        assert build(material, tmp_path, **change).archive != index.archive
    found = PackIndex.parse((tmp_path / INDEX).read_bytes(), "test").archive.sha256
    assert hashlib.sha256((tmp_path / ZIP).read_bytes()).hexdigest() == found


def test_an_interrupted_build_goes_on(material, tmp_path, monkeypatch):
    calls = []
    write_mp3 = class_pack_builder._write_mp3

    def stop_at_ten(path, wav):
        if len(calls) == 10:
            raise KeyboardInterrupt
        calls.append(path.name)
        write_mp3(path, wav)

    monkeypatch.setattr(class_pack_builder, "_write_mp3", stop_at_ten)
    with pytest.raises(KeyboardInterrupt):
        build(material, tmp_path)
    assert not (tmp_path / INDEX).exists()

    def go_on(path, wav):
        calls.append(path.name)
        write_mp3(path, wav)

    monkeypatch.setattr(class_pack_builder, "_write_mp3", go_on)
    build(material, tmp_path)
    assert len(calls) == len(set(calls)) == 22
    assert {path.name for path in tmp_path.iterdir()} == {INDEX, ZIP}


def test_test_notes_never_enter(material, tmp_path):
    disguised = material.sources["valid"]
    with pytest.raises(ParameterError, match="what homework may be graded on"):
        build_class_pack({**material.sources, "test": disguised}, tmp_path)
    about = {"name": "x", "kind": "nsynth", "licence": "CC BY 4.0"}
    notes = disguised.store.notes()
    store = write_store(
        tmp_path / "s", notes.mels_uint8(), notes.columns(), **about, provenance={"split": "test"}
    )
    material.sources["valid"] = PackSource(store, disguised.sounds)
    with pytest.raises(ParameterError, match="what homework may be graded on"):
        build(material, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_train_and_valid_are_both_needed_and_not_exchanged(material, tmp_path):
    train, valid = material.sources["train"], material.sources["valid"]
    with pytest.raises(ParameterError, match=r"expected train and valid .* got train"):
        build_class_pack({"train": train}, tmp_path)
    with pytest.raises(ParameterError, match="expected train and valid"):
        build_class_pack({"train": train, "valid": train}, tmp_path)
    assert valid.store.kind == "nsynth"


@pytest.mark.parametrize("numbers", [(109, 20), (200, 201), (200, -1)])
def test_senseless_numbers_are_refused(material, tmp_path, numbers):
    with pytest.raises(ParameterError, match="expected at least 110 notes"):
        build(material, tmp_path, n_notes=numbers[0], n_sounds=numbers[1])


def test_a_missing_sound_names_the_note(material, data, tmp_path):
    _, sounds = data
    copy = shutil.copytree(sounds["valid"], tmp_path / "v")
    for path in (copy / "audio").iterdir():
        path.unlink()
    material.sources["valid"] = PackSource(material.sources["valid"].store, lambda: copy)
    with pytest.raises(RecordError, match=r"note '\w+-\d+-\d+': its sound is missing"):
        build(material, tmp_path / "pack")


# --- fetching a pack ---------------------------------------------------------------------


@pytest.fixture
def server(pack):
    with serving(files_of(pack)) as server:
        yield server


def fetch(server: HostileServer, tmp_path: Path, **options) -> NoteStore:
    options = {"out": tmp_path / "mine", "patience": HURRY, "progress": False} | options
    return fetch_class_pack(server.url, **options)


def change_index(server: HostileServer, **changes) -> None:
    server.files[INDEX] = json.dumps(json.loads(server.files[INDEX]) | changes).encode()


def serve_zip(server: HostileServer, content: bytes, **changes) -> None:
    """Serve another zip, with an index that names its size and checksum."""
    server.files[ZIP] = content
    sha256 = hashlib.sha256(content).hexdigest()
    change_index(server, file={"name": ZIP, "size": len(content), "sha256": sha256}, **changes)


def test_a_class_gets_the_notes_that_were_packed(server, material, tmp_path):
    store = fetch(server, tmp_path)
    assert store.splits == ("practice", "train", "validation")
    assert [request.path for request in server.requests] == [f"/{INDEX}", f"/{ZIP}"]
    originals = {}
    for source in material.sources.values():
        for i, name in enumerate(source.store.columns["note_str"].tolist()):
            originals[name] = (source.store.mels[i], source.store.columns["family"][i])
    notes = store.notes()
    for i, name in enumerate(notes.note_strs.tolist()):
        mel, family = originals[name]
        np.testing.assert_array_equal(store.mels[i], mel)
        assert notes.families[i] == family
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        INDEX,
        "store",
        "sounds",
        "sounds.json",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


def test_its_sounds_are_the_notes(server, tmp_path):
    store = fetch(server, tmp_path)
    sounds = pack_sounds(store)
    assert len(sounds) == 22
    assert set(Counter(sound.family for sound in sounds).values()) == {2}
    numbers = {make_note(i).record.note_str: i for i in range(N_TRAIN + N_VALID)}
    rows = {name: i for i, name in enumerate(store.columns["note_str"].tolist())}
    for sound in sounds:
        assert sound.path.suffix == ".mp3"
        row = rows[sound.note_str]
        assert sound.split == store.columns["split"][row]
        assert sound.family == FAMILIES[store.columns["family"][row]]
        waveform, sample_rate = soundfile.read(sound.path, dtype="float32")
        assert sample_rate == 16_000
        original = make_note(numbers[sound.note_str]).waveform
        assert abs(len(waveform) - 64_000) <= 2304
        n = min(len(waveform), 64_000)
        assert np.corrcoef(waveform[:n], original[:n])[0, 1] > 0.95


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/class_pack.json"])
def test_the_address_may_be_of_the_folder_or_the_index(server, tmp_path, form):
    store = fetch_class_pack(
        form.format(server.url), out=tmp_path / "mine", patience=HURRY, progress=False
    )
    assert len(store) == 109


def test_what_follows_a_question_mark_is_kept(server, tmp_path):
    with pytest.raises(DownloadError, match="404"):
        fetch_class_pack(
            f"{server.url}/{INDEX}?key=1", out=tmp_path / "x", patience=HURRY, progress=False
        )
    assert server.requests[0].path == f"/{INDEX}?key=1"
    server.files |= {f"{name}?key=1": server.files[name] for name in (INDEX, ZIP)}
    fetch_class_pack(
        f"{server.url}/{INDEX}?key=1", out=tmp_path / "x", patience=HURRY, progress=False
    )
    assert server.requests[-1].path == f"/{ZIP}?key=1"


def test_a_shared_disk_will_do(pack, tmp_path):
    assert len(fetch_class_pack(pack, out=tmp_path / "a", progress=False)) == 109
    assert len(fetch_class_pack(pack / INDEX, out=tmp_path / "b", progress=False)) == 109
    assert files_of(pack)
    with pytest.raises(ParameterError, match="expected https://… or a folder"):
        fetch_class_pack(tmp_path / "nowhere", out=tmp_path / "c", progress=False)
    with pytest.raises(DownloadError, match="No such file"):
        fetch_class_pack(tmp_path, out=tmp_path / "c", progress=False)


def test_a_pack_is_fetched_once(server, tmp_path):
    first = fetch(server, tmp_path)
    server.requests.clear()
    assert fetch(server, tmp_path).dataset_id == first.dataset_id
    assert [request.path for request in server.requests] == [f"/{INDEX}"]


def test_without_a_network_the_fetched_pack_is_used(server, tmp_path, capsys):
    server.then = Behavior(status=503)
    with pytest.raises(DownloadError, match="503"):
        fetch(server, tmp_path)
    server.then = HONEST
    fetch(server, tmp_path)
    server.then = Behavior(status=503)
    server.requests.clear()
    assert len(fetch(server, tmp_path, progress=True)) == 109
    assert "fetched before is used" in capsys.readouterr().err
    assert len(server.requests) == 1


def test_broken_downloads_are_resumed(server, tmp_path):
    server.script = [HONEST, Behavior(cut=100_000), Behavior(cut=50_000)]
    fetch(server, tmp_path)
    assert [request.range for request in server.requests[1:]] == [
        None,
        "bytes=100000-",
        "bytes=150000-",
    ]


def test_a_corrupt_zip_is_refused(server, tmp_path):
    server.script = [HONEST, Behavior(corrupt=5000)]
    with pytest.raises(ChecksumError, match="wrong checksum"):
        fetch(server, tmp_path)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Log in</html>",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 1, "name": 3, "licence": "", "dataset_id": "", "front_end": ""}',
    ],
)
def test_what_is_no_index_is_a_clear_error(server, tmp_path, content):
    server.files[INDEX] = content
    with pytest.raises(DownloadError, match="is no index of a class pack") as caught:
        fetch(server, tmp_path)
    assert "address of the folder" in caught.value.hint


def test_another_format_is_said(server, tmp_path):
    change_index(server, format=2)
    with pytest.raises(DownloadError, match="expected format 1, got 2"):
        fetch(server, tmp_path)


def test_an_index_that_never_ends_is_left(server, tmp_path):
    server.files[INDEX] = b" " * (5 << 20)
    with pytest.raises(DownloadError, match="expected at most"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped",
        "/etc/escaped",
        "store/../../escaped",
        "sounds/..",
        "sounds/.hidden",
        "store\\..\\escaped",
        "store/a/b",
        "sounds/C:x",
        "class_pack.json",
        "",
        3,
    ],
)
def test_unexpected_file_names_are_refused(server, tmp_path, name):
    members = json.loads(server.files[INDEX])["members"]
    change_index(server, members=[*members, {"name": name, "size": 1, "sha256": "0" * 64}])
    with pytest.raises(DownloadError, match="unexpected file"):
        fetch(server, tmp_path)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("field", [{"size": -1}, {"size": "1"}, {"sha256": "z" * 64}, {"more": 1}])
def test_senseless_members_are_refused(server, tmp_path, field):
    members = json.loads(server.files[INDEX])["members"]
    change_index(server, members=[members[0] | field, *members[1:]])
    with pytest.raises(DownloadError, match="is no index of a class pack"):
        fetch(server, tmp_path)


def rezip(content: bytes, change) -> bytes:
    """Return a zip whose members went through ``change(name, data)``."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def longer(name: str, data: bytes) -> bytes:
    return data + bytes(10**6) if name == "store/mels.npy" else data


def shorter(name: str, data: bytes) -> bytes:
    return data[:-1] if name == "store/mels.npy" else data


def other(name: str, data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1]) if name == "store/mels.npy" else data


def missing(name: str, data: bytes) -> bytes | None:
    return None if name == "sounds.json" else data


@pytest.mark.parametrize("change", [longer, shorter, other, missing])
def test_a_zip_that_its_index_does_not_describe_is_refused(server, tmp_path, change):
    serve_zip(server, rezip(server.files[ZIP], change))
    with pytest.raises(DownloadError, match=r"class_pack.zip is damaged: .*(mels.npy|sounds.json)"):
        fetch(server, tmp_path)
    assert not (tmp_path / "mine").exists()
    assert not list(tmp_path.rglob("*.npy"))


def test_what_is_no_zip_is_refused(server, tmp_path):
    serve_zip(server, b"no zip at all")
    with pytest.raises(DownloadError, match=r"class_pack.zip is damaged: File is not a zip file"):
        fetch(server, tmp_path)


def test_the_notes_must_be_those_of_the_index(server, tmp_path):
    change_index(server, dataset_id="0" * 64)
    with pytest.raises(DownloadError, match="its notes are not those of the index"):
        fetch(server, tmp_path)
    assert not (tmp_path / "mine").exists()


def test_another_front_end_is_said_before_the_download(server, tmp_path):
    change_index(server, front_end="f" * 64)
    with pytest.raises(StoreError, match="made by front end ffffffffffff, this course has"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1


def test_a_full_disk_is_said_before_the_download(server, tmp_path, monkeypatch):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: type("Usage", (), {"free": 70_000_000})()
    )
    change_index(server, members=[{"name": "store/x", "size": 10**9, "sha256": "0" * 64}])
    with pytest.raises(DiskSpaceError, match=r"needs 1 GB"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1


def test_a_folder_with_something_else_is_left_alone(server, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds something else"):
        fetch(server, tmp_path)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"


def test_a_new_pack_at_the_same_address_gets_its_own_place(server, material, tmp_path):
    old = fetch(server, tmp_path, out=None)
    server.files = files_of_new_pack(material, tmp_path)
    new = fetch(server, tmp_path, out=None)
    assert new.dataset_id != old.dataset_id
    assert new.path != old.path
    assert old.path.is_relative_to(tmp_path / "cache")
    server.then = Behavior(status=503)
    assert fetch(server, tmp_path, out=None).dataset_id == new.dataset_id


def files_of_new_pack(material: Material, tmp_path: Path) -> dict[str, bytes]:
    build(material, tmp_path / "new", seed=9)
    return files_of(tmp_path / "new")


def test_sounds_of_another_store_are_a_clear_error(material):
    with pytest.raises(StoreError, match="holds no class pack with sounds"):
        pack_sounds(material.sources["train"].store)
