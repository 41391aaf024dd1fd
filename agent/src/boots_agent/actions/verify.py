"""``verify``: whether a disk holds an image, byte by byte, or hashes to what it should.

On a larger disk the first two sectors of a GPT are its own: they say where the spare copy is.
"""

import hashlib
from urllib.parse import urljoin

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.image import digest_of
from boots_agent.actions.pace import metered
from boots_agent.actions.writing import told
from boots_agent.images.disk import Disk
from boots_agent.images.feeds import Hashed, read_exactly
from boots_agent.images.index import Frame, Zeros, read_index
from boots_agent.images.reading import (
    form_of_feed,
    head_of,
    known_size,
    open_feed,
    reader_of,
    whole_index,
)
from boots_agent.images.target import open_source
from boots_agent.images.words import BLOCK, Digest, Form
from boots_agent.images.work import buffer
from boots_agent.images.writer import THIS_MACHINE
from boots_agent.images.zeros import is_zero
from boots_agent.images.zstd import Unpacker
from boots_agent.tables import gpt
from boots_agent.tables.words import TableError

_GRAIN = 4096


def compare(context: Context) -> None:
    """Compare, and fail at the first difference.

    Raises:
        ActionFailed: There is one, or something cannot be read.
    """
    path = context.required("SOURCE_DISK")
    url = context.url("IMG_URL") if context.environment.get("IMG_URL") else ""
    digest = digest_of(context, "SHA256")
    if not url and digest is None:
        raise ActionFailed("verify needs IMG_URL or SHA256: with what is the disk compared?")
    with told():
        disk = open_source(path)
        try:
            if url:
                _with_image(context, disk, url, digest)
            elif digest is not None:
                _with_digest(context, disk, digest)
        finally:
            disk.close()


def _with_digest(context: Context, disk: Disk, digest: Digest) -> None:
    """The digest of the image on the disk, which is as long as ``SIZE`` says."""
    said = context.environment.get("SIZE", "") or str(disk.size)
    if not said.isdecimal() or int(said) > disk.size:
        raise ActionFailed(f"SIZE {said!r} is no number of bytes that {disk.path} has")
    size, found = int(said), hashlib.new(digest.algorithm)
    meter = metered(context, "verify", size)
    view = buffer(BLOCK)
    for start in range(0, size, BLOCK):
        piece = view[: min(BLOCK, size - start)]
        disk.read(piece, start)
        found.update(piece)
        meter.add(len(piece))
        meter.tick()
    if found.hexdigest() != digest.value:
        raise ActionFailed(
            f"the first {size} bytes of {disk.path} have {digest.algorithm}:{found.hexdigest()},"
            f" and should have {digest.value}"
        )
    context.say(f"the first {size} bytes of {disk.path} have {digest.algorithm}:{digest.value}")


def _with_image(context: Context, disk: Disk, url: str, digest: Digest | None) -> None:
    algorithms = frozenset({digest.algorithm} if digest else ())
    feed = Hashed(open_feed(url, THIS_MACHINE.net(), proved=bool(digest)), algorithms)
    try:
        head = head_of(feed)
        form = form_of_feed(head, feed, url, proved=bool(digest))
        if form is Form.FRAMED:
            size = _frames(context, disk, url, whole_index(feed, head))
        else:
            size = _stream(context, disk, feed, form, head)
        found = feed.digests()
    finally:
        feed.close()
    if digest and found[digest.algorithm] != digest.value:
        is_now = f"{digest.algorithm}:{found[digest.algorithm]}"
        raise ActionFailed(f"{url} has {is_now}, and should have {digest.value}")
    context.say(f"{disk.path} holds {url}: {size} bytes were compared")


def _frames(context: Context, disk: Disk, url: str, said: bytes) -> int:
    """Frame by frame, by what the index says that they hash to: hardly anything travels."""
    index = read_index(said)
    own = _own_table(disk, index.size)
    meter = metered(context, "verify", index.size)
    view = buffer(max(index.frame, BLOCK))
    for each in index.content:
        for start in range(each.offset, each.offset + each.length, len(view)):
            piece = view[: min(len(view), each.offset + each.length - start)]
            disk.read(piece, start)
            if isinstance(each, Zeros):
                good = is_zero(piece)
            elif not start and own:
                good = _frame(urljoin(url, index.file), each)[own:] == piece[own:]
            else:
                good = hashlib.sha256(piece).hexdigest() == each.sha256
            if not good:
                raise _differs(disk, f"in the {len(piece)} bytes from byte {start} on")
            meter.add(len(piece))
            meter.tick()
    return index.size


def _frame(url: str, frame: Frame) -> memoryview:
    """One frame's content, fetched."""
    feed = open_feed(url, THIS_MACHINE.net(), proved=True, length=frame.packed)
    try:
        feed.seek(frame.place, frame.packed)
        view = memoryview(bytearray(frame.length))
        Unpacker().frame(read_exactly(feed, frame.packed), view)
        return view
    finally:
        feed.close()


def _stream(context: Context, disk: Disk, feed: Hashed, form: Form, head: bytes) -> int:
    """The image, unpacked from its first byte to its last, beside the disk."""
    reader = reader_of(feed, form, head)
    known = known_size(feed, form, head)
    _own_table(disk, known or 0)
    meter = metered(context, "verify", known)
    there, should = buffer(BLOCK), buffer(BLOCK)
    # Whose the first sectors are is known when the image's size is.
    kept, size = b"", 0
    while length := reader.readinto(should):
        got = disk.read(there[:length], size)
        kept = kept or bytes(should[: min(length, 2 * disk.sector)])
        passed = 0 if size else len(kept)
        _same(disk, should[passed:length], there[passed:got], size + passed)
        meter.add(length)
        meter.tick()
        size += length
    if not _own_table(disk, size):
        _same(disk, memoryview(kept), memoryview(disk.look(0, len(kept))), 0)
    return size


def _same(disk: Disk, should: memoryview, there: memoryview, start: int) -> None:
    """Compare bytes that begin at `start` of the disk.

    Raises:
        ActionFailed: They differ.
    """
    if should == there:
        return
    for at in range(0, len(should), _GRAIN):
        one, other = should[at : at + _GRAIN], there[at : at + _GRAIN]
        if one != other:
            pairs = enumerate(zip(one, other, strict=False))
            first = next((number for number, (a, b) in pairs if a != b), len(other))
            raise _differs(disk, f"at byte {start + at + first}")


def _own_table(disk: Disk, size: int) -> int:
    """The bytes at the beginning that are the disk's own: a GPT's header says how large it is.

    Raises:
        ActionFailed: The image cannot be on this disk.
    """
    if size > disk.size:
        raise ActionFailed(f"the image has {size} bytes, and {disk.path} only {disk.size}")
    if size == disk.size:
        return 0
    try:
        found = gpt.read(disk.look, disk.sector, disk.size // disk.sector)
    except TableError:
        return 0
    return 2 * disk.sector if found else 0


def _differs(disk: Disk, where: str) -> ActionFailed:
    return ActionFailed(
        f"{disk.path} differs from the image {where}"
        " (what has grown or booted since is no longer the image's)"
    )
