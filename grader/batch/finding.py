"""Which submissions a folder holds, and which of them are meant."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from utils.errors import ParameterError

__all__ = ["choose", "find_submissions"]


def find_submissions(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the zips of a folder, and the names of what else lies there.

    What is called ``.zip`` is a submission, even if it is none; folders and other files
    are left alone. The path of a single zip will do, too.

    Raises
    ------
    ParameterError
        If there is no such folder, or no zip in it.
    """
    if folder.is_file() and folder.suffix.lower() == ".zip":
        return [folder], []
    if not folder.is_dir():
        raise ParameterError(f"expected a folder with submissions (*.zip), got {folder}")
    zips, ignored = [], []
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        # a named pipe would let the grader wait for ever
        is_zip = path.suffix.lower() == ".zip" and path.is_file()
        if is_zip and not path.name.startswith("."):
            zips.append(path)
        else:
            ignored.append(path.name)
    if not zips:
        raise ParameterError(f"expected submissions (*.zip) in {folder}, found none")
    return zips, ignored


def choose(paths: Sequence[Path], names: Sequence[str]) -> list[Path]:
    """Return the submissions that are named, with or without ``.zip``.

    Raises
    ------
    ParameterError
        A name fits none.
    """
    known = {path.name: path for path in paths}
    stems = {path.stem: path.name for path in paths}
    chosen = {name if name in known else stems.get(name, name) for name in names}
    unknown = sorted(chosen - set(known))
    if unknown:
        like = [stems[stem] for stem in get_close_matches(Path(unknown[0]).stem, stems)]
        meant = f"; is it {' or '.join(like)}?" if like else ""
        raise ParameterError(f"no submission is named {', '.join(unknown)}{meant}")
    return [known[name] for name in sorted(chosen)]
