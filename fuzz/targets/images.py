"""The agent's readers of images: forms, streams, tables, what stands on disks."""

import bz2
import gzip
import json
import lzma
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from zlib import crc32

from boots_agent import labels
from boots_agent.disks import kind_of
from boots_agent.images import signatures
from boots_agent.images.feeds import within
from boots_agent.images.forms import form_of, strange
from boots_agent.images.index import Frame, read_index
from boots_agent.images.pack import Packer
from boots_agent.images.qcow2 import Qcow2
from boots_agent.images.reading import Reader, look_inside, stream_reader
from boots_agent.images.words import Form, ImageError
from boots_agent.tables import gpt, growing, layout, mbr
from boots_agent.tables import reading as tables
from boots_agent.tables.words import Form as TableForm
from boots_agent.tables.words import Part, TableError
from fuzz.choices import Choices
from fuzz.seeds import VECTORS
from fuzz.target import Target

_ENOUGH = 4 << 20
"""Bytes that are unpacked of one input: a bomb gives what is asked for, and no more."""
_BLOCK = 1 << 16
_SIZE = 4 << 20
_SECTORS = _SIZE // 512
_GUID = "12345678-1234-5678-1234-567812345678"


class _Feed:
    """An image in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.size: int | None = len(data)
        self.sent = 0
        self.bounded = True

    def read(self, most: int) -> bytes:
        found = self._data[self._at : self._at + most]
        self._at += len(found)
        self.sent += len(found)
        return found

    def seek(self, offset: int, length: int | None = None) -> None:  # noqa: ARG002  # all is here
        within(offset, self.size)
        self._at = offset

    def abort(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Nothing is open."""


def _unpacked(reader: Reader) -> int:
    block, total = memoryview(bytearray(_BLOCK)), 0
    while total < _ENOUGH:
        got = reader.readinto(block)
        if not 0 <= got <= _BLOCK:
            raise AssertionError(f"{got} bytes in a block of {_BLOCK}")
        total += got
        if got < _BLOCK:
            break
    return total


def _qcow2(data: bytes) -> None:
    feed = _Feed(data)
    try:
        image = Qcow2(feed, feed.read(512))
        total = _unpacked(image)
    except ImageError:
        return
    if total < min(image.size, _ENOUGH):
        raise AssertionError(f"{total} of {image.size} bytes, and no word of it")


def _stream(form: Form) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        pieces = iter((data[: len(data) // 2], data[len(data) // 2 :], b""))
        try:
            _unpacked(stream_reader(form, lambda: next(pieces, b"")))
        except ImageError:
            return

    return run


def _form(data: bytes) -> None:
    form_of(data)
    strange(data)
    kind_of(data)
    for sure in (False, True):
        try:
            look_inside(data, sure=sure)
        except ImageError:
            continue


def _index(data: bytes) -> None:
    """An index that is taken tells of the whole image, without gaps, and names one file beside."""
    try:
        index = read_index(data)
    except ImageError:
        return
    at = place = 0
    for each in index.content:
        if each.offset != at or each.length < 1:
            raise AssertionError(f"{each} at {at}")
        at += each.length
        if isinstance(each, Frame):
            if each.place != place:
                raise AssertionError(f"{each} at {place}")
            place += each.packed
    if (at, place) != (index.size, index.packed) or "/" in index.file:
        raise AssertionError(f"{index}")


class _Disk:
    """A disk whose first bytes are the input and whose last ones its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def look(self, offset: int, length: int) -> bytes:
        if not 0 <= offset < 1 << 63:
            raise OverflowError("no file has a byte there")
        last = _SIZE - len(self._data) % 512 - 33 * 512
        if offset >= last:
            return self._data[offset - last :][:length].ljust(min(length, max(0, _SIZE - offset)))
        return self._data[offset : offset + length].ljust(length, b"\0")


def _table(data: bytes) -> None:
    """A table that is read can be written, and reads the same again."""
    disk = _Disk(data)
    try:
        found = tables.table_of(disk.look, 512, _SIZE)
        if found is None:
            return
        pieces = tables.written(found, data[:512])
    except TableError:
        return
    made = bytearray(_SIZE)
    for piece in pieces:
        made[piece.offset : piece.offset + len(piece.content)] = piece.content
    if len(made) != _SIZE:
        raise AssertionError(f"{found} is written beyond the disk")
    again = tables.table_of(lambda at, size: bytes(made[at : at + size]), 512, _SIZE)
    if again is None or again.parts != found.parts:
        raise AssertionError(f"{found} was written, and reads {again}")
    try:
        growing.grown(growing.moved(found), growing.last_of(found).number)
    except TableError:
        return


def _sealed(data: bytes) -> None:
    """The same with the checksums that a hostile image would have right, too."""
    choices = Choices(data)
    first, last, array, slots = (choices.number(size) for size in (8, 8, 8, 2))
    entries = choices.rest().ljust(slots % 130 * 128, b"\0")[: slots % 130 * 128]
    check = crc32(entries)
    fields = (1, _SECTORS - 1, first, last, bytes(16), array, slots % 130, 128, check)
    head = struct.pack("<8sIIIIQQQQ16sQIII", gpt.SIGNATURE, 0x10000, 92, 0, 0, *fields)
    head = head[:16] + struct.pack("<I", crc32(head)) + head[20:]
    _table(bytes(512) + head.ljust(512, b"\0") + entries)


class _Start:
    """What reads the beginning of a device."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __call__(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def _labels(data: bytes) -> None:
    """Names of file systems lead nowhere as parts of paths."""
    for start in (data, data.ljust(labels.LOOKED_AT, b"\0")):
        found = labels.names_of(start)
        for each in found:
            if set(labels.encoded(each)) & set("\n\0 '\"\\;$`") - {"\\"}:
                raise AssertionError(f"{each!r} is no safe part of a path")
        read = _Start(start)
        signatures.sign_of(read, len(start))
        signatures.disk_guid(read)


def _layout(data: bytes) -> None:
    """What people ask for is arranged on the disk, or is told to be impossible."""
    text = data.decode(errors="replace")
    numbers = count()
    for form in TableForm:
        try:
            wanted = layout.read_layout(text)
            empty = tables.empty(form, 512, 64 << 20, _GUID)
            table = layout.arrange(
                empty, wanted, lambda: f"{next(numbers):08x}{_GUID[8:]}", "x86_64"
            )
            tables.written(table)
        except TableError:
            continue


def _images() -> Iterator[bytes]:
    for path in sorted((VECTORS / "images").glob("*.gz")):
        yield gzip.decompress(path.read_bytes())[:65_536]


def _zstd() -> Iterator[bytes]:
    packer = Packer(3)
    yield packer.frame(memoryview(bytearray(b"abc" * 1000)))
    yield packer.frame(memoryview(bytearray(1 << 20))) * 2


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[], Iterator[bytes]]:
    def made() -> Iterator[bytes]:
        yield pack(b"abc" * 1000)
        yield pack(bytes(1 << 20)) + pack(b"x") + b"\0\0"

    return made


def _indexes() -> Iterator[bytes]:
    for content, frames in (([[9, "0" * 64], 3], 4), ([2], 2), ([[9, "a" * 64]] * 2, 2)):
        size = 4096 * frames
        said = {"boots-image": 1, "size": size, "frame": 4096, "bytes": 9, "file": "f.frames"}
        yield json.dumps({**said, "sha256": "0" * 64, "content": content}).encode()


def _tables() -> Iterator[bytes]:
    part = Part(2048, 2048, 1, "0fc63daf-8483-4772-8e79-3d69d8477de4", "root", _GUID, 4)
    whole = replace(gpt.empty(512, _SECTORS, _GUID), parts=(part,))
    yield b"".join(piece.content for piece in reversed(gpt.written(whole)))[: 34 * 512]
    old = replace(mbr.empty(512, _SECTORS, "1234abcd"), parts=(replace(part, kind="83"),))
    yield mbr.written(old)[0].content


def _sealed_seeds() -> Iterator[bytes]:
    yield struct.pack(">QQQH", 34, _SECTORS - 34, 2, 4) + bytes(512)
    yield struct.pack(">QQQH", 34, _SECTORS - 34, 1 << 63, 4)


def _file_systems() -> Iterator[bytes]:
    for offset, magic, _ in labels._FORMS:  # where they lie
        if offset < 4096:
            yield bytes(offset) + magic + b"a label\n" * 40
    yield bytes(1080) + b"\x53\xef" + b"\xff" * 90


_LAYOUTS = (b"efi 512M, swap 4M, root rest ext4", b"a:linux 25%,b 10MiB;c 1.5m\nd 0", b"[x:83 1]")

TARGETS = (
    Target("images.qcow2", _qcow2, _images, False, (b"QFI\xfb",), 65_536),
    Target("images.gzip", _stream(Form.GZIP), _packed(gzip.compress), False, (b"\x1f\x8b\x08",)),
    Target("images.bzip2", _stream(Form.BZIP2), _packed(bz2.compress), False, (b"BZh",)),
    Target("images.xz", _stream(Form.XZ), _packed(lzma.compress), False, (b"\xfd7zXZ\0",)),
    Target(
        "images.zstd", _stream(Form.ZSTD), _zstd, False, (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18")
    ),
    Target("images.form", _form, _file_systems, False),
    Target("images.index", _index, _indexes, False, (b"boots-image", b"1e999", b"NaN")),
    Target("images.table", _table, _tables, False, (b"EFI PART", b"\x55\xaa", b"\xee"), 20_480),
    Target("images.table-sealed", _sealed, _sealed_seeds, False),
    Target("images.labels", _labels, _file_systems, False, longest=8192),
    Target("images.layout", _layout, lambda: _LAYOUTS, False, (b"rest", b"%", b"MiB", b"swap")),
)
