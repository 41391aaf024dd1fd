"""What agents said in proof that disks were erased.  It outlasts the runs that did it."""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from boots.store.schema import certificates


class Line(NamedTuple):
    """One certificate: of which action of which run, which disk, and its JSON as it was said."""

    run: str
    step: int
    attempt: int
    machine: str
    serial: str
    at: float
    body: str


_COLUMNS = tuple(certificates.c[name] for name in Line._fields)


def keep(connection: Connection, line: Line) -> None:
    """Keep one; what an action said first stays."""
    same = [getattr(certificates.c, name) == getattr(line, name) for name in Line._fields[:3]]
    if connection.execute(select(certificates.c.run).where(*same)).first() is None:
        connection.execute(insert(certificates).values(**line._asdict()))


def of_run(connection: Connection, run: str) -> list[Line]:
    """Those of a run, in the order of its actions."""
    found = connection.execute(
        select(*_COLUMNS)
        .where(certificates.c.run == run)
        .order_by(certificates.c.step, certificates.c.attempt)
    )
    return [Line(*row) for row in found]
