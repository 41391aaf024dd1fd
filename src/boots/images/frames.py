"""Cutting an image into frames, each packed by itself, and writing the index of them."""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, NamedTuple

from boots_agent.images.index import VERSION
from boots_agent.images.pack import Packer
from boots_agent.images.reading import LOOKED_AT, Reader, look_inside
from boots_agent.images.zeros import is_zero

FRAME = 4 << 20


class Cut(NamedTuple):
    """An image that was cut.

    Attributes:
        size: Bytes of the image.
        sha256: Of the image.
        packed: Bytes of all frames.
        packed_sha256: Of all frames, one after another.
        content: As the index has it.
    """

    size: int
    sha256: str
    packed: int
    packed_sha256: str
    content: list[list[int | str] | int]


class _Frame(NamedTuple):
    data: bytes
    sha256: str


def cut(
    reader: Reader, goal: IO[bytes], level: int, tell: Callable[[int], None], *, sure: bool
) -> Cut:
    """Read an image to its end and write its frames to `goal`; `tell` hears the bytes so far.

    `sure` as for `look_inside`.

    Raises:
        ImageError: The image is broken, or is no image of a disk.
    """
    whole, packed_whole = hashlib.sha256(), hashlib.sha256()
    size = packed = zeros = 0
    content: list[list[int | str] | int] = []
    for length, frame in _frames(reader, level, whole.update, sure=sure):
        size += length
        tell(size)
        if frame is None:
            zeros += 1
            continue
        if zeros:
            content.append(zeros)
        zeros = 0
        goal.write(frame.data)
        packed += len(frame.data)
        packed_whole.update(frame.data)
        content.append([len(frame.data), frame.sha256])
    if zeros:
        content.append(zeros)
    return Cut(size, whole.hexdigest(), packed, packed_whole.hexdigest(), content)


def index_of(image: Cut, name: str, file: str) -> bytes:
    """The index, as it is published; its first bytes say what it is."""
    said = {
        "boots-image": VERSION,
        "name": name,
        "size": image.size,
        "sha256": image.sha256,
        "frame": FRAME,
        "file": file,
        "bytes": image.packed,
        "content": image.content,
    }
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _frames(
    reader: Reader, level: int, each: Callable[[memoryview], None], *, sure: bool
) -> Iterator[tuple[int, _Frame | None]]:
    """The length of each frame, and the frame unless it is all zero, in order."""
    threads = os.cpu_count() or 1
    free = deque(memoryview(bytearray(FRAME)) for _ in range(threads + 2))
    packers = deque(Packer(level) for _ in range(threads))
    under_way: deque[tuple[memoryview, int, Future[_Frame] | None]] = deque()

    def pack(view: memoryview) -> _Frame:
        packer = packers.pop()
        try:
            return _Frame(packer.frame(view), hashlib.sha256(view).hexdigest())
        finally:
            packers.append(packer)

    with ThreadPoolExecutor(threads) as pool:
        first = length = FRAME
        while length == FRAME:
            if not free:
                yield _done(under_way, free)
            block = free.popleft()
            length = reader.readinto(block)
            if first:
                look_inside(bytes(block[: min(length, LOOKED_AT)]), sure=sure)
                first = 0
            view = block[:length]
            each(view)
            if length:
                packing = None if is_zero(view) else pool.submit(pack, view)
                under_way.append((block, length, packing))
        while under_way:
            yield _done(under_way, free)


def _done(
    under_way: deque[tuple[memoryview, int, Future[_Frame] | None]], free: deque[memoryview]
) -> tuple[int, _Frame | None]:
    block, length, packing = under_way.popleft()
    frame = packing.result() if packing is not None else None
    free.append(block)
    return length, frame
