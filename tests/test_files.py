"""Files are written whole or not at all."""

import os
import sys
from pathlib import Path

import pytest

from utils.errors import StoreError
from utils.files import atomic_file, write_atomically


@pytest.mark.parametrize("content", ["Übung\r\n2\n", b"\x00\r\n\xff"])
def test_what_is_written_is_what_lies_there(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a longer text that was there before")
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_block_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def half() -> None:
        with atomic_file(path) as file:
            file.write("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else type(path), step, fail)
    with pytest.raises(StoreError, match=r"can't write .*a\.txt: No space left on device"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"can't write .*none.*: No such file or directory"):
        write_atomically(tmp_path / "none" / "a.txt", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_permissions_are_as_asked_less_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "open", "")
        write_atomically(tmp_path / "private", "", mode=0o600)
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("open", "private")]
    assert modes == [0o640, 0o600]
