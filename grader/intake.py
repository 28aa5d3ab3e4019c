"""Read a submission's zip, in memory: nothing is ever unpacked to disk.

A name in a zip is only compared, never used as a path. What is read has a limit in
bytes that holds whatever the zip says about itself. ``__MACOSX`` and other leavings of
file managers are ignored. A zip is refused as a whole for unsafe names, even in files that
nobody reads: such a zip was not made by the notebook's last cell.
"""

import hashlib
import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from utils.submission.codes import Code, Rejection

__all__ = [
    "MAX_UNPACKED_BYTES",
    "MAX_ZIP_BYTES",
    "MODEL_NAME",
    "Archive",
    "hash_file",
    "read_file",
    "unreadable",
]

MODEL_NAME = "model.onnx"
MAX_ZIP_BYTES = 100_000_000
MAX_UNPACKED_BYTES = 1_000_000_000
MAX_ENTRIES = 500
MAX_NAME = 240
MAX_NOTEBOOK_BYTES = 30_000_000

# LZMA and others let the sender choose how much memory the reader needs
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_ENTRY_MARK = b"PK\x01\x02"
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What ``zipfile`` raises on damaged input."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(path: Path, *, max_bytes: int = MAX_ZIP_BYTES) -> bytes:
    """Return the content of a submitted file.

    Raises
    ------
    Rejection
        If it is larger than allowed.
    OSError
        If it can't be read: that is not the student's doing.
    """
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise Rejection(Code.TOO_BIG, f"the zip is larger than {max_bytes / 1e6:.0f} MB")
    return content


def unreadable(name: str) -> str:
    """Return what to say of a file that :meth:`Archive.file` does not give."""
    most = f"{MAX_NOTEBOOK_BYTES / 1e6:.0f} MB"
    return f"no readable {name} in the zip (missing, there twice, damaged or over {most})"


class Archive:
    """A submission's zip, its names checked.

    Parameters
    ----------
    content : bytes
        The zip.

    Raises
    ------
    Rejection
        NOT_ZIP, TOO_MANY, TOO_BIG, BAD_PATH or ENCRYPTED.
    """

    def __init__(self, content: bytes) -> None:
        # counted first: a directory of millions of entries would fill the memory when parsed
        if content.count(_ENTRY_MARK) > MAX_ENTRIES:
            raise Rejection(Code.TOO_MANY, f"more than {MAX_ENTRIES} files in the zip")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except _BROKEN as error:
            raise Rejection(Code.NOT_ZIP, _not_a_zip(content, error)) from None
        for entry in entries:
            _check_entry(entry)
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise Rejection(
                Code.TOO_BIG, f"the zip unpacks to more than {MAX_UNPACKED_BYTES / 1e9:.0f} GB"
            )
        self._entries = [e for e in entries if not e.is_dir() and not _is_leaving(e)]

    @property
    def names(self) -> list[str]:
        """Names of the files in the zip."""
        return [entry.filename for entry in self._entries]

    def model(self, *, max_bytes: int) -> bytes:
        """Return the bytes of ``model.onnx``, in whichever folder of the zip.

        Raises
        ------
        Rejection
            NO_MODEL, TWO_MODELS, EMPTY_MODEL, TOO_BIG, or NOT_ZIP if it is damaged.
        """
        found = self._find(MODEL_NAME)
        if not found:
            raise Rejection(Code.NO_MODEL, _what_there_is(self.names))
        if len(found) > 1:
            raise Rejection(Code.TWO_MODELS, f"{len(found)} files named {MODEL_NAME}")
        if found[0].file_size == 0:
            raise Rejection(Code.EMPTY_MODEL, f"{MODEL_NAME} is empty")
        return self._read(found[0], max_bytes)

    def file(self, name: str, *, max_bytes: int = MAX_NOTEBOOK_BYTES) -> bytes | None:
        """Return the bytes of a file; None if it is missing, twice there, too big or damaged.

        A broken notebook does not void the model question.
        """
        found = self._find(name)
        if len(found) != 1:
            return None
        try:
            return self._read(found[0], max_bytes)
        except Rejection:
            return None

    def _find(self, name: str) -> list[zipfile.ZipInfo]:
        """Return the entries with a file name, in any folder."""
        return [e for e in self._entries if _base_name(e) == name]

    def _read(self, entry: zipfile.ZipInfo, max_bytes: int) -> bytes:
        """Return the content of an entry, or refuse it."""
        name = _base_name(entry)
        if entry.compress_type not in _METHODS:
            raise Rejection(
                Code.NOT_ZIP, f"{name} is compressed by method {entry.compress_type}, expected 8"
            )
        try:
            with self._zip.open(entry) as file:
                content = file.read(max_bytes + 1)
        except _BROKEN as error:
            raise Rejection(
                Code.NOT_ZIP, f"{name} in the zip is damaged ({type(error).__name__})"
            ) from None
        if len(content) > max_bytes:
            raise Rejection(Code.TOO_BIG, f"{name} has more than {max_bytes / 1e6:.0f} MB")
        return content


def _not_a_zip(content: bytes, error: BaseException) -> str:
    """Return what a file is that is no zip, as far as its first bytes tell."""
    if not content:
        return "the file is empty"
    for start, name in (
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"\x1f\x8b", "a gzip file (.tar.gz?)"),
        (b"%PDF", "a PDF"),
        (b"{", "text (a notebook?)"),
        (b"<", "a web page"),
    ):
        if content.startswith(start):
            return f"expected a zip file, got {name}"
    return f"the file can't be read as a zip ({type(error).__name__})"


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse unsafe names, links, special files and encryption."""
    # orig_filename still has what follows a NUL
    for name in (entry.orig_filename, entry.filename):
        if (problem := _name_problem(name)) is not None:
            raise Rejection(Code.BAD_PATH, f"the zip holds {problem}: {_show(name)}")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "a special file"
        raise Rejection(Code.BAD_PATH, f"the zip holds {what}: {_show(entry.filename)}")
    if entry.flag_bits & _ENCRYPTED_FLAGS:
        raise Rejection(Code.ENCRYPTED, "the zip is protected by a password")


def _name_problem(name: str) -> str | None:
    """Return what is wrong with a name in a zip; None if it is fine."""
    path = name.replace("\\", "/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "an absolute path"
    if ".." in path.split("/"):
        return "a path that leads out of it"
    if len(name) > MAX_NAME:
        return "a very long name"
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in _DIRECTION_MARKS for c in name):
        return "a name with invisible characters"
    return None


def _base_name(entry: zipfile.ZipInfo) -> str:
    """Return the file's name without its folders; some zips separate them by backslashes."""
    return PurePosixPath(entry.filename.replace("\\", "/")).name


def _is_leaving(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is what file managers leave behind."""
    name = _base_name(entry)
    return name.startswith("._") or name == ".DS_Store" or "__MACOSX" in entry.filename.split("/")


def _show(name: str) -> str:
    """Return a name in plain characters, shortened."""
    return ascii(name[:80])


def _what_there_is(names: Sequence[str]) -> str:
    """Return what a zip without a model holds."""
    if not names:
        return "the zip is empty"
    inner = [name for name in names if name.lower().endswith(".zip")]
    if inner:
        return f"{MODEL_NAME} is missing; there is a zip in the zip: {_show(inner[0])}"
    some = ", ".join(_show(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{MODEL_NAME} is missing; found {some}{more}"
