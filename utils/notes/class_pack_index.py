"""The index of a class pack, ``class_pack.json``; see :mod:`utils.notes.class_pack`."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Self

from utils.errors import DownloadError
from utils.notes.part import Archive

__all__ = ["FORMAT", "INDEX", "SOUNDS", "STORE", "ZIP", "Member", "PackIndex"]

FORMAT = 1
INDEX, ZIP, STORE, SOUNDS = "class_pack.json", "class_pack.zip", "store", "sounds.json"
MEMBER = re.compile(r"(store|sounds)/(?!\.)[^/\\\x00-\x1f\x7f:*?\"<>|]{1,210}|sounds\.json")
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Member:
    """A file in the zip: its name, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not MEMBER.fullmatch(self.name):
            raise ValueError(f"unexpected file {self.name!r}")
        if type(self.size) is not int or self.size < 0 or not DIGEST.fullmatch(self.sha256):
            raise ValueError(f"size or SHA-256 of {self.name} is none")


@dataclass(frozen=True)
class PackIndex:
    """What ``class_pack.json`` says.

    Attributes
    ----------
    name, licence, dataset_id, front_end : str
        As in the manifest of the store.
    counts : dict
        Notes, instruments and notes by family of each split.
    archive : Archive
        The zip file.
    members : tuple of Member
        Everything in it.
    """

    name: str
    licence: str
    dataset_id: str
    front_end: str
    counts: dict[str, Any]
    archive: Archive
    members: tuple[Member, ...]

    @classmethod
    def parse(cls, data: bytes, where: str) -> Self:
        """Return the index in a file's content.

        Raises
        ------
        DownloadError
            It is no index of a class pack, or of another version.
        """
        try:
            values = json.loads(data)
            if values["format"] != FORMAT:
                raise ValueError(f"expected format {FORMAT}, got {values['format']!r}")
            texts = {key: values[key] for key in ("name", "licence", "dataset_id", "front_end")}
            if not all(isinstance(text, str) for text in texts.values()):
                raise TypeError("expected text")
            archive = Archive(ZIP, values["file"]["size"], sha256=values["file"]["sha256"])
            members = tuple(Member(**member) for member in values["members"])
            return cls(**texts, counts=dict(values["counts"]), archive=archive, members=members)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DownloadError(
                f"{where} is no index of a class pack: {error}",
                hint=f"Give the address of the folder that holds {INDEX} and {ZIP}.",
            ) from error

    def to_json(self, **more: Any) -> bytes:
        """Return the content of ``class_pack.json``; `more` is kept for the curious."""
        file = {"name": ZIP, "size": self.archive.size, "sha256": self.archive.sha256}
        values = {
            "format": FORMAT,
            "name": self.name,
            "licence": self.licence,
            "dataset_id": self.dataset_id,
            "front_end": self.front_end,
            "counts": self.counts,
            **more,
            "file": file,
            "members": [asdict(member) for member in self.members],
        }
        return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()

    @property
    def id(self) -> str:
        """A short name of this version of the pack."""
        return str(self.archive.sha256)[:16]
