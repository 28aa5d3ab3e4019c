"""Building stores: parallel as in one process, resumed as in one go, and clear when it fails."""

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
import torch

from tests.notes.helpers import data_set_files, quick_notes, write_archive
from utils.errors import ParameterError, RecordError, StoreError
from utils.notes.audio import pcm_sha256
from utils.notes.mel import log_mel_spectrogram, quantize
from utils.notes.nsynth import Note, iter_notes
from utils.notes.store import NoteStore, StoreBuilder, build_store, write_store

N = 44
ABOUT: dict[str, Any] = {
    "name": "tones",
    "kind": "private",
    "licence": "CC0-1.0",
    "provenance": "made by formula",
}
OPTIONS: dict[str, Any] = ABOUT | {"workers": 0, "shard_size": 8, "progress": False}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(scope="module")
def notes() -> list[Note]:
    return list(quick_notes(N))


def contents(store: NoteStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.path.iterdir()}


def stop_after(notes: list[Note], n: int, error: BaseException) -> Iterator[Note]:
    yield from notes[:n]
    raise error


def interrupt(out: Path, notes: list[Note], n: int) -> None:
    """Leave a build half-made, as Ctrl-C does."""
    with pytest.raises(KeyboardInterrupt):
        build_store(stop_after(notes, n, KeyboardInterrupt()), out, **OPTIONS)


def resume(out: Path, notes: list[Note], **options: Any) -> StoreBuilder:
    builder = StoreBuilder(out, **(OPTIONS | options))
    builder.build(notes)
    return builder


def test_a_store_holds_what_the_front_end_computes(out: Path, notes: list[Note]) -> None:
    store = build_store(notes, out, **OPTIONS)
    waves = torch.from_numpy(np.stack([note.waveform for note in notes]))
    assert np.array_equal(store.mels, quantize(log_mel_spectrogram(waves))[:, 0].numpy())
    columns = store.notes().columns()
    for i, (record, waveform) in enumerate(notes):
        assert {name: columns[name][i] for name in columns} == {
            "note_str": record.note_str,
            "family": record.instrument_family,
            "source": record.instrument_source,
            "pitch": record.pitch,
            "velocity": record.velocity,
            "instrument_str": record.instrument_str,
            "group": record.instrument_str,
            "sample_hash": pcm_sha256(waveform),
            "split": "",
        }
    assert {key: store.manifest[key] for key in ABOUT} == ABOUT
    assert [path.name for path in out.parent.iterdir()] == ["store"]


def test_group_split_and_hash_can_be_given(out: Path, notes: list[Note]) -> None:
    store = build_store(
        notes,
        out,
        group_of=lambda record: f"g{record.instrument_family}",
        split_of=lambda record: "train" if record.pitch < 60 else "test",
        sample_hash_of=lambda note: f"{note.record.note:064x} {0:064x}",
        **OPTIONS,
    )
    columns = store.columns
    assert columns["group"].tolist() == [f"g{family}" for family in columns["family"]]
    assert columns["split"][0] == "train"
    assert columns["sample_hash"][3] == f"{3:064x} {0:064x}"


@pytest.mark.slow
def test_workers_change_nothing(tmp_path: Path, notes: list[Note]) -> None:
    alone = build_store(notes, tmp_path / "alone", **OPTIONS)
    together = build_store(notes, tmp_path / "together", **(OPTIONS | {"workers": 2}))
    assert contents(alone) == contents(together)


def test_the_id_is_that_of_a_store_written_at_once(tmp_path: Path, notes: list[Note]) -> None:
    built = build_store(notes, tmp_path / "built", **OPTIONS)
    written = write_store(
        tmp_path / "written", np.asarray(built.mels), built.notes().columns(), **ABOUT
    )
    assert contents(built) == contents(written)


def test_threads_of_the_caller_are_left_alone(out: Path, notes: list[Note]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        build_store(notes, out, **OPTIONS)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("stop", [0, 3, 8, 20, N])
def test_a_resumed_build_gives_the_same_bytes(tmp_path: Path, notes: list[Note], stop: int) -> None:
    whole = build_store(notes, tmp_path / "whole", **OPTIONS)
    interrupt(tmp_path / "store", notes, stop)
    with pytest.raises(StoreError, match="run it again, it goes on where it stopped"):
        NoteStore.open(tmp_path / "store")
    builder = resume(tmp_path / "store", notes)
    assert builder.shards_reused == stop // 8
    assert builder.shards_computed == 6 - stop // 8
    assert contents(NoteStore.open(builder.out, verify=True)) == contents(whole)


def test_a_finished_shard_costs_no_front_end(
    out: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(out, [*notes, *quick_notes(N)], N + 4)

    def never(waveforms: np.ndarray) -> np.ndarray:
        raise AssertionError("a finished shard was computed again")

    monkeypatch.setattr("utils.notes.store_worker.log_mels", never)
    assert resume(out, notes[:40]).shards_reused == 5


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "swap"])
def test_shards_are_not_trusted_without_their_checksum(
    tmp_path: Path, notes: list[Note], damage: str
) -> None:
    whole = build_store(notes, tmp_path / "whole", **OPTIONS)
    out = tmp_path / "store"
    interrupt(out, notes, N)
    first, second = sorted((tmp_path / "store.partial" / "shards").iterdir())[:2]
    data = bytearray(first.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
    if damage == "swap":
        data = bytearray(second.read_bytes()[:32]) + data[32:]
    first.write_bytes({"truncate": data[:-4096], "empty": b""}.get(damage, data))
    builder = resume(out, notes)
    assert (builder.shards_reused, builder.shards_computed) == (4, 2)
    assert contents(NoteStore.open(out)) == contents(whole)


def test_a_changed_sound_is_computed_again(out: Path, notes: list[Note]) -> None:
    interrupt(out, notes, N)
    changed = [*notes]
    changed[3] = Note(notes[3].record, notes[3].waveform[::-1].copy())
    builder = resume(out, changed)
    assert (builder.shards_reused, builder.shards_computed) == (4, 2)
    waves = torch.from_numpy(np.stack([note.waveform for note in changed]))
    expected = quantize(log_mel_spectrogram(waves))[:, 0].numpy()
    assert np.array_equal(NoteStore.open(out).mels, expected)


def test_another_order_is_right_though_slower(out: Path, notes: list[Note]) -> None:
    interrupt(out, notes, N)
    builder = resume(out, notes[::-1])
    assert builder.shards_reused == 0
    columns = NoteStore.open(out, verify=True).columns
    assert columns["note_str"].tolist() == [note.record.note_str for note in notes[::-1]]


def test_what_is_known_of_notes_is_asked_anew(out: Path, notes: list[Note]) -> None:
    interrupt(out, notes, N)
    builder = resume(out, notes, split_of=lambda record: "train")
    assert builder.shards_reused == 5
    assert NoteStore.open(out).splits == ("train",)


def test_a_shorter_build_leaves_no_trace_of_a_longer_one(tmp_path: Path, notes: list[Note]) -> None:
    interrupt(tmp_path / "store", notes, N)
    short = build_store(notes[:16], tmp_path / "store", **OPTIONS)
    assert contents(short) == contents(build_store(notes[:16], tmp_path / "whole", **OPTIONS))


def test_out_of_an_archive_with_broken_notes(tmp_path: Path, notes: list[Note]) -> None:
    files = data_set_files(notes)
    del files[f"audio/{notes[5].record.note_str}.wav"]
    path = write_archive(tmp_path / "nsynth-test.jsonwav.tar.gz", files)
    skipped: list[tuple[str, str]] = []
    stream = iter_notes(path, on_error="skip", skipped=skipped)
    store = build_store(stream, tmp_path / "store", **(OPTIONS | {"kind": "nsynth"}))
    assert len(store) == N - 1
    assert [name for name, _ in skipped] == [notes[5].record.note_str]
    rest = [note for i, note in enumerate(notes) if i != 5]
    assert (
        contents(store)["mels.npy"]
        == contents(build_store(rest, tmp_path / "rest", **OPTIONS))["mels.npy"]
    )


def test_errors_of_the_source_come_through_and_nothing_finished_is_lost(
    out: Path, notes: list[Note]
) -> None:
    with pytest.raises(RecordError, match="note 'x'"):
        build_store(stop_after(notes, 20, RecordError("note 'x': broken")), out, **OPTIONS)
    assert resume(out, notes).shards_reused == 2


@pytest.mark.parametrize(
    "waveform", [np.zeros(63_999, np.float32), np.full(64_000, np.nan, np.float32)]
)
def test_bad_samples_name_the_note(out: Path, notes: list[Note], waveform: np.ndarray) -> None:
    bad = Note(notes[1].record, waveform)
    with pytest.raises(RecordError, match=f"note '{bad.record.note_str}': expected 64000 finite"):
        build_store([notes[0], bad], out, **OPTIONS)


def test_a_note_that_occurs_twice_is_refused(out: Path, notes: list[Note]) -> None:
    with pytest.raises(ParameterError, match=f"{notes[0].record.note_str} occurs 2 times"):
        build_store([*notes, notes[0]], out, **OPTIONS)
    assert not out.exists()


def test_no_notes(out: Path) -> None:
    with pytest.raises(ParameterError, match="expected at least one note, got none"):
        build_store([], out, **OPTIONS)


def test_wrong_hashes_are_refused(out: Path, notes: list[Note]) -> None:
    with pytest.raises(ParameterError, match="expected SHA-256s of 64 hexadecimal digits"):
        build_store(notes, out, sample_hash_of=lambda note: "none", **OPTIONS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": -1}, "workers: expected 0 or more"),
        ({"shard_size": 0}, "shard_size: expected 1 or more"),
        ({"kind": "other"}, "kind: expected one of"),
        ({"licence": ""}, "licence: expected some text"),
    ],
)
def test_wrong_options(out: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        StoreBuilder(out, **(OPTIONS | options))


def test_a_store_is_only_replaced_if_asked(out: Path, notes: list[Note]) -> None:
    build_store(notes, out, **OPTIONS)
    with pytest.raises(StoreError, match="exists already"):
        build_store(notes[:8], out, **OPTIONS)
    assert len(build_store(notes[:8], out, overwrite=True, **OPTIONS)) == 8
    assert [path.name for path in out.parent.iterdir()] == ["store"]


def test_a_full_disk_is_said_and_the_build_resumes(
    out: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes, written = Path.write_bytes, []

    def write_or_fail(path: Path, data: bytes) -> int:
        if path.suffix == ".new":
            written.append(path)
            if len(written) > 3:
                write_bytes(path, data[:1000])
                raise OSError(28, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_or_fail)
    with pytest.raises(StoreError, match=r"no space left .* again: what is finished is kept"):
        build_store(notes, out, **OPTIONS)
    assert not out.exists()
    monkeypatch.undo()
    assert resume(out, notes).shards_reused == 3


def test_too_little_space_is_said_before_the_work(
    out: Path, notes: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(StoreError, match=r"needs 0 MB .* where 0 MB are free; free some space"):
        build_store(notes, out, **OPTIONS)


def test_two_builds_at_one_place(out: Path, notes: list[Note]) -> None:
    partial = out.with_name("store.partial")
    partial.mkdir()
    with (
        filelock.FileLock(partial / "lock"),
        pytest.raises(StoreError, match="another build is writing to"),
    ):
        build_store(notes, out, **OPTIONS)
    assert len(build_store(notes, out, **OPTIONS)) == N


@pytest.mark.slow
def test_a_worker_that_dies_is_said_and_the_build_resumes(out: Path, notes: list[Note]) -> None:
    def deadly() -> Iterator[Note]:
        yield from notes[:20]
        for process in multiprocessing.active_children():
            process.kill()
        yield from notes[20:]

    with pytest.raises(StoreError, match=r"a worker process died.*run the build again"):
        build_store(deadly(), out, **(OPTIONS | {"workers": 1}))
    assert len(build_store(notes, out, **OPTIONS)) == N


def test_the_progress_bar_counts_notes(
    out: Path, notes: list[Note], capsys: pytest.CaptureFixture[str]
) -> None:
    build_store(iter(notes), out, total=N, **(OPTIONS | {"progress": True}))
    assert f"{N}/{N}" in capsys.readouterr().err
    build_store(notes, out, overwrite=True, **OPTIONS)
    assert capsys.readouterr().err == ""


def test_records_of_the_notes_are_not_changed(out: Path, notes: list[Note]) -> None:
    copies = [replace(note.record) for note in notes]
    build_store(notes, out, **OPTIONS)
    assert copies == [note.record for note in notes]


def test_the_manifest_can_be_read_by_people(out: Path, notes: list[Note]) -> None:
    build_store(notes, out, **(OPTIONS | {"name": "Töne"}))
    text = (out / "manifest.json").read_text(encoding="utf-8")
    assert '"name": "Töne"' in text
    assert json.loads(text)["counts"]["notes"] == N
