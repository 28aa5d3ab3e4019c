"""One HTTP request for the bytes that a file still lacks.

:mod:`utils.notes.download` decides *what* is fetched, *whence* and whether it may be kept;
here stands *how* the bytes come in. A request either completes the file or raises

* :class:`TryAgain` for what may pass (time-out, broken connection, busy server), or
* :class:`Refused` for what will not (no such file, another size, a bad address).

`requests` does the HTTP. What it lacks is here: going on by ``Range``, and noticing a
connection that only drips.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import requests
import urllib3

from utils.notes.console import Say
from utils.notes.part import CHUNK, Part

__all__ = ["Patience", "Refused", "TryAgain", "patiently", "read_all", "receive"]

T = TypeVar("T")

USER_AGENT = "music-ai-course"
BUSY = (408, 425, 429)
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often to try again.

    Attributes
    ----------
    connect, read : float
        Seconds until a connection stands, and between two pieces of data.
    stall, min_rate : float
        Fewer than `min_rate` bytes a second for `stall` seconds count as a broken connection.
    retries : int
        Tries at one address after the first, counted anew after each `progress` bytes.
    progress : int
        New bytes that count as progress.
    backoff, longest_wait : float
        Seconds before the first new try, doubled each time, and their limit.
    """

    connect: float = 10.0
    read: float = 30.0
    stall: float = 30.0
    min_rate: float = 1024.0
    retries: int = 5
    progress: int = 1 << 16
    backoff: float = 1.0
    longest_wait: float = 60.0


class TryAgain(Exception):  # noqa: N818 - a signal between two modules, not an error to show
    """A request failed, the next one may not.

    Parameters
    ----------
    reason : str
        What happened.
    wait : float or None
        Seconds that the server asks for.
    """

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Refused(Exception):  # noqa: N818
    """The address will not give the file, however often it is asked."""


class _StallWatch:
    """Notice a connection that gives a few bytes now and then, for ever."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._begin = time.monotonic()
        self._n_bytes = 0

    def received(self, n_bytes: int) -> None:
        self._n_bytes += n_bytes
        seconds = time.monotonic() - self._begin
        if seconds < self._patience.stall:
            return
        if self._n_bytes < self._patience.min_rate * seconds:
            raise TryAgain(f"stalled: {self._n_bytes} bytes in {seconds:.0f} s")
        self._begin, self._n_bytes = time.monotonic(), 0


def receive(
    session: requests.Session, url: str, part: Part, *, patience: Patience, say: Say
) -> None:
    """Ask `url` once for what `part` still lacks, and append what comes.

    Parameters
    ----------
    session : requests.Session
    url : str
    part : Part
    patience : Patience
    say : callable
        Told when the server makes it begin anew.

    Raises
    ------
    TryAgain, Refused
        When the file is not complete afterwards.
    DownloadError
        When it can't be written.
    """
    headers = {}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if version := _version(part.origin(url)):
            headers["If-Range"] = version
    with _translated(), _get(session, url, headers, patience=patience) as response:
        _check_status(response, part.archive.size)
        _continue(response, url, part, say=say)
        _read_body(response, part, patience=patience)
    if part.size < part.archive.size:
        raise TryAgain(f"the connection ended after {part.size} of {part.archive.size} bytes")


def read_all(session: requests.Session, url: str, *, limit: int, patience: Patience) -> bytes:
    """Return the whole body at `url`, of at most `limit` bytes.

    Raises
    ------
    TryAgain, Refused
    """
    body = bytearray()
    watch = _StallWatch(patience)
    with _translated(), _get(session, url, {}, patience=patience) as response:
        _check_status(response)
        while data := response.raw.read1(CHUNK, decode_content=False):
            body += data
            watch.received(len(data))
            if len(body) > limit:
                raise Refused(f"expected at most {limit} bytes, the server sends more")
    return bytes(body)


def patiently(
    action: Callable[[], T], size: Callable[[], int], *, patience: Patience, say: Say
) -> T:
    """Do `action` until it works, or fails too often without progress.

    Parameters
    ----------
    action : callable
        Raises :class:`TryAgain` when it may be tried again.
    size : callable
        Bytes that have come so far.
    patience : Patience
    say : callable
        Told about every new try.

    Returns
    -------
    What `action` returns.

    Raises
    ------
    Refused
        After too many failures, or by `action` itself.
    """
    failures, best = 0, size()
    while True:
        try:
            return action()
        except TryAgain as problem:
            # Only more than ever before is progress: a server that always begins anew and
            # always breaks off must come to an end.
            if size() >= best + patience.progress:
                failures, best = 0, size()
            failures += 1
            if failures > patience.retries:
                raise Refused(f"{problem} (tried {failures} times)") from problem
            wait = _wait(problem, failures, patience=patience)
            say(f"{problem}; trying again in {wait:.0f} s ({failures} of {patience.retries})")
        time.sleep(wait)


def _wait(problem: TryAgain, failures: int, *, patience: Patience) -> float:
    """Return the seconds before the next try: what the server asks for, or twice as long."""
    if problem.wait is not None:
        return min(problem.wait, patience.longest_wait)
    # Spread, for a class that lost its server all at once; and not by the global
    # generator, which a notebook may have seeded.
    spread = random.SystemRandom().uniform(0.5, 1.0)
    return min(patience.backoff * 2 ** (failures - 1) * spread, patience.longest_wait)


def _get(
    session: requests.Session, url: str, headers: dict[str, str], *, patience: Patience
) -> requests.Response:
    # identity: the bytes themselves, so that lengths and checksums mean the file.
    headers = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT, **headers}
    timeout = (patience.connect, patience.read)
    return session.get(url, headers=headers, stream=True, timeout=timeout)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the errors of requests and urllib3 into the two of this module."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise Refused(f"no trusted connection: {error}") from error
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise TryAgain(_in_words(error)) from error
    except (requests.RequestException, UnicodeError) as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


def _in_words(error: Exception) -> str:
    """Return a short sentence for a broken connection."""
    text = str(error)
    if isinstance(error, requests.ConnectTimeout):
        return "no connection: timed out"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "stalled: no data for a while"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "the server's name is unknown here (no network?)"
    if "refused" in text:
        return "connection refused"
    return "the connection broke"


def _check_status(response: requests.Response, size: int | None = None) -> None:
    """Let an answer through that has a body, of a file of `size` bytes."""
    status = response.status_code
    if status in (200, 206, 416):
        total = _content_range(response)[1]
        if status == 200:
            total = _number(response.headers.get("Content-Length"))
        if size is not None and total not in (None, size):
            kind = response.headers.get("Content-Type", "unknown type")
            raise Refused(f"expected a file of {size} bytes, the server offers {total} ({kind})")
    elif status >= 500 or status in BUSY:
        wait = _number(response.headers.get("Retry-After"))
        raise TryAgain(f"{status} {response.reason}", wait=wait)
    else:
        raise Refused(f"{status} {response.reason}")


def _continue(response: requests.Response, url: str, part: Part, *, say: Say) -> None:
    """Make sure that the body continues `part`, or begin anew."""
    begun, anew = part.size, ""
    if response.status_code == 200 and begun:
        say("The server sends the whole file again: it has changed, or can't be resumed.")
        part.restart()
    elif response.status_code == 416:
        anew = "the server has no such range"
    elif response.status_code == 206:
        was, now = part.origin(url).get("etag"), response.headers.get("ETag")
        if _content_range(response)[0] != begun:
            anew = f"asked for the bytes from {begun}, got others"
        elif begun and was and now and was != now:
            anew = "the file on the server has changed"
        part.pieced = part.pieced or begun > 0
    if anew:
        part.restart()
        raise TryAgain(f"{anew}; beginning anew")
    if part.size == 0:
        part.note_origin(url, response.headers)


def _version(origin: dict[str, str]) -> str | None:
    """Return what may stand in If-Range; a weak ETag may not (RFC 9110, 13.1.5)."""
    etag = origin.get("etag")
    return etag if etag and not etag.startswith("W/") else origin.get("last_modified")


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Return first byte and total size, as far as the answer tells."""
    match = CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return (_number(match[1]), _number(match[2])) if match else (None, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _read_body(response: requests.Response, part: Part, *, patience: Patience) -> None:
    """Append the body, never more than the file should have."""
    watch = _StallWatch(patience)
    while missing := part.archive.size - part.size:
        # read1 gives what is there; read would wait until all of CHUNK has come.
        data = response.raw.read1(min(CHUNK, missing), decode_content=False)
        if not data:
            return
        part.write(data)
        watch.received(len(data))
