"""The names below ``/dev/disk``, which udev would make: by-id, by-uuid and so on.

OSIE has no udev.  The agent makes them before each action, and when an action asks for it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from boots_agent.disks import is_disk
from boots_agent.facts import names, number
from boots_agent.labels import LOOKED_AT, encoded, names_of
from boots_agent.naming import ids_of, path_of
from boots_agent.tables.reading import table_of
from boots_agent.tables.words import Form, Table, TableError

_STACKED = ("dm-", "md")
_UNIT = 512  # of /sys/block/*/size
_LONGEST = 255  # bytes of a name (NAME_MAX)


class Link(NamedTuple):
    """A name below ``/dev/disk``, and the device that it is for."""

    name: str
    device: str


def refresh(root: Path) -> None:
    """Make the links as they should be now, and take away all others.

    One that cannot be made is left out: others need theirs.
    """
    folder = root / "dev/disk"
    wanted: dict[str, str] = {}
    for link in links(root):
        if _stays(link.name):
            wanted.setdefault(link.name, link.device)
    for place in folder.glob("by-*/*"):
        if str(place.relative_to(folder)) not in wanted:
            with contextlib.suppress(OSError):  # a folder that an action made
                place.unlink()
    for name, device in wanted.items():
        with contextlib.suppress(OSError):
            _put(folder, name, f"../../{device}")


def _stays(name: str) -> bool:
    """Whether it is a name in a folder: serial numbers and labels are what somebody made them.

    One that leads out would take the place of another disk's node; a folder would never go away.
    """
    _, *rest = name.split("/")
    return (
        len(rest) == 1 and rest[0] not in {"", ".", ".."} and len(os.fsencode(rest[0])) <= _LONGEST
    )


def links(root: Path) -> Iterator[Link]:
    """What there should be, for all disks, arrays and volumes, and for their partitions."""
    block = root / "sys/block"
    for name in names(block):
        if is_disk(block / name) or name.startswith(_STACKED):
            yield from _of_disk(root, block / name)


def _of_disk(root: Path, block: Path) -> Iterator[Link]:
    by_id = [f"by-id/{each}" for each in ids_of(block)]
    path = path_of(block)
    stems = [*by_id, *([f"by-path/{path}"] if path else [])]
    partitions = [(number(block / each / "partition"), each) for each in names(block)]
    yield from (Link(stem, block.name) for stem in stems)
    yield from _of_content(root, block.name)
    table = _table(root, block)
    for at, name in partitions:
        if at is None:
            continue
        yield from (Link(f"{stem}-part{at}", name) for stem in stems)
        yield from _of_entry(table, at, name)
        yield from _of_content(root, name)


def _of_content(root: Path, device: str) -> Iterator[Link]:
    with contextlib.suppress(OSError), _opened(root, device) as file:
        told = names_of(os.pread(file, LOOKED_AT, 0))
        if told.uuid:
            yield Link(f"by-uuid/{encoded(told.uuid)}", device)
        if told.label:
            yield Link(f"by-label/{encoded(told.label)}", device)


def _of_entry(table: Table | None, at: int, device: str) -> Iterator[Link]:
    """What the table says of a partition; MBRs have numbers made of the disk's."""
    part = next((each for each in table.parts if each.number == at), None) if table else None
    if table is not None and table.form is Form.MBR:
        yield Link(f"by-partuuid/{table.guid}-{at:02x}", device)
    if part is not None and part.guid:
        yield Link(f"by-partuuid/{part.guid}", device)
    if part is not None and part.name:
        yield Link(f"by-partlabel/{encoded(part.name)}", device)


def _table(root: Path, block: Path) -> Table | None:
    sector = number(block / "queue/logical_block_size") or _UNIT
    size = (number(block / "size") or 0) * _UNIT
    try:
        with _opened(root, block.name) as file:
            return table_of(lambda at, length: os.pread(file, length, at), sector, size)
    except (TableError, OSError):
        return None


@contextlib.contextmanager
def _opened(root: Path, device: str) -> Iterator[int]:
    file = os.open(root / "dev" / device, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)


def _put(folder: Path, name: str, target: str) -> None:
    """One link, without a moment in which it is not there."""
    place = folder / name
    if place.is_symlink() and os.readlink(place) == target:  # noqa: PTH115  # a text, not a Path
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder / ".new"  # beside the folders: no name of a disk, however long, is in its way
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(place)
