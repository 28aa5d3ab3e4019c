"""Open a store of notes and look at parts of it; see :mod:`utils.notes.store`."""

import operator
import zipfile
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError, StoreError
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store_format import COLUMNS, MELS, NOTES, check_file, content_id
from utils.notes.store_manifest import read_manifest

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset

__all__ = ["NoteColumns", "NoteSet", "NoteStore", "dequantize", "quantize"]


def quantize(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return values in [0, 1] as uint8, in steps of 1/255 (0.31 dB)."""
    return np.clip(np.rint(np.asarray(values) * 255), 0, 255).astype(np.uint8)


def dequantize(quantized: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 as float32 values in [0, 1]: what every model of the course sees."""
    return np.asarray(quantized).astype(np.float32) / np.float32(255)


class NoteColumns(Mapping[str, NDArray]):
    """The columns of ``notes.npz``; each is read when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, NDArray] = {}
        with self._archive() as archive:
            self._names = tuple(archive.files)
        missing = sorted(set(COLUMNS) - set(self._names))
        if missing:
            raise StoreError(f"{path}: the columns {', '.join(missing)} are missing")

    def __getitem__(self, name: str) -> NDArray:
        if name not in self._names:
            raise KeyError(f"no column {name!r}; there are {', '.join(self._names)}")
        if name not in self._read:
            with self._archive() as archive:
                try:
                    column = archive[name]
                except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
                    raise StoreError(f"{self._path}: column {name} is damaged: {error}") from error
            column.setflags(write=False)
            self._read[name] = column
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _archive(self) -> np.lib.npyio.NpzFile:
        try:
            return np.load(self._path, allow_pickle=False)
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(f"{self._path} is damaged: {error}") from error


class NoteStore:
    """A data set of notes on disk, memory-mapped.

    Attributes
    ----------
    path : Path
    manifest : dict
        What ``manifest.json`` says: name, licence, provenance, counts, …
    dataset_id, front_end : str
        Ids of the content and of the front end that made it.
    kind : str
        "general-midi", "nsynth" or "private".
    mels : ndarray of uint8, shape (n, 64, 64)
        Memory-mapped, read-only; axis 1 is frequency from low to high.
    columns : mapping of str to ndarray, each of shape (n,)
        See :mod:`utils.notes.store`.
    """

    def __init__(
        self, path: Path, manifest: dict[str, Any], mels: NDArray[np.uint8], columns: NoteColumns
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.dataset_id: str = manifest["dataset_id"]
        self.kind: str = manifest["kind"]
        self.front_end: str = manifest["front_end"]
        self.mels = mels
        self.columns = columns

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        verify: bool = False,
        front_end: str | None = FRONT_END_ID,
    ) -> Self:
        """Return the store in a folder; this takes milliseconds.

        Parameters
        ----------
        path : path
            The folder.
        verify : bool
            Read everything and compare it with the checksums in the manifest.
        front_end : str or None
            Id of the front end that must have made the store; None takes any.

        Raises
        ------
        StoreError
            The store is missing, half-made, damaged or made by another front end.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        if front_end is not None and manifest["front_end"] != front_end:
            raise StoreError(
                f"{folder}: made by front end {manifest['front_end'][:12]}, expected "
                f"{front_end[:12]}; build the store again from the sounds"
            )
        for name in (MELS, NOTES):
            check_file(folder, name, manifest["files"][name], verify=verify)
        mels = _map_mels(folder / MELS, manifest["counts"]["notes"])
        columns = NoteColumns(folder / NOTES)
        if verify:
            _verify_content(folder, manifest, columns)
        return cls(folder, manifest, mels, columns)

    def __len__(self) -> int:
        return len(self.mels)

    def __repr__(self) -> str:
        return (
            f"NoteStore({self.manifest['name']!r}, kind={self.kind!r}, {len(self)} notes, "
            f"dataset {self.dataset_id[:12]})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes of a DataLoader open the files anew; copying a map would read it all.
        return _reopen, (type(self), str(self.path))

    def notes(self) -> "NoteSet":
        """Return all notes."""
        return NoteSet(self, np.arange(len(self)))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that the store has."""
        return tuple(name for name in self.manifest["counts"]["splits"] if name)

    def split(self, name: str) -> "NoteSet":
        """Return the notes of one split, for example "train".

        Raises
        ------
        ParameterError
            The store has no such split.
        """
        if name not in self.splits:
            raise ParameterError(
                f"expected one of the splits {', '.join(self.splits) or '(none)'} of "
                f"{self.manifest['name']}, got {name!r}"
            )
        return NoteSet(self, np.flatnonzero(self.columns["split"] == name))


class NoteSet:
    """Some notes of a store; reads only what is asked for.

    Also a map-style data set: ``note_set[i]`` is ``(input, family)``.

    Attributes
    ----------
    store : NoteStore
    index : ndarray of int64, shape (n,)
        Positions of the notes in the store.
    """

    def __init__(self, store: NoteStore, index: ArrayLike) -> None:
        self.store = store
        self.index = _positions(len(store), index)

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        return f"NoteSet({len(self)} of {len(self.store)} notes of {self.store.manifest['name']!r})"

    def __getitem__(self, position: int) -> tuple[NDArray[np.float32], int]:
        row = self.index[operator.index(position)]  # IndexError at the end lets a loop stop
        return dequantize(self.store.mels[row])[None], int(self.store.columns["family"][row])

    def inputs(self, index: ArrayLike | slice | None = None) -> NDArray[np.float32]:
        """Return the model's inputs, of shape (n, 1, 64, 64) with values in [0, 1].

        Parameters
        ----------
        index : int, slice, array of int or mask, optional
            Positions within this set; default all.

        Raises
        ------
        ParameterError
            ``index`` points outside the set.
        """
        return dequantize(self.mels_uint8(index))[:, None]

    def mels_uint8(self, index: ArrayLike | slice | None = None) -> NDArray[np.uint8]:
        """Return the spectrograms as stored, of shape (n, 64, 64); see :meth:`inputs`."""
        rows = self.index if index is None else self.index[_positions(len(self), index)]
        return np.asarray(self.store.mels[rows])

    def column(self, name: str) -> NDArray:
        """Return one column of the store for these notes, of shape (n,)."""
        return self.store.columns[name][self.index]

    def columns(self) -> dict[str, NDArray]:
        """Return all columns for these notes, as :func:`write_store` takes them."""
        return {name: self.column(name) for name in self.store.columns}

    @property
    def families(self) -> NDArray[np.int64]:
        """Class labels: positions in :data:`utils.notes.vocabulary.FAMILIES`."""
        return self.column("family")

    @property
    def groups(self) -> NDArray[np.str_]:
        """Instrument groups; notes of one group never stand on two sides of a split."""
        return self.column("group")

    @property
    def pitches(self) -> NDArray[np.int64]:
        """MIDI pitches, 0 to 127."""
        return self.column("pitch")

    @property
    def velocities(self) -> NDArray[np.int64]:
        """MIDI velocities, 0 to 127."""
        return self.column("velocity")

    @property
    def sources(self) -> NDArray[np.int64]:
        """Positions in :data:`utils.notes.vocabulary.SOURCES`."""
        return self.column("source")

    @property
    def note_strs(self) -> NDArray[np.str_]:
        """Names of the notes, unique in a store."""
        return self.column("note_str")

    @property
    def sample_hashes(self) -> NDArray[np.str_]:
        """SHA-256 of the recordings behind each note, joined by spaces."""
        return self.column("sample_hash")

    def subset(self, index_or_mask: ArrayLike | slice) -> "NoteSet":
        """Return the notes at these positions of this set, or where the mask is true."""
        return NoteSet(self.store, self.index[_positions(len(self), index_or_mask)])

    def tensors(self) -> "TensorDataset":
        """Return ``TensorDataset(inputs float32 (n, 1, 64, 64), families int64 (n,))``.

        All of it is in memory, 16 KB a note.
        """
        import torch
        from torch.utils.data import TensorDataset

        families = torch.from_numpy(self.families.astype(np.int64))
        return TensorDataset(torch.from_numpy(self.inputs()), families)


def _positions(n: int, index: Any) -> NDArray[np.int64]:
    """Return positions in range(n), from an int, a slice, an array of int or a mask."""
    if not isinstance(index, slice):
        index = np.asarray(index)
        if index.size == 0 and index.ndim == 1 and index.dtype != bool:
            index = index.astype(np.int64)  # an empty list has no type of its own
    try:
        return np.atleast_1d(np.arange(n)[index])
    except (IndexError, TypeError) as error:
        raise ParameterError(f"expected positions in 0 to {n - 1} or a mask of {n}: {error}") from (
            error
        )


def _reopen(cls: type[NoteStore], path: str) -> NoteStore:
    return cls.open(path, front_end=None)


def _map_mels(path: Path, n: int) -> NDArray[np.uint8]:
    try:
        mels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error
    if mels.dtype != np.uint8 or mels.shape != (n, 64, 64):
        raise StoreError(
            f"{path}: expected uint8 of shape {(n, 64, 64)}, got {mels.dtype} of {mels.shape}"
        )
    return mels


def _verify_content(folder: Path, manifest: dict[str, Any], columns: NoteColumns) -> None:
    n = manifest["counts"]["notes"]
    lengths = {name: column.shape for name, column in columns.items() if column.shape != (n,)}
    if lengths:
        raise StoreError(f"{folder}: expected {n} rows in every column, got {lengths}")
    found = content_id(manifest["front_end"], manifest["files"][MELS]["sha256"], columns)
    if found != manifest["dataset_id"]:
        raise StoreError(
            f"{folder}: expected dataset {manifest['dataset_id'][:12]}, got {found[:12]}; "
            "the manifest is damaged: make or fetch the store again"
        )
