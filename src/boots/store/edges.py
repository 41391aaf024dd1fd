"""The ends of disks as they stood before a run wrote them: what an undo puts back."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from boots.store.schema import edges

MOST = 4
"""Edges of a disk that are kept: the last ones, some 2 MiB each where they do not pack."""


class Line(NamedTuple):
    """What is known of them, without what they hold."""

    id: int
    run: str
    machine: str
    serial: str
    path: str
    size: int
    holds: str
    at: float


_COLUMNS = tuple(edges.c[name] for name in Line._fields)


def keep(connection: Connection, line: Line, body: bytes) -> bool:
    """Keep the ends of a disk; whether this run had none of it before, which else stay."""
    there = connection.execute(
        select(edges.c.id).where(edges.c.run == line.run, edges.c.serial == line.serial)
    ).first()
    if there is not None:
        return False
    values = line._asdict()
    del values["id"]
    connection.execute(insert(edges).values(**values, wrote="", body=body))
    same = (edges.c.machine == line.machine) & (edges.c.serial == line.serial)
    beyond = select(edges.c.id).where(same).order_by(edges.c.id.desc()).offset(MOST).limit(1)
    last = connection.execute(beyond).scalar()
    if last is not None:
        connection.execute(delete(edges).where(same, edges.c.id <= last))
    return True


def note_written(connection: Connection, machine: str, serial: str, guid: str) -> None:
    """Know by which partition table a disk of a machine is one that a run of ours wrote.

    It stands beside the last ends of that disk: a run that takes up another keeps none of its own.
    """
    same = (edges.c.machine == machine) & (edges.c.serial == serial)
    last = select(func.max(edges.c.id)).where(same).scalar_subquery()
    connection.execute(update(edges).where(edges.c.id == last).values(wrote=guid))


def known(connection: Connection, machine: str) -> dict[str, list[str]]:
    """The GUIDs of partition tables that runs wrote on a machine's disks, by serial number."""
    wrote = edges.c.machine == machine, edges.c.wrote != ""
    found: dict[str, list[str]] = {}
    for serial, guid in connection.execute(
        select(edges.c.serial, edges.c.wrote).where(*wrote).distinct().order_by(edges.c.wrote)
    ):
        found.setdefault(serial, []).append(guid)
    return found


def last_runs(connection: Connection, machine: str) -> dict[str, str]:
    """The run that had each disk of a machine last, by serial number."""
    found = connection.execute(
        select(edges.c.serial, edges.c.run).where(edges.c.machine == machine).order_by(edges.c.id)
    )
    return {row.serial: row.run for row in found}


def of_machine(connection: Connection, machine: str) -> list[Line]:
    """Those of a machine, the latest first."""
    found = connection.execute(
        select(*_COLUMNS).where(edges.c.machine == machine).order_by(edges.c.id.desc())
    )
    return [Line(*row) for row in found]


def one(connection: Connection, number: int) -> tuple[Line, bytes] | None:
    """One of them, and what it holds."""
    found = connection.execute(select(*_COLUMNS, edges.c.body).where(edges.c.id == number)).first()
    return (Line(*found[:-1]), bytes(found[-1])) if found else None
