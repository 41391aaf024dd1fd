"""A GPT (UEFI 5.3): its bytes, and what bytes say."""

import binascii
import struct
import uuid
from collections.abc import Sequence

from boots_agent.images.signatures import Read
from boots_agent.tables import mbr
from boots_agent.tables.words import Form, Part, Piece, Table, TableError, checked

SIGNATURE = b"EFI PART"
_REVISION = 0x00010000
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_SLOTS = 128
_MOST_SLOTS = 4096
_NONE = bytes(16)


def empty(sector: int, sectors: int, guid: str) -> Table:
    """A table without partitions.

    Raises:
        TableError: The disk is too small for one.
    """
    around = 1 + _array_sectors(_SLOTS, sector)
    if sectors < 2 * around + 2:
        raise TableError(f"a disk of {sectors * sector} bytes is too small for a GPT")
    first, last = 1 + around, sectors - around - 1
    return Table(Form.GPT, sector, sectors, guid, (), first, last, _SLOTS)


def written(table: Table, old: bytes = b"") -> tuple[Piece, ...]:
    """The bytes of a table, in the order to write them: the spare, then the one that counts.

    Args:
        table: What it says.
        old: The disk's first sector: what BIOSes start, and records of a hybrid, stay.

    Raises:
        TableError: It says what cannot be.
    """
    checked(table)
    sector, array = table.sector, _array(table)
    reach = _array_sectors(table.slots, sector)
    check = binascii.crc32(array)
    padded = array.ljust(reach * sector, b"\0")
    end = table.sectors - 1
    if table.first < 2 + reach or table.last > end - reach - 1:
        raise TableError("partitions may not be where the table itself is")
    spare = _header(table, (end, 1, end - reach), check)
    main = _header(table, (1, end, 2), check)
    return (
        Piece((end - reach) * sector, padded + spare),
        Piece(0, mbr.protective(table, old) + main + padded),
    )


def read(look: Read, sector: int, sectors: int) -> Table | None:
    """The table of a disk; where its beginning is damaged, what the spare says; None without one.

    Raises:
        TableError: There is one, and it cannot be used.
    """
    why = ""
    for place in (1, sectors - 1):
        try:
            found = _at(look, place, sector, sectors)
        except TableError as error:
            why = why or str(error)
            continue
        if found is not None:
            return found
    if why:
        raise TableError(why)
    return None


def _at(look: Read, place: int, sector: int, sectors: int) -> Table | None:
    """The table whose header is in that sector."""
    raw = look(place * sector, sector)
    if raw[:8] != SIGNATURE or len(raw) < _HEADER.size:
        return None
    fields = _HEADER.unpack_from(raw)
    _, _, size, check, _, own, _, first, last, guid, array, slots, width, array_check = fields
    if not _HEADER.size <= size <= sector or own != place:
        raise TableError("the header of the GPT makes no sense")
    if binascii.crc32(raw[:16] + bytes(4) + raw[20:size]) != check:
        raise TableError("the header of the GPT is damaged (its checksum is wrong)")
    if width != _ENTRY.size or not 0 < slots <= _MOST_SLOTS:
        raise TableError(f"a GPT of {slots} entries of {width} bytes is not known here")
    if array >= sectors:
        raise TableError("the entries of the GPT are said to be behind the disk's end")
    entries = look(array * sector, slots * width)
    if len(entries) < slots * width or binascii.crc32(entries) != array_check:
        raise TableError("the entries of the GPT are damaged (their checksum is wrong)")
    parts = tuple(_parts(entries))
    name = str(uuid.UUID(bytes_le=guid))
    return checked(Table(Form.GPT, sector, sectors, name, parts, first, last, slots))


def _parts(entries: bytes) -> Sequence[Part]:
    found = []
    for number, entry in enumerate(_ENTRY.iter_unpack(entries), 1):
        kind, guid, start, last, attributes, name = entry
        if kind != _NONE:
            said = name.decode("utf-16-le", "surrogatepass").partition("\0")[0]
            own = str(uuid.UUID(bytes_le=guid))
            whose = str(uuid.UUID(bytes_le=kind))
            found.append(Part(start, last - start + 1, number, whose, said, own, attributes))
    return found


def _array(table: Table) -> bytes:
    entries = bytearray(table.slots * _ENTRY.size)
    for each in table.parts:
        name = each.name.encode("utf-16-le", "surrogatepass")
        if len(name) > 72:
            raise TableError(f"{each.name!r} is too long a name: a GPT has room for 36 characters")
        kind, guid = uuid.UUID(each.kind).bytes_le, uuid.UUID(each.guid).bytes_le
        fields = kind, guid, each.start, each.end - 1, each.attributes, name
        _ENTRY.pack_into(entries, (each.number - 1) * _ENTRY.size, *fields)
    return bytes(entries)


def _header(table: Table, places: tuple[int, int, int], check: int) -> bytes:
    """A sector that says where it is, where the other header and its own entries are."""
    own, other, array = places
    guid = uuid.UUID(table.guid).bytes_le
    fields = (own, other, table.first, table.last, guid, array, table.slots, _ENTRY.size, check)
    raw = _HEADER.pack(SIGNATURE, _REVISION, _HEADER.size, 0, 0, *fields)
    own_check = struct.pack("<I", binascii.crc32(raw))
    return (raw[:16] + own_check + raw[20:]).ljust(table.sector, b"\0")


def _array_sectors(slots: int, sector: int) -> int:
    return -(-slots * _ENTRY.size // sector)
