"""Keep a student's answers and progress in one file on the student's own machine.

The file is JSON: ``{"version": 1, section: {key: record}}``. It is replaced in one step, so
that a crash leaves the old or the new one; a file that can't be read is moved aside, never
deleted. Where nothing can be written, all is kept in memory until the kernel ends. Nothing
is sent anywhere.
"""

import contextlib
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from utils.errors import StoreError
from utils.files import write_atomically

__all__ = ["FOLDER_VARIABLE", "forget", "progress_file", "recall", "remember"]

FOLDER_VARIABLE = "MUSIC_AI_COURSE_PROGRESS"
"""The environment variable that names the folder of the file."""

VERSION = 1
SECTIONS = ("predictions", "checks", "hints", "self_checks")

Sections = dict[str, dict[str, dict[str, Any]]]
_memory: Sections = {}


def progress_file() -> Path:
    """Return where progress is kept.

    The environment variable MUSIC_AI_COURSE_PROGRESS names the folder; otherwise it is the
    operating system's folder for a user's application data.
    """
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder).expanduser() / "progress.json"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "music-ai-course" / "progress.json"


def recall(section: str) -> dict[str, dict[str, Any]]:
    """Return all records of a section, a new dictionary.

    Parameters
    ----------
    section : {"predictions", "checks", "hints", "self_checks"}
        Which kind of record.

    Returns
    -------
    dict
        Records by key; empty if there are none.
    """
    kept = _read(progress_file()).get(section, {})
    return {**kept, **_memory.get(section, {})}


def remember(section: str, key: str, record: dict[str, Any] | None) -> bool:
    """Keep one record, or with None forget it.

    Parameters
    ----------
    section : {"predictions", "checks", "hints", "self_checks"}
        Which kind of record.
    key : str
        Of a prediction, an exercise or a lecture.
    record : dict or None
        JSON values only.

    Returns
    -------
    bool
        Whether it is on disk; False: only in memory.
    """
    path = progress_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            kept = _read(path)
            _put(kept, section, key, record)
            _write(path, kept)
    except (OSError, StoreError) as error:
        if not _memory:
            _warn(f"Your progress can't be written, so it lasts for this session: {error}")
        _put(_memory, section, key, record)
        return False
    _memory.get(section, {}).pop(key, None)
    return True


def forget() -> None:
    """Delete all progress; a fresh start."""
    _memory.clear()
    progress_file().unlink(missing_ok=True)


def _put(sections: Sections, section: str, key: str, record: dict[str, Any] | None) -> None:
    if record is None:
        sections.setdefault(section, {}).pop(key, None)
    else:
        sections.setdefault(section, {})[key] = record


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one kernel write at a time; a lock that somebody forgot holds nobody up for long."""
    lock = filelock.FileLock(path.with_suffix(".lock"), timeout=2)
    try:
        lock.acquire()
    except filelock.Timeout:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _read(path: Path) -> Sections:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _checked(content)
    except OSError:
        return {}
    except ValueError as error:  # JSON and Unicode errors are of this kind
        with contextlib.suppress(OSError):
            aside = path.with_name(f"progress-broken-{time.time_ns()}.json")
            path.replace(aside)
            _warn(f"The file with your progress was broken ({error}); it is now {aside}.")
        return {}


def _checked(content: Any) -> Sections:
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError(f"expected a JSON object of version {VERSION}")
    sections = {name: content.get(name, {}) for name in SECTIONS}
    for records in sections.values():
        if not isinstance(records, dict) or not all(isinstance(r, dict) for r in records.values()):
            raise ValueError("expected a JSON object for every record")
    return sections


def _write(path: Path, sections: Sections) -> None:
    text = json.dumps({"version": VERSION, **sections}, indent=1, ensure_ascii=False)
    write_atomically(path, text, mode=0o600)


def _warn(words: str) -> None:
    warnings.warn(words, stacklevel=4)
