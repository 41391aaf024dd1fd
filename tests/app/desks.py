"""A desk over a real store, with records in a file and a clock of our own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.policy.made import site

from boots.app import world as worlds
from boots.app.answers import Answers
from boots.app.desk.desk import Desk
from boots.app.desk.house import House
from boots.app.history import History
from boots.app.keeping import Keeping
from boots.app.orders import Orders
from boots.app.runs.beginning import Limits
from boots.app.runs.running import Running
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.machines.files import Cache, load
from boots.model.mac import Mac, parse
from boots.model.machine import Known, Machine
from boots.model.order import Order
from boots.model.site import Site
from boots.serve.packets import Packets
from boots.store import engine as engines
from boots.store.store import Store
from boots.store.writer import Retention, Writer
from boots.timeline.fleet import Timelines

START = 1_800_000_000.0
KEY = b"the key of this server is this, "
FILE_MAC, OTHER_MAC, STRANGE_MAC = (f"52:54:00:00:00:0{n}" for n in (1, 2, 9))
RECORDS = f"""\
machines:
  - name: file-1
    mac: {FILE_MAC}
    address: 192.168.1.11/24
  - name: file-2
    mac: {OTHER_MAC}
    address: 192.168.1.12/24
    netboot: off
"""


class Office:
    """A server's desk, and what is behind it."""

    def __init__(
        self,
        folder: Path,
        records: str = RECORDS,
        *,
        url: str = "",
        server: str = "one",
        most_writing: int = 10,
        containers: bool = False,
    ) -> None:
        self.now = START
        self.told: list[AnyEvent] = []
        self.folder = folder
        place = folder / "machines.yaml"
        place.write_text(records)
        at = url or engines.sqlite_url(folder / "boots.db")
        store = Store(engines.make(at), server)
        self.orders = Orders(lambda: self.now, self._name_of, self._spent)
        self.keeping = Keeping(store, self.orders, folder, lambda: self.now)
        index = load([place], Cache()).index
        self.answers = Answers(
            World(index, {"lan0": site(ticket_key=KEY, token_key=KEY)}, index),
            held=self.orders.held,
            over=self.orders.over,
            ticket=self._ticket,
        )
        self.running = Running(
            self.keeping,
            lambda: self.now,
            self.told.append,
            find=self._find,
            name_of=self._name_of,
            site=lambda interface: self.answers.raw.sites[interface],
            limits=lambda: Limits(24.0, most_writing, containers),
        )
        self.keeping.place = self._place
        self.writer = Writer(store.engine, "one", Retention(1e12, 1000), lambda: self.now)
        timelines = Timelines(self._name_of, lambda _: None)
        self.history = History(
            timelines, self.writer, "one", lambda: self.now, name_of=self._name_of
        )
        self.packets = Packets(lambda: self.now)
        house = House(
            answers=self.answers,
            packets=self.packets,
            history=self.history,
            keeping=self.keeping,
            clock=lambda: self.now,
            tell=self.told.append,
            unready=lambda: "",
            troubles=list,
            started=START,
            server=server,
            running=self.running,
        )
        self.desk = Desk(house)

    def _spent(self, name: str, order: Order) -> None:
        self.keeping.spent(name, order)

    def _name_of(self, mac: str) -> str:
        known = self.answers.raw.index.by_mac.get(Mac(mac))
        return known.machine.name if known else ""

    def _ticket(self, known: Known, at: Site) -> str:
        return self.running.live.ticket(known, at)

    def _find(self, key: str) -> Machine | None:
        index = self.answers.raw.index
        mac = parse(key)
        known = index.by_mac.get(mac) if mac else None
        return known.machine if known else index.by_name.get(key)

    async def _place(self) -> None:
        self.answers.world = worlds.with_kept(self.answers.raw, self.keeping.kept)

    async def rewrite(self, records: str) -> None:
        """The records of files are others from now on."""
        place = self.folder / "machines.yaml"
        place.write_text(records)
        index = load([place], Cache()).index
        self.answers.raw = World(index, self.answers.raw.sites, index)
        await self._place()

    def hear(self, *happened: AnyEvent) -> None:
        """These happen, one second after the other."""
        for each in happened:
            self.now += 1
            self.orders.write([Entry(self.now, each)])
            self.history.write([Entry(self.now, each)])
            self.running.signs.write([Entry(self.now, each)])
        self.history.look()

    async def written(self) -> None:
        """Have all of it written down."""
        await asyncio.to_thread(self.writer._write)


def at_desk(
    test: Callable[[Office], Awaitable[None]], records: str = RECORDS
) -> Callable[[Path], None]:
    """A test that has an office."""

    def run(tmp_path: Path) -> None:
        async def main() -> None:
            office = Office(tmp_path, records)
            await office.keeping.open()
            try:
                await test(office)
            finally:
                office.keeping.close()

        asyncio.run(asyncio.wait_for(main(), 60))

    run.__name__ = test.__name__
    return run


def offer(mac: str = FILE_MAC, program: str = "PXE ROM", **more: Any) -> AnyEvent:
    """An OFFER of a boot file."""
    values = {
        "mac": mac,
        "interface": "lan0",
        "address": "192.168.1.11",
        "program": program,
        "architecture": "bios",
        "boot_file": "tftp://192.168.1.1/undionly.kpxe",
        "why": "bios loads undionly.kpxe over TFTP",
    }
    return events.OfferSent(**values | more)


def stranger(mac: str = STRANGE_MAC) -> AnyEvent:
    """Somebody asks whom we have no record of."""
    return events.DhcpIgnored(
        mac=mac, interface="lan0", message="DISCOVER", why="no record has this MAC"
    )
