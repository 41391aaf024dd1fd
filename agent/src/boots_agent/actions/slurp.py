"""``slurp``: a disk, read to its end and uploaded as an image."""

import base64
import contextlib
import hashlib
import http.client
import zlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from boots_agent import __version__
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.pace import metered
from boots_agent.actions.writing import told
from boots_agent.images.disk import Disk
from boots_agent.images.pack import Packer
from boots_agent.images.target import open_source
from boots_agent.images.words import BLOCK
from boots_agent.images.work import buffer
from boots_agent.images.zeros import is_zero

_TIMEOUT = 60.0  # seconds without the server taking or saying anything
_LEVEL = 3

Packing = Callable[[Iterator[memoryview]], Iterator[bytes]]


def upload(context: Context) -> None:
    """Read it and send it, and say what both hash to.

    Raises:
        ActionFailed: The disk cannot be read, or the server does not take it.
    """
    path, url = context.required("SOURCE_DISK"), context.required("DEST_URL")
    packing = _packing(context.environment.get("COMPRESSED", ""))
    verb = (context.environment.get("HTTP_METHOD") or "PUT").upper()
    if verb not in {"PUT", "POST"}:
        raise ActionFailed(f"HTTP_METHOD {verb!r}: write PUT or POST")
    name = context.environment.get("IMG_NAME", "")
    goal = f"{url.rstrip('/')}/{quote(name)}" if name else url
    with told():
        disk = open_source(path)
        try:
            _send(context, disk, goal, verb, packing)
        finally:
            disk.close()


def _send(context: Context, disk: Disk, url: str, verb: str, packing: Packing | None) -> None:
    whole, sent = hashlib.sha256(), _Counted()
    blocks = _blocks(context, disk, whole)
    plain: Iterator[bytes] = (
        (bytes(each) for each in blocks) if packing is None else packing(blocks)
    )
    length = disk.size if packing is None else None
    status, answer = _request(verb, url, sent.over(plain), length)
    if not 200 <= status < 300:
        raise ActionFailed(f"{_shown(url)}: the server answers {status} {answer}".rstrip())
    context.say(f"{disk.path}: {disk.size} bytes, sha256:{whole.hexdigest()}")
    context.say(f"sent to {_shown(url)}: {sent.length} bytes, sha256:{sent.hash.hexdigest()}")


class _Counted:
    """What travels, hashed and counted on its way."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.length = 0

    def over(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.hash.update(piece)
            self.length += len(piece)
            yield piece


def _blocks(context: Context, disk: Disk, whole: "hashlib._Hash") -> Iterator[memoryview]:
    """The disk's content; each piece is good until the next is asked for."""
    meter = metered(context, "read", disk.size)
    view = buffer(BLOCK)
    for start in range(0, disk.size, BLOCK):
        piece = view[: min(BLOCK, disk.size - start)]
        if disk.read(piece, start) != len(piece):
            raise ActionFailed(f"{disk.path} ends at byte {start}, before its size")
        whole.update(piece)
        yield piece
        meter.add(len(piece))
        meter.tick()


# --- packing


def _zstd(blocks: Iterator[memoryview]) -> Iterator[bytes]:
    """Frames one after another; those of zeros are all the same one."""
    packer = Packer(_LEVEL)
    zeros: dict[int, bytes] = {}
    for block in blocks:
        if not is_zero(block):
            yield packer.frame(block)
            continue
        if len(block) not in zeros:
            zeros[len(block)] = packer.frame(block)
        yield zeros[len(block)]


def _gzip(blocks: Iterator[memoryview]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for block in blocks:
        piece = packer.compress(block)
        if piece:
            yield piece
    yield packer.flush()


_PACKINGS: Mapping[str, Packing | None] = {
    "": None,
    "false": None,
    "true": _zstd,
    "zstd": _zstd,
    "gzip": _gzip,
}


def _packing(word: str) -> Packing | None:
    if word.lower() not in _PACKINGS:
        raise ActionFailed(f"COMPRESSED {word!r}: write false, zstd or gzip")
    return _PACKINGS[word.lower()]


# --- sending


def _request(verb: str, url: str, pieces: Iterator[bytes], length: int | None) -> tuple[int, str]:
    """One upload, in chunks where nobody knows how long it will be; status and first line."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ActionFailed(f"DEST_URL {_shown(url)!r} is no http:// or https:// URL")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT)
    headers = {
        "User-Agent": f"boots-agent/{__version__}",
        "Content-Type": "application/octet-stream",
    }
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if length is not None:
        headers["Content-Length"] = str(length)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        _push(connection, verb, path, pieces, headers, chunked=length is None)
        answer = connection.getresponse()
        return answer.status, answer.read(1000).decode(errors="replace").partition("\n")[0]
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ActionFailed(f"{_shown(url)}: {why}; nothing is kept of a broken upload") from error
    finally:
        connection.close()


def _push(
    connection: http.client.HTTPConnection,
    verb: str,
    path: str,
    pieces: Iterator[bytes],
    headers: Mapping[str, str],
    *,
    chunked: bool,
) -> None:
    """All of it; a server that says no early is heard by whoever reads its answer."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(verb, path, pieces, headers, encode_chunked=chunked)


def _shown(url: str) -> str:
    """A URL without who asks."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
