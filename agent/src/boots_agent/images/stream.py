"""Writing an image that is unpacked from its first byte to its last.

    network -> unpack -> hash -> write

Each has a thread and hands blocks on; what takes long in each lets go of the GIL.
"""

import hashlib
from collections import deque
from typing import NamedTuple

from boots_agent.images.edges import Edges
from boots_agent.images.feeds import CHUNK, Feed
from boots_agent.images.line import Channel, Line
from boots_agent.images.qcow2 import Qcow2
from boots_agent.images.reading import LOOKED_AT, Reader, known_size, look_inside, stream_reader
from boots_agent.images.words import BLOCK, MIB, Form, Unsuitable
from boots_agent.images.work import TICK, Work, buffer
from boots_agent.images.zstd import content_size

_AHEAD = 32  # chunks from the network
_BLOCKS = 7  # in work at once: unpacking, hashing, writing, two kept back, two on their way


class Block(NamedTuple):
    """A piece of the image, in a buffer that is given back."""

    whole: memoryview
    view: memoryview
    offset: int


class Streamed(NamedTuple):
    """What came of it: the edges are still to be put."""

    edges: Edges
    digests: dict[str, str]


def write_stream(
    feed: Feed, form: Form, head: bytes, work: Work, algorithms: frozenset[str], *, sure: bool
) -> Streamed:
    """Put all but the edges on the disk, which is not touched before the first block is unpacked.

    `sure` as for `look_inside`.

    Raises:
        ImageError: The image is broken or does not fit, the source or the disk fails.
    """
    work.meter.total = known_size(feed, form, head)
    # The first of several frames may be all that is known.
    check_fits(content_size(head) if form is Form.ZSTD else work.meter.total, work)
    line = Line()
    if form is Form.QCOW2:
        reader: Reader = Qcow2(feed, head)
    else:
        chunks: Channel[bytes] = Channel(line, _AHEAD)
        chunks.put(head)
        reader = stream_reader(form, lambda: chunks.get() or b"")
        line.start(lambda: _travel(feed, chunks))
    writer = _Writer(work)
    hashes = {name: hashlib.new(name) for name in algorithms}
    free: Channel[memoryview] = Channel(line, _BLOCKS)
    for _ in range(_BLOCKS):
        free.put(buffer(BLOCK))
    unpacked: Channel[Block] = Channel(line, 2)
    hashed: Channel[Block] = Channel(line, 2) if hashes else unpacked
    line.start(lambda: _unpack(reader, free, unpacked, sure=sure))
    if hashes:
        line.start(lambda: _hash(hashes, unpacked, hashed))
    line.start(lambda: writer.run(hashed, free))
    line.finish(work.meter.tick, TICK, feed.abort)
    return Streamed(writer.edges, {name: each.hexdigest() for name, each in hashes.items()})


def check_fits(size: int | None, work: Work) -> None:
    """Refuse before anything is written.

    Raises:
        Unsuitable: The image is larger than the disk.
    """
    if size is not None and size > work.disk.size:
        raise Unsuitable(f"the image has {size} bytes, and {work.disk.path} only {work.disk.size}")


def _travel(feed: Feed, chunks: Channel[bytes]) -> None:
    while data := feed.read(CHUNK):
        chunks.put(data)
    chunks.close()


def _unpack(
    reader: Reader, free: Channel[memoryview], unpacked: Channel[Block], *, sure: bool
) -> None:
    offset = 0
    while (whole := free.get()) is not None:
        length = reader.readinto(whole)
        if not offset:
            look_inside(bytes(whole[: min(length, LOOKED_AT)]), sure=sure)
        if length:
            unpacked.put(Block(whole, whole[:length], offset))
        offset += length
        if length < len(whole):
            break
    unpacked.close()


def _hash(hashes: dict[str, "hashlib._Hash"], came: Channel[Block], goes: Channel[Block]) -> None:
    while (block := came.get()) is not None:
        for each in hashes.values():
            each.update(block.view)
        goes.put(block)
    goes.close()


class _Writer:
    """Writes blocks, but for the first MiB and what may be the last."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._head = b""
        self._kept: deque[Block] = deque()
        self.edges = Edges(0)

    def run(self, came: Channel[Block], free: Channel[memoryview]) -> None:
        """Write all that comes."""
        end = 0
        while (block := came.get()) is not None:
            if not block.offset:
                self._head = bytes(block.view[:MIB])
                self._work.begin()
            end = block.offset + len(block.view)
            check_fits(end, self._work)
            self._kept.append(block)
            while self._kept and end - self._end_of_first() >= MIB:
                free.put(self._write(self._kept.popleft()))
        self._finish(end)

    def _end_of_first(self) -> int:
        return self._kept[0].offset + len(self._kept[0].view)

    def _write(self, block: Block) -> memoryview:
        start = 0 if block.offset else len(self._head)
        self._work.spread(block.view[start:], block.offset + start)
        self._work.meter.add(len(block.view))
        return block.whole

    def _finish(self, end: int) -> None:
        self.edges = Edges(end)
        self.edges.keep(memoryview(self._head), 0)
        for block in self._kept:
            start, stop = self.edges.keep(block.view, block.offset)
            self._work.spread(block.view[start:stop], block.offset + start)
            self._work.meter.add(len(block.view))
