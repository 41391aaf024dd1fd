"""``rootio``: disks as the machine's record says, one command at a time.

Each command does all that it says, or fails; what it would need and has not is told first.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from boots_agent import __version__
from boots_agent.actions import stacked
from boots_agent.actions.below import permitted
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import make_file_system, maker_of
from boots_agent.actions.mounts import mounted
from boots_agent.actions.partition import planned, put
from boots_agent.actions.places import existing
from boots_agent.actions.rereading import forget_partitions
from boots_agent.actions.storage import DiskWish, Storage, read_storage
from boots_agent.actions.writing import disk_to_write, told
from boots_agent.images.disk import Disk, begin
from boots_agent.images.feeds import read_exactly
from boots_agent.images.reading import open_feed
from boots_agent.images.words import MIB
from boots_agent.images.writer import THIS_MACHINE
from boots_agent.tables import reading
from boots_agent.tables.words import Form, Table, TableError

_WIPED = 1024 * MIB
_MOST_SAID = 4 * MIB


def command(context: Context) -> None:
    """Do what the command says.

    Raises:
        ActionFailed: It could not be done, all of it.
    """
    word = context.command[0] if context.command else ""
    if word not in _COMMANDS:
        raise ActionFailed(f"rootio has no command {word!r}; there are {', '.join(_COMMANDS)}")
    _COMMANDS[word](context)


def _version(context: Context) -> None:
    context.say(f"rootio of OSIE's agent {__version__}")


# --- what is wanted


def _wanted(context: Context) -> Storage:
    uefi = (context.root / "sys/firmware/efi").is_dir()
    return read_storage(_storage_in(_said(context)), uefi=uefi)


def _said(context: Context) -> Any:
    """The record, or what stands in for it."""
    text = context.environment.get("TEST", "")
    place = context.environment.get("JSON_FILE", "")
    if not text and not place:
        return context.machine.get("storage")
    try:
        return json.loads(text or _fetched(place))
    except ValueError as error:
        raise ActionFailed(f"{'TEST' if text else place} is no JSON: {error}") from error


def _fetched(place: str) -> bytes:
    with told():
        feed = open_feed(place, THIS_MACHINE.net(), proved=False)
        try:
            if feed.size is None or feed.size > _MOST_SAID:
                raise ActionFailed(f"{place} is no record: it has {feed.size} bytes")
            return read_exactly(feed, feed.size)
        finally:
            feed.close()


def _storage_in(said: Any) -> Any:
    """The storage in metadata, in an instance, or by itself."""
    for key in ("metadata", "instance", "storage"):
        if isinstance(said, Mapping) and key in said:
            said = said[key]
    return said


# --- disks


def _wipe(context: Context) -> None:
    """The first GiB and the end of every disk, and all that the kernel knows of its partitions."""
    for each in _wanted(context).disks:
        with disk_to_write(context, each.device) as (disk, armed):
            _empty(context, disk, armed.run)
    context.refresh()


def _empty(context: Context, disk: Disk, run: str) -> None:
    begin(disk, run)
    disk.zero(MIB, min(_WIPED, disk.size) - MIB)
    disk.zero(0, MIB)
    disk.sync()
    forget_partitions(disk, context.root / "sys")
    context.say(f"{disk.path}: the first {min(_WIPED, disk.size) // MIB} MiB and its end are empty")


def _partition(context: Context) -> None:
    wanted = _wanted(context)
    stacked.need(context, wanted)
    form = Form.MBR if context.flag("MBR") else Form.GPT
    for each in wanted.disks:
        if each.partitions:
            _divide(context, each, form)
    stacked.build(context, wanted)
    context.refresh()


def _divide(context: Context, wanted: DiskWish, form: Form) -> None:
    with disk_to_write(context, wanted.device) as (disk, armed), told():
        table = planned(disk, wanted.partitions, form)
        old = _table_of(disk)
        if old is not None and old.parts and wanted.wipe is False:
            raise ActionFailed(
                f"{wanted.device} has partitions, and the record says wipe_table: false;"
                " with true, or with nothing, they are replaced"
            )
        if wanted.wipe:
            _empty(context, disk, armed.run)
        put(context, disk, table, armed.run)


def _table_of(disk: Disk) -> Table | None:
    try:
        return reading.table_of(disk.look, disk.sector, disk.size)
    except TableError:
        return None  # a broken one keeps nothing


# --- file systems


def _format(context: Context) -> None:
    wanted = _wanted(context)
    if not wanted.file_systems:
        raise ActionFailed("the record names no filesystems to make")
    for each in wanted.file_systems:
        maker_of(each.kind, each.options)
    stacked.start(context, wanted)
    devices = [existing(each.device) for each in wanted.file_systems]
    for device in devices:
        permitted(context, device)
    for device, each in zip(devices, wanted.file_systems, strict=True):
        make_file_system(context, device, each.kind, options=each.options)
    context.refresh()


def _mount(context: Context) -> None:
    """Mounted as the system will have them, to see that it can; nothing outlasts an action."""
    wanted = _wanted(context)
    systems = [each for each in wanted.file_systems if each.point.startswith("/")]
    systems.sort(key=lambda each: each.point.count("/") if each.point != "/" else 0)
    with stacked.shown(context, wanted):
        for each in systems:
            with mounted(context, existing(each.device), each.kind):
                context.say(f"{each.device}: {each.kind}, for {each.point}")


_COMMANDS: Mapping[str, Callable[[Context], None]] = {
    "wipe": _wipe,
    "partition": _partition,
    "format": _format,
    "mount": _mount,
    "version": _version,
}
