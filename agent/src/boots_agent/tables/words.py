"""The words of partition tables: a partition, a table, and why there is none."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

MIB = 1 << 20
ALIGNED = MIB
"""Partitions begin at multiples of this: whatever the disk's own blocks are, they fit."""


class Form(Enum):
    """A kind of table."""

    GPT = "gpt"
    MBR = "mbr"


class TableError(Exception):
    """Why there is no such table; the text is for people."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One partition.

    Attributes:
        start: Its first sector.
        count: How many sectors it has.
        number: As people and the kernel count, from 1.
        kind: A GUID in lower case; in an MBR two hexadecimal digits.
        name: Only a GPT has names.
        guid: Its own, in lower case; nothing in an MBR.
        attributes: The bits of a GPT (UEFI 5.3.3); in an MBR 128 where firmware starts it.
    """

    start: int
    count: int
    number: int
    kind: str
    name: str = ""
    guid: str = ""
    attributes: int = 0

    @property
    def end(self) -> int:
        """The sector after its last."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table.

    Attributes:
        sector: Bytes of a sector.
        sectors: Sectors of the disk.
        guid: The disk's; in an MBR eight hexadecimal digits.
        parts: By number.
        first: The first sector that partitions may use.
        last: The last one.
        slots: How many partitions there is room for.
    """

    form: Form
    sector: int
    sectors: int
    guid: str
    parts: tuple[Part, ...]
    first: int
    last: int
    slots: int

    def part(self, number: int) -> Part:
        """The partition of that number.

        Raises:
            TableError: There is none.
        """
        for each in self.parts:
            if each.number == number:
                return each
        there = ", ".join(str(each.number) for each in self.parts) or "none"
        raise TableError(f"the table has no partition {number}; it has {there}")


class Piece(NamedTuple):
    """Bytes for a place of the disk."""

    offset: int
    content: bytes


def checked(table: Table) -> Table:
    """The table, if its partitions fit it.

    Raises:
        TableError: Two overlap, one is outside, a number is wrong or there twice.
    """
    end, before = table.first, 0
    for each in sorted(table.parts):
        what = f"partition {each.number}"
        if each.count < 1 or each.start < table.first or each.end > table.last + 1:
            raise TableError(
                f"{what} has sectors {each.start} to {each.end - 1};"
                f" the disk has room from {table.first} to {table.last}"
            )
        if each.start < end:
            raise TableError(f"{what} overlaps partition {before}")
        end, before = each.end, each.number
    numbers = [each.number for each in table.parts]
    if len(set(numbers)) < len(numbers):
        raise TableError("two partitions have the same number")
    if any(not 1 <= number <= table.slots for number in numbers):
        raise TableError(f"partitions are numbered from 1 to {table.slots} in this table")
    return table
