"""From nothing to stores of NSynth's notes: fetch, check, compute; each step resumable.

In the folder lie, for a split such as "valid":

``nsynth-valid.jsonwav.tar.gz``
    the official archive (or ``nsynth-valid/``, unpacked by yourself, which is taken as it is)
``nsynth-valid-store/``
    the store of its notes, see :mod:`utils.notes.store`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utils.errors import StoreError
from utils.notes.console import speaker
from utils.notes.download import (
    NSYNTH_ARCHIVES,
    NSYNTH_URL,
    Archive,
    Patience,
    addresses,
    check_space,
    download,
)
from utils.notes.nsynth import iter_notes
from utils.notes.part import begun
from utils.notes.store import NoteStore, build_store
from utils.notes.verify import forget

__all__ = ["N_NOTES", "NsynthFolder"]

N_NOTES = {"train": 289_205, "valid": 12_678, "test": 4_096}
"""Notes in the official archives."""

STORE_BYTES = 4400
"""Of one note in a store; while it is built, twice as many are needed."""


@dataclass
class NsynthFolder:
    """A folder with archives of NSynth and the stores made of them.

    Attributes
    ----------
    path : Path
    mirrors : sequence of str
        Addresses to try before the official one.
    archives : mapping of str to Archive
        By split.
    official : str
        Where the archives lie.
    patience : Patience
        Time-outs and retries.
    progress : bool
        Show progress bars.
    workers : int or None
        Processes that compute spectrograms; see :class:`utils.notes.store.StoreBuilder`.
    skipped : dict
        What :meth:`store` left out, by split: ``(note_str, reason)``.
    """

    path: Path
    mirrors: Sequence[str] = ()
    archives: Mapping[str, Archive] = field(default_factory=lambda: NSYNTH_ARCHIVES)
    official: str = NSYNTH_URL
    patience: Patience = field(default_factory=Patience)
    progress: bool = True
    workers: int | None = None
    skipped: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def archive_path(self, split: str) -> Path:
        """Return where the archive of a split lies, or will lie."""
        return self.path / self.archives[split].name

    def store_path(self, split: str) -> Path:
        """Return where the store of a split lies, or will lie."""
        return self.path / f"nsynth-{split}-store"

    def check_space(self, splits: Sequence[str], *, stores: bool) -> None:
        """Make sure, before hours of download, that everything will fit.

        Raises
        ------
        DiskSpaceError
        """
        needed = 0
        for split in splits:
            if stores and self.store_path(split).exists():
                continue
            if stores:
                needed += 2 * STORE_BYTES * N_NOTES[split]
            if self._unpacked(split) is None and not self.archive_path(split).exists():
                needed += max(self.archives[split].size - begun(self.archive_path(split)), 0)
        self.path.mkdir(parents=True, exist_ok=True)
        check_space(self.path, needed, what=f"NSynth ({', '.join(splits)})")

    def sounds(self, split: str) -> Path:
        """Return the unpacked folder or the verified archive of a split, fetching it if needed.

        Raises
        ------
        DownloadError
        """
        unpacked = self._unpacked(split)
        if unpacked is not None:
            return unpacked
        archive = self.archives[split]
        urls = addresses(archive.name, self.mirrors, official=self.official)
        return download(archive, self.path, urls, patience=self.patience, progress=self.progress)

    def store(self, split: str) -> NoteStore:
        """Return the store of a split, making it if needed.

        Broken notes are left out, and listed in :attr:`skipped`.

        Raises
        ------
        DownloadError, StoreError
        """
        path = self.store_path(split)
        say = speaker(self.progress)
        if path.exists():
            try:
                return NoteStore.open(path)
            except StoreError as error:
                say(f"{error}. It is made anew.")
        sounds = self.sounds(split)
        say(f"Computing the spectrograms of {sounds.name}.")
        skipped = self.skipped[split] = []
        official = self.archives[split] == NSYNTH_ARCHIVES[split]
        return build_store(
            iter_notes(sounds, on_error="skip", skipped=skipped),
            path,
            total=N_NOTES[split] if official else None,
            name=f"NSynth {split}",
            kind="nsynth",
            licence="CC BY 4.0",
            provenance=self._provenance(split, sounds),
            workers=self.workers,
            progress=self.progress,
            overwrite=path.exists(),
        )

    def remove_archive(self, split: str) -> None:
        """Remove the archive of a split, not an unpacked folder."""
        self.archive_path(split).unlink(missing_ok=True)
        forget(self.archive_path(split))

    def _unpacked(self, split: str) -> Path | None:
        folder = self.path / f"nsynth-{split}"
        return folder if (folder / "examples.json").is_file() else None

    def _provenance(self, split: str, sounds: Path) -> dict[str, Any]:
        provenance = {"dataset": "NSynth", "split": split, "from": sounds.name}
        if sounds.is_file():
            provenance |= self.archives[split].checksums
        return provenance
