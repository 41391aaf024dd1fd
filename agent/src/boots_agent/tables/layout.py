"""Partitions as people ask for them, ``efi 512M, swap 4G, root rest``, and where they go."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from boots_agent.tables.kinds import is_purpose, kind_of
from boots_agent.tables.words import ALIGNED, Form, Part, Table, TableError, checked

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|pct)", re.IGNORECASE)
_NAME = re.compile(r"[\w.+-]{1,36}")
# Types as a table has them.
_WRITTEN = {
    Form.GPT: re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Form.MBR: re.compile("[0-9a-f]{2}"),
}
_LONGEST = 64  # letters of a size
_REST = frozenset({"rest", "0"})


class In(Enum):
    """What a size is counted in."""

    BYTES = "bytes"
    PERCENT = "percent of the room for partitions"
    REST = "what no other takes"


class Size(NamedTuple):
    """How large a partition shall be."""

    unit: In
    value: Fraction = Fraction(0)


class Wanted(NamedTuple):
    """One partition that somebody asks for.

    Attributes:
        name: What it is called.
        purpose: What it is for, by a name of `kinds`; or a type as the table has it.
        size: Of what.
        number: None for its place in the order.
        start: Bytes from the disk's beginning; None for the next free place.
        file_system: What is made on it; nothing where that is another action's.
    """

    name: str
    purpose: str
    size: Size
    number: int | None = None
    start: int | None = None
    file_system: str = ""


def read_size(text: str) -> Size:
    """A size: ``512M``, ``4GiB``, ``25%``, ``25pct``, ``rest``.

    Raises:
        TableError: It is none.
    """
    word = text.strip()
    if len(word) > _LONGEST:
        raise TableError(f"{word[:20]}… is no size; write 512M, 4G, 25% or rest")
    if word.lower() in _REST:
        return Size(In.REST)
    percent = _PERCENT.fullmatch(word)
    if percent and 0 < Fraction(percent[1]) <= 100:
        return Size(In.PERCENT, Fraction(percent[1]))
    found = _SIZE.fullmatch(word)
    if found and Fraction(found[1]):
        return Size(In.BYTES, Fraction(found[1]) * _UNITS[found[2].lower()])
    raise TableError(f"{text!r} is no size; write 512M, 4G, 25% or rest")


def read_layout(text: str) -> tuple[Wanted, ...]:
    """Partitions in order: name, size and, where one is to be made, file system, by commas.

    Raises:
        TableError: It says something else.
    """
    found = tuple(
        _wanted(each) for each in re.split(r"[,;\n]", text.strip("[] \n")) if each.strip()
    )
    if not found:
        raise TableError("the layout has no partition; write efi 512M, swap 4G, root rest")
    return found


def _wanted(text: str) -> Wanted:
    words = text.split()
    if len(words) not in {2, 3}:
        raise TableError(f"{text.strip()!r}: write a name and a size, like root rest")
    name, colon, purpose = words[0].partition(":")
    if not _NAME.fullmatch(name):
        raise TableError(f"{name!r} is no name for a partition: letters, digits, at most 36")
    if colon and not is_purpose(purpose):
        raise TableError(f"{words[0]!r}: nothing is known of the purpose {purpose!r}")
    file_system = words[2].lower() if len(words) == 3 else ""
    return Wanted(name, purpose or name, read_size(words[1]), file_system=file_system)


def arrange(
    table: Table, wanted: Sequence[Wanted], guids: Callable[[], str], machine: str
) -> Table:
    """The table with all that is wanted in it, in order, each from a whole MiB on.

    Args:
        table: One without partitions.
        wanted: What for.
        guids: Makes a new GUID.
        machine: The CPU as ``uname -m`` has it.

    Raises:
        TableError: It does not fit.
    """
    sizes = _sizes(table, wanted)
    parts, free = [], table.first
    for order, (each, size) in enumerate(zip(wanted, sizes, strict=True), 1):
        start = _up(table, free) if each.start is None else each.start // table.sector
        number = order if each.number is None else each.number
        gpt = table.form is Form.GPT
        part = Part(
            start=start,
            count=size,
            number=number,
            kind=_kind(each.purpose, table.form, machine),
            name=each.name if gpt else "",
            guid=guids() if gpt else "",
        )
        parts.append(part)
        free = part.end
    by_number = tuple(sorted(parts, key=lambda each: each.number))
    return checked(dataclasses.replace(table, parts=by_number))


def _kind(purpose: str, form: Form, machine: str) -> str:
    word = purpose.lower()
    return word if _WRITTEN[form].fullmatch(word) else kind_of(word, form, machine)


def _sizes(table: Table, wanted: Sequence[Wanted]) -> list[int]:
    """The sectors of each."""
    rests = [each for each in wanted if each.size.unit is In.REST]
    if len(rests) > 1:
        raise TableError("only one partition can have the rest")
    found = [_sectors(table, each.size) for each in wanted]
    if any(not count and each not in rests for count, each in zip(found, wanted, strict=True)):
        raise TableError("a partition is smaller than a sector of the disk")
    if rests:
        at = wanted.index(rests[0])
        found[at] = _rest(table, wanted, found, at)
    return found


def _sectors(table: Table, size: Size) -> int:
    if size.unit is In.PERCENT:
        unit = _unit(table)
        room = (table.last + 1 - _up(table, table.first)) // unit
        return max(1, int(room * size.value // 100)) * unit  # whole MiBs, so that 2 x 50 % fit
    return int(size.value // table.sector)


def _rest(table: Table, wanted: Sequence[Wanted], sizes: Sequence[int], at: int) -> int:
    """What is left for one, with the others before and behind it."""
    free = table.first
    for each, size in zip(wanted[:at], sizes[:at], strict=True):
        free = (_up(table, free) if each.start is None else each.start // table.sector) + size
    own = wanted[at].start
    start = _up(table, free) if own is None else own // table.sector
    end = table.last + 1
    for each, size in reversed(list(zip(wanted[at + 1 :], sizes[at + 1 :], strict=True))):
        end = end - size if each.start is None else each.start // table.sector
        end -= end % _unit(table)
    if end - start < 1:
        lacking = (start - end) * table.sector
        raise TableError(
            f"nothing is left for {wanted[at].name}: the disk is {lacking} bytes short"
        )
    return end - start - (end - start) % _unit(table) or end - start


def _unit(table: Table) -> int:
    return max(1, ALIGNED // table.sector)


def _up(table: Table, sector: int) -> int:
    """The next place where a partition may begin."""
    return -(-sector // _unit(table)) * _unit(table)
