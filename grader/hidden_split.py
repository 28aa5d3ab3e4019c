"""Draw the hidden split: ``python -m grader hidden build``.

``HIDDEN/`` holds, readable by its owner alone:

``manifest.json``
    format, id, counts, front end, where the notes come from, SHA-256 of the files
``inputs.npy``
    uint8 of shape (n, 64, 64): all that a model gets to see
``labels.npz``
    ``family``, ``group`` and ``half`` ("public" or "private", whole groups) of each note
``secret``
    what the order was shuffled with, unless ``--secret-file`` names another

No group and no recording of the training, validation or practice split may be in it.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from grader.hidden_draw import HALVES, check_unseen, draw, halve
from grader.hidden_sources import SourceNotes, open_source
from grader.intake import hash_file
from utils.errors import ParameterError, StoreError
from utils.notes.embedded import load_notes
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import NoteSet, NoteStore
from utils.notes.vocabulary import FAMILIES

__all__ = ["HiddenSplit", "build_hidden"]

FORMAT = 1
MANIFEST, INPUTS, LABELS, SECRET = "manifest.json", "inputs.npy", "labels.npz", "secret"


@dataclass(frozen=True)
class HiddenSplit:
    """A hidden split, opened by the grader; it never leaves the trusted process.

    Attributes
    ----------
    path : Path
    manifest : dict
    mels : np.ndarray of uint8, shape (n, 64, 64)
    families : np.ndarray of int64, shape (n,)
    groups, halves : np.ndarray of str, shape (n,)
    """

    path: Path
    manifest: dict[str, Any]
    mels: NDArray[np.uint8]
    families: NDArray[np.int64]
    groups: NDArray[np.str_]
    halves: NDArray[np.str_]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Return the hidden split in a folder, its checksums compared.

        Raises
        ------
        StoreError
            It is missing, damaged or made for another front end.
        """
        folder = Path(path)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            version, checksums = manifest["format"], manifest["files"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"expected a hidden split in {folder} (`python -m grader hidden build`), "
                f"got {error!r}"
            ) from error
        if version != FORMAT:
            raise StoreError(f"{folder}: expected format {FORMAT}, got {version!r}; build it again")
        if manifest["front_end"] != FRONT_END_ID:
            raise StoreError(f"{folder}: made by another front end; build it again")
        for name in (INPUTS, LABELS):
            if _sha256(folder / name) != checksums[name]:
                raise StoreError(f"{folder / name} is damaged; build the hidden split again")
        with np.load(folder / LABELS, allow_pickle=False) as labels:
            families, groups, halves = labels["family"], labels["group"], labels["half"]
        mels = np.load(folder / INPUTS, allow_pickle=False)
        return cls(folder, manifest, mels, families, groups, halves)

    @property
    def id(self) -> str:
        """One for equal notes, labels and order."""
        return str(self.manifest["hidden_id"])

    def __len__(self) -> int:
        return len(self.families)


def build_hidden(
    sources: Sequence[str],
    out: str | Path,
    *,
    training: Sequence[str | Path] = (),
    secret_file: str | Path | None = None,
    allow_domain_shift: bool = False,
    n_notes: int | None = None,
    force: bool = False,
    progress: bool = True,
) -> HiddenSplit:
    """Draw a hidden split, write it to a folder and return it.

    Parameters
    ----------
    sources : sequence of str
        See :func:`grader.hidden_sources.open_source`.
    out : path
        The new folder; it appears complete or not at all.
    training : sequence of path
        Stores that students train on; default: the embedded notes.
    secret_file : path, optional
        At least 16 bytes that decide the order, the halves and the choice. Default: a new
        secret, kept in ``out``.
    allow_domain_shift : bool
        Accept notes of another kind than those that students train on.
    n_notes : int, optional
        At most so many notes, balanced over families and groups; default all.
    force : bool
        Replace a hidden split that is there.
    progress : bool
        Show progress bars.

    Raises
    ------
    ParameterError
        Notes are known to students or of another kind, or an option is wrong.
    StoreError
        The folder exists, or the disk fails.
    """
    target = _check_target(Path(out).absolute(), force=force)
    secret = _read_secret(secret_file)
    # Stores are built beside the target, so that an interrupted build can go on.
    work = target.with_name(target.name + ".work")
    source = open_source(sources, work=work, progress=progress)
    stores = [NoteStore.open(path) for path in training] or [load_notes()]
    shift = check_unseen(source.notes, stores, allow_domain_shift=allow_domain_shift)
    rng = np.random.default_rng(list(hashlib.sha256(secret).digest()))
    notes = draw(source.notes, n_notes, rng)
    halves = halve(notes, rng)
    manifest = _describe(source, notes, halves) | {
        "domain_shift": shift,
        "training_datasets": [store.dataset_id for store in stores],
    }
    own_secret = secret if secret_file is None else None
    _write(target, notes, halves, manifest, own_secret)
    shutil.rmtree(work, ignore_errors=True)
    return HiddenSplit.open(target)


def _describe(source: SourceNotes, notes: NoteSet, halves: NDArray) -> dict[str, Any]:
    """Return what the manifest says of the notes: counts, never labels of single notes."""
    families = notes.families
    present = {name: int((families == k).sum()) for k, name in enumerate(FAMILIES)}
    return {
        "format": FORMAT,
        "front_end": FRONT_END_ID,
        "kind": notes.store.kind,
        "dataset_id": notes.store.dataset_id,
        "source": source.text,
        "public": source.public,
        "skipped": len(source.skipped),
        "counts": {
            "notes": len(notes),
            "groups": len(np.unique(notes.groups)),
            "families": present,
            "halves": {half: int((halves == half).sum()) for half in HALVES},
        },
        "missing_families": [name for name, count in present.items() if count == 0],
    }


def _write(
    target: Path, notes: NoteSet, halves: NDArray, manifest: dict[str, Any], secret: bytes | None
) -> None:
    """Write the folder beside its place, then move it there."""
    new = target.with_name(f"{target.name}.new-{os.getpid()}")
    shutil.rmtree(new, ignore_errors=True)
    old_mask = os.umask(0o077)
    try:
        new.mkdir(parents=True)
        np.save(new / INPUTS, notes.mels_uint8())
        np.savez_compressed(
            new / LABELS, family=notes.families.astype(np.int64), group=notes.groups, half=halves
        )
        if secret is not None:
            (new / SECRET).write_bytes(secret)
        files = {name: hash_file(new / name) for name in (INPUTS, LABELS)}
        text = json.dumps([files[INPUTS], _labels_text(notes, halves)])
        manifest |= {"files": files, "hidden_id": hashlib.sha256(text.encode()).hexdigest()}
        (new / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        new.rename(target)
    except OSError as error:
        raise StoreError(f"can't write {target}: {error.strerror or error}") from error
    finally:
        os.umask(old_mask)
        shutil.rmtree(new, ignore_errors=True)


def _labels_text(notes: NoteSet, halves: NDArray) -> list[list[Any]]:
    # The bytes of an .npz hold the time at which it was written, so they can't be an id.
    columns = (notes.families, notes.groups, halves)
    return [column.tolist() for column in columns]


def _check_target(target: Path, *, force: bool) -> Path:
    """Return the folder if it may be written."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return target
    if not (target / LABELS).is_file():
        raise StoreError(f"{target} exists and is no hidden split: it is left alone")
    if not force:
        raise StoreError(f"{target} is a hidden split already; --force replaces it")
    return target


def _read_secret(path: str | Path | None) -> bytes:
    """Return the secret of a file, or a new one."""
    if path is None:
        return secrets.token_hex(32).encode()
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise ParameterError(f"can't read the secret in {path}: {error.strerror}") from error
    if len(secret) < 16:
        raise ParameterError(f"expected a secret of at least 16 bytes in {path}, got {len(secret)}")
    return secret


def _sha256(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise StoreError(f"can't read {path}: {error.strerror}") from error
