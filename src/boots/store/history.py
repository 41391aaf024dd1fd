"""What happened: events and boots, as they were written."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import JSON, Connection, Select, and_, cast, delete, func, literal, or_, select

from boots.store import changes
from boots.store.among import may_fit
from boots.store.engine import is_postgres
from boots.store.schema import boots, events
from boots.store.upsert import upsert
from boots.timeline.words import Boot

_encode = msgspec.json.Encoder().encode
_LISTED = 500  # MACs
_boot = msgspec.json.Decoder(Boot).decode


class Happened(NamedTuple):
    """An event to be written, or as it was; its number is 0 before.

    `machine` is whose it was by the records of then.
    """

    at: float
    mac: str
    kind: str
    body: str
    server: str
    id: int = 0
    machine: str = ""


_READ = (
    *(events.c.at, events.c.mac, events.c.kind, events.c.body, events.c.server),
    *(events.c.id, events.c.machine),
)


def write_events(connection: Connection, rows: list[Happened]) -> None:
    """Write events, numbered in this order."""
    changes.in_order(connection)
    # The driver's own form: of thousands in a second the rest would take the server's time.
    mark = "%s" if is_postgres(connection) else "?"
    connection.exec_driver_sql(
        "INSERT INTO events (at, mac, kind, body, server, machine)"  # noqa: S608
        f" VALUES ({', '.join([mark] * 6)})",
        [(*row[:5], row.machine) for row in rows],
    )
    changes.wake(connection)


def read_events(
    connection: Connection,
    *,
    macs: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    since: float = 0.0,
    until: float = 0.0,
    after: int = 0,
    before: int = 0,
    latest: bool = False,
    limit: int = 200,
    among: tuple[str, ...] = (),
) -> list[Happened]:
    """Events in their order; with `latest` the last ones of those that match.

    With `among` those of machines that `may_fit` one of these patterns.
    """
    wanted = select(*_READ).limit(limit)
    if len(macs) > _LISTED:
        wanted = wanted.where(events.c.mac.in_(_listed(connection, macs)))
    elif macs:
        wanted = wanted.where(events.c.mac.in_(macs))
    if among:
        wanted = wanted.where(may_fit(events.c.machine, among))
    if kinds:
        # Of a machine there are few, and many of a kind: its MAC's index must be the one.
        kind = events.c.kind.concat("") if macs else events.c.kind
        wanted = wanted.where(kind.in_(kinds))
    if since:
        wanted = wanted.where(events.c.at >= since)
    if until:
        wanted = wanted.where(events.c.at <= until)
    if after:
        wanted = wanted.where(events.c.id > after)
    if before:
        wanted = wanted.where(events.c.id < before)
    order = events.c.id.desc() if latest else events.c.id
    found = [Happened(*row) for row in connection.execute(wanted.order_by(order))]
    return found[::-1] if latest else found


def _listed(connection: Connection, values: tuple[str, ...]) -> Select[Any]:
    """As many as one likes, in one parameter: statements have room for some thousands."""
    text = literal(_encode(values).decode())
    if is_postgres(connection):
        found = func.json_array_elements_text(cast(text, JSON)).table_valued("value")
    else:
        found = func.json_each(text).table_valued("value")
    return select(found.c.value)


def last_event(connection: Connection) -> int:
    """The number of the last event."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def read_on(
    connection: Connection,
    *,
    macs: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    after: int,
    limit: int,
) -> tuple[list[Happened], int]:
    """Events after a number, and the number after which to go on: there is nothing in between."""
    newest = last_event(connection)
    if newest <= after:
        return [], after
    found = read_events(connection, macs=macs, kinds=kinds, after=after, limit=limit)
    if len(found) == limit:
        return found, found[-1].id
    return found, max(newest, found[-1].id) if found else newest


def of_others(connection: Connection, server: str, after: int, limit: int) -> list[Happened]:
    """What other servers wrote after a number."""
    found = connection.execute(
        select(*_READ)
        .where(events.c.id > after, events.c.server != server)
        .order_by(events.c.id)
        .limit(limit)
    )
    return [Happened(*row) for row in found]


def write_boots(connection: Connection, changed: list[Boot]) -> None:
    """Write boots as they are now."""
    upsert(
        connection,
        boots,
        [
            {
                "id": boot.id,
                "mac": boot.mac,
                "machine": boot.machine,
                "started_at": boot.started,
                "state": boot.state.value,
                "body": _encode(boot).decode(),
            }
            for boot in changed
        ],
    )


def read_boots(
    connection: Connection,
    *,
    macs: tuple[str, ...] = (),
    state: str = "",
    before: tuple[float, str] | None = None,
    limit: int = 50,
    among: tuple[str, ...] = (),
) -> list[Boot]:
    """Boots, the latest first; `before` is the moment and the id of the last one that was read.

    With `among` those of machines that `may_fit` one of these patterns, or had no name then.
    """
    wanted: Select[Any] = select(boots.c.body)
    if macs:
        wanted = wanted.where(boots.c.mac.in_(macs))
    if state:
        wanted = wanted.where(boots.c.state == state)
    if among:
        wanted = wanted.where(or_(boots.c.machine == "", may_fit(boots.c.machine, among)))
    if before is not None:
        at, identity = before
        wanted = wanted.where(
            or_(
                boots.c.started_at < at,
                and_(boots.c.started_at == at, boots.c.id < identity),
            )
        )
    wanted = wanted.order_by(boots.c.started_at.desc(), boots.c.id.desc()).limit(limit)
    return [_boot(body) for (body,) in connection.execute(wanted)]


def read_boot(connection: Connection, identity: str) -> Boot | None:
    """One boot."""
    body = connection.execute(select(boots.c.body).where(boots.c.id == identity)).scalar()
    return _boot(body) if body else None


def latest_boots(connection: Connection, limit: int) -> list[Boot]:
    """The last boot of each MAC, of the machines that were heard of last."""
    last = (
        select(boots.c.mac, func.max(boots.c.started_at).label("started_at"))
        .group_by(boots.c.mac)
        .order_by(func.max(boots.c.started_at).desc())
        .limit(limit)
        .subquery()
    )
    found = connection.execute(
        select(boots.c.body).join(
            last, and_(boots.c.mac == last.c.mac, boots.c.started_at == last.c.started_at)
        )
    )
    return [_boot(body) for (body,) in found]


def forget(connection: Connection, *, before: float, most: int, portion: int) -> int:
    """Drop old events and boots, at most so many events; how many events went."""
    newest = last_event(connection)
    # One after the other: each has its index, and both in one question would have none.
    too_many = events.c.id <= newest - most, events.c.id
    too_old = events.c.at < before, events.c.at
    gone = 0
    for condition, order in (too_many, too_old):
        old = select(events.c.id).where(condition).order_by(order).limit(portion - gone)
        done = connection.execute(delete(events).where(events.c.id.in_(old.scalar_subquery())))
        gone += done.rowcount
    connection.execute(delete(boots).where(boots.c.started_at < before))
    return gone
