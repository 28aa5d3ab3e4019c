"""Make a class pack out of NSynth's train and valid notes; see :mod:`utils.notes.class_pack`.

NSynth's train notes become "train"; the instruments of valid are dealt out to "validation"
and "practice". NSynth's test notes are what homework may be graded on: they never enter.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from utils.errors import DownloadError, ParameterError, RecordError
from utils.notes.audio import read_sound
from utils.notes.balance import choose_evenly
from utils.notes.class_pack_index import FORMAT, INDEX, SOUNDS, STORE, ZIP, Member, PackIndex
from utils.notes.download import Archive, check_space
from utils.notes.nsynth_archive import iter_archive
from utils.notes.splits import group_split
from utils.notes.store import NoteSet, NoteStore, write_store
from utils.notes.store_format import count_notes
from utils.notes.vocabulary import FAMILIES

__all__ = ["SHARES", "PackSource", "build_class_pack", "choose_notes"]

SHARES = {"train": 0.7, "validation": 0.15, "practice": 0.15}
"""Parts of the notes that each split gets, as far as there are so many."""

LEAST_NOTES = 10 * len(FAMILIES)
SOUND_BYTES = 30_000  # of one MP3, at most about


@dataclass(frozen=True)
class PackSource:
    """One of NSynth's splits.

    Attributes
    ----------
    store : NoteStore
        Its spectrograms.
    sounds : callable
        Returns its official archive or unpacked folder; only called when sounds are missing.
    """

    store: NoteStore
    sounds: Callable[[], Path]


def build_class_pack(
    sources: Mapping[str, PackSource],
    out: str | Path,
    *,
    n_notes: int = 6000,
    n_sounds: int = 330,
    seed: int = 0,
    progress: bool = True,
) -> PackIndex:
    """Make a class pack; an equal one that is there already is kept.

    An interrupted build goes on where it stopped. Equal sources, numbers and seed give an
    equal pack.

    Parameters
    ----------
    sources : mapping
        "train" and "valid", and nothing else.
    out : path
        Folder for ``class_pack.json`` and ``class_pack.zip``.
    n_notes : int
        Notes of all three splits together.
    n_sounds : int
        How many of them can be heard.
    seed : int
        Of the choice.
    progress : bool
        Show progress bars.

    Returns
    -------
    PackIndex

    Raises
    ------
    ParameterError
        Another split is given, or one is missing.
    RecordError
        A sound is missing.
    """
    _check_request(sources, n_notes, n_sounds)
    out = Path(out)
    ids = {split: source.store.dataset_id for split, source in sources.items()}
    request = {"notes": n_notes, "sounds": n_sounds, "seed": seed, "made_from": ids}
    there = _existing(out, request)
    if there is not None:
        return there
    check_space(_made(out), n_notes * 3 * 64 * 64 + n_sounds * 2 * SOUND_BYTES, what="a class pack")
    text = json.dumps([FORMAT, request], sort_keys=True)
    work = _made(out / f".building-{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    generator = np.random.default_rng(seed)
    stores = {split: source.store for split, source in sources.items()}
    store = _write_notes(choose_notes(stores, n_notes, generator=generator), work)
    notes = store.notes()
    heard = notes.subset(choose_evenly(notes.families, notes.groups, n_sounds, generator=generator))
    _write_sounds(heard, sources, work, progress=progress)
    index = _pack(store, heard, work, out, request=request, progress=progress)
    del store, notes, heard  # Windows removes no open file
    shutil.rmtree(work)
    return index


def choose_notes(
    stores: Mapping[str, NoteStore], n_notes: int, *, generator: np.random.Generator
) -> dict[str, NoteSet]:
    """Return the notes of each split, balanced by family and by instrument.

    Silent notes are left out, and so are notes that share an instrument or a recording with
    a note on the other side of a split.

    Parameters
    ----------
    stores : mapping
        "train" and "valid".
    n_notes : int
        Of all splits together.
    generator : numpy.random.Generator

    Returns
    -------
    dict of str to NoteSet
        "train", "validation" and "practice".
    """
    train, valid = (_audible(stores[split].notes()) for split in ("train", "valid"))
    halves = group_split(
        valid, {"practice": 0.5, "validation": 0.5}, generator=generator, stratify=True
    )
    pools = {**{name: valid.subset(index) for name, index in halves.items()}, "train": train}
    chosen, taken = {}, set[str]()
    for split, pool in pools.items():
        keys = [{group, *hashes.split()} for group, hashes in _keys(pool)]
        free = pool.subset(np.array([taken.isdisjoint(key) for key in keys], dtype=bool))
        taken.update(*keys)
        n = round(n_notes * SHARES[split])
        chosen[split] = free.subset(
            choose_evenly(free.families, free.groups, n, generator=generator)
        )
    return {split: chosen[split] for split in SHARES}


def _keys(notes: NoteSet) -> Iterator[tuple[str, str]]:
    groups = (f"group {group}" for group in notes.groups.tolist())
    return zip(groups, notes.sample_hashes.tolist(), strict=True)


def _audible(notes: NoteSet) -> NoteSet:
    starts = range(0, len(notes), 4096)
    parts = [notes.mels_uint8(slice(i, i + 4096)).any(axis=(1, 2)) for i in starts]
    return notes.subset(np.concatenate(parts))


def _check_request(sources: Mapping[str, PackSource], n_notes: int, n_sounds: int) -> None:
    made_of = {split: source.store.manifest["provenance"] for split, source in sources.items()}
    named = {
        p.get("split", split) if isinstance(p, dict) else split for split, p in made_of.items()
    }
    if "test" in {*sources, *named}:
        raise ParameterError(
            "a class pack is made from train and valid only, got test: those notes are what "
            "homework may be graded on"
        )
    if {*sources} != {"train", "valid"} or named != {"train", "valid"}:
        got = ", ".join(sorted(named)) or "nothing"
        raise ParameterError(f"expected train and valid for a class pack, got {got}")
    if n_notes < LEAST_NOTES or not 0 <= n_sounds <= n_notes:
        raise ParameterError(
            f"expected at least {LEAST_NOTES} notes and at most as many sounds, "
            f"got {n_notes} notes and {n_sounds} sounds"
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _existing(out: Path, request: Mapping[str, Any]) -> PackIndex | None:
    """Return the index of an undamaged pack made by the same request, or None."""
    try:
        data = (out / INDEX).read_bytes()
        index = PackIndex.parse(data, str(out / INDEX))
        if json.loads(data)["request"] != request:
            return None
        with (out / ZIP).open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == index.archive.sha256
    except (OSError, KeyError, DownloadError):
        return None
    return index if same else None


def _write_notes(chosen: Mapping[str, NoteSet], work: Path) -> NoteStore:
    """Write the chosen notes as one store."""
    sets = list(chosen.values())
    columns = {
        name: np.concatenate([notes.column(name) for notes in sets]) for name in sets[0].columns()
    }
    columns["split"] = np.repeat(list(chosen), [len(notes) for notes in sets])
    stores = {notes.store.dataset_id: notes.store.manifest for notes in sets}
    return write_store(
        work / STORE,
        np.concatenate([notes.mels_uint8() for notes in sets]),
        columns,
        name=f"NSynth class pack, {len(columns['split'])} notes",
        kind="nsynth",
        licence="CC BY 4.0",
        provenance=[manifest["provenance"] for manifest in stores.values()],
        overwrite=True,
    )


def _write_sounds(
    heard: NoteSet, sources: Mapping[str, PackSource], work: Path, *, progress: bool
) -> None:
    """Write the notes that can be heard as MP3, except those that an earlier run wrote."""
    folder = _made(work / "sounds")
    wanted = {name for name in heard.note_strs.tolist() if not (folder / f"{name}.mp3").exists()}
    with tqdm(total=len(wanted), unit="sound", desc="sounds", disable=not progress) as bar:
        for source in sources.values():
            names = wanted & {*source.store.columns["note_str"].tolist()}
            for name, data in _read_sounds(source.sounds, names) if names else ():
                _write_mp3(folder / f"{name}.mp3", data)
                wanted.discard(name)
                bar.update()
    if wanted:
        raise RecordError(f"note {min(wanted)!r}: its sound is missing in the archive")


def _read_sounds(sounds: Callable[[], Path], names: set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the wanted WAV files of an archive, which is read no further than needed."""
    path, missing = sounds(), set(names)
    if path.is_dir():
        for name in sorted(missing):
            if (path / "audio" / f"{name}.wav").is_file():
                yield name, (path / "audio" / f"{name}.wav").read_bytes()
        return
    for name, data in iter_archive(path):
        if name in missing:
            yield name, data
            missing.remove(name)
            if not missing:
                return


def _write_mp3(path: Path, wav: bytes) -> None:
    import soundfile

    waveform, sample_rate = read_sound(BytesIO(wav))
    new = path.with_suffix(".new")
    soundfile.write(new, waveform, sample_rate, format="MP3", subtype="MPEG_LAYER_III")
    new.replace(path)


def _pack(
    store: NoteStore,
    heard: NoteSet,
    work: Path,
    out: Path,
    *,
    request: Mapping[str, Any],
    progress: bool,
) -> PackIndex:
    """Write the zip, then the index."""
    (work / SOUNDS).write_text(json.dumps(_sound_rows(heard), indent=1) + "\n", encoding="utf-8")
    names = [SOUNDS, *(f"{STORE}/{path.name}" for path in sorted((work / STORE).iterdir()))]
    names += [row["path"] for row in _sound_rows(heard)]
    members = []
    with zipfile.ZipFile(work / ZIP, "w") as archive:
        for name in tqdm(names, desc="packing", unit="file", disable=not progress):
            members.append(_add(archive, work / name, name))
    with (work / ZIP).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    index = PackIndex(
        name=store.manifest["name"],
        licence=store.manifest["licence"],
        dataset_id=store.dataset_id,
        front_end=store.front_end,
        counts=_counts(store),
        archive=Archive(ZIP, (work / ZIP).stat().st_size, sha256=sha256),
        members=tuple(members),
    )
    (work / INDEX).write_bytes(index.to_json(request=request))
    for name in (ZIP, INDEX):
        (work / name).replace(out / name)
    return index


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> Member:
    """Add a file with a fixed date, so that equal content makes an equal zip."""
    data = path.read_bytes()
    info = zipfile.ZipInfo(name)
    # Sounds are compressed already.
    info.compress_type = zipfile.ZIP_STORED if path.suffix == ".mp3" else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)
    return Member(name, len(data), hashlib.sha256(data).hexdigest())


def _sound_rows(heard: NoteSet) -> list[dict[str, Any]]:
    columns: dict[str, NDArray] = heard.columns()
    keys = ("note_str", "instrument_str", "split", "pitch", "velocity")
    rows = []
    for i in range(len(heard)):
        row = {key: columns[key][i].item() for key in keys}
        family = FAMILIES[columns["family"][i]]
        path = f"sounds/{row['note_str']}.mp3"
        rows.append({**row, "preset": row["instrument_str"], "family": family, "path": path})
    return rows


def _counts(store: NoteStore) -> dict[str, Any]:
    counts = {}
    for split in SHARES:
        if split in store.splits:
            found = count_notes(store.split(split).columns())
            counts[split] = {key: found[key] for key in ("notes", "instruments", "families")}
    return counts
