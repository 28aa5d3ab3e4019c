"""Fetch large files so that nothing is lost and nothing wrong is kept.

* What has come stays in ``<name>.part`` through Ctrl-C, a crash or a broken line, and the
  next run fetches only the rest.
* A file gets its name only after its size and all known checksums were right.
* A file that was checked once is known by a small ``<name>.verified.json`` beside it, so
  that 24 GB need not be read again.

`pooch` would read the file twice more for its checksums, and throws an unfinished file away;
therefore `requests` is used directly (:mod:`utils.notes.transfer`).

References
----------
The NSynth dataset, https://magenta.tensorflow.org/datasets/nsynth, CC BY 4.0.
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import requests

from utils.errors import DownloadError, ParameterError
from utils.notes.console import Say, byte_bar, readable, speaker
from utils.notes.part import Archive, Part, begun, only_one, take_over
from utils.notes.transfer import Patience, Refused, patiently, read_all, receive
from utils.notes.verify import is_verified, remember

__all__ = [
    "MIRROR_VARIABLE",
    "NSYNTH_ARCHIVES",
    "NSYNTH_URL",
    "Archive",
    "ChecksumError",
    "DiskSpaceError",
    "Patience",
    "addresses",
    "check_space",
    "download",
    "fetch_small",
    "is_verified",
]

NSYNTH_URL = "http://download.magenta.tensorflow.org/datasets/nsynth/"
"""Where the official archives lie."""

NSYNTH_ARCHIVES = {
    "train": Archive(
        name="nsynth-train.jsonwav.tar.gz",
        size=23_815_298_079,
        md5="fde6665a93865503ba598b9fac388660",
        sha256="15c5100fc40c3a262f9b42707c15ffed30b8fec58c0d9b88d4136f6cb1fddefe",
    ),
    "valid": Archive(
        name="nsynth-valid.jsonwav.tar.gz",
        size=1_068_767_009,
        md5="87e94a00a19b6dbc99cf6d4c0c0cae87",
    ),
    "test": Archive(
        name="nsynth-test.jsonwav.tar.gz",
        size=349_501_546,
        md5="5e6f8719bf7e16ad0a00d518b78af77d",
        sha256="0f9ba5d62beba9ec4612f918d19f5e87a681822f1c566124f05fe8b27a51934c",
    ),
}
"""The official archives by split, with NSynth's names of the splits."""

MIRROR_VARIABLE = "MUSIC_AI_COURSE_MIRROR"
"""Environment variable with addresses to try first, separated by blanks."""

ELSEWHERE = "take another server with --mirror URL"

MARGIN = 64 << 20
"""Bytes that stay free on the disk."""


class Mismatch(Refused):
    """An address gives a whole file with a wrong checksum."""


class ChecksumError(DownloadError):
    """A complete file came, but it is not the right one."""


class DiskSpaceError(DownloadError):
    """There is not enough room on the disk."""


def addresses(name: str, mirrors: Sequence[str] = (), *, official: str | None = None) -> list[str]:
    """Return where to look for a file, in this order: options, environment, official.

    Parameters
    ----------
    name : str
        File name.
    mirrors : sequence of str
        Addresses of folders that hold the file, or of the file itself.
    official : str, optional
        The address of the folder that is tried last.

    Returns
    -------
    list of str
        Addresses of the file, each once.

    Raises
    ------
    ParameterError
        When one is not an http or https address.
    """
    bases = [
        *mirrors,
        *os.environ.get(MIRROR_VARIABLE, "").split(),
        *([official] if official else []),
    ]
    for base in bases:
        if not base.lower().startswith(("http://", "https://")):
            raise ParameterError(f"expected a mirror like https://…, got {base!r}")
    urls = [base if base.endswith(f"/{name}") else f"{base.rstrip('/')}/{name}" for base in bases]
    return list(dict.fromkeys(urls))


def check_space(folder: Path, n_bytes: int, *, what: str) -> None:
    """Make sure that `n_bytes` more fit on the disk of `folder`.

    Raises
    ------
    DiskSpaceError
        With the needed and the free bytes.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes + MARGIN:
        raise DiskSpaceError(
            f"{what} needs {readable(n_bytes)} in {folder}, but only {readable(free)} are free",
            hint="Make room, or choose a folder on another disk with --out.",
        )


def download(
    archive: Archive,
    folder: str | Path,
    urls: Sequence[str],
    *,
    patience: Patience | None = None,
    progress: bool = True,
    elsewhere: str = ELSEWHERE,
) -> Path:
    """Fetch `archive` into `folder`, going on where an earlier run stopped.

    Parameters
    ----------
    archive : Archive
        Name, size and checksums.
    folder : path
        Made if it is missing.
    urls : sequence of str
        Addresses of the file, tried in this order; see :func:`addresses`.
    patience : Patience, optional
        Time-outs and retries.
    progress : bool
        Show a bar and say what goes wrong, on standard error.
    elsewhere : str
        What to do when it can't be had at `urls`, for the hints.

    Returns
    -------
    Path
        The verified file.

    Raises
    ------
    DownloadError
        When no address gives the file; what has come is kept.
    ChecksumError
        When the last address that gave the whole file gave a wrong one; it is thrown away.
    DiskSpaceError
        Before anything is fetched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / archive.name
    say = speaker(progress)
    with only_one(target):
        if is_verified(target, archive, progress=progress):
            return target
        take_over(target, archive, say=say)
        with _open_part(target, archive, progress=progress) as part:
            check_space(folder, archive.size - part.size, what=f"downloading {archive.name}")
            _complete(
                part, urls, patience=patience or Patience(), progress=progress, elsewhere=elsewhere
            )
            part.move_to(target)
        remember(target, archive)
    return target


def fetch_small(
    url: str,
    *,
    limit: int = 1 << 20,
    patience: Patience | None = None,
    progress: bool = True,
    elsewhere: str = ELSEWHERE,
) -> bytes:
    """Return the whole body at `url`, which may have at most `limit` bytes.

    Raises
    ------
    DownloadError
        When it can't be had, or is longer.
    """
    patience = patience or Patience()
    with requests.Session() as session:
        try:
            return patiently(
                lambda: read_all(session, url, limit=limit, patience=patience),
                lambda: 0,
                patience=patience,
                say=speaker(progress),
            )
        except Refused as problem:
            raise DownloadError(
                f"could not fetch {url}: {problem}", hint=_hint(str(problem), elsewhere)
            ) from problem


def _complete(
    part: Part, urls: Sequence[str], *, patience: Patience, progress: bool, elsewhere: str
) -> None:
    """Complete `part`, or say what went wrong and what to do."""
    archive = part.archive
    bar = byte_bar(archive.size, f"fetching {archive.name}", initial=part.size, progress=progress)
    part.on_size = lambda size: bar.update(size - bar.n)
    say = speaker(progress)
    try:
        with bar, requests.Session() as session:
            _fill(session, part, urls, patience=patience, say=say)
    except Refused as problem:
        kind = ChecksumError if isinstance(problem, Mismatch) else DownloadError
        text = f"could not fetch {archive.name}: {problem}"
        raise kind(text, hint=_hint(text, elsewhere)) from problem
    except KeyboardInterrupt:
        kept = f"{readable(part.size)} of {readable(archive.size)}"
        say(f"Stopped. {kept} are kept in {part.path}; the same command goes on from there.")
        raise


def _fill(
    session: requests.Session, part: Part, urls: Sequence[str], *, patience: Patience, say: Say
) -> None:
    """Complete `part` from the first address that gives the right file."""
    problems, last = [], Refused("no address given")
    for url in urls:
        try:
            _fill_from(session, url, part, patience=patience, say=say)
            return
        except Refused as problem:
            problems.append(f"{url}: {problem}")
            say(problems[-1])
            last = problem
    raise type(last)("; ".join(problems) or str(last))


def _fill_from(
    session: requests.Session, url: str, part: Part, *, patience: Patience, say: Say
) -> None:
    """Complete `part` from one address; begin anew once if pieces don't fit together."""

    def go_on() -> None:
        if part.size < part.archive.size:
            receive(session, url, part, patience=patience, say=say)

    for _ in range(2):
        patiently(go_on, lambda: part.size, patience=patience, say=say)
        if part.fits:
            return
        pieced = part.pieced
        problem = _difference(part)
        part.restart()
        if not pieced:
            break
        say(f"{problem}; it was put together from pieces, so it is fetched once more as a whole.")
    raise Mismatch(f"{problem}; it was thrown away")


def _difference(part: Part) -> str:
    got = part.digests()
    wrong = next(name for name, value in part.archive.checksums.items() if got[name] != value)
    return (
        f"{part.archive.name} has the wrong checksum: expected {wrong} "
        f"{part.archive.checksums[wrong]}, got {got[wrong]}"
    )


def _hint(problems: str, elsewhere: str) -> str:
    """Return what to do, after what went wrong."""
    if "checksum" in problems:
        return f"Try once more; if it stays so, that copy is damaged: {elsewhere}."
    if "the server offers" in problems:
        return (
            "There is another file at that address (the log-in page of a network, perhaps): "
            f"open it in a browser, or {elsewhere}."
        )
    # A status stands before its reason: digits of an address, such as a port, are none.
    if re.search(r"\b40[13] ", problems):
        return f"The server wants a log-in, or blocks this network: {elsewhere}."
    if "tried" in problems:
        return "Check the network and run the same command again: it goes on where it stopped."
    return f"Check the address, or {elsewhere}."


def _open_part(target: Path, archive: Archive, *, progress: bool) -> Part:
    size = begun(target)
    with byte_bar(size, "checking what is there", progress=progress and size > 0) as bar:
        return Part(target, archive, on_size=lambda size: bar.update(size - bar.n))
