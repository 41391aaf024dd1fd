"""A feed over HTTP that goes on where it broke off, and never mixes two contents.

After a drop the rest is asked for by range, with ``If-Range`` (RFC 9110 13.1.5) so that a file that
was replaced meanwhile is noticed.  A server without ranges sends all again, and what is known is
read past.
"""

import contextlib
import http.client
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from boots_agent import __version__
from boots_agent.images.feeds import CHUNK, Changed, within
from boots_agent.images.words import MIB, Damaged, ImageError, Unreachable
from boots_agent.server import pauses

TIMEOUT = 20.0  # seconds without a byte
PATIENCE = 300.0  # seconds of pauses without a new byte until it is given up
_NEAR = MIB  # reading past so much is quicker than asking anew
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


def _nothing(_: str) -> Mapping[str, str]:
    return {}


class Net(NamedTuple):
    """How time passes for a feed, and what it says to servers.

    Attributes:
        headers: What a request of a URL has beside the usual, such as who asks; called anew for
            each, as what lets somebody in may expire.
        tls: What certificates must be like; None for those of known authorities.
    """

    sleep: Callable[[float], None]
    patience: float = PATIENCE
    timeout: float = TIMEOUT
    headers: Callable[[str], Mapping[str, str]] = _nothing
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What tells one content of a URL from another."""

    size: int | None
    etag: str
    modified: str

    @property
    def validator(self) -> str:
        """For ``If-Range``, where weak tags do not count."""
        return self.modified if self.etag.startswith("W/") or not self.etag else self.etag


class Remote:
    """The content of an ``http`` or ``https`` URL.

    `proved` says that a digest will tell if two contents were mixed, so that a server without
    validators may be asked for the rest.  With a `length` no more is asked for before the first
    seek.
    """

    def __init__(self, url: str, net: Net, *, proved: bool, length: int | None = None) -> None:
        self._url = url
        self._proved = proved
        self._net = net
        self._facts: _Facts | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._peer = ""
        self._response: http.client.HTTPResponse | None = None
        self._position = 0  # where the caller is
        self._at = 0  # where the response is
        self._until: int | None = None  # where the response ends
        self._wanted = length  # where what is wanted ends
        self._pauses = pauses()
        self._waited = 0.0
        self._aborted = False
        self.sent = 0
        self.bounded = False  # whether a cut would show
        self._connected()

    @property
    def size(self) -> int | None:
        """All bytes, as the server says; None where it does not."""
        return self._facts.size if self._facts else None

    def read(self, most: int) -> bytes:
        """The next bytes, however often the connection drops.

        Raises:
            Unreachable: Nothing came for as long as the patience lasts, or the server refuses.
            Changed: The server has other content now.
        """
        end = self._end()
        if end is not None:
            most = min(most, end - self._position)
        if not most:
            return b""
        while True:
            self._connected()
            try:
                data = self._next(most)
            except (OSError, http.client.HTTPException) as error:
                self._dropped(error)
                continue
            if data or (self._until is None and self._at == self._position):
                return data
            if not data:
                why = f"it ended the connection at byte {self._at} of {self._until}"
                self._dropped(ConnectionError(why))

    def seek(self, offset: int, length: int | None = None) -> None:
        """Read on from there; with a length no more than that is asked for."""
        within(offset, self.size)
        self._position = offset
        self._wanted = None if length is None else offset + length
        if self._response is None:
            return
        ends = self._until is not None and (self._wanted or offset + 1) > self._until
        if offset < self._at or offset > self._at + _NEAR or ends:
            self._drop()

    def abort(self) -> None:
        """End a read that is under way in another thread, and all later ones."""
        self._aborted = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)

    def close(self) -> None:
        """No more is read."""
        self._drop()

    def _end(self) -> int | None:
        ends = [end for end in (self.size, self._wanted) if end is not None]
        return min(ends, default=None)

    def _next(self, most: int) -> bytes:
        """Some bytes of the response, none at its end; those before the position are read past."""
        response = self._response
        assert response is not None  # noqa: S101  # _connected made it
        while True:
            past = self._position - self._at
            left = None if self._until is None else self._until - self._at
            data = response.read1(min(past or most, CHUNK, CHUNK if left is None else left))
            self._at += len(data)
            self.sent += len(data)
            if not data:
                return b""
            # Before 3.12 read1 does not count, so that the connection could not be used again.
            if left is not None and not response.chunked:
                response.length = left - len(data)
            if self._at == self._until:
                self._finish(response)
            if not past:
                # What is only read past is nothing new: it could be read past for ever.
                self._waited, self._pauses = 0.0, pauses()
                self._position = self._at
                return data
            if self._response is None:
                return b""

    def _connected(self) -> None:
        """See to it that there is a response to read from, trying for as long as it takes."""
        while self._response is None:
            if self._aborted:
                raise Unreachable(f"{self._url}: given up")
            try:
                self._ask()
            except (OSError, http.client.HTTPException) as error:
                self._dropped(error)
            except ImageError:
                self._drop()
                raise

    def _ask(self) -> None:
        """One request for what is wanted from the position on, redirects followed."""
        url, headers = self._url, self._headers()
        for _ in range(6):
            response = self._request(url, {**headers, **self._net.headers(url)})
            if response.status not in _REDIRECTS:
                self._take(response)
                return
            self._drop()
            url = urljoin(url, response.headers.get("Location", ""))
        raise Unreachable(f"{self._url} redirects without end")

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"boots-agent/{__version__}", "Accept-Encoding": "identity"}
        if self._position or self._wanted is not None:
            last = "" if self._wanted is None else self._wanted - 1
            headers["Range"] = f"bytes={self._position}-{last}"
            if self._facts and self._facts.validator:
                headers["If-Range"] = self._facts.validator
        return headers

    def _request(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        peer = f"{parts.scheme}://{parts.netloc}"
        if self._connection is None or peer != self._peer:
            self._drop()
            self._connection, self._peer = connection_to(parts, self._net), peer
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        self._connection.request("GET", path, headers=headers)
        return self._connection.getresponse()

    def _take(self, response: http.client.HTTPResponse) -> None:
        status = response.status
        if status >= 500 or status in _LATER:
            raise ConnectionError(f"it answers {status} {response.reason}")
        if status == 416:
            raise Damaged(f"{self._url} has nothing at byte {self._position}, but should")
        if status not in {200, 206}:
            raise Unreachable(f"{self._url}: the server answers {status} {response.reason}")
        start, length = 0, response.length
        size = length
        if status == 206:
            start, length, size = self._ranged(response)
        found = _Facts(
            size, response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        )
        if self._facts is not None and not self._same(self._facts, found):
            self._drop()
            raise Changed(f"{self._url} has changed while it was read")
        if self._facts is None or self._facts.size is None:
            self._facts = found
        self._response, self._at = response, start
        self.bounded = size is not None or bool(response.chunked)
        self._until = None if length is None else start + length

    def _same(self, known: _Facts, found: _Facts) -> bool:
        """Whether an answer is of the content that is being read."""
        if not known.validator and not self._proved:
            return False
        # A 206 may leave out Last-Modified (RFC 9110 15.3.7).
        return (
            _agree(known.size, found.size)
            and _agree(known.etag, found.etag)
            and _agree(known.modified, found.modified)
        )

    def _ranged(self, response: http.client.HTTPResponse) -> tuple[int, int, int | None]:
        told = response.headers.get("Content-Range", "")
        match = _RANGE.fullmatch(told)
        if match is None or int(match[1]) != self._position or int(match[2]) < int(match[1]):
            raise Changed(f"{self._url}: asked for byte {self._position}, the server has {told!r}")
        length = int(match[2]) - int(match[1]) + 1
        known = self._facts.size if self._facts else None
        return int(match[1]), length, known if match[3] == "*" else int(match[3])

    def _dropped(self, error: Exception) -> None:
        self._drop()
        why = in_words(error)
        if getattr(error, "verify_message", ""):  # a certificate does not get better by waiting
            raise Unreachable(f"{self._url}: {why}")
        pause = next(self._pauses)
        self._waited += pause
        if self._waited > self._net.patience or self._aborted:
            raise Unreachable(f"{self._url}: {why}; nothing more for {self._waited:.0f} s")
        self._net.sleep(pause)

    def _finish(self, response: http.client.HTTPResponse) -> None:
        """After the last byte the connection can be used again."""
        if response.chunked:
            self._drop()
            return
        response.read()
        self._response = None

    def _drop(self) -> None:
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        self._response = self._connection = None


def connection_to(parts: SplitResult, net: Net) -> http.client.HTTPConnection:
    """A connection for requests of a URL, not made yet.

    Raises:
        Unreachable: It is no URL for that.
    """
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unreachable(f"{parts.geturl()!r} is no http:// or https:// URL, and no path")
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=net.timeout, context=net.tls
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=net.timeout)


def _agree(one: object, other: object) -> bool:
    """Whether two facts are the same, as far as both are told."""
    return one == other or one in {None, ""} or other in {None, ""}


def in_words(error: Exception) -> str:
    """What went wrong with a connection."""
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"broken HTTP answer ({type(error).__name__})"
