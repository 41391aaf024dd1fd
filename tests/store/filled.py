"""A store as it is after a long time: many machines, their boots, and very many events."""

import random
from collections.abc import Iterator
from ipaddress import IPv4Address

import msgspec
from sqlalchemy import Connection, Engine

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.store.engine import is_postgres, transaction
from boots.store.history import write_boots
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot, State

SPAN = 20 * 86_400.0  # seconds that the history covers
STATES = (State.DONE,) * 94 + (State.RUNNING,) * 3 + (State.STUCK, State.FAILED, State.HELD)


def name(number: int) -> str:
    """What a machine is called."""
    return f"node-{number:05d}"


def mac(number: int) -> str:
    """Its MAC, as the loads of `bench/` make them."""
    return (0x02B0_0000_0000 + number).to_bytes(6).hex(":")


def address(number: int) -> str:
    """Its address."""
    return str(IPv4Address("10.1.0.0") + number)


def records(machines: int) -> str:
    """The records of all of them."""
    lines = (
        f"  - {{name: {name(n)}, mac: '{mac(n)}', address: {address(n)}/16}}\n"
        for n in range(machines)
    )
    return "machines:\n" + "".join(lines)


def story(number: int, at: float) -> list[Entry]:
    """What is told of one boot, from its first DISCOVER to its agent."""
    who = {"mac": mac(number), "interface": "lan0", "address": address(number)}
    why = {"why": "its record has the address", "architecture": "bios"}
    rom = {**who, **why, "program": "PXE ROM", "boot_file": "undionly.kpxe"}
    script = f"http://192.168.70.1:8080/{mac(number)}/auto.ipxe"
    ipxe = {**who, **why, "program": "iPXE", "boot_file": script}
    system = {**who, **why, "program": "an operating system", "boot_file": ""}
    peer = {"mac": mac(number), "peer": f"{address(number)}:40000"}
    told: list[tuple[float, AnyEvent]] = [
        (0.0, events.OfferSent(**rom)),
        (0.1, events.AckSent(**rom)),
        *_fetched(0.3, "undionly.kpxe", "tftp", 80_000, peer),
        (3.0, events.OfferSent(**ipxe)),
        (3.1, events.AckSent(**ipxe)),
        (3.3, events.ScriptServed(**peer, door="http", profile="osie", script="#!ipxe\n" * 40)),
        *_fetched(3.5, "osie/vmlinuz-x86_64", "http", 8_000_000, peer),
        *_fetched(4.5, "osie/initramfs-x86_64", "http", 50_000_000, peer),
        (30.0, events.OfferSent(**system)),
        (30.1, events.AckSent(**system)),
        (33.0, events.InventoryReported(**peer, inventory={"system": {"uuid": "x"}}, next="disk")),
    ]
    return [Entry(at + after, event) for after, event in told]


def _fetched(
    at: float, file: str, door: str, size: int, peer: dict[str, str]
) -> list[tuple[float, AnyEvent]]:
    what = {**peer, "door": door, "name": file}
    return [
        (at, events.TransferStarted(**what, size=size)),
        (at + 0.9, events.TransferFinished(**what, size=size, seconds=0.9)),
    ]


def fill(engine: Engine, *, machines: int, count: int, boots_each: int, now: float) -> None:
    """Fill an empty store with events and boots, the latest a minute ago."""
    chance = random.Random(1)
    told = [
        (e.at, type(e.event).__name__, msgspec.json.encode(e.event).decode()) for e in story(1, 0)
    ]
    rows = _rows(told, machines, count, now, chance)
    with transaction(engine) as connection:
        if is_postgres(connection):
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        _write(connection, rows)
        write_boots(connection, list(_boots(machines, boots_each, now, chance)))
    with transaction(engine) as connection:
        if is_postgres(connection):
            connection.exec_driver_sql("ANALYZE")


def _rows(
    told: list[tuple[float, str, str]],
    machines: int,
    count: int,
    now: float,
    chance: random.Random,
) -> Iterator[tuple[float, str, str, str, str]]:
    """Events of boots that overlap, in their order."""
    first, first_address = mac(1), address(1)
    each = SPAN / count
    for at in range(count):
        number = chance.randrange(machines)
        _, kind, body = told[at % len(told)]
        own = body.replace(first, mac(number)).replace(first_address, address(number))
        yield now - 60 - SPAN + at * each, mac(number), kind, "server-0", own


def _write(connection: Connection, rows: Iterator[tuple[float, str, str, str, str]]) -> None:
    if is_postgres(connection):
        driver = connection.connection.driver_connection
        assert driver is not None
        with (
            driver.cursor() as cursor,
            cursor.copy("COPY events (at, mac, kind, server, body) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.executemany(
        "INSERT INTO events (at, mac, kind, server, body) VALUES (?, ?, ?, ?, ?)", rows
    )


def _boots(machines: int, each: int, now: float, chance: random.Random) -> Iterator[Boot]:
    timelines = Timelines(lambda _mac: name(1))
    (pattern,) = timelines.take(story(1, 1_000.0))
    for number in range(machines):
        for turn in range(each):
            began = now - 60 - chance.random() * SPAN
            yield _moved(pattern, number, began, chance.choice(STATES) if not turn else State.DONE)


def _moved(boot: Boot, number: int, began: float, state: State) -> Boot:
    """The same boot at another moment, of another machine."""
    replace, by = msgspec.structs.replace, began - boot.started
    steps = tuple(
        replace(step, began=step.began + by, ended=step.ended and step.ended + by)
        for step in boot.steps
    )
    return replace(
        boot,
        id=f"{mac(number).replace(':', '')}-{round(began * 1000)}",
        mac=mac(number),
        machine=name(number),
        address=address(number),
        started=began,
        heard=boot.heard + by,
        ended=boot.ended and boot.ended + by,
        state=state,
        steps=steps,
    )
