"""The table that a disk has, whichever it is, and writing one."""

from boots_agent.images.signatures import Read
from boots_agent.tables import gpt, mbr
from boots_agent.tables.words import Form, Piece, Table, TableError

_SECTORS = (512, 4096)


def table_of(look: Read, sector: int, size: int) -> Table | None:
    """The table of a disk of `size` bytes; None without one.

    Raises:
        TableError: There is one, and it cannot be used.
    """
    sectors = size // sector
    found = gpt.read(look, sector, sectors)
    if found is None:
        for other in _SECTORS:
            if other != sector and look(other, 8) == gpt.SIGNATURE:
                raise TableError(
                    f"the GPT is for sectors of {other} bytes, and this disk's have {sector}:"
                    " no firmware finds it; take an image that is made for such disks"
                )
        found = mbr.read(look, sector, sectors)
    return found


def empty(form: Form, sector: int, size: int, guid: str) -> Table:
    """A table without partitions, for a disk of `size` bytes.

    `guid` is the disk's new one; an MBR takes eight digits of it.

    Raises:
        TableError: The disk is too small.
    """
    if form is Form.GPT:
        return gpt.empty(sector, size // sector, guid)
    return mbr.empty(sector, size // sector, guid[:8])


def written(table: Table, old: bytes = b"") -> tuple[Piece, ...]:
    """The bytes of a table, in the order to write them; `old` is the disk's first sector.

    Raises:
        TableError: It says what cannot be.
    """
    return gpt.written(table, old) if table.form is Form.GPT else mbr.written(table, old)
