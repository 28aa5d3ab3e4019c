"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from utils.errors import StoreError

__all__ = ["atomic_file", "write_atomically"]

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends


def write_atomically(path: str | Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Write a file so that a crash leaves the old one or the new one.

    Parameters
    ----------
    path : path
        In a folder that exists.
    content : str or bytes
        Text is written as UTF-8, its line ends as they are.
    mode : int
        Permissions, less what the umask takes away.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    with atomic_file(path, binary=isinstance(content, bytes), mode=mode) as file:
        file.write(content)


@contextmanager
def atomic_file(path: str | Path, *, binary: bool = False, mode: int = 0o666) -> Iterator[IO[Any]]:
    """Lend a file that takes the place of another one when the block ends well.

    Parameters
    ----------
    path : path
        In a folder that exists. The file lies beside it until then, under a name that begins
        with a dot.
    binary : bool
        Whether bytes are written, not text.
    mode : int
        Permissions, less what the umask takes away.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    path = Path(path)
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, mode)
        text: dict[str, Any] = {} if binary else {"encoding": "utf-8", "newline": ""}
        with os.fdopen(descriptor, "wb" if binary else "w", **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StoreError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        new.unlink(missing_ok=True)
