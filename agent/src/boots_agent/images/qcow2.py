"""Reading qcow2, versions 2 and 3, in the order of the disk.

``qemu-img convert`` lays clusters out in that order, with each table before what it points to, so
that a feed passes once from front to back; any other layout is read by seeking.  Format:
docs/interop/qcow2 of QEMU.
"""

import struct
import zlib
from typing import NamedTuple

from boots_agent.images.feeds import Feed, read_exactly
from boots_agent.images.words import Damaged, Unsuitable
from boots_agent.images.zstd import Unpacker

_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_VERSION_3 = struct.Struct(">QQQII")
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED, _ZERO = 1 << 62, 1
# Incompatible features, by bit.
_DIRTY, _CORRUPT, _EXTERNAL, _COMPRESSION, _EXTENDED = 1, 2, 4, 8, 16
_MOST_L1 = 32 << 20
_EMPTY = memoryview(b"")


class Header(NamedTuple):
    """What is needed to read the disk's content."""

    size: int
    cluster_bits: int
    l1_size: int
    l1_offset: int
    zstd: bool


def header(data: bytes) -> Header:
    """The header, in the first 112 bytes.

    Raises:
        Unsuitable: The image needs what is not here: another file, a password, a repair.
        Damaged: It makes no sense.
    """
    if len(data) < _HEADER.size:
        raise Damaged("the qcow2 image ends within its header")
    fields = _HEADER.unpack_from(data)
    version, backing = fields[1:3]
    bits, size, encrypted, l1_size, l1_offset = fields[4:9]
    if version not in {2, 3}:
        raise Unsuitable(f"qcow2 of version {version} is not read here; 2 and 3 are")
    if backing:
        raise Unsuitable("the qcow2 image is the difference to another one; convert it first")
    if encrypted:
        raise Unsuitable("the qcow2 image is encrypted")
    zstd = version == 3 and _features(data)
    if not 9 <= bits <= 21:
        raise Damaged(f"broken qcow2: clusters of 2^{bits} bytes")
    needed = -(-size >> bits) and -(-size // (1 << (2 * bits - 3)))
    if l1_size < needed or l1_size * 8 > _MOST_L1 or l1_offset % (1 << bits):
        raise Damaged("broken qcow2: its first table makes no sense")
    return Header(size, bits, needed, l1_offset, zstd)


def _features(data: bytes) -> bool:
    """Whether compressed clusters are zstd."""
    if len(data) < 105:
        raise Damaged("the qcow2 image ends within its header")
    incompatible, _, _, _, length = _VERSION_3.unpack_from(data, _HEADER.size)
    for bit, why in (
        (_CORRUPT, "is marked as corrupt; qemu-img check -r all repairs it"),
        (_EXTERNAL, "keeps its data in another file; convert it first"),
        (_EXTENDED, "has extended tables (subclusters); convert it first"),
    ):
        if incompatible & bit:
            raise Unsuitable(f"the qcow2 image {why}")
    if incompatible & ~(_DIRTY | _COMPRESSION):
        raise Unsuitable(f"the qcow2 image has features nobody here knows ({incompatible:#x})")
    kind = data[104] if incompatible & _COMPRESSION and length > 104 else 0
    if kind > 1:
        raise Unsuitable(f"the qcow2 image is compressed in a way nobody here knows ({kind})")
    return kind == 1


class Qcow2:
    """The content of the disk in an image, from front to back."""

    def __init__(self, feed: Feed, head: bytes) -> None:
        self._feed = feed
        self.header = header(head)
        self._cluster = 1 << self.header.cluster_bits
        self._l1 = self._table(self.header.l1_offset, self.header.l1_size)
        self._l2: tuple[int, ...] = ()
        self._next = 0  # number of the cluster that comes next
        self._rest = _EMPTY
        self._zeros = bytes(self._cluster)
        self._unpacker: Unpacker | None = None

    @property
    def size(self) -> int:
        """Bytes of the disk."""
        return self.header.size

    def readinto(self, block: memoryview) -> int:
        """Fill the block; fewer bytes only at the end of the disk.

        Raises:
            Damaged: A table or cluster is not there, or broken.
        """
        filled = 0
        while filled < len(block):
            if not self._rest:
                start = self._next << self.header.cluster_bits
                if start >= self.size:
                    break
                self._rest = memoryview(self._take())[: self.size - start]
                self._next += 1
            piece = self._rest[: len(block) - filled]
            block[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._rest = self._rest[len(piece) :]
        return filled

    def _take(self) -> bytes:
        """The next cluster's content."""
        entries = self._cluster // 8
        number = self._next % entries
        if not number:
            place = self._l1[self._next // entries] & _OFFSET
            self._l2 = self._table(place, entries) if place else ()
        entry = self._l2[number] if self._l2 else 0
        if entry & _COMPRESSED:
            return self._unpacked(entry)
        place = entry & _OFFSET
        if entry & _ZERO or not place:
            return self._zeros
        self._feed.seek(place)
        return read_exactly(self._feed, self._cluster)

    def _table(self, place: int, entries: int) -> tuple[int, ...]:
        if place % self._cluster:
            raise Damaged(f"broken qcow2: a table at byte {place}")
        self._feed.seek(place)
        return struct.unpack(f">{entries}Q", read_exactly(self._feed, entries * 8))

    def _unpacked(self, entry: int) -> bytes:
        # The offset takes what the number of sectors leaves.
        split = 62 - (self.header.cluster_bits - 8)
        place = entry & ((1 << split) - 1)
        sectors = ((entry >> split) & ((1 << (62 - split)) - 1)) + 1
        length = sectors * 512 - place % 512
        self._feed.seek(place)
        packed = self._some(length)
        content = self._zstd(packed) if self.header.zstd else _inflated(packed, self._cluster)
        if len(content) != self._cluster:
            raise Damaged(f"broken qcow2: the compressed cluster at byte {place}")
        return content

    def _some(self, length: int) -> bytes:
        """So many bytes, or what is left: the last sector of a file may be cut."""
        pieces = []
        while length and (data := self._feed.read(length)):
            pieces.append(data)
            length -= len(data)
        return b"".join(pieces)

    def _zstd(self, packed: bytes) -> bytes:
        if self._unpacker is None:
            self._unpacker = Unpacker()
        content = bytearray(self._cluster)
        # What follows the frame within its sectors is not its own.
        length = self._unpacker.first(packed, memoryview(content))
        return bytes(content[:length])


def _inflated(packed: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(packed, most)
    except zlib.error as error:
        raise Damaged(f"broken qcow2: {error}") from error
