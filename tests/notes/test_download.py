"""The downloader against a server that truncates, stalls, corrupts, lies and resumes."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.notes.hostile_server import HONEST, Behavior, HostileServer, serving
from utils.errors import CourseError, DownloadError, ParameterError
from utils.notes import download as module
from utils.notes.download import (
    MIRROR_VARIABLE,
    NSYNTH_ARCHIVES,
    NSYNTH_URL,
    Archive,
    ChecksumError,
    DiskSpaceError,
    Patience,
    addresses,
    download,
    fetch_small,
    is_verified,
)
from utils.notes.part import Part, only_one

ROOT = Path(__file__).parents[2]
NAME = "notes.tar.gz"
DATA = np.random.default_rng(2).bytes(1_500_000)
HURRY = Patience(
    connect=1, read=0.3, stall=0.5, min_rate=1000, retries=2, backoff=0.01, longest_wait=0.05
)


def archive_of(data: bytes, name: str = NAME) -> Archive:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Archive(name, len(data), md5=md5, sha256=hashlib.sha256(data).hexdigest())


ARCHIVE = archive_of(DATA)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1,no-such-host.invalid")
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


@pytest.fixture
def server():
    with serving({NAME: DATA}) as server:
        yield server


def fetch(server: HostileServer, folder: Path, **options) -> Path:
    options = {"patience": HURRY, "progress": False} | options
    return download(ARCHIVE, folder, [f"{server.url}/{NAME}"], **options)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_file_arrives_whole_and_under_its_name(server, tmp_path):
    path = fetch(server, tmp_path / "deep" / "folder")
    assert path.read_bytes() == DATA
    assert left_in(path.parent) == {NAME, f"{NAME}.verified.json"}
    assert [request.range for request in server.requests] == [None]


def test_a_verified_file_is_neither_fetched_nor_read_again(server, tmp_path, monkeypatch):
    fetch(server, tmp_path)
    monkeypatch.setattr("utils.notes.verify._digests", lambda *a, **k: pytest.fail("read again"))
    fetch(server, tmp_path)
    assert len(server.requests) == 1


def test_a_touched_file_is_read_again_and_kept(server, tmp_path):
    path = fetch(server, tmp_path)
    os.utime(path, (1, 1))
    fetch(server, tmp_path)
    assert len(server.requests) == 1
    assert json.loads((tmp_path / f"{NAME}.verified.json").read_text())["mtime_ns"] == 10**9


def test_a_file_damaged_on_disk_is_fetched_again(server, tmp_path, capsys):
    path = fetch(server, tmp_path)
    path.write_bytes(DATA[:-1] + b"?")
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "is damaged" in capsys.readouterr().err
    assert len(server.requests) == 2


def test_a_file_of_a_browser_that_broke_off_is_gone_on_with(server, tmp_path):
    (tmp_path / NAME).write_bytes(DATA[:1_000_000])
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.sent == 500_000


@pytest.mark.parametrize("chunked", [False, True])
def test_broken_connections_are_resumed_where_they_broke(server, tmp_path, chunked):
    cuts = [400_000, 300_000, 1]
    server.script = [Behavior(cut=n, chunked=chunked) for n in cuts]
    assert fetch(server, tmp_path, patience=Patience(backoff=0.01)).read_bytes() == DATA
    assert [request.range for request in server.requests] == [
        None,
        "bytes=400000-",
        "bytes=700000-",
        "bytes=700001-",
    ]
    assert server.sent == len(DATA)


def test_ranges_are_asked_for_the_version_that_was_begun(server, tmp_path):
    server.script = [Behavior(cut=400_000)]
    fetch(server, tmp_path)
    assert server.requests[1].if_range == server.etag(DATA)


def test_without_a_strong_etag_the_date_is_the_version(server, tmp_path):
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    server.weak = True
    server.script = [Behavior(cut=400_000, headers={"Last-Modified": date})]
    fetch(server, tmp_path)
    assert server.requests[1].if_range == date


def test_without_any_version_the_checksum_is_enough(server, tmp_path):
    server.etags = False
    server.script = [Behavior(cut=400_000)]
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.requests[1].if_range is None
    assert server.sent == len(DATA)


def test_progress_gives_new_tries(server, tmp_path):
    # Seven broken connections are more than the two retries, but each brings something.
    server.script = [Behavior(cut=200_000)] * 7
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.sent == len(DATA)


def test_without_progress_it_gives_up_and_keeps_what_came(server, tmp_path):
    server.script = [Behavior(cut=400_000)]
    server.then = Behavior(cut=10)
    with pytest.raises(DownloadError, match=r"tried 3 times") as caught:
        fetch(server, tmp_path)
    assert "goes on where it stopped" in caught.value.hint
    assert left_in(tmp_path) == {f"{NAME}.part", f"{NAME}.part.json"}
    # The first one fetched 400 000 bytes, two more tried in vain.
    assert (tmp_path / f"{NAME}.part").read_bytes() == DATA[:400_020]

    server.then = HONEST
    already = server.sent
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.sent - already == len(DATA) - 400_020


def test_a_silent_server_is_given_up(server, tmp_path):
    server.then = Behavior(silent=True)
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="stalled: no data for a while"):
        fetch(server, tmp_path)
    assert time.monotonic() - begin < 30
    assert len(server.requests) == 3
    assert left_in(tmp_path) == set()


def test_a_stalled_connection_is_replaced(server, tmp_path):
    server.script = [Behavior(stall=700_000)]
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.requests[1].range == "bytes=700000-"


def test_a_dripping_connection_counts_as_stalled(server, tmp_path, capsys):
    # A byte each 0.1 s never lets a read time out.
    server.script = [Behavior(drip=0.1)]
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "stalled: " in capsys.readouterr().err
    assert len(server.requests) == 2


def test_a_server_without_ranges_begins_anew(server, tmp_path, capsys):
    server.script = [Behavior(cut=700_000)]
    server.then = Behavior(ignore_range=True)
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "can't be resumed" in capsys.readouterr().err
    assert server.sent == 700_000 + len(DATA)


def test_a_server_without_ranges_that_always_breaks_off_comes_to_an_end(server, tmp_path):
    server.then = Behavior(ignore_range=True, cut=700_000)
    with pytest.raises(DownloadError, match="tried 3 times"):
        fetch(server, tmp_path)
    # The first try brought something new, three retries brought nothing new.
    assert len(server.requests) == 3


def test_a_file_that_changes_in_between_is_begun_anew(tmp_path):
    new = archive_of(bytes(reversed(DATA)))
    with serving({NAME: DATA}) as server:
        url = f"{server.url}/{NAME}"
        server.then = Behavior(cut=500_000)
        with pytest.raises(DownloadError):
            download(ARCHIVE, tmp_path, [url], patience=Patience(retries=0), progress=False)
        server.files[NAME] = bytes(reversed(DATA))
        server.then = HONEST
        path = download(new, tmp_path, [url], patience=HURRY, progress=False)
        assert path.read_bytes() == bytes(reversed(DATA))
        assert [request.range for request in server.requests] == [None, "bytes=500000-"]


def test_a_changed_file_is_noticed_though_the_server_ignores_if_range(server, tmp_path, capsys):
    server.script = [Behavior(cut=500_000), Behavior(headers={"ETag": '"other"'})]
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "has changed; beginning anew" in capsys.readouterr().err
    assert server.requests[2].range is None


@pytest.mark.parametrize("shift", [-7, 7])
def test_a_range_that_begins_elsewhere_is_not_glued_on(server, tmp_path, shift):
    server.script = [Behavior(cut=500_000), Behavior(shift=shift)]
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.requests[2].range is None


def test_416_begins_anew(server, tmp_path):
    server.script = [Behavior(cut=500_000), Behavior(status=416)]
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert [request.range for request in server.requests] == [None, "bytes=500000-", None]


def test_416_for_a_shorter_file_is_refused(server, tmp_path):
    wrong = {"Content-Range": "bytes */400000"}
    server.script = [Behavior(cut=500_000), Behavior(status=416, headers=wrong)]
    with pytest.raises(DownloadError, match="of 1500000 bytes, the server offers 400000"):
        fetch(server, tmp_path)


def test_a_part_that_is_too_long_is_begun_anew(server, tmp_path, capsys):
    (tmp_path / f"{NAME}.part").write_bytes(DATA + b"more")
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "wrong checksum" not in capsys.readouterr().err
    assert server.requests[0].range is None


def test_a_complete_part_needs_no_request(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(DATA)
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.requests == []


@pytest.mark.parametrize("size", [500_000, len(DATA)])
def test_a_corrupt_part_of_an_earlier_run_costs_one_clean_restart(server, tmp_path, size, capsys):
    (tmp_path / f"{NAME}.part").write_bytes(b"X" + DATA[1:size])
    assert fetch(server, tmp_path, progress=True).read_bytes() == DATA
    assert "fetched once more as a whole" in capsys.readouterr().err
    assert server.requests[-1].range is None


def test_corrupt_bytes_are_thrown_away(server, tmp_path):
    server.then = Behavior(corrupt=1_000_000)
    with pytest.raises(ChecksumError, match=r"wrong checksum: expected md5 \w+, got") as caught:
        fetch(server, tmp_path)
    assert "that copy is damaged" in caught.value.hint
    assert left_in(tmp_path) == set()
    assert len(server.requests) == 1


def test_a_wrong_sha256_is_enough_to_refuse(server, tmp_path):
    wrong = Archive(NAME, len(DATA), md5=ARCHIVE.md5, sha256="0" * 64)
    with pytest.raises(ChecksumError, match="expected sha256 0000"):
        download(wrong, tmp_path, [f"{server.url}/{NAME}"], patience=HURRY, progress=False)


def test_corrupt_after_the_clean_restart_too_is_an_error(server, tmp_path):
    server.script = [Behavior(cut=500_000, corrupt=3)]
    server.then = Behavior(corrupt=3)
    with pytest.raises(ChecksumError):
        fetch(server, tmp_path)
    assert [request.range for request in server.requests] == [None, "bytes=500000-", None]


@pytest.mark.parametrize("length", ["7", "0", "99999999"])
def test_another_content_length_is_another_file(server, tmp_path, length):
    server.then = Behavior(headers={"Content-Length": length, "Content-Type": "text/html"})
    message = rf"expected a file of 1500000 bytes, the server offers {length} \(text/html\)"
    with pytest.raises(DownloadError, match=message) as caught:
        fetch(server, tmp_path)
    assert "log-in page" in caught.value.hint
    assert len(server.requests) == 1


def test_a_content_length_that_promises_too_much_is_a_broken_connection(server, tmp_path):
    # The header fits the file, the body ends early.
    lie = {"Content-Length": str(len(DATA))}
    server.script = [Behavior(body=DATA[:600_000], headers=lie)]
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.requests[1].range == "bytes=600000-"


@pytest.mark.parametrize("length", ["many", "-5", ""])
def test_a_senseless_content_length_is_ignored(server, tmp_path, length):
    server.then = Behavior(headers={"Content-Length": length})
    assert fetch(server, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("way", ["chunked", "no_length"])
def test_a_body_that_never_ends_is_left_at_the_expected_size(server, tmp_path, way):
    server.then = Behavior(extra=b"x" * 5_000_000, **{way: True})
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert (tmp_path / NAME).stat().st_size == len(DATA)


@pytest.mark.parametrize("way", ["chunked", "no_length"])
def test_an_empty_body_is_given_up(server, tmp_path, way):
    server.then = Behavior(body=b"", **{way: True})
    with pytest.raises(DownloadError, match="the connection ended after 0 of 1500000 bytes"):
        fetch(server, tmp_path)
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("status", "hint"),
    [(404, "Check the address"), (410, "Check the address"), (401, "log-in"), (403, "log-in")],
)
def test_a_plain_no_is_not_asked_again(server, tmp_path, status, hint):
    server.then = Behavior(status=status)
    with pytest.raises(DownloadError, match=str(status)) as caught:
        fetch(server, tmp_path)
    assert hint in caught.value.hint
    assert len(server.requests) == 1


def test_the_hint_reads_the_status_and_not_the_address(server, tmp_path):
    server.then = Behavior(status=410)
    with pytest.raises(DownloadError) as caught:
        download(
            ARCHIVE,
            tmp_path,
            [f"{server.url}/401/404013/{NAME}"],
            patience=HURRY,
            progress=False,
        )
    assert "Check the address" in caught.value.hint


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(server, tmp_path, status):
    server.script = [Behavior(status=status)] * 2
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert len(server.requests) == 3


def test_a_busy_server_says_how_long_to_wait(server, tmp_path):
    server.script = [Behavior(status=503, headers={"Retry-After": "60"})]
    patient = Patience(backoff=0.01, longest_wait=0.4)
    begin = time.monotonic()
    fetch(server, tmp_path, patience=patient)
    # A minute was asked for, the longest wait is shorter.
    assert 0.4 <= time.monotonic() - begin < 30


def test_redirects_are_followed(server, tmp_path):
    server.script = [Behavior(status=302, headers={"Location": f"{server.url}/{NAME}"})]
    assert fetch(server, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("place", [f"/{NAME}", "file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_redirects_without_end_or_elsewhere_are_refused(server, tmp_path, place):
    server.then = Behavior(status=302, headers={"Location": place})
    with pytest.raises(DownloadError, match=r"TooManyRedirects|InvalidSchema"):
        fetch(server, tmp_path)


def test_mirrors_are_tried_in_order_and_share_the_part(server, tmp_path):
    with serving({NAME: DATA}) as broken, serving({}) as empty:
        broken.script = [Behavior(cut=600_000)]
        broken.then = Behavior(status=403)
        urls = [f"{host.url}/{NAME}" for host in (empty, broken, server)]
        path = download(ARCHIVE, tmp_path, urls, patience=HURRY, progress=False)
        assert path.read_bytes() == DATA
        assert len(empty.requests) == 1
        assert broken.sent == 600_000
        # Another server's ETag says nothing; size and checksum do.
        assert [(r.range, r.if_range) for r in server.requests] == [("bytes=600000-", None)]
        assert server.sent == 900_000


def test_after_a_corrupt_mirror_comes_the_next(server, tmp_path):
    with serving({NAME: DATA[::-1]}) as wrong:
        urls = [f"{wrong.url}/{NAME}", f"{server.url}/{NAME}"]
        path = download(ARCHIVE, tmp_path, urls, patience=HURRY, progress=False)
    assert path.read_bytes() == DATA


def test_all_failures_are_listed(tmp_path):
    with serving({}) as first, serving({}) as second:
        second.then = Behavior(status=403)
        urls = [f"{first.url}/{NAME}", f"{second.url}/{NAME}"]
        with pytest.raises(DownloadError, match=r"404 Not Found; http://\S+: 403 Forbidden"):
            download(ARCHIVE, tmp_path, urls, patience=HURRY, progress=False)


def test_nobody_listening_is_a_clear_error(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/{NAME}"
        with pytest.raises(DownloadError, match="connection refused"):
            download(ARCHIVE, tmp_path, [url], patience=HURRY, progress=False)


def test_an_unknown_name_is_a_clear_error(tmp_path):
    url = f"http://no-such-host.invalid/{NAME}"
    once = Patience(retries=0, connect=5)
    with pytest.raises(DownloadError, match="name is unknown here"):
        download(ARCHIVE, tmp_path, [url], patience=once, progress=False)


def test_a_full_disk_is_said_before_anything_is_fetched(server, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, module.MARGIN + 10**6))
    with pytest.raises(DiskSpaceError, match=r"needs 1.5 MB in .*, but only 68.1 MB are free"):
        fetch(server, tmp_path)
    assert server.requests == []
    assert left_in(tmp_path) == set()
    # What lies there already needs no room.
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:500_000])
    fetch(server, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_is_a_clear_error(tmp_path):
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the part closes it
    with Part(tmp_path / NAME, ARCHIVE) as part:
        part.close()
        part._file = full
        with pytest.raises(DownloadError, match="No space left on device") as caught:
            part.write(b"data")
    assert "what has been fetched is kept" in caught.value.hint


def test_two_downloads_of_one_file_do_not_mix(server, tmp_path):
    with (
        only_one(tmp_path / NAME),
        pytest.raises(DownloadError, match="downloaded by another process"),
    ):
        fetch(server, tmp_path)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_the_seeded_generator_of_a_notebook_is_left_alone(server, tmp_path):
    import random

    random.seed(1)
    expected = random.Random(1).random()
    server.script = [Behavior(status=503)] * 2
    fetch(server, tmp_path)
    assert random.random() == expected


# --- processes that die ------------------------------------------------------------------


def start(server: HostileServer, folder: Path) -> subprocess.Popen[str]:
    code = (
        "import sys\n"
        "from utils.notes.download import Archive, download\n"
        "name, size, sha256, folder, url = sys.argv[1:]\n"
        "download(Archive(name, int(size), sha256=sha256), folder, [url])\n"
    )
    url = f"{server.url}/{NAME}"
    values = [NAME, str(len(DATA)), str(ARCHIVE.sha256), str(folder), url]
    return subprocess.Popen(
        [sys.executable, "-c", code, *values], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def interrupt(process: subprocess.Popen[str], part: Path, size: int, number: int) -> str:
    """Send a signal once `size` bytes have come; return what the process wrote."""
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == size):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    return process.communicate(timeout=60)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_download_goes_on_with_the_missing_bytes_only(server, tmp_path, number):
    begun = 700_001
    server.then = Behavior(stall=begun)
    part = tmp_path / f"{NAME}.part"
    process = start(server, tmp_path)
    said = interrupt(process, part, begun, number)
    assert process.returncode == -number
    assert part.read_bytes() == DATA[:begun]
    if number == signal.SIGINT:
        assert "the same command goes on from there" in said

    server.then = HONEST
    server.requests.clear()
    process = start(server, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / NAME).read_bytes() == DATA
    assert [request.range for request in server.requests] == [f"bytes={begun}-"]
    assert server.sent == len(DATA) - begun


# --- small files, addresses, archives ----------------------------------------------------


def test_small_files_come_whole_and_patiently(server):
    server.script = [Behavior(status=503), Behavior(cut=1000), HONEST]
    assert fetch_small(f"{server.url}/{NAME}", limit=len(DATA), patience=HURRY) == DATA


@pytest.mark.parametrize("way", [{}, {"chunked": True}])
def test_small_files_have_a_limit(server, way):
    server.then = Behavior(**way)
    with pytest.raises(DownloadError, match="expected at most 1000 bytes"):
        fetch_small(f"{server.url}/{NAME}", limit=1000, patience=HURRY)


def test_small_files_are_not_waited_for_for_ever(server):
    server.then = Behavior(drip=0.1)
    with pytest.raises(DownloadError, match="stalled"):
        fetch_small(f"{server.url}/{NAME}", limit=len(DATA), patience=HURRY)


def test_addresses_come_from_options_then_environment_then_the_official_one(monkeypatch):
    monkeypatch.setenv(MIRROR_VARIABLE, "http://c/x/ http://d")
    found = addresses("n.gz", ["https://a/", "https://b/n.gz"], official="http://c/x")
    assert found == ["https://a/n.gz", "https://b/n.gz", "http://c/x/n.gz", "http://d/n.gz"]


@pytest.mark.parametrize("mirror", ["ftp://a", "a.example.org", "file:///etc", ""])
def test_mirrors_are_web_addresses(mirror):
    with pytest.raises(ParameterError, match="expected a mirror like https"):
        addresses("n.gz", [mirror])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("../x", 1, "0"), "plain file name"),
        (("a\\b", 1, "0"), "plain file name"),
        (("x", 0, "0"), "at least one byte"),
        (("x", 1, None), "expected a checksum"),
    ],
)
def test_an_archive_must_be_checkable(values, message):
    with pytest.raises(ParameterError, match=message):
        Archive(*values)


def test_the_official_archives_are_those_that_were_published():
    assert {split: a.size for split, a in NSYNTH_ARCHIVES.items()} == {
        "train": 23_815_298_079,
        "valid": 1_068_767_009,
        "test": 349_501_546,
    }
    for split, archive in NSYNTH_ARCHIVES.items():
        assert archive.name == f"nsynth-{split}.jsonwav.tar.gz"
        assert len(archive.md5) == 32
        assert archive.sha256 is None or len(archive.sha256) == 64


def test_the_official_address_stands_in_one_place():
    host = NSYNTH_URL.split("/")[2]
    tracked = ("utils", "grader", "assignments", "tests", "lectures", ".ci")
    files = [p for folder in tracked for p in (ROOT / folder).rglob("*")]
    files = [p for p in [*files, *ROOT.glob("*")] if p.is_file()]
    kinds = {".py", ".md", ".toml", ".yml", ".ipynb", ".html", ".j2"}
    texts = [(p, p.read_bytes()) for p in files if p.suffix in kinds]
    holding = [p.relative_to(ROOT).as_posix() for p, data in texts if host.encode() in data]
    assert holding == ["utils/notes/download.py"]


def test_errors_are_the_course_errors():
    assert issubclass(ChecksumError, DownloadError)
    assert issubclass(DiskSpaceError, CourseError | OSError)
    assert DownloadError("what", hint="do").hint == "do"
    assert str(DownloadError("what", hint="do")) == "what"


def test_a_file_of_another_size_is_not_even_read(tmp_path, monkeypatch):
    monkeypatch.setattr("utils.notes.verify._digests", lambda *a, **k: pytest.fail("was read"))
    assert not is_verified(tmp_path / NAME, ARCHIVE, progress=False)
    (tmp_path / NAME).write_bytes(DATA[:-1])
    assert not is_verified(tmp_path / NAME, ARCHIVE, progress=False)


def test_is_verified_wants_the_right_checksum(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(DATA[:-1] + b"\0" * (DATA[-1] != 0) + b"\1" * (DATA[-1] == 0))
    assert not is_verified(path, ARCHIVE, progress=False)
    path.write_bytes(DATA)
    assert is_verified(path, ARCHIVE, progress=False)
    # A note beside the file is only believed for the same checksums.
    assert not is_verified(path, Archive(NAME, len(DATA), md5="0" * 32), progress=False)


@pytest.mark.parametrize("split", sorted(NSYNTH_ARCHIVES))
def test_the_real_server_offers_what_we_expect(split):
    archive = NSYNTH_ARCHIVES[split]
    try:
        answer = requests.head(NSYNTH_URL + archive.name, timeout=3, allow_redirects=True)
    except requests.RequestException as error:
        pytest.skip(f"{NSYNTH_URL} is not reachable from here ({type(error).__name__})")
    if answer.status_code >= 500:
        pytest.skip(f"{NSYNTH_URL} answers {answer.status_code} now")
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == archive.size
    assert answer.headers.get("Accept-Ranges") == "bytes"
