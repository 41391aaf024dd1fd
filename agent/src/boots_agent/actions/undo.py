"""``undo``: the ends of a disk as they were before an action first wrote it.

What lay between was lost as far as it was written over; partitions whose content was not are there
again.
"""

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.rereading import forget_partitions, reread
from boots_agent.actions.writing import disk_to_write
from boots_agent.images.disk import Disk
from boots_agent.images.edges import Edges
from boots_agent.images.words import MIB
from boots_agent.tables import reading
from boots_agent.tables.words import TableError


def put_back(context: Context) -> None:
    """Put the first and last MiB back.

    Raises:
        ActionFailed: They are another disk's, or this one fails.
    """
    number = context.required("EDGES")
    if not number.isdecimal():
        raise ActionFailed(f"EDGES {number!r} is no number: the plan and the run's log say it")
    path = context.required("DEST_DISK")
    content = context.edges(int(number))
    with disk_to_write(context, path) as (disk, _):
        edges = _edges(disk, content)
        edges.put(disk)
        _tell(context, disk)
    context.refresh()


def _edges(disk: Disk, content: bytes) -> Edges:
    edges = Edges(disk.size)
    first, last = len(edges.head), len(edges.tail)
    if len(content) != first + last:
        raise ActionFailed(
            f"{disk.path}: the ends that are kept have {len(content)} bytes,"
            f" and of this disk they would have {first + last}"
        )
    edges.head[:] = content[:first]
    edges.tail[:] = content[first:]
    return edges


def _tell(context: Context, disk: Disk) -> None:
    """Have the kernel look, and say what is there again."""
    sys = context.root / "sys"
    try:
        table = reading.table_of(disk.look, disk.sector, disk.size)
    except TableError as error:
        forget_partitions(disk, sys)
        context.say(f"{disk.path} is as it was; its partition table is of no use: {error}")
        return
    if table is None:
        forget_partitions(disk, sys)
        context.say(f"{disk.path} is as it was: it had no partition table")
        return
    reread(disk, table, sys)
    for part in table.parts:
        size = part.count * table.sector / MIB
        context.say(f"there again: partition {part.number} {part.name}, {size:.0f} MiB")
