"""The search for texts that must not be in a folder."""

import base64
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from tests.grader.leaks import find_in_bytes, find_in_tree
from utils.errors import ParameterError

CANARY = 'CANARY "q1" 7f3a\nsecond line é'
NEEDLES = {"canary": CANARY}


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.bin", data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("inner.bin")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def as_npz(data: bytes) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, names=np.array(["a flute", data.decode()]))
    return buffer.getvalue()


def as_notebook(data: bytes) -> bytes:
    lines = data.decode().splitlines(keepends=True)
    return json.dumps({"cells": [{"source": lines}]}, indent=1).encode()


PACKINGS = {
    "plain": lambda data: data,
    "json": lambda data: json.dumps({"text": data.decode()}).encode(),
    "json in json": lambda data: json.dumps(json.dumps(data.decode())).encode(),
    "notebook lines": as_notebook,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "utf-32": lambda data: data.decode().encode("utf-32-be"),
    "hex": lambda data: data.hex().encode(),
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
    "zip": zipped,
    "tar.gz": tarred,
    "npz": as_npz,
    "zip in zip": lambda data: zipped(zipped(data)),
    "base64": base64.b64encode,
    "base64 of gzip": lambda data: base64.b64encode(gzip.compress(data)),
    "url-safe base64": base64.urlsafe_b64encode,
    "base64 in a notebook": lambda data: as_notebook(base64.b64encode(gzip.compress(data))),
}


@pytest.mark.parametrize("name", PACKINGS)
def test_finds_the_needle_however_it_is_packed(name):
    packed = PACKINGS[name](CANARY.encode())
    assert find_in_bytes(packed, NEEDLES), name


@pytest.mark.parametrize("name", PACKINGS)
def test_finds_nothing_where_nothing_is(name):
    packed = PACKINGS[name](CANARY.replace("7f3a", "7f3b").encode())
    assert find_in_bytes(packed, NEEDLES) == []


@pytest.mark.parametrize("shift", range(3))
def test_finds_base64_at_any_alignment(shift):
    data = base64.b64encode(b"x" * shift + CANARY.encode() + b"yz")
    assert find_in_bytes(data, NEEDLES)


def test_finds_raw_bytes_inside_an_array():
    mel = np.random.default_rng(0).integers(0, 256, size=(64, 64), dtype=np.uint8)
    stack = np.concatenate([np.zeros((3, 64, 64), np.uint8), mel[None]])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, mels=stack)
    assert find_in_bytes(buffer.getvalue(), {"mel": mel.tobytes()[:256]})
    assert not find_in_bytes(buffer.getvalue(), {"mel": mel.tobytes()[:255] + b"\0\0"})


def test_damaged_archives_do_not_stop_the_search():
    broken = zipped(CANARY.encode())[:-30]
    for data in (broken, gzip.compress(b"x" * 1000)[:20], b"\x78\x9cnonsense", b"{broken json"):
        assert find_in_bytes(data, NEEDLES) == []


def test_tree_names_the_file_and_what_was_opened(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data.zip").write_bytes(zipped(gzip.compress(CANARY.encode())))
    (tmp_path / "clean.txt").write_text("nothing here", encoding="utf-8")
    (finding,) = find_in_tree(tmp_path, NEEDLES)
    assert finding.where == "sub/data.zip > inner.bin > gzip"
    assert finding.needle == "canary"


def test_tree_looks_at_file_names(tmp_path):
    (tmp_path / "CANARY-in-a-name.txt").touch()
    (finding,) = find_in_tree(tmp_path, {"name": "CANARY-in-a-name"})
    assert finding.where == "the name of CANARY-in-a-name.txt"


def test_short_needles_are_refused():
    with pytest.raises(ParameterError, match="at least 8 characters"):
        find_in_bytes(b"data", {"short": "x + 1"})
