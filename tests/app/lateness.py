"""How long operators hold up the answers: `python -m tests.app.lateness [MACHINES]`.

A server's desk with many machines and boots behind a real listener is asked by each route and
page in turn, while something in the same loop wants a turn each millisecond, as packets do.  What
is counted of each delay is the CPU that this process used in it: what other processes took of a
shared machine is not our fault, but threads of ours that hold the interpreter are.
"""

import asyncio
import contextlib
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from tests.app.desks import Office, offer, stranger

from boots.api.listener import Listener
from boots.app.process import share_the_interpreter
from boots.client.words import NewOrder
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.model.order import Netboot
from boots.web.pages import OperatorPages

MACHINES, TIMES = 10_000, 3
TURN = 0.001  # seconds between two turns
WATCHED = 0.5  # seconds that a stream is read for


def mac_of(number: int) -> str:
    digits = f"{number:06x}"
    return f"52:54:00:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def records(count: int) -> str:
    lines = ["machines:"]
    for number in range(count):
        address = IPv4Address("10.1.0.0") + number
        lines.append(
            f"- {{name: rack-{number:05}, mac: '{mac_of(number)}', address: {address}/8,"
            " profile: osie}"
        )
    return "\n".join(lines)


def boot_of(mac: str) -> list[AnyEvent]:
    """What half a boot tells."""
    ack = events.AckSent(
        mac=mac,
        interface="lan0",
        address="10.0.0.1",
        program="PXE ROM",
        architecture="bios",
        boot_file="tftp://192.168.1.1/undionly.kpxe",
        why="bios loads undionly.kpxe over TFTP",
    )
    script = events.ScriptServed(mac=mac, peer="", door="http", profile="osie", script="#!ipxe\n")
    return [offer(mac), ack, script]


class Lateness:
    """Wants a turn each millisecond, and keeps how late the latest one came."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        while True:
            wall, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(TURN)
            late = time.perf_counter() - wall - TURN
            self.worst = max(self.worst, min(late, time.process_time() - used))


@asynccontextmanager
async def measured(office: Office) -> AsyncIterator[tuple[Lateness, int]]:
    """A listener before the desk of an office, and what measures; the port it answers at."""
    sock = socket.create_server(("127.0.0.1", 0))
    listener = Listener(sock, office.desk, lambda _: None, pages=OperatorPages(office.desk))
    await listener.open()
    lateness = Lateness()
    ticking = asyncio.create_task(lateness.run())
    try:
        yield lateness, sock.getsockname()[1]
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await listener.close()


async def get(port: int, path: str) -> None:
    """Ask one thing; a stream is read for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    status = await reader.readline()
    assert b" 200 " in status, (path, status, await reader.read(2000))
    goes_on = "stream" in path or "live" in path
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WATCHED if goes_on else 60):
            while await reader.read(1 << 16):
                pass
    writer.close()


MACHINE = "rack-00042"
PATHS = (
    "/v1/health",
    "/v1/machines?limit=1000",
    "/v1/machines?q=00:00:2",
    "/v1/machines?state=running&limit=1000",
    "/v1/machines?state=unseen",
    f"/v1/machines/{MACHINE}",
    f"/v1/machines/{MACHINE}/explain",
    f"/v1/machines/{MACHINE}/packets",
    "/v1/boots?limit=1000",
    f"/v1/machines/{MACHINE}/boots",
    "/v1/events?limit=1000",
    "/v1/events?latest=true&limit=1000",
    "/v1/discovered",
    "/v1/foreign",
    "/v1/leases",
    "/v1/profiles",
    "/v1/openapi.json",
    "/v1/machines/stream",
    "/v1/events/stream?after=0",
    "/",
    f"/machines/{MACHINE}",
    "/boots",
    "/events",
    "/discovered",
    "/network",
    "/profiles",
    "/live/fleet",
    f"/live/machines/{MACHINE}",
)

Ask = Callable[[], Awaitable[object]]


def inner(office: Office) -> dict[str, Ask]:
    """What goes on by itself, or is ordered."""

    async def look() -> None:
        office.history.look()

    async def sightings() -> None:
        office.history._sighted = 0.0
        office.history._write_sightings()

    async def order() -> None:
        await office.desk.order(MACHINE, NewOrder(netboot=Netboot.ON), "ann")

    async def create() -> None:
        number = int(time.monotonic() * 1e6) & 0xFFFF
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        await office.desk.create({"name": f"made-{number}", "mac": mac}, "ann")

    async def storm() -> None:
        now = time.time()
        for first in range(0, 400, 80):
            told = [
                Entry(now, each) for n in range(first, first + 80) for each in boot_of(mac_of(n))
            ]
            office.orders.write(told)
            office.history.write(told)
            await office.history._look_through(tick=True)

    return {
        "a look at what changed": look,
        "sightings are written": sightings,
        "an order": order,
        "a record is made": create,
        "the copy is written": office.keeping.copy,
        "all is read anew": office.keeping.load,
        "a storm of boots": storm,
    }


async def lateness_of(lateness: Lateness, ask: Ask) -> float:
    """The least of some worst delays, in milliseconds."""
    found = []
    for _ in range(TIMES):
        await asyncio.sleep(0.02)
        lateness.worst = 0.0
        await ask()
        await asyncio.sleep(0.01)
        found.append(lateness.worst)
    return min(found) * 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked, and the milliseconds that it held everything up for."""

    what: str
    late: float


async def measure(folder: Path, machines: int) -> list[Found]:
    """All of it, the worst first."""
    office = Office(folder, records(machines))
    await office.keeping.open()
    office.writer.start()
    office.now = time.time()
    for number in range(machines // 2):
        office.history.write([Entry(office.now, each) for each in boot_of(mac_of(number))])
        strange = f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"
        office.history.write([Entry(office.now, stranger(strange))])
    while office.history.timelines.waiting:
        office.history.look(tick=False)
    await office.written()
    share_the_interpreter()
    found = []
    async with measured(office) as (lateness, port):
        asked: dict[str, Ask] = {path: partial(get, port, path) for path in PATHS}
        await get(port, "/v1/health")
        for what, ask in {**asked, **inner(office)}.items():
            found.append(Found(what, await lateness_of(lateness, ask)))
    office.writer.close()
    office.keeping.close()
    return sorted(found, key=lambda each: -each.late)


def main(arguments: Sequence[str]) -> None:
    machines = int(arguments[0]) if arguments else MACHINES
    with tempfile.TemporaryDirectory() as folder:
        for each in asyncio.run(measure(Path(folder), machines)):
            print(f"{each.late:8.1f} ms  {each.what}")


if __name__ == "__main__":
    main(sys.argv[1:])
