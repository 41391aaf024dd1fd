"""A table on a disk that is larger than the one it was made for."""

import dataclasses

from boots_agent.tables import gpt
from boots_agent.tables.kinds import MBR_EXTENDED, is_kind
from boots_agent.tables.words import ALIGNED, Form, Part, Table, TableError, checked


def moved(table: Table) -> Table:
    """The same partitions, and the whole disk to use: a GPT's spare is then at the very end."""
    if table.form is Form.MBR:
        return table
    whole = gpt.empty(table.sector, table.sectors, table.guid)
    around = whole.sectors - 1 - whole.last
    more = max(0, -(-table.slots * 128 // table.sector) + 1 - around)
    return dataclasses.replace(table, last=max(table.last, whole.last - more))


def last_of(table: Table) -> Part:
    """The partition that lies last on the disk: of an image it is the system's.

    Raises:
        TableError: There is none, or it is none that grows.
    """
    if not table.parts:
        raise TableError("the table has no partition that could grow")
    found = max(table.parts)
    for kind, what in (("swap", "swap"), ("efi", "the firmware's"), ("bios", "GRUB's")):
        if is_kind(found.kind, kind) and not (kind == "bios" and table.form is Form.MBR):
            raise TableError(
                f"partition {found.number}, the last one on the disk, is {what}:"
                " say the number of the one that is to grow"
            )
    return found


def grown(table: Table, number: int) -> Table:
    """The table with all that is free behind a partition given to it.

    Raises:
        TableError: There is no such partition, or it cannot grow.
    """
    part = table.part(number)
    if part.kind in MBR_EXTENDED and table.form is Form.MBR:
        raise TableError(f"partition {number} is extended: what is in it cannot grow here")
    behind = [each.start for each in table.parts if each.start > part.start]
    end = min(behind, default=table.last + 1)
    if end > table.last:
        end -= end % max(1, ALIGNED // table.sector)
    if end <= part.end:
        return table
    larger = dataclasses.replace(part, count=end - part.start)
    parts = tuple(larger if each.number == number else each for each in table.parts)
    return checked(dataclasses.replace(table, parts=parts))
