"""Read the manifest of a store of notes; see :mod:`utils.notes.store`."""

import json
from pathlib import Path
from typing import Any

from utils.errors import StoreError
from utils.notes.store_format import FORMAT, KINDS, MANIFEST, MELS, NOTES, PARTIAL

__all__ = ["read_manifest"]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest, or say why the folder is no store and what to do."""
    if folder.name.endswith(PARTIAL):
        raise StoreError(
            f"{folder} is a half-made store: run its build again, it goes on from here"
        )
    path = folder / MANIFEST
    if not path.is_file():
        what = f"expected a store of notes at {folder}, got "
        what += "no such folder" if not folder.exists() else f"a folder without {MANIFEST}"
        if folder.with_name(folder.name + PARTIAL).exists():
            what += "; its build was interrupted: run it again, it goes on where it stopped"
        raise StoreError(what)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StoreError(f"{path} is damaged: {error!r}") from error
    if version != FORMAT:
        raise StoreError(
            f"{path}: expected format {FORMAT}, got {version!r}; "
            "use the version of the course that made this store, or build it again"
        )
    _check_manifest(path, manifest)
    return manifest


def _check_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Raise StoreError unless all that the reader needs is there."""
    texts = ("dataset_id", "kind", "front_end", "name", "licence")
    try:
        wrong = [key for key in texts if not isinstance(manifest[key], str)]
        sizes = [manifest["counts"]["notes"]]
        sizes += [manifest["files"][name]["bytes"] for name in (MELS, NOTES)]
        wrong += [f"size {size!r}" for size in sizes if not isinstance(size, int)]
        for name in (MELS, NOTES):
            manifest["files"][name]["sha256"]
        manifest["counts"]["splits"].items()
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is damaged: {error!r}") from error
    if wrong or manifest["kind"] not in KINDS:
        raise StoreError(f"{path} is damaged: {', '.join(wrong) or manifest['kind']}")
