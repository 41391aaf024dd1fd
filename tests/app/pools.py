"""A server's answers in pool mode, on a clock of our own and without a network."""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

import msgspec
from tests.policy.made import SITE

from boots.app.answers import Answers
from boots.app.leasing import Leasing
from boots.app.upkeep import Place
from boots.app.world import World
from boots.journal.events import AnyEvent
from boots.machines import index
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Interface, Machine, Reservation
from boots.model.machine import Place as Written
from boots.model.site import Mode, Range, Subnet
from boots.policy.answer import Answer
from boots.wire.dhcp import Message

NETWORK = IPv4Network("192.168.1.0/24")
SUBNET = Subnet(
    network=NETWORK,
    gateway=IPv4Address("192.168.1.102"),
    pool=(Range(first=IPv4Address("192.168.1.101"), last=IPv4Address("192.168.1.104")),),
)
REMOTE = Subnet(
    network=IPv4Network("10.9.0.0/24"),
    pool=(Range(first=IPv4Address("10.9.0.1"), last=IPv4Address("10.9.0.9")),),
)
OWN = IPv4Interface("192.168.1.1/24")
ONE, TWO, THREE = (Mac(f"52:54:00:00:00:0{number}") for number in (1, 2, 3))
START = 1_800_000_000.0


def machine(mac: Mac, address: IPv4Address | None) -> Machine:
    reservation = Reservation(address=address, prefix=24) if address else None
    interface = Interface(mac=mac, reservation=reservation)
    return Machine(name=mac, interfaces=(interface,), place=Written(file="m.yaml", line=1))


class Silent:
    """A network in which nobody answers a probe but those named in `users`."""

    def __init__(self) -> None:
        self.users: dict[IPv4Address, Mac] = {}
        self.asked: list[IPv4Address] = []

    async def ask(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, Mac]:
        self.asked += addresses
        await asyncio.sleep(0)
        return {each: mac for each, mac in self.users.items() if each in addresses}

    def close(self) -> None:
        pass


class Bench:
    """What a server would answer, and what it would tell."""

    def __init__(self, folder: Path, *, prober: Silent | None = None, **site: Any) -> None:
        self.folder, self.now, self.prober = folder, START, prober
        self.told: list[AnyEvent] = []
        self.loop = asyncio.Runner()
        made = {"mode": Mode.POOL, "network": NETWORK, "subnets": (SUBNET, REMOTE), **site}
        self.world = World(index.Index(), {"lan0": msgspec.structs.replace(SITE, **made)})
        self.start()

    def start(self) -> None:
        self.leasing = Leasing(
            self.folder / "state" / "leases",
            [Place("lan0", OWN, self.prober)],
            lambda: self.world,
            lambda: self.now,
            self.told.append,
        )
        self.answers = Answers(self.world, self.leasing)

    def restart(self) -> None:
        self.leasing.close()
        self.start()

    def site(self, **changes: Any) -> None:
        site = msgspec.structs.replace(self.world.sites["lan0"], **changes)
        self.world = World(self.world.index, {"lan0": site})
        self.answers.world = self.world

    def records(self, **addresses: IPv4Address | None) -> None:
        """Records by MAC without its colons."""
        made = [machine(_mac(name), address) for name, address in addresses.items()]
        built, faults = index.build(made)
        assert faults == []
        self.world = World(built, self.world.sites)
        self.answers.world = self.world

    def answer(self, message: Message) -> Answer:
        return self.answers.dhcp("lan0")(message)

    def given(self, message: Message) -> IPv4Address | None:
        """The address in the reply; None for silence."""
        reply = self.answer(message).reply
        return reply.yiaddr if reply is not None else None

    def probe(self) -> None:
        """Let one round of probes take place."""

        async def once() -> None:
            task = asyncio.create_task(self.leasing.run())
            for _ in range(20):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        self.loop.run(once())

    def close(self) -> None:
        self.leasing.close()
        self.loop.close()


def _mac(name: str) -> Mac:
    return macs.from_bytes(bytes.fromhex(name.removeprefix("m")))
