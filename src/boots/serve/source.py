"""Where an ISO comes from: a file of ours or another server, whole or a range of it."""

import asyncio
import errno
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

from aiohttp import (
    AddrInfoType,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    hdrs,
)
from multidict import istr
from yarl import URL

_CHUNK = 1 << 18
_MOST_REDIRECTS = 10
# A source that sends nothing for so long is given up, in seconds; the whole may take any time.
TIMEOUT = ClientTimeout(total=None, sock_connect=10, sock_read=60)
# So many digits that every file's size can be written, and none costs time to read.
_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})


class SourceError(Exception):
    """The source cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a source gives: `length` bytes from `start`, of `total` (-1 when unknown).

    `status` is 200, 206 or 416.  `version` changes whenever the content does, as far as the
    source lets one see it; empty where it does not.
    """

    status: int
    start: int
    length: int
    total: int
    version: str
    chunks: AsyncIterator[bytes]


def one_range(text: str) -> str:
    """A Range header if it names one range of bytes, else nothing.

    Several would come back as multipart, and RFC 9110 §14.2 lets a server ignore the header.
    """
    found = _RANGE.fullmatch(text.replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return ""
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return ""
    return found[0]


# --- a file


@asynccontextmanager
async def of_file(path: str, wanted: str) -> AsyncIterator[Piece]:
    """A file on this server.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        file = await asyncio.to_thread(Path(path).open, "rb")
    except OSError as error:
        raise SourceError(f"the ISO cannot be read: {error.strerror}") from None
    try:
        facts = os.fstat(file.fileno())
        start, end = _bounds(wanted, facts.st_size)
        status = 200 if not wanted else 206 if start < end else 416
        yield Piece(
            status=status,
            start=start,
            length=max(0, end - start),
            total=facts.st_size,
            version=f"{facts.st_mtime_ns:x}-{facts.st_ino:x}",
            chunks=_read(file, start, end),
        )
    finally:
        file.close()


def _bounds(wanted: str, size: int) -> tuple[int, int]:
    """First byte and the one after the last; the same twice if the range is not in the file."""
    found = _RANGE.fullmatch(wanted)
    if found is None:
        return 0, size
    if not found[1]:
        return max(0, size - int(found[2])), size
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return (first, last + 1) if first < size else (0, 0)


async def _read(file: BinaryIO, at: int, end: int) -> AsyncIterator[bytes]:
    while at < end:
        chunk = await asyncio.to_thread(os.pread, file.fileno(), min(_CHUNK, end - at), at)
        if not chunk:
            raise SourceError("the ISO has become shorter")
        at += len(chunk)
        yield chunk


# --- another server


@asynccontextmanager
async def of_url(
    session: ClientSession, url: str, wanted: str, *, trusted: bool = True
) -> AsyncIterator[Piece]:
    """What another server has; redirects are followed, but not to this machine or its link.

    Nor is the first, where it is not `trusted`; the session has a `far_connector` then.
    It is always asked by GET, which may be left unread: signed URLs are good for that alone.

    Raises:
        SourceError: it does not answer, or not with the ISO.
    """
    headers = {hdrs.ACCEPT_ENCODING: "identity"}
    if wanted:
        headers[hdrs.RANGE] = wanted
    with _told():
        answer = await _asked(session, URL(url), headers, trusted=trusted)
    try:
        yield _piece(answer)
    finally:
        answer.close()


async def _asked(
    session: ClientSession, url: URL, headers: dict[istr, str], *, trusted: bool
) -> ClientResponse:
    """The answer at the end of all redirects."""
    close = await _is_close(url)
    if close and not trusted:
        raise SourceError(f"a record made through the API names {url.host}, which is refused")
    for _ in range(_MOST_REDIRECTS + 1):
        answer = await session.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT)
        place = answer.headers.get(hdrs.LOCATION, "")
        if answer.status not in _REDIRECTIONS or not place:
            return answer
        answer.close()
        url = url.join(URL(place))
        if url.scheme not in {"http", "https"} or not url.host:
            whither = f"{url.scheme}://{url.host or ''}"
            raise SourceError(f"the server of the ISO redirects to {whither}, which is not HTTP")
        if not close and await _is_close(url):
            raise SourceError(f"the server of the ISO redirects to {url.host}, which is refused")
    raise SourceError(f"the server of the ISO redirects more than {_MOST_REDIRECTS} times")


async def _is_close(url: URL) -> bool:
    """Whether a URL is of this machine, or of what stands on its link for it alone.

    There may be services that trust whoever reaches them, such as a cloud's metadata.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host or "", url.port, type=socket.SOCK_STREAM)
    return any(_is_near(str(each[4][0])) for each in found)


def _is_near(text: str) -> bool:
    address = ip_address(text)
    each = getattr(address, "ipv4_mapped", None) or address
    return each.is_loopback or each.is_link_local or each.is_unspecified or each.is_multicast


def far_connector() -> TCPConnector:
    """Connections that lead neither to this machine nor to its link, whatever a name says next."""

    def far(about: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = about
        if _is_near(str(address[0])):
            raise PermissionError(errno.EACCES, f"{address[0]} is refused")
        return socket.socket(family, kind, protocol)

    return TCPConnector(socket_factory=far)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise SourceError("the server of the ISO does not answer") from None
    except (ClientError, OSError, ValueError) as error:
        raise SourceError(f"the server of the ISO: {str(error) or type(error).__name__}") from None


async def _chunks(answer: ClientResponse) -> AsyncIterator[bytes]:
    while True:
        with _told():
            chunk = await answer.content.read(_CHUNK)
        if not chunk:
            return
        yield chunk


def _piece(answer: ClientResponse) -> Piece:
    if answer.status not in {200, 206, 416}:
        raise SourceError(f"the server of the ISO answers {answer.status} {answer.reason}")
    if answer.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise SourceError("the server of the ISO compresses it, which cannot be patched")
    length = answer.headers.get(hdrs.CONTENT_LENGTH, "")
    start, size, total = 0, int(length) if length.isdigit() else -1, -1
    said = answer.headers.get(hdrs.CONTENT_RANGE, "")
    if answer.status == 200:
        total = size
    elif answer.status == 206:
        found = _CONTENT_RANGE.fullmatch(said)
        if found is None:
            raise SourceError("the server of the ISO does not say which range it sends")
        start, size = int(found[1]), int(found[2]) - int(found[1]) + 1
        total = int(found[3]) if found[3] != "*" else -1
    else:
        tail = said.removeprefix("bytes */")
        total = int(tail) if tail.isdigit() else -1
    if size < 0 and answer.status != 416:
        raise SourceError("the server of the ISO does not say how long it is")
    tag = answer.headers.get(hdrs.ETAG, "") or answer.headers.get(hdrs.LAST_MODIFIED, "")
    return Piece(answer.status, start, max(size, 0), total, tag, _chunks(answer))
