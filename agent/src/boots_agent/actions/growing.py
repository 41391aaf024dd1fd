"""A disk's table after an image has been written, and partitions that get the rest of the disk."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boots_agent import kernel
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import FULL, Missing, run
from boots_agent.actions.mounts import leave
from boots_agent.actions.online import ONLINE
from boots_agent.actions.places import node, seen_by_lvm
from boots_agent.actions.rereading import reread
from boots_agent.actions.writing import own, put_table, told, writing
from boots_agent.images.armed import Armed
from boots_agent.images.disk import Disk
from boots_agent.images.signatures import sign_of
from boots_agent.images.target import open_source
from boots_agent.tables import reading
from boots_agent.tables.growing import grown, last_of, moved
from boots_agent.tables.words import MIB, Table, TableError

AUTO = "auto"


def wanted(which: str) -> str:
    """What ``GROW_PARTITION`` says, before anything is written.

    Raises:
        ActionFailed: It is neither ``auto`` nor a number.
    """
    if which and which != AUTO and not which.isdecimal():
        raise ActionFailed(f"GROW_PARTITION {which!r}: write auto, or the number of a partition")
    return which


def after_image(context: Context, path: str, armed: Armed, which: str = "") -> None:
    """What an image on a larger disk lacks: its spare GPT at the end, and a partition that grows.

    Args:
        context: Of the action that has written the image.
        path: The disk.
        armed: What allowed it to be written.
        which: ``auto`` for the partition that lies last, a number, or nothing for none.

    Raises:
        ActionFailed: The partition cannot grow, or the disk fails.
    """
    with told(), writing(context, path, own(armed)) as disk:
        number = _table(context, disk, which)
    if number is not None:
        try:
            grow_file_system(context, node(path, number))
        except Missing as error:  # the system's own first start does it, as cloud-init
            context.say(f"{error}: the partition is larger, and its file system as it was")
    context.refresh()


def grow(context: Context, path: str, armed: Armed, number: int) -> None:
    """Give one partition all that is free behind it, and its file system, too.

    Raises:
        ActionFailed: It cannot grow, or the disk fails.
    """
    with told(), writing(context, path, armed) as disk:
        _table(context, disk, str(number))
    grow_file_system(context, node(path, number))


def _table(context: Context, disk: Disk, which: str) -> int | None:
    """The table made for this disk; the number of the partition that was to grow."""
    table = _readable(context, disk, needed=bool(which))
    if table is None:
        return None
    after, number = moved(table), None
    if which:
        number = last_of(table).number if which == AUTO else int(which)
        after = grown(after, number)
        before, now = table.part(number), after.part(number)
        size = [each.count * table.sector / MIB for each in (before, now)]
        context.say(f"partition {number}: {size[0]:.0f} MiB, now {size[1]:.0f} MiB")
    pieces = reading.written(after, disk.look(0, disk.sector))
    if any(disk.look(offset, len(content)) != content for offset, content in pieces):
        put_table(disk, pieces)
    reread(disk, after, context.root / "sys")
    return number if disk.name else None  # a file has none that could be opened


def _readable(context: Context, disk: Disk, *, needed: bool) -> Table | None:
    try:
        found = reading.table_of(disk.look, disk.sector, disk.size)
    except TableError as error:
        if needed:
            raise
        context.say(f"the partition table stays as it is in the image: {error}")
        return None
    if found is None and needed:
        raise TableError(f"{disk.path} has no partition table, so nothing can grow")
    return found


# --- file systems


def grow_file_system(context: Context, device: str) -> None:
    """Give a file system all of its partition, which may be written.

    Raises:
        ActionFailed: Its program fails or is not there.
    """
    kind = held_by(device)
    if kind.startswith("ext"):
        # 1 says that it has mended something, which is what it was asked for.
        run(context, ["e2fsck", "-f", "-p", device], good=(0, 1))
        run(context, ["resize2fs", device])
    elif kind in ONLINE:
        with _mounted(context, device, kind.lower()) as place:
            try:
                ONLINE[kind](device, place)
            except OSError as error:
                raise ActionFailed(f"{device} does not grow: {error.strerror}") from error
        context.say(f"{device}: {kind} has all of it now")
    elif kind == "LVM":
        # It writes to all of its group: a group that is on other disks, too, is left as it is.
        run(context, ["pvresize", seen_by_lvm([device]), device], FULL)
    else:
        context.say(f"{device} holds {kind or 'no file system'}, which does not grow: as it was")


def held_by(device: str) -> str:
    """What a partition holds, in the words of `signatures`."""
    with told(), _open(device) as disk:
        return sign_of(disk.look, disk.size)


@contextmanager
def _mounted(context: Context, device: str, kind: str) -> Iterator[Path]:
    """These grow while they are mounted; their disk is armed by now."""
    place = context.mounts / Path(device).name
    place.mkdir(parents=True, exist_ok=True)
    try:
        kernel.mount(device, str(place), kind, kernel.NODEV | kernel.NOSUID | kernel.NOEXEC)
    except OSError as error:
        if error.errno == errno.ENODEV:
            raise Missing(f"OSIE's kernel knows no file system {kind}") from error
        raise ActionFailed(f"{device} cannot be mounted as {kind}: {error.strerror}") from error
    try:
        yield place
    finally:
        leave(place)


@contextmanager
def _open(device: str) -> Iterator[Disk]:
    disk = open_source(os.path.realpath(device))
    try:
        yield disk
    finally:
        disk.close()
