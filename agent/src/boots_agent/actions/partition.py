"""``partition``: a new partition table, and the partitions in the kernel."""

import os
import uuid

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import make_file_system, maker_of
from boots_agent.actions.places import node
from boots_agent.actions.rereading import reread
from boots_agent.actions.writing import clear, disk_to_write, put_table, told
from boots_agent.images.disk import Disk, begin
from boots_agent.tables import reading
from boots_agent.tables.layout import Wanted, arrange, read_layout
from boots_agent.tables.words import MIB, Form, Table


def make(context: Context) -> None:
    """Make it, with the file systems that the layout names.

    Raises:
        ActionFailed: The layout makes no sense or does not fit, or the disk fails.
    """
    path = context.required("DEST_DISK")
    form = form_of(context.environment.get("TABLE") or "gpt")
    with told():
        wanted = read_layout(context.required("LAYOUT"))
    for each in wanted:
        if each.file_system:
            maker_of(each.file_system)
    with disk_to_write(context, path) as (disk, armed):
        table = planned(disk, wanted, form)
        put(context, disk, table, armed.run)
    for number, each in enumerate(wanted, 1):
        if each.file_system:
            make_file_system(context, node(path, number), each.file_system, label_of(each))
    context.refresh()


def form_of(word: str) -> Form:
    """The table that somebody means.

    Raises:
        ActionFailed: There is none of that name.
    """
    for form in Form:
        if word.lower() in {form.value, "dos" if form is Form.MBR else ""}:
            return form
    raise ActionFailed(f"TABLE {word!r} is not known; write gpt or mbr")


def label_of(wanted: Wanted) -> str:
    """The name of a partition, as far as its file system has room for it."""
    return wanted.name[: maker_of(wanted.file_system).longest]


def planned(disk: Disk, wanted: tuple[Wanted, ...], form: Form) -> Table:
    """The table that is to be, with nothing written yet.

    Raises:
        TableError: It does not fit the disk.
    """
    empty = reading.empty(form, disk.sector, disk.size, str(uuid.uuid4()))
    return arrange(empty, wanted, lambda: str(uuid.uuid4()), os.uname().machine)


def put(context: Context, disk: Disk, table: Table, run: str) -> None:
    """Everything old away, the new table in its place, and in the kernel.

    Raises:
        DiskFailed: The disk does not take it.
        ActionFailed: The kernel does not.
    """
    pieces = reading.written(table)
    begin(disk, run)
    for part in table.parts:
        clear(disk, part.start * table.sector, part.count * table.sector)
        size = part.count * table.sector / MIB
        context.say(f"partition {part.number} {part.name}: {size:.0f} MiB, type {part.kind}")
    put_table(disk, pieces)
    reread(disk, table, context.root / "sys")
