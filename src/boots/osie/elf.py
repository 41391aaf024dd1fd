"""Which shared libraries a program asks for: the few ELF fields that say so.

Only 64-bit little-endian files are read, which is what x86_64 and arm64 are.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB = 0, 1, 5


@dataclass(frozen=True, slots=True)
class Wants:
    """What a program cannot start without.

    Attributes:
        libraries: Names such as ``libc.so.6``, in the file's order.
        interpreter: Path of the loader, empty for a library or a static program.
    """

    libraries: tuple[str, ...] = ()
    interpreter: str = ""


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def wants(data: bytes) -> Wants:
    """Read a file's wishes; a file that is no such ELF file has none."""
    if data[:6] != b"\x7fELF\x02\x01":
        return Wants()
    segments = list(_segments(data))
    interpreter = ""
    libraries: tuple[str, ...] = ()
    for segment in segments:
        if segment.kind == _PT_INTERP:
            interpreter = _text(data, segment.offset)
        elif segment.kind == _PT_DYNAMIC:
            libraries = _needed(data, segment, segments)
    return Wants(libraries, interpreter)


def _segments(data: bytes) -> Iterator[_Segment]:
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, _flags, offset, address, _physical, length = struct.unpack_from(
            "<IIQQQQ", data, start + index * size
        )
        yield _Segment(kind, offset, address, length)


def _needed(data: bytes, dynamic: _Segment, segments: list[_Segment]) -> tuple[str, ...]:
    strings = 0
    names: list[int] = []
    for offset in range(dynamic.offset, dynamic.offset + dynamic.size, 16):
        tag, value = struct.unpack_from("<QQ", data, offset)
        if tag == _DT_NULL:
            break
        if tag == _DT_NEEDED:
            names.append(value)
        elif tag == _DT_STRTAB:
            strings = _file_offset(value, segments)
    return tuple(_text(data, strings + name) for name in names)


def _file_offset(address: int, segments: list[_Segment]) -> int:
    for segment in segments:
        inside = segment.address <= address < segment.address + segment.size
        if segment.kind == _PT_LOAD and inside:
            return address - segment.address + segment.offset
    raise ValueError(f"address {address:#x} lies in no loaded segment")


def _text(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()
