"""Search a folder for texts that must not be in it, however they are packed.

A secret can hide in many dresses: escaped inside the JSON of a notebook, as the
UTF-32 of a NumPy string array, compressed in an ``.npz``, as Base64 in an
output cell. :func:`find_in_tree` looks through all of them.
"""

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from utils.errors import ParameterError

__all__ = ["Finding", "dresses", "find_in_bytes", "find_in_tree"]

MAX_DEPTH = 6
"""How many wrappings, one inside the other, are opened."""

MIN_LENGTH = 8
"""Shorter needles would be found by chance, above all as Base64."""

BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{24,}={0,2}")


@dataclass(frozen=True)
class Finding:
    """One place where a needle was found.

    Attributes
    ----------
    where : str
        File, and what was opened inside it, outermost first.
    needle : str
        Label of what was found.
    """

    where: str
    needle: str

    def __str__(self) -> str:
        return f"{self.needle} in {self.where}"


def _base64_cores(raw: bytes) -> list[bytes]:
    """Return the Base64 of ``raw`` at all three alignments, cut where neighbors change it."""
    cores = []
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        start = -(-shift * 8 // 6)
        end = (shift + len(raw)) * 8 // 6
        cores.append(encoded[start:end])
    return cores


def dresses(needle: str | bytes) -> set[bytes]:
    """Return the byte strings under which a needle can stand in a file without being compressed."""
    if isinstance(needle, bytes):
        plain = {needle}
    else:
        escaped = json.dumps(needle)[1:-1]
        texts = {
            needle,
            escaped,
            json.dumps(escaped)[1:-1],
            json.dumps(needle, ensure_ascii=False)[1:-1],
        }
        codecs = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
        plain = {text.encode(codec) for text in texts for codec in codecs}
    found = set(plain)
    for raw in plain:
        found.add(binascii.hexlify(raw))
        for core in _base64_cores(raw):
            found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what stands inside an archive or a compressed stream."""
    if data[:2] == b"PK" or b"PK\x05\x06" in data[-70_000:]:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield "zip comment", archive.comment
                for info in archive.infolist():
                    yield info.filename, info.filename.encode() + b"\n" + info.comment
                    yield info.filename, archive.read(info)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error):
            pass
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                yield member.name, member.name.encode()
                stream = archive.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()
    yield from _streams(data)


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the content of a compressed stream."""
    openers = (
        (b"\x1f\x8b", "gzip", gzip.decompress),
        (b"BZh", "bzip2", bz2.decompress),
        (b"\xfd7zXZ", "xz", lzma.decompress),
        (b"\x5d\x00\x00", "lzma", lzma.decompress),
        (b"\x78", "zlib", zlib.decompress),
    )
    for magic, name, opener in openers:
        if data.startswith(magic):
            try:
                yield name, opener(data)
            except (OSError, EOFError, zlib.error, lzma.LZMAError):
                continue


def _strings(value: object) -> Iterator[str]:
    """Yield every string of a JSON value; lists of lines also joined, as notebooks store them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(value)
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)


def _json_text(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the strings of a JSON document, unescaped."""
    if data.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    yield "JSON", "\n".join(_strings(value)).encode("utf-8", "surrogatepass")


def _base64_blobs(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield decoded Base64 runs; only text has them."""
    if b"\0" in data[:4096]:
        return
    for run in BASE64_RUN.finditer(data):
        text = run.group().replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        text = text[: len(text) - (len(text) % 4 == 1)]
        yield "Base64", base64.b64decode(text + b"=" * (-len(text) % 4))


def _views(where: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield ``data`` and all that is packed inside it."""
    yield where, data
    if depth >= MAX_DEPTH:
        return
    for opener in (_members, _json_text, _base64_blobs):
        # JSON text holds the same Base64 as its document, so it is not opened twice
        for name, inside in opener(data):
            if inside and not (opener is _json_text and where.endswith("JSON")):
                yield from _views(f"{where} > {name}", inside, depth + 1)


def _prepared(needles: Mapping[str, str | bytes]) -> dict[str, set[bytes]]:
    for label, needle in needles.items():
        if len(needle) < MIN_LENGTH:
            raise ParameterError(
                f"expected needles of at least {MIN_LENGTH} characters, got {label}={needle!r}"
            )
    return {label: dresses(needle) for label, needle in needles.items()}


def find_in_bytes(
    data: bytes, needles: Mapping[str, str | bytes], *, where: str = "data"
) -> list[Finding]:
    """Return where ``data``, or anything packed inside it, holds a needle.

    Parameters
    ----------
    data : bytes
        Content of a file.
    needles : mapping of str to str or bytes
        Label → what is looked for; at least eight characters each.
    where : str
        How findings call the data.

    Returns
    -------
    list of Finding
        Without repetitions.
    """
    return list(dict.fromkeys(_search(where, data, _prepared(needles))))


def _search(where: str, data: bytes, prepared: Mapping[str, Iterable[bytes]]) -> Iterator[Finding]:
    for place, view in _views(where, data):
        for label, forms in prepared.items():
            if any(form in view for form in forms):
                yield Finding(place, label)


def find_in_tree(root: Path, needles: Mapping[str, str | bytes]) -> list[Finding]:
    """Return where a folder holds a needle: in the name or the content of any file.

    Parameters
    ----------
    root : Path
        Folder; links are not followed.
    needles : mapping of str to str or bytes
        Label → what is looked for; at least eight characters each.

    Returns
    -------
    list of Finding
        Sorted by file.
    """
    prepared = _prepared(needles)
    findings: list[Finding] = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        findings += _search(f"the name of {name}", name.encode(), prepared)
        if path.is_file() and not path.is_symlink():
            findings += _search(name, path.read_bytes(), prepared)
    return list(dict.fromkeys(findings))
