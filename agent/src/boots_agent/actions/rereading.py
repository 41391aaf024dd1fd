"""Telling the kernel of a new partition table, until it has the partitions that are written.

BLKRRPART has the kernel read the table itself.  Where it cannot, because it knows no such tables or
a partition is in use, each partition is told to it by itself (BLKPG).
"""

import contextlib
import ctypes
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from boots_agent.actions.context import ActionFailed
from boots_agent.actions.places import kernel_name
from boots_agent.facts import names, number
from boots_agent.images.disk import Disk, once_free
from boots_agent.tables.kinds import MBR_EXTENDED
from boots_agent.tables.words import Form, Part, Table

_BLKPG = 0x1269
_ADD, _DELETE, _RESIZE = 1, 2, 3
_CALL = struct.Struct("iiiP")  # blkpg_ioctl_arg
_PARTITION = struct.Struct("qqi64s64s4x")  # blkpg_partition
_UNIT = 512  # of /sys, whatever the disk's own sectors are
_PAUSE, _TRIES = 0.1, 100
_BUSY = 2.0  # seconds for who looks at a partition that has come


def reread(disk: Disk, table: Table, sys: Path) -> None:
    """See to it that the kernel has the partitions of a table, and that they can be opened.

    Raises:
        ActionFailed: It will not take them.
    """
    if not disk.name:
        return  # a file has no partitions
    disk.reread_table()
    block = sys / "class/block" / disk.name
    logical = table.slots if table.form is Form.MBR else None
    parts = {each.number: each.start * table.sector // _UNIT for each in table.parts}
    _remove(disk, parts, block, logical)
    for part in sorted(table.parts, key=lambda each: each.start):
        if not (part.kind in MBR_EXTENDED and table.form is Form.MBR):
            _have(disk, table, part, block)
    for part in table.parts:
        _wait(Path("/dev") / kernel_name(f"/dev/{disk.name}", part.number))


def forget_partitions(disk: Disk, sys: Path) -> None:
    """Have the kernel know no partition of a disk that has none any more."""
    if disk.name:
        disk.reread_table()
        _remove(disk, {}, sys / "class/block" / disk.name, None)


def _remove(disk: Disk, parts: Mapping[int, int], block: Path, logical: int | None) -> None:
    """What the kernel has and the table has not, or elsewhere: it would be in the way of others.

    Numbers above `logical` are looked at only where the table has them.
    """
    for name in names(block):
        has = number(block / name / "partition")
        if has is None or (logical and has > logical and has not in parts):
            continue
        if parts.get(has) != number(block / name / "start"):
            with contextlib.suppress(OSError):
                _call(disk, _DELETE, has, 0, 0)


def _have(disk: Disk, table: Table, part: Part, block: Path) -> None:
    """One partition in the kernel as it is in the table."""
    own = block / kernel_name(f"/dev/{disk.name}", part.number)
    start, size = part.start * table.sector, part.count * table.sector
    there = number(own / "start"), number(own / "size")
    if there == (start // _UNIT, size // _UNIT):
        return
    try:
        if there[0] == start // _UNIT:
            _call(disk, _RESIZE, part.number, start, size)
            return
        if there[0] is not None:
            _call(disk, _DELETE, part.number, 0, 0)
        _call(disk, _ADD, part.number, start, size)
    except OSError as error:
        raise ActionFailed(
            f"the kernel does not take partition {part.number} of {disk.path}: {error.strerror};"
            " after a reboot it is there"
        ) from error


def _call(disk: Disk, what: int, part: int, start: int, size: int) -> None:
    content = ctypes.create_string_buffer(_PARTITION.pack(start, size, part, b"", b""))
    said = _CALL.pack(what, 0, _PARTITION.size, ctypes.addressof(content))
    once_free(lambda: disk.control(_BLKPG, said), _BUSY)


def _wait(path: Path) -> None:
    """The kernel makes nodes by itself, but not within the same call."""
    for _ in range(_TRIES):
        if path.is_block_device():
            return
        time.sleep(_PAUSE)
    raise ActionFailed(f"{path} does not appear, though the kernel has the partition")
