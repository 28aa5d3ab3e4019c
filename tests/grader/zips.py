"""Zips in memory."""

import io
import zipfile

__all__ = ["entry", "zipped"]


def zipped(
    *files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Return a zip with some files, in this order; a name may occur twice."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return content.getvalue()


def entry(name: str, *, mode: int = 0, flags: int = 0) -> zipfile.ZipInfo:
    """Return an entry with a file mode."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits |= flags
    return info
