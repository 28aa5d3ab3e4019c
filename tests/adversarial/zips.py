"""Zips that attack their reader."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

from grader.intake import MAX_ZIP_BYTES
from tests.grader.zips import entry, zipped
from tests.submission.models import GOOD
from utils.submission.codes import Code

__all__ = ["ZIPS", "ten_gigabytes"]

MODEL = GOOD["opset 18"]
GIGABYTE = 1_000_000_000
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def plain() -> bytearray:
    """Return a good zip, to be spoilt."""
    return bytearray(zipped(("model.onnx", MODEL)))


def changed(place: bytes, offset: int, value: bytes, *, content: bytearray | None = None) -> bytes:
    """Return a zip with other bytes behind the last such mark."""
    content = plain() if content is None else content
    start = content.rindex(place) + offset
    content[start : start + len(value)] = value
    return bytes(content)


def ten_gigabytes(says: int, name: str = "model.onnx") -> bytes:
    """Return a zip of 10 MB whose one file really has 10 GB, and says that it has some bytes.

    The compressed stream repeats a piece that ends on a byte, so it is made in no time.
    """
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    step = bytes(1 << 26)
    piece = pack.compress(step) + pack.flush(zlib.Z_FULL_FLUSH)
    packed = piece * (10 * GIGABYTE // len(step)) + b"\x03\x00"
    crc = zlib.crc32(bytes(min(says, 1 << 26)))
    # beyond 4 GB the sizes stand in an extra field
    big = says >= 0xFFFFFFFF
    extra = struct.pack("<HHQ", 1, 8, says) if big else b""
    sizes = struct.pack("<III", crc, len(packed), 0xFFFFFFFF if big else says)
    text = name.encode()
    local = _LOCAL + struct.pack("<HHHHH", 45, 0, 8, 0, 33) + sizes
    local += struct.pack("<HH", len(text), len(extra)) + text + extra
    central = _CENTRAL + struct.pack("<HHHHHH", 45, 45, 0, 8, 0, 33) + sizes
    central += struct.pack("<HHHHHII", len(text), len(extra), 0, 0, 0, 0, 0) + text + extra
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + _END + end


def many_entries(number: int) -> bytes:
    """Return a directory of so many entries without names."""
    record = _CENTRAL + bytes(42)
    directory = record * number
    return directory + _END + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)


def overlapping() -> bytes:
    """Return a zip of 2 MB with 400 names for the same 3 MB of data, 1.2 GB altogether."""
    content = zipped(("00000.onnx", bytes(3_000_000)))
    start, stop = content.index(_CENTRAL), content.index(_END)
    record = content[start:stop]
    directory = b"".join(record.replace(b"00000.onnx", f"{i:05}.onnx".encode()) for i in range(400))
    end = struct.pack("<HHHHIIH", 0, 0, 400, 400, len(directory), start, 0)
    return content[:start] + directory + _END + end


def two_directories() -> bytes:
    """Return two zips in one file; readers disagree on which one counts."""
    return zipped(("model.onnx", b"not this one")) + bytes(plain())


def commented() -> bytes:
    """Return a zip whose comment holds the end of another one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("model.onnx", MODEL)
        archive.comment = _END + bytes(18)
    return content.getvalue()


def other_name_inside() -> bytes:
    """Return a zip in which the data of model.onnx stand behind the header of another file."""
    return bytes(plain()).replace(b"model.onnx", b"grades.csv", 1)


def renaming_extra_field() -> bytes:
    """Return a zip whose extra field (0x7075, the name in Unicode) gives another name."""
    info = entry("notes.onnx")
    info.extra = struct.pack("<HHBI", 0x7075, 15, 1, zlib.crc32(b"notes.onnx")) + b"model.onnx"
    return zipped((info, MODEL))


def onion(layers: int) -> bytes:
    """Return a zip in a zip in a zip."""
    content = bytes(plain())
    for _ in range(layers):
        content = zipped(("model.zip", content))
    return content


def link(target: str, name: str = "model.onnx") -> bytes:
    """Return a zip with a symbolic link."""
    return zipped((entry(name, mode=stat.S_IFLNK | 0o777), target.encode()), ("x", MODEL))


def _flags(value: int) -> bytes:
    content = plain()
    content[6:8] = struct.pack("<H", value)
    return changed(_CENTRAL, 8, struct.pack("<H", value), content=content)


def _method(number: int) -> bytes:
    content = plain()
    content[8:10] = struct.pack("<H", number)
    return changed(_CENTRAL, 10, struct.pack("<H", number), content=content)


def _files(*names: str) -> bytes:
    return zipped(*((name, b"x") for name in names), ("model.onnx", MODEL))


ZIPS: dict[str, tuple[Callable[[], bytes], Code | None]] = {
    # paths
    "slip": (lambda: _files("../../evil.txt"), Code.BAD_PATH),
    "slip in the middle": (lambda: _files("a/../../evil.txt"), Code.BAD_PATH),
    "slip with backslashes": (lambda: _files("..\\..\\evil.txt"), Code.BAD_PATH),
    "slip of the model": (lambda: zipped(("../model.onnx", MODEL)), Code.BAD_PATH),
    "absolute": (lambda: _files("/etc/cron.d/evil"), Code.BAD_PATH),
    "drive": (lambda: _files("C:/evil.txt"), Code.BAD_PATH),
    "network share": (lambda: _files("\\\\host\\evil"), Code.BAD_PATH),
    "link to a file": (lambda: link("/etc/passwd"), Code.BAD_PATH),
    "link upwards": (lambda: link("../../source/files/private/hidden/labels.npz"), Code.BAD_PATH),
    "link to a folder": (lambda: link("/", "root"), Code.BAD_PATH),
    "pipe": (lambda: zipped((entry("p", mode=stat.S_IFIFO | 0o666), b"")), Code.BAD_PATH),
    "device": (lambda: zipped((entry("d", mode=stat.S_IFBLK | 0o666), b"")), Code.BAD_PATH),
    "socket": (lambda: zipped((entry("s", mode=stat.S_IFSOCK | 0o666), b"")), Code.BAD_PATH),
    "NUL in a name": (
        lambda: _files("model.onnx_.txt").replace(b"model.onnx_.txt", b"model.onnx\0.txt"),
        Code.BAD_PATH,
    ),
    # names
    "name of 241 characters": (lambda: _files("n" * 241), Code.BAD_PATH),
    "name of 65 535 characters": (lambda: _files("n" * 65_535), Code.BAD_PATH),
    "right to left": (lambda: _files("fdp.\u202exnno"), Code.BAD_PATH),
    "right to left, in Arabic": (lambda: _files("a\u061cb"), Code.BAD_PATH),
    "names of devices": (lambda: _files("CON", "NUL.txt", "aux", "COM1.onnx", "a/LPT9"), None),
    "a stream of another file": (lambda: zipped(("model.onnx:x", MODEL)), Code.NO_MODEL),
    "dots at the end": (lambda: zipped(("model.onnx...", MODEL)), Code.NO_MODEL),
    "line break and escape codes": (lambda: _files("a\n\x1b[2J"), Code.BAD_PATH),
    "name that is no UTF-8": (
        lambda: _files("\u00e9\u00e9").replace("\u00e9\u00e9".encode(), b"\xff\xfe\xff\xfe"),
        Code.NOT_ZIP,
    ),
    "Cyrillic o": (lambda: zipped(("m\u043edel.onnx", MODEL)), Code.NO_MODEL),
    "combining letters": (lambda: zipped(("mo\u0301del.onnx", MODEL)), Code.NO_MODEL),
    "other case": (lambda: zipped(("MODEL.ONNX", MODEL)), Code.NO_MODEL),
    "space at the end": (lambda: zipped(("model.onnx ", MODEL)), Code.NO_MODEL),
    "name from an extra field": (renaming_extra_field, Code.NO_MODEL),
    "name in HTML": (lambda: zipped(("<script>alert(1)</script>", b"")), Code.NO_MODEL),
    "names in all languages": (
        lambda: _files("\u00dcbung/\u6f14\u7fd2.txt", "\U0001f3b9"),
        None,
    ),
    "leavings of a Mac": (
        lambda: _files("__MACOSX/._model.onnx", "__MACOSX/a/model.onnx", ".DS_Store"),
        None,
    ),
    "only leavings of a Mac": (lambda: zipped(("__MACOSX/model.onnx", MODEL)), Code.NO_MODEL),
    "a folder called model.onnx": (lambda: zipped(("model.onnx/x", MODEL)), Code.NO_MODEL),
    # sizes
    "10 GB": (lambda: ten_gigabytes(10 * GIGABYTE), Code.TOO_BIG),
    "10 GB that say 30 MB": (lambda: ten_gigabytes(30_000_000), Code.BAD_MODEL),
    "10 GB that say 1 kB": (lambda: ten_gigabytes(1000), Code.BAD_MODEL),
    "10 GB beside the model": (lambda: ten_gigabytes(10 * GIGABYTE, "bomb"), Code.TOO_BIG),
    "100 MB": (lambda: bytes(MAX_ZIP_BYTES + 1), Code.TOO_BIG),
    "40 MB of zeros": (lambda: zipped(("model.onnx", bytes(40_000_000))), Code.TOO_BIG),
    "a size of 4 GB": (lambda: changed(_CENTRAL, 24, b"\xfe\xff\xff\xff"), Code.TOO_BIG),
    "overlapping": (overlapping, Code.TOO_BIG),
    "a million entries": (lambda: many_entries(1_000_000), Code.TOO_MANY),
    "501 entries": (lambda: _files(*(f"{i}.wav" for i in range(500))), Code.TOO_MANY),
    # lies
    "encrypted": (lambda: _flags(0x1), Code.ENCRYPTED),
    "strongly encrypted": (lambda: _flags(0x41), Code.ENCRYPTED),
    "directory encrypted": (lambda: _flags(0x2000), Code.ENCRYPTED),
    "patch data": (lambda: _flags(0x20), Code.NOT_ZIP),
    "LZMA": (lambda: zipped(("model.onnx", MODEL), method=zipfile.ZIP_LZMA), Code.NOT_ZIP),
    "bzip2": (lambda: zipped(("model.onnx", MODEL), method=zipfile.ZIP_BZIP2), Code.NOT_ZIP),
    "Deflate64": (lambda: _method(9), Code.NOT_ZIP),
    "Zstandard": (lambda: _method(93), Code.NOT_ZIP),
    "unknown method": (lambda: _method(4711), Code.NOT_ZIP),
    "says that it is stored": (lambda: _method(0), Code.NOT_ZIP),
    "wrong checksum": (lambda: changed(_CENTRAL, 16, b"\0\0\0\0"), Code.NOT_ZIP),
    "longer than it is": (lambda: changed(_CENTRAL, 20, b"\xff\xff\xff\x0f"), None),
    "begins behind the end": (lambda: changed(_CENTRAL, 42, b"\xff\xff\xff\x0f"), Code.NOT_ZIP),
    "directory elsewhere": (lambda: changed(_END, 16, b"\xff\xff\xff\x0f"), Code.NOT_ZIP),
    "long directory": (lambda: changed(_END, 12, b"\xff\xff\xff\x0f"), Code.NOT_ZIP),
    "extra field without end": (lambda: changed(_CENTRAL, 30, b"\xff\x00"), None),
    "other name inside": (other_name_inside, Code.NOT_ZIP),
    "says it holds no file": (lambda: changed(_END, 8, b"\0\0\0\0"), None),
    "says it holds 65 535 files": (lambda: changed(_END, 8, b"\xff\xff\xff\xff"), None),
    "two zips in one": (two_directories, None),
    "data before it": (lambda: b"#!/bin/sh\n" * 1000 + bytes(plain()), None),
    "data after the end": (lambda: bytes(plain()) + b"x" * 1000, None),
    "data far after the end": (lambda: bytes(plain()) + bytes(70_000), Code.NOT_ZIP),
    "another end in the comment": (commented, Code.NO_MODEL),
    "on several disks": (lambda: changed(_END, 4, b"\x01\0\x01\0"), None),
    # no zips, and zips of zips
    "nothing": (lambda: b"", Code.NOT_ZIP),
    "a zip without files": (lambda: zipped(), Code.NO_MODEL),
    "a text": (lambda: b"my homework", Code.NOT_ZIP),
    "beginnings alone": (lambda: _LOCAL * 1000, Code.NOT_ZIP),
    "cut off": (lambda: bytes(plain())[:-10], Code.NOT_ZIP),
    "a zip in a zip": (lambda: onion(1), Code.NO_MODEL),
    "an onion of zips": (lambda: onion(20), Code.NO_MODEL),
    "a zip for a model": (lambda: zipped(("model.onnx", onion(1))), Code.BAD_MODEL),
    "two models": (lambda: zipped(("a/model.onnx", MODEL), ("model.onnx", MODEL)), Code.TWO_MODELS),
    "a model of 0 bytes": (lambda: zipped(("model.onnx", b"")), Code.EMPTY_MODEL),
}
"""Name → how to make it, and the code that it gets; None: graded.

Where readers of zips disagree (two directories, data around them), ours takes one view, and
what it reads then has to be a model that keeps the contract like any other.
"""
