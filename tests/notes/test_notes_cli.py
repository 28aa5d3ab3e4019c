"""``python -m utils.notes``: from an archive on a server to a store, and to a class's pack."""

import hashlib
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from tests.notes.helpers import data_set_files, make_note, write_archive, write_folder
from tests.notes.hostile_server import HONEST, Behavior, serving
from utils.notes.__main__ import main
from utils.notes.class_pack_index import INDEX, ZIP
from utils.notes.download import MARGIN, MIRROR_VARIABLE, Archive, Patience
from utils.notes.store import NoteStore

ROOT = Path(__file__).parents[2]
HURRY = Patience(connect=1, read=0.5, stall=0.5, min_rate=100, retries=2, backoff=0.01)
RANGES = {"train": range(99), "valid": range(99, 165), "test": range(165, 180)}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return small archives by split; one note of test is broken."""
    home = tmp_path_factory.mktemp("archives")
    contents = {}
    for split, numbers in RANGES.items():
        found = data_set_files(make_note(i) for i in numbers)
        if split == "test":
            found[min(name for name in found if name.endswith(".wav"))] = b"no sound"
        path = write_archive(home / f"nsynth-{split}.jsonwav.tar.gz", found)
        contents[split] = path.read_bytes()
    return contents


@pytest.fixture
def archives(files):
    return {
        split: Archive(
            f"nsynth-{split}.jsonwav.tar.gz",
            len(data),
            md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        )
        for split, data in files.items()
    }


@pytest.fixture
def server(files):
    with serving({f"nsynth-{split}.jsonwav.tar.gz": data for split, data in files.items()}) as it:
        yield it


@pytest.fixture
def run(server, archives, tmp_path):
    """Return a function that runs a command on the small archives."""

    def run(*words, out=tmp_path / "nsynth"):
        if words[0] == "nsynth":
            words = (*words, "--out", str(out), "--workers", "0")
        return main(
            [str(word) for word in words], archives=archives, official=server.url, patience=HURRY
        )

    return run


def test_valid_and_test_come_by_default(run, server, tmp_path, capsys):
    assert run("nsynth") == 0
    said = capsys.readouterr().out
    assert "valid: 66 notes of 22 instruments in " in said
    assert "test: 14 notes of 5 instruments in " in said
    assert "  no notes of mallet, organ, " in said
    assert "  left out: note " in said
    assert [request.path for request in server.requests] == [
        "/nsynth-valid.jsonwav.tar.gz",
        "/nsynth-test.jsonwav.tar.gz",
    ]
    store = NoteStore.open(tmp_path / "nsynth" / "nsynth-valid-store", verify=True)
    assert store.kind == "nsynth"
    assert store.manifest["provenance"]["split"] == "valid"
    expected = [make_note(i).record for i in RANGES["valid"]]
    assert store.columns["note_str"].tolist() == [record.note_str for record in expected]
    assert store.columns["family"].tolist() == [record.instrument_family for record in expected]


def test_a_second_run_fetches_and_computes_nothing(run, server, tmp_path, capsys):
    run("nsynth", "--split", "test")
    store = tmp_path / "nsynth" / "nsynth-test-store" / "mels.npy"
    written = store.stat().st_mtime_ns
    server.requests.clear()
    assert run("nsynth", "--split", "test") == 0
    assert server.requests == []
    assert store.stat().st_mtime_ns == written
    assert "test: 14 notes" in capsys.readouterr().out


def test_archives_only(run, tmp_path, capsys):
    assert run("nsynth", "--split", "test", "--no-build-store") == 0
    path = tmp_path / "nsynth" / "nsynth-test.jsonwav.tar.gz"
    assert capsys.readouterr().out == f"test: {path}\n"
    assert path.is_file()
    assert not (tmp_path / "nsynth" / "nsynth-test-store").exists()


def test_archives_can_go_once_the_store_is_made(run, server, tmp_path, monkeypatch):
    assert run("nsynth", "--split", "test", "--no-keep-archive") == 0
    left = {p.name for p in (tmp_path / "nsynth").iterdir() if not p.name.startswith(".")}
    assert left == {"nsynth-test-store"}
    # Nothing more is needed, no space either.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=MARGIN))
    assert run("nsynth", "--split", "test") == 0
    assert len(server.requests) == 1


def test_an_unpacked_folder_is_taken_and_kept(run, server, tmp_path):
    folder = tmp_path / "nsynth" / "nsynth-valid"
    write_folder(folder, data_set_files(make_note(i) for i in range(6)))
    assert run("nsynth", "--split", "valid", "--no-keep-archive") == 0
    assert server.requests == []
    assert len(NoteStore.open(tmp_path / "nsynth" / "nsynth-valid-store")) == 6
    assert (folder / "examples.json").is_file()


def test_a_damaged_store_is_made_anew_from_the_archive(run, server, tmp_path, capsys):
    run("nsynth", "--split", "test")
    path = tmp_path / "nsynth" / "nsynth-test-store" / "mels.npy"
    path.write_bytes(path.read_bytes()[:-5])
    assert run("nsynth", "--split", "test") == 0
    assert "It is made anew" in capsys.readouterr().err
    assert len(NoteStore.open(path.parent, verify=True)) == 14
    assert len(server.requests) == 1


def test_mirrors_come_first_and_the_official_server_last(run, server, files, monkeypatch):
    name = "nsynth-test.jsonwav.tar.gz"
    with serving({}) as empty, serving({name: files["test"][::-1]}) as wrong:
        monkeypatch.setenv(MIRROR_VARIABLE, wrong.url)
        assert run("nsynth", "--split", "test", "--mirror", empty.url) == 0
        assert [len(host.requests) for host in (empty, wrong, server)] == [1, 1, 1]


def test_a_download_goes_on_after_an_error(run, server, files, tmp_path, capsys):
    server.script = [Behavior(cut=30_000)]
    server.then = Behavior(status=503)
    assert run("nsynth", "--split", "test") == 1
    said = capsys.readouterr().err
    assert "error: could not fetch nsynth-test.jsonwav.tar.gz: " in said
    assert "hint: Check the network and run the same command again" in said
    assert "Traceback" not in said
    server.then = HONEST
    assert run("nsynth", "--split", "test") == 0
    assert server.requests[-1].range == "bytes=30000-"


def test_errors_are_one_line_and_a_hint(run, server, capsys):
    server.then = Behavior(corrupt=1000)
    assert run("nsynth", "--split", "test", "--quiet") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    assert "has the wrong checksum" in lines[0]


def test_debug_shows_where_an_error_comes_from(run, server, capsys):
    server.then = Behavior(status=404)
    assert run("nsynth", "--split", "test", "--quiet", "--debug") == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "404 Not Found" in said


def test_an_archive_that_is_none_is_a_clear_error(server, tmp_path, capsys):
    server.files["x.tar.gz"] = data = b"not an archive" * 100
    archive = Archive("x.tar.gz", len(data), sha256=hashlib.sha256(data).hexdigest())
    words = ["nsynth", "--split", "test", "--out", str(tmp_path), "--workers", "0", "--quiet"]
    assert main(words, archives={"test": archive}, official=server.url, patience=HURRY) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: x.tar.gz is missing, truncated, damaged or no NSynth archive")


def test_a_full_disk_is_said_before_anything_is_fetched(run, server, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=10**8))
    assert run("nsynth") == 1
    said = capsys.readouterr().err
    # Spectrograms of 16 774 notes, twice, and two small archives.
    assert "error: NSynth (valid, test) needs 15" in said
    assert "but only 100 MB are free" in said
    assert "hint: Make room" in said
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(run, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert run("nsynth", "--split", "test", out=tmp_path / "file" / "x") == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--split", "train", "test"), "a class pack is made from train and valid only"),
        (("--split", "valid"), "needs both train and valid"),
        (("--no-build-store",), "needs the stores"),
        (("--mirror", "nowhere"), "expected a mirror like https"),
    ],
)
def test_wrong_requests_end_with_2_before_anything_is_fetched(run, server, capsys, words, message):
    assert run("nsynth", "--class-pack", "110", *words) == 2
    assert message in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize("words", [(), ("nsynth", "--split", "all"), ("fetch",), ("nothing",)])
def test_wrong_usage_is_explained(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: python -m utils.notes" in capsys.readouterr().err


def test_from_the_archives_to_the_students(run, tmp_path, capsys):
    pack = tmp_path / "served"
    words = ("--class-pack", "110", "--sounds", "22", "--seed", "4", "--pack-out", pack)
    assert run("nsynth", *words) == 0
    said = capsys.readouterr().out
    assert "NSynth class pack, 109 notes: " in said
    assert "  practice       16 notes of   11 instruments\n" in said
    assert "python -m utils.notes fetch ADDRESS" in said
    with serving({name: (pack / name).read_bytes() for name in (INDEX, ZIP)}) as host:
        assert run("fetch", host.url, "--out", tmp_path / "mine") == 0
    said = capsys.readouterr().out
    assert "NSynth class pack, 109 notes (CC BY 4.0), 22 sounds, in " in said
    assert "  train          77 notes of   33 instruments\n" in said
    store = NoteStore.open(tmp_path / "mine" / "store", verify=True)
    train, valid = ({make_note(i).record.note_str for i in RANGES[s]} for s in ("train", "valid"))
    assert set(store.split("train").note_strs.tolist()) <= train
    for split in ("validation", "practice"):
        assert set(store.split(split).note_strs.tolist()) <= valid


def test_an_equal_pack_needs_no_archives(run, server, tmp_path):
    words = ("--class-pack", "110", "--sounds", "22", "--no-keep-archive", "--quiet")
    assert run("nsynth", *words) == 0
    server.requests.clear()
    assert run("nsynth", *words) == 0
    assert server.requests == []


def test_render_gets_its_words(monkeypatch, capsys):
    got = []
    fake = types.ModuleType("utils.notes.render")
    fake.main = lambda words: got.append(words)
    monkeypatch.setitem(sys.modules, "utils.notes.render", fake)
    monkeypatch.setattr("utils.notes.render", fake, raising=False)
    assert main(["render", "--out", "x", "--help", "--debug"]) == 0
    assert got == [["--out", "x", "--help"]]
    fake.main = lambda words: 3
    assert main(["render"]) == 3


def test_a_mistake_in_the_course_is_no_traceback_either(monkeypatch, capsys):
    fake = types.ModuleType("utils.notes.render")

    def fail(words):
        raise RuntimeError("a\nb")

    fake.main = fail
    monkeypatch.setitem(sys.modules, "utils.notes.render", fake)
    monkeypatch.setattr("utils.notes.render", fake, raising=False)
    assert main(["render"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: unexpected RuntimeError: a b",
        "hint: This is a mistake in the course. --debug shows where.",
    ]


def test_help_is_there_at_once_and_needs_no_torch():
    code = (
        "import sys\nfrom utils.notes.__main__ import main\n"
        "try:\n    main(['nsynth', '--help'])\nexcept SystemExit as end:\n"
        "    sys.exit(end.code or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--class-pack N" in done.stdout
    assert MIRROR_VARIABLE in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_keeps_what_came(server, archives, files, tmp_path):
    server.then = Behavior(stall=20_000)
    archive = archives["test"]
    code = (
        "import sys\nfrom utils.notes.__main__ import main\n"
        "from utils.notes.download import Archive\n"
        "name, size, md5, out, url = sys.argv[1:]\n"
        "words = ['nsynth', '--split', 'test', '--out', out]\n"
        "archives = {'test': Archive(name, int(size), md5=md5)}\n"
        "sys.exit(main(words, archives=archives, official=url))"
    )
    values = [archive.name, str(archive.size), str(archive.md5), str(tmp_path), server.url]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *values], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    part = tmp_path / f"{archive.name}.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == 20_000):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert part.read_bytes() == files["test"][:20_000]
