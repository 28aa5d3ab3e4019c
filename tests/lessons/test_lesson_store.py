"""Progress survives restarts, broken files, full disks and other kernels."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.lessons import store
from utils.lessons.store import forget, progress_file, recall, remember

RECORD = st.dictionaries(
    st.text(max_size=5), st.one_of(st.text(max_size=9), st.integers(), st.booleans()), max_size=3
)


@given(st.dictionaries(st.text(max_size=8), RECORD, max_size=4))
def test_what_is_remembered_is_recalled(records):
    forget()
    for key, record in records.items():
        assert remember("checks", key, record)
    assert recall("checks") == records
    assert recall("hints") == {}


def test_it_survives_a_restart():
    remember("predictions", "O2.limit", {"answer": "größer"})
    code = "from utils.lessons.store import recall; print(ascii(recall('predictions')))"
    root = Path(__file__).parents[2]
    child = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert child.stdout.strip() == ascii({"O2.limit": {"answer": "größer"}})


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"version": 9}', '{"version": 1, "checks": 3}', "\udcff\x00"],
)
def test_a_broken_file_is_moved_aside(progress_folder, content):
    progress_folder.mkdir()
    raw = content.encode("utf-8", "surrogateescape")
    progress_file().write_bytes(raw)
    with pytest.warns(UserWarning, match="was broken"):
        assert recall("checks") == {}
    (aside,) = progress_folder.glob("progress-broken-*.json")
    assert aside.read_bytes() == raw
    assert remember("checks", "a", {"tries": 1})
    assert recall("checks") == {"a": {"tries": 1}}


def test_a_record_that_is_no_object_is_broken(progress_folder):
    progress_folder.mkdir()
    progress_file().write_text('{"version": 1, "checks": {"a": 1}}')
    with pytest.warns(UserWarning, match="was broken"):
        assert recall("checks") == {}


def test_nothing_can_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(blocked))
    with pytest.warns(UserWarning, match="can't be written"):
        assert not remember("hints", "a", {"seen": 1})
    assert recall("hints") == {"a": {"seen": 1}}


def test_a_crash_while_writing_leaves_the_old_file(monkeypatch, progress_folder):
    remember("hints", "a", {"seen": 1})

    def crash(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        remember("hints", "a", {"seen": 2})
    assert recall("hints") == {"a": {"seen": 1}}
    assert not list(progress_folder.glob(".*.new-*"))


def test_two_writers_lose_nothing():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: remember("checks", f"k{i}", {"tries": i}), range(20)))
    assert len(recall("checks")) == 20


def test_a_lock_that_somebody_holds_does_not_stop_us(monkeypatch):
    monkeypatch.setattr(
        store.filelock.FileLock,
        "acquire",
        lambda self: (_ for _ in ()).throw(store.filelock.Timeout("x")),
    )
    assert remember("checks", "a", {"tries": 1})


def test_forgetting_one_and_all():
    remember("checks", "a", {"tries": 1})
    remember("checks", "b", {"tries": 1})
    remember("checks", "a", None)
    assert set(recall("checks")) == {"b"}
    forget()
    assert recall("checks") == {}


def test_only_the_user_can_read_it():
    remember("checks", "a", {"tries": 1})
    assert json.loads(progress_file().read_text())["version"] == 1
    if sys.platform != "win32":
        assert progress_file().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("platform", "variable", "tail"),
    [
        ("linux", "XDG_DATA_HOME", "music-ai-course/progress.json"),
        ("linux", None, ".local/share/music-ai-course/progress.json"),
        ("darwin", None, "Library/Application Support/music-ai-course/progress.json"),
        ("win32", "LOCALAPPDATA", "music-ai-course/progress.json"),
    ],
)
def test_the_folder_is_the_users_own(monkeypatch, tmp_path, platform, variable, tail):
    monkeypatch.delenv(store.FOLDER_VARIABLE)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(store.sys, "platform", platform)
    monkeypatch.setattr(store.Path, "home", lambda: tmp_path)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    assert progress_file() == tmp_path / tail
