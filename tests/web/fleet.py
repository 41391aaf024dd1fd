"""A made-up fleet and a desk before it, for pages to show."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from tests.api.workflows import FakeRuns

from boots.api.desk import Attempt, Refused
from boots.client.words import (
    Audit,
    AuditLine,
    AuditProof,
    Boots,
    Discovered,
    DiscoveredList,
    EventLine,
    Events,
    Explained,
    ExplainedChain,
    ExplainedStep,
    ForeignServers,
    Health,
    InterfaceLine,
    LeaseLine,
    Leases,
    Machine,
    MachineLine,
    Machines,
    Me,
    NewOrder,
    NewPower,
    Packet,
    Packets,
    Power,
    ProfileLine,
    Profiles,
    Provision,
    Provisioned,
    Trouble,
)
from boots.model import patterns
from boots.model.order import Netboot, Order
from boots.timeline.words import Boot, Finding, ForeignServer, Stage, State, Step, Stranger

NOW = 1_790_000_000.0
HOSTILE = '<script>alert("x")</script>'
SCRIPT = """\
#!ipxe
echo Boots: osie for rack-0001
kernel http://192.0.2.1/boot/vmlinuz console=ttyS0 || goto failed
initrd http://192.0.2.1/boot/initrd.img || goto failed
boot
:failed
prompt --key 0x02 --timeout 5000 No kernel. Ctrl-B for the shell, or wait && shell
exit
"""
STUCK = Finding(
    code="no-boot-file",
    title="The firmware took our offer and never asked for the boot file",
    advice="Let UDP port 69 through the firewall between this machine and 192.0.2.1; "
    "or another DHCP server's offer won: 10.0.0.1 was seen.",
    evidence=("ACK sent to 52:54:00:00:00:03 at 14:13:02", "no read request since, for 95 s"),
    at=NOW - 60,
)
_STATES = (
    *(State.DONE,) * 12,
    *(State.RUNNING,) * 4,
    State.STUCK,
    State.FAILED,
    State.HELD,
    State.UNSEEN,
)
_FOUND = {
    State.STUCK: "took our offer and never asked for the boot file",
    State.FAILED: "the kernel was refused: boot/vmlinuz is not there",
    State.HELD: "loaded its script 6 times and nothing came of it",
}
INVENTORY = {
    "version": 1,
    "architecture": "x86_64",
    "firmware": "uefi",
    "secure_boot": True,
    "cpu": {"model": "Made-up CPU 9000", "count": 32, "cores": 16, "sockets": 2},
    "memory": {"bytes": 270_175_305_728},
    "disks": [
        {
            "name": "nvme0n1",
            "bytes": 1_920_383_410_176,
            "model": "ACME NVMe",
            "serial": "N1",
            "wwn": "eui.0025385a81b0aaaa",
            "transport": "nvme",
            "rotational": False,
            "read_only": False,
            "partitions": 2,
            "content": "gpt",
        }
    ],
    "nics": [
        {
            "name": "eth0",
            "mac": "52:54:00:00:00:01",
            "driver": "mlx5_core",
            "link": True,
            "speed_mbps": 25000,
            "boot": True,
            "lldp": {"switch": "leaf-12", "port": "Ethernet1/7"},
        }
    ],
    "system": {"manufacturer": "ACME", "product": "Rack 2", "serial": "S123", "uuid": "1111-22"},
    "kernel": "6.1.0",
    "osie": "0.1.0 generic",
}


def mac_of(number: int) -> str:
    digits = f"525400{number:06x}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def line_of(number: int) -> MachineLine:
    state = _STATES[number % len(_STATES)]
    seen = state is not State.UNSEEN
    running = state is State.RUNNING
    stage = {State.DONE: "disk", State.RUNNING: "initrd", State.STUCK: "boot-file"}
    return MachineLine(
        name=f"rack-{number:04d}",
        interfaces=(
            InterfaceLine(mac=mac_of(number), address=f"10.9.{number >> 8}.{number & 255}"),
        ),
        source="file" if number % 3 else "api",
        place=f"machines/rack-{number // 100}.yaml:{number % 100 * 6 + 2}" if number % 3 else "",
        profile="osie" if number % 2 else "debian-installer",
        netboot="once" if number % 50 == 0 else "on" if running else "off",
        state=state,
        stage=stage.get(state, "kernel") if seen else "",
        progress=(number % 97) / 97 if running else -1.0,
        heard=NOW - number * 7 if seen else 0.0,
        started=NOW - number * 7 - 60 if seen else 0.0,
        boot=f"{mac_of(number)}-{number}" if seen else "",
        finding=_FOUND.get(state, ""),
    )


def boot_of(line: MachineLine, started: float = NOW - 70.0, state: State | None = None) -> Boot:
    state = line.state if state is None else state
    mac = line.interfaces[0].mac
    steps = [
        Step(
            stage=Stage.FIRMWARE_DHCP,
            began=started,
            ended=started + 0.004,
            detail=f"UEFI x64 PXE; offered {line.interfaces[0].address}, ipxe.efi over TFTP",
            why="the record reserves this address; the firmware cannot load scripts, so iPXE first",
        )
    ]
    if state is not State.STUCK:
        steps += [
            Step(
                stage=Stage.BOOT_FILE,
                began=started + 0.4,
                ended=started + 1.3,
                detail="ipxe.efi over TFTP",
                sent=1_054_720,
                size=1_054_720,
            ),
            Step(
                stage=Stage.SCRIPT,
                began=started + 2.5,
                ended=started + 2.51,
                detail="profile osie",
                why="the record names no profile; the site's own is osie",
            ),
            Step(
                stage=Stage.INITRD,
                began=started + 4.0,
                ended=0.0 if state is State.RUNNING else started + 9.0,
                detail="initrd.img over HTTP",
                sent=21_000_000 if state is State.RUNNING else 33_554_432,
                size=33_554_432,
            ),
        ]
    return Boot(
        id=f"{mac}-{int(started)}",
        mac=mac,
        machine=line.name,
        started=started,
        heard=started + 9,
        ended=0.0 if state in {State.RUNNING, State.STUCK} else started + 30,
        state=state,
        address=line.interfaces[0].address,
        interface="eno1",
        program="PXE",
        architecture="x64-uefi",
        uuid="11112222-3333-4444-5555-666677778888",
        profile=line.profile,
        steps=tuple(steps),
        finding=STUCK if state is State.STUCK else None,
    )


def events_of(mac: str) -> list[EventLine]:
    """What a boot tells, with a console that would like to be a page, and a terminal."""
    said: list[tuple[str, dict[str, Any]]] = [
        ("OfferSent", {"address": "10.9.0.1", "why": "reserved", "boot_file": "ipxe.efi"}),
        ("ScriptServed", {"profile": "osie", "script": SCRIPT, "problem": "", "peer": "10.9.0.1"}),
        ("ConsoleLine", {"text": f"\x1b[31mred\x1b[0m {HOSTILE}\x00\u202e", "source": "ipxe"}),
        ("AgentProgressed", {"stage": "started", "message": "inventory of 1 disk"}),
    ]
    return [
        EventLine(
            id=0,
            at=NOW - 70 + order,
            mac=mac,
            kind=kind,
            event={"event": kind, "mac": mac, "severity": "info", **event}
            if kind == "ConsoleLine"
            else {"event": kind, "mac": mac, **event},
        )
        for order, (kind, event) in enumerate(said)
    ]


def row_of(number: int, **given: Any) -> AuditLine:
    """A row of the audit log."""
    values = {"by": "ann", "role": "operator", "peer": "192.0.2.200", "what": "create_run"}
    values |= {"machine": "rack-0003", "outcome": "done", "server": "boots-1"}
    return AuditLine(id=number, at=NOW - 600 + number, **{**values, **given})


class Fleet(FakeRuns):
    """A desk that answers from memory, and remembers what it was asked to do."""

    def __init__(self, machines: int = 250) -> None:
        super().__init__()
        self.lines = {f"rack-{n:04d}": line_of(n) for n in range(1, machines + 1)}
        self.records: dict[str, Any] = {}
        self.orders: dict[str, Order] = {}
        self.told: list[EventLine] = []
        self.kept: dict[str, Boot] = {}
        self.strangers: list[Discovered] = []
        self.servers: list[ForeignServer] = []
        self.troubles: list[Trouble] = []
        self.refuses: dict[str, Refused] = {}
        self.note = ""
        self.noted: list[Attempt] = []
        self.audited: list[dict[str, Any]] = []
        self.audits_ = [
            row_of(4, what="POST /machines/{name}/ask/{action}", outcome=f"refused: {HOSTILE}"),
            row_of(3, by="", role="", what="drop_token", machine="", outcome="refused: 401"),
            row_of(2, details={"run": "w-1", "arm": '{"policy":"force","disks":["S1"]}'}),
            row_of(1, by=HOSTILE, what="order", details={"netboot": "once", "profile": HOSTILE}),
        ]
        self.proof = AuditProof(rows=4, seal="5ea1" * 16, last=4, last_at=NOW - 60)
        self._moved = asyncio.Event()
        self.bearers: dict[str, Me] = {}
        self._machines: set[asyncio.Queue[Sequence[MachineLine]]] = set()
        self._events: set[asyncio.Queue[EventLine]] = set()
        for name in ("rack-0001", "rack-0012", "rack-0016"):
            if name in self.lines:
                self.start(name)

    # --- what happens

    def start(self, name: str) -> None:
        line = self.lines[name]
        for boot in (boot_of(line), boot_of(line, NOW - 90_000, State.DONE)):
            self.kept[boot.id] = boot
        for event in events_of(line.interfaces[0].mac):
            self.tell(event)

    def change(self, *lines: MachineLine) -> None:
        self.lines |= {line.name: line for line in lines}
        for queue in self._machines:
            queue.put_nowait(lines)

    def tell(self, event: EventLine) -> None:
        numbered = EventLine(
            id=len(self.told) + 1, at=event.at, mac=event.mac, kind=event.kind, event=event.event
        )
        self.told.append(numbered)
        for queue in self._events:
            queue.put_nowait(numbered)

    def trouble(self) -> None:
        """All that can stand above the table."""
        self.troubles = [Trouble(since=NOW - 30, what="The store is away", advice="start it")]
        self.servers = [
            ForeignServer(
                server="10.0.0.1",
                interface="eno1",
                first=NOW - 500,
                last=NOW - 5,
                count=12,
                offers="pxelinux.0",
                mac=mac_of(1),
            )
        ]
        self.strangers = [
            Discovered(
                stranger=Stranger(
                    mac="52:54:00:f0:00:01",
                    interface="eno1",
                    first=NOW - 100,
                    last=NOW - 3,
                    count=4,
                    program="PXE",
                    architecture="x64-uefi",
                    why="no record has this MAC",
                    nearest=mac_of(1),
                    nearest_name="rack-0001",
                ),
                inventory=INVENTORY,
                inventory_at=NOW - 50,
                switch="leaf-12",
                port="Ethernet1/9",
                rule="leaf-12",
                record={"name": "leaf-12-9", "mac": "52:54:00:f0:00:01"},
            )
        ]

    # --- the desk

    def _refuse(self, what: str) -> None:
        if what in self.refuses:
            raise self.refuses[what]

    def _line(self, key: str) -> MachineLine:
        for line in [self.lines[key]] if key in self.lines else self.lines.values():
            if line.name == key or key.lower() in {each.mac for each in line.interfaces}:
                return line
        raise Refused(404, "No such machine", f"{key} is the name or MAC of no record")

    async def write_down(self, attempt: Attempt) -> bool:
        self.noted.append(attempt)
        return True

    async def audit(self, *, limit: int = 200, after: int = 0, **asked: Any) -> Audit:
        self.audited.append(asked)
        self._refuse("audit")
        rows = [each for each in self.audits_ if not 0 < after <= each.id]
        more = str(rows[limit - 1].id) if len(rows) > limit else ""
        return Audit(audit=tuple(rows[:limit]), next=more)

    async def audit_proof(self, *, whole: bool = True) -> AuditProof:
        assert not whole, "a page is not to go through all of it"
        self._refuse("audit_proof")
        return self.proof

    async def health(self) -> Health:
        states: dict[str, int] = {}
        for line in self.lines.values():
            states[line.state.value] = states.get(line.state.value, 0) + 1
        return Health(
            version="0.1.0",
            server="boots-1",
            started=NOW - 86_000,
            machines=len(self.lines),
            store="sqlite",
            ready=True,
            troubles=tuple(self.troubles),
            states=states,
        )

    async def whose(self, secret: str) -> Me | None:
        return self.bearers.get(secret)

    async def machines(
        self,
        *,
        text: str = "",
        state: str = "",
        after: str = "",
        limit: int = 100,
        among: Sequence[str] = (),
    ) -> Machines:
        def fits(line: MachineLine) -> bool:
            told = f"{line.name} {line.interfaces[0].mac} {line.interfaces[0].address}"
            known = not among or patterns.fits(line.name, among)
            return known and text.lower() in told and state in {"", line.state.value}

        found = [line for line in self.lines.values() if fits(line)]
        rest = [line for line in found if line.name > after]
        more = rest[limit - 1].name if len(rest) > limit else ""
        return Machines(machines=tuple(rest[:limit]), total=len(found), next=more)

    def named(self, key: str) -> str:
        try:
            return self._line(key).name
        except Refused:
            return ""

    async def machine(self, key: str) -> Machine:
        line = self._line(key)
        boots = (await self.boots(key=line.name)).boots
        record = {"name": line.name, "mac": line.interfaces[0].mac, "profile": line.profile}
        return Machine(
            line=line,
            record=self.records.get(line.name, record),
            revision=0 if line.source == "file" else 7,
            order=self.orders.get(line.name),
            inventory=INVENTORY if line.name == "rack-0001" else None,
            inventory_at=NOW - 40,
            last=boots[0] if boots else None,
        )

    async def order(self, key: str, order: NewOrder, by: str) -> Order:
        self._refuse("order")
        self.done.append(("order", key, order.netboot, order.profile, by))
        made = Order(netboot=order.netboot, profile=order.profile, by=by, at=NOW)
        self.orders[key] = made
        return made

    async def withdraw(self, key: str, by: str) -> None:
        self.done.append(("withdraw", key, by))

    async def remove(self, name: str, revision: int | None, by: str) -> None:
        self._refuse("remove")
        self.done.append(("remove", name, revision, by))

    async def provision(self, key: str, wanted: Provision, by: str) -> Provisioned:
        self.done.append(("provision", key, wanted.profile, wanted.power, by))
        return Provisioned(
            order=Order(netboot=Netboot.ONCE, profile=wanted.profile), note=self.note
        )

    async def power(self, key: str) -> Power:
        self._refuse("power")
        self._line(key)
        return Power(state="off", by="redfish https://10.8.0.1")

    async def switch(self, key: str, wanted: NewPower, by: str) -> Power:
        self.done.append(("switch", key, wanted.action.value, by))
        return Power(state="on")

    async def profiles(self) -> Profiles:
        return Profiles(
            profiles=(
                ProfileLine(name="osie", runs="vmlinuz, initrd.img"),
                ProfileLine(name="debian-installer", runs="linux", files=("preseed.cfg",)),
            )
        )

    async def rendered(self, key: str, name: str) -> str:
        self._refuse("rendered")
        return f"# {name} of {self._line(key).name} {HOSTILE}\n"

    async def explain(self, mac: str, interface: str = "") -> Explained:
        self._refuse("explain")
        said = f"It has a record, seen from {interface or 'every interface'}."
        step = ExplainedStep(
            who="UEFI x64 PXE",
            sends="DISCOVER",
            reply="OFFER",
            address="10.9.0.1/24",
            address_why="the record reserves it",
            decision="load",
            url="tftp://192.0.2.1/ipxe.efi",
            why="the firmware cannot load scripts, so iPXE first",
            fetches="ipxe.efi: 1.0 MiB",
        )
        chain = ExplainedChain(firmware="UEFI x64 PXE", steps=(step,), script=SCRIPT)
        return Explained(mac=mac, said=said, chains=(chain,), rendered=("debian/preseed.cfg",))

    async def boots(
        self, *, key: str = "", state: str = "", after: str = "", limit: int = 50
    ) -> Boots:
        self._refuse("boots")
        found = [
            boot
            for boot in sorted(self.kept.values(), key=lambda boot: -boot.started)
            if key in {"", boot.machine, boot.mac} and state in {"", boot.state.value}
        ]
        rest = found[int(after or 0) :]
        more = str(int(after or 0) + limit) if len(rest) > limit else ""
        return Boots(boots=tuple(rest[:limit]), next=more)

    async def boot(self, identity: str) -> Boot:
        if identity not in self.kept:
            raise Refused(404, "No such boot")
        return self.kept[identity]

    def _telling(self, key: str, kind: str) -> Iterable[EventLine]:
        mac = self._line(key).interfaces[0].mac if key else ""
        return (e for e in self.told if mac in {"", e.mac} and kind in {"", e.kind})

    async def events(
        self,
        *,
        key: str = "",
        kind: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        latest: bool = False,
        limit: int = 200,
    ) -> Events:
        self._refuse("events")
        found = [
            event
            for event in self._telling(key, kind)
            if event.id > after and event.at >= since and (not until or event.at <= until)
        ]
        return Events(events=tuple(found[-limit:] if latest else found[:limit]))

    @contextlib.asynccontextmanager
    async def follow_events(
        self, *, key: str = "", kind: str = "", after: int | None = None
    ) -> AsyncIterator[AsyncIterator[EventLine]]:
        queue: asyncio.Queue[EventLine] = asyncio.Queue()
        for event in self.told:
            if after is not None and event.id > after:
                queue.put_nowait(event)
        mac = self._line(key).interfaces[0].mac if key else ""

        async def follow() -> AsyncIterator[EventLine]:
            while True:
                event = await queue.get()
                if mac in {"", event.mac} and kind in {"", event.kind}:
                    yield event

        with self._among(self._events, queue):
            yield follow()

    @contextlib.contextmanager
    def _among(self, queues: set[Any], queue: Any) -> Iterator[None]:
        queues.add(queue)
        self._moved.set()
        try:
            yield
        finally:
            queues.discard(queue)
            self._moved.set()

    @contextlib.asynccontextmanager
    async def follow_machines(self) -> AsyncIterator[AsyncIterator[Sequence[MachineLine]]]:
        queue: asyncio.Queue[Sequence[MachineLine]] = asyncio.Queue()

        async def follow() -> AsyncIterator[Sequence[MachineLine]]:
            while True:
                yield await queue.get()

        with self._among(self._machines, queue):
            yield follow()

    @property
    def followed(self) -> int:
        """How many follow."""
        return len(self._machines) + len(self._events)

    async def followers(self, count: int) -> None:
        """Wait until so many do."""
        while self.followed != count:
            self._moved.clear()
            await self._moved.wait()

    async def packets(
        self, key: str, among: Sequence[str] = (), *, veiled: bool = False
    ) -> Packets:
        del among, veiled
        self._refuse("packets")
        self._line(key)
        fields = (("message type", "DISCOVER"), ("vendor class", f"PXEClient {HOSTILE}"))
        return Packets(
            packets=(
                Packet(at=NOW - 70, interface="eno1", ours=False, kind="DISCOVER", fields=fields),
                Packet(at=NOW - 69, interface="eno1", ours=True, kind="OFFER", fields=fields[:1]),
            )
        )

    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = False) -> bytes:
        del among, veiled
        return b"\xd4\xc3\xb2\xa1" + key.encode()

    async def discovered(self) -> DiscoveredList:
        self._refuse("discovered")
        return DiscoveredList(discovered=tuple(self.strangers))

    async def adopt(self, mac: str, record: Any, by: str) -> Machine:
        self._refuse("adopt")
        self.done.append(("adopt", mac, record, by))
        return await self.machine("rack-0001")

    async def foreign(self) -> ForeignServers:
        self._refuse("foreign")
        return ForeignServers(servers=tuple(self.servers))

    async def leases(self) -> Leases:
        self._refuse("leases")
        return Leases(
            leases=tuple(
                LeaseLine(
                    address=f"10.9.200.{n}", mac=mac_of(n), until=NOW + 600, network="10.9.0.0/16"
                )
                for n in range(1, 6)
            )
        )
