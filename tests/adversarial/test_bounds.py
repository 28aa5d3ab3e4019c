"""What the grader reads of a student's is bounded before it is believed; takes seconds."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from grader.notebook.cells import NotebookError, read_cells
from grader.notebook.place import MAX_DEPTH, size_of, size_of_nameless
from grader.notebook.plain import MAX_GROUPS, MAX_KEYS, PlainError, clean, from_json, parse
from grader.sandbox.protocol import Reply
from grader.scratch import remove_folder
from utils.submission.codes import Code


def test_keys_that_collide_cost_no_time() -> None:
    # multiples of this number all have the hash 0: each new key is compared with all others
    pairs = [[i * (2**61 - 1), 0] for i in range(100_000)]
    began = time.process_time()
    with pytest.raises(PlainError, match="keys that are no texts"):
        from_json({"dict": pairs})
    with pytest.raises(PlainError, match="keys that are no texts"):
        from_json([{"dict": pairs[i : i + 100]} for i in range(0, len(pairs), 100)])
    assert time.process_time() - began < 2
    assert len(from_json({"dict": pairs[:MAX_KEYS]})) == MAX_KEYS
    texts = [[f"{i}", 0] for i in range(100_000)]
    assert len(from_json({"dict": texts})) == 100_000


@pytest.mark.parametrize("text", [b"[" + b"[]," * MAX_GROUPS + b"0]", b"[" + b"0," * 5_000_001])
def test_texts_that_would_fill_the_memory_are_not_parsed(text: bytes) -> None:
    with pytest.raises(PlainError, match="at most 1,000,000 lists and 5,000,000 values"):
        parse(text)
    with pytest.raises(NotebookError, match="at most 1,000,000 lists"):
        read_cells(text)


def test_texts_are_made_fit_for_files_and_terminals() -> None:
    text = clean("\ud800 \x1b[2J Übung 演習 \u202e", 99)
    text.encode("utf-8")
    assert text.replace("\N{REPLACEMENT CHARACTER}", "_") == "_ _[2J Übung 演習 _"
    assert clean("x" * 10**6, 5) == "xxxxx"


def test_a_reply_of_a_model_s_process_is_made_fit_too() -> None:
    text = Reply((), code=Code.OPSET, detail="x" * 21).to_bytes()
    text = text.replace(b"x" * 21, rb"\ud800\u001b[2Jabcdef")
    back = Reply.from_bytes(text, 70, np.arange(3))
    back.detail.encode("utf-8")
    assert "\x1b" not in back.detail


@pytest.mark.skipif(os.name != "posix", reason="folders may be this deep on Linux only")
def test_folders_too_deep_to_be_seen_are_said(tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for depth in range(1500):
            if depth == MAX_DEPTH:
                assert size_of(tmp_path) == 4096 * MAX_DEPTH
            Path("d").mkdir()
            os.chdir("d")
        Path("file").write_bytes(bytes(100_000))
    finally:
        os.chdir(here)
    assert size_of(tmp_path) is None
    remove_folder(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_small_things_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(10_000))
    (tmp_path / "b").touch()
    (tmp_path / "c").mkdir()
    assert size_of(tmp_path) == 10_000 + 2 * 4096
    assert size_of(tmp_path / "gone") == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_files_without_a_name_count(tmp_path: Path) -> None:
    before = size_of_nameless(os.getpid())
    with (tmp_path / "a").open("wb") as file:
        file.write(bytes(1_000_000))
        file.flush()
        assert size_of_nameless(os.getpid()) == before
        (tmp_path / "a").unlink()
        assert size_of_nameless(os.getpid()) == before + 1_000_000
