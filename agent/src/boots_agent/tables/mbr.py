"""An MBR: four partitions, or one record that says that a GPT is there (UEFI 5.2)."""

import struct

from boots_agent.images.signatures import Read
from boots_agent.tables.kinds import MBR_OF_GPT
from boots_agent.tables.words import ALIGNED, Form, Part, Piece, Table, TableError, checked

_RECORD = struct.Struct("<B3sB3sII")
_TABLE, _IDENTIFIER, _END = 446, 440, 510
_SLOTS = 4
_MARK = b"\x55\xaa"
_MOST = 0xFFFFFFFF
_FAR = b"\xfe\xff\xff"  # no cylinder, head and sector reaches there


def empty(sector: int, sectors: int, guid: str) -> Table:
    """A table without partitions; behind 2^32 sectors there can be none."""
    first = ALIGNED // sector
    if sectors <= first:
        raise TableError(f"a disk of {sectors * sector} bytes is too small for partitions")
    return Table(Form.MBR, sector, sectors, guid, (), first, min(sectors - 1, _MOST), _SLOTS)


def written(table: Table, old: bytes = b"") -> tuple[Piece, ...]:
    """The first sector; `old` is what it was: what BIOSes start stays.

    Raises:
        TableError: It says what cannot be.
    """
    checked(table)
    made = bytearray(old[: table.sector].ljust(table.sector, b"\0"))
    made[_TABLE:_END] = bytes(64)
    struct.pack_into("<I", made, _IDENTIFIER, int(table.guid, 16))
    for each in table.parts:
        fields = each.attributes & 0x80, _FAR, int(each.kind, 16), _FAR, each.start, each.count
        if each.start > _MOST or each.count > _MOST:
            raise TableError("an MBR reaches no further than 2^32 sectors: take TABLE gpt")
        at = _TABLE + (each.number - 1) * _RECORD.size
        record = bytearray(_RECORD.pack(*fields))
        was = old[at : at + _RECORD.size]
        if was[4:5] == record[4:5] and was[8:] == record[8:]:
            record[1:8] = was[1:8]  # its cylinders stay as somebody has reckoned them
        made[at : at + _RECORD.size] = record
    made[_END : _END + 2] = _MARK
    return (Piece(0, bytes(made)),)


def read(look: Read, sector: int, sectors: int) -> Table | None:
    """The four partitions of a disk's table; None without one, or where it is a GPT's.

    Partitions within an extended one are not looked for.
    """
    raw = look(0, 512)
    if len(raw) < 512 or raw[_END:] != _MARK:
        return None
    parts = []
    for number, record in enumerate(_RECORD.iter_unpack(raw[_TABLE:_END]), 1):
        status, _, kind, _, start, count = record
        if status & 0x7F:
            return None  # a file system's boot sector, which has the same mark
        if kind and count:
            parts.append(Part(start, count, number, f"{kind:02x}", "", "", status))
    if any(each.kind == MBR_OF_GPT for each in parts):
        return None
    (identifier,) = struct.unpack_from("<I", raw, _IDENTIFIER)
    table = Table(
        Form.MBR,
        sector,
        sectors,
        f"{identifier:08x}",
        tuple(parts),
        1,
        min(sectors - 1, _MOST),
        _SLOTS,
    )
    return checked(table)


def protective(table: Table, old: bytes = b"") -> bytes:
    """The first sector of a disk with a GPT: all of it is taken.

    A hybrid's further records stay as they are, and what BIOSes start.
    """
    made = bytearray(old[: table.sector].ljust(table.sector, b"\0"))
    size = min(table.sectors - 1, _MOST)
    if made[_END : _END + 2] != _MARK or not _is_hybrid(bytes(made)):
        made[_TABLE:_END] = bytes(64)
        fields = 0, b"\0\x02\0", int(MBR_OF_GPT, 16), b"\xff\xff\xff", 1, size
        _RECORD.pack_into(made, _TABLE, *fields)
    made[_END : _END + 2] = _MARK
    return bytes(made)


def _is_hybrid(raw: bytes) -> bool:
    """Whether there is a GPT's record and others beside it."""
    kinds = [record[2] for record in _RECORD.iter_unpack(raw[_TABLE:_END]) if record[2]]
    return int(MBR_OF_GPT, 16) in kinds and len(kinds) > 1
