"""A copy of a results folder, in which a regrade shows what it would change.

The copy lies beside the folder, holds whatever a regrade needs to know, and is made in one
step. A regrade in it that was stopped goes on; one that has ended, or that began before the
results or the settings were changed, begins anew. The folder itself is only read.
"""

import hashlib
import json
import shutil
from pathlib import Path

from grader.batch.folder import locked
from grader.batch.journal import JOURNAL
from grader.gradebook import GRADES
from grader.policy.settle import EXTENSIONS, MANUAL, TIMES
from grader.publish import MARKER, FolderError, fresh_folder
from utils.errors import StoreError
from utils.files import write_atomically

__all__ = ["end_preview", "preview_of"]

KIND = "preview of a regrade"
_PARTS = (
    # the second holds what the first lacks, after a kill
    JOURNAL,
    f"{JOURNAL}-wal",
    *(GRADES, TIMES, EXTENSIONS, MANUAL),
)


def preview_of(out: Path, settings: str) -> Path:
    """Return the copy of a results folder.

    Parameters
    ----------
    out : Path
        Of ``grade --out``.
    settings : str
        What results depend on, as an id.

    Raises
    ------
    ParameterError
        Another grader writes into the folder.
    FolderError
        The copy's place holds something else.
    StoreError
        Something can't be read or written.
    """
    goal = out.absolute().with_name(f"{out.absolute().name}-diff")
    try:
        with locked(out):
            state = _state(out, settings)
            if _begun(goal) == state:
                return goal
            with fresh_folder(goal, kind=KIND) as new:
                _copy(out, new)
                _mark(new, state)
        goal.chmod(0o700)  # hidden scores stand in it
    except FolderError:
        raise
    except OSError as error:
        raise StoreError(f"can't copy {out} to {goal}: {error.strerror or error}") from error
    return goal


def end_preview(goal: Path) -> None:
    """Write down that a regrade has ended in a copy: the next one begins anew."""
    _mark(goal, "")


def _copy(out: Path, new: Path) -> None:
    (new / JOURNAL).parent.mkdir(mode=0o700)
    for name in _PARTS:
        if (out / name).is_file():
            shutil.copyfile(out / name, new / name)


def _state(out: Path, settings: str) -> str:
    """Return a hash of all that a preview depends on."""
    digest = hashlib.sha256(settings.encode())
    for name in _PARTS:
        content = (out / name).read_bytes() if (out / name).is_file() else b""
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _mark(folder: Path, state: str) -> None:
    table = {"format": 1, "kind": KIND, "begun": state}
    write_atomically(folder / MARKER, json.dumps(table) + "\n")


def _begun(folder: Path) -> str:
    """Return the state that an unfinished regrade in a copy began with; "" for none."""
    try:
        table = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return str(table["begun"]) if table["kind"] == KIND else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""
