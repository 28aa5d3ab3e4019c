"""Build a store of notes from sounds: in parallel, resumable; see :mod:`utils.notes.store`.

The notes are taken in shards. A shard's spectrograms go to
``<out>.partial/shards/<key>.shard`` as soon as they are computed, where the key is a
hash of the samples and the front end. A build that was killed and is run again takes
every shard that it finds there with the right key and checksum, so nothing depends on
where it stopped, and a changed sound is never mistaken for the old one. What else is
known of a note (group, split, …) is asked anew each time. At the end the shards become
the store, which moves to its place in one rename.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.errors import ParameterError, RecordError, StoreError
from utils.notes.audio import pcm_sha256
from utils.notes.front_end import FRONT_END_ID, N_SAMPLES
from utils.notes.nsynth import Note, NoteRecord
from utils.notes.store_format import COLUMNS, PARTIAL, clear_disk_errors, require_space
from utils.notes.store_reader import NoteStore
from utils.notes.store_worker import Pool
from utils.notes.store_writer import (
    check_columns,
    check_description,
    check_target,
    commit,
    write_files,
)

__all__ = ["StoreBuilder", "build_store"]

MAX_WORKERS = 8
MEL_BYTES = 64 * 64


def build_store(
    notes: Iterable[Note],
    out: str | PathLike[str],
    *,
    total: int | None = None,
    **options: Any,
) -> NoteStore:
    """Compute the spectrograms of notes, write them as a store, and return it opened.

    Run again after an interruption, it goes on where it stopped. From a script, call it
    below ``if __name__ == "__main__":``, because worker processes import the script.

    Parameters
    ----------
    notes : iterable of Note
        For example :func:`utils.notes.nsynth.iter_notes`; taken one by one.
    out : path
        The new folder.
    total : int, optional
        Number of notes, for the progress bar; default ``len(notes)`` if it has one.
    **options
        Of :class:`StoreBuilder`; ``name``, ``kind``, ``licence`` and ``provenance`` are
        needed.

    Raises
    ------
    ParameterError, RecordError, StoreError
        See :meth:`StoreBuilder.build`.
    """
    return StoreBuilder(out, **options).build(notes, total=total)


class StoreBuilder:
    """What :func:`build_store` does, with counts of what it did.

    Parameters
    ----------
    out : path
        The new folder.
    name, kind, licence, provenance
        For the manifest; see :func:`utils.notes.store.write_store`.
    group_of : callable, optional
        ``NoteRecord`` → name of the instrument group; default the instrument.
    split_of : callable, optional
        ``NoteRecord`` → name of the split; default none.
    sample_hash_of : callable, optional
        ``Note`` → hashes of the recordings behind it; default of its own samples.
    workers : int, optional
        Processes that compute; 0 computes in this one. Default: one a processor, at most
        8, or 0 for few notes.
    shard_size : int
        Notes a shard.
    progress : bool
        Show a progress bar.
    overwrite : bool
        Replace a store that is there, at the end.

    Attributes
    ----------
    shards_computed, shards_reused : int
        Of the last :meth:`build`.
    """

    def __init__(
        self,
        out: str | PathLike[str],
        *,
        name: str,
        kind: str,
        licence: str,
        provenance: Any,
        group_of: Callable[[NoteRecord], str] | None = None,
        split_of: Callable[[NoteRecord], str] | None = None,
        sample_hash_of: Callable[[Note], str] | None = None,
        workers: int | None = None,
        shard_size: int = 64,
        progress: bool = True,
        overwrite: bool = False,
    ) -> None:
        if workers is not None and workers < 0:
            raise ParameterError(f"workers: expected 0 or more, got {workers}")
        if shard_size < 1:
            raise ParameterError(f"shard_size: expected 1 or more, got {shard_size}")
        check_description(name=name, kind=kind, licence=licence, provenance=provenance)
        self.out = check_target(out, overwrite=overwrite)
        self.partial = self.out.with_name(self.out.name + PARTIAL)
        self.shards_computed = 0
        self.shards_reused = 0
        self._about = {"name": name, "kind": kind, "licence": licence, "provenance": provenance}
        self._group_of = group_of or (lambda record: record.instrument_str)
        self._split_of = split_of or (lambda record: "")
        self._sample_hash_of = sample_hash_of or (lambda note: pcm_sha256(note.waveform))
        self._workers = workers
        self._shard_size = shard_size
        self._progress = progress
        self._overwrite = overwrite

    def build(self, notes: Iterable[Note], *, total: int | None = None) -> NoteStore:
        """Build the store and return it opened.

        Raises
        ------
        RecordError
            A note's samples have a wrong shape, or hold NaN or infinity.
        ParameterError
            There are no notes, one occurs twice, or a callable gives a wrong value.
        StoreError
            The disk is full, a worker died, or another build writes to the same place.
        """
        if total is None and isinstance(notes, Sized):
            total = len(notes)
        self.shards_computed = self.shards_reused = 0
        with clear_disk_errors(self.out.parent):
            self._shards.mkdir(parents=True, exist_ok=True)
            if total is not None:
                require_space(self.partial, self._bytes_needed(total))
            with _lock(self.partial / "lock"):
                self._build(notes, total)
            shutil.rmtree(self.partial, ignore_errors=True)
        return NoteStore.open(self.out)

    @property
    def _shards(self) -> Path:
        return self.partial / "shards"

    def _bytes_needed(self, total: int) -> int:
        """Return what is still to be written: missing shards, and the store made of them."""
        present = sum(file.stat().st_size for file in self._shards.iterdir())
        return 2 * total * (MEL_BYTES + 100) - min(present, total * MEL_BYTES)

    def _build(self, notes: Iterable[Note], total: int | None) -> None:
        columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        keys = self._compute(self._described(notes, columns), total)
        checked = check_columns(
            {name: np.asarray(values) for name, values in columns.items()},
            len(columns["note_str"]),
        )
        new = self.partial / "store"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        pieces = (self._load(key, must=True) for key in keys)
        write_files(new, pieces, checked, front_end=FRONT_END_ID, about=self._about)
        commit(new, self.out, overwrite=self._overwrite)

    def _described(
        self, notes: Iterable[Note], columns: dict[str, list[Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of each note; append what is known of it to the columns."""
        for note in notes:
            record, waveform = note
            if waveform.shape != (N_SAMPLES,) or not np.isfinite(waveform).all():
                raise RecordError(
                    f"note {record.note_str!r}: expected {N_SAMPLES} finite samples, "
                    f"got shape={waveform.shape}"
                )
            columns["note_str"].append(record.note_str)
            columns["family"].append(record.instrument_family)
            columns["source"].append(record.instrument_source)
            columns["pitch"].append(record.pitch)
            columns["velocity"].append(record.velocity)
            columns["instrument_str"].append(record.instrument_str)
            columns["group"].append(self._group_of(record))
            columns["sample_hash"].append(self._sample_hash_of(note))
            columns["split"].append(self._split_of(record))
            yield np.asarray(waveform, np.float32)

    def _compute(self, waveforms: Iterator[NDArray[np.float32]], total: int | None) -> list[str]:
        """Make sure that every shard is on disk; return their keys in order."""
        from tqdm.auto import tqdm

        keys: list[str] = []
        with (
            tqdm(total=total, unit="note", disable=not self._progress) as bar,
            Pool(self._worker_count(total)) as pool,
        ):

            def save(finished: Iterable[tuple[str, NDArray[np.uint8]]]) -> None:
                for key, mels in finished:
                    self._save(key, mels)
                    self.shards_computed += 1
                    bar.update(len(mels))

            while chunk := list(islice(waveforms, self._shard_size)):
                shard = np.stack(chunk)
                keys.append(_key(shard))
                if self._load(keys[-1]) is not None:
                    self.shards_reused += 1
                    bar.set_postfix(reused=self.shards_reused * self._shard_size, refresh=False)
                    bar.update(len(shard))
                else:
                    save(pool.submit(keys[-1], shard))
            save(pool.finish())
        return keys

    def _worker_count(self, total: int | None) -> int:
        if self._workers is not None:
            return self._workers
        # Starting a worker costs about the time of a thousand notes.
        if total is not None and total <= 1000:
            return 0
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        return min(available or os.cpu_count() or 1, MAX_WORKERS)

    def _save(self, key: str, mels: NDArray[np.uint8]) -> None:
        """Write a shard: its checksum, then the spectrograms.

        It isn't flushed to the disk: a kill can't lose what the system has taken, and after
        a power cut the checksum tells.
        """
        data = np.ascontiguousarray(mels).tobytes()
        new = self._shards / f"{key}.new"
        new.write_bytes(hashlib.sha256(data).digest() + data)
        new.replace(self._shards / f"{key}.shard")

    def _load(self, key: str, *, must: bool = False) -> Any:
        """Return the spectrograms of a shard, or None if it isn't there whole."""
        path = self._shards / f"{key}.shard"
        content = path.read_bytes() if path.is_file() else b""
        digest, data = content[:32], content[32:]
        if data and len(data) % MEL_BYTES == 0 and hashlib.sha256(data).digest() == digest:
            return np.frombuffer(data, np.uint8).reshape(-1, 64, 64)
        path.unlink(missing_ok=True)
        if must:
            raise StoreError(f"{path} was damaged while the store was built; run the build again")
        return None


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Keep out a second build at the same place; the system frees the lock of a killed one."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise StoreError(
            f"another build is writing to {path.parent}; wait for it or choose another folder"
        ) from error


def _key(waveforms: NDArray[np.float32]) -> str:
    """Return what the content of a shard depends on, as a hash."""
    digest = hashlib.sha256(f"{FRONT_END_ID} torch {version('torch')} ".encode())
    digest.update(np.ascontiguousarray(waveforms).data)
    return digest.hexdigest()
