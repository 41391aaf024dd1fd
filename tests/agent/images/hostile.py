"""An HTTP server that does what servers should not."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What it has, and how it misbehaves."""

    files: dict[str, bytes]
    etag: str = '"one"'
    ranges: bool = True
    cut_after: int = 0  # bytes of each answer, then the connection is reset
    closes_after: int = 0  # likewise, but it is closed in good order
    says_more: int = 0  # bytes that Content-Length has too many
    flips: int = -1  # this byte of each file is another one
    chunked: bool = False
    endless: bool = False  # neither a length nor chunks: the end is the end of the connection
    troubled: int = 0  # so many answers are 503
    slow: float = 0.0  # seconds after every 64 KiB
    redirects: bool = False
    wrong_range: int = 0  # the range is another one than was asked for
    changes_at: int = 0  # from this request on the content is another
    changed: bytes = b""
    asked: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def setup(self) -> None:
        super().setup()
        self.site.connections += 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not a word."""

    def do_GET(self) -> None:
        site = self.site
        asked = self.headers.get("Range", "")
        site.asked.append((self.path, asked))
        if site.troubled:
            site.troubled -= 1
            self._short(503)
        elif site.redirects and not self.path.startswith("/moved"):
            self._short(302, Location=f"/moved{self.path}")
        elif self.path.removeprefix("/moved") not in site.files:
            self._short(404)
        else:
            self._give(asked)

    def _short(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, asked: str) -> None:
        site = self.site
        content, etag = site.files[self.path.removeprefix("/moved")], site.etag
        if site.changes_at and len(site.asked) >= site.changes_at:
            content, etag = site.changed, '"another"'
        if site.flips >= 0:
            flipped = bytearray(content)
            flipped[site.flips] ^= 1
            content = bytes(flipped)
        start, end = 0, len(content)
        whole = not asked or not site.ranges or self.headers.get("If-Range", etag) != etag
        if not whole:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(end, int(last) + 1 if last else end)
            if start >= end:
                self._short(416)
                return
            start += site.wrong_range
        self.send_response(200 if whole else 206)
        if etag:
            self.send_header("ETag", etag)
        if not whole:
            said = start
            self.send_header("Content-Range", f"bytes {said}-{end - 1}/{len(content)}")
        if site.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif site.endless:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(end - start + site.says_more))
        self.end_headers()
        self._body(content[start:end])

    def _body(self, content: bytes) -> None:
        site = self.site
        cut = site.cut_after or site.closes_after
        for at in range(0, len(content), 65536):
            piece = content[at : at + 65536]
            if cut:
                piece = piece[: max(0, cut - at)]
            if site.chunked and piece:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            self.wfile.write(piece)
            if cut and at + 65536 >= cut and cut < len(content):
                self._cut()
                return
            if site.slow:
                time.sleep(site.slow)
        if site.chunked:
            self.wfile.write(b"0\r\n\r\n")
        if site.says_more or site.endless:
            self._cut()

    def _cut(self) -> None:
        self.wfile.flush()
        if self.site.cut_after:  # with what is still to be sent thrown away
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are no news."""


@contextlib.contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site on loopback."""
    handler = type("Handler", (_Handler,), {"site": site})
    with _Server(("127.0.0.1", 0), handler) as server:
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
