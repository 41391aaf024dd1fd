"""Files that leave over HTTP: small ones with their headers, large ones by sendfile."""

import os
import stat
from pathlib import PurePath
from typing import Any

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from boots.serve import part
from boots.serve.doors import Given
from boots.serve.part import Part
from boots.serve.story import Hand, Story

_TYPES = {".efi": "application/efi", ".ipxe": "text/plain", ".cfg": "text/plain"}
_SMALL = 64 << 10  # bytes that are read and leave with the headers in one call
_COPIED = 1 << 18  # bytes at a time where sendfile cannot be used: over TLS
_FAILURES = {
    403: "the server may not read the file",
    404: "the file has gone from the server",
    412: "the file is not the one that the client wants more of",
    416: "the range asked for is not in the file",
}


def give(
    request: web.BaseRequest, given: Given, path: str, peer: str, hand: Hand
) -> web.StreamResponse:
    """The answer to a request for the file at `path`; conditions and ranges are heeded."""
    try:
        file, facts = _open(path)
    except OSError as error:
        return _refusal(
            Story(given, peer, hand), 403 if isinstance(error, PermissionError) else 404
        )
    wanted = part.of(request, facts)
    story = Story(given, peer, hand, wanted.length)
    if wanted.status >= 400:
        os.close(file)
        return _refusal(story, wanted.status, facts.st_size)
    headers = _headers(path, facts, wanted)
    if request.method == hdrs.METH_HEAD or wanted.status == 304:
        os.close(file)
        story.probed()
        return web.Response(status=wanted.status, headers=headers)
    if wanted.length > _SMALL:
        return Download(story, file, wanted, headers, hand)
    try:
        content = _read(file, wanted.start, wanted.length)
    except OSError:
        return _refusal(story, 404)
    finally:
        os.close(file)
    return Small(story.over(request), content, wanted, headers)


class Small(web.Response):
    """A file that is sent at once."""

    def __init__(
        self, story: Story, content: bytes, wanted: Part, headers: CIMultiDict[str]
    ) -> None:
        super().__init__(status=wanted.status, headers=headers, body=content)
        self._story = story

    async def write_eof(self, data: bytes = b"") -> None:
        """Send headers and content."""
        with self._story:
            await super().write_eof(data)


class Download(web.StreamResponse):
    """A file whose bytes go from the page cache to the connection.  It closes `file`."""

    def __init__(
        self, story: Story, file: int, wanted: Part, headers: CIMultiDict[str], hand: Hand
    ) -> None:
        super().__init__(status=wanted.status, headers=headers)
        self._story = story
        self._file = file
        self._wanted = wanted
        self._hand = hand

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send headers and content."""
        try:
            with self._story.over(request):
                return await self._leave(request)
        except ConnectionError:
            raise
        except OSError as error:
            # Headers have left: only an end before the end can tell the client.
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionAbortedError(str(error)) from None
        finally:
            os.close(self._file)

    async def _leave(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        secure = transport.get_extra_info("sslcontext") is not None
        if not secure:  # nothing may wait in asyncio's buffer when the file goes past it
            transport.set_write_buffer_limits(high=0)
        writer = await super().prepare(request)
        if secure:
            await self._copy()
        else:
            if writer is not None:
                await writer.drain()
            await self._pour(transport)
        await self.write_eof()
        return writer

    async def _pour(self, transport: Any) -> None:
        wanted = self._wanted
        transport.pause_reading()
        try:
            with transport.get_extra_info("socket").dup() as sock:
                await self._hand.pourer.pour(sock, self._file, wanted.start, wanted.length)
        finally:
            transport.resume_reading()

    async def _copy(self) -> None:
        at, end = self._wanted.start, self._wanted.start + self._wanted.length
        while at < end:
            content = _read(self._file, at, min(_COPIED, end - at))
            await self.write(content)
            at += len(content)


def _refusal(story: Story, status: int, size: int = 0) -> web.Response:
    story.refused(f"{_FAILURES[status]} (HTTP {status})")
    headers = {hdrs.CONTENT_RANGE: f"bytes */{size}"} if status == 416 else None
    return web.Response(status=status, headers=headers)


def _headers(path: str, facts: os.stat_result, wanted: Part) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict(
        {
            hdrs.ETAG: f'"{part.tag(facts)}"',
            hdrs.LAST_MODIFIED: part.modified(facts),
        }
    )
    if wanted.status == 304:
        return headers
    kind = _TYPES.get(PurePath(path).suffix, "application/octet-stream")
    headers[hdrs.CONTENT_TYPE] = kind
    headers[hdrs.ACCEPT_RANGES] = "bytes"
    headers[hdrs.CONTENT_LENGTH] = str(wanted.length)
    if wanted.status == 206:
        last = wanted.start + wanted.length - 1
        headers[hdrs.CONTENT_RANGE] = f"bytes {wanted.start}-{last}/{facts.st_size}"
    return headers


def _open(path: str) -> tuple[int, os.stat_result]:
    """The file and what it is.

    Raises:
        OSError: it is not there, or no file; a `PermissionError`: we may not read it.
    """
    # Without waiting: where a pipe has taken the place of the file, nobody may ever write.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode):
        os.close(file)
        raise PermissionError
    return file, facts


def _read(file: int, at: int, length: int) -> bytes:
    content = os.pread(file, length, at)
    if len(content) < length:
        raise OSError("it became shorter while it was sent")
    return content
