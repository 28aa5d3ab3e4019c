"""Take the notebooks out of a folder of submissions, for ``nbgrader zip_collect``.

nbgrader would unpack whatever is in a zip, zips in zips too. Here only the homework's
notebook is read, by the code that the grader reads submissions with.
"""

import re
from pathlib import Path

from nbgrader.plugins.zipcollect import ExtractorPlugin

from grader.intake import MAX_NOTEBOOK_BYTES, Archive, read_file
from utils.submission.codes import Rejection

__all__ = ["SafeExtractor", "is_student_name", "notebook_of"]

_STUDENT = re.compile(r"[\w@][\w@. ,=-]{0,99}")


def is_student_name(name: str) -> bool:
    """Return whether a name may become a folder's: no path, no pattern, nothing hidden."""
    return _STUDENT.fullmatch(name) is not None and name == name.strip() and ".." not in name


def notebook_of(path: Path, name: str) -> bytes:
    """Return the bytes of the homework's notebook.

    Parameters
    ----------
    path : Path
        A submission's zip, or a notebook by itself.
    name : str
        Of the notebook.

    Raises
    ------
    Rejection
        It is too big, the zip is refused, or there is no such notebook in it.
    OSError
        The file can't be read.
    """
    if path.suffix == ".ipynb":
        return read_file(path, max_bytes=MAX_NOTEBOOK_BYTES)
    content = Archive(read_file(path)).file(name)
    if content is None:
        raise FileNotFoundError(f"no readable {name} in the zip")
    return content


class SafeExtractor(ExtractorPlugin):
    """Writes ``extracted/STUDENT/NOTEBOOK`` for each ``archive/STUDENT.zip`` or ``.ipynb``."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Take the notebooks out; what can't be read is named in the log and left out."""
        directories = self.parent.coursedir
        released = directories.format_path(
            directories.release_directory, ".", directories.assignment_id
        )
        names = sorted(path.name for path in Path(released).glob("*.ipynb"))
        if len(names) != 1:
            raise FileNotFoundError(f"expected one notebook in {released}, got {len(names)}")
        for path in sorted(Path(archive_path).iterdir()):
            problem = self._extract_one(path, names[0], Path(extracted_path))
            if problem:
                self.log.warning("%s is left out: %s", ascii(path.name), problem)

    def _extract_one(self, path: Path, name: str, goal: Path) -> str:
        """Write one student's notebook; return why not, or ""."""
        if path.is_symlink() or not path.is_file() or path.suffix not in (".zip", ".ipynb"):
            return "expected a zip or a notebook"
        if not is_student_name(path.stem):
            return "its name can't be a folder's"
        try:
            content = notebook_of(path, name)
        except Rejection as rejection:
            return f"{rejection.code.value}: {rejection.detail}"
        except OSError as error:
            return str(error)
        (goal / path.stem).mkdir(exist_ok=True)
        (goal / path.stem / name).write_bytes(content)
        return ""
