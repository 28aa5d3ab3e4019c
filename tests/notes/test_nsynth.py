"""NSynth's format: genuine records, broken ones, folders, archives, truncation."""

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notes.helpers import (
    data_set_files,
    make_note,
    make_notes,
    make_record,
    tone,
    wav_bytes,
    write_archive,
    write_folder,
)
from utils.errors import DownloadError, ParameterError, RecordError
from utils.notes.nsynth import NoteRecord, iter_notes, read_records

GENUINE = Path(__file__).parent / "data" / "nsynth_records.json"  # from NSynth, CC BY 4.0
Files = dict[str, bytes]


@pytest.fixture
def files() -> Files:
    return data_set_files(make_notes(6))


def note_str(number: int) -> str:
    return make_note(number).record.note_str


def break_record(files: Files, number: int, **changes: object) -> Files:
    records = json.loads(files["examples.json"])
    records[note_str(number)] |= changes
    return files | {"examples.json": json.dumps(records).encode()}


def break_sound(files: Files, number: int, data: bytes) -> Files:
    return files | {f"audio/{note_str(number)}.wav": data}


def without_sound(files: Files, number: int) -> Files:
    return {name: data for name, data in files.items() if note_str(number) not in name}


# The three ways in which a data set can lie there.
def as_folder(path: Path, files: Files) -> Path:
    return write_folder(path / "nsynth-test", files)


def as_archive(path: Path, files: Files) -> Path:
    return write_archive(path / "nsynth-test.jsonwav.tar.gz", files)


def as_archive_records_last(path: Path, files: Files) -> Path:
    return write_archive(path / "nsynth-test.jsonwav.tar.gz", files, records_last=True)


LAYOUTS = [as_folder, as_archive, as_archive_records_last]
every_layout = pytest.mark.parametrize("layout", LAYOUTS)
Layout = Callable[[Path, Files], Path]


def test_genuine_records_are_taken_and_given_back_verbatim() -> None:
    records = json.loads(GENUINE.read_text())
    assert len(records) == 14
    for name, record in records.items():
        assert NoteRecord.from_dict(name, record).to_dict() == record


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": "7"}, "note: expected a whole number"),
        ({"note": -1}, "note: expected a whole number"),
        ({"pitch": 128}, "pitch: expected a whole number from 0 to 127, got 128"),
        ({"pitch": 60.0}, r"pitch: expected .* got 60\.0"),
        ({"velocity": True}, "velocity: expected .* got True"),
        ({"velocity": None}, "velocity: expected .* got None"),
        ({"sample_rate": -16_000}, "sample_rate: expected"),
        ({"instrument_family": 11}, "instrument_family: expected a whole number from 0 to 10"),
        ({"instrument_family_str": "brass"}, "expected 'bass' for 0, got 'brass'"),
        ({"instrument_source_str": "synthetic"}, "expected 'acoustic' for 0, got 'synthetic'"),
        ({"note_str": "other"}, "note_str: expected 'bass_acoustic_000-040-025', got 'other'"),
        ({"instrument_str": ""}, "instrument_str: expected a name"),
        ({"qualities": [0] * 9}, "qualities: expected 10 flags"),
        ({"qualities": [2] + [0] * 9}, "qualities: expected 10 flags of 0 or 1"),
        ({"qualities": "0000000000"}, "qualities: expected 10 flags"),
        ({"qualities_str": ["dark"]}, r"qualities_str: expected \['bright'\], got \['dark'\]"),
        ({"qualities_str": None}, "qualities_str: expected"),
    ],
)
def test_broken_records_are_refused_and_the_note_is_named(
    changes: dict[str, object], message: str
) -> None:
    record = make_record(0, **changes)
    with pytest.raises(RecordError, match=rf"note 'bass_acoustic_000-040-025': .*{message}"):
        NoteRecord.from_dict("bass_acoustic_000-040-025", record)


@pytest.mark.parametrize("key", sorted(make_record()))
def test_every_key_is_needed(key: str) -> None:
    record = {name: value for name, value in make_record().items() if name != key}
    with pytest.raises(RecordError, match=f"missing {key}$"):
        NoteRecord.from_dict("bass_acoustic_000-040-025", record)


def test_further_keys_are_left_out() -> None:
    record = NoteRecord.from_dict(str(make_record()["note_str"]), make_record(0, comment="mine"))
    assert record.to_dict() == make_record()


@pytest.mark.parametrize("name", ["../evil", "a/b", "a\\b", ".hidden", "a\0b", "a\nb", "C:evil"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(RecordError, match="expected a name that can be a file's"):
        NoteRecord.from_dict(name, make_record(0, note_str=name))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(make_record())), value=json_values)
def test_whatever_stands_in_a_record_it_is_taken_verbatim_or_refused(key: str, value: Any) -> None:
    record = make_record(0) | {key: value}
    try:
        taken = NoteRecord.from_dict(note_str(0), record)
    except RecordError:
        return
    assert taken.to_dict() == record


@pytest.mark.parametrize("record", [None, [], "text", 3])
def test_records_that_are_no_dict_are_refused(record: object) -> None:
    with pytest.raises(RecordError, match="note 'x': expected a record with keys"):
        NoteRecord.from_dict("x", record)  # type: ignore[arg-type]


@every_layout
def test_all_notes_are_read_bit_for_bit(tmp_path: Path, layout: Layout, files: Files) -> None:
    notes = list(iter_notes(layout(tmp_path, files)))
    assert [note.record for note in notes] == [make_note(i).record for i in range(6)]
    for i, note in enumerate(notes):
        assert note.waveform.dtype == np.float32
        assert np.array_equal(note.waveform, make_note(i).waveform)


@every_layout
def test_nothing_is_unpacked(tmp_path: Path, layout: Layout, files: Files) -> None:
    path = layout(tmp_path, files)
    before = sorted(tmp_path.rglob("*"))
    list(iter_notes(path))
    assert sorted(tmp_path.rglob("*")) == before


@every_layout
def test_records_can_be_read_alone(tmp_path: Path, layout: Layout, files: Files) -> None:
    assert read_records(layout(tmp_path, files)) == json.loads(files["examples.json"])


def test_an_uncompressed_tar_will_do(tmp_path: Path, files: Files) -> None:
    path = write_archive(tmp_path / "notes.tar", files, mode="w")
    assert len(list(iter_notes(path))) == 6


BROKEN: list[tuple[Callable[[Files], Files], str]] = [
    (lambda f: break_record(f, 2, pitch=200), "pitch: expected a whole number from 0 to 127"),
    (lambda f: break_record(f, 2, sample_rate=44_100), "got 16000 Hz in the sound and 44100 Hz in"),
    (lambda f: without_sound(f, 2), r"its sound audio/.*\.wav is missing"),
    (
        lambda f: break_sound(f, 2, wav_bytes(tone(), sample_rate=22_050)),
        "expected 16000 Hz, got 22050 Hz in the sound",
    ),
    (lambda f: break_sound(f, 2, wav_bytes(tone()[:60_000])), r"got shape=\(60000,\)"),
    (lambda f: break_sound(f, 2, wav_bytes(np.stack([tone()] * 2, axis=1))), "mono, got shape="),
    (lambda f: break_sound(f, 2, wav_bytes(tone())[:70_000]), r"truncated\?"),
    (lambda f: break_sound(f, 2, b"no sound"), "expected a sound file"),
    (lambda f: break_sound(f, 2, b""), "expected a sound file"),
    (
        lambda f: break_sound(f, 2, wav_bytes(tone() * np.float32(np.nan), subtype="FLOAT")),
        "NaN or infinite",
    ),
]


@every_layout
@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_a_broken_note_is_an_error_that_names_it(
    tmp_path: Path, layout: Layout, files: Files, damage: Callable[[Files], Files], message: str
) -> None:
    path = layout(tmp_path, damage(files))
    with pytest.raises(RecordError, match=rf"note '{note_str(2)}': .*{message}"):
        list(iter_notes(path))


@every_layout
@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_or_it_is_skipped_and_counted(
    tmp_path: Path, layout: Layout, files: Files, damage: Callable[[Files], Files], message: str
) -> None:
    path = layout(tmp_path, damage(files))
    skipped: list[tuple[str, str]] = []
    names = [note.record.note_str for note in iter_notes(path, on_error="skip", skipped=skipped)]
    assert names == [note_str(i) for i in (0, 1, 3, 4, 5)]
    assert [name for name, _ in skipped] == [note_str(2)]
    assert note_str(2) in skipped[0][1]


@every_layout
def test_skipping_needs_no_list(tmp_path: Path, layout: Layout, files: Files) -> None:
    path = layout(tmp_path, without_sound(files, 0))
    assert len(list(iter_notes(path, on_error="skip"))) == 5


@every_layout
def test_sounds_without_a_record_are_left_out(tmp_path: Path, layout: Layout, files: Files) -> None:
    records = json.loads(files["examples.json"])
    chosen = {name: records[name] for name in list(records)[:2]}
    path = layout(tmp_path, files | {"examples.json": json.dumps(chosen).encode()})
    assert [note.record.note_str for note in iter_notes(path)] == list(chosen)


@every_layout
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "expected JSON"),
        (b"[]", "expected one record a note"),
        (b"{}", "expected one record a note"),
        (b"\xff\xfe\x00", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
    ],
)
def test_broken_examples_are_an_error_whatever_is_skipped(
    tmp_path: Path, layout: Layout, files: Files, content: bytes, message: str
) -> None:
    path = layout(tmp_path, files | {"examples.json": content})
    with pytest.raises(DownloadError, match=rf"examples\.json: {message}"):
        list(iter_notes(path, on_error="skip"))


def test_data_sets_without_examples(tmp_path: Path, files: Files) -> None:
    del files["examples.json"]
    with pytest.raises(DownloadError, match=r"expected a folder with examples\.json and audio/"):
        list(iter_notes(as_folder(tmp_path, files)))
    with pytest.raises(DownloadError, match=r"expected an examples\.json in it, got none"):
        list(iter_notes(as_archive(tmp_path, files)))


@pytest.mark.parametrize("content", [b"", b"no tar file" * 1000, gzip.compress(b"no tar" * 9000)])
def test_files_that_are_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nsynth-test.jsonwav.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DownloadError, match="truncated, damaged or no NSynth archive"):
        list(iter_notes(path))


def test_missing_paths(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"gone\.tar\.gz is missing"):
        list(iter_notes(tmp_path / "gone.tar.gz"))


def test_only_two_ways_to_treat_errors(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="expected 'raise' or 'skip', got 'ignore'"):
        iter_notes(tmp_path, on_error="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("records_last", [False, True])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_truncated_archive_is_always_an_error(
    tmp_path: Path, files: Files, mode: str, records_last: bool, on_error: Any
) -> None:
    whole = write_archive(tmp_path / "whole", files, mode=mode, records_last=records_last)
    data = whole.read_bytes()
    # At the boundaries of tar's headers above all, where tarfile alone sees a proper end.
    cuts = {len(data) * i // 23 for i in range(1, 23)} | {len(data) - 8, len(data) - 1}
    if mode == "w":
        with tarfile.open(whole) as tar:
            cuts = {member.offset for member in tar} - {0} | {end_of_content(whole)}
    for cut in sorted(cuts):
        path = tmp_path / "cut.tar.gz"
        path.write_bytes(data[:cut])
        with pytest.raises(DownloadError, match="truncated, damaged or no NSynth archive"):
            list(iter_notes(path, on_error=on_error))


def end_of_content(path: Path) -> int:
    with tarfile.open(path) as tar:
        last = tar.getmembers()[-1]
    return last.offset_data + -(-last.size // 512) * 512


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path, files: Files) -> None:
    path = write_archive(tmp_path / "notes.tar", files, mode="w")
    with tarfile.open(path) as tar:
        member = tar.getmembers()[-2]
    data = bytearray(path.read_bytes())
    data[member.offset + 100] ^= 0xFF
    path.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(DownloadError, match="the end mark of the tar file is missing"):
        list(iter_notes(path, on_error="skip"))


def test_a_flipped_bit_is_an_error(tmp_path: Path, files: Files) -> None:
    path = as_archive(tmp_path, files)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1  # gzip's checksum
    path.write_bytes(bytes(data))
    with pytest.raises(DownloadError, match="truncated, damaged"):
        list(iter_notes(path, on_error="skip"))


def test_huge_members_are_refused_before_they_are_read(tmp_path: Path, files: Files) -> None:
    files = break_sound(files, 0, bytes(65 << 20))
    with pytest.raises(DownloadError, match="expected at most 67108864 bytes, got 68157440"):
        list(iter_notes(as_archive(tmp_path, files), on_error="skip"))


def test_what_a_mac_adds_to_an_archive_is_passed_over(tmp_path: Path, files: Files) -> None:
    extra = {f"audio/._{note_str(0)}.wav": b"x", "._examples.json": b"x", "README": b"x"}
    assert len(list(iter_notes(as_archive(tmp_path, extra | files)))) == 6


def test_links_in_an_archive_are_not_followed(tmp_path: Path, files: Files) -> None:
    path = tmp_path / "links.tar"
    write_archive(path, without_sound(files, 0), mode="w")
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo(f"nsynth-test/audio/{note_str(0)}.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(RecordError, match="is missing"):
        list(iter_notes(path))


def test_memory_stays_flat(tmp_path: Path) -> None:
    files = data_set_files(make_notes(80))
    path = as_archive_records_last(tmp_path, files)
    size = sum(map(len, files.values()))
    del files
    tracemalloc.start()
    try:
        assert sum(1 for _ in iter_notes(path)) == 80
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 10e6
    assert peak < 3e6


def test_looking_ahead_stops_where_the_records_stand(tmp_path: Path, files: Files) -> None:
    records = {"examples.json": files.pop("examples.json")}
    path = tmp_path / "middle.tar.gz"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in (files | records).items():
            info = tarfile.TarInfo(f"nsynth-test/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        tar.addfile(tarfile.TarInfo("nsynth-test/after"))
    # What follows the records is broken, which reading the records alone must not notice.
    path.write_bytes(gzip.compress(content.getvalue())[:-4])
    assert len(read_records(path)) == 6
