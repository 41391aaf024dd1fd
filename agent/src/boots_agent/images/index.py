"""The index of a framed image, as ``boots image add`` writes it.

The image is cut into frames of one length; each that is not all zero is a zstd frame of its own in
one file, one after another in the order of the disk.  ``content`` has a pair for each of these (its
packed length and the SHA-256 of what it unpacks to), and a number for so many frames of zeros.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from boots_agent.images.words import MIB, Damaged

VERSION = 1
MOST_BYTES = 24 * MIB  # of the index itself: an image of 1 TiB without a zero frame has 20
# It is joined to the index's URL: nothing that leads to another server, or to a device here.
_BESIDE = re.compile(r"[\w+-][\w.+-]*", re.ASCII)
_FRAME = 64 * MIB  # the longest frame, as one must fit into the memory of a small machine


class Frame(NamedTuple):
    """One frame: `length` bytes at `offset` of the image, `packed` bytes at `place` of the file."""

    offset: int
    length: int
    place: int
    packed: int
    sha256: str


class Zeros(NamedTuple):
    """A run of zeros."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Index:
    """A framed image.

    Attributes:
        size: Bytes of the image.
        sha256: Of the whole image.
        frame: The length of each frame but the last.
        file: Where the frames are, beside the index.
        packed: Bytes of that file.
        content: Everything, in order.
    """

    size: int
    sha256: str
    frame: int
    file: str
    packed: int
    content: tuple[Frame | Zeros, ...]


def read_index(data: bytes) -> Index:
    """Read an index, believing nothing.

    Raises:
        Damaged: It is none, or contradicts itself.
    """
    try:
        said = json.loads(data)
        version = said["boots-image"]
        if version != VERSION:
            raise Damaged(f"the index of the image has version {version}; known is {VERSION}")
        size, frame, packed = (_count(said[key]) for key in ("size", "frame", "bytes"))
        whole, file = _digest(said["sha256"]), str(said["file"])
        if not 4096 <= frame <= _FRAME or frame % 4096:
            raise Damaged(f"the index of the image has frames of {frame} bytes")
        if not _BESIDE.fullmatch(file):
            raise Damaged(f"the index of the image names the file {file!r}")
        content = _content(said["content"], size, frame)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"the index of the image cannot be read: {error!r}") from None
    if packed != sum(each.packed for each in content if isinstance(each, Frame)):
        raise Damaged("the index of the image has another length than its frames")
    return Index(size, whole, frame, file, packed, content)


def _content(rows: Any, size: int, frame: int) -> tuple[Frame | Zeros, ...]:
    content: list[Frame | Zeros] = []
    offset = place = 0
    for row in rows:
        if isinstance(row, list):
            packed, digest = row
            each = Frame(offset, min(frame, size - offset), place, _count(packed), _digest(digest))
            place += each.packed
            # What does not get smaller has a few bytes more.
            if each.packed > frame + frame // 8:
                raise Damaged(f"the index of the image has a frame of {packed} packed bytes")
            content.append(each)
        else:
            content.append(Zeros(offset, min(_count(row) * frame, size - offset)))
        offset += content[-1].length
        if content[-1].length < 1:
            raise Damaged("the index of the image has more frames than the image")
    if offset != size:
        raise Damaged(f"the index of the image has frames for {offset} of {size} bytes")
    return tuple(content)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 62:
        raise ValueError(f"{value!r} is no count")
    return value


def _digest(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{value!r} is no SHA-256")
    return value
