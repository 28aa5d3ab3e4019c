"""A small HTTP server on 127.0.0.1 that resumes as it should, or misbehaves as it is told."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 16


@dataclass(frozen=True)
class Behavior:
    """How one request is answered; the default is an honest server."""

    status: int | None = None  # answer with this status and no file
    headers: dict[str, str] = field(default_factory=dict)  # added, or put in place of others
    body: bytes | None = None  # send this instead of the file
    cut: int | None = None  # close the connection after so many bytes
    stall: int | None = None  # send so many bytes, then nothing more
    drip: float | None = None  # one byte in so many seconds
    corrupt: int | None = None  # flip the byte at this place of the file
    ignore_range: bool = False
    shift: int = 0  # begin a range so many bytes off
    chunked: bool = False
    no_length: bool = False
    extra: bytes = b""  # sent after the file
    silent: bool = False  # accept the request and say nothing


HONEST = Behavior()


@dataclass
class Request:
    """What a client asked for and how many bytes of the body it was sent."""

    path: str
    range: str | None
    if_range: str | None
    sent: int = 0


class HostileServer:
    """Serve `files`; the n-th request is answered by the n-th of `script`, later ones by `then`."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.script: list[Behavior] = []
        self.then = HONEST
        self.etags = True
        self.weak = False
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sent(self) -> int:
        """Bytes of bodies sent to all requests."""
        return sum(request.sent for request in self.requests)

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def log(self, request: Request) -> Behavior:
        with self._lock:
            self.requests.append(request)
            return self.script.pop(0) if self.script else self.then

    def etag(self, data: bytes) -> str | None:
        if not self.etags:
            return None
        return f'{"W/" if self.weak else ""}"{hashlib.sha256(data).hexdigest()[:16]}"'


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[HostileServer]:
    server = HostileServer(files)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    owner: HostileServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        request = Request(self.path, self.headers.get("Range"), self.headers.get("If-Range"))
        behavior = self.owner.log(request)
        self.close_connection = True
        with suppress(BrokenPipeError, ConnectionResetError):
            self._answer(request, behavior)

    def _answer(self, request: Request, behavior: Behavior) -> None:
        if behavior.silent:
            self.owner.closing.wait(100)
            return
        data = self.owner.files.get(self.path.lstrip("/"))
        if behavior.status is not None or data is None:
            self._head(behavior.status or 404, {"Content-Length": "0", **behavior.headers})
            return
        etag = self.owner.etag(data)
        start = self._start(data, etag, behavior)
        if start >= len(data):
            length = {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"}
            self._head(416, {**length, **behavior.headers})
            return
        if behavior.corrupt is not None:
            data = bytearray(data)
            data[behavior.corrupt] ^= 0xFF
        headers = {"Content-Type": "application/gzip", "Accept-Ranges": "bytes"}
        if etag:
            headers["ETag"] = etag
        begin = max(start + behavior.shift, 0) if start else 0
        if start:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        body = bytes(data[begin:]) if behavior.body is None else behavior.body
        headers["Content-Length"] = str(len(body))
        headers.update(behavior.headers)
        if behavior.chunked:
            headers["Transfer-Encoding"] = "chunked"
        if behavior.chunked or behavior.no_length:
            del headers["Content-Length"]
        self._head(206 if start else 200, headers)
        self._body(body + behavior.extra, request, behavior)

    def _start(self, data: bytes, etag: str | None, behavior: Behavior) -> int:
        wanted = self.headers.get("Range")
        if wanted is None or behavior.ignore_range:
            return 0
        if_range = self.headers.get("If-Range")
        if if_range is not None and (if_range != etag or self.owner.weak):
            return 0
        return int(wanted.removeprefix("bytes=").split("-")[0])

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _body(self, body: bytes, request: Request, behavior: Behavior) -> None:
        ends = [n for n in (behavior.cut, behavior.stall) if n is not None]
        end = min([len(body), *ends])
        step = 1 if behavior.drip else PIECE
        for begin in range(0, end, step):
            piece = body[begin : min(begin + step, end)]
            wire = b"%x\r\n%b\r\n" % (len(piece), piece) if behavior.chunked else piece
            self.wfile.write(wire)
            request.sent += len(piece)
            if behavior.drip and self.owner.closing.wait(behavior.drip):
                return
        if behavior.stall is not None:
            self.owner.closing.wait(100)
        elif behavior.chunked and behavior.cut is None:
            self.wfile.write(b"0\r\n\r\n")
