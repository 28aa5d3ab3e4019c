"""The hidden split: drawn in secret, and never from what students have."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from grader.hidden_cli import main
from grader.hidden_split import HiddenSplit, build_hidden
from tests.notes.helpers import data_set_files, make_notes, tone, write_archive, write_folder
from utils.errors import ParameterError, StoreError
from utils.notes.store import NoteStore, write_store
from utils.notes.vocabulary import FAMILIES

SECRET = b"a secret of more than sixteen bytes"


def store(
    path: Path, *, kind: str = "general-midi", split: str | list[str] = "train", **changes
) -> NoteStore:
    """Write a store of 12 notes of 6 groups of 3 families."""
    n = 12
    columns = {
        "note_str": [f"{path.name}-{i}" for i in range(n)],
        "family": np.arange(n) % 3,
        "source": [0] * n,
        "pitch": [60] * n,
        "velocity": [100] * n,
        "instrument_str": [f"{path.name}-{i % 6}" for i in range(n)],
        "group": [f"{path.name}-{i % 6}" for i in range(n)],
        "sample_hash": [f"{i:064x}" for i in range(n)],
        "split": [split] * n if isinstance(split, str) else split,
    } | changes
    mels = np.arange(n, dtype=np.uint8)[:, None, None] * np.ones((1, 64, 64), np.uint8)
    about = {"name": path.name, "licence": "none", "provenance": "a test"}
    return write_store(path, mels, columns, kind=kind, **about)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """What students train on: shares nothing with the others."""
    hashes = [f"{i + 100:064x}" for i in range(12)]
    return store(tmp_path / "students", kind="nsynth", sample_hash=hashes).path


@pytest.fixture
def nsynth(tmp_path: Path) -> Path:
    return store(tmp_path / "test", kind="nsynth").path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_bytes(SECRET)
    return path


def build(source: Path, out: Path, students: Path, **options) -> HiddenSplit:
    return build_hidden([f"nsynth:{source}"], out, training=[students], progress=False, **options)


def test_every_note_keeps_its_own_label(nsynth: Path, other: Path, tmp_path: Path) -> None:
    hidden = build(nsynth, tmp_path / "h", other)
    number = hidden.mels[:, 0, 0].astype(int)
    assert sorted(number) == list(range(12))
    assert hidden.families.tolist() == (number % 3).tolist()
    assert hidden.groups.tolist() == [f"test-{i % 6}" for i in number]


def test_the_secret_decides_the_order(
    nsynth: Path, other: Path, secret: Path, tmp_path: Path
) -> None:
    one, two = (build(nsynth, tmp_path / n, other, secret_file=secret) for n in ("a", "b"))
    third = build(nsynth, tmp_path / "c", other)
    assert one.id == two.id
    assert np.array_equal(one.mels, two.mels)
    assert one.id != third.id
    assert not (one.path / "secret").exists()
    assert len((third.path / "secret").read_bytes()) >= 32


def test_halves_are_whole_groups_of_every_family(nsynth: Path, other: Path, tmp_path: Path) -> None:
    hidden = build(nsynth, tmp_path / "h", other)
    halves = {g: set(hidden.halves[hidden.groups == g].tolist()) for g in set(hidden.groups)}
    assert all(len(half) == 1 for half in halves.values())
    for family in range(3):
        of_family = set(hidden.groups[hidden.families == family])
        assert {min(halves[g]) for g in of_family} == {"public", "private"}


def test_only_the_owner_can_read_it(nsynth: Path, other: Path, tmp_path: Path) -> None:
    hidden = build(nsynth, tmp_path / "h", other)
    modes = {path: path.stat().st_mode & 0o077 for path in [hidden.path, *hidden.path.iterdir()]}
    assert set(modes.values()) == {0}, modes


def test_the_manifest_counts_and_names_no_note(nsynth: Path, other: Path, tmp_path: Path) -> None:
    hidden = build(nsynth, tmp_path / "h", other)
    assert hidden.manifest["counts"]["notes"] == len(hidden) == 12
    assert hidden.manifest["counts"]["families"]["bass"] == 4
    assert hidden.manifest["missing_families"] == list(FAMILIES[3:])
    assert "test-3" not in json.dumps(hidden.manifest)


@pytest.mark.parametrize(
    ("shared", "what"),
    [
        ({"group": ["test-0"] + ["x"] * 11}, "1 instrument groups"),
        (
            {"sample_hash": [f"{200:064x} {5:064x}"] + [f"{i:064x}" for i in range(201, 212)]},
            "1 re",
        ),
    ],
)
@pytest.mark.parametrize("split", ["train", "validation", "practice", ""])
def test_refuses_what_students_know(
    nsynth: Path, tmp_path: Path, shared: dict, what: str, split: str
) -> None:
    free = {"sample_hash": [f"{i + 100:064x}" for i in range(12)]}
    students = store(tmp_path / "s", kind="nsynth", split=split, **(free | shared)).path
    with pytest.raises(ParameterError, match=what):
        build(nsynth, tmp_path / "h", students)
    assert not (tmp_path / "h").exists()


def test_what_is_in_no_training_split_may_be_hidden(tmp_path: Path, nsynth: Path) -> None:
    splits = ["train"] * 6 + ["demo_pool"] * 6
    hashes = [f"{i + 100:064x}" for i in range(6)] + [f"{i:064x}" for i in range(6)]
    students = store(tmp_path / "s", kind="nsynth", split=splits, sample_hash=hashes).path
    assert len(build(nsynth, tmp_path / "h", students)) == 12


def test_another_kind_is_refused_unless_wanted(nsynth: Path, tmp_path: Path) -> None:
    hashes = [f"{i + 100:064x}" for i in range(12)]
    students = store(tmp_path / "s", sample_hash=hashes).path
    with pytest.raises(ParameterError, match="--allow-domain-shift"):
        build(nsynth, tmp_path / "h", students)
    hidden = build(nsynth, tmp_path / "h", students, allow_domain_shift=True)
    assert hidden.manifest["domain_shift"] is True


def test_draws_a_balanced_part(nsynth: Path, other: Path, tmp_path: Path) -> None:
    hidden = build(nsynth, tmp_path / "h", other, n_notes=6)
    assert np.bincount(hidden.families).tolist() == [2, 2, 2]
    assert len(set(hidden.groups)) == 6


def test_replaces_only_what_it_may(nsynth: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "h"
    first = build(nsynth, out, other)
    with pytest.raises(StoreError, match="--force"):
        build(nsynth, out, other)
    assert build(nsynth, out, other, force=True).id != first.id
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter1.txt").write_text("years of work")
    with pytest.raises(StoreError, match="left alone"):
        build(nsynth, foreign, other, force=True)


@pytest.mark.parametrize("name", ["inputs.npy", "labels.npz"])
def test_a_changed_file_is_noticed(nsynth: Path, other: Path, tmp_path: Path, name: str) -> None:
    path = build(nsynth, tmp_path / "h", other).path / name
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        HiddenSplit.open(tmp_path / "h")


def test_no_hidden_split(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="hidden build"):
        HiddenSplit.open(tmp_path)


def test_a_short_secret_is_refused(nsynth: Path, other: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"1234")
    with pytest.raises(ParameterError, match="at least 16 bytes"):
        build(nsynth, tmp_path / "h", other, secret_file=tmp_path / "short")


def test_own_recordings_sorted_into_folders(tmp_path: Path) -> None:
    for family, instrument, pitch in [
        ("guitar", "my guitar", 50),
        ("guitar", "my guitar", 55),
        ("flute", "Querflöte", 70),
    ]:
        folder = tmp_path / "notes" / family / instrument
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{pitch}.flac", tone(pitch=pitch), 16_000)
    (tmp_path / "notes" / "flute" / "Querflöte" / "broken.wav").write_bytes(b"no sound")
    hidden = build_hidden(
        [f"folder:{tmp_path / 'notes'}"], tmp_path / "h", allow_domain_shift=True, progress=False
    )
    assert sorted(FAMILIES[k] for k in hidden.families) == ["flute", "guitar", "guitar"]
    assert len(set(hidden.groups)) == 2
    assert hidden.manifest["kind"] == "private"
    assert hidden.manifest["skipped"] == 1
    assert not (tmp_path / "h.work").exists()
    assert "Querfl" not in json.dumps(hidden.manifest)


def test_a_folder_that_is_no_family(tmp_path: Path) -> None:
    (tmp_path / "notes" / "violins" / "mine").mkdir(parents=True)
    soundfile.write(tmp_path / "notes/violins/mine/a.wav", tone(), 16_000)
    with pytest.raises(ParameterError, match="got violins"):
        build_hidden([f"folder:{tmp_path / 'notes'}"], tmp_path / "h", progress=False)


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_notes_in_nsynth_format(tmp_path: Path, form: str) -> None:
    files = data_set_files(make_notes(6))
    if form == "folder":
        source = write_folder(tmp_path / "nsynth-test", files)
    else:
        source = write_archive(tmp_path / "nsynth-test.jsonwav.tar.gz", files)
    hidden = build_hidden(
        [f"nsynth:{source}"], tmp_path / "h", allow_domain_shift=True, progress=False
    )
    assert len(hidden) == 6
    assert hidden.manifest["public"] is True


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["tape:x"], "expected demo, nsynth:PATH"),
        (["nsynth:"], "expected demo, nsynth:PATH"),
        (["nsynth:a", "b"], "expected demo, nsynth:PATH"),
        (["folder:/does/not/exist"], "there is none"),
    ],
)
def test_unknown_sources(tmp_path: Path, words: list[str], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        build_hidden(words, tmp_path / "h", progress=False)


def test_the_demo_pool_is_loudly_public(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--from", "demo", "--notes", "110", "--out", str(tmp_path / "h")]) == 0
    shown = capsys.readouterr()
    assert "PUBLIC" in shown.err
    assert "110 of" in shown.out
    hidden = HiddenSplit.open(tmp_path / "h")
    assert hidden.manifest["missing_families"] == []


FONT = Path("/usr/share/sounds/sf2/sf_GMbank.sf2")


@pytest.mark.slow
@pytest.mark.skipif(
    not FONT.is_file() or not shutil.which("fluidsynth"), reason="needs FluidSynth and sf_GMbank"
)
def test_a_soundfont_that_students_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.hidden_sources.PRESET_NOTES", 1)
    with pytest.raises(ParameterError, match="recordings of the hidden notes occur"):
        build_hidden([f"soundfont:{FONT}"], tmp_path / "h", progress=False)
    students = store(tmp_path / "s").path
    hidden = build_hidden(
        [f"soundfont:{FONT}"], tmp_path / "h", training=[students], progress=False
    )
    assert len(hidden) > 60
    assert hidden.manifest["public"] is False
