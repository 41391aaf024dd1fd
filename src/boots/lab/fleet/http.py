"""One HTTP request as a client makes it: bytes and the clock go in, bytes come out."""

import math
import re
from urllib.parse import urlsplit

_PATIENCE = 30.0  # seconds without a byte after which the client gives up
_LARGEST_HEAD = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation:[ \t]*([^\r\n]*)", re.IGNORECASE)
IPXE_AGENT = "iPXE/1.21.1"
EDK2_AGENT = "UefiHttpBoot/1.0"


class Download:
    """Asks for a URL; with `keep` the body is in `content`, else it is only counted.

    `first` bytes of the body are enough, where that is not 0.  When `over`, the body is there, a
    `location` says where else to ask, or a `failure` in words says why there is none.
    `counting` says that what comes is body to the end, whose bytes nobody looks at.
    """

    def __init__(
        self,
        url: str,
        agent: str,
        *,
        method: str = "GET",
        keep: bool = False,
        first: int = 0,
    ) -> None:
        self.url = url
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or 80
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._bare = method == "HEAD"
        self.request = (
            f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {agent}\r\n"
            "Connection: keep-alive\r\n\r\n"
        ).encode()
        self._keep = keep
        self._first = first or math.inf
        self._head: bytearray | None = bytearray()
        self._body = bytearray()
        self._chunked = False
        self._left: float = math.inf
        self.status = 0
        self.location = ""
        self.received = 0
        self.retries = 0
        self.deadline = math.inf
        self.ended = 0.0
        self.failure = ""
        self.over = False

    @property
    def content(self) -> bytes:
        """The body, where it is kept."""
        return bytes(self._body)

    @property
    def counting(self) -> bool:
        """Whether `count` may be told of bytes in place of `feed`."""
        return self._head is None and not self._keep and not self._chunked

    def start(self, now: float) -> None:
        """The connection is being made."""
        self.deadline = now + _PATIENCE

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes of the answer; none says that the server closed the connection."""
        self.deadline = now + _PATIENCE
        if not data:
            self._closed(now)
        elif self._head is None:
            self._take(data, now)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end >= 0:
                head, rest = bytes(self._head[:end]), bytes(self._head[end + 4 :])
                self._head = None
                self._begin(head, rest, now)
            elif len(self._head) > _LARGEST_HEAD:
                self.fail("its answer has no end of headers", now)

    def count(self, size: int, now: float) -> None:
        """Take so many bytes of the body, or learn with 0 that the connection was closed."""
        self.deadline = now + _PATIENCE
        if not size:
            self._closed(now)
            return
        self.received += size
        self._left -= size
        if self._left <= 0 or self.received >= self._first:
            self._end(now)

    def tick(self, now: float) -> None:
        """The clock went on."""
        if not self.over and now >= self.deadline:
            self.fail(f"nothing came for {_PATIENCE:.0f} s", now)

    def fail(self, why: str, now: float) -> None:
        """End without the body."""
        self.failure = f"HTTP: {self.url}: {why}"
        self._end(now)

    def _begin(self, head: bytes, rest: bytes, now: float) -> None:
        try:
            self.status = int(head.split(None, 2)[1])
        except (IndexError, ValueError):
            self.fail("what answers is no HTTP", now)
            return
        if self.status in {301, 302, 303, 307, 308} and (found := _LOCATION.search(head)):
            self.location = found[1].decode(errors="replace").strip()
            self._end(now)
        elif self.status != 200:
            self.fail(f"status {self.status}", now)
        elif self._bare:
            self._end(now)
        else:
            length = _LENGTH.search(head)
            self._left = int(length[1]) if length else math.inf
            self._chunked = not length and bool(_CHUNKED.search(head))
            if self._left == 0:
                self._end(now)
            elif rest:
                self._take(rest, now)

    def _take(self, data: bytes, now: float) -> None:
        if self._keep or self._chunked:
            self._body += data
        self.count(len(data), now)
        # Chunks are small answers of servers that do not know their length beforehand.
        if self._chunked and not self.over and self._body.endswith(b"\r\n0\r\n\r\n"):
            self._end(now)

    def _closed(self, now: float) -> None:
        if self._head is None and math.isinf(self._left) and not self._chunked:
            self._end(now)  # HTTP/1.0: the end of the connection is that of the body
        else:
            self.fail("the server closed the connection", now)

    def _end(self, now: float) -> None:
        if self._chunked:
            self._body = bytearray(_joined(self._body))
        self.over, self.ended = True, now


def _joined(chunks: bytes | bytearray) -> bytes:
    """The data of a chunked body (RFC 9112 §7.1)."""
    found, at = b"", 0
    while (end := chunks.find(b"\r\n", at)) >= 0:
        try:
            size = int(chunks[at:end].split(b";")[0], 16)
        except ValueError:
            break
        found += chunks[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
        if size == 0:
            break
    return found
