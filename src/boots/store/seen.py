"""What was seen on the network: inventories, strangers, other DHCP servers, leases."""

from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, delete, func, select

from boots.store.schema import inventories, leases, sightings
from boots.store.upsert import upsert
from boots.timeline.words import ForeignServer, Stranger

_KINDS: dict[type, str] = {Stranger: "stranger", ForeignServer: "foreign"}
_encode = msgspec.json.Encoder().encode

S = TypeVar("S", Stranger, ForeignServer)


class Inventory(NamedTuple):
    """What a machine is made of, as its agent told, and when."""

    mac: str
    at: float
    body: str


def write_inventories(connection: Connection, told: list[Inventory]) -> None:
    """Keep what was told last."""
    rows = [{"mac": each.mac, "told_at": each.at, "body": each.body} for each in told]
    upsert(connection, inventories, rows)


def read_inventories(
    connection: Connection, macs: list[str], largest: int = 0
) -> dict[str, Inventory]:
    """The inventories of these MACs; not those of more than `largest` characters, if that is given.

    Who tells of themselves may tell a MB, and many may.
    """
    wanted = select(inventories.c.mac, inventories.c.told_at, inventories.c.body).where(
        inventories.c.mac.in_(macs)
    )
    if largest:
        wanted = wanted.where(func.length(inventories.c.body) <= largest)
    return {row[0]: Inventory(*row) for row in connection.execute(wanted)}


def write_sightings(connection: Connection, seen: list[Stranger | ForeignServer]) -> None:
    """Keep who was heard."""
    rows: list[dict[str, Any]] = [
        {
            "kind": _KINDS[type(each)],
            "key": each.mac if isinstance(each, Stranger) else f"{each.server} {each.interface}",
            "last_at": each.last,
            "body": _encode(each).decode(),
        }
        for each in seen
    ]
    upsert(connection, sightings, rows)


def read_sightings(connection: Connection, kind: type[S], limit: int = 1000) -> list[S]:
    """Who was heard, the latest first."""
    found = connection.execute(
        select(sightings.c.body)
        .where(sightings.c.kind == _KINDS[kind])
        .order_by(sightings.c.last_at.desc())
        .limit(limit)
    )
    return [msgspec.json.decode(body, type=kind) for (body,) in found]


def forget_sightings(connection: Connection, before: float, most: int) -> None:
    """Drop who was not heard since, and of more than `most` those that were heard longest ago."""
    beyond = select(sightings.c.last_at).order_by(sightings.c.last_at.desc()).offset(most).limit(1)
    oldest = connection.execute(beyond).scalar()
    since = before if oldest is None else max(before, oldest)
    connection.execute(delete(sightings).where(sightings.c.last_at < since))


def forget_inventories(connection: Connection, most: int) -> None:
    """Of more than `most` drop those that were told longest ago."""
    beyond = (
        select(inventories.c.told_at).order_by(inventories.c.told_at.desc()).offset(most).limit(1)
    )
    oldest = connection.execute(beyond).scalar()
    if oldest is not None:
        connection.execute(delete(inventories).where(inventories.c.told_at <= oldest))


class Leased(NamedTuple):
    """A lease, as a server's file has it."""

    address: str
    mac: str
    since: float
    until: float
    released: bool


def write_leases(connection: Connection, told: list[Leased], server: str) -> None:
    """Show what a server's file says now."""
    upsert(
        connection,
        leases,
        [
            {
                "address": each.address,
                "mac": each.mac,
                "since_at": each.since,
                "until_at": each.until,
                "released": int(each.released),
                "server": server,
            }
            for each in told
        ],
    )


def read_leases(connection: Connection, now: float) -> list[Leased]:
    """Leases that hold, of all servers."""
    found = connection.execute(
        select(
            leases.c.address, leases.c.mac, leases.c.since_at, leases.c.until_at, leases.c.released
        ).where(leases.c.until_at > now, leases.c.released == 0)
    )
    return [Leased(*row[:4], bool(row[4])) for row in found]
