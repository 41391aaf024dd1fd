"""The freeze: whether any disk may be armed or written at all."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from boots.store import changes
from boots.store.schema import freezes
from boots.store.upsert import upsert


class Freeze(NamedTuple):
    """Whether all writing is stopped; why, by whom, and since when."""

    frozen: bool = False
    why: str = ""
    by: str = ""
    at: float = 0.0

    @property
    def reason(self) -> str:
        """Why nothing may be written, for people."""
        said = f": {self.why}" if self.why else ""
        return f"all writing of disks is frozen by {self.by}{said}"


def read(connection: Connection) -> Freeze:
    """How it is."""
    found = connection.execute(
        select(freezes.c.frozen, freezes.c.why, freezes.c.given_by, freezes.c.given_at)
    ).first()
    return Freeze(bool(found[0]), *found[1:]) if found else Freeze()


def give(connection: Connection, freeze: Freeze, *, server: str) -> None:
    """Have it so."""
    changes.in_order(connection)
    row = {
        "id": 1,
        "frozen": int(freeze.frozen),
        "why": freeze.why,
        "given_by": freeze.by,
        "given_at": freeze.at,
    }
    upsert(connection, freezes, [row])
    changes.tell(connection, server, changes.FREEZE, "", freeze.at)
