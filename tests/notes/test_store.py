"""Stores: what is written is read, damage is seen, and looking reads only what is asked."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from utils.errors import ParameterError, StoreError
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteSet, NoteStore, dequantize, quantize, write_store
from utils.notes.store_format import file_sha256

N = 30
ABOUT: dict[str, Any] = {
    "name": "test notes",
    "kind": "private",
    "licence": "CC0-1.0",
    "provenance": {"made by": "formula"},
}


def make_mels(n: int = N) -> np.ndarray:
    ramp = np.arange(n * 64 * 64, dtype=np.int64)
    return (ramp * 7919 % 65_521 % 256).astype(np.uint8).reshape(n, 64, 64)


def make_columns(n: int = N) -> dict[str, np.ndarray]:
    number = np.arange(n)
    return {
        "note_str": np.asarray([f"nöte-{i}" for i in number]),
        "family": number % 11,
        "source": number % 3,
        "pitch": 24 + number % 73,
        "velocity": np.asarray([25, 50, 75, 100, 127])[number % 5],
        "instrument_str": np.asarray([f"instrument {i // 3}" for i in number]),
        "group": np.asarray([f"group {i // 6}" for i in number]),
        "sample_hash": np.asarray([f"{i:064x}" + f" {i + 1:064x}" * (i % 2) for i in number]),
        "split": np.asarray([("train", "validation", "")[i // 6 % 3] for i in number]),
    }


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "ein schöner store"


@pytest.fixture
def store(out: Path) -> NoteStore:
    return write_store(out, make_mels(), make_columns(), **ABOUT)


def edit_manifest(store: NoteStore, **changes: Any) -> None:
    path = store.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def accept_files(store: NoteStore) -> None:
    """Make the manifest fit whatever files are there."""
    files = {
        name: {
            "bytes": (store.path / name).stat().st_size,
            "sha256": file_sha256(store.path / name),
        }
        for name in ("mels.npy", "notes.npz")
    }
    edit_manifest(store, files=files)


class TestWrite:
    def test_what_is_written_is_read(self, out: Path) -> None:
        write_store(out, make_mels(), make_columns(), **ABOUT)
        store = NoteStore.open(out, verify=True)
        assert np.array_equal(store.mels, make_mels())
        assert set(store.columns) == set(make_columns())
        for name, column in make_columns().items():
            assert np.array_equal(store.columns[name], column)
            assert store.columns[name].dtype.kind == ("U" if column.dtype.kind == "U" else "i")
        assert len(store) == N
        assert store.kind == "private"
        assert store.front_end == FRONT_END_ID

    def test_the_manifest_says_all(self, store: NoteStore) -> None:
        manifest = json.loads((store.path / "manifest.json").read_text(encoding="utf-8"))
        assert manifest == store.manifest
        assert {key: manifest[key] for key in ABOUT} == ABOUT
        assert manifest["format"] == 1
        assert manifest["front_end"] == FRONT_END_ID
        counts = manifest["counts"]
        assert (counts["notes"], counts["groups"], counts["instruments"]) == (30, 5, 10)
        assert counts["splits"] == {"": 6, "train": 12, "validation": 12}
        assert counts["families"]["bass"] == 3
        assert sum(counts["families"].values()) == N
        for name, file in manifest["files"].items():
            assert file["sha256"] == file_sha256(store.path / name)

    def test_the_same_notes_give_the_same_bytes(self, store: NoteStore, tmp_path: Path) -> None:
        again = write_store(tmp_path / "again", make_mels(), make_columns(), **ABOUT)
        for name in ("manifest.json", "mels.npy", "notes.npz"):
            assert (again.path / name).read_bytes() == (store.path / name).read_bytes()

    def test_the_dataset_id_follows_the_content_alone(
        self, store: NoteStore, tmp_path: Path
    ) -> None:
        def dataset_id(folder: str, mels: np.ndarray, columns: dict, **about: Any) -> str:
            return write_store(tmp_path / folder, mels, columns, **(ABOUT | about)).dataset_id

        renamed = dataset_id("a", make_mels(), make_columns(), name="other", licence="other")
        assert renamed == store.dataset_id
        mels = make_mels()
        mels[3, 4, 5] ^= 1
        ids = {store.dataset_id, dataset_id("b", mels, make_columns())}
        for i, column in enumerate(make_columns()):
            changed = make_columns()
            first = changed[column][0]
            changed[column][0] = f"{7:064x}" if isinstance(first, str) else first + 1
            ids.add(dataset_id(f"c{i}", make_mels(), changed))
        ids.add(dataset_id("d", make_mels(), make_columns(), front_end="other"))
        assert len(ids) == 12

    def test_further_columns_are_kept(self, out: Path) -> None:
        columns = make_columns() | {"program": np.arange(N), "gain": np.linspace(0, 1, N)}
        store = write_store(out, make_mels(), columns, **ABOUT)
        assert np.array_equal(store.columns["gain"], columns["gain"])
        assert np.array_equal(store.notes().columns()["program"], np.arange(N))

    def test_a_part_becomes_a_store_of_its_own(self, store: NoteStore, tmp_path: Path) -> None:
        part = store.split("validation")
        new = write_store(tmp_path / "part", part.mels_uint8(), part.columns(), **ABOUT)
        assert np.array_equal(new.mels, make_mels()[part.index])
        assert new.notes().note_strs.tolist() == part.note_strs.tolist()

    @pytest.mark.parametrize(
        ("column", "values", "message"),
        [
            ("family", np.arange(N), "column family: expected 0 to 10, got 0 to 29"),
            ("source", np.full(N, -1), "column source: expected 0 to 2, got -1 to -1"),
            ("pitch", np.full(N, 128), "column pitch: expected 0 to 127"),
            ("velocity", np.full(N, 64.0), "column velocity: expected whole numbers, got float64"),
            ("velocity", ["64"] * N, "column velocity: expected 30 numbers"),
            ("group", np.arange(N), "column group: expected 30 texts, got int64"),
            ("group", [""] * N, "column group: expected a name for every note"),
            ("note_str", ["same"] * N, "column note_str: same occurs 30 times"),
            ("note_str", ["a", "b"], r"column note_str: expected 30 texts, got .* shape \(2,\)"),
            ("note_str", [None] * N, "column note_str: expected 30 texts, got object"),
            ("sample_hash", [""] * N, "expected SHA-256s of 64 hexadecimal digits"),
            ("sample_hash", ["0" * 63] * N, "expected SHA-256s"),
            ("sample_hash", [f"{1:064x}  {2:064x}"] * N, "joined by single spaces"),
        ],
    )
    def test_wrong_columns_are_refused(
        self, out: Path, column: str, values: Any, message: str
    ) -> None:
        with pytest.raises(ParameterError, match=message):
            write_store(out, make_mels(), make_columns() | {column: values}, **ABOUT)
        assert not list(out.parent.iterdir())

    @pytest.mark.parametrize("column", sorted(make_columns()))
    def test_every_column_is_needed(self, out: Path, column: str) -> None:
        columns = {name: values for name, values in make_columns().items() if name != column}
        with pytest.raises(ParameterError, match=f"the columns {column} are missing"):
            write_store(out, make_mels(), columns, **ABOUT)

    @pytest.mark.parametrize(
        "mels", [make_mels().astype(np.float32), make_mels()[:, None], make_mels()[:, :63]]
    )
    def test_wrong_mels_are_refused(self, out: Path, mels: np.ndarray) -> None:
        with pytest.raises(ParameterError, match=r"mels: expected uint8 of shape \(n, 64, 64\)"):
            write_store(out, mels, make_columns(), **ABOUT)

    def test_no_notes_are_no_store(self, out: Path) -> None:
        with pytest.raises(ParameterError, match="expected at least one note, got none"):
            write_store(out, make_mels(0), make_columns(0), **ABOUT)

    @pytest.mark.parametrize(
        ("about", "message"),
        [
            ({"kind": "midi"}, "kind: expected one of general-midi, nsynth, private, got 'midi'"),
            ({"name": " "}, "name: expected some text"),
            ({"licence": None}, "licence: expected some text"),
            ({"provenance": {1, 2}}, "provenance: expected what JSON can hold"),
            ({"provenance": float("nan")}, "provenance: expected what JSON can hold"),
        ],
    )
    def test_wrong_descriptions_are_refused(
        self, out: Path, about: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ParameterError, match=message):
            write_store(out, make_mels(), make_columns(), **(ABOUT | about))

    def test_a_store_is_only_replaced_if_asked(self, store: NoteStore) -> None:
        with pytest.raises(StoreError, match=r"exists already.*overwrite=True"):
            write_store(store.path, make_mels(), make_columns(), **ABOUT)
        new = write_store(store.path, make_mels(6), make_columns(6), overwrite=True, **ABOUT)
        assert len(new) == 6
        assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]

    def test_what_is_no_store_is_never_replaced(self, out: Path) -> None:
        out.mkdir()
        (out / "thesis.txt").write_text("years of work")
        with pytest.raises(StoreError, match="is no store of notes and is not overwritten"):
            write_store(out, make_mels(), make_columns(), overwrite=True, **ABOUT)
        assert (out / "thesis.txt").read_text() == "years of work"

    def test_an_empty_folder_is_free(self, out: Path) -> None:
        out.mkdir()
        assert len(write_store(out, make_mels(), make_columns(), **ABOUT)) == N

    def test_a_full_disk_leaves_nothing_behind(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(file: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("utils.notes.store_writer._flush", full)
        with pytest.raises(StoreError, match="no space left for the store"):
            write_store(out, make_mels(), make_columns(), **ABOUT)
        assert not list(out.parent.iterdir())

    def test_the_old_store_survives_a_full_disk(
        self, store: NoteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(file: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("utils.notes.store_writer._flush", full)
        with pytest.raises(StoreError, match="no space left"):
            write_store(store.path, make_mels(6), make_columns(6), overwrite=True, **ABOUT)
        assert len(NoteStore.open(store.path, verify=True)) == N


class TestOpen:
    def test_a_missing_store(self, tmp_path: Path) -> None:
        with pytest.raises(
            StoreError, match=r"expected a store of notes at .*, got no such folder$"
        ):
            NoteStore.open(tmp_path / "gone")

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"got a folder without manifest\.json"):
            NoteStore.open(tmp_path)

    def test_a_half_made_store(self, tmp_path: Path) -> None:
        (tmp_path / "notes.partial").mkdir()
        with pytest.raises(StoreError, match="its build was interrupted: run it again"):
            NoteStore.open(tmp_path / "notes")
        with pytest.raises(StoreError, match="is a half-made store: run its build again"):
            NoteStore.open(tmp_path / "notes.partial")

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 1}', "\x00"])
    def test_a_damaged_manifest(self, store: NoteStore, text: str) -> None:
        (store.path / "manifest.json").write_text(text)
        with pytest.raises(StoreError, match=r"manifest\.json is damaged"):
            NoteStore.open(store.path)

    @pytest.mark.parametrize(
        "changes",
        [
            {"kind": "other"},
            {"kind": None},
            {"dataset_id": 3},
            {"counts": {}},
            {"counts": {"notes": "30", "splits": {}}},
            {"counts": {"notes": 30, "splits": []}},
            {"files": {"mels.npy": {"bytes": 3, "sha256": ""}}},
            {"files": []},
        ],
    )
    def test_a_manifest_with_wrong_entries(self, store: NoteStore, changes: dict) -> None:
        edit_manifest(store, **changes)
        with pytest.raises(StoreError, match=r"manifest\.json is damaged"):
            NoteStore.open(store.path)

    def test_a_store_of_a_later_format(self, store: NoteStore) -> None:
        edit_manifest(store, format=2)
        with pytest.raises(StoreError, match="expected format 1, got 2; use the version"):
            NoteStore.open(store.path)

    def test_a_store_of_another_front_end(self, store: NoteStore) -> None:
        edit_manifest(store, front_end="f" * 64)
        with pytest.raises(StoreError, match="made by front end ffffffffffff, expected"):
            NoteStore.open(store.path)
        assert NoteStore.open(store.path, front_end=None).front_end == "f" * 64

    @pytest.mark.parametrize("name", ["mels.npy", "notes.npz"])
    def test_missing_and_truncated_files(self, store: NoteStore, name: str) -> None:
        data = (store.path / name).read_bytes()
        (store.path / name).write_bytes(data[:-1])
        with pytest.raises(StoreError, match=rf"{name}: expected {len(data)} bytes, got"):
            NoteStore.open(store.path)
        (store.path / name).unlink()
        with pytest.raises(StoreError, match=f"{name} is missing"):
            NoteStore.open(store.path)

    @pytest.mark.parametrize("name", ["mels.npy", "notes.npz"])
    def test_a_flipped_bit_is_found_by_verifying(self, store: NoteStore, name: str) -> None:
        data = bytearray((store.path / name).read_bytes())
        data[len(data) // 2] ^= 1
        (store.path / name).write_bytes(bytes(data))
        with pytest.raises(StoreError, match=rf"{name}: its SHA-256 is not the one"):
            NoteStore.open(store.path, verify=True)

    def test_a_changed_label_is_found_even_with_new_checksums(self, store: NoteStore) -> None:
        columns = make_columns()
        columns["family"][0] = 5
        np.savez_compressed(store.path / "notes.npz", **columns)
        accept_files(store)
        with pytest.raises(StoreError, match=r"expected dataset .* the manifest is damaged"):
            NoteStore.open(store.path, verify=True)

    def test_columns_of_another_length(self, store: NoteStore) -> None:
        np.savez_compressed(store.path / "notes.npz", **make_columns(N - 1))
        accept_files(store)
        with pytest.raises(StoreError, match="expected 30 rows in every column"):
            NoteStore.open(store.path, verify=True)

    def test_missing_columns(self, store: NoteStore) -> None:
        np.savez_compressed(store.path / "notes.npz", family=np.arange(N))
        accept_files(store)
        with pytest.raises(StoreError, match="the columns group, instrument_str, note_str"):
            NoteStore.open(store.path)

    def test_mels_of_another_shape(self, store: NoteStore) -> None:
        np.save(store.path / "mels.npy", make_mels()[:-1])
        accept_files(store)
        with pytest.raises(StoreError, match=r"expected uint8 of shape \(30, 64, 64\), got uint8"):
            NoteStore.open(store.path)

    def test_nothing_is_unpickled(self, store: NoteStore) -> None:
        columns = make_columns() | {"group": np.asarray([{"a": 1}] * N, dtype=object)}
        np.savez_compressed(store.path / "notes.npz", **columns)
        accept_files(store)
        with pytest.raises(StoreError, match="column group is damaged"):
            NoteStore.open(store.path).notes().groups  # noqa: B018
        np.save(store.path / "mels.npy", np.asarray([{"a": 1}] * N, dtype=object))
        accept_files(store)
        with pytest.raises(StoreError, match=r"mels\.npy is damaged"):
            NoteStore.open(store.path)

    def test_files_that_are_no_arrays(self, store: NoteStore) -> None:
        for name in ("notes.npz", "mels.npy"):
            (store.path / name).write_bytes(b"no array")
            accept_files(store)
            with pytest.raises(StoreError, match=rf"{name} is damaged"):
                NoteStore.open(store.path)

    def test_torch_is_not_needed(self, store: NoteStore) -> None:
        code = (
            "import sys, utils.notes.splits\n"
            "from utils.notes.store import NoteStore\n"
            "notes = NoteStore.open(sys.argv[1], verify=True).split('train')\n"
            "assert notes.inputs().shape == (12, 1, 64, 64) and len(notes.groups) == 12\n"
            "slow = {'torch', 'scipy', 'soundfile', 'tqdm'} & set(sys.modules)\n"
            "assert not slow, slow\n"
        )
        subprocess.run([sys.executable, "-c", code, str(store.path)], cwd=ROOT, check=True)


class TestNoteSet:
    def test_splits(self, store: NoteStore) -> None:
        assert store.splits == ("train", "validation")
        assert store.split("train").index.tolist() == [*range(6), *range(18, 24)]
        with pytest.raises(ParameterError, match="one of the splits train, validation of test"):
            store.split("test")
        with pytest.raises(ParameterError, match="got ''"):
            store.split("")

    def test_inputs_are_the_dequantized_mels(self, store: NoteStore) -> None:
        notes = store.split("train")
        inputs = notes.inputs()
        assert inputs.shape == (12, 1, 64, 64)
        assert inputs.dtype == np.float32
        assert np.array_equal(inputs[:, 0], make_mels()[notes.index] / np.float32(255))
        assert np.array_equal(notes.mels_uint8(), make_mels()[notes.index])

    @pytest.mark.parametrize(
        ("index", "positions"),
        [
            (4, [4]),
            (-1, [11]),
            (slice(2, 5), [2, 3, 4]),
            ([7, 0, 7], [7, 0, 7]),
            (np.arange(12) == 9, [9]),
            ([], []),
            (np.asarray([3], np.uint8), [3]),
        ],
    )
    def test_parts_of_a_set(self, store: NoteStore, index: Any, positions: list[int]) -> None:
        notes = store.split("train")
        assert np.array_equal(notes.inputs(index), notes.inputs()[positions])
        part = notes.subset(index)
        assert part.index.tolist() == notes.index[positions].tolist()
        assert part.note_strs.tolist() == notes.note_strs[positions].tolist()

    @pytest.mark.parametrize("index", [12, [-13], [0.5], np.ones(11, bool), ["a"], slice("a")])
    def test_positions_outside_are_refused(self, store: NoteStore, index: Any) -> None:
        with pytest.raises(ParameterError, match="expected positions in 0 to 11 or a mask of 12"):
            store.split("train").subset(index)

    def test_what_is_known_of_the_notes(self, store: NoteStore) -> None:
        notes, columns = store.split("validation"), make_columns()
        for name, got in {
            "family": notes.families,
            "group": notes.groups,
            "pitch": notes.pitches,
            "velocity": notes.velocities,
            "source": notes.sources,
            "note_str": notes.note_strs,
            "sample_hash": notes.sample_hashes,
        }.items():
            assert got.tolist() == columns[name][notes.index].tolist()
        assert notes.families.dtype == np.int64
        with pytest.raises(KeyError, match="no column 'tempo'; there are"):
            notes.column("tempo")

    def test_tensors(self, store: NoteStore) -> None:
        notes = store.split("train")
        inputs, families = notes.tensors().tensors
        assert inputs.dtype == torch.float32
        assert families.dtype == torch.int64
        assert np.array_equal(inputs.numpy(), notes.inputs())
        assert families.tolist() == notes.families.tolist()

    def test_a_set_is_a_data_set(self, store: NoteStore) -> None:
        notes = store.split("train")
        pairs = list(notes)
        assert len(pairs) == len(notes) == 12
        assert np.array_equal(np.stack([pair[0] for pair in pairs]), notes.inputs())
        assert [pair[1] for pair in pairs] == notes.families.tolist()
        loader = torch.utils.data.DataLoader(notes, batch_size=5)  # type: ignore[arg-type]
        inputs, families = next(iter(loader))
        assert inputs.shape == (5, 1, 64, 64)
        assert families.dtype == torch.int64
        with pytest.raises(TypeError, match="'slice' object cannot be interpreted"):
            notes[1:3]  # type: ignore[index]

    @pytest.mark.slow
    def test_a_set_travels_to_other_processes(self, store: NoteStore) -> None:
        notes = store.split("train")
        loader = torch.utils.data.DataLoader(
            notes,  # type: ignore[arg-type]
            batch_size=12,
            num_workers=1,
            multiprocessing_context="spawn",
        )
        inputs, _ = next(iter(loader))
        assert np.array_equal(inputs.numpy(), notes.inputs())

    def test_copies_map_the_file_again(self, store: NoteStore) -> None:
        again = copy.copy(store)
        assert isinstance(again.mels, np.memmap)
        assert again.dataset_id == store.dataset_id
        assert len(pickle.dumps(store)) < 1000

    def test_nothing_can_be_written(self, store: NoteStore) -> None:
        assert isinstance(store.mels, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            store.mels[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            store.columns["family"][0] = 3

    def test_what_is_handed_out_is_the_callers(self, store: NoteStore) -> None:
        store.notes().inputs([0])[:] = 0
        store.notes().families[:] = 0
        assert np.array_equal(store.mels, make_mels())
        assert np.array_equal(store.columns["family"], make_columns()["family"])

    def test_names(self, store: NoteStore) -> None:
        assert repr(store).startswith("NoteStore('test notes', kind='private', 30 notes, dataset")
        assert repr(store.split("train")) == "NoteSet(12 of 30 notes of 'test notes')"

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_subsets_of_subsets(self, store: NoteStore, data: st.DataObject) -> None:
        notes, expected = store.notes(), np.arange(N)
        for _ in range(3):
            index = data.draw(st.lists(st.integers(0, max(len(notes) - 1, 0)), max_size=8))
            if len(notes) == 0:
                index = []
            notes, expected = notes.subset(index), expected[np.asarray(index, np.int64)]
            assert isinstance(notes, NoteSet)
            assert notes.index.tolist() == expected.tolist()
            assert notes.pitches.tolist() == make_columns()["pitch"][expected].tolist()
            assert notes.inputs().shape == (len(expected), 1, 64, 64)


def test_quantizing_and_back() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(quantize(dequantize(every)), every)
    values = np.linspace(0, 1, 1001, dtype=np.float32)
    assert np.abs(dequantize(quantize(values)) - values).max() <= 0.5 / 255 + 1e-7
