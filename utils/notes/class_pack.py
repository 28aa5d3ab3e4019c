"""A class pack: notes and sounds that an instructor serves to a class from one address.

It is a folder of two files on any web server, or on a shared disk:

``class_pack.json``
    the index: name, licence, dataset_id, counts, size and SHA-256 of the other file and
    of everything in it
``class_pack.zip``
    ``store/`` (see :mod:`utils.notes.store`; splits "train", "validation" and
    "practice", no instrument in two of them), ``sounds/*.mp3`` and ``sounds.json``

:func:`fetch_class_pack` is the students' side. The other one, which makes the pack, is
:mod:`utils.notes.class_pack_builder`.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from utils.errors import DownloadError, ParameterError, StoreError
from utils.notes.class_pack_index import INDEX, SOUNDS, STORE, ZIP, Member, PackIndex
from utils.notes.console import speaker
from utils.notes.download import Archive, Patience, check_space, download, fetch_small
from utils.notes.embedded import Sound, cache_dir
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteStore

__all__ = ["fetch_class_pack", "pack_sounds"]

ELSEWHERE = "ask your instructor"
INDEX_LIMIT = 4 << 20  # bytes; a line for each sound


def fetch_class_pack(
    url: str | Path,
    *,
    out: str | Path | None = None,
    patience: Patience | None = None,
    progress: bool = True,
) -> NoteStore:
    """Return the store of a class pack, fetching it if it is not here yet.

    Without a network a pack that was fetched from this address before is opened.

    Parameters
    ----------
    url : str or path
        Address of the folder or of its ``class_pack.json``; a folder on a disk will do.
    out : path, optional
        Folder for the pack; by default one in the course's cache.
    patience : Patience, optional
        Time-outs and retries.
    progress : bool
        Show a bar and say what goes wrong, on standard error.

    Returns
    -------
    NoteStore
        With the splits "train", "validation" and "practice".

    Raises
    ------
    DownloadError
        There is no class pack at the address, or it is damaged.
    StoreError
        It was made by another front end, or `out` holds something else.
    """
    source = _Source(str(url), patience=patience, progress=progress)
    packs = cache_dir() / "class-packs" if out is None else Path(out).absolute().parent
    memory = packs / f"{hashlib.sha256(source.index.encode()).hexdigest()[:16]}.json"
    known = memory if out is None else Path(out) / INDEX
    try:
        data = source.read_index(hurry=known.exists())
    except DownloadError as error:
        store = _open_remembered(known, packs, out)
        if store is None:
            raise
        speaker(progress)(f"{error}. The pack that was fetched before is used.")
        return store
    index = PackIndex.parse(data, source.index)
    _check_front_end(index)
    home = packs / index.id if out is None else Path(out).absolute()
    if not _is_complete(home, index):
        _install(source, index, home, data)
    packs.mkdir(parents=True, exist_ok=True)
    if out is None:
        memory.write_bytes(data)
    return NoteStore.open(home / STORE)


def pack_sounds(store: NoteStore) -> list[Sound]:
    """Return the sounds that came with a class pack, like the embedded ones.

    Parameters
    ----------
    store : NoteStore
        What :func:`fetch_class_pack` returned.

    Returns
    -------
    list of Sound

    Raises
    ------
    StoreError
        The store is not one of a class pack.
    """
    home = store.path.parent
    try:
        rows = json.loads((home / SOUNDS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{home} holds no class pack with sounds: {error}") from error
    return [Sound(**{**row, "path": home / row["path"]}) for row in rows]


class _Source:
    """Where a pack lies: a web address or a folder."""

    def __init__(self, url: str, *, patience: Patience | None, progress: bool) -> None:
        self._patience, self._progress = patience, progress
        self._folder = None
        if not url.lower().startswith(("http://", "https://")):
            folder = Path(url).expanduser().absolute()
            self._folder = folder.parent if folder.name == INDEX else folder
            if not self._folder.is_dir():
                raise ParameterError(f"expected https://… or a folder, got {url!r}")
            self.index = str(self._folder / INDEX)
        else:
            self.index = self._address(url, INDEX)

    @staticmethod
    def _address(url: str, name: str) -> str:
        """Return the address of a file beside the index; what follows a ? stays."""
        parts = urlsplit(url)
        folder = parts.path.removesuffix(INDEX).rstrip("/")
        return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{name}", parts.query, ""))

    def read_index(self, *, hurry: bool) -> bytes:
        """Return the index; who has a pack already need not wait long for a network."""
        if self._folder is None:
            patience = self._patience or Patience()
            return fetch_small(
                self.index,
                limit=INDEX_LIMIT,
                patience=replace(patience, connect=5.0, retries=0) if hurry else patience,
                progress=self._progress,
                elsewhere=ELSEWHERE,
            )
        try:
            return (self._folder / INDEX).read_bytes()
        except OSError as error:
            raise DownloadError(
                f"{self.index}: {error.strerror}",
                hint=f"Give the folder that holds {INDEX} and {ZIP}.",
            ) from error

    @contextmanager
    def zip_file(self, archive: Archive, folder: Path) -> Iterator[Path]:
        """Give the zip; a downloaded one is removed when it has been used."""
        if self._folder is not None:
            yield self._folder / archive.name
            return
        urls = [self._address(self.index, archive.name)]
        path = download(
            archive,
            folder,
            urls,
            patience=self._patience,
            progress=self._progress,
            elsewhere=ELSEWHERE,
        )
        yield path
        shutil.rmtree(folder)


def _open_remembered(known: Path, packs: Path, out: str | Path | None) -> NoteStore | None:
    """Return the pack that came from an address before, or None."""
    try:
        index = PackIndex.parse(known.read_bytes(), str(known))
        home = packs / index.id if out is None else Path(out).absolute()
        return NoteStore.open(home / STORE)
    except (OSError, DownloadError, StoreError):
        return None


def _check_front_end(index: PackIndex) -> None:
    if index.front_end != FRONT_END_ID:
        raise StoreError(
            f"{index.name}: made by front end {index.front_end[:12]}, this course has "
            f"{FRONT_END_ID[:12]}; update the course, or ask for a new class pack"
        )


def _is_complete(home: Path, index: PackIndex) -> bool:
    """Say whether this very pack lies in a folder; refuse to touch anything else there."""
    if not home.exists() or (home.is_dir() and not any(home.iterdir())):
        return False
    try:
        here = PackIndex.parse((home / INDEX).read_bytes(), str(home / INDEX))
    except (OSError, DownloadError):
        here = None
    if here is None or here.archive != index.archive:
        raise StoreError(f"{home} holds something else; choose another folder, or remove it")
    NoteStore.open(home / STORE)
    return True


def _install(source: _Source, index: PackIndex, home: Path, data: bytes) -> None:
    """Fetch, unpack and check a pack; the folder appears complete or not at all."""
    home.parent.mkdir(parents=True, exist_ok=True)
    unpacked = sum(member.size for member in index.members)
    check_space(home.parent, unpacked + index.archive.size, what=f"the class pack {index.name!r}")
    with (
        source.zip_file(index.archive, home.parent / f".{index.id}.download") as path,
        tempfile.TemporaryDirectory(prefix=".pack-", dir=home.parent) as temporary,
    ):
        new = Path(temporary) / "pack"
        _unpack(path, index, new)
        # The store is not kept: Windows moves no folder with an open file.
        if NoteStore.open(new / STORE, verify=True).dataset_id != index.dataset_id:
            raise _damaged(path, "its notes are not those of the index")
        (new / INDEX).write_bytes(data)
        if home.exists():
            home.rmdir()  # empty, or _is_complete would have refused
        new.rename(home)


def _unpack(path: Path, index: PackIndex, folder: Path) -> None:
    """Write the members that the index names, and nothing else."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in index.members:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                _unpack_member(archive, member, target)
    except (OSError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        if isinstance(error, DownloadError):
            raise
        raise _damaged(path, str(error)) from error


def _unpack_member(archive: zipfile.ZipFile, member: Member, target: Path) -> None:
    hasher, missing = hashlib.sha256(), member.size
    with archive.open(member.name) as file, target.open("wb") as out:
        # Never more than the index says: a small zip may hold an endless file.
        while data := file.read(min(1 << 20, missing + 1)):
            missing -= len(data)
            if missing < 0:
                break
            hasher.update(data)
            out.write(data)
    if missing or hasher.hexdigest() != member.sha256:
        raise _damaged(Path(ZIP), f"{member.name} is not what the index says")


def _damaged(path: Path, reason: str) -> DownloadError:
    return DownloadError(
        f"{path.name} is damaged: {reason}",
        hint="Tell the instructor: the class pack must be made and uploaded again.",
    )
