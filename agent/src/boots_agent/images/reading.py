"""From where an image lies to what unpacks it: for the writer, and for ``boots image add``."""

from collections.abc import Callable
from typing import Protocol

from boots_agent.images.feeds import CHUNK, Feed, File, local_path
from boots_agent.images.forms import HEAD, form_of, strange
from boots_agent.images.http import Net, Remote
from boots_agent.images.index import MOST_BYTES
from boots_agent.images.qcow2 import Qcow2, header
from boots_agent.images.signatures import sign_of
from boots_agent.images.streams import Members
from boots_agent.images.words import Damaged, Form, Unsuitable
from boots_agent.images.zstd import ZstdStream


class Reader(Protocol):
    """Something that unpacks."""

    def readinto(self, block: memoryview) -> int:
        """Fill the block; fewer bytes only at the end."""


class Raw:
    """An image as it is."""

    def __init__(self, pull: Callable[[], bytes]) -> None:
        self._pull = pull
        self._rest = memoryview(b"")

    def readinto(self, block: memoryview) -> int:
        """Fill the block; fewer bytes only at the end."""
        filled = 0
        while filled < len(block):
            if not self._rest:
                self._rest = memoryview(self._pull())
                if not self._rest:
                    break
            piece = self._rest[: len(block) - filled]
            block[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._rest = self._rest[len(piece) :]
        return filled


def open_feed(url: str, net: Net, *, proved: bool, length: int | None = None) -> Feed:
    """The bytes at a URL or path; `proved` and `length` as for `Remote`.

    Raises:
        Unreachable: There are none.
    """
    path = local_path(url)
    return File(path) if path is not None else Remote(url, net, proved=proved, length=length)


def head_of(feed: Feed) -> bytes:
    """The first bytes, as many as forms need to be told."""
    head = b""
    while len(head) < HEAD and (more := feed.read(HEAD - len(head))):
        head += more
    return head


LOOKED_AT = 1 << 17  # bytes that tell a file system


def form_of_feed(head: bytes, feed: Feed, url: str, *, proved: bool) -> Form:
    """The form of what begins so, if there is a way from it to a disk.

    Raises:
        Unsuitable: There is none, or nothing would tell if it were cut short.
    """
    form = form_of(head)
    kind = strange(head) or ("a tar archive" if form is Form.TAR else "")
    if kind:
        raise Unsuitable(f"{url} is {kind}, not the image of a disk")
    if not feed.bounded and not proved:
        raise Unsuitable(
            f"the server does not say where {url} ends, so a cut would not show: add a digest"
        )
    return form


def known_size(feed: Feed, form: Form, head: bytes) -> int | None:
    """Bytes of the image, where that can be said ahead."""
    if form is Form.RAW:
        return feed.size
    return header(head).size if form is Form.QCOW2 else None


def stream_reader(form: Form, pull: Callable[[], bytes]) -> Reader:
    """What unpacks bytes that come in order."""
    if form is Form.RAW:
        return Raw(pull)
    return ZstdStream(pull) if form is Form.ZSTD else Members(form, pull)


def reader_of(feed: Feed, form: Form, head: bytes) -> Reader:
    """What unpacks a feed in the caller's own thread."""
    if form is Form.QCOW2:
        return Qcow2(feed, head)
    first = [head]
    return stream_reader(form, lambda: first.pop() if first else feed.read(CHUNK))


def look_inside(head: bytes, *, sure: bool) -> None:
    """Refuse what would be of no use on a disk, byte by byte.

    Args:
        head: How the disk will begin, 128 KiB of it or all.
        sure: Somebody has said that it is a raw image, or what it hashes to.  Otherwise anything is
            raw that is nothing known, as is a packed image whose first byte was damaged.

    Raises:
        Damaged: It is empty.
        Unsuitable: It is packed once more, or is no disk.
    """
    if not head:
        raise Damaged("the image is empty")
    if not sure and not sign_of(lambda offset, length: head[offset : offset + length], len(head)):
        raise Unsuitable(
            "the image has neither a partition table nor a file system, and is packed in no known"
            " way; if it is right, add a digest or say that it is raw"
        )
    inner = form_of(head)
    kind = strange(head) or (inner.value if inner is not Form.RAW else "")
    if kind:
        raise Unsuitable(f"the image holds {kind}, which is no disk; convert it first")


def whole_index(feed: Feed, head: bytes) -> bytes:
    """All of an index.

    Raises:
        Damaged: it is larger than any.
    """
    pieces, length = [head], len(head)
    while data := feed.read(MOST_BYTES):
        pieces.append(data)
        length += len(data)
        if length > MOST_BYTES:
            raise Damaged(f"the index of the image is larger than {MOST_BYTES} bytes")
    return b"".join(pieces)
