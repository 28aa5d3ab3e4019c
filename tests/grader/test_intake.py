"""Reading a submission's zip: nothing unpacked, nothing trusted."""

import stat
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from grader.intake import MAX_ENTRIES, MAX_UNPACKED_BYTES, Archive, hash_file, read_file
from tests.grader.zips import entry, zipped
from utils.submission.codes import Code, Rejection

MODEL = b"these are the bytes of a model" * 100


def refusal(content: bytes, *, max_bytes: int = 1_000_000) -> Rejection:
    """Return why a zip's model is refused."""
    with pytest.raises(Rejection) as caught:
        Archive(content).model(max_bytes=max_bytes)
    assert caught.value.detail.isprintable()
    return caught.value


def renamed(old: str, new: bytes) -> bytes:
    """Return a zip in which a name is replaced by other bytes of the same length."""
    content = zipped((old, b"x"), ("model.onnx", MODEL))
    assert len(old) == len(new)
    return content.replace(old.encode(), new)


@pytest.mark.parametrize("name", ["model.onnx", "hw3/model.onnx", "a/b/c/model.onnx"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_model_is_found(name: str, method: int) -> None:
    archive = Archive(zipped(("hw3.ipynb", b"{}"), (name, MODEL), method=method))
    assert archive.model(max_bytes=len(MODEL)) == MODEL
    assert archive.names == ["hw3.ipynb", name]


def test_folders_with_backslashes() -> None:
    content = zipped(("hw3/model.onnx", MODEL)).replace(b"hw3/model", b"hw3\\model")
    assert Archive(content).model(max_bytes=10**6) == MODEL


@pytest.mark.parametrize(
    "junk",
    ["__MACOSX/._model.onnx", "__MACOSX/model.onnx", "._model.onnx", ".DS_Store", "model.onnx/"],
)
def test_leavings_of_file_managers_are_ignored(junk: str) -> None:
    archive = Archive(zipped((junk, b""), ("model.onnx", MODEL)))
    assert archive.model(max_bytes=10**6) == MODEL


@pytest.mark.parametrize("folder", ["Übung 3/", "U\u0308bung/", "تمرین\u200cها/", "演習/", "a b/"])
def test_folders_in_all_languages(folder: str) -> None:
    assert Archive(zipped((f"{folder}model.onnx", MODEL))).model(max_bytes=10**6) == MODEL


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"my homework", "can't be read"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf\x27", "7z"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b'{"cells": []}', "notebook"),
        (b"<!doctype html>", "web page"),
        (zipped(("model.onnx", MODEL))[:-10], "can't be read"),
        (b"PK\x03\x04" * 40, "can't be read"),
    ],
)
def test_not_a_zip(content: bytes, says: str) -> None:
    rejection = refusal(content)
    assert rejection.code == Code.NOT_ZIP
    assert says in rejection.detail


def test_damaged_content() -> None:
    content = bytearray(zipped(("model.onnx", MODEL)))
    content[45] ^= 0xFF
    rejection = refusal(bytes(content))
    assert rejection.code == Code.NOT_ZIP
    assert "model.onnx in the zip is damaged" in rejection.detail


def test_two_names_for_one_file() -> None:
    content = zipped(("model.onnx", MODEL)).replace(b"model.onnx", b"hw3__.pynb", 1)
    assert refusal(content).code == Code.NOT_ZIP


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_let_the_sender_choose_the_memory(method: int) -> None:
    rejection = refusal(zipped(("model.onnx", MODEL), method=method))
    assert rejection.code == Code.NOT_ZIP
    assert f"method {method}, expected 8" in rejection.detail


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../model.onnx",
        "a/../../b",
        "..",
        "..\\..\\x",
        "\\\\server\\share",
        "C:\\x",
        "c:x",
        "x" * 241,
        "tab\there",
        "line\nbreak",
        "fdp.\u202exnno",
        "a\u2066b",
    ],
)
def test_unsafe_names(name: str) -> None:
    rejection = refusal(zipped((name, b"x"), ("model.onnx", MODEL)))
    assert rejection.code == Code.BAD_PATH
    assert len(rejection.detail) < 600


def test_a_name_that_goes_on_behind_a_nul() -> None:
    # for zipfile it is called model.onnx
    rejection = refusal(renamed("model.onnx_.txt", b"model.onnx\0.txt"))
    assert rejection.code == Code.BAD_PATH


@pytest.mark.parametrize(
    ("kind", "says"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "a special file"), (stat.S_IFCHR, "a special file")],
)
def test_links_and_devices(kind: int, says: str) -> None:
    rejection = refusal(zipped((entry("model.onnx", mode=kind | 0o777), b"/etc/passwd")))
    assert rejection.code == Code.BAD_PATH
    assert says in rejection.detail


def test_passwords() -> None:
    content = bytearray(zipped(("model.onnx", MODEL)))
    # the flags of the entry, in its own header and in the directory
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(content)).code == Code.ENCRYPTED


def test_too_many_files() -> None:
    names = [(f"data/{i}.wav", b"") for i in range(MAX_ENTRIES - 1)]
    assert Archive(zipped(("model.onnx", MODEL), *names)).model(max_bytes=10**6) == MODEL
    rejection = refusal(zipped(("model.onnx", MODEL), ("more", b""), *names))
    assert rejection.code == Code.TOO_MANY


def test_millions_of_files_cost_no_memory() -> None:
    entries = zipped(("model.onnx", MODEL)).split(b"PK\x01\x02")[1].split(b"PK\x05\x06")[0]
    directory = (b"PK\x01\x02" + entries) * 200_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0, 0, len(directory), 0, 0)
    content = directory + end
    tracemalloc.start()
    try:
        assert refusal(content).code == Code.TOO_MANY
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_not_unpacked() -> None:
    zeros = b"\0" * 3_000_000
    tracemalloc.start()
    try:
        content = zipped(("model.onnx", zeros))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        rejection = refusal(content, max_bytes=100_000)
        assert tracemalloc.get_traced_memory()[1] - before < 2_000_000
    finally:
        tracemalloc.stop()
    assert rejection.code == Code.TOO_BIG
    assert "model.onnx has more than 0 MB" in rejection.detail


def test_a_bomb_beside_the_model() -> None:
    content = bytearray(zipped(("bomb", b"x"), ("model.onnx", MODEL)))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", MAX_UNPACKED_BYTES + 1)
    assert refusal(bytes(content)).code == Code.TOO_BIG


def test_an_entry_that_lies_about_its_size() -> None:
    content = bytearray(zipped(("model.onnx", b"\0" * 2_000_000)))
    # both headers say 1 000 bytes, with the checksum of those
    crc = zlib.crc32(b"\0" * 1000)
    for mark, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        place = content.index(mark) + offset
        content[place : place + 4] = struct.pack("<I", crc)
        content[place + 8 : place + 12] = struct.pack("<I", 1000)
    assert len(Archive(bytes(content)).model(max_bytes=10**6)) == 1000


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ([], Code.NO_MODEL, "the zip is empty"),
        ([("hw3.ipynb", b"{}")], Code.NO_MODEL, "found 'hw3.ipynb'"),
        ([("Model.onnx", b"x")], Code.NO_MODEL, "found 'Model.onnx'"),
        ([("m\u043edel.onnx", b"x")], Code.NO_MODEL, r"'m\u043edel.onnx'"),
        ([("model.onnx.data", b"x")], Code.NO_MODEL, "found"),
        ([(f"{i}.wav", b"") for i in range(9)], Code.NO_MODEL, "and 4 more"),
        ([("all.zip", zipped(("model.onnx", MODEL)))], Code.NO_MODEL, "a zip in the zip"),
        ([("model.onnx", b"a"), ("old/model.onnx", b"b")], Code.TWO_MODELS, "2 files"),
        ([("model.onnx", b"")], Code.EMPTY_MODEL, "is empty"),
    ],
)
def test_no_model_or_too_many(files: list, code: Code, says: str) -> None:
    rejection = refusal(zipped(*files))
    assert rejection.code == code
    assert says in rejection.detail


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice() -> None:
    rejection = refusal(zipped(("model.onnx", b"a"), ("model.onnx", b"b")))
    assert rejection.code == Code.TWO_MODELS


def test_the_notebook() -> None:
    archive = Archive(zipped(("x/hw3.ipynb", b"{}"), ("model.onnx", MODEL)))
    assert archive.file("hw3.ipynb") == b"{}"
    assert archive.file("hw4.ipynb") is None


def test_a_broken_notebook_does_not_void_the_model() -> None:
    content = bytearray(zipped(("hw3.ipynb", b"{}" * 100), ("model.onnx", MODEL)))
    content[42] ^= 0xFF
    archive = Archive(bytes(content))
    assert archive.file("hw3.ipynb") is None
    assert archive.model(max_bytes=10**6) == MODEL


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"x" * 1000)
    assert read_file(path, max_bytes=1000) == b"x" * 1000
    with pytest.raises(Rejection, match="TOO_BIG: the zip is larger"):
        read_file(path, max_bytes=999)


def test_hash_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    assert hash_file(path).startswith("e3b0c44298fc1c149afbf4c8996fb924")
